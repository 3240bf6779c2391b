"""Wishes for courses are asked as ballots against seats, and divisions judged by their welfare."""

from __future__ import annotations

import pytest

from schemas.plan import Plan
from solver.solve import Limits, solve
from tests.bench import course_choice
from tests.bench.course_choice import Section, Survey, Welfare, judge
from tests.bench.outside import INSTANCES

MON, TUE = frozenset({"Mon", "Wed"}), frozenset({"Tue"})

SMALL = Survey(
    sections=(
        Section("101-01", "101", 1, MON, 600, 650),
        Section("101-02", "101", 2, TUE, 600, 650),
        Section("102-01", "102", 1, MON, 630, 700),
        Section("103-01", "103", 2, TUE, 700, 750),
    ),
    wants={"ana": 2, "ben": 1, "caz": 2},
    wishes={
        "ana": {"101-01": 8, "101-02": 7, "102-01": 6, "103-01": 2},
        "ben": {"101-01": 8, "103-01": 3},
        "caz": {"102-01": 5, "101-02": 5},
    },
)
"""101 runs twice, and its first section overlaps 102."""

BEST = {"ana": ("101-02", "103-01"), "ben": ("101-01",), "caz": ("102-01", "101-02")}


def test_sections_of_one_course_and_sections_that_overlap_exclude_one_another() -> None:
    assert SMALL.exclusions == (("101-01", "101-02"), ("101-01", "102-01"))


def test_sections_that_share_a_block_all_exclude_one_another() -> None:
    groups = course_choice.blocks_of(SMALL)
    assert sorted(section for group in groups for section in group) == [
        "101-01", "101-02", "102-01", "103-01",
    ]  # fmt: skip
    assert all(
        (a, b) in SMALL.exclusions or a >= b for group in groups for a in group for b in group
    )


def test_flexday_finds_the_best_division_of_a_small_survey() -> None:
    plan = solve(course_choice.pose(SMALL), Limits(work=3))
    assert isinstance(plan, Plan)
    welfare = judge(SMALL, course_choice.allocation(plan))
    wished = sum(sum(wishes.values()) for wishes in SMALL.wishes.values())
    assert welfare.broken == 0
    assert welfare.total == judge(SMALL, BEST).total == 27
    assert plan.cost == course_choice.PRICE * (wished - welfare.total)


def test_welfare_is_counted_in_wishes_and_in_shares_of_the_dearest() -> None:
    got = {"ana": ("101-02", "103-01"), "ben": ("103-01",)}
    assert judge(SMALL, got) == Welfare(
        broken=0,
        total=12,
        worst=0.0,
        mean=pytest.approx((9 / 15 + 3 / 8 + 0) / 3),
        envy=pytest.approx((0 + 0 + 5) / 3),
        empty_handed=1,
    )


@pytest.mark.parametrize(
    "got",
    [
        {"ben": ("101-01", "103-01")},
        {"ana": ("101-01",), "ben": ("101-01",)},
        {"ana": ("101-01", "101-02")},
        {"ana": ("101-01", "102-01")},
        {"ana": ("103-01", "103-01")},
    ],
    ids=["a course too many", "a seat too many", "a course twice", "an overlap", "a section twice"],
)
def test_what_a_division_must_not_do_is_counted(got: dict[str, tuple[str, ...]]) -> None:
    assert judge(SMALL, got).broken == 1


def test_the_survey_is_read_as_it_was_answered() -> None:
    folder = INSTANCES / "course-choice"
    if not folder.is_dir():
        pytest.skip(f"no outside data: {folder} is not there")
    survey = course_choice.load(folder)
    assert (len(survey.sections), len(survey.wants)) == (96, 676)
    first = survey.wishes["R_3PX1xNVjv8W8AOl"]
    assert first["601-01"] == 5
    assert survey.wants["R_3PX1xNVjv8W8AOl"] == 2
