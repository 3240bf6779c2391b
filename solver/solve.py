"""The door: a Problem and limits in, a judged Plan out, or the contradiction that forbids one."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from importlib.metadata import version

from schemas.plan import Contradiction, Engine, Plan
from schemas.problem import Problem, Published
from solver.board import Board
from solver.bound import day_bound
from solver.carry import carry_over
from solver.construct import Filling, construct
from solver.contradictions import reach_of, settle
from solver.effort import SETTLING_WORK, Clock, Effort, Limits
from solver.finishing import Finisher, Judged
from solver.improve import Improvement, bound_of
from solver.reach import Reach
from solver.score import gap, refuse_overflow, stake
from solver.whole_groups import place_whole_groups

__all__ = ["Clock", "Limits", "Progress", "solve"]


MADE_ANEW, MOST_LEFT = 3000, 0.01
"""A day of more students and blocks is not planned from nothing where an earlier plan carries over
that leaves at most such a share without a session: changing that gets further in the same time."""

AT_ONCE = 500
"""Students and blocks up to which a whole day is also decided at once: with 400 students in two
blocks it takes 6 s of a core and wins nothing over what was made block by block."""


@dataclass(frozen=True)
class Progress:
    """How far a solve has come; `elapsed` in seconds where time is limited."""

    cost: int
    bound: int | None
    gap: float | None
    elapsed: float | None
    work_done: float


def solve(
    problem: Problem,
    limits: Limits,
    *,
    clock: Clock | None = None,
    pool: Executor | None = None,
    progress: Callable[[Progress], None] | None = None,
    start: Plan | None = None,
    stay_near: bool = False,
) -> Plan | Contradiction:
    """Plan a day.

    With a work limit alone the same problem, seed and work give the same plan, to the byte, on
    one worker or several. A `start` plan, and what is published, are carried over as far as they
    are lawful and kept where nothing better is found; with `stay_near` no plan is made anew, so
    that the search begins where people are. Where neither time nor work is limited the
    search ends by itself when it has stopped finding anything.

    Raises:
        ValueError: the weights could make a cost too large to stay exact.
    """
    reach = reach_of(problem)
    refuse_overflow(reach.facts)
    effort = Effort(limits, clock)
    pinned, contradiction = settle(reach, limits.seed)
    if contradiction is not None:
        return contradiction
    effort.spend(len(problem.students) * len(reach.facts.flex) * SETTLING_WORK)
    asked = pool.submit(bound_of, pickle.dumps(problem)) if pool else None
    board, judged = _first(reach, pinned, effort, start, stay_near)
    bound: int | None = None
    at_stake = stake(reach.facts)

    def report(cost: int) -> None:
        if progress is not None:
            proven = gap(cost, bound, at_stake)
            progress(Progress(cost, bound, proven, effort.elapsed, effort.work))

    report(judged.cost)
    bound, work = asked.result() if asked else day_bound(reach)
    effort.spend(work)
    report(judged.cost)
    search = Improvement(reach, board, judged, bound, effort, report, pool)
    board = search.run()
    report(search.judged.cost)
    return Finisher(reach).plan(board, bound, _engine(limits, effort))


def _first(
    reach: Reach, pinned: Board, effort: Effort, start: Plan | None, stay_near: bool
) -> tuple[Board, Judged]:
    """The cheapest of the plans that can be carried over and, unless the search is to stay near
    them or they suffice, of plans made anew; how it is judged. Hard findings count before cost."""
    boards: list[Board] = []
    for earlier in (start, reach.facts.problem.published):
        if earlier is not None:
            boards += _carried(reach, pinned, effort, earlier)
    if not (boards and (_suffices(reach, boards) or (stay_near and start))):
        boards += _made(reach, pinned, effort)
    finisher = Finisher(reach)
    effort.spend(sum(Finisher.work(board) for board in boards))
    judged = [finisher.judged(board) for board in boards]
    best = min(judged)
    return boards[judged.index(best)], best


def _carried(reach: Reach, pinned: Board, effort: Effort, earlier: Plan | Published) -> list[Board]:
    """An earlier plan as far as it is lawful, and its sessions with all seats given anew."""
    kept = pinned.copy()
    effort.spend(carry_over(reach, kept, earlier.sessions, earlier.placements))
    return [kept, _finished(reach, kept, effort, anew=True)]


def _suffices(reach: Reach, carried: list[Board]) -> bool:
    """Whether changing what carries over gets further than a large day made from nothing."""
    places = len(reach.facts.students) * len(reach.facts.flex)
    left = min(len(board.unplaced()) for board in carried)
    return places > MADE_ANEW and left <= MOST_LEFT * places


def _made(reach: Reach, pinned: Board, effort: Effort) -> list[Board]:
    """Plans from nothing, around the groups that come whole; these alone where they leave nothing
    to gain, or no time for more."""
    begun = pinned.copy()
    if place_whole_groups(reach, begun, effort):
        effort.spend(Finisher.work(begun))
        if effort.exhausted() or Finisher(reach).judged(begun) == (0, 0):
            return [begun]
    return [*_block_by_block(reach, begun, effort), *_at_once(reach, begun, effort)]


def _block_by_block(reach: Reach, begun: Board, effort: Effort) -> list[Board]:
    """A plan made one block after another; and its sessions with all seats given anew, which sees
    the whole day but not everything that keeps a student from a seat."""
    filled = begun.copy()
    effort.spend(construct(reach, filled, effort.limits.seed))
    ways = (False, True) if len(reach.facts.flex) > 1 else (False,)
    return [_finished(reach, filled, effort, anew) for anew in ways]


def _at_once(reach: Reach, begun: Board, effort: Effort) -> list[Board]:
    """A plan for which the whole day was decided at once, where few enough are there for that."""
    if not 0 < len(reach.facts.students) * len(reach.facts.flex) <= AT_ONCE:
        return []
    filling = Filling(reach, begun.copy(), effort.limits.seed)
    filling.refill(reach.facts.flex, ())
    effort.spend(filling.work)
    return [_finished(reach, filling.board, effort, anew=False)]


def _finished(reach: Reach, board: Board, effort: Effort, anew: bool) -> Board:
    """A board with the last touches, after all seats were given `anew` where that is asked."""
    filling = Filling(reach, board.copy(), effort.limits.seed)
    if anew:
        filling.reseat(reach.facts.students)
    filling.finish()
    effort.spend(filling.work)
    return filling.board


def _engine(limits: Limits, effort: Effort) -> Engine:
    return Engine(
        name="flexday",
        versions={name: version(name) for name in ("flexday", "highspy", "ortools")},
        seed=limits.seed,
        work=limits.work,
        limited_by_time=effort.out_of_time,
    )
