"""Rosters: one session's list of students, with who arrives and who is now elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from schemas.base import SessionId, StudentId
from schemas.plan import Session
from schemas.schedule import Arrival, Missing, Roster, RosterLine
from services.schedules.book import Book
from solver.changes import session_changes


def roster(
    book: Book,
    session_id: SessionId,
    names: Mapping[StudentId, str],
    before: Book | None = None,
    attendance: Mapping[StudentId, str] | None = None,
    entitled: bool = False,
) -> Roster:
    """One session's list of students by name. `before` is the publication of the day that this
    one took the place of, against which arrivals and those now elsewhere are marked; `entitled`
    says whether the reader may know confidential reasons.

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
            competency=book.competency(placement.competency),
            comes_from=_comes_from(book, placement.student, session),
            arriving=before is not None and placement.student not in expected,
            attendance=(attendance or {}).get(placement.student),
            why=book.why(placement.student, session_id, entitled),
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
