"""Parts of a plan that are made anew while the rest stands: each a small class with a name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from random import Random
from typing import ClassVar

import numpy as np
from scipy.optimize import linear_sum_assignment

from schemas.base import BlockId
from schemas.plan import Duty
from schemas.school import Room
from solver.board import Board, OpenSession
from solver.construct import Filling, blocks_at_once
from solver.effort import STEP_WORK
from solver.proposals import fixed
from solver.reach import Reach


class Neighbourhood(ABC):
    """A way of changing a board, drawn at random."""

    name: ClassVar[str]
    """In a school's words."""
    cheap: ClassVar[bool] = False
    """Whether it takes little work."""

    @abstractmethod
    def change(self, reach: Reach, board: Board, random: Random) -> float:
        """Changes the board; the units of work it took."""


class OneBlock(Neighbourhood):
    """The sessions of one block: one in which somebody has no place, where there is one."""

    name = "one block"

    def change(self, reach: Reach, board: Board, random: Random) -> float:
        left = [block for _, block in board.unplaced()]
        return remake(reach, board, (random.choice(left or reach.facts.flex),), random, ONE)


class TwoBlocks(Neighbourhood):
    """Sessions of two blocks, so that students can have in one what they miss in the other."""

    name = "two blocks"

    def change(self, reach: Reach, board: Board, random: Random) -> float:
        return remake(reach, board, some_blocks(reach, random, 2), random, SEVERAL)


class NextBlocks(Neighbourhood):
    """Sessions of two blocks or three that follow one another, with those that span them."""

    name = "next blocks"

    def change(self, reach: Reach, board: Board, random: Random) -> float:
        flex = reach.facts.flex
        count = min(len(flex), random.choice((2, 3)))
        first = random.randrange(len(flex) - count + 1)
        return remake(reach, board, flex[first : first + count], random, SEVERAL)


class OneSubject(Neighbourhood):
    """Sessions of one subject and of one other, all day."""

    name = "one subject"

    def change(self, reach: Reach, board: Board, random: Random) -> float:
        subjects = sorted({offering.subject for offering in reach.facts.problem.offerings})
        chosen = random.sample(subjects, min(2, len(subjects)))
        return remake(reach, board, reach.facts.flex, random, SEVERAL, tuple(chosen))


class Seats(Neighbourhood):
    """The seats of many students over the whole day, in the sessions there are."""

    name = "seats of the day"
    cheap = True

    def change(self, reach: Reach, board: Board, random: Random) -> float:
        students = list(reach.facts.students)
        filling = Filling(reach, board, random.randrange(1 << 30))
        filling.reseat(random.sample(students, _reseated(reach)), exactly=True)
        filling.finish()
        return filling.work


class SeatsInARow(Neighbourhood):
    """All seats of some blocks that follow one another, in the sessions there are."""

    name = "seats of next blocks"
    cheap = True

    def change(self, reach: Reach, board: Board, random: Random) -> float:
        students, flex = reach.facts.students, reach.facts.flex
        most = blocks_at_once(reach, OVERLAPPING * len(students))
        count = random.randint(min(2, most), most)
        first = random.randrange(len(flex) - count + 1)
        filling = Filling(reach, board, random.randrange(1 << 30))
        filling.reseat_in(flex[first : first + count], students)
        filling.finish()
        return filling.work


class Sections(Neighbourhood):
    """Which sections a block has, one in which somebody has no place where there is one, with the
    seats of many students open over the whole day."""

    name = "sections of a block"
    cheap = True

    def change(self, reach: Reach, board: Board, random: Random) -> float:
        left = board.unplaced()
        block = random.choice([block for _, block in left] or reach.facts.flex)
        sessions = _single(board, block)
        random.shuffle(sessions)
        most = _reseated(reach)
        freed: list[OpenSession] = []
        students = {student: None for student, waits in left if waits == block}
        for session in sessions:
            if len(students) + len(session.seats) <= most:
                freed.append(session)
                students.update(dict.fromkeys(session.seats))
        others = [student for student in reach.facts.students if student not in students]
        random.shuffle(others)
        students.update(dict.fromkeys(others[: most - len(students)]))
        filling = Filling(reach, board, random.randrange(1 << 30))
        filling.reopen(block, freed, list(students))
        filling.finish()
        return filling.work


class Adults(Neighbourhood):
    """Who leads which session of a block: whoever the students know from the published plan."""

    name = "adults of a block"
    cheap = True

    def change(self, reach: Reach, board: Board, random: Random) -> float:
        return trade_adults(reach, board, random.choice(reach.facts.flex))


class Rooms(Neighbourhood):
    """Which session of a block is in which room: the published one, and none too large."""

    name = "rooms of a block"
    cheap = True

    def change(self, reach: Reach, board: Board, random: Random) -> float:
        return trade_rooms(reach, board, random.choice(reach.facts.flex))


NEIGHBOURHOODS: tuple[Neighbourhood, ...] = (
    SeatsInARow(), Seats(), Sections(), Adults(), Rooms(),
    OneBlock(), TwoBlocks(), NextBlocks(), OneSubject(),
)  # fmt: skip

OVERLAPPING = 2
"""Half as many seats of blocks in a row are given anew at once as when a day is seated: where 1,100
students have nine blocks, four or five of these take 3 s and win as much as all nine in 12 s."""

ONE, SEVERAL = (250, 500, 1000), (150, 300)
"""About so many seats of sessions are freed at once, in one block and in several."""

