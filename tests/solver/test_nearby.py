"""After an upset whoever has a seat keeps it while the others are found one."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.plan import Plan
from schemas.problem import DayStaff, DutyLock, PlacementLock, Problem, SessionLock
from schemas.school import Offering, RoleNeed
from solver.facts import Facts
from solver.hand import Edit, Hand
from solver.mending import Mender
from solver.nearby import seats_nearby
from solver.repair import standing
from tests.solver.plain_school import VEGA, changed, held
from tests.solver.test_repair import (
    ART_1,
    DRAMA,
    KIM,
    LEE,
    OPEN_ART,
    TAUGHT,
    WHOLE,
    day,
    frozen,
    moved,
)


def without(problem: Problem, edit: Edit) -> Plan:
    """What becomes of a day as published after an edit."""
    assert problem.published is not None
    hand = Hand(standing(Facts(problem), problem.published))
    hand.adopt(edit)
    answer = seats_nearby(problem, hand.layout)
    assert isinstance(answer, Plan)
    return answer


LOCKS = (
    PlacementLock(
        target="placement", id="k", owner="x", student="Ana", offering="maths", block="first"
    ),
    DutyLock(target="duty", id="l", owner="x", staff="Okafor", block="first", offering="art"),
)


@pytest.mark.parametrize("problem", [day(*WHOLE), day(*WHOLE, locks=LOCKS), frozen(day(*WHOLE))])
def test_nobody_else_moves_where_a_seat_is_open(problem: Any) -> None:
    plan = without(problem, Edit(left=(("Eli", "art-first-14"),)))
    assert not plan.unplaced
    assert moved(plan) == set()
    assert {session.id for session in plan.sessions} == {session.id for session, _ in WHOLE}


def test_one_student_in_the_wrong_place_is_all_that_is_taken_out() -> None:
    problem = day(held("drama", students=("Ana", "Dee"), room="14"), offerings=(DRAMA,))
    assert problem.published is not None
    mender = Mender(Hand(standing(Facts(problem), problem.published)), {})
    assert mender.out_of_trouble() == Edit(left=(("Ana", "drama-first-14"),))


def test_a_lock_that_stands_broken_is_kept_again() -> None:
    lock = DutyLock(target="duty", id="l", owner="x", staff="Okafor", block="first", offering="art")
    plan = without(day(*WHOLE, locks=(lock,)), Edit(closed=(ART_1[0].id,)))
    assert not [finding for finding in plan.findings if finding.kind == "hard"]
    assert not plan.unplaced


def hard(plan: Plan) -> list[str]:
    return [finding.rule for finding in plan.findings if finding.kind == "hard"]


def test_whoever_a_lock_brings_into_a_full_group_takes_the_seat_of_another() -> None:
    lock = PlacementLock(
        target="placement", id="k", owner="x", student="Dee", offering="maths", block="first"
    )
    full = changed(TAUGHT, largest=2)
    plan = without(day(*WHOLE, locks=(lock,), offerings=(full, OPEN_ART)), Edit())
    assert hard(plan) == []
    assert not plan.unplaced


POETRY = Offering(
    id="poetry", title="Poetry", modality="project", largest=6, smallest=2,
    roles=(RoleNeed(role="lead", qualification="poetry"),),
)  # fmt: skip
READING = SessionLock(target="session", id="p", owner="x", offering="poetry", block="first")


def test_a_session_that_a_lock_asks_for_is_filled_from_groups_that_can_spare_somebody() -> None:
    poet = changed(LEE, qualifications=("poetry",))
    problem = day(
        *WHOLE, locks=(READING,), offerings=(TAUGHT, OPEN_ART, POETRY),
        staff=(VEGA, KIM, DayStaff(id="Okafor"), poet), homes=(),
    )  # fmt: skip
    plan = without(problem, Edit())
    assert hard(plan) == []
    assert {s.offering for s in plan.sessions if s.blocks == ("first",)} >= {"poetry"}


OKAFOR = DayStaff(id="Okafor", qualifications=("poetry",), most_preparations=1)
ART_LOCK = PlacementLock(
    target="placement", id="a", owner="x", student="Ana", offering="art", block="second"
)


@pytest.mark.parametrize("locks", [(READING,), (READING, ART_LOCK)], ids=["free", "locked"])
def test_who_has_to_help_out_elsewhere_leaves_what_would_be_too_much(locks: Any) -> None:
    problem = day(
        *WHOLE, locks=locks, offerings=(TAUGHT, OPEN_ART, POETRY),
        staff=(VEGA, KIM, OKAFOR, DayStaff(id="Ida")), homes=(),
    )  # fmt: skip
    plan = without(problem, Edit())
    assert hard(plan) == []
    led = {s.offering for s in plan.sessions for d in s.duties if d.staff == "Okafor"}
    assert led == {"poetry"}
