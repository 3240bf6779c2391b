"""What was measured is told as it was: medians, powers, who beats whom, and a picture of it."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from tests.bench.cases import FLEX6_300, LAB, Case, full_cases, quick_cases
from tests.bench.course_choice import Welfare
from tests.bench.drawing import picture
from tests.bench.itc2007 import Verdict as Placed
from tests.bench.judging import Verdict
from tests.bench.measuring import OURS, Measured
from tests.bench.outside import Divided, Timetabled
from tests.bench.report import Results, dominators, exponent, written
from tests.bench.watching import Point


def measured(case: Case, solver: str = OURS, cost: int = 110, speed: float = 1.0) -> Measured:
    """A run that reaches a gap of 10 % at 5 s and 1 % at 8 s, at speed 1."""
    return Measured(
        solver=solver,
        case=case.name,
        verdict=Verdict(cost=cost, hard=0, unplaced=1, open_seats=0, stake=1000),
        bound=100 if solver == OURS else None,
        points=(Point(5 * speed, cost + 90, 100), Point(8 * speed, cost, 100)),
        whole=9.0,
        peak=2**30,
        first=5.0 if solver == OURS else None,
        said="",
    )


DAY = Case(LAB, 0.5, 0)


def test_the_gap_at_a_time_is_that_of_the_best_plan_by_then() -> None:
    found = measured(DAY)
    assert found.gap_at(4) is None
    assert found.gap_at(6) == pytest.approx(0.1)
    assert found.gap_at(10) == pytest.approx(0.01)


def test_medians_are_over_seeds_and_a_missing_first_plan_is_told() -> None:
    days = [Case(LAB, 0.5, seed) for seed in range(3)]
    runs = [measured(day) for day in days]
    runs[1] = replace(runs[1], first=None)
    text = written(Results(families=list(zip(days, runs, strict=True))), "make bench")
    row = next(line for line in text.splitlines() if line.startswith("| lab 150 x 2 | 0.5 | 3"))
    assert "5.0 s (2 of 3)" in row
    assert "1.00% in 10 s" in row
    assert "1,024 MiB" in row


def test_a_peer_that_finds_a_cheaper_lawful_plan_is_counted() -> None:
    cheaper, unlawful = measured(DAY, "greedy", 105), measured(DAY, "sign-up", 90)
    unlawful = replace(unlawful, verdict=Verdict(90, 1, 0, 0, 1000))
    text = written(Results([(DAY, measured(DAY)), (DAY, cheaper), (DAY, unlawful)]), "make bench")
    rows = {line.split(" | ")[2]: line for line in text.splitlines() if "| 0.5 | " in line}
    assert rows["greedy"].endswith("| 1 of 1 |")
    assert rows["sign-up"].endswith("| 0 of 1 |")


def test_time_that_grows_with_the_square_of_students_has_the_power_two() -> None:
    sizes = {size: [measured(DAY, speed=(size / 150) ** 2)] for size in (150, 300, 600)}
    fitted = exponent(sizes)
    assert fitted is not None
    level, times, power = fitted
    assert level == 0.01
    assert times[300] == pytest.approx(32)
    assert power == pytest.approx(2)


def test_two_sizes_make_no_power() -> None:
    assert exponent({150: [measured(DAY)], 300: [measured(DAY)]}) is None


def welfare(total: int, worst: float, broken: int = 0) -> Welfare:
    return Welfare(broken, total, worst, 0.9, 0.1, 0)


def test_who_is_as_good_everywhere_and_better_somewhere_dominates() -> None:
    found = [
        Divided(OURS, welfare(100, 0.5), 1.0),
        Divided("equal", welfare(100, 0.5), 1.0),
        Divided("fairer", welfare(100, 0.6), 1.0),
        Divided("richer but harsher", welfare(110, 0.4), 1.0),
        Divided("lawless", welfare(110, 0.6, broken=1), 1.0),
        Divided("silent", None, 1.0),
        Divided("optimum", welfare(110, 0.6), 1.0),
    ]
    assert dominators(found) == ["fairer"]
    assert "better in one: fairer." in written(Results(divisions=found), "make bench")


def test_outside_instances_without_a_plan_are_told() -> None:
    found = [
        Timetabled("comp-2007-2-1", Placed(0, 0, 0), 9.0, 2**20),
        Timetabled("comp-2007-2-2", None, 9.0, 2**20),
    ]
    text = written(Results(timetables=found, missing=["timefold: no java"]), "make bench")
    assert "| comp-2007-2-1 | 0 | 0 | 0 | 9.0 s |" in text
    assert "| comp-2007-2-2 | no plan | - | - |" in text
    assert "**Not measured:** timefold: no java" in text


def test_the_picture_has_a_panel_for_each_day_and_a_line_for_each_solver() -> None:
    days = [
        (day, [measured(day), measured(day, "greedy", 500)])
        for day in (DAY, Case(FLEX6_300, 0.5, 0))
    ]
    root = ElementTree.fromstring(picture(days))
    space = "{http://www.w3.org/2000/svg}"
    assert len(root.findall(f"{space}g")) == 2
    assert len(root.findall(f".//{space}path")) == 4
    words = [text.text for text in root.iter(f"{space}text")]
    assert "flex6 300 x 6, tight 0.5, seed 0" in words
    assert "greedy" in words


def test_a_quick_run_is_one_seed_of_small_days_and_a_full_one_five_of_all() -> None:
    assert {case.seed for case in quick_cases()} == {0}
    assert sum(case.shape.seconds for case in quick_cases()) <= 120
    assert len(full_cases()) == 8 * 5 * 2
    assert len({case.name for case in full_cases()}) == 80
