"""One session of a draft, and what a planner can change about it by hand."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import Depends, Form
from fastapi.responses import RedirectResponse, Response

from schemas.base import Id
from schemas.plan import Finding, Session
from schemas.problem import Lock, Problem, SessionLock
from schemas.schedule import Reason
from services import workflow
from services.store import NotFound, PlanRow
from services.web.naming import Directory, directory_of
from services.web.pages import Asker, Pages, View, asking, back_to, part
from solver.explain import Bar, verdict
from solver.facts import Facts
from solver.layout import Layout
from solver.places import Offer
from solver.places import Places as OpenPlaces
from solver.reasons import why_here

pages = Pages()
Planner = Annotated[Asker, Depends(asking("scheduler", "admin"))]
Etag = Annotated[str | None, Form()]
BY_HAND = "held at the board"


class Sitting(View):
    """A student in the session, with every reason for it."""

    student: Id
    name: str
    competency: str
    why: tuple[Reason, ...]


class SessionPage(View):
    """A session of a plan: who is in it and why, and what could be put in its place."""

    plan: Id
    etag: str
    editable: bool
    session: Session
    title: str
    room: str
    most: int
    sitting: tuple[Sitting, ...]
    findings: tuple[Finding, ...]
    """Where it falls short of a rule."""
    locks: tuple[Lock, ...]
    rooms: tuple[tuple[Id, str], ...]
    """Free rooms that the offering can be in."""
    adults: tuple[tuple[Id, str], ...]
    """Adults free in its blocks."""
    elsewhere: tuple[tuple[Id, str], ...]
    """Other sessions of the same blocks, for moving a student."""
    names: Directory


class Place(View):
    """A place that stands open, and what taking it would cost by the school's weights."""

    session: Id
    title: str
    room: Id
    change: int
    students: int
    """Whom it would take in."""


class WhyNot(View):
    """Whether a student could be in a session, which rules stand against it and what would lift
    each, what it would cost, and the best lawful places instead."""

    plan: Id
    etag: str
    editable: bool
    person: Id
    student: str
    session: Id
    title: str
    bars: tuple[Bar, ...]
    change: int
    others: int
    places: tuple[Place, ...]
    names: Directory


class Places(View):
    """The best lawful places for a student in a block, or for one more session of an offering."""

    plan: Id
    etag: str
    editable: bool
    who: str
    student: Id | None
    offering: Id | None
    block: Id
    places: tuple[Place, ...]
    names: Directory


@pages.page("/plans/{plan}/why-not", "plan_why_not.html")
def why_not_page(asker: Planner, plan: str, student: str, session: str) -> WhyNot:
    """What stands between a student and a session, what would lift it, and what it would cost."""
    row, names = _named(asker, plan, f"plan {plan}")
    with workflow.places_on(asker.store, asker.viewer, plan) as places:
        target = places.layout.sessions.get(session)
        if student not in places.facts.students or target is None:
            raise NotFound("no such student or session")
        found = verdict(places.hand, places.move(student, target), student, entitled=True)
        offers = places.best_for(student, target.blocks[0])
        return WhyNot(
            plan=plan,
            etag=row.etag,
            editable=row.status == "draft",
            person=student,
            student=names.name("student", student),
            session=session,
            title=names.name("session", session),
            bars=found.bars,
            change=found.change or 0,
            others=found.others or 0,
            places=tuple(_place(places, offer, names) for offer in offers),
            names=names,
        )


@pages.page("/plans/{plan}/places", "plan_places.html")
def places_page(
    asker: Planner, plan: str, block: str, student: str | None = None, offering: str | None = None
) -> Places:
    """The best three places for a student without a session, or for one more session."""
    row, names = _named(asker, plan, f"places of plan {plan}")
    with workflow.places_on(asker.store, asker.viewer, plan) as places:
        facts = places.facts
        if block not in facts.blocks:
            raise NotFound("no such block")
        if student is not None and student in facts.students:
            offers, who = places.best_for(student, block), names.name("student", student)
        elif offering is not None and offering in facts.offerings:
            offers, who = places.best_to_run(offering, block), names.name("offering", offering)
        else:
            raise NotFound("no such student or offering")
        return Places(
            plan=plan,
            etag=row.etag,
            editable=row.status == "draft",
            who=who,
            student=student,
            offering=offering,
            block=block,
            places=tuple(_place(places, offer, names) for offer in offers),
            names=names,
        )


