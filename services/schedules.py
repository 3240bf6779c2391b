"""Schedules and rosters: one person's view of a published plan, one session's list of students."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Literal

from schemas.base import BlockId, Frozen, Minute, SessionId, StaffId, StudentId
from schemas.plan import Placement, Session, Unplaced
from schemas.problem import DayBlock, HomePlace, Problem
from schemas.school import ClassSection, Role
from services.store import PlanRow, Tx
from solver.changes import session_changes

What = Literal["session", "class", "home", "break", "away", "open"]
"""home: the supervised home place; open: a block in which nothing holds an adult."""


class Entry(Frozen):
    """A stretch of a person's day. `what` says of which kind; names are fit for its reader."""

    what: What
    start: Minute
    end: Minute
    blocks: tuple[BlockId, ...]
    block_titles: tuple[str, ...]
    title: str
    room: str = ""
    building: str = ""
    adults: tuple[str, ...] = ()
    session: SessionId | None = None
    role: Role | None = None
    """An adult's own role."""
    students: int | None = None
    """How many students come; told to adults only."""


class Schedule(Frozen):
    """One person's day by a published plan, in order of time."""

    day: date
    zone: str
    plan: str
    pub_seq: int
    entries: tuple[Entry, ...]


class Arrival(Frozen):
    """Where somebody is expected from, or is now instead."""

    title: str
    room: str


class RosterLine(Frozen):
    """A student on a roster. `comes_from` is where they are in the block before, and `arriving`
    says that an earlier publication of the day had them elsewhere."""

    student: StudentId
    name: str
    placement: Placement
    competency: str = ""
    comes_from: Arrival | None = None
    arriving: bool = False
    attendance: str | None = None


class Missing(Frozen):
    """A student an earlier publication had on this roster, and where they are now."""

    student: StudentId
    name: str
    now: Arrival | None


class Roster(Frozen):
    """One session's list of students."""

    session: SessionId
    title: str
    room: str
    start: Minute
    end: Minute
    block: BlockId
    blocks: tuple[str, ...]
    adults: tuple[tuple[str, Role], ...]
    seats: int
    lines: tuple[RosterLine, ...]
    missing: tuple[Missing, ...] = ()


@dataclass(frozen=True)
class Names:
    """Titles of places, adults and offerings, and the class sections, of one school."""

    rooms: Mapping[str, str]
    buildings: Mapping[str, str]
    staff: Mapping[str, str]
    competencies: Mapping[str, str]
    sections: Sequence[ClassSection]

    @classmethod
    def of(cls, tx: Tx) -> Names:
        return cls(
            rooms=tx.titles("rooms"),
            buildings=tx.titles("buildings"),
            staff=tx.titles("staff"),
            competencies=tx.titles("competencies"),
            sections=tx.roster("sections"),
        )


class Book:
    """A filed plan with its problem, ready to be asked for anybody's part in it."""

    def __init__(self, tx: Tx, row: PlanRow) -> None:
        self.row = row
        self.plan = row.plan
        self.problem: Problem = tx.problem(row.problem_digest)
        self.names = Names.of(tx)

    @cached_property
    def blocks(self) -> dict[BlockId, DayBlock]:
        return {block.id: block for block in self.problem.blocks}

    @cached_property
    def titles(self) -> dict[str, str]:
        return {offering.id: offering.title for offering in self.problem.offerings}

    @cached_property
    def sessions(self) -> dict[SessionId, Session]:
        return {session.id: session for session in self.plan.sessions}

    @cached_property
    def homes(self) -> dict[str, HomePlace]:
        return {home.id: home for home in self.problem.homes}

    @cached_property
    def placed(self) -> dict[SessionId, list[Placement]]:
        found: dict[SessionId, list[Placement]] = defaultdict(list)
        for placement in self.plan.placements:
            found[placement.session].append(placement)
        return found

    @cached_property
    def whereabouts(self) -> dict[tuple[StudentId, BlockId], Session | Unplaced]:
        """Each student's session, or the fact that they have none, by block."""
        found: dict[tuple[StudentId, BlockId], Session | Unplaced] = {
            (one.student, one.block): one for one in self.plan.unplaced
        }
        for placement in self.plan.placements:
            session = self.sessions[placement.session]
            found.update(((placement.student, block), session) for block in session.blocks)
        return found

    def arrival(self, student: StudentId, block: BlockId) -> Arrival | None:
        """Where a student is in a block by this plan; None where nothing holds them."""
        place = self.whereabouts.get((student, block))
        if isinstance(place, Session):
            return Arrival(title=self.titles[place.offering], room=self.room(place.room))
        home = self.homes.get(place.home or "") if place else None
        if home:
            return Arrival(title="", room=self.room(home.room))
        for section in self.names.sections:
            if block in section.blocks and student in section.students:
                return Arrival(title=section.title, room=self.room(section.room))
        return None

    def room(self, room: str | None) -> str:
        return self.names.rooms.get(room or "", room or "")

    def building(self, room: str | None) -> str:
        held = next((one.building for one in self.problem.rooms if one.id == room), "")
        return self.names.buildings.get(held, held)

    def adults(self, staff: Iterable[StaffId]) -> tuple[str, ...]:
        return tuple(self.names.staff.get(adult, adult) for adult in dict.fromkeys(staff))


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
                entries.append(_session(book, place, leads or [d.staff for d in place.duties]))
            seen.add(place.id)
        elif place is not None:
            entries.append(_home(book, place))
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


