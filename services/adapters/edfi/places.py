"""Schools of an Ed-Fi district with their rooms, bell schedules, terms and calendars."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from schemas.school import BellSchedule, Block, Building, CalendarDay, Room, Roster, School
from services.adapters.edfi.document import Documents, Record
from services.adapters.grades import ORDER, grade_of
from services.adapters.report import Ledger

BUILDING = "main"
_SEATS = 30
_INSTRUCTIONAL = "Instructional day"


@dataclass(frozen=True)
class Term:
    """A session of the school year, by its Ed-Fi name."""

    name: str
    begins: date
    ends: date
    days: int | None

    def holds(self, day: date) -> bool:
        return self.begins <= day <= self.ends


def schools_of(
    documents: Documents, zone: str, known: dict[str, Roster], ledger: Ledger
) -> list[School]:
    schools = []
    for record in documents.all("School"):
        before = known.get(record.text("SchoolId"))
        fields = {
            "id": record.text("SchoolId"),
            "title": record.text("NameOfInstitution"),
            "zone": before.school.zone if before else zone,
            "grades": _grades(record),
        }
        school = ledger.build(
            School, fields, file=record.file, row=record.number, columns={"id": "SchoolId"}
        )
        schools += [school] if school else []
        if not before:
            ledger.assume("School.zone", f"{zone}, as Ed-Fi carries no time zone")
    return schools


def _grades(record: Record) -> tuple[str, ...]:
    grades = {grade for text in record.texts("GradeLevel") if (grade := grade_of(text))}
    return tuple(sorted(grades, key=ORDER.index))


def building_of(school: School) -> Building:
    """Ed-Fi names no buildings, so a school is one."""
    return Building(id=BUILDING, title=school.title)


def rooms_of(documents: Documents, school: str, ledger: Ledger) -> tuple[Room, ...]:
    rooms = []
    for record in documents.all("Location"):
        if documents.school_of(record) != school:
            continue
        code, seats = (
            record.text("ClassroomIdentificationCode"),
            record.text("MaximumNumberOfSeats"),
        )
        if not seats:
            ledger.assume("Room.seats", f"{_SEATS} seats where MaximumNumberOfSeats is missing")
        fields = {"id": code, "title": code, "building": BUILDING, "seats": seats or _SEATS}
        columns = {"id": "ClassroomIdentificationCode", "seats": "MaximumNumberOfSeats"}
        room = ledger.build(Room, fields, file=record.file, row=record.number, columns=columns)
        rooms += [room] if room else []
    return tuple(rooms)


def bell_schedules_of(
    documents: Documents, school: str, ledger: Ledger
) -> tuple[BellSchedule, ...]:
    """Class periods become blocks of kind class; without a bell schedule one holds them all."""
    blocks = _blocks(documents, school, ledger)
    schedules = []
    for record in documents.all("BellSchedule"):
        if documents.school_of(record) != school:
            continue
        names = periods_of(documents, record)
        for name in names:
            if name not in blocks:
                record.refuse("ClassPeriodReference", f"no class period {name!r}", "add it")
        title = record.text("BellScheduleName")
        fields = {"id": title, "title": title, "blocks": _in_order(blocks, names)}
        schedule = ledger.build(BellSchedule, fields, file=record.file, row=record.number)
        schedules += [schedule] if schedule else []
    if blocks and not schedules:
        ledger.assume("BellSchedule", "one schedule of all class periods, as none is given")
        every = _in_order(blocks, blocks)
        fields = {"id": "All periods", "title": "All periods", "blocks": every}
        schedule = ledger.build(BellSchedule, fields, file="", row=None)
        schedules += [schedule] if schedule else []
    return tuple(schedules)


def _blocks(documents: Documents, school: str, ledger: Ledger) -> dict[str, Block]:
    blocks = {}
    for record in documents.all("ClassPeriod"):
        if documents.school_of(record) != school:
            continue
        name = record.text("ClassPeriodName")
        times = list(record.parts("MeetingTime"))
        if len(times) > 1:
            ledger.warn("class periods with several meeting times; the first is kept")
        if not times:
            ledger.warn("class periods without a meeting time, left out")
            continue
        fields = {
            "id": name,
            "title": name,
            "kind": "class",
            "start": times[0].minute("StartTime"),
            "end": times[0].minute("EndTime"),
        }
        columns = {"id": "ClassPeriodName", "start": "StartTime", "end": "EndTime"}
        block = ledger.build(Block, fields, file=record.file, row=record.number, columns=columns)
        if block:
            blocks[name] = block
    return blocks


def periods_of(documents: Documents, record: Record) -> tuple[str, ...]:
    """Class periods that a bell schedule or a section names, by identity or by `ref`."""
    names = record.texts("ClassPeriodReference/ClassPeriodIdentity/ClassPeriodName")
    for element in record.element.findall("ClassPeriodReference"):
        target = documents.by_reference(element.get("ref", ""))
        if target is not None:
            names.append(target.text("ClassPeriodName"))
    return tuple(dict.fromkeys(names))


def _in_order(blocks: dict[str, Block], names: Iterable[str]) -> tuple[Block, ...]:
    kept = [blocks[name] for name in names if name in blocks]
    return tuple(sorted(kept, key=lambda block: (block.start, block.end)))


def terms_of(documents: Documents, school: str) -> list[Term]:
    """The school's sessions in order of time."""
    terms = []
    for record in documents.all("Session"):
        begins, ends = record.day("BeginDate"), record.day("EndDate")
        if documents.school_of(record) == school and begins and ends:
            days = record.amount("TotalInstructionalDays")
            terms.append(
                Term(record.text("SessionName"), begins, ends, int(days) if days else None)
            )
    return sorted(terms, key=lambda term: (term.begins, term.name))


