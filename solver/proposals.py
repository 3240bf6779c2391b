"""Changes to a board that can be carried from one process to another and laid over each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.base import BlockId, CompetencyId, OfferingId, RoomId, StaffId, StudentId
from schemas.plan import Duty
from solver.board import Board, OpenSession
from solver.facts import Facts
from solver.finishing import Judged


@dataclass(frozen=True)
class Fixed:
    """A session of a board as it stands, without ties to the board."""

    id: str
    offering: OfferingId
    blocks: tuple[BlockId, ...]
    room: RoomId
    duties: tuple[Duty, ...]
    seats: tuple[tuple[StudentId, CompetencyId | None], ...]
    pinned: bool
    pinned_students: tuple[StudentId, ...]
    pinned_staff: tuple[StaffId, ...]
    pinned_room: bool


@dataclass(frozen=True)
class Proposal:
    """Sessions to close, by id, and sessions to open, with how the whole plan they make is
    judged."""

    closed: tuple[str, ...]
    opened: tuple[Fixed, ...]
    judged: Judged
    work: float


def fixed(session: OpenSession) -> Fixed:
    """A session as it stands."""
    return Fixed(
        id=session.id,
        offering=session.offering.id,
        blocks=session.blocks,
        room=session.room.id,
        duties=session.duties,
        seats=tuple(session.seats.items()),
        pinned=session.pinned,
        pinned_students=tuple(sorted(session.pinned_students)),
        pinned_staff=tuple(sorted(session.pinned_staff)),
        pinned_room=session.pinned_room,
    )


def photograph(board: Board) -> tuple[Fixed, ...]:
    """All sessions of a board as they stand."""
    return tuple(fixed(session) for session in board.sessions.values())


def restore(facts: Facts, sessions: Iterable[Fixed]) -> Board:
    """A board from a photograph; sessions keep their ids."""
    board = Board(facts)
    for session in sessions:
        board.adopt(_open(facts, session))
    return board


def difference(before: Board, after: Board, judged: Judged, work: float) -> Proposal:
    """What turns one board into another."""
    old = {session.id: fixed(session) for session in before.sessions.values()}
    new = {session.id: fixed(session) for session in after.sessions.values()}
    closed = tuple(name for name, session in old.items() if new.get(name) != session)
    opened = tuple(session for name, session in new.items() if old.get(name) != session)
    return Proposal(closed, opened, judged, work)


def apply(board: Board, proposal: Proposal) -> Board | None:
    """The board with a proposal laid over it; None when something else has taken a place, an
    adult, a room or a need meanwhile."""
    if any(name not in board.sessions for name in proposal.closed):
        return None
    changed = board.copy()
    for name in proposal.closed:
        changed.close(changed.sessions[name])
    for session in proposal.opened:
        if not _fits(changed, session):
            return None
        changed.adopt(_open(board.facts, session))
    return changed


def _fits(board: Board, session: Fixed) -> bool:
    facts = board.facts
    zones = facts.rooms[session.room].zones
    return (
        all(len(board.in_room[session.room, block]) < zones for block in session.blocks)
        and not any((d.staff, block) in board.on_duty for d in session.duties
                    for block in session.blocks)
        and not any((student, block) in board.at for student, _ in session.seats
                    for block in session.blocks)
        and not any(serving in board.served[student] for student, serving in session.seats)
    )  # fmt: skip


def _open(facts: Facts, session: Fixed) -> OpenSession:
    return OpenSession(
        id=session.id,
        offering=facts.offerings[session.offering],
        blocks=session.blocks,
        room=facts.rooms[session.room],
        duties=session.duties,
        seats=dict(session.seats),
        pinned=session.pinned,
        pinned_students=frozenset(session.pinned_students),
        pinned_staff=frozenset(session.pinned_staff),
        pinned_room=session.pinned_room,
    )
