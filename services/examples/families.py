"""The shapes of school the examples come in: bell schedule, subjects and how counts grow."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from schemas.problem import DayBlock
from schemas.school import BlockKind, Grade

MIDDLE: tuple[Grade, ...] = ("06", "07", "08")
HIGH: tuple[Grade, ...] = ("09", "10", "11", "12")

STRANDS: dict[str, tuple[str, ...]] = {
    "maths": ("Number", "Ratios", "Equations", "Geometry", "Statistics", "Functions"),
    "english": ("Reading", "Writing", "Speaking", "Grammar"),
    "science": ("Forces", "Cells", "Matter", "Earth"),
    "history": ("Sources", "Societies", "Revolutions", "Maps"),
    "languages": ("Listening", "Conversation", "Vocabulary", "Culture"),
    "computing": ("Algorithms", "Networks", "Modelling", "Web"),
    "civics": ("Government", "Rights", "Economics", "Media"),
    "health": ("Nutrition", "Fitness", "Safety", "Wellbeing"),
}


@dataclass(frozen=True)
class Growth:
    """A count that grows in a straight line between two sizes of school (in students), goes on in
    that line above them and shrinks in proportion below, never under `least`."""

    small: tuple[int, int]
    large: tuple[int, int]
    least: int

    def at(self, students: int) -> int:
        (n0, low), (n1, high) = self.small, self.large
        if students < n0:
            return max(self.least, round(low * students / n0))
        return max(self.least, round(low + (high - low) * (students - n0) / (n1 - n0)))


@dataclass(frozen=True)
class Family:
    """One shape of school day."""

    name: str
    students: int
    """How many students when nobody says."""
    grades: tuple[Grade, ...]
    start: int
    """Minutes after midnight at which the first block starts."""
    passing: int
    """Minutes between blocks."""
    blocks: tuple[tuple[BlockKind, int], ...]
    """Kind and minutes of each block of the day."""
    subjects: tuple[str, ...]
    strands: int
    levels: int
    adults: Growth
    rooms: Growth
    offerings: Growth
    windows: int
    """Into how many windows the flex blocks fall for choices."""
    long: tuple[int, ...]
    """Lengths in blocks of the offerings that span several."""
    annex_minutes: int
    one_space: bool = False
    """Whether most sessions share one large space with zones."""
    planning_in_flex: float = 1.0
    """Share of the teachers whose planning time lies in a flex block."""

    def bell(self) -> tuple[DayBlock, ...]:
        """The blocks of the day; moves weigh double in the first flex block."""
        found: list[DayBlock] = []
        clock, counts = self.start, dict.fromkeys(("flex", "class", "lunch", "advisory"), 0)
        for kind, minutes in self.blocks:
            counts[kind] += 1
            first_flex = kind == "flex" and counts[kind] == 1
            found.append(
                DayBlock(
                    id=f"{kind}-{counts[kind]}",
                    title=f"{kind.capitalize()} {counts[kind]}",
                    kind=kind,
                    start=clock,
                    end=clock + minutes,
                    moved_factor=2 if first_flex and len(self.blocks) > 1 else 1,
                )
            )
            clock += minutes + self.passing
        return tuple(found)


def flex_runs(blocks: tuple[DayBlock, ...]) -> list[list[int]]:
    """Positions among the flex blocks, in groups that nothing else interrupts."""
    flex = [i for i, block in enumerate(blocks) if block.kind == "flex"]
    runs = [[0]] if flex else []
    for n, (earlier, later) in enumerate(pairwise(flex), start=1):
        if later == earlier + 1:
            runs[-1].append(n)
        else:
            runs.append([n])
    return runs


SIX = ("maths", "english", "science", "history", "languages", "computing")

FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family(
            name="lab", students=150, grades=MIDDLE, start=495, passing=5,
            blocks=(("class", 50), ("class", 50), ("lunch", 35), ("flex", 40), ("flex", 40),
                    ("class", 50)),
            subjects=("maths",), strands=6, levels=6, adults=Growth((60, 5), (150, 8), 5),
            rooms=Growth((60, 7), (150, 9), 6), offerings=Growth((60, 9), (150, 12), 8),
            windows=1, long=(2,), annex_minutes=5, one_space=True, planning_in_flex=0.0,
        ),
        Family(
            name="win", students=850, grades=HIGH, start=480, passing=5,
            blocks=(("class", 55), ("class", 55), ("class", 55), ("lunch", 35), ("flex", 40),
                    ("class", 55)),
            subjects=(*SIX, "civics", "health"), strands=4, levels=7,
            adults=Growth((850, 57), (3000, 240), 8), rooms=Growth((850, 48), (3000, 200), 12),
            offerings=Growth((850, 60), (3000, 250), 14), windows=1, long=(), annex_minutes=5,
            planning_in_flex=0.1,
        ),
        Family(
            name="flex6", students=300, grades=MIDDLE, start=485, passing=5,
            blocks=(("advisory", 20), ("flex", 50), ("flex", 50), ("flex", 50), ("lunch", 40),
                    ("flex", 50), ("flex", 50), ("flex", 50)),
            subjects=SIX, strands=4, levels=7, adults=Growth((150, 13), (1200, 75), 10),
            rooms=Growth((150, 16), (1200, 64), 12), offerings=Growth((150, 50), (1200, 200), 30),
            windows=2, long=(2,), annex_minutes=5,
        ),
        Family(
            name="mods", students=1100, grades=HIGH, start=475, passing=2,
            blocks=(("advisory", 20), *(("class", 20),) * 3, *(("flex", 20),) * 3,
                    *(("class", 20),) * 3, *(("flex", 20),) * 2, *(("lunch", 20),) * 2,
                    *(("flex", 20),) * 2, *(("class", 20),) * 3, *(("flex", 20),) * 2,
                    ("class", 20)),
            subjects=SIX, strands=4, levels=7, adults=Growth((550, 36), (1100, 72), 12),
            rooms=Growth((550, 36), (1100, 62), 14), offerings=Growth((550, 70), (1100, 120), 30),
            windows=2, long=(2, 2, 3), annex_minutes=4,
        ),
        Family(
            name="xl", students=3000, grades=HIGH, start=480, passing=5,
            blocks=(("advisory", 15), *(("flex", 40),) * 4, ("lunch", 35), *(("flex", 40),) * 4),
            subjects=(*SIX, "civics", "health"), strands=4, levels=7,
            adults=Growth((1500, 102), (3000, 204), 14), rooms=Growth((1500, 90), (3000, 156), 16),
            offerings=Growth((1500, 140), (3000, 250), 40), windows=2, long=(2,), annex_minutes=5,
        ),
    )
}  # fmt: skip