def _named(asker: Asker, plan: str, shown_in: str) -> tuple[PlanRow, Directory]:
    with asker.read() as tx:
        row = tx.plan(plan)
        return row, directory_of(tx, tx.problem(row.problem_digest), row, shown_in)


def _place(places: OpenPlaces, offer: Offer, names: Directory) -> Place:
    opened = {new.id: new for new in offer.edit.sessions}
    session = opened.get(offer.session) or places.layout.sessions[offer.session]
    return Place(
        session=session.id,
        title=names.name("offering", session.offering),
        room=session.room,
        change=offer.judged.change,
        students=len(offer.edit.seats),
    )


@pages.page("/plans/{plan}/session/{session:path}", "plan_session.html")
def session_page(asker: Planner, plan: str, session: str) -> SessionPage:
    """One session, with its reasons and the ways to change it."""
    with asker.read() as tx:
        row = tx.plan(plan)
        problem = tx.problem(row.problem_digest)
        names = directory_of(tx, problem, row, f"session of plan {plan}")
    facts, layout = _laid_out(problem, row)
    held = layout.sessions.get(session)
    if held is None:
        raise NotFound("no such session")
    offering = facts.offerings[held.offering]
    return SessionPage(
        plan=plan,
        etag=row.etag,
        editable=row.status == "draft",
        session=held,
        title=offering.title,
        room=names.name("room", held.room),
        most=min(offering.largest, facts.rooms[held.room].seats),
        sitting=tuple(_sitting(facts, layout, held, names)),
        findings=tuple(one for one in row.plan.findings if one.subjects.get("session") == session),
        locks=tuple(_locks(problem, layout, held)),
        rooms=tuple(_free_rooms(facts, layout, held)),
        adults=tuple(_spare_adults(facts, layout, held, names)),
        elsewhere=tuple(_elsewhere(facts, layout, held, names)),
        names=names,
    )


def _laid_out(problem: Problem, row: PlanRow) -> tuple[Facts, Layout]:
    facts, plan = Facts(problem), row.plan
    return facts, Layout(facts, plan.sessions, plan.placements, plan.unplaced)


def _sitting(facts: Facts, layout: Layout, session: Session, names: Directory) -> list[Sitting]:
    found = []
    for student in layout.students_in(session.id):
        serves = layout.placements[student, session.id].competency
        reasons = why_here(facts, layout, student, session.id)
        found.append(
            Sitting(
                student=student,
                name=names.name("student", student),
                competency=names.name("competency", serves) if serves else "",
                why=tuple(names.worded(reason) for reason in reasons),
            )
        )
    return sorted(found, key=lambda one: one.name)


def _locks(problem: Problem, layout: Layout, session: Session) -> list[Lock]:
    """Locks that bear on the session, or on anybody in it."""
    here = {session.offering, session.room, *layout.students_in(session.id)}
    here.update(duty.staff for duty in session.duties)
    return [
        lock
        for lock in problem.locks
        if lock.block in session.blocks
        and here.issuperset(
            str(value)
            for value in lock.model_dump(
                include={"offering", "room", "student", "staff", "lead"}, exclude_none=True
            ).values()
        )
    ]


def _free_rooms(facts: Facts, layout: Layout, session: Session) -> list[tuple[Id, str]]:
    kinds = facts.offerings[session.offering].room_kinds
    return [
        (room.id, room.title)
        for room in facts.rooms.values()
        if room.id != session.room
        and room.kind in kinds
        and all(facts.zones(room.id, b) > len(layout.in_room(room.id, b)) for b in session.blocks)
    ]


def _spare_adults(
    facts: Facts, layout: Layout, session: Session, names: Directory
) -> list[tuple[Id, str]]:
    free = [
        (adult, names.name("staff", adult))
        for adult in facts.staff
        if facts.available(adult, session.blocks)
        and not any(layout.working(adult, block) for block in session.blocks)
    ]
    return sorted(free, key=lambda one: one[1])


