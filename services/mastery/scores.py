"""What a method of mastery is: a series of scores in, an estimate after each score out."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import Annotated, NamedTuple

from pydantic import Field

from schemas.base import Frozen
from schemas.events import Level

Count = Annotated[int, Field(ge=1, le=100)]


class Score(NamedTuple):
    """How well, in 0..1, and how much it counts."""

    value: float
    weight: float = 1.0
    mixed: bool = False
    """Whether it comes from a test of mixed skills."""
    judged: Level | None = None
    """The level, where it stands for a teacher's judgement."""


Series = Sequence[Score]


class Method(Frozen):
    """A method with its parameters. It needs a series of at least one score."""

    method: str
    cut: Annotated[float, Field(gt=0, le=1)] = 0.75
    """The estimate (or, for methods that count, the score) from which on it is mastered."""
    min_evidence: Count = 2

    @abstractmethod
    def trace(self, series: Series) -> list[float]:
        """The estimate, 0..1, after each score: as long as the series."""

    def weights(self, series: Series) -> list[float]:
        """How much each score bears on the last estimate; sums to 1."""
        return [1 / len(series)] * len(series)

    def reached(self, series: Series, estimate: float) -> bool:
        """Whether the last estimate counts as mastered, evidence enough provided."""
        return estimate >= self.cut

    @property
    def needed(self) -> int:
        """Pieces of evidence without which mastery can't be reached."""
        return self.min_evidence

    def hits(self, series: Series) -> list[bool]:
        """Which scores are at the cut or above."""
        return [score.value >= self.cut for score in series]


def one_at(position: int, length: int) -> list[float]:
    return [float(place == position) for place in range(length)]


def newest(count: int, length: int) -> list[float]:
    return [0.0] * (length - count) + [1 / count] * count


def shares(amounts: list[float]) -> list[float]:
    total = math.fsum(amounts)
    return [amount / total for amount in amounts]
