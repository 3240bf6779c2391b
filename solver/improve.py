"""Makes a plan better, neighbourhood by neighbourhood, in batches that may run side by side."""

from __future__ import annotations

import gc
import pickle
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from schemas.problem import Problem
from solver.board import Board
from solver.bound import day_bound
from solver.contradictions import reach_of
from solver.effort import Effort
from solver.finishing import Finisher, Judged
from solver.merging import merge
from solver.neighbourhoods import NEIGHBOURHOODS
from solver.proposals import Fixed, Proposal, apply, difference, photograph, restore
from solver.reach import Reach

BATCH = 2
"""Neighbourhoods tried from the same board before any is adopted: fixed, so that the plan does
not depend on the number of workers."""

ROUNDS = 2
"""How often each neighbourhood that takes little work is tried before any is drawn by what it has
won."""

MEMORY = 0.7
"""How much of what a neighbourhood won and spent still counts after its next try."""

LEAST_WORK = 1.0
"""Units of work that a try is taken to cost at least: neighbourhoods share the work, not the tries,
by what they have won, and the cheapest are not tried without end."""

PATIENCE = 80
"""Tries without a better plan before the search is called off where nothing else stops it."""


@dataclass(frozen=True)
class Task:
    """One neighbourhood to try: everything a worker needs."""

    problem: bytes
    """The Problem, pickled."""
    board: tuple[Fixed, ...]
    neighbourhood: int
    seed: str


def attempt(task: Task) -> Proposal:
    """Tries a neighbourhood in whatever process this is."""
    return attempt_with(_reach(task.problem), task)


def bound_of(problem: bytes) -> tuple[int, float]:
    """The bound of a pickled Problem in whatever process this is, and the units of work."""
    return day_bound(_reach(problem))


@lru_cache(maxsize=1)
def _reach(problem: bytes) -> Reach:
    """What a worker keeps of a Problem, out of the way of Python's searches for garbage."""
    loaded: Problem = pickle.loads(problem)
    reach = reach_of(loaded)
    gc.collect()
    gc.freeze()
    return reach


def attempt_with(reach: Reach, task: Task) -> Proposal:
    """Tries a neighbourhood."""
    before = restore(reach.facts, task.board)
    after = before.copy()
    neighbourhood = NEIGHBOURHOODS[task.neighbourhood]
    work = neighbourhood.change(reach, after, Random(task.seed))
    judged = Finisher(reach).judged(after)
    work += Finisher.work(after)
    return difference(before, after, judged, work)


@dataclass(frozen=True)
class _Try:
    """A neighbourhood that is being tried, and the board it started from."""

    task: Task
    board: Board
    judged: Judged