STUDENTS, PLACES = 700, 1_800
"""The seats of at most so many students, and in so many blocks together, are given anew at once:
the same program with half of 1,200 students in six blocks takes fifteen times as long as with a
quarter, and found nothing; with all of 600 plans are dearer by 2 % of what is at stake than with
half."""

IMPOSSIBLE = 1e9


def _reseated(reach: Reach) -> int:
    """How many students get their seats anew at once."""
    return min(len(reach.facts.students), STUDENTS, max(1, PLACES // max(1, len(reach.facts.flex))))


def some_blocks(reach: Reach, random: Random, count: int) -> tuple[BlockId, ...]:
    """Some flex blocks, in order of time."""
    flex = reach.facts.flex
    return tuple(sorted(random.sample(flex, min(len(flex), count)), key=flex.index))


def remake(
    reach: Reach,
    board: Board,
    blocks: tuple[BlockId, ...],
    random: Random,
    most: tuple[int, ...],
    subjects: tuple[str, ...] | None = None,
) -> float:
    """Closes sessions that lie within some blocks, as many as can be decided at once, and fills
    the blocks anew in whole numbers; the other sessions keep adults, rooms and students."""
    within = [
        session
        for session in board.sessions.values()
        if all(block in blocks for block in session.blocks)
        and (subjects is None or session.offering.subject in subjects)
    ]
    random.shuffle(within)
    room_for = random.choice(most)
    freed: list[OpenSession] = []
    for session in within:
        room_for -= len(session.seats) * len(session.blocks)
        if room_for >= 0:
            freed.append(session)
    before = tuple(fixed(session) for session in freed)
    for session in freed:
        if session.pinned:
            for student in list(session.seats):
                if student not in session.pinned_students:
                    board.unseat(student, session)
        else:
            board.close(session)
    filling = Filling(reach, board, random.randrange(1 << 30))
    filling.refill(blocks, before)
    filling.finish()
    return filling.work


def _single(board: Board, block: BlockId) -> list[OpenSession]:
    """The sessions of a block that are free to trade: within it alone, and not pinned."""
    return [s for s in board.in_block[block] if s.blocks == (block,) and not s.pinned]


def trade_adults(reach: Reach, board: Board, block: BlockId) -> float:
    """Gives the posts of a block's sessions anew to the adults who had them and to those who are
    free, so that as many students as can keep the lead they were published with."""
    sessions = _single(board, block)
    held = {session.id: session.duties for session in sessions}
    for session in sessions:
        board.staff(session, ())
    adults = [a for a in reach.facts.staff if reach.facts.available(a, (block,))]
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
                reach.lawful.may_serve(
                    board, staff, need, session.offering, session.blocks, session.room
                )
                and reach.lawful.may_meet(staff, session.seats)
                and reach.lawful.may_lead_more(board, staff, led)
            ):
                gain = known.get(staff, 0) if need.role == "lead" else 0
                costs[i, j] = -2 * gain - (staff in now)
    rows, columns = linear_sum_assignment(costs) if posts and adults else ((), ())
    picked = dict(zip(rows, columns, strict=True))
    full = len(picked) == len(posts) and all(costs[i, j] < IMPOSSIBLE for i, j in picked.items())
    fresh: dict[str, list[Duty]] = {session.id: [] for session in sessions}
    for i, (session, need) in enumerate(posts):
        if full:
            fresh[session.id].append(Duty(staff=adults[picked[i]], role=need.role))
    for session in sessions:
        board.staff(session, fresh[session.id] if full else held[session.id])
    return len(posts) * len(adults) * STEP_WORK


def trade_rooms(reach: Reach, board: Board, block: BlockId) -> float:
    """Gives rooms of one zone to a block's sessions anew, so that as many students as can stay in
    the room they were published in, and rooms are no larger than need be."""
    lawful = reach.lawful
    sessions = [s for s in _single(board, block) if s.room.zones == 1]
    taken = {s.room.id for s in board.in_block[block] if s not in sessions}
    rooms = [
        room
        for room in reach.facts.problem.rooms
        if room.zones == 1 and room.id not in taken and not reach.facts.room_held(room.id, block)
    ]
    costs = np.full((len(sessions), len(rooms)), IMPOSSIBLE)
    for i, session in enumerate(sessions):
        suited = {room.id for room in lawful.rooms_for(session.offering.id)}
        stays: dict[str, int] = {}
        for student in session.seats:
            old = reach.worth.before.get((student, block))
            if old is not None and old.room is not None:
                stays[old.room] = stays.get(old.room, 0) + 1
        for j, room in enumerate(rooms):
            if room is session.room or (
                room.id in suited
                and room.seats >= len(session.seats)
                and lawful.room_allowed(room, session.offering.id, session.blocks)
                and _alike(room, session.room)
            ):
                spare = room.seats - len(session.seats) - session.offering.spare_seats_tolerance
                gain = stays.get(room.id, 0) * reach.worth.price["moved"]
                costs[i, j] = -4 * gain + max(0, spare // 5) - (room is session.room)
    if sessions:
        picked = linear_sum_assignment(costs)[1]
        for session, j in zip(sessions, picked.tolist(), strict=True):
            board.move(session, rooms[j])
    return len(sessions) * len(rooms) * STEP_WORK


def _alike(a: Room, b: Room) -> bool:
    """Whether whoever may be in one room, and reaches it in time, may be in the other."""
    return (a.building, a.kind, a.features) == (b.building, b.kind, b.features)
