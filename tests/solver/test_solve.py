"""The door of the solver: whatever the school, a lawful plan, and the same one every time."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest

from schemas.base import dumps
from schemas.plan import Contradiction, Placement, Plan, Unplaced
from schemas.problem import (
    Commitment,
    Lock,
    PlacementLock,
    Policy,
    Problem,
    ProtectedTime,
    RecentPair,
)
from services.examples import example
from solver.facts import Facts
from solver.improve import bound_of
from solver.layout import Layout
from solver.rules import RULES
from solver.score import gap, judge, score
from solver.solve import Limits, Progress, solve
from tests.solver.plain_school import ART, MATHS, VEGA, changed, school
from tests.solver.small_schools import draw_case

FAMILIES = [("lab", 40), ("win", 60), ("flex6", 30), ("mods", 25), ("xl", 25)]
SCHOOLS = [(*family, overfull) for family in FAMILIES for overfull in (False, True)]
every_school = pytest.mark.parametrize(("family", "students", "overfull"), SCHOOLS)
LITTLE = Limits(work=0.5)


@cache
def a_day(family: str, students: int, overfull: bool) -> Problem:
    return example(family, students, seed=1, overfull=overfull)


@cache
def solved(family: str, students: int, overfull: bool) -> tuple[Plan, tuple[Progress, ...]]:
    told: list[Progress] = []
    plan = solve(a_day(family, students, overfull), LITTLE, progress=told.append)
    assert isinstance(plan, Plan)
    return plan, tuple(told)


def planned(problem: Problem, limits: Limits = LITTLE) -> Plan:
    plan = solve(problem, limits)
    assert isinstance(plan, Plan)
    return plan


def refused(problem: Problem) -> Contradiction:
    answer = solve(problem, LITTLE)
    assert isinstance(answer, Contradiction)
    return answer


# --- what every plan keeps ----------------------------------------------------------------------


@every_school
def test_no_hard_rule_is_broken(family: str, students: int, overfull: bool) -> None:
    plan, _ = solved(family, students, overfull)
    assert score(a_day(family, students, overfull), plan).blocking == ()
    assert plan.sessions


@every_school
def test_every_free_block_of_every_student_names_a_session_or_why_there_is_none(
    family: str, students: int, overfull: bool
) -> None:
    plan, _ = solved(family, students, overfull)
    facts = Facts(a_day(family, students, overfull))
    blocks = {session.id: session.blocks for session in plan.sessions}
    somewhere = [(p.student, block) for p in plan.placements for block in blocks[p.session]]
    listed = [(entry.student, entry.block) for entry in plan.unplaced]
    free = [(student, block) for student in facts.students for block in facts.free_blocks(student)]
    assert sorted(somewhere + listed) == sorted(free)
    assert all(entry.home for entry in plan.unplaced)
    assert bool(plan.unplaced) >= overfull


@every_school
def test_nobody_is_unplaced_who_could_take_an_open_seat(
    family: str, students: int, overfull: bool
) -> None:
    problem, (plan, _) = a_day(family, students, overfull), solved(family, students, overfull)
    assert open_seats(problem, plan) == []


def open_seats(problem: Problem, plan: Plan) -> list[tuple[str, str]]:
    """Who of the unplaced could be added to which session without breaking a hard rule, asked of
    the specification alone."""
    facts = Facts(problem)
    waiting: dict[str, set[str]] = {}
    for entry in plan.unplaced:
        waiting.setdefault(entry.student, set()).add(entry.block)
    return [
        (student, session.id)
        for session in plan.sessions
        for student, blocks in waiting.items()
        if blocks.issuperset(session.blocks)
        and not _with(facts, plan, Placement(student=student, session=session.id)).blocking
    ]


def _with(facts: Facts, plan: Plan, more: Placement):  # type: ignore[no-untyped-def]
    taken = {
        (more.student, block)
        for session in plan.sessions
        if session.id == more.session
        for block in session.blocks
    }
    left = [entry for entry in plan.unplaced if (entry.student, entry.block) not in taken]
    return judge(Layout(facts, plan.sessions, (*plan.placements, more), left))


def test_an_open_seat_would_be_noticed() -> None:
    problem = school()
    plan = planned(problem)
    gone = plan.placements[0]
    blocks = next(s.blocks for s in plan.sessions if s.id == gone.session)
    left = plan.model_copy(
        update={
            "placements": plan.placements[1:],
            "unplaced": tuple(
                Unplaced(student=gone.student, block=block, reason="no_seat") for block in blocks
            ),
        }
    )
    assert (gone.student, gone.session) in open_seats(problem, left)


@every_school
def test_the_cost_is_what_score_says_and_the_bound_is_not_above_it(
    family: str, students: int, overfull: bool
) -> None:
    plan, _ = solved(family, students, overfull)
    judged = score(a_day(family, students, overfull), plan)
    assert (plan.cost, plan.findings) == (judged.cost, judged.findings)
    assert plan.bound is not None
    assert plan.bound <= plan.cost
    assert plan.gap == gap(plan.cost, plan.bound, plan.stake)


@every_school
def test_what_is_locked_stands_in_the_plan(family: str, students: int, overfull: bool) -> None:
    problem, (plan, _) = a_day(family, students, overfull), solved(family, students, overfull)
    facts = Facts(problem)
    sessions = {session.id: session for session in plan.sessions}
    where = {
        (p.student, sessions[p.session].offering, block)
        for p in plan.placements
        for block in sessions[p.session].blocks
    }
    running = {(s.offering, block, s.room) for s in plan.sessions for block in s.blocks}
    on_duty = {(d.staff, s.offering, b) for s in plan.sessions for d in s.duties for b in s.blocks}
    assert {lock.target for lock in facts.locks} >= {"placement", "session"}
    for lock in facts.locks:
        match lock.target:
            case "placement":
                assert (lock.student, lock.offering, lock.block) in where
            case "session":
                rooms = {r for o, b, r in running if (o, b) == (lock.offering, lock.block)}
                assert rooms
                assert lock.room is None or lock.room in rooms
            case "duty" if lock.offering is not None:
                assert (lock.staff, lock.offering, lock.block) in on_duty
            case "room":
                inside = {o for o, b, r in running if (b, r) == (lock.block, lock.room)}
                assert inside <= {lock.offering}


@every_school
def test_progress_is_told_and_only_ever_gets_better(
    family: str, students: int, overfull: bool
) -> None:
    plan, told = solved(family, students, overfull)
    costs = [progress.cost for progress in told]
    assert costs == sorted(costs, reverse=True)
    assert (costs[-1], told[-1].bound, told[-1].gap) == (plan.cost, plan.bound, plan.gap)
    assert told[-1].work_done > 0


def test_a_first_plan_is_told_before_anything_is_proven() -> None:
    _, told = solved(*SCHOOLS[0])
    assert (told[0].bound, told[0].gap) == (None, None)
    assert all(progress.bound is not None for progress in told[-2:])


def test_a_pool_proves_the_bound_beside_the_search_where_only_time_is_limited() -> None:
    problem = a_day("lab", 40, overfull=False)
    alone, limits = planned(problem, Limits(work=0.1)), Limits(time=1.0, workers=2)
    with ProcessPoolExecutor(2) as pool:
        shared = solve(problem, limits, clock=time.monotonic, pool=pool)
    assert isinstance(shared, Plan)
    assert shared.bound == alone.bound


class Answering(Executor):
    """A pool that is done at once with what it is asked, or only when it is waited for."""

    def __init__(self, at_once: bool) -> None:
        self.at_once = at_once
        self.bounds = 0
        """How many it was asked for."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.bounds += fn is bound_of
        answer = _Answer(fn, *args, **kwargs)
        if self.at_once:
            answer.result()
        return answer


