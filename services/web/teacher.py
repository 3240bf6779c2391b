"""The teacher's pages: my day, who comes to a session and why, attendance, exit slips, requests."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import Depends, Form, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import RedirectResponse, Response

from schemas.base import BlockId, CompetencyId, OfferingId, SessionId, StudentId
from schemas.events import AttendanceFacts, EvidenceFacts, RequestFacts
from schemas.schedule import Roster, Schedule
from services.schedules import (
    Book,
    book_before,
    flex_blocks,
    leavers,
    neighbours,
    roster,
    shown,
    staff_schedule,
)
from services.store import NotFound, Tx
from services.web.notices import Told, told
from services.web.pages import Asker, Pages, View, asking, back_to, part
from services.web.recording import record

pages = Pages()
Teacher = Annotated[Asker, Depends(asking("teacher"))]
Judged = Literal["not_yet", "nearly", "got_it"]
SCORES: dict[Judged, float] = {"not_yet": 0.4, "nearly": 0.7, "got_it": 1.0}
"""What a teacher's three answers are worth as the score of an observation."""
ASKED_FOR = frozenset({"conference", "small_group", "instruction"})
"""Modalities that a teacher can ask a student into."""


class TeacherDay(View):
    """A teacher's day with the rosters of its sessions; nothing where no plan is published."""

    day: date
    before: date | None
    after: date | None
    schedule: Schedule | None
    rosters: tuple[Roster, ...]
    told: tuple[Told, ...]
    can_ask: bool
    """Whether the day is still to come, so that students can be asked for."""


class SessionPage(View):
    """A session of the teacher's with who comes, and what was said of them in it."""

    day: date
    roster: Roster
    approved_by: str
    published_at: datetime | None
    recorded: dict[StudentId, Judged]
    """The teacher's newest answer of the day on the competency each is here for."""
    answers: tuple[Judged, ...] = tuple(SCORES)


class RequestPage(View):
    """What a teacher can ask for on a day."""

    day: date
    students: tuple[tuple[StudentId, str], ...]
    offerings: tuple[tuple[OfferingId, str], ...]


@pages.router.get("/teaching", include_in_schema=False, response_model=None)
def my_day(asker: Teacher) -> Response:
    """Goes to the day that matters now."""
    with asker.read() as tx:
        day = shown(tx, asker.now)
    return RedirectResponse(f"/teaching/{day or asker.today}", status_code=303)


@pages.page("/teaching/{day}", "teacher_day.html")
def day_page(asker: Teacher, day: date) -> TeacherDay:
    """An adult's day in order of time, with a roster per session."""
    with asker.read() as tx:
        before, after = neighbours(tx, day)
        row = tx.published(day)
        book = Book(tx, row) if row else None
        schedule = staff_schedule(book, asker.viewer.person) if book else None
        entries = schedule.entries if schedule else ()
        return TeacherDay(
            day=day,
            before=before,
            after=after,
            schedule=schedule,
            rosters=tuple(_roster(tx, book, e.session) for e in entries if book and e.session),
            told=told(asker, tx),
            can_ask=day > asker.today,
        )


@pages.page("/teaching/{day}/ask", "teacher_ask.html")
def ask_page(asker: Teacher, day: date) -> RequestPage:
    """The form to ask for a student on a day to come."""
    with asker.read() as tx:
        students = tx.student_names(tx.tied_students, "asking for a student")
        offerings = [one for one in tx.roster("offerings") if one.modality in ASKED_FOR]
    return RequestPage(
        day=day,
        students=tuple(sorted(students.items(), key=_by_name)),
        offerings=tuple(sorted(((one.id, one.title) for one in offerings), key=_by_name)),
    )


@pages.page("/teaching/{day}/session/{session:path}", "teacher_session.html")
def session_page(asker: Teacher, day: date, session: str) -> SessionPage:
    """One session: who comes, from where and why."""
    with asker.read() as tx:
        book = _own_session(tx, day, session)
        approver = book.row.approved_by or ""
        return SessionPage(
            day=day,
            roster=_roster(tx, book, session),
            approved_by=tx.titles("staff").get(approver, approver),
            published_at=book.row.published_at,
            recorded=_recorded(tx, book, session, asker.zone),
        )


def _recorded(tx: Tx, book: Book, session: SessionId, zone: ZoneInfo) -> dict[StudentId, Judged]:
    answers = {score: answer for answer, score in SCORES.items()}
    here = {(one.student, one.competency) for one in book.placed[session] if one.competency}
    found: dict[StudentId, Judged] = {}
    for competency in sorted({one for _, one in here if one}):
        for row in tx.log(competency=competency):
            if row.occurred_at.astimezone(zone).date() == book.row.day:
                said = row.event.data if row.event else None
                if (
                    isinstance(said, EvidenceFacts)
                    and said.staff == tx.viewer.person
                    and (said.student, competency) in here
                    and said.score in answers
                ):
                    found[said.student] = answers[said.score]
    return found


