"""The door: a Problem and limits in, a judged Plan out, or the contradiction that forbids one."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from math import inf

from schemas.plan import Contradiction, Engine, Plan
from schemas.problem import Problem
from solver.board import Board
from solver.bound import closer_bound, first_bound
from solver.carry import carry_over
from solver.construct import Filling, construct
from solver.contradictions import reach_of, settle
from solver.effort import SETTLING_WORK, Clock, Effort, Limits
from solver.finishing import Finisher, Judged
from solver.improve import Bounding, Improvement, bound_of
from solver.openings import Openings
from solver.pricing import least_unplaced
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

SOON_MADE = 2
"""Blocks up to which a day is first made without a close look: 3,000 students in one block have a
good plan after 8 s then, which one looked at closely takes 20 s for; it ends as cheap."""

CLOSER = 0.3
"""The share of a solve that may go into a closer bound: three minutes of two workers leave a fifth
for that of 1,200 students in six blocks, and the gap falls by 2 % of what is at stake. Where 1,100
in nine blocks gave more than a third of two minutes for it, plans got 5 % of that dearer."""


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
    that the search begins where people are, and nothing is proven. Where neither time nor work is
    limited the search ends by itself when it has stopped finding anything.

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
    proof = _Proof(reach, effort, pool, wanted=not stay_near)

    def report(cost: int) -> None:
        proof.ask_for_more_than(cost)
        if progress is not None:
            proven = gap(cost, proof.bound, at_stake)
            progress(Progress(cost, proof.bound, proven, effort.elapsed, effort.work))

    at_stake = stake(reach.facts)
    boards = _boards(reach, pinned, effort, start, stay_near)
    board, judged = _first(Finisher(reach), boards, effort, report)
    if limits.work is not None or pool is None:
        proof.wait(judged.cost)
        report(judged.cost)
    search = Improvement(reach, board, judged, lambda: proof.bound, effort, report, pool)
    board = search.run()
    proof.wait(search.judged.cost)
    report(search.judged.cost)
    plan = Finisher(reach).plan(board, proof.bound, _engine(limits, effort))
    return plan if stay_near or not plan.unplaced else _with_least(reach, plan, effort)


def _with_least(reach: Reach, plan: Plan, effort: Effort) -> Plan:
    """A plan that leaves somebody without a session, with the proof that so many must be left."""
    least, work = least_unplaced(Openings(reach))
    effort.spend(work)
    return plan.model_copy(update={"least_unplaced": least})


class _Proof:
    """The bounds of a day where they are wanted, which a pool finds beside everything else: the
    first, and the closer where that leaves a gap. Where work is limited they are waited for before
    the search, so that what is left for that is the same in every run."""

    def __init__(self, reach: Reach, effort: Effort, pool: Executor | None, wanted: bool) -> None:
        self._reach, self._effort, self._pool = reach, effort, pool
        self._problem = pickle.dumps(reach.facts.problem) if pool and wanted else b""
        self._bound: int | None = None
        self._work = 0.0
        """Units not yet counted: they are when waited for, so that what is made meanwhile does not
        hang on when a pool is done."""
        closer = partial(closer_bound, most_work=_for_closer(effort.limits))
        self._left: list[Bounding] = [first_bound, closer] if wanted else []
        self._asked: Future[tuple[int, float]] | None = None
        self._ask()

    @property
    def bound(self) -> int | None:
        """The best bound that is known by now."""
        if self._asked is not None and self._asked.done():
            self._take()
        return self._bound

    def ask_for_more_than(self, cost: int) -> None:
        """Has the pool find a closer bound, if what is known by now leaves a plan a gap."""
        if self.bound is not None and self._asked is None and self._leaves(cost):
            self._ask()

    def wait(self, cost: int) -> None:
        """Waits until all is known that could close the gap of a plan; counts the work."""
        while (self._asked is not None or self._left) and self._leaves(cost):
            self._take()
        self._effort.spend(self._work)
        self._work = 0.0

    def _leaves(self, cost: int) -> bool:
        return self._bound is None or self._bound < cost

    def _ask(self) -> None:
        if self._pool is not None and self._left:
            self._asked = self._pool.submit(bound_of, self._problem, self._left.pop(0))

    def _take(self) -> None:
        """What was asked for, or what is left to be found here."""
        found = self._asked.result() if self._asked else self._left.pop(0)(self._reach)
        self._asked = None
        self._bound = max(found[0], self._bound or 0)
        self._work += found[1]


def _for_closer(limits: Limits) -> float:
    """The units of work that a closer bound may take: so much of what limits leave in all."""
    work = inf if limits.work is None else limits.work
    time = inf if limits.time is None else limits.time * limits.workers
    return CLOSER * min(work, time)


def _first(
    finisher: Finisher, boards: Iterator[Board], effort: Effort, report: Callable[[int], None]
) -> tuple[Board, Judged]:
    """The best of some boards, of which the last are left out where a limit is reached; how it is
    judged. Hard findings count before cost. A better one than those before is told at once."""
    best = next(boards)
    judged = finisher.judged(best)
    effort.spend(Finisher.work(best))
    report(judged.cost)
    while not effort.exhausted() and (board := next(boards, None)) is not None:
        effort.spend(Finisher.work(board))
        found = finisher.judged(board)
        if found < judged:
            best, judged = board, found
            report(judged.cost)
    return best, judged


def _boards(
    reach: Reach, pinned: Board, effort: Effort, start: Plan | None, stay_near: bool
) -> Iterator[Board]:
    """Earlier plans as far as they are lawful; and, unless the search is to stay near them, plans
    made anew, around their sessions or from nothing, those first that are likelier the cheapest."""
    kept: list[Board] = []
    for earlier in (start, reach.facts.problem.published):
        if earlier is not None:
            board = pinned.copy()
            effort.spend(carry_over(reach, board, earlier.sessions, earlier.placements))
            kept.append(board)
            yield board
    if stay_near:
        if not kept:
            yield from _made(reach, pinned, effort)
        return
    around = (_finished(reach, board, effort, anew=True) for board in kept)
    if len(reach.facts.students) * len(reach.facts.flex) <= MADE_ANEW:
        yield from _made(reach, pinned, effort)
        yield from around
        return
    boards = [*kept]
    for board in around:
        boards.append(board)
        yield board
    if not _suffice(reach, boards):
        yield from _made(reach, pinned, effort)


def _suffice(reach: Reach, boards: list[Board]) -> bool:
    """Whether changing boards that carry over gets further than a large day made from nothing."""
    places = len(reach.facts.students) * len(reach.facts.flex)
    left = min((len(board.unplaced()) for board in boards), default=places)
    return left <= MOST_LEFT * places


def _made(reach: Reach, pinned: Board, effort: Effort) -> Iterator[Board]:
    """Plans from nothing, around the groups that come whole; these alone where they leave nothing
    to gain."""
    begun = pinned.copy()
    if place_whole_groups(reach, begun, effort):
        yield begun
        if Finisher(reach).judged(begun) == (0, 0):
            return
    yield from _block_by_block(reach, begun, effort)
    if 0 < len(reach.facts.students) * len(reach.facts.flex) <= AT_ONCE:
        yield _at_once(reach, begun, effort)


def _block_by_block(reach: Reach, begun: Board, effort: Effort) -> Iterator[Board]:
    """A plan made one block after another; and its sessions with all seats given anew, which sees
    the whole day but not everything that keeps a student from a seat. On a short day one that is
    soon made, and mostly good, comes first."""
    for closely in (False, True) if len(reach.facts.flex) <= SOON_MADE else (True,):
        filled = begun.copy()
        effort.spend(construct(reach, filled, effort.limits.seed, closely))
        yield _finished(reach, filled, effort, anew=False)
        if len(reach.facts.flex) > 1:
            yield _finished(reach, filled, effort, anew=True)


def _at_once(reach: Reach, begun: Board, effort: Effort) -> Board:
    """A plan for which the whole day was decided at once."""
    filling = Filling(reach, begun.copy(), effort.limits.seed)
    filling.refill(reach.facts.flex, ())
    effort.spend(filling.work)
    return _finished(reach, filling.board, effort, anew=False)


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
