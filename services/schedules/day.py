"""Schedules: one person's day by a published plan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from schemas.base import BlockId, SessionId, StaffId, StudentId
from schemas.plan import Session, Unplaced
from schemas.problem import DayBlock
from schemas.schedule import Entry, Schedule, What
from services.schedules.book import Book
from solver.reasons import why_unplaced


def student_schedule(book: Book, student: StudentId) -> Schedule:
    """A student's day: sessions, classes, home places and breaks; nothing of anybody else."""
    mine = next((one for one in book.problem.students if one.id == student), None)
    away = set(mine.away) if mine else set(book.blocks)
    entries = list(_classes(book, student, away))
    seen: set[SessionId] = set()
    for block in book.problem.blocks:
        place = book.whereabouts.get((student, block.id))
        if isinstance(place, Session):
            if place.id not in seen:
                leads = [duty.staff for duty in place.duties if duty.role == "lead"]
                entry = _session(book, place, leads or [d.staff for d in place.duties])
                why = book.why(student, place.id, entitled=True)
                entries.append(entry.model_copy(update={"why": why}))
            seen.add(place.id)
        elif place is not None:
            why = (book.named(why_unplaced(place)),)
            entries.append(_home(book, place).model_copy(update={"why": why}))
        elif block.id in away:
            entries.append(_entry("away", [block], ""))
        elif block.kind == "lunch":
            entries.append(_entry("break", [block], block.title))
    return _schedule(book, entries)


def staff_schedule(book: Book, staff: StaffId) -> Schedule:
    """An adult's day: duties, classes, turns at the home place, breaks and open blocks."""
    mine = next((one for one in book.problem.staff if one.id == staff), None)
    away = set(mine.away) if mine else set(book.blocks)
    entries = list(_classes(book, staff, away))
    entries += [_duty(book, one, staff) for one in book.plan.sessions if staff in _staff_of(one)]
    entries += [
        _entry("home", [book.blocks[home.block]], "", book=book, room=home.room)
        for home in book.problem.homes
        if home.staff == staff
    ]
    held = {block for entry in entries for block in entry.blocks}
    for block in book.problem.blocks:
        if block.id not in held:
            kind: What = "break" if block.kind == "lunch" else "open"
            title = block.title if kind == "break" else ""
            entries.append(_entry("away" if block.id in away else kind, [block], title))
    return _schedule(book, entries)


def _staff_of(session: Session) -> set[StaffId]:
    return {duty.staff for duty in session.duties}


def _schedule(book: Book, entries: list[Entry]) -> Schedule:
    return Schedule(
        day=book.row.day,
        zone=book.problem.zone,
        plan=book.row.id,
        pub_seq=book.row.pub_seq or 0,
        entries=tuple(sorted(entries, key=lambda entry: (entry.start, entry.end, entry.title))),
    )


def _classes(book: Book, person: str, away: set[BlockId]) -> Iterable[Entry]:
    for section in book.names.sections:
        blocks = [
            block
            for block in book.problem.blocks
            if block.id in section.blocks and block.id not in away
        ]
        if blocks and (person in section.students or person in section.staff):
            others = [adult for adult in section.staff if adult != person]
            yield _entry("class", blocks, section.title, book=book, room=section.room, staff=others)


def _session(book: Book, session: Session, adults: Iterable[StaffId]) -> Entry:
    blocks = [book.blocks[block] for block in session.blocks]
    title = book.titles[session.offering]
    entry = _entry("session", blocks, title, book=book, room=session.room, staff=adults)
    return entry.model_copy(update={"session": session.id})


def _duty(book: Book, session: Session, staff: StaffId) -> Entry:
    others = [duty.staff for duty in session.duties if duty.staff != staff]
    role = next(duty.role for duty in session.duties if duty.staff == staff)
    told = {"role": role, "students": len(book.placed[session.id])}
    return _session(book, session, others).model_copy(update=told)


def _home(book: Book, place: Unplaced) -> Entry:
    home = book.homes.get(place.home or "")
    block = [book.blocks[place.block]]
    if home is None:
        return _entry("home", block, "")
    return _entry("home", block, "", book=book, room=home.room, staff=[home.staff])


def _entry(
    what: What,
    blocks: Sequence[DayBlock],
    title: str,
    book: Book | None = None,
    room: str | None = None,
    staff: Iterable[StaffId] = (),
) -> Entry:
    return Entry(
        what=what,
        start=blocks[0].start,
        end=blocks[-1].end,
        blocks=tuple(block.id for block in blocks),
        block_titles=tuple(block.title for block in blocks),
        title=title,
        room=book.room(room) if book else "",
        building=book.building(room) if book else "",
        adults=book.adults(staff) if book else (),
    )
