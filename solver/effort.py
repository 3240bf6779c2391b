"""Work and time spent against a solve's limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

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
