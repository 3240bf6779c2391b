"""What of yesterday's word still stands: locks and published places that facts have not broken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from schemas.base import BlockId, OfferingId, RoomId, SessionId, StaffId, StudentId
from schemas.plan import Session
from schemas.problem import Lock

if TYPE_CHECKING:
    from solver.facts import Facts


@dataclass(frozen=True)
class PublishedPlace:
    """A student's published block; what is no longer possible is None."""

    student: StudentId
    block: BlockId
    session: SessionId
    offering: OfferingId | None
    room: RoomId | None
    lead: StaffId | None
    had_lead: bool

    @property
    def stands(self) -> bool:
        """Whether all of it is still possible."""
        lead_stands = self.lead is not None or not self.had_lead
        return self.offering is not None and self.room is not None and lead_stands


def published_places(facts: Facts) -> tuple[PublishedPlace, ...]:
    """Where each student who is free was to be, by flex block, as published."""
    published = facts.problem.published
    if published is None:
        return ()
    sessions = {session.id: session for session in published.sessions}
    found: dict[tuple[StudentId, BlockId], PublishedPlace] = {}
    for placement in published.placements:
        session = sessions.get(placement.session)
        if session is None or placement.student not in facts.students:
            continue
        for block in session.blocks:
            if facts.is_free(placement.student, block):
                place = _still_possible(facts, placement.student, block, session)
                found.setdefault((placement.student, block), place)
    return tuple(found.values())


def _still_possible(
    facts: Facts, student: StudentId, block: BlockId, session: Session
) -> PublishedPlace:
    lead = next((duty.staff for duty in session.duties if duty.role == "lead"), None)
    return PublishedPlace(
        student=student,
        block=block,
        session=session.id,
        offering=session.offering if session.offering in facts.offerings else None,
        room=None if _lost_room(facts, session.room, block) else session.room,
        lead=None if lead is None or _lost_staff(facts, lead, block) else lead,
        had_lead=lead is not None,
    )


def broken_by(facts: Facts, lock: Lock) -> str:
    """What has broken a lock: student, staff, room, offering or expiry; empty where it holds."""
    if lock.expires is not None and lock.expires < facts.problem.day:
        return "expiry"
    if lock.offering is not None and lock.offering not in facts.offerings:
        return "offering"
    match lock.target:
        case "placement":
            if lock.student not in facts.students or facts.student_held(lock.student, lock.block):
                return "student"
        case "duty":
            asks = lock.offering is not None
            lost = (
                _lost_staff(facts, lock.staff, lock.block)
                if asks
                else (lock.staff not in facts.staff)
            )
            return "staff" if lost else ""
        case "session":
            if lock.lead is not None and _lost_staff(facts, lock.lead, lock.block):
                return "staff"
    if lock.room is not None and _lost_room(facts, lock.room, lock.block):
        return "room"
    return ""


def _lost_room(facts: Facts, room: RoomId, block: BlockId) -> bool:
    return room not in facts.rooms or facts.room_held(room, block)


def _lost_staff(facts: Facts, staff: StaffId, block: BlockId) -> bool:
    return staff not in facts.staff or facts.staff_held(staff, block)
