"""What a day's question is drawn from, read from the store once and in a fixed order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from schemas.base import BlockId
from schemas.school import (
    BellSchedule,
    CalendarDay,
    ClassSection,
    Competency,
    Offering,
    Room,
    School,
    StaffMember,
    Student,
)
from services.day_settings import DaySettings
from services.facts import PRESENCE, away
from services.store import PlanRow, Tx

Presence = Mapping[str, tuple[BlockId, ...]]
"""Who is away (or closed) in which blocks."""


class NoSchoolDay(Exception):
    """There is nothing to plan on this day: it says why, and how to mend it."""


@dataclass(frozen=True)
class Note:
    """Something the snapshot settled by itself, for the person who reviews the plan."""

    kind: str
    parameters: Mapping[str, str] = field(hash=False)


@dataclass(frozen=True)
class Sources:
    """A school on a day. Lists are in the order of their ids."""

    tx: Tx
    day: date
    now: datetime
    school: School
    settings: DaySettings
    schedule: BellSchedule
    calendar: Mapping[date, str]
    """The bell schedule of each open day."""
    published: PlanRow | None
    """What is published for the day itself."""
    beside: PlanRow | None = None
    """A plan to stay close to while nothing is published."""
    notes: list[Note] = field(default_factory=list)

    def note(self, kind: str, **parameters: str) -> None:
        self.notes.append(Note(kind, parameters))

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.school.zone)

    @cached_property
    def blocks(self) -> tuple[BlockId, ...]:
        return tuple(block.id for block in self.schedule.blocks)

    @cached_property
    def flex(self) -> tuple[BlockId, ...]:
        return tuple(block.id for block in self.schedule.blocks if block.kind == "flex")

    @cached_property
    def begins(self) -> datetime:
        """Local midnight, so that nothing hangs on the hour at which the day is planned."""
        return datetime.combine(self.day, time(0), self.zone)

    @cached_property
    def rooms(self) -> list[Room]:
        return self.tx.roster("rooms")

    @cached_property
    def students(self) -> list[Student]:
        return self.tx.roster("students")

    @cached_property
    def staff(self) -> list[StaffMember]:
        return self.tx.roster("staff")

    @cached_property
    def sections(self) -> list[ClassSection]:
        return self.tx.roster("sections")

    @cached_property
    def competencies(self) -> list[Competency]:
        return self.tx.roster("competencies")

    @cached_property
    def offerings(self) -> list[Offering]:
        """The offerings that can start today, teaching only what the school knows."""
        known = {competency.id for competency in self.competencies}
        found = []
        for offering in self.tx.roster("offerings"):
            starts = _those(offering.starts, self.flex)
            taught = tuple(one for one in offering.competencies if one in known)
            if starts == ():
                self.note("offering.not_today", offering=offering.id)
                continue
            found.append(offering.model_copy(update={"starts": starts, "competencies": taught}))
        return found

    @cached_property
    def students_away(self) -> Presence:
        return self._away("student")

    @cached_property
    def staff_away(self) -> Presence:
        return self._away("staff")

    @cached_property
    def rooms_closed(self) -> Presence:
        return self._away("room")

    def _away(self, who: str) -> Presence:
        return away(self.tx.facts(PRESENCE[who], day=self.day), self.blocks)

    def facts(self, kind: str, **limits: Any) -> list[Mapping[str, Any]]:
        """The bodies of the facts of a kind."""
        return [fact["body"] for fact in self.tx.facts(kind, **limits)]

    def school_days(self, first: date, last: date) -> list[date]:
        """The open days from first to last, both included."""
        return [day for day in sorted(self.calendar) if first <= day <= last]

    def past(self) -> Iterator[PlanRow]:
        """The plans that were published for the school days before, newest first."""
        row = self.tx.last_published(self.day)
        oldest = self.day - timedelta(days=2 * self.settings.history_days + 7)
        for _ in range(self.settings.history_days):
            if row is None or row.day < oldest:
                return
            yield row
            row = self.tx.last_published(row.day)


def _those(named: Sequence[str] | None, among: Sequence[str]) -> tuple[str, ...] | None:
    return None if named is None else tuple(one for one in named if one in among)


def sources(tx: Tx, day: date, now: datetime, beside: PlanRow | None = None) -> Sources:
    """Opens the sources of a day.

    Raises:
        NoSchoolDay: the calendar closes the day, does not know it, or its bell schedule is gone.
        SettingsRefused: the school's day settings cannot be read.
    """
    calendar: list[CalendarDay] = tx.roster("calendar")
    schedules = {schedule.id: schedule for schedule in tx.roster("bell_schedules")}
    kept = {entry.date: entry.bell_schedule for entry in calendar}
    if day not in kept:
        raise NoSchoolDay(f"{day} is not in the school's calendar; add it there to plan it")
    name = kept[day]
    if name is None:
        raise NoSchoolDay(f"the school is closed on {day}")
    if name not in schedules:
        raise NoSchoolDay(f"{day} follows bell schedule {name!r}, which is unknown; import it")
    return Sources(
        tx=tx,
        day=day,
        now=now,
        school=tx.school(),
        settings=DaySettings.of(tx.settings()),
        schedule=schedules[name],
        calendar={when: schedule for when, schedule in kept.items() if schedule is not None},
        published=tx.published(day),
        beside=beside,
    )
