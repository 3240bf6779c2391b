"""What changed between two plans: by person and block, and by session."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from schemas.base import BlockId, Frozen, Id, OfferingId, RoomId, SessionId, StaffId
from schemas.plan import Plan, Session, Unplaced
from schemas.problem import HomePlace, Published
from schemas.school import Role

PersonKind = Literal["student", "staff"]
Aspect = Literal["offering", "room", "adults", "role"]
Badge = Literal["kept", "new", "moved", "changed"]


class Whereabouts(Frozen):
    """Where a person is in a block: in a session, or in a home place when `offering` is None."""

    room: RoomId
    offering: OfferingId | None = None
    adults: tuple[StaffId, ...] = ()
    """Who leads: for a student the leads, for an adult the other adults of the session."""
    role: Role | None = None
    """The adult's own role."""


class Change(Frozen):
    """A person's block that differs: None before or after means nowhere in the plan."""

    person_kind: PersonKind
    person: Id
    block: BlockId
    before: Whereabouts | None
    after: Whereabouts | None
    aspects: tuple[Aspect, ...] = ()
    """What differs where both are known."""


class SessionChange(Frozen):
    """A session beside the one it continues: moved in room, changed in adults, or new."""

    session: SessionId
    badge: Badge
    before: SessionId | None = None


Day = Mapping[tuple[PersonKind, Id], Mapping[BlockId, Whereabouts]]


def day_of(
    plan: Plan | Published, homes: Iterable[HomePlace] = (), unplaced: Iterable[Unplaced] = ()
) -> Day:
    """Everybody's whereabouts by block. Unplaced students stand in their home place."""
    found: dict[tuple[PersonKind, Id], dict[BlockId, Whereabouts]] = defaultdict(dict)
    sessions = {session.id: session for session in plan.sessions}
    for session in plan.sessions:
        for duty in session.duties:
            others = tuple(sorted({d.staff for d in session.duties} - {duty.staff}))
            place = Whereabouts(
                room=session.room, offering=session.offering, adults=others, role=duty.role
            )
            for block in session.blocks:
                found["staff", duty.staff][block] = place
    for placement in plan.placements:
        session = sessions[placement.session]
        place = Whereabouts(room=session.room, offering=session.offering, adults=leads(session))
        for block in session.blocks:
            found["student", placement.student][block] = place
    known = {home.id: home for home in homes}
    for entry in unplaced:
        if entry.home in known:
            home = known[entry.home]
            found["student", entry.student].setdefault(
                entry.block, Whereabouts(room=home.room, adults=(home.staff,))
            )
    return found


def leads(session: Session) -> tuple[StaffId, ...]:
    """Who leads a session, in a fixed order."""
    return tuple(sorted(duty.staff for duty in session.duties if duty.role == "lead"))


def changes(before: Day, after: Day, among: Sequence[BlockId]) -> tuple[Change, ...]:
    """Every person's block that differs, by person in order of id, blocks as in `among`."""
    return tuple(
        Change(
            person_kind=kind,
            person=person,
            block=block,
            before=old,
            after=new,
            aspects=_aspects(old, new),
        )
        for kind, person in sorted({*before, *after})
        for block in among
        for old in [before.get((kind, person), {}).get(block)]
        for new in [after.get((kind, person), {}).get(block)]
        if old != new
    )


def _aspects(old: Whereabouts | None, new: Whereabouts | None) -> tuple[Aspect, ...]:
    if old is None or new is None:
        return ()
    names: tuple[Aspect, ...] = ("offering", "room", "adults", "role")
    return tuple(name for name in names if getattr(old, name) != getattr(new, name))


def session_changes(
    before: Sequence[Session], after: Sequence[Session]
) -> tuple[tuple[SessionChange, ...], tuple[SessionId, ...]]:
    """How each session of `after` stands to `before`, and the sessions of `before` that are gone.

    A session continues one of the same offering and first block: first the one most alike in room
    and adults, each at most once.
    """
    waiting: dict[tuple[OfferingId, BlockId], list[Session]] = defaultdict(list)
    for session in before:
        waiting[session.offering, session.blocks[0]].append(session)
    pairs: dict[SessionId, Session] = {}
    for likeness in (2, 1, 0):
        for session in after:
            rest = waiting[session.offering, session.blocks[0]]
            match = next((old for old in rest if _likeness(old, session) >= likeness), None)
            if session.id not in pairs and match is not None:
                rest.remove(match)
                pairs[session.id] = match
    found = tuple(_session_change(session, pairs.get(session.id)) for session in after)
    left = {session.id for sessions in waiting.values() for session in sessions}
    return found, tuple(session.id for session in before if session.id in left)


def _likeness(a: Session, b: Session) -> int:
    return (a.room == b.room) + (set(a.duties) == set(b.duties))


def _session_change(session: Session, old: Session | None) -> SessionChange:
    if old is None:
        return SessionChange(session=session.id, badge="new")
    badge: Badge = "kept"
    if old.room != session.room or old.blocks != session.blocks:
        badge = "moved"
    elif set(old.duties) != set(session.duties):
        badge = "changed"
    return SessionChange(session=session.id, badge=badge, before=old.id)