def _elsewhere(
    facts: Facts, layout: Layout, session: Session, names: Directory
) -> list[tuple[Id, str]]:
    found = []
    for one in layout.sessions.values():
        if one.id != session.id and set(one.blocks) & set(session.blocks):
            count = len(layout.students_in(one.id))
            title = facts.offerings[one.offering].title
            found.append((one.id, f"{title}, {names.name('room', one.room)} ({count})"))
    return sorted(found, key=lambda one: one[1])


@pages.form("/plans/{plan}/move")
def move(
    asker: Planner,
    plan: str,
    student: Annotated[Id, Form()],
    to: Annotated[str, Form()] = "",
    etag: Etag = None,
    ask: Annotated[str, Form()] = "",
) -> Response:
    """Moves a student to another session, or home where none is named; or, with `ask`, first
    shows what stands against it."""
    if ask:
        asked = f"student={part(student)}&session={part(to)}"
        return RedirectResponse(f"/plans/{plan}/why-not?{asked}", 303)
    row = workflow.move(asker.store, asker.viewer, plan, etag, student, to or None)
    return back_to(f"/plans/{row.id}", "moved")


@pages.form("/plans/{plan}/run")
def run_session(
    asker: Planner,
    plan: str,
    offering: Annotated[Id, Form()],
    block: Annotated[Id, Form()],
    room: Annotated[Id, Form()],
    etag: Etag = None,
) -> Response:
    """Runs one more session of an offering in a room, in the best way there is."""
    row = workflow.run_session(asker.store, asker.viewer, plan, etag, offering, block, room)
    return back_to(f"/plans/{row.id}", "session-added")


@pages.form("/plans/{plan}/room")
def change_room(
    asker: Planner,
    plan: str,
    session: Annotated[Id, Form()],
    room: Annotated[Id, Form()],
    etag: Etag = None,
) -> Response:
    row = workflow.change_room(asker.store, asker.viewer, plan, etag, session, room)
    return back_to(f"/plans/{row.id}", "room-changed")


@pages.form("/plans/{plan}/adult")
def swap_adult(
    asker: Planner,
    plan: str,
    session: Annotated[Id, Form()],
    out: Annotated[Id, Form()],
    into: Annotated[Id, Form()],
    etag: Etag = None,
) -> Response:
    row = workflow.swap_adult(asker.store, asker.viewer, plan, etag, session, out, into)
    return back_to(f"/plans/{row.id}", "adult-swapped")


@pages.form("/plans/{plan}/lock")
def lock(
    asker: Planner,
    plan: str,
    session: Annotated[Id, Form()],
    etag: Etag = None,
    reason: Annotated[str, Form(max_length=500)] = BY_HAND,
) -> Response:
    """Locks a session as it stands: its room and who leads it."""
    with asker.read() as tx:
        sessions = {one.id: one for one in tx.plan(plan).plan.sessions}
    held = sessions.get(session)
    if held is None:
        raise NotFound("no such session")
    wanted = SessionLock(
        target="session",
        id=uuid.uuid4().hex,
        owner=asker.viewer.person,
        reason=reason,
        offering=held.offering,
        block=held.blocks[0],
        room=held.room,
        lead=next((duty.staff for duty in held.duties if duty.role == "lead"), None),
    )
    row = workflow.set_lock(asker.store, asker.viewer, plan, etag, wanted)
    return back_to(f"/plans/{row.id}", "locked")


@pages.form("/plans/{plan}/unlock")
def unlock(asker: Planner, plan: str, lock: Annotated[Id, Form()], etag: Etag = None) -> Response:
    row = workflow.lift_lock(asker.store, asker.viewer, plan, etag, lock)
    return back_to(f"/plans/{row.id}", "lifted")


@pages.form("/plans/{plan}/override")
def override(
    asker: Planner,
    plan: str,
    rule: Annotated[str, Form()],
    subject: Annotated[list[str], Form()],
    reason: Annotated[str, Form(max_length=2000)],
    etag: Etag = None,
) -> Response:
    """Takes an exception on oneself; `subject` holds KIND=ID pairs of the finding."""
    pairs = (one.partition("=") for one in subject)
    subjects = {kind: id for kind, _, id in pairs}
    row = workflow.add_override(asker.store, asker.viewer, plan, etag, rule, subjects, reason)
    return back_to(f"/plans/{row.id}", "overridden")
