"""What of an earlier plan can be carried over: sessions, adults and seats that are still lawful."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.base import SessionId
from schemas.plan import Duty, Placement, Session
from schemas.school import Room
from solver.board import Board, OpenSession
from solver.effort import STEP_WORK
from solver.naming import Naming, Section
from solver.placing import Placing
from solver.reach import Reach


def carry_over(
    reach: Reach, board: Board, sessions: Sequence[Session], placements: Sequence[Placement]
) -> float:
    """Reopens sessions as they were, with another adult or room only where it must be, seats
    whom it may, and places everybody else; the units of work it took."""
    opened = settle_as_before(reach, board, sessions)
    for session in sorted(sessions, key=lambda session: not _is_whole(reach, session)):
        again = opened.get(session.id) or _reopen(reach, board, session)
        if again is not None:
            opened[session.id] = again
    for placement in placements:
        there = opened.get(placement.session)
        if (
            there is not None
            and placement.student in reach.facts.students
            and reach.lawful.may_sit(board, placement.student, there)
        ):
            could = reach.lawful.serves(board, placement.student, there)
            serving = placement.competency if placement.competency in could else None
            board.seat(placement.student, there, serving)
    placing = Placing(reach, board)
    for block in reach.facts.flex:
        placing.fill(block)
    placing.finish()
    return placing.steps * STEP_WORK


def _is_whole(reach: Reach, session: Session) -> bool:
    """Whether its room and its adults are all still there: such sessions come first, so that no
    other takes them."""
    facts = reach.facts
    return (
        session.room in facts.rooms
        and all(block in facts.blocks for block in session.blocks)
        and not any(facts.room_held(session.room, block) for block in session.blocks)
        and all(
            duty.staff in facts.staff and facts.available(duty.staff, session.blocks)
            for duty in session.duties
        )
    )


def settle_as_before(
    reach: Reach, board: Board, sessions: Sequence[Session]
) -> dict[SessionId, OpenSession]:
    """Gives sessions that locks demand the adults and rooms they had, unless one of them would be
    left without an adult then; what stands for which earlier session."""
    twins = _twins(board, sessions)
    settled = [(there, there.duties, there.room) for there, _ in twins]
    for there, _ in twins:
        board.staff(there, [duty for duty in there.duties if duty.staff in there.pinned_staff])
    if not all(_settle(reach, board, there, session) for there, session in twins):
        for there, _, _ in settled:
            board.staff(there, ())
        for there, duties, room in settled:
            board.staff(there, duties)
            board.move(there, room)
    return {session.id: there for there, session in twins}


def _twins(board: Board, sessions: Sequence[Session]) -> list[tuple[OpenSession, Session]]:
    """The pinned sessions of a board, each with an earlier one of the same offering and blocks:
    one with its adults and its room before others."""
    left, found = list(sessions), []
    for there in board.sessions.values():
        alike = [s for s in left if (s.offering, s.blocks) == (there.offering.id, there.blocks)]
        if there.pinned and alike:
            twin = max(alike, key=lambda session: _likeness(there, session))
            left.remove(twin)
            found.append((there, twin))
    return found


def _likeness(there: OpenSession, session: Session) -> tuple[int, int, bool]:
    adults = {duty.staff for duty in session.duties}
    known = adults & {duty.staff for duty in there.duties}
    return len(adults & there.pinned_staff), len(known), there.room.id == session.room


def _settle(reach: Reach, board: Board, there: OpenSession, session: Session) -> bool:
    """Whether a pinned session could be given its earlier room and adults, or others for those
    who can't come any more."""
    lawful, offering = reach.lawful, there.offering
    room = reach.facts.rooms.get(session.room)
    if (
        room is not None
        and not there.pinned_room
        and room in lawful.rooms_for(offering.id)
        and lawful.room_is_free(board, room, offering.id, there.blocks)
        and all(lawful.could_reach(s, room, there.blocks) for s in there.seats)
        and len(there.seats) <= room.seats
    ):
        board.move(there, room)
    before = [duty.staff for duty in session.duties if duty.staff in reach.facts.staff]
    for need in offering.roles:
        for _ in range(need.count - sum(duty.role == need.role for duty in there.duties)):
            able = (
                staff
                for staff in (*before, *reach.facts.staff)
                if lawful.may_serve(board, staff, need, offering, there.blocks, there.room)
                and lawful.may_meet(staff, there.seats)
            )
            staff = next(able, None)
            if staff is None:
                return False
            board.staff(there, (*there.duties, Duty(staff=staff, role=need.role)))
    return True


def _reopen(reach: Reach, board: Board, session: Session) -> OpenSession | None:
    facts = reach.facts
    offering = facts.offerings.get(session.offering)
    if offering is None or session.blocks not in facts.starts(offering.id):
        return None
    suited = reach.lawful.rooms_for(offering.id)
    before = tuple(room for room in suited if room.id == session.room)
    others = tuple(room for room in suited if room.id != session.room)
    naming = Naming(reach, board)
    for rooms in (before, others):
        again = _open_in(reach, naming, Section(offering, session.blocks, rooms), session)
        if again is not None:
            return again
    return None


def _open_in(
    reach: Reach, naming: Naming, section: Section, session: Session
) -> OpenSession | None:
    rooms: tuple[Room, ...] = section.rooms
    meant = [duty.staff for duty in session.duties if duty.staff in reach.facts.staff]
    for room in rooms:
        here = Section(section.offering, section.blocks, (room,))
        again = naming.open_one(here, {(here, i): staff for i, staff in enumerate(meant)})
        if again is not None:
            return again
    return None
