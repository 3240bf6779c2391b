"""What a run of ours is measured by."""

from __future__ import annotations

from pathlib import Path

from tests.bench.cases import Case, Shape
from tests.bench.measuring import Bench


def test_a_first_plan_is_dated_when_it_was_found(tmp_path: Path) -> None:
    case = Case(Shape("lab", 30, 2, 2, (2,)), tight=0.5, seed=0)
    told: list[str] = []
    found = Bench(tmp_path, told.append).ours(case)
    assert found.verdict is not None
    assert found.verdict.is_first(found.bound)
    assert found.first is not None
    assert found.first < found.points[-1].seconds
    assert len(told) == 1