@dataclass
class Improvement:
    """A search from a board, lawful where that could be had. Neighbourhoods are chosen by how much
    they have won per unit of work of late. Where work is limited, what a batch proposes is adopted
    in a fixed order; where only time is, a worker that is done need not wait for the others."""

    reach: Reach
    board: Board
    judged: Judged
    bound: Callable[[], int | None]
    """What is proven by now."""
    effort: Effort
    report: Callable[[int], None]
    pool: Executor | None = None
    workers: Callable[[], int] = lambda: 1
    """How many tries the pool has room for now."""

    def __post_init__(self) -> None:
        self._finisher = Finisher(self.reach)
        self._random = Random(self.effort.limits.seed)
        self._ways = [n for n, one in enumerate(NEIGHBOURHOODS) if one.concerns(self.reach)]
        self._first = [n for n in self._ways if NEIGHBOURHOODS[n].cheap] * ROUNDS
        self._won = [1.0 for _ in NEIGHBOURHOODS]
        self._spent = [1.0 for _ in NEIGHBOURHOODS]
        self._tries = [1.0 for _ in NEIGHBOURHOODS]
        self._tried = 0
        self._problem = pickle.dumps(self.reach.facts.problem) if self.pool else b""

    def run(self) -> Board:
        """The best board found until a limit, or until nothing has helped for long."""
        if self.pool is None or self.effort.limits.work is not None:
            self._in_batches()
        else:
            self._side_by_side(self.pool)
        return self.board

    def _in_batches(self) -> None:
        """Starts tries together and waits for all of them, so that the plan depends on neither
        the workers nor the clock."""
        idle = 0
        while self._goes_on(idle):
            before = self.judged
            tries = [self._try() for _ in range(BATCH)]
            tried = zip(tries, self._attempts([one.task for one in tries]), strict=True)
            for one, proposal in sorted(tried, key=lambda entry: entry[1].judged):
                self._consider(one, proposal)
            idle = 0 if self.judged < before else idle + BATCH

    def _side_by_side(self, pool: Executor) -> None:
        """Starts a try whenever a worker is free. Those that are under way at the end still
        count."""
        running: dict[Future[Proposal], _Try] = {}
        idle = 0
        while self._goes_on(idle):
            while len(running) < self.workers():
                one = self._try()
                running[pool.submit(attempt, one.task)] = one
            done, _ = wait(running, self.effort.left, FIRST_COMPLETED)
            for future in done:
                before = self.judged
                self._consider(running.pop(future), future.result())
                idle = 0 if self.judged < before else idle + 1
        for future, one in running.items():
            self._consider(one, future.result())

    def _goes_on(self, idle: int) -> bool:
        return not self.effort.exhausted() and not self._proven() and idle < PATIENCE

    def _proven(self) -> bool:
        """Whether no plan can be cheaper, or there is nothing to plan."""
        return self.judged == (0, self.bound()) or not self.reach.facts.flex

    def _try(self) -> _Try:
        self._tried += 1
        seed = f"{self.effort.limits.seed}.{self._tried}"
        if self._tried <= len(self._first):
            number = self._first[self._tried - 1]
        else:
            number = self._random.choices(self._ways, self._weights())[0]
        task = Task(self._problem, photograph(self.board), number, seed)
        return _Try(task, self.board, self.judged)

    def _weights(self) -> list[float]:
        """How often each neighbourhood is drawn: by what it wins in what it costs, and the dearer
        the seldomer."""
        success = [self._won[n] / self._spent[n] for n in self._ways]
        floor = max(success) / 4
        each = [max(LEAST_WORK, self._spent[n] / self._tries[n]) for n in self._ways]
        return [max(floor, rate) / work for rate, work in zip(success, each, strict=True)]

    def _attempts(self, tasks: list[Task]) -> list[Proposal]:
        if self.pool is None:
            return [attempt_with(self.reach, task) for task in tasks]
        return [future.result() for future in [self.pool.submit(attempt, t) for t in tasks]]

    def _consider(self, one: _Try, proposal: Proposal) -> None:
        """Adopts a proposal where the plan comes closer to being lawful, or gets cheaper and is no
        less lawful; beside what was adopted since it was started, where both go together."""
        number = one.task.neighbourhood
        self.effort.spend(proposal.work)
        self._won[number] *= MEMORY
        self._spent[number] *= MEMORY
        self._tries[number] *= MEMORY
        self._tries[number] += 1
        self._spent[number] += proposal.work
        if proposal.judged >= one.judged:
            return
        changed, judged = self._laid_over(one, proposal)
        if judged < self.judged:
            self._won[number] += max(0, self.judged.cost - judged.cost)
            self.board, self.judged = changed, judged
            self.report(judged.cost)

    def _laid_over(self, one: _Try, proposal: Proposal) -> tuple[Board, Judged]:
        """The better of what a proposal makes of the board as it is now and of the one that it was
        made from; with how it is judged."""
        if one.board is not self.board:
            both, work = merge(self.reach, self.board, one.board, proposal)
            judged = self._finisher.judged(both)
            self.effort.spend(work + Finisher.work(both))
            if judged < proposal.judged:
                return both, judged
        return apply(one.board, proposal), proposal.judged
