"""A person's published days as an iCalendar feed (RFC 5545, RFC 7986)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vDuration

from schemas.schedule import Entry, Schedule
from services.canonical import canonical, sha256
from services.schedules.book import Book
from services.schedules.day import staff_schedule, student_schedule
from services.store import PlanRow, Tx
from services.store.people import PersonKind
from services.timer import instant_at
from services.viewer import Viewer

DAYS_BACK, DAYS_AHEAD = 14, 30
REFRESH = timedelta(hours=1)
TOLD = frozenset({"session", "class", "home"})


@dataclass(frozen=True)
class Subject:
    """Whose days a feed holds; `mark` tells children of one family apart without a name."""

    kind: PersonKind
    person: str
    mark: str = ""


def calendar_of(tx: Tx, kind: PersonKind, person: str, title: str) -> bytes:
    """The feed of a person, from two weeks back to a month ahead; it names no other student.

    An event keeps its UID, made of person, day and block; SEQUENCE is the number of the day's
    publication. What an earlier publication told and the newest does not is CANCELLED.
    """
    calendar = Calendar()
    calendar.add("prodid", "-//flexday//schedules//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("name", title)
    calendar.add("x-wr-calname", title)
    calendar.add("refresh-interval", vDuration(REFRESH), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vDuration(REFRESH))
    zone = ZoneInfo(tx.school().zone)
    for subject in _subjects(tx, kind, person):
        for row in _published(tx):
            for event in _day(tx, row, subject, zone):
                calendar.add_component(event)
    body: bytes = calendar.to_ical()
    return body


def _subjects(tx: Tx, kind: PersonKind, person: str) -> list[Subject]:
    """A guardian's feed holds the children whose links hold today; anybody else's their own."""
    if kind != "guardian":
        return [Subject(kind, person)]
    machine = tx.viewer
    tx.as_viewer(Viewer.guardian(machine.school, person))
    children = sorted(tx.tied_students)
    tx.as_viewer(machine)
    names = tx.student_names(children, "calendar feed")
    several = len(children) > 1
    return [
        Subject("student", child, f"{names.get(child, '?')[:1]}: " if several else "")
        for child in children
    ]


def _published(tx: Tx) -> Iterator[PlanRow]:
    today = tx.today()
    for ahead in range(-DAYS_BACK, DAYS_AHEAD + 1):
        row = tx.published(today + timedelta(days=ahead))
        if row is not None:
            yield row


def _day(tx: Tx, row: PlanRow, subject: Subject, zone: ZoneInfo) -> Iterator[Event]:
    now = _by_block(_schedule(Book(tx, row), subject))
    earlier: dict[str, Entry] = {}
    for number, plan in tx.publications(row.day):
        if number < (row.pub_seq or 0):
            earlier |= _by_block(_schedule(Book(tx, tx.plan(plan)), subject))
    for block in sorted({*now, *earlier}):
        key = [tx.viewer.school, subject.person, row.day.isoformat(), block]
        event = _event(row, now.get(block) or earlier[block], zone, subject.mark)
        event.add("uid", f"{sha256(canonical(key))[:32]}@flexday")
        event.add("status", "CONFIRMED" if block in now else "CANCELLED")
        yield event


def _schedule(book: Book, subject: Subject) -> Schedule:
    if subject.kind == "staff":
        return staff_schedule(book, subject.person)
    return student_schedule(book, subject.person)


def _by_block(schedule: Schedule) -> dict[str, Entry]:
    """Entries by their first block, which with person and day names an event for good."""
    return {entry.blocks[0]: entry for entry in schedule.entries if entry.what in TOLD}


def _event(row: PlanRow, entry: Entry, zone: ZoneInfo, mark: str) -> Event:
    published = (row.published_at or row.created_at).astimezone(UTC)
    event = Event()
    event.add("sequence", row.pub_seq or 0)
    event.add("dtstamp", published)
    event.add("last-modified", published)
    event.add("dtstart", instant_at(row.day, entry.start, zone).astimezone(UTC))
    event.add("dtend", instant_at(row.day, entry.end, zone).astimezone(UTC))
    event.add("summary", _plain(mark + (entry.title or entry.room)))
    if entry.room:
        event.add("location", _plain(", ".join(filter(None, (entry.room, entry.building)))))
    return event


def _plain(text: str) -> str:
    """Text without control characters, which RFC 5545 does not allow in a value."""
    return "".join(character for character in text if character.isprintable())
