"""A person's hand on a draft: each edit is a revision of its own, judged at once."""

from __future__ import annotations

from schemas.base import BlockId, OfferingId, RoomId, SessionId, StaffId, StudentId
from schemas.plan import Duty, Override
from schemas.problem import DutyLock, Lock, PlacementLock, SessionLock
from services.store import PlanRow, Store
from services.viewer import Viewer
from services.workflow.refused import Refused
from services.workflow.revision import Revision, new_id, revise, unknown
from solver.facts import Facts
from solver.hand import Hand
from solver.layout import Layout
from solver.places import Places
from solver.reasons import edited_out, moved
from solver.rules import RULES


def move(
    store: Store,
    viewer: Viewer,
    plan: str,
    if_match: str | None,
    student: StudentId,
    to_session: SessionId | None,
) -> PlanRow:
    """Moves a student to a session, out of all that overlaps with it, and locks them there; or,
    without a session, out of all sessions into the home places.

    Raises:
        Refused: 428, 412, 409 and 403 as for `approve`; 404 when there is no such student or
            session.
    """

    def edit(facts: Facts, revision: Revision) -> None:
        if student not in facts.students:
            raise unknown("student", student)
        if to_session is None:
            _unplace(facts, revision, student)
            return
        target = revision.session(to_session)
        layout = Layout(facts, revision.sessions, revision.placements, revision.unplaced)
        after = moved(facts, layout, student, to_session)
        revision.placements = list(after.placements.values())
        revision.unplaced = list(after.unplaced.values())
        revision.locks.append(
            PlacementLock(
                target="placement",
                id=new_id(),
                owner=viewer.person,
                student=student,
                offering=target.offering,
                block=target.blocks[0],
                room=target.room,
            )
        )

    return revise(store, viewer, plan, if_match, "plan.student_moved", student, edit)


def run_session(
    store: Store,
    viewer: Viewer,
    plan: str,
    if_match: str | None,
    offering: OfferingId,
    block: BlockId,
    room: RoomId,
) -> PlanRow:
    """Runs one more session of an offering over a block in a room, in the best way there is, with
    students who are unplaced there. Raises: Refused, as `move`; 409 where it is not lawful."""

    def edit(facts: Facts, revision: Revision) -> None:
        if offering not in facts.offerings or block not in facts.blocks:
            raise unknown("offering or block", f"{offering}, {block}")
        hand = Hand(Layout(facts, revision.sessions, revision.placements, revision.unplaced))
        offers = Places(hand).best_to_run(offering, block, most=len(facts.rooms))
        found = (o for o in offers for new in o.edit.sessions if new.room == room)
        offer = next(found, None)
        if offer is None:
            raise Refused(409, "not_lawful", "it cannot run there now", "choose another place")
        hand.adopt(offer.edit)
        revision.sessions = list(hand.layout.sessions.values())
        revision.placements = list(hand.layout.placements.values())
        revision.unplaced = list(hand.layout.unplaced.values())

    return revise(store, viewer, plan, if_match, "plan.session_added", offering, edit)


def change_room(
    store: Store, viewer: Viewer, plan: str, if_match: str | None, session: SessionId, room: RoomId
) -> PlanRow:
    """Moves a session to another room and locks it there. Raises: Refused, as `move`."""

    def edit(facts: Facts, revision: Revision) -> None:
        if room not in facts.rooms:
            raise unknown("room", room)
        target = revision.session(session).model_copy(update={"room": room})
        revision.replace(target)
        revision.locks.append(
            SessionLock(
                target="session",
                id=new_id(),
                owner=viewer.person,
                offering=target.offering,
                block=target.blocks[0],
                room=room,
            )
        )

    return revise(store, viewer, plan, if_match, "plan.room_changed", session, edit)


def swap_adult(
    store: Store,
    viewer: Viewer,
    plan: str,
    if_match: str | None,
    session: SessionId,
    out: StaffId,
    into: StaffId,
) -> PlanRow:
    """Puts one adult in another's place in a session and locks them there. Raises: Refused, as
    `move`."""

    def edit(facts: Facts, revision: Revision) -> None:
        if into not in facts.staff:
            raise unknown("adult", into)
        target = revision.session(session)
        held = next((duty for duty in target.duties if duty.staff == out), None)
        if held is None:
            raise unknown(f"duty of {out!r} in session", session)
        taken = Duty(staff=into, role=held.role)
        duties = tuple(taken if duty == held else duty for duty in target.duties)
        revision.replace(target.model_copy(update={"duties": duties}))
        revision.locks.append(
            DutyLock(
                target="duty",
                id=new_id(),
                owner=viewer.person,
                staff=into,
                block=target.blocks[0],
                offering=target.offering,
                role=held.role,
            )
        )

    return revise(store, viewer, plan, if_match, "plan.adult_swapped", session, edit)


def set_lock(store: Store, viewer: Viewer, plan: str, if_match: str | None, lock: Lock) -> PlanRow:
    """Locks something as it is in the draft. Raises: Refused, as `move`."""
    owned = lock.model_copy(update={"owner": viewer.person})

    def edit(facts: Facts, revision: Revision) -> None:
        revision.locks.append(owned)

    return revise(store, viewer, plan, if_match, "lock.set", lock.id, edit)


def lift_lock(
    store: Store, viewer: Viewer, plan: str, if_match: str | None, lock: str, reason: str = ""
) -> PlanRow:
    """Releases a lock. Raises: Refused, as `move`."""

    def edit(facts: Facts, revision: Revision) -> None:
        if all(held.id != lock for held in facts.problem.locks):
            raise unknown("lock", lock)
        revision.released.append(lock)

    return revise(store, viewer, plan, if_match, "lock.released", lock, edit, reason)


def add_override(
    store: Store,
    viewer: Viewer,
    plan: str,
    if_match: str | None,
    rule: str,
    subjects: dict[str, str],
    reason: str,
) -> PlanRow:
    """Takes it on oneself that certain findings of a rule do not block.

    Raises:
        Refused: as `move`; 409 for a rule that nobody may override, 422 without a reason.
    """
    known = RULES.get(rule)
    if known is None or known.override != "named":
        raise Refused(
            409, "never", f"{rule} is a rule nobody may override", "change the plan instead"
        )
    if not reason.strip() or not subjects:
        raise Refused(
            422, "no_reason", "an exception needs a reason and whom it is for", "give both"
        )
    said = Override(id=new_id(), rule=rule, subjects=subjects, reason=reason, person=viewer.person)

    def edit(facts: Facts, revision: Revision) -> None:
        revision.overrides.append(said)

    return revise(store, viewer, plan, if_match, "override.set", rule, edit, reason)


def _unplace(facts: Facts, revision: Revision, student: StudentId) -> None:
    blocks: set[BlockId] = set()
    left = {one.session for one in revision.placements if one.student == student}
    for session in revision.sessions:
        if session.id in left:
            blocks.update(session.blocks)
    revision.placements = [one for one in revision.placements if one.student != student]
    revision.unplaced += edited_out(facts, student, blocks)
