"""A good plan from nothing, and parts of a day made anew, as the day program decides."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from schemas.base import BlockId, CompetencyId, OfferingId, StudentId
from schemas.plan import Duty
from solver.board import Board, OpenSession
from solver.daylp import DayProgram
from solver.deciding import Deciding, Decision
from solver.dive import NEARLY, Dive
from solver.effort import ENTRY_WORK, STEP_WORK
from solver.exact import Exact
from solver.linear import LinearProgram, Reals
from solver.naming import Naming, Section
from solver.options import Periods, RoomColumn, Run
from solver.placing import Placing
from solver.proposals import Fixed, fixed
from solver.reach import Reach
from solver.sections import BY_NAME

WHOLE_DAY = 12_000
"""Students and blocks whose seats are one program: 9,900 take 8 s of a core, 24,000 take 196."""

FEW_PLACES = 1_000
"""Students and blocks that are decided with adults and seats: a try with 1,200 students in one
block takes five units of work where counting sections takes less than one, and wins less."""

ATTEMPTS = 3
"""How often the program is asked anew about a block, with what it could open standing."""


WHOLE_SEATS = 80_000
"""Columns up to which seats are whole: of 1,200 students in six blocks, 56,000, that takes a second
of a core; of 1,100 in nine, 105,000, it takes eighteen, which win less than other tries then do."""

UNSEEN = ("keep-together", "fragments", "remix", "group-fit", "spread")
"""Rules that programs don't see. A seat is kept for the price of the dearest, as giving seats
anew broke more of them than it won elsewhere: with 1,200 students in six blocks a plan got dearer
by 0.4 % of what is at stake, and now gets cheaper by 0.15 %."""


class Held(NamedTuple):
    """A seat that a student had."""

    session: str
    offering: OfferingId
    competency: CompetencyId | None


HeldSeats = dict[tuple[StudentId, Run], Held]
"""By student and blocks."""


@dataclass
class Filling:
    """Fills blocks of a board. The day program decides which sections to open; they get adults
    and rooms; then the same program, with these sections standing, gives out their seats."""

    reach: Reach
    board: Board
    seed: int
    work: float = 0.0
    """Units of work done."""

    def fill(
        self, blocks: tuple[BlockId, ...], rest: tuple[BlockId, ...] = (), closely: bool = True
    ) -> None:
        """Opens and fills sessions in some blocks, with what the rest of the day could still do
        in view; looked at `closely`, nobody has more of a seat than there is of a section."""
        periods: Periods = tuple((block,) for block in blocks) + ((rest,) if rest else ())
        everything = frozenset(range(len(periods)))
        for _ in range(ATTEMPTS):
            if not self._open_sections(periods, len(blocks), everything, closely=closely):
                break
        self._give_seats(periods, len(blocks))
        self._place(blocks)

    def refill(self, blocks: tuple[BlockId, ...], before: tuple[Fixed, ...]) -> None:
        """Opens and fills sections in a few blocks at once, in whole numbers; `before` is how
        they stood, which is never made worse as far as the program sees. Where there are few
        students, adults are named and seats given out at the same time."""
        periods: Periods = tuple((block,) for block in blocks)
        few = len(self.reach.facts.students) * len(blocks) <= FEW_PLACES
        if few:
            self._decide(periods, before)
        else:
            self._count(periods, before)
        held = {
            (student, one.blocks): Held(one.id, one.offering, competency)
            for one in before
            for student, competency in one.seats
        }
        self._give_seats(periods, len(periods), few, held)
        self._place(blocks)

    def _count(self, periods: Periods, before: tuple[Fixed, ...]) -> None:
        """Opens as many sections as serve best, with whatever adults can be had."""
        fresh = frozenset(range(len(periods)))
        program = DayProgram(self.reach, self.board, periods, fresh, guide=True)
        exact = Exact(program, self.seed)
        exact.start_from(before)
        counts = exact.solve()
        self.work += exact.work + len(program.matrix.coefficient) * ENTRY_WORK
        stood = list(before)
        sections = [s for room, count in counts or () for s in self._sections(room, count, stood)]
        Naming(self.reach, self.board).open(sections, {})

    def _decide(self, periods: Periods, before: tuple[Fixed, ...]) -> None:
        """Opens sections for those whom they serve best, with adults who can all be there. On a
        small day the engine may wander off from what stood, as it finds as good a solution by
        itself, and another one."""
        fresh = frozenset(range(len(periods)))
        held = self._free_adults(tuple(block for blocks in periods for block in blocks))
        program = DayProgram(
            self.reach, self.board, periods, fresh, guide=True, named=True, exact=True
        )
        deciding = Deciding(program, self.seed)
        whole_day = len(self.reach.facts.students) * len(self.reach.facts.flex)
        deciding.start_from(before, held, wholly=whole_day > BY_NAME)
        decision = deciding.decide()
        self.work += deciding.work + len(program.matrix.coefficient) * ENTRY_WORK
        if decision is None:
            for session, duties in held:
                self.board.staff(session, duties)
        else:
            self._open_decided(decision)

    def reseat(self, students: Iterable[StudentId], held: HeldSeats | None = None) -> None:
        """Gives out anew all seats of some students as sessions stand, over the whole day at once
        or, where that is too much, over some blocks after others. Some may have `held` seats until
        just now."""
        students, flex = list(students), self.reach.facts.flex
        count = blocks_at_once(self.reach, len(students))
        for first in range(0, len(flex), count):
            self.reseat_in(flex[first : first + count], students, held)
        self._place(flex)

    def reseat_in(
        self,
        blocks: tuple[BlockId, ...],
        students: Iterable[StudentId],
        held: HeldSeats | None = None,
    ) -> None:
        """The same over some blocks at once, but for those whom that leaves without a seat."""
        held = self._clear(students, blocks) | (held or {})
        self._give_seats(tuple((block,) for block in blocks), len(blocks), held=held)
        self._go_back(held)

    def reopen(
        self, blocks: tuple[BlockId, ...], freed: list[OpenSession], students: list[StudentId]
    ) -> None:
        """Decides anew what some blocks have in place of some sessions, with all seats of some
        students open over the whole day, and gives out these seats."""
        before = tuple(fixed(session) for session in freed)
        held = self._clear(students, self.reach.facts.flex)
        for session in freed:
            self.board.close(session)
        others = [block for block in self.reach.facts.flex if block not in blocks]
        periods: Periods = tuple((block,) for block in (*blocks, *others))
        self._open_sections(periods, len(blocks), frozenset(range(len(blocks))), before)
        self.reseat(students, held=held)

    def _place(self, blocks: Iterable[BlockId]) -> None:
        """Seats those still unplaced in some blocks where a seat is open."""
        placing = Placing(self.reach, self.board)
        for block in blocks:
            placing.fill(block)
        self.work += placing.steps * STEP_WORK

    def _clear(self, students: Iterable[StudentId], blocks: tuple[BlockId, ...]) -> HeldSeats:
        """Takes students out of the sessions that lie within some blocks; what they had."""
        return {
            (student, session.blocks): Held(
                session.id, session.offering.id, self.board.unseat(student, session)
            )
            for student in students
            for session in self.board.sessions_of(student)
            if student not in session.pinned_students and set(blocks).issuperset(session.blocks)
        }

    def _go_back(self, held: HeldSeats) -> None:
        """Seats students who were placed for no gain where they were, if nothing better came."""
        for (student, run), seat in held.items():
            for session in self.board.in_block[run[0]]:
                if self._is_as_held(session, run, seat) and self.reach.lawful.may_sit(
                    self.board, student, session
                ):
                    self.board.seat(student, session, None)

    def _free_adults(
        self, blocks: tuple[BlockId, ...]
    ) -> list[tuple[OpenSession, tuple[Duty, ...]]]:
        """Takes the adults whom nothing pins out of the sessions within some blocks; the duties
        of each as they were."""
        within = [s for s in self.board.sessions.values() if set(blocks).issuperset(s.blocks)]
        held = [(session, session.duties) for session in within]
        for session, duties in held:
            self.board.staff(session, [d for d in duties if d.staff in session.pinned_staff])
        return held

    def _open_decided(self, decision: Decision) -> None:
        """Opens what was decided, with the adults it was decided for; first what few rooms suit."""
        for option, posts in decision.posts.items():
            if option.session is not None:
                fresh = [Duty(staff=staff, role=need.role) for need, staff in posts]
                self.board.staff(option.session, (*option.session.duties, *fresh))
        naming = Naming(self.reach, self.board)
        for room, count in sorted(decision.sections, key=lambda entry: len(entry[0].rooms)):
            left = decision.posts[room.option]
            for section in self._sections(room, count, []):
                chosen = {}
                for place, post in enumerate(naming.posts(section)):
                    held = next((entry for entry in left if entry[0] == post.need), None)
                    if held is not None:
                        left.remove(held)
                        chosen[section, place] = held[1]
                naming.open_one(section, chosen)

    def finish(self) -> None:
        """Settles sizes and places whom it can of those left, all over the day."""
        placing = Placing(self.reach, self.board)
        placing.finish()
        self.work += placing.steps * STEP_WORK

    def _open_sections(
        self,
        periods: Periods,
        near: int,
        fresh: frozenset[int],
        before: tuple[Fixed, ...] = (),
        closely: bool = False,
    ) -> bool:
        """Opens what the program asks for; whether it is worth asking anew, as some sections got
        an adult and a room, and some did not."""
        program = DayProgram(self.reach, self.board, periods, fresh, guide=True)
        dive = Dive(program, near, self.seed, closely)
        found = dive.run()
        self.work += dive.linear.work + len(program.matrix.coefficient) * ENTRY_WORK
        if found is None:
            return False
        stood = list(before)
        sections = [s for room, count in found.items() for s in self._sections(room, count, stood)]
        wanted = program.sections.busy(dive.values, near)
        opened = Naming(self.reach, self.board).open(sections, wanted)
        return 0 < len(opened) < len(sections)

    @staticmethod
    def _sections(room: RoomColumn, count: int, before: list[Fixed]) -> list[Section]:
        """The sections to open in rooms of a size, in the place of those `before` that were alike,
        which are taken off that list."""
        offering, run = room.option.offering, room.option.runs[0]
        names = {one.id for one in room.rooms}
        alike = [
            one
            for one in before
            if (one.offering, one.blocks) == (offering.id, run)
            and one.room in names
            and not one.pinned
        ][:count]
        for one in alike:
            before.remove(one)
        fresh = [None] * (count - len(alike))
        return [Section(offering, run, room.rooms, one) for one in (*alike, *fresh)]

    def _give_seats(
        self, periods: Periods, near: int, exactly: bool = False, held: HeldSeats | None = None
    ) -> None:
        """Gives out the seats of some periods, `exactly` or nearly so; who `held` one keeps it
        where nothing speaks against it, as the program doesn't see all that speaks for it."""
        fresh = frozenset(range(near, len(periods)))
        program = DayProgram(self.reach, self.board, periods, fresh, guide=True, exact=exactly)
        kept = self._kept(program, held or {})
        worth = max(self.reach.worth.price[rule] for rule in UNSEEN)
        for column in kept:
            program.matrix.cost[column] -= worth
        if exactly:
            exact = Exact(program, self.seed, seats=True)
            if kept:
                exact.keep(kept)
            values, work = exact.values(), exact.work
        else:
            values, work = self._nearly_whole(program)
        self.work += work + len(program.matrix.coefficient) * ENTRY_WORK
        if values is not None:
            self._seat(program, values)

    def _nearly_whole(self, program: DayProgram) -> tuple[Reals | None, float]:
        """The best values of a program of seats, in whole numbers for those whom the best in any
        numbers leaves between seats, while the others stay in theirs, unless there are too many
        columns for that; and the units of work."""
        linear = LinearProgram(program.matrix, self.seed)
        values = linear.solve()
        if values is None:
            return None, linear.work
        whole = np.rint(values)
        between = {
            seat.student
            for seat in program.seats
            if abs(values[seat.column] - whole[seat.column]) > NEARLY
        }
        if not between or len(values) > WHOLE_SEATS:
            return values, linear.work
        exact = Exact(program, self.seed, seats=True)
        exact.hold(
            {s.column: int(whole[s.column]) for s in program.seats if s.student not in between}
        )
        found = exact.values()
        return (values if found is None else found), linear.work + exact.work

    def _kept(self, program: DayProgram, held: HeldSeats) -> list[int]:
        """The columns of the seats that were held, or of such in a session that took the place of
        theirs."""
        return [
            seat.column
            for seat in program.seats
            for had in [held.get((seat.student, seat.option.runs[0]))]
            if had is not None
            and had.competency == seat.competency
            and seat.option.session is not None
            and self._is_as_held(seat.option.session, seat.option.runs[0], had)
        ]

    def _is_as_held(self, session: OpenSession, run: Run, seat: Held) -> bool:
        """Whether a session is the one of a held seat, or took the place of that."""
        if seat.session in self.board.sessions:
            return seat.session == session.id
        return (seat.offering, run) == (session.offering.id, session.blocks)

    def _seat(self, program: DayProgram, values: Reals) -> None:
        """The fullest columns first, each as far as the rules allow."""
        meant = sorted(
            (-round(float(values[seat.column]), 6), number)
            for number, seat in enumerate(program.seats)
            if seat.option.session is not None and values[seat.column] > 0.01
        )
        placed: set[tuple[StudentId, BlockId]] = set()
        for _, number in meant:
            seat = program.seats[number]
            session = seat.option.session
            if session is None or (seat.student, session.blocks[0]) in placed:
                continue
            if self.reach.lawful.may_sit(self.board, seat.student, session):
                could = self.reach.lawful.serves(self.board, seat.student, session)
                serving = seat.competency if seat.competency in could else None
                self.board.seat(seat.student, session, serving)
                placed.add((seat.student, session.blocks[0]))


