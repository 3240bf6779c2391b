"""Students and adults of a day: when they are held, what adults have agreed to, fair shares."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from schemas.base import BlockId, StaffId, StudentId
from schemas.problem import Commitment, DayStaff, ProtectedTime
from schemas.school import StaffMember
from services.snapshot.history import Past
from services.snapshot.sources import Sources


@dataclass(frozen=True)
class Held:
    """The fixed classes that hold people, apart for students and adults: ids may coincide."""

    students: dict[StudentId, list[Commitment]]
    staff: dict[StaffId, list[Commitment]]


def commitments(day: Sources) -> Held:
    """What the day's fixed classes hold whom in."""
    buildings = {room.id: room.building for room in day.rooms}
    found = Held(defaultdict(list), defaultdict(list))
    for section in day.sections:
        blocks = tuple(block for block in day.blocks if block in section.blocks)
        if blocks:
            held = Commitment(blocks=blocks, building=buildings.get(section.room or ""))
            for student in dict.fromkeys(section.students):
                found.students[student].append(held)
            for adult in dict.fromkeys(section.staff):
                found.staff[adult].append(held)
    return found


def day_staff(day: Sources, held: Held, past: Past) -> tuple[DayStaff, ...]:
    """The adults, away when absent or not at work."""
    return tuple(
        DayStaff(
            id=adult.id,
            qualifications=adult.qualifications,
            away=_away(day, adult),
            commitments=tuple(held.staff.get(adult.id, ())),
            most_preparations=adult.most_preparations,
            most_consecutive_blocks=adult.most_consecutive_blocks,
            most_students=adult.most_students,
            declined=adult.declined,
            covers=adult.covers,
            fair_blocks=past.fair_blocks(adult.id),
            fair_cover=past.fair_cover(adult.id),
        )
        for adult in day.staff
    )


def _away(day: Sources, adult: StaffMember) -> tuple[BlockId, ...]:
    absent = day.staff_away.get(adult.id, ())
    works = day.blocks if adult.available_blocks is None else adult.available_blocks
    return tuple(block for block in day.blocks if block in absent or block not in works)


def protected_times(day: Sources, staff: tuple[DayStaff, ...]) -> tuple[ProtectedTime, ...]:
    """Each adult's own planning, and what the school protects besides.

    A day cannot hold more planning than its fixed classes leave: what is cut short is noted.
    """
    agreed = {adult.id: adult.planning_blocks for adult in day.staff}
    teaching = tuple(block.id for block in day.schedule.blocks if block.kind != "lunch")
    own = [
        ProtectedTime(
            id=f"planning:{adult.id}",
            kind="planning",
            staff=(adult.id,),
            blocks=teaching,
            at_least=agreed[adult.id],
        )
        for adult in staff
        if agreed[adult.id]
    ]
    busy = {adult.id: {b for c in adult.commitments for b in c.blocks} for adult in staff}
    asked = [*own, *day.settings.protected]
    found = (_within_the_day(day, time, busy) for time in asked)
    return tuple(time for time in found if time is not None)


def _within_the_day(
    day: Sources, time: ProtectedTime, busy: dict[StaffId, set[BlockId]]
) -> ProtectedTime | None:
    staff = tuple(adult for adult in time.staff if adult in busy)
    blocks = tuple(block for block in day.blocks if block in time.blocks)
    open_blocks = [block for block in blocks if not any(block in busy[one] for one in staff)]
    possible = min(time.at_least, len(open_blocks))
    if not staff or not blocks:
        return None
    if possible < time.at_least:
        day.note("planning.cut_short", time=time.id, blocks=str(possible))
    if not possible:
        return None
    return time.model_copy(update={"staff": staff, "blocks": blocks, "at_least": possible})
