"""Invents the people of a day: who they are, what they can do, and when something holds them."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import cycle
from typing import Literal

import numpy as np

from schemas.problem import DayBlock, HomePlace, ProtectedTime
from schemas.school import Grade
from services.examples.competencies import Flags
from services.examples.drawing import Draw
from services.examples.families import Family
from services.examples.offerings import CRAFTS, SPECIALTIES
from services.examples.places import Places

LANGUAGES = ("spanish", "arabic", "vietnamese")
ABSENT_ADULTS = 0.059
ABSENT_STUDENTS = 0.06


@dataclass
class Adult:
    """An adult and the flex blocks (by position) that are taken before any session is drawn."""

    id: str
    kind: Literal["teacher", "aide", "specialist"]
    qualifications: tuple[str, ...]
    away: set[int] = field(default_factory=set)
    held: set[int] = field(default_factory=set)
    """In a commitment or minding a home place."""
    planning: set[int] = field(default_factory=set)
    working: set[int] = field(default_factory=set)
    """Blocks in which the planted plan has a duty for them."""

    def may_work(self, block: int) -> bool:
        return not any(block in taken for taken in (self.away, self.held, self.planning))


@dataclass(frozen=True)
class Students:
    """Students by position; `free` is students x flex blocks."""

    ids: tuple[str, ...]
    grades: tuple[Grade, ...]
    consent: Flags
    away: Flags
    busy: Flags
    """Committed elsewhere in a flex block, a column each."""

    @property
    def free(self) -> Flags:
        return ~(self.away | self.busy)


def draw_students(draw: Draw, family: Family, count: int, flex: int) -> Students:
    """Six in a hundred are absent, two late, one leaves early; three in a hundred student-blocks
    are committed elsewhere."""
    rng = draw.rng
    away = np.zeros((count, flex), dtype=bool)
    kind = rng.random(count)
    away[kind < ABSENT_STUDENTS] = True
    away[(kind > 0.97) & (kind < 0.99), 0] = flex > 1
    away[kind >= 0.99, -1] = flex > 1
    busy = (rng.random((count, flex)) < 0.03) & ~away
    return Students(
        tuple(sorted(draw.new_id("s") for _ in range(count))),
        tuple(draw.one(family.grades) for _ in range(count)),
        rng.random(count) < 0.65,
        away,
        busy,
    )


def draw_adults(draw: Draw, family: Family, count: int, flex: int) -> list[Adult]:
    """About one in seven is an aide and one in ten a specialist; every subject, craft and
    specialty is covered as far as the numbers go round."""
    aides, specialists = max(1, count // 7), max(1, count // 10)
    subjects, crafts = cycle(draw.shuffled(family.subjects)), cycle(CRAFTS)
    found = [Adult(draw.new_id("t"), "aide", ()) for _ in range(aides)]
    found += [
        Adult(draw.new_id("t"), "specialist", tuple(draw.some(SPECIALTIES, draw.whole(2, 3))))
        for n in range(specialists)
    ]
    for n in range(count - aides - specialists):
        main = next(subjects)
        others = [s for s in family.subjects if s != main]
        more = draw.some(others, 1 + draw.chance(0.25)) if draw.chance(0.45) else []
        craft = [next(crafts)] if n % 3 == 0 else []
        found.append(Adult(draw.new_id("t"), "teacher", (main, *more, *craft)))
    for adult in found:
        if draw.chance(0.2):
            adult.qualifications += (draw.one(LANGUAGES),)
    found.sort(key=lambda adult: adult.id)
    _draw_absences(draw, found, flex)
    return found


def _draw_absences(draw: Draw, adults: list[Adult], flex: int) -> None:
    missing = round(ABSENT_ADULTS * len(adults)) if len(adults) >= 10 else 0
    for n, adult in enumerate(draw.some(adults, missing)):
        whole_day = flex < 4 or n % 2 == 0
        adult.away = set(range(flex)) if whole_day else set(range(flex // 2))
    if flex > 1 and len(adults) >= 20:
        for adult in draw.some([a for a in adults if not a.away], len(adults) // 20):
            adult.held.add(draw.whole(0, flex - 1))


def draw_homes(
    draw: Draw, places: Places, adults: list[Adult], flex: list[DayBlock]
) -> list[HomePlace]:
    """In every flex block each hall takes students in, minded by an adult; the turns go round,
    aides first, so that nobody minds one twice before everybody has."""
    turns = dict.fromkeys((adult.id for adult in adults), 0)
    homes = []
    for at, block in enumerate(flex):
        present = [a for a in draw.shuffled(adults) if at not in a.away | a.held]
        present.sort(key=lambda adult: (turns[adult.id], adult.kind != "aide"))
        for room, adult in zip(places.home_rooms, present, strict=False):
            adult.held.add(at)
            turns[adult.id] += 1
            homes.append(
                HomePlace(
                    id=draw.new_id("h"), block=block.id, room=room.id, staff=adult.id,
                    seats=room.seats,
                )
            )  # fmt: skip
    return homes


def draw_protected(
    draw: Draw, family: Family, adults: list[Adult], blocks: tuple[DayBlock, ...]
) -> list[ProtectedTime]:
    """A duty-free lunch for all; planning time in a flex block for teachers, some of them in
    common, as far as the family plans in flex blocks, else in a class block."""
    lunch = tuple(block.id for block in blocks if block.kind == "lunch")
    classes = tuple(block.id for block in blocks if block.kind == "class")
    found = [
        ProtectedTime(id=draw.new_id("p"), kind="lunch", staff=(a.id,), blocks=lunch, at_least=1)
        for a in adults
    ]
    flex = [block.id for block in blocks if block.kind == "flex"]
    teachers = [a for a in draw.shuffled(adults) if a.kind == "teacher" and not a.away]
    in_flex = round(family.planning_in_flex * len(teachers))
    for adult in teachers[in_flex:]:
        found.append(
            ProtectedTime(
                id=draw.new_id("p"), kind="planning", staff=(adult.id,), blocks=classes, at_least=1
            )
        )
    planners = teachers[:in_flex]
    turn = draw.whole(0, len(flex) - 1)
    while planners:
        team = 3 if len(planners) > 3 and len(flex) > 2 and draw.chance(0.12) else 1
        group, planners = planners[:team], planners[team:]
        turn = (turn + 1) % len(flex)
        common = [at for at in range(turn, turn + len(flex)) if _all_free(group, at % len(flex))]
        if not common:
            continue
        for adult in group:
            adult.planning.add(common[0] % len(flex))
        found.append(
            ProtectedTime(
                id=draw.new_id("p"),
                kind="common" if team > 1 else "planning",
                staff=tuple(sorted(adult.id for adult in group)),
                blocks=tuple(flex),
                at_least=1,
            )
        )
    return found


def _all_free(group: list[Adult], block: int) -> bool:
    return all(adult.may_work(block) for adult in group)


def draw_work(draw: Draw, adults: list[Adult], flex: int, share: float) -> None:
    """Says in which blocks each adult works, so that `share` of all they may is worked."""
    may = [[a for a in draw.shuffled(adults) if a.may_work(at)] for at in range(flex)]
    idle = round((1 - share) * sum(len(present) for present in may))
    order = draw.shuffled(range(flex))
    for n in range(idle):
        present = may[order[n % flex]]
        if len(present) > 1:
            present.pop()
    for at, present in enumerate(may):
        for adult in present:
            adult.working.add(at)