@pages.form("/teaching/{day}/attendance")
async def take_attendance(
    request: Request,
    asker: Teacher,
    day: date,
    session: Annotated[SessionId, Form()],
    block: Annotated[BlockId, Form()],
    rest: Annotated[Literal["", "present"], Form()] = "",
) -> Response:
    """Records what was ticked: one field `status:STUDENT` for each student; with `rest`, those
    without a tick as well."""
    ticked = {
        name.removeprefix("status:"): str(value)
        for name, value in (await request.form()).items()
        if name.startswith("status:")
    }
    await run_in_threadpool(_take, asker, day, session, block, ticked, rest)
    return back_to(_address(day, session), "attendance-taken")


def _take(
    asker: Asker,
    day: date,
    session: SessionId,
    block: BlockId,
    ticked: dict[StudentId, str],
    rest: str,
) -> None:
    with asker.read() as tx:
        book = _own_session(tx, day, session)
        known = {fact["body"]["student"]: fact["body"] for fact in tx.facts("attendance", day=day)}
    here = {placement.student for placement in book.placed[session]}
    others = dict.fromkeys(sorted(here), rest) if rest else {}
    for student, status in (others | ticked).items():
        said = AttendanceFacts.model_validate(
            {"student": student, "day": day, "block": block, "status": status}
        )
        if student in here and known.get(student) != said.model_dump(mode="json"):
            record(asker, "attendance.taken", said)


@pages.form("/teaching/{day}/evidence")
def record_evidence(
    asker: Teacher,
    day: date,
    session: Annotated[SessionId, Form()],
    student: Annotated[StudentId, Form()],
    competency: Annotated[CompetencyId, Form()],
    answer: Annotated[Judged, Form()],
) -> Response:
    """Records an exit slip: one of three answers about one student's competency."""
    with asker.read() as tx:
        book = _own_session(tx, day, session)
    offering = book.facts.offerings[book.sessions[session].offering]
    said = EvidenceFacts(
        student=student,
        competency=competency,
        kind="observation",
        score=SCORES[answer],
        modality=offering.modality,
        staff=asker.viewer.person,
    )
    record(asker, "evidence.recorded", said)
    return back_to(_address(day, session), "evidence-recorded")


@pages.form("/teaching/{day}/ask")
def ask_for_student(
    asker: Teacher,
    day: date,
    student: Annotated[StudentId, Form()],
    offering: Annotated[OfferingId, Form()],
    priority: Annotated[int, Form(ge=1, le=5)] = 3,
) -> Response:
    """Asks for a student on a day to come, in any of its flexible blocks."""
    with asker.read() as tx:
        blocks = flex_blocks(tx, day)
    if not blocks:
        raise HTTPException(422, "That day has no flexible blocks; choose a school day.")
    staff = asker.viewer.person
    said = RequestFacts(
        request=f"{day}:{staff}:{student}",
        staff=staff,
        student=student,
        day=day,
        offerings=(offering,),
        blocks=blocks,
        priority=priority,
    )
    record(asker, "request.made", said)
    return back_to(f"/teaching/{day}", "request-made")


def _own_session(tx: Tx, day: date, session: SessionId) -> Book:
    """The published plan of a day in which the viewer holds a duty in the session.

    Raises:
        NotFound: there is none; the same answer for a session of somebody else.
    """
    row = tx.published(day)
    book = Book(tx, row) if row else None
    held = book.sessions.get(session) if book else None
    if book is None or held is None or tx.viewer.person not in {d.staff for d in held.duties}:
        raise NotFound("no such session")
    return book


def _roster(tx: Tx, book: Book, session: SessionId) -> Roster:
    before = book_before(tx, book.row)
    gone = leavers(book, before, session) if before else set()
    coming = {placement.student for placement in book.placed[session]}
    place = f"roster {book.row.day} {session}"
    names = tx.student_names(coming, place, told_before=gone)
    first = book.sessions[session].blocks[0]
    taken = {
        fact["body"]["student"]: fact["body"]["status"]
        for fact in tx.facts("attendance", day=book.row.day)
        if fact["body"]["block"] == first
    }
    return roster(book, session, names, before, taken)


def _address(day: date, session: SessionId) -> str:
    return f"/teaching/{day}/session/{part(session)}"


def _by_name(named: tuple[str, str]) -> str:
    return named[1]
