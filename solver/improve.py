"""Makes a plan better, neighbourhood by neighbourhood, in batches that may run side by side."""

from __future__ import annotations

import gc
import pickle
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from schemas.problem import Problem
from solver.board import Board
from solver.contradictions import reach_of
from solver.effort import Effort
from solver.finishing import Finisher, Judged
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

PATIENCE = 40
"""Batches without a better plan before the search is called off where nothing else stops it."""


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


Bounding = Callable[[Reach], tuple[int, float]]
"""What finds a bound, and says what units of work it took."""


def bound_of(problem: bytes, bounding: Bounding) -> tuple[int, float]:
    """A bound of a pickled Problem in whatever process this is, and the units of work."""
    return bounding(_reach(problem))


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


@dataclass
class Improvement:
    """A search from a board, lawful where that could be had. Neighbourhoods are chosen by how much
    they have won per unit of work of late; what a batch proposes is adopted in a fixed order."""

    reach: Reach
    board: Board
    judged: Judged
    bound: Callable[[], int | None]
    """What is proven by now."""
    effort: Effort
    report: Callable[[int], None]
    pool: Executor | None = None

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
        idle, told = 0, self.bound()
        while not self.effort.exhausted() and not self._proven() and idle < PATIENCE:
            if self.bound() != told:
                told = self.bound()
                self.report(self.judged.cost)
            before, tried_from = self.judged, self.board
            tasks = [self._task() for _ in range(BATCH)]
            tried = zip(tasks, self._attempts(tasks), strict=True)
            for task, proposal in sorted(tried, key=lambda one: one[1].judged):
                self._consider(task, proposal, tried_from)
            idle = 0 if self.judged < before else idle + 1
        return self.board

    def _proven(self) -> bool:
        """Whether no plan can be cheaper, or there is nothing to plan."""
        return self.judged == (0, self.bound()) or not self.reach.facts.flex

    def _task(self) -> Task:
        self._tried += 1
        seed = f"{self.effort.limits.seed}.{self._tried}"
        if self._tried <= len(self._first):
            number = self._first[self._tried - 1]
        else:
            number = self._random.choices(self._ways, self._weights())[0]
        return Task(self._problem, photograph(self.board), number, seed)

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

    def _consider(self, task: Task, proposal: Proposal, tried_from: Board) -> None:
        """Adopts a proposal where the plan comes closer to being lawful, or gets cheaper and is no
        less lawful."""
        self.effort.spend(proposal.work)
        self._won[task.neighbourhood] *= MEMORY
        self._spent[task.neighbourhood] *= MEMORY
        self._tries[task.neighbourhood] *= MEMORY
        self._tries[task.neighbourhood] += 1
        self._spent[task.neighbourhood] += proposal.work
        if proposal.judged >= self.judged:
            return
        changed = apply(self.board, proposal)
        if changed is None:
            return
        judged = proposal.judged
        if self.board is not tried_from:
            judged = self._finisher.judged(changed)
            self.effort.spend(Finisher.work(changed))
        if judged < self.judged:
            self._won[task.neighbourhood] += max(0, self.judged.cost - judged.cost)
            self.board, self.judged = changed, judged
            self.report(judged.cost)
