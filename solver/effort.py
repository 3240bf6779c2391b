"""Work and time spent against a solve's limits, and how work is counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

# What a unit of work, about a second of one core, is made of: counts that are the same in every
# run, times what each was measured to take on examples of every family. How far core seconds and
# units lie apart: `python -m tests.bench.units`.

LINEAR_WORK = 1.4e-9
"""Units per simplex iteration and term of the rows of a linear program that is solved warm: 0.8e-9
to 2.3e-9 were measured."""

INTERIOR_WORK = 1e-6
"""Units per step through the interior of a linear program and term of its rows."""

GRADIENT_WORK = 7e-9
"""Units per step along the gradient of a linear program and term of its rows: 5e-9 to 7.5e-9 were
measured."""

SEARCH_WORK = (2.2e-4, 2.5e-8)
"""Units per simplex iteration inside branch and bound: of itself, and for each row."""

NODE_WORK = 0.02
"""Units per node of branch and bound, for the cuts and heuristics around it."""

ENTRY_WORK = 3.3e-6
"""Units per coefficient of a program that is built."""

STEP_WORK = 6e-6
"""Units per question asked while students are placed one by one."""

JUDGING_WORK = 4e-5
"""Units per placement of a plan that is judged."""

MOVE_WORK = 9e-5
"""Units per event that is placed while others are driven out: 7e-5 to 1.2e-4 were measured."""

SETTLING_WORK = 2e-4
"""Units per student and block for settling what is pinned."""


def searching(iterations: int, rows: int, nodes: int) -> float:
    """Units of work of branch and bound."""
    each, per_row = SEARCH_WORK
    return max(0, iterations) * (each + per_row * rows) + (max(0, nodes) + 1) * NODE_WORK


Clock = Callable[[], float]
"""Seconds, from any start, never going back."""


@dataclass(frozen=True)
class Limits:
    """When to stop: after `time` seconds by the caller's clock, or `work` units of about a second
    of one core, in all of the `workers` together; whichever comes first, and None never."""

    time: float | None = None
    work: float | None = None
    seed: int = 0
    workers: int = 1


@dataclass
class Effort:
    """Work done so far against the limits. The clock is read only where time is limited."""

    limits: Limits
    clock: Clock | None = None
    work: float = 0.0
    out_of_time: bool = False
    _began: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        if self.clock is not None and self.limits.time is not None:
            self._began = self.clock()

    def spend(self, work: float) -> None:
        """Counts units of work."""
        self.work += work

    @property
    def elapsed(self) -> float | None:
        """Seconds since the start, where time is limited."""
        if self.clock is None or self.limits.time is None:
            return None
        return self.clock() - self._began

    def exhausted(self) -> bool:
        """Whether a limit is reached."""
        elapsed = self.elapsed
        if elapsed is not None and self.limits.time is not None and elapsed >= self.limits.time:
            self.out_of_time = True
        spent = self.limits.work is not None and self.work >= self.limits.work
        return self.out_of_time or spent