def blocks_at_once(reach: Reach, students: int) -> int:
    """In how many blocks so many students get their seats at once."""
    return min(max(1, len(reach.facts.flex)), max(1, WHOLE_DAY // max(1, students)))


def construct(reach: Reach, board: Board, seed: int, closely: bool = True) -> float:
    """Fills a board from what is pinned on it, one block after another, each with the rest of the
    day in view, all but the last touches; the units of work it took. Blocks come first in which
    most students are confined by where they come from or go to: planning time and the like then
    falls where it hurts least. Source: relax-and-fix, as in Y. Pochet and L. A. Wolsey, Production
    Planning by Mixed Integer Programming, 2006, section 3.6."""
    filling = Filling(reach, board, seed)
    flex = sorted(reach.facts.flex, key=lambda block: -_confined(reach, board, block))
    for number, block in enumerate(flex):
        filling.fill((block,), tuple(flex[number + 1 :]), closely)
    return filling.work


def _confined(reach: Reach, board: Board, block: BlockId) -> int:
    """How many students cannot get to every quarter in a block."""
    if not reach.is_spread_out:
        return 0
    return sum(
        not all(
            reach.lawful.gets_to(board, student, corner, (block,))
            for corner in reach.corners.values()
        )
        for student in reach.facts.students
        if reach.facts.is_free(student, block)
    )
