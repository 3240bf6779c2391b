"""Draws what holds people outside the plan: classes, and absences as blocks of the day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from schemas.problem import Commitment, DayBlock
from services.examples.planted import PlantedDay


@dataclass(frozen=True)
class Stay:
    """A person in a building during a run of the day's blocks, given by positions."""

    first: int
    last: int
    building: str


def class_runs(blocks: Sequence[DayBlock]) -> list[list[int]]:
    """Positions of class blocks, in groups that nothing else interrupts."""
    return [
        [i for i, _ in run]
        for kind, run in groupby(enumerate(blocks), key=lambda pair: pair[1].kind)
        if kind == "class"
    ]


def draw_classes(
    day: PlantedDay, stays: list[Stay], away: set[int], skip: int = 0
) -> tuple[Commitment, ...]:
    """A person's classes, in a building they reach from and can leave for their sessions in time;
    in none in particular where there is no such building. `skip` class blocks stay free."""
    found: list[Commitment] = []
    taken = list(stays)
    main, annex = (building.id for building in day.places.buildings[:2])
    for run in reversed(class_runs(day.blocks)):
        here = [at for at in run if at not in away]
        here, skip = (here[:-skip] if skip else here), max(0, skip - len(here))
        if not here:
            continue
        order = (annex, main) if day.draw.chance(0.2) else (main, annex)
        fitting = [b for b in order if _fits(day, taken, Stay(here[0], here[-1], b))]
        building = fitting[0] if fitting else None
        if building:
            taken.append(Stay(here[0], here[-1], building))
        blocks = tuple(day.blocks[at].id for at in here)
        found.append(Commitment(blocks=blocks, building=building, title="Classes"))
    return tuple(reversed(found))


def _fits(day: PlantedDay, stays: list[Stay], new: Stay) -> bool:
    before = max((s for s in stays if s.last < new.first), key=lambda s: s.last, default=None)
    after = min((s for s in stays if s.first > new.last), key=lambda s: s.first, default=None)
    return all(
        day.timetable.clock.minutes(a.building, b.building)
        <= day.blocks[b.first].start - day.blocks[a.last].end
        for a, b in ((before, new), (new, after))
        if a is not None and b is not None
    )


def stays_of_students(day: PlantedDay) -> list[list[Stay]]:
    """Where each student's sessions keep them."""
    at = flex_positions(day)
    return [
        [Stay(at[s.span[0]], at[s.span[-1]], s.room.building) for s in sessions]
        for sessions in day.sessions_by_student()
    ]


def stays_of_adults(day: PlantedDay) -> dict[str, list[Stay]]:
    """Where each adult's duties keep them."""
    at = flex_positions(day)
    found: dict[str, list[Stay]] = {adult.id: [] for adult in day.adults}
    for session in day.sessions:
        for duty in session.duties:
            stay = Stay(at[session.span[0]], at[session.span[-1]], session.room.building)
            found[duty.staff].append(stay)
    return found


def flex_positions(day: PlantedDay) -> list[int]:
    """The position in the day of each flex block."""
    return [i for i, block in enumerate(day.blocks) if block.kind == "flex"]


def whole_absence(day: PlantedDay, flex_away: set[int]) -> set[int]:
    """Absences in flex blocks drawn out over the blocks around them, as positions in the day: up
    to the first or from the last when the day begins or ends with them, all when all are away."""
    at = flex_positions(day)
    if not flex_away:
        return set()
    if len(flex_away) == len(at):
        return set(range(len(day.blocks)))
    positions = sorted(at[n] for n in flex_away)
    if 0 in flex_away:
        return set(range(positions[-1] + 1))
    return set(range(positions[0], len(day.blocks)))
