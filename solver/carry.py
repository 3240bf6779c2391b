"""What of an earlier plan can be carried over: sessions, adults and seats that are still lawful."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from schemas.base import SessionId
from schemas.plan import Placement, Session
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
    opened: dict[SessionId, OpenSession] = {}
    for session in sorted(sessions, key=lambda session: not _is_whole(reach, session)):
        again = standing(board, session, opened.values()) or _reopen(reach, board, session)
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


def standing(board: Board, session: Session, taken: Collection[OpenSession]) -> OpenSession | None:
    """The same session where locks or the freeze have put it on the board already, the one with
    the same adults before others; each stands for one session alone."""
    alike = [
        there
        for there in board.in_block.get(session.blocks[0], ())
        if there.offering.id == session.offering
        and there.room.id == session.room
        and there not in taken
    ]
    adults = {duty.staff for duty in session.duties}
    return max(alike, key=lambda there: len(adults & {d.staff for d in there.duties}), default=None)


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
