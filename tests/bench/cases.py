"""What is measured: which invented days, how long each may take, and what is asked of them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from schemas.problem import Problem
from services.examples import example


@dataclass(frozen=True)
class Shape:
    """A family at one size, the seconds that every solver gets, and when its gap is read."""

    family: str
    students: int
    blocks: int
    """Flex blocks of the day."""
    seconds: int
    read_at: tuple[int, ...]
    """Seconds; the last is `seconds`."""

    @property
    def title(self) -> str:
        return f"{self.family} {self.students:,} x {self.blocks}"


@dataclass(frozen=True)
class Case:
    """One invented day."""

    shape: Shape
    tight: float
    seed: int

    @property
    def name(self) -> str:
        """Fit for a file's name."""
        shape = self.shape
        return f"{shape.family}-{shape.students}-tight{self.tight:g}-seed{self.seed}"

    def problem(self) -> Problem:
        shape = self.shape
        return example(shape.family, shape.students, self.seed, self.tight)


LAB = Shape("lab", 150, 2, 10, (10,))
WIN_850 = Shape("win", 850, 1, 30, (30,))
FLEX6_300 = Shape("flex6", 300, 6, 60, (60,))

SHAPES = (
    LAB,
    WIN_850,
    Shape("win", 3000, 1, 30, (30,)),
    FLEX6_300,
    Shape("flex6", 600, 6, 60, (60,)),
    Shape("flex6", 1200, 6, 180, (60, 180)),
    Shape("mods", 1100, 9, 120, (120,)),
    Shape("xl", 3000, 8, 240, (120, 240)),
)
GROWTH = (
    Shape("flex6", 150, 6, 60, (60,)),
    Shape("flex6", 2400, 6, 240, (240,)),
    Shape("flex6", 3000, 6, 240, (240,)),
)
"""Measured beside flex6's other sizes for how time grows with students; ours alone."""

SEEDS = 5
TIGHT, TIGHTER = 0.5, 0.9


def quick_cases() -> list[Case]:
    """One seed of the smaller families: minutes."""
    return [Case(shape, TIGHT, 0) for shape in (LAB, WIN_850, FLEX6_300)]


def full_cases(seeds: int = SEEDS) -> list[Case]:
    """Every family, several seeds, at both tightnesses: hours."""
    ways = product((TIGHT, TIGHTER), SHAPES, range(seeds))
    return [Case(shape, tight, seed) for tight, shape, seed in ways]


def growth_cases(seeds: int = SEEDS) -> list[Case]:
    """The further sizes of flex6."""
    return [Case(shape, TIGHT, seed) for shape, seed in product(GROWTH, range(seeds))]
