"""Parts of a plan that are made anew while the rest stands: each a small class with a name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from random import Random
from typing import ClassVar

from schemas.base import BlockId, StudentId
from solver.board import Board, OpenSession
from solver.construct import Filling, blocks_at_once
from solver.helping import Helping, send_home, who_ask
from solver.proposals import fixed
from solver.reach import Reach
from solver.trading import runs_of, tradable, trade_adults, trade_rooms


class Neighbourhood(ABC):
    """A way of changing a board, drawn at random."""

    name: ClassVar[str]
    """In a school's words."""
    cheap: ClassVar[bool] = False
    """Whether it takes little work."""

    def concerns(self, reach: Reach) -> bool:
        """Whether there is anything for it in a day."""
        return True

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
        filling.reseat(random.sample(students, _reseated(reach, SEATED)))
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
        waiting = [student for student, waits in left if waits == block]
        sessions = tradable(board, (block,))
        random.shuffle(sessions)
        return reopen(reach, board, (block,), sessions, waiting, random)


class FewSections(Neighbourhood):
    """What is in the place of a few sections all over the day, with the seats of many students."""

    name = "a few sections"

    def concerns(self, reach: Reach) -> bool:
        blocks = len(reach.facts.flex)
        return blocks > 1 and blocks * len(reach.facts.students) <= FEW_PAY

    def change(self, reach: Reach, board: Board, random: Random) -> float:
        flex = reach.facts.flex
        sessions = [session for block in flex for session in tradable(board, (block,))]
        few = random.sample(sessions, min(len(sessions), random.randint(*FEW)))
        return reopen(reach, board, flex, few, [], random)


class Adults(Neighbourhood):
    """Who leads which session of the same blocks: whoever the students know from the published
    plan."""

    name = "adults of a block"
    cheap = True

    def change(self, reach: Reach, board: Board, random: Random) -> float:
        runs = runs_of(board)
        return trade_adults(reach, board, random.choice(runs)) if runs else 0.0


class Rooms(Neighbourhood):
    """Which session of the same blocks is in which room: the published one, and none too large."""

    name = "rooms of a block"
    cheap = True

    def change(self, reach: Reach, board: Board, random: Random) -> float:
        runs = runs_of(board)
        return trade_rooms(reach, board, random.choice(runs)) if runs else 0.0


class Helpers(Neighbourhood):
    """An aide, or somebody who speaks a language, who comes along with a student all day, and the
    seats of those whom the student joins."""

    name = "help for a student"
    cheap = True

    def concerns(self, reach: Reach) -> bool:
        return bool(who_ask(reach))

    def change(self, reach: Reach, board: Board, random: Random) -> float:
        helping = Helping(reach, board)
        student = random.choice(who_ask(reach))
        company = [other for session in helping.bring(student) for other in session.seats]
        random.shuffle(company)
        filling = Filling(reach, board, random.randrange(1 << 30))
        filling.reseat(dict.fromkeys((student, *company[:COMPANY])))
        filling.finish()
        send_home(reach, board)
        return helping.work + filling.work


NEIGHBOURHOODS: tuple[Neighbourhood, ...] = (
    SeatsInARow(), Seats(), Sections(), Adults(), Rooms(), Helpers(),
    FewSections(), OneBlock(), TwoBlocks(), NextBlocks(), OneSubject(),
)  # fmt: skip

OVERLAPPING = 2
"""Half as many seats of blocks in a row are given anew at once as when a day is seated: where 1,100
students have nine blocks, four or five of these take 3 s and win as much as all nine in 12 s."""

FEW, FEW_PAY = (4, 12), 5_000
"""So many sections all over the day are decided anew at once, on days of so many students and
blocks. Six or twelve win three times what whole blocks win in the time with 300 students in six
blocks, twenty little; 600 end a minute 1.1 % of what is at stake cheaper, but 1,200, with two
hundred offerings to choose from, two minutes 0.4 % dearer."""

COMPANY = 40
"""The seats of at most so many others are given anew with those of a student whom somebody comes
along with: of a hundred in nine blocks they take three units of work."""

ONE, SEVERAL = (250, 500, 1000), (150, 300)
"""About so many seats of sessions are freed at once, in one block and in several."""

STUDENTS, SEATED, OPENED = 700, 3_600, 1_800
"""The seats of at most so many students, and in so many blocks together, are given anew at once, in
the sessions there are and beside new ones. Of 1,200 students in six blocks, half get seats that win
most in the time it takes: a quarter wins nine tenths of that, all of them a fifth."""


def _reseated(reach: Reach, places: int) -> int:
    """How many students get their seats anew at once, in so many blocks together."""
    return min(len(reach.facts.students), STUDENTS, max(1, places // max(1, len(reach.facts.flex))))


def reopen(
    reach: Reach,
    board: Board,
    blocks: tuple[BlockId, ...],
    sessions: list[OpenSession],
    students: list[StudentId],
    random: Random,
) -> float:
    """Decides anew what is in the place of sessions, as many of them as can be at once, with the
    seats of some students, of those in these sessions, and of others."""
    most = _reseated(reach, OPENED)
    freed: list[OpenSession] = []
    seated = dict.fromkeys(students)
    for session in sessions:
        if len({*seated, *session.seats}) <= most:
            freed.append(session)
            seated.update(dict.fromkeys(session.seats))
    others = [student for student in reach.facts.students if student not in seated]
    random.shuffle(others)
    seated.update(dict.fromkeys(others[: most - len(seated)]))
    filling = Filling(reach, board, random.randrange(1 << 30))
    filling.reopen(blocks, freed, list(seated))
    filling.finish()
    return filling.work


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