class _Answer(Future[Any]):
    """What such a pool answers."""

    def __init__(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> None:
        super().__init__()
        self._ask = partial(fn, *args, **kwargs)

    def result(self, timeout: float | None = None) -> Any:
        if not self.done():
            self.set_result(self._ask())
        return super().result(timeout)


def test_a_plan_of_limited_work_does_not_hang_on_when_its_bound_is_proven() -> None:
    problem = a_day("lab", 40, overfull=False)
    for work in (0.15, 0.2, 0.25, 0.3):
        limits = Limits(work=work, workers=2)
        early, late = (
            solve(problem, limits, pool=Answering(when), progress=lambda progress: None)
            for when in (True, False)
        )
        assert dumps(early) == dumps(late), work


def test_no_closer_bound_is_looked_for_where_the_first_leaves_no_gap() -> None:
    blocks = school().blocks
    third = changed(blocks[0], id="third", start=670, end=710)
    pool, limits = Answering(at_once=True), Limits(time=60.0, workers=2)
    problem = school(blocks=(*blocks, third))
    plan = solve(problem, limits, clock=lambda: 0.0, pool=pool)
    assert isinstance(plan, Plan)
    assert (plan.cost, plan.bound, pool.bounds) == (0, 0, 1)


def test_a_search_that_stays_near_proves_nothing_and_keeps_everybody_who_can_stay() -> None:
    problem = a_day("lab", 40, overfull=False)
    first = planned(problem)
    again = solve(problem, Limits(work=0.0), start=first, stay_near=True)
    assert isinstance(again, Plan)
    assert again.bound is None
    assert seats(again) == seats(first)


def seats(plan: Plan) -> set[tuple[str, str, tuple[str, ...]]]:
    """Who does what and when."""
    sessions = {session.id: session for session in plan.sessions}
    held = ((placement.student, sessions[placement.session]) for placement in plan.placements)
    return {(student, session.offering, session.blocks) for student, session in held}


# --- the same every time ------------------------------------------------------------------------


LONG = [("lab", 150, 10.0, 10), ("win", 850, 25.0, 10), ("flex6", 300, 40.0, 10)]


@pytest.mark.parametrize(
    ("family", "students", "work", "runs"),
    [
        ("lab", 40, 0.3, 3),
        ("flex6", 25, 0.3, 3),
        ("lab", 150, 1.5, 3),
        *(pytest.param(*long, marks=pytest.mark.soak) for long in LONG),
    ],
)
def test_same_problem_seed_and_work_give_the_same_bytes_in_fresh_processes_with_any_workers(
    family: str, students: int, work: float, runs: int, tmp_path: Path
) -> None:
    problem = tmp_path / "problem.json"
    problem.write_text(dumps(example(family, students, seed=2)))
    plans = [
        run(problem, tmp_path / f"{number}.json", work, 1 + (number % 3 == 2), str(number))
        for number in range(runs)
    ]
    assert len(set(plans)) == 1
    assert b'"limited_by_time"' not in plans[0]


def run(problem: Path, out: Path, work: float, workers: int, hash_seed: str) -> bytes:
    """What `flexday solve` writes, in a process that orders its sets in a way of its own."""
    command = [sys.executable, "-c", "from services.cli import main; main()", "solve", str(problem)]
    command += ["--out", str(out), "--work", str(work), "--seed", "3", "--workers", str(workers)]
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return out.read_bytes()


def test_with_a_work_limit_alone_the_clock_is_never_read() -> None:
    def no_clock() -> float:
        raise AssertionError("the clock was read")

    assert isinstance(solve(school(), Limits(work=0.1), clock=no_clock), Plan)


def test_a_time_limit_ends_the_search_and_the_plan_says_so() -> None:
    problem, read = a_day("flex6", 30, False), []

    def a_minute_later_each_time() -> float:
        read.append(60.0 * len(read))
        return read[-1]

    plan = solve(problem, Limits(time=200.0), clock=a_minute_later_each_time)
    assert isinstance(plan, Plan)
    assert plan.engine is not None
    assert plan.engine.limited_by_time
    assert 4 <= len(read) <= 8
    assert score(problem, plan).blocking == ()


def test_more_work_is_spent_where_more_is_allowed_and_the_plan_is_no_dearer() -> None:
    spent, problem = [], a_day("lab", 40, overfull=True)
    for allowed in (0.1, 1.0):
        told: list[Progress] = []
        plan = solve(problem, Limits(work=allowed), progress=told.append)
        assert isinstance(plan, Plan)
        assert plan.engine is not None
        assert (plan.engine.work, plan.engine.limited_by_time) == (allowed, False)
        spent.append((told[-1].work_done, plan.cost))
    assert spent[0][0] <= spent[1][0] < 2.0
    assert spent[1][1] <= spent[0][1]


def test_a_plan_to_start_from_is_kept_where_nothing_better_is_found() -> None:
    problem = a_day("lab", 40, False)
    good = planned(problem, Limits(work=1.0))
    again = solve(problem, Limits(work=0.0), start=good)
    assert isinstance(again, Plan)
    assert again.cost <= good.cost


# --- days that leave little to plan -------------------------------------------------------------


@pytest.mark.parametrize(
    "nothing",
    [
        {"students": ()},
        {"staff": ()},
        {"offerings": ()},
        {"rooms": (), "buildings": (), "travel": ()},
        {"blocks": (changed(school().blocks[2], id="lunch"),)},
        {"students": (), "staff": (), "offerings": (), "blocks": ()},
    ],
    ids=lambda nothing: " and ".join(nothing),
)
def test_a_day_without_something_still_gets_an_answer(nothing: dict[str, tuple[()]]) -> None:
    problem = school().model_copy(update=nothing)
    plan = planned(problem)
    free = sum(len(Facts(problem).free_blocks(student.id)) for student in problem.students)
    assert len(plan.placements) + len(plan.unplaced) == free


def test_weights_too_large_to_stay_exact_are_refused() -> None:
    heavy = Policy(
        weights=dict.fromkeys([r.id for r in RULES.values() if r.kind == "soft"], 1_000_000)
    )
    pair = RecentPair(a="Ana", b="Ben", days=10**12)
    with pytest.raises(ValueError, match="lower the largest weights"):
        solve(school(recent_pairs=(pair,), policy=heavy), LITTLE)


# --- locks --------------------------------------------------------------------------------------


def placed(lock: str, student: str, offering: str, block: str = "first") -> PlacementLock:
    return PlacementLock(
        target="placement", id=lock, owner="Head", student=student, offering=offering, block=block
    )


def with_locks(*locks: Lock, **more: object) -> Problem:
    return school(locks=locks, **more)  # type: ignore[arg-type]


def test_locks_that_contradict_one_another_are_named_and_no_others() -> None:
    problem = with_locks(
        placed("harmless", "Ben", "art"), placed("one", "Ana", "maths"), placed("two", "Ana", "art")
    )
    answer = refused(problem)
    assert answer.locks == ("one", "two")
    assert answer.rules == ("student-clash",)
    assert answer.problem == Facts(problem).digest


def test_a_single_lock_can_contradict_a_rule_that_nobody_may_break() -> None:
    alone = changed(MATHS, roles=(changed(MATHS.roles[0], qualification="latin"),))
    answer = refused(with_locks(placed("one", "Ana", "maths"), offerings=(alone, ART)))
    assert (answer.locks, answer.rules) == (("one",), ("role-cover",))


def test_a_lock_on_a_block_in_which_its_offering_cannot_run_is_named() -> None:
    late = changed(ART, starts=("second",))
    answer = refused(with_locks(placed("one", "Ana", "art"), offerings=(MATHS, late)))
    assert (answer.locks, answer.rules) == (("one",), ("whole-session",))


def test_taking_one_of_the_named_locks_away_makes_a_plan_possible() -> None:
    locks = (placed("one", "Ana", "maths"), placed("two", "Ana", "art"))
    for lock in locks:
        assert score(with_locks(lock), planned(with_locks(lock))).blocking == ()


def test_protected_time_that_nobody_could_keep_does_not_stand_in_the_way_of_locks() -> None:
    busy = changed(VEGA, commitments=(Commitment(blocks=("lunch",)),))
    rest = ProtectedTime(id="p", kind="lunch", staff=("Vega",), blocks=("lunch",), at_least=1)
    problem = with_locks(
        placed("one", "Ana", "maths"),
        staff=(busy, school().staff[1]),
        protected=(rest,),
    )
    blocking = score(problem, planned(problem)).blocking
    assert [finding.rule for finding in blocking] == ["planning-time"]


def test_a_frozen_day_that_cannot_stand_still_keeps_its_locks() -> None:
    seeds = (13, 23, 27, 40, 48)
    kept = [solve(draw_case(seed).problem, LITTLE) for seed in seeds]
    for answer in kept:
        broken = [f for f in getattr(answer, "findings", ()) if f.rule == "lock"]
        assert all(finding.covered_by for finding in broken)


def test_a_locked_room_that_an_override_reopens_does_not_make_the_bound_too_high() -> None:
    problem = draw_case(67).problem
    plan = planned(problem)
    assert any(f.rule == "lock" and f.covered_by for f in plan.findings)
    assert plan.bound is not None
    assert plan.bound <= plan.cost


@pytest.mark.parametrize(
    "seeds", [range(30), pytest.param(range(30, 600), marks=pytest.mark.soak)], ids=["some", "many"]
)
def test_no_lawful_plan_of_any_small_school_costs_less_than_its_bound(seeds: range) -> None:
    lawful = 0
    for seed in seeds:
        problem = draw_case(seed).problem
        answer = solve(problem, Limits(work=0.05))
        if isinstance(answer, Plan) and not score(problem, answer).blocking:
            lawful += 1
            assert answer.bound is None or answer.bound <= answer.cost, seed
    assert lawful >= len(seeds) / 10
