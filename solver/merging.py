"""Lays a change over a board that has changed since the change was thought of."""

from __future__ import annotations

from dataclasses import dataclass, replace

from schemas.base import CompetencyId, StudentId
from solver.board import Board, OpenSession
from solver.effort import STEP_WORK
from solver.placing import Placing
from solver.proposals import Fixed, Proposal, fixed, loose
from solver.reach import Reach

Seat = tuple[StudentId, CompetencyId | None]


def merge(reach: Reach, board: Board, base: Board, proposal: Proposal) -> tuple[Board, float]:
    """A board with what a proposal changes of its `base` done over again, as far as what changed
    on the board since leaves rooms, adults and seats for it; with the units of work it took.
    Whoever loses a seat by that gets the best that is open."""
    changed = board.copy()
    now = {name: _as_now(changed, fixed(base.sessions[name])) for name in proposal.closed}
    for name, session in now.items():
        if session is not None:
            changed.close(changed.sessions[name])
    entering: list[tuple[OpenSession, Seat]] = []
    for change in sorted(_changes(base, now, proposal), key=lambda one: one.wanted != one.now):
        opened = _open(changed, change)
        if opened is not None:
            entering += [(opened, seat) for seat in change.entering]
    for opened, (student, competency) in entering:
        if reach.lawful.may_sit(changed, student, opened):
            served = competency in changed.served[student]
            changed.seat(student, opened, None if served else competency)
    placing = Placing(reach, changed)
    placing.finish()
    return changed, placing.steps * STEP_WORK


@dataclass(frozen=True)
class _Change:
    """What becomes of a session: as `wanted` where that can be, else as it is `now`, if it is."""

    wanted: Fixed
    now: Fixed | None
    entering: tuple[Seat, ...]
    """Who is to come who does not sit there."""


def _as_now(board: Board, before: Fixed) -> Fixed | None:
    """How a session stands now; None where it is gone."""
    found = board.sessions.get(before.id)
    same = found is not None and (found.offering.id, found.blocks) == (
        before.offering,
        before.blocks,
    )
    return fixed(found) if found is not None and same else None


def _changes(base: Board, now: dict[str, Fixed | None], proposal: Proposal) -> list[_Change]:
    """What a proposal asks of each session, but for those that are gone since."""
    found = []
    for wanted in proposal.opened:
        stands = now.get(wanted.id)
        if wanted.id not in base.sessions:
            found.append(_Change(replace(wanted, seats=()), None, wanted.seats))
        elif stands is not None:
            found.append(_change(fixed(base.sessions[wanted.id]), stands, wanted))
    return found


def _change(before: Fixed, now: Fixed, wanted: Fixed) -> _Change:
    """What a proposal changes of a session of its base, done to the session as it is now."""
    had, has = dict(before.seats), dict(wanted.seats)
    stays = tuple(seat for seat in now.seats if seat[0] in has or seat[0] not in had)
    here = {student for student, _ in stays}
    now = replace(now, seats=stays)
    meant = replace(
        now,
        room=now.room if wanted.room == before.room else wanted.room,
        duties=now.duties if wanted.duties == before.duties else wanted.duties,
    )
    return _Change(meant, now, tuple(seat for seat in wanted.seats if seat[0] not in here))


def _open(board: Board, change: _Change) -> OpenSession | None:
    """Opens a session, with those who stay in it and are nowhere else by now."""
    for one in (change.wanted, change.now):
        if one is not None and _fits(board, one):
            opened = board.adopt(loose(board.facts, replace(one, seats=())))
            for student, competency in one.seats:
                if not any((student, block) in board.at for block in opened.blocks):
                    board.seat(student, opened, competency)
            return opened
    return None


def _fits(board: Board, session: Fixed) -> bool:
    """Whether room and adults of a session are free."""
    zones = board.facts.rooms[session.room].zones
    return all(len(board.in_room[session.room, b]) < zones for b in session.blocks) and not any(
        (duty.staff, block) in board.on_duty for duty in session.duties for block in session.blocks
    )
