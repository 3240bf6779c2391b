"""Keeps what a school already knows about a record where the source being read is silent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from schemas.base import Frozen
from schemas.school import BellSchedule, Roster


def record_key(record: Frozen) -> tuple[str, ...]:
    """What identifies a record among those of its kind in one school."""
    for names in (("id",), ("guardian", "student"), ("date",), ("a", "b")):
        if all(name in type(record).model_fields for name in names):
            key = tuple(str(getattr(record, name)) for name in names)
            return tuple(sorted(key)) if names == ("a", "b") else key
    raise TypeError(f"{type(record).__name__} has no key")


def keep_known(roster: Roster, known: Roster | None, kinds: Iterable[str]) -> Roster:
    """The roster with every field that its source did not give taken from the known record.

    A source gives a field by setting it: adapters set only what their format carries, so that
    importing enrolments again does not wipe out qualifications entered elsewhere.
    """
    if known is None:
        return roster
    update = {kind: _merged(getattr(roster, kind), getattr(known, kind)) for kind in kinds}
    return roster.model_copy(update=update)


def keep_known_day(roster: Roster, known: Roster | None) -> Roster:
    """The roster with the kinds of blocks (flexible, lunch) that the school has given its day.

    A known bell schedule stays while it holds every block that the source still has, at the same
    times; fixed classes do not meet in blocks that it made flexible.
    """
    if known is None:
        return roster
    before = {schedule.id: schedule for schedule in known.bell_schedules}
    schedules = tuple(
        before[schedule.id] if _holds(before.get(schedule.id), schedule) else schedule
        for schedule in roster.bell_schedules
    )
    flex = {b.id for s in schedules for b in s.blocks if b.kind == "flex"}
    sections = tuple(
        section.model_copy(update={"blocks": tuple(b for b in section.blocks if b not in flex)})
        for section in roster.sections
    )
    return roster.model_copy(update={"bell_schedules": schedules, "sections": sections})


def _holds(known: BellSchedule | None, read: BellSchedule) -> bool:
    times = {(block.id, block.start, block.end) for block in known.blocks} if known else set()
    return all((block.id, block.start, block.end) in times for block in read.blocks)


def _merged(records: Iterable[Any], known: Iterable[Any]) -> tuple[Any, ...]:
    before = {record_key(record): record for record in known}
    return tuple(_filled(record, before.get(record_key(record))) for record in records)


def _filled(record: Any, known: Any) -> Any:
    if known is None:
        return record
    silent = set(type(record).model_fields) - record.model_fields_set
    return record.model_copy(update={name: getattr(known, name) for name in silent})