def roster(
    book: Book,
    session_id: SessionId,
    names: Mapping[StudentId, str],
    before: Book | None = None,
    attendance: Mapping[StudentId, str] | None = None,
) -> Roster:
    """One session's list of students by name. `before` is the publication of the day that this
    one took the place of, against which arrivals and those now elsewhere are marked.

    Raises:
        KeyError: the plan has no such session.
    """
    session = book.sessions[session_id]
    blocks = [book.blocks[block] for block in session.blocks]
    expected = _expected(book, before, session_id) if before else set()
    lines = [
        RosterLine(
            student=placement.student,
            name=names.get(placement.student, placement.student),
            placement=placement,
            competency=book.names.competencies.get(placement.competency or "", ""),
            comes_from=_comes_from(book, placement.student, session),
            arriving=before is not None and placement.student not in expected,
            attendance=(attendance or {}).get(placement.student),
        )
        for placement in book.placed[session_id]
    ]
    room = next((one for one in book.problem.rooms if one.id == session.room), None)
    largest = next(one.largest for one in book.problem.offerings if one.id == session.offering)
    return Roster(
        session=session_id,
        title=book.titles[session.offering],
        room=book.room(session.room),
        start=blocks[0].start,
        end=blocks[-1].end,
        block=session.blocks[0],
        blocks=tuple(block.title for block in blocks),
        adults=tuple(
            (book.names.staff.get(duty.staff, duty.staff), duty.role) for duty in session.duties
        ),
        seats=min(largest, room.seats) if room else largest,
        lines=tuple(sorted(lines, key=lambda line: (line.name, line.student))),
        missing=tuple(_missing(book, before, session, names)) if before else (),
    )


def _comes_from(book: Book, student: StudentId, session: Session) -> Arrival | None:
    order = [block.id for block in book.problem.blocks]
    first = order.index(session.blocks[0])
    return book.arrival(student, order[first - 1]) if first else None


def _continued(book: Book, before: Book) -> dict[SessionId, SessionId]:
    """Which session of an earlier plan each session goes on from."""
    compared, _ = session_changes(before.plan.sessions, book.plan.sessions)
    return {one.session: one.before for one in compared if one.before is not None}


def _expected(book: Book, before: Book, session_id: SessionId) -> set[StudentId]:
    """Whom an earlier plan had in a session."""
    earlier = _continued(book, before).get(session_id, "")
    return {placement.student for placement in before.placed.get(earlier, ())}


def leavers(book: Book, before: Book, session_id: SessionId) -> set[StudentId]:
    """Who was in this session by an earlier plan and is not by this one."""
    now = {placement.student for placement in book.placed[session_id]}
    return _expected(book, before, session_id) - now


def _missing(
    book: Book, before: Book, session: Session, names: Mapping[StudentId, str]
) -> Iterable[Missing]:
    for student in sorted(leavers(book, before, session.id)):
        yield Missing(
            student=student,
            name=names.get(student, student),
            now=book.arrival(student, session.blocks[0]),
        )
