"""Adults and rooms traded among the sessions of the same blocks, for what their students know."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from schemas.base import RoomId
from schemas.plan import Duty
from schemas.school import Room
from solver.board import Board, OpenSession, beyond_asked
from solver.effort import STEP_WORK
from solver.options import Run
from solver.reach import Reach

IMPOSSIBLE = 1e9

AGAINST_CHANGE = 4
"""The price of what changes, in the units in which staying for nothing counts 1."""


def runs_of(board: Board) -> list[Run]:
    """The blocks that sessions take up which are free to trade, in order of time."""
    position = board.facts.position
    runs = {session.blocks for session in board.sessions.values() if not session.pinned}
    return sorted(runs, key=lambda run: [position[block] for block in run])


def tradable(board: Board, run: Run) -> list[OpenSession]:
    """The sessions of exactly these blocks that are free to trade."""
    return [s for s in board.in_block[run[0]] if s.blocks == run and not s.pinned]


# --- adults ---------------------------------------------------------------------------------------


def trade_adults(reach: Reach, board: Board, run: Run) -> float:
    """Gives the posts of a run's sessions anew to the adults who had them and to those who are
    free, so that as many students as can keep the lead they were published with; whoever comes
    along with a student stays. The units of work it took."""
    sessions = tradable(board, run)
    held = {session.id: session.duties for session in sessions}
    along = {session.id: tuple(beyond_asked(session)) for session in sessions}
    for session in sessions:
        board.staff(session, along[session.id])
    adults = [a for a in reach.facts.staff if reach.facts.available(a, run)]
    posts = [
        (session, need)
        for session in sessions
        for need in session.offering.roles
        for _ in range(need.count)
    ]
    costs = np.full((len(posts), len(adults)), IMPOSSIBLE)
    for i, (session, need) in enumerate(posts):
        known = reach.worth.leads_known(session)
        now = {duty.staff for duty in held[session.id] if duty.role == need.role}
        led = len(session.seats) if need.role == "lead" else 0
        for j, staff in enumerate(adults):
            if (
                reach.lawful.may_serve(board, staff, need, session.offering, run, session.room)
                and reach.lawful.may_meet(staff, session.seats)
                and reach.lawful.may_lead_more(board, staff, led)
            ):
                gain = known.get(staff, 0) if need.role == "lead" else 0
                costs[i, j] = -2 * gain - (staff in now)
    rows, columns = linear_sum_assignment(costs) if posts and adults else ((), ())
    picked = dict(zip(rows, columns, strict=True))
    full = len(picked) == len(posts) and all(costs[i, j] < IMPOSSIBLE for i, j in picked.items())
    fresh = {session.id: list(along[session.id]) for session in sessions}
    for i, (session, need) in enumerate(posts):
        if full:
            fresh[session.id].append(Duty(staff=adults[picked[i]], role=need.role))
    for session in sessions:
        board.staff(session, fresh[session.id] if full else held[session.id])
    return len(posts) * len(adults) * STEP_WORK


def staff_by_trade(reach: Reach, board: Board, session: OpenSession) -> tuple[bool, int]:
    """Finds adults for a session that has none, by giving the posts of its blocks anew; whether
    there were enough and nobody loses a helper, else all stands as before; and what was asked."""
    run = session.blocks
    held = [(other, other.duties) for other in tradable(board, run) if other is not session]
    asked = _helpers_asked(reach, board, run)
    steps = round(trade_adults(reach, board, run) / STEP_WORK)
    if session.duties and _helpers_asked(reach, board, run) <= asked:
        return True, steps
    for other, _ in held:
        board.staff(other, ())
    board.staff(session, ())
    for other, duties in held:
        board.staff(other, duties)
    return False, steps


def _helpers_asked(reach: Reach, board: Board, run: Run) -> int:
    return sum(
        len(list(reach.lawful.helpers_asked(student, session)))
        for session in tradable(board, run)
        for student in session.seats
    )


# --- rooms ----------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Place:
    """A room, or a zone of one, that a session could have, and the seats that come with it."""

    room: Room
    seats: int


def trade_rooms(reach: Reach, board: Board, run: Run) -> float:
    """Gives the rooms of a run's sessions and those that are free to these sessions anew, so that
    as many students as can stay in the room they were published in, and rooms are no larger than
    need be; the units of work it took."""
    sessions = tradable(board, run)
    places = list(_places(reach, board, run, sessions))
    costs = np.full((len(sessions), len(places)), IMPOSSIBLE)
    for i, session in enumerate(sessions):
        stays = _known_rooms(reach, session)
        suited = _suited_classes(reach, board, session)
        for j, place in enumerate(places):
            room = place.room
            if len(session.seats) <= place.seats and (
                room is session.room
                or (
                    reach.class_of[room.id] in suited
                    and reach.lawful.room_allowed(room, session.offering.id, run)
                )
            ):
                gain = AGAINST_CHANGE * (stays.get(room.id, 0) - _too_large(reach, session, room))
                costs[i, j] = -gain - (room is session.room)
    if sessions:
        for session, j in zip(sessions, linear_sum_assignment(costs)[1].tolist(), strict=True):
            board.move(session, places[j].room)
    students = sum(len(session.seats) for session in sessions)
    steps = len(sessions) * len(places) + students * len(reach.room_classes)
    return steps * STEP_WORK


def _places(reach: Reach, board: Board, run: Run, sessions: list[OpenSession]) -> Iterator[_Place]:
    """Where sessions could be beside the others that stand. The zones of a room have the seats
    that are now used there; the empty ones, if any, share the rest."""
    now: dict[RoomId, list[int]] = defaultdict(list)
    for session in sessions:
        now[session.room.id].append(len(session.seats))
    for room in reach.facts.problem.rooms:
        if any(reach.facts.room_held(room.id, block) for block in run):
            continue
        others = [
            [s for s in board.in_room[room.id, b] if s.blocks != run or s.pinned] for b in run
        ]
        zones = room.zones - max(len(there) for there in others)
        used = sorted(now[room.id], reverse=True)
        left = room.seats - max(sum(len(s.seats) for s in there) for there in others) - sum(used)
        empty = zones - len(used)
        spare = max(0, left) // (empty or max(1, zones))
        yield from (_Place(room, seats + (0 if empty else spare)) for seats in used)
        yield from (_Place(room, spare) for _ in range(empty))


def _known_rooms(reach: Reach, session: OpenSession) -> dict[RoomId, int]:
    """What it saves to have a session in a room in which its students were published."""
    saved: dict[RoomId, int] = defaultdict(int)
    price = reach.worth.price["moved"]
    for block in session.blocks:
        for student in session.seats:
            old = reach.worth.before.get((student, block))
            if old is not None and old.room is not None:
                saved[old.room] += price * reach.facts.blocks[block].moved_factor
    return saved


def _suited_classes(reach: Reach, board: Board, session: OpenSession) -> set[int]:
    """The classes of rooms in which everybody in a session could be."""
    return {
        number
        for number in reach.classes_for(session.offering.id)
        if reach.lawful.could_be_in(board, session, reach.room_classes[number][0])
    }


def _too_large(reach: Reach, session: OpenSession, room: Room) -> int:
    """What the spare seats of a room cost."""
    spare = room.seats - len(session.seats) - session.offering.spare_seats_tolerance
    return reach.worth.price["room-fit"] * max(0, spare // 5) if room.zones == 1 else 0
