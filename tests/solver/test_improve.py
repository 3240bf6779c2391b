"""The search from a plan: what it tells those who wait."""

from __future__ import annotations

import pytest

from solver.contradictions import reach_of, settle
from solver.effort import Effort, Limits
from solver.finishing import Finisher
from solver.improve import Improvement
from tests.solver.plain_school import school


def test_a_bound_is_told_once_it_is_known_though_no_plan_is_better(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("solver.improve.PATIENCE", 3)
    reach = reach_of(school(offerings=()))
    board, _ = settle(reach, seed=0)
    asked, told = [], []

    def bound() -> int | None:
        """Proven only after the search has begun."""
        asked.append(True)
        return 1 if len(asked) > 3 else None

    effort = Effort(Limits(work=1.0), None)
    judged = Finisher(reach).judged(board)
    Improvement(reach, board, judged, bound, effort, told.append).run()
    assert told == [judged.cost]
