"""What a school would use instead keeps every hard rule, and is judged as flexday is."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from schemas.plan import Plan
from schemas.problem import Problem
from services.examples import example
from solver.linear import Matrix
from tests.bench.judging import judge
from tests.bench.peers import greedy, lacking, signup
from tests.bench.peers.engines import Found, best_plans, with_cp_sat, with_highs
from tests.bench.peers.monolith import DayModel

DAYS = [("lab", 60), ("flex6", 60)]


@cache
def day(family: str, students: int) -> Problem:
    return example(family, students, seed=1)


@pytest.mark.parametrize(("family", "students"), DAYS)
@pytest.mark.parametrize("plan", [signup.plan, greedy.plan], ids=["sign-up", "greedy"])
def test_a_day_made_without_an_optimiser_keeps_every_hard_rule(
    plan: Callable[[Problem], Plan], family: str, students: int
) -> None:
    problem = day(family, students)
    verdict = judge(problem, plan(problem))
    assert verdict.hard == 0
    assert verdict.open_seats == 0


@pytest.mark.parametrize("solve", [with_cp_sat, with_highs], ids=["cp-sat", "highs"])
def test_a_day_in_one_model_becomes_a_lawful_plan(
    solve: Callable[[Matrix, float], Found],
) -> None:
    problem = day("lab", 60)
    model = DayModel(problem)
    found = solve(model.matrix, 600.0)  # it ends by itself, however busy the machine
    (_, values) = best_plans(found, 1)[0]
    verdict = judge(problem, model.plan(values))
    assert verdict.hard == 0
    assert verdict.open_seats == 0


@pytest.mark.soak  # compiling its constraints takes long
def test_timefold_turns_the_greedy_plan_into_a_lawful_one() -> None:
    if lacking("timefold"):
        pytest.skip(lacking("timefold"))
    from tests.bench.peers import timefold_days

    problem = day("lab", 60)
    verdict = judge(problem, timefold_days.solve(problem, 3.0))
    assert verdict.hard == 0
    assert verdict.open_seats == 0


def test_the_solutions_that_are_looked_at_end_with_the_best() -> None:
    found = Found([(float(at), [at]) for at in range(40)])
    picked = best_plans(found, 5)
    assert len(picked) == 5
    assert picked[-1] == (39.0, [39])
    assert picked == sorted(picked)


def test_who_signs_up_first_gets_other_seats() -> None:
    problem = day("lab", 60)
    assert signup.plan(problem, seed=1).placements != signup.plan(problem, seed=2).placements


def test_going_by_what_is_worth_most_beats_going_by_who_comes_first() -> None:
    problem = day("flex6", 60)
    assert greedy.plan(problem).cost < signup.plan(problem).cost


def test_an_open_seat_is_noticed() -> None:
    problem = day("lab", 60)
    plan = greedy.plan(problem)
    without = plan.model_copy(update={"placements": plan.placements[1:]})
    verdict = judge(problem, without)
    assert verdict.open_seats >= 1
    assert not verdict.is_first(verdict.cost)


def test_a_plan_is_first_only_near_the_bound_and_lawful() -> None:
    problem = day("flex6", 60)
    plan = greedy.plan(problem)
    verdict = judge(problem, plan)
    near = verdict.cost - verdict.stake // 20
    assert verdict.is_first(near)
    assert not verdict.is_first(verdict.cost - verdict.stake // 5)
    assert not verdict.is_first(None)