def term_on(terms: list[Term], day: date | None, ledger: Ledger) -> Term | None:
    """The term whose classes count: that of `day`, else the first."""
    if not terms:
        return None
    held = [term for term in terms if day is not None and term.holds(day)]
    if held:
        return held[0]
    ledger.assume("ClassSection", f"those of {terms[0].name}, as no other term holds the day asked")
    return terms[0]


def calendar_of(
    documents: Documents,
    school: str,
    terms: list[Term],
    schedules: tuple[BellSchedule, ...],
    ledger: Ledger,
) -> tuple[CalendarDay, ...]:
    """A day per weekday of each term, and per calendar date named."""
    if not schedules:
        return ()
    usual = schedules[0].id
    days = {day: CalendarDay(date=day, bell_schedule=usual) for day in _weekdays(terms)}
    for record in documents.all("CalendarDate"):
        if _calendar_school(documents, record) == school and (day := record.day("Date")):
            event = record.word("CalendarEvent")
            follows = usual if event == _INSTRUCTIONAL else None
            title = "" if follows else event
            _add_day(
                days, ledger, record, "CalendarEvent", date=day, bell_schedule=follows, title=title
            )
    for schedule in documents.all("BellSchedule"):
        if documents.school_of(schedule) == school:
            for text in schedule.texts("Date"):
                named = _date(text)
                if named:
                    follows = schedule.text("BellScheduleName")
                    _add_day(
                        days,
                        ledger,
                        schedule,
                        "BellScheduleName",
                        date=named,
                        bell_schedule=follows,
                    )
    _account_for_days(terms, days, ledger)
    return tuple(days[day] for day in sorted(days))


def _add_day(
    days: dict[date, CalendarDay], ledger: Ledger, record: Record, column: str, **fields: Any
) -> None:
    columns = {"title": column, "bell_schedule": column}
    day = ledger.build(CalendarDay, fields, file=record.file, row=record.number, columns=columns)
    if day is not None:
        days[day.date] = day


def _weekdays(terms: list[Term]) -> Iterator[date]:
    for term in terms:
        span = min((term.ends - term.begins).days, 366)
        for offset in range(span + 1):
            day = term.begins + timedelta(days=offset)
            if day.weekday() < 5:
                yield day


def _calendar_school(documents: Documents, record: Record) -> str:
    path = "CalendarReference/CalendarIdentity/SchoolReference"
    return documents.school_of(record, path) or documents.school_of(record)


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _account_for_days(terms: list[Term], days: dict[date, CalendarDay], ledger: Ledger) -> None:
    ledger.assume(
        "CalendarDay", "every weekday of a term follows the first bell schedule", len(days)
    )
    for term in terms:
        held = sum(term.holds(day) and bool(entry.bell_schedule) for day, entry in days.items())
        if term.days and held > term.days:
            ledger.warn(
                "weekdays of a term that are holidays without a date", count=held - term.days
            )
