"""After an upset whoever has a seat keeps it while the others are found one."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.plan import Plan
from schemas.problem import DutyLock, PlacementLock, Problem
from solver.facts import Facts
from solver.hand import Edit, Hand
from solver.mending import Mender
from solver.nearby import seats_nearby
from solver.repair import standing
from tests.solver.plain_school import held
from tests.solver.test_repair import ART_1, DRAMA, WHOLE, day, frozen, moved


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
