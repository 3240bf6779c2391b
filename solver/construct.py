"""A good plan from nothing: block by block, each with the rest of the day in view."""

from __future__ import annotations

from collections import defaultdict

from schemas.base import BlockId, OfferingId, StaffId, StudentId
from solver.board import Board
from solver.daylp import DayProgram
from solver.dive import Dive
from solver.linear import LinearProgram, Reals
from solver.naming import Naming, Section
from solver.placing import Placing
from solver.reach import Reach
from solver.sections import Periods, RoomColumn


ATTEMPTS = 3
"""How often the program is asked anew about a block, with what it could open standing."""


class Construction:
    """Fills a board. For each block the day program decides which sections to open, knowing what
    the rest of the day could still do; they get adults and rooms; then the same program, with
    these sections standing, gives out their seats. Source: relax-and-fix, as in Y. Pochet and
    L. A. Wolsey, Production Planning by Mixed Integer Programming, 2006, section 3.6."""

    def __init__(self, reach: Reach, board: Board, seed: int) -> None:
        self.reach, self.board, self.seed = reach, board, seed
        self.facts = reach.facts
        self.work = 0.0
        """Units of work done."""

    def run(self) -> None:
        """Opens and fills sessions in every flex block, then places whom it can of the rest."""
        placing = Placing(self.reach, self.board)
        for number, block in enumerate(self.facts.flex):
            rest = self.facts.flex[number + 1 :]
            periods = ((block,), rest) if rest else ((block,),)
            for _ in range(ATTEMPTS):
                if not self._open_sections(periods):
                    break
            self._give_seats(periods)
            placing.fill(block)
        placing.finish()

    def _open_sections(self, periods: Periods) -> int:
        """Opens what the program asks for; how many sections got an adult and a room."""
        fresh = frozenset(range(len(periods)))
        program = DayProgram(self.reach, self.board, periods, fresh, guide=True)
        dive = Dive(program, self.seed)
        found = dive.run()
        self.work += dive.linear.work
        if found is None:
            return 0
        counts, values = found
        wanted: dict[tuple[OfferingId, StaffId], float] = defaultdict(float)
        for duty in program.sections.duties:
            if any(period == 0 for period, _ in duty.option.uses):
                wanted[duty.option.offering.id, duty.staff] += float(values[duty.column])
        sections = [s for room, count in counts.items() for s in self._sections(room, count)]
        return len(Naming(self.reach, self.board).open(sections, wanted))

    @staticmethod
    def _sections(room: RoomColumn, count: int) -> list[Section]:
        run = room.option.runs[0]
        if room.option.session is not None:
            return []
        return [Section(room.option.offering, run, room.rooms) for _ in range(count)]

    def _give_seats(self, periods: Periods) -> None:
        fresh = frozenset(range(1, len(periods)))
        program = DayProgram(self.reach, self.board, periods, fresh, guide=True)
        linear = LinearProgram(program.matrix, self.seed)
        values = linear.solve()
        self.work += linear.work
        if values is not None:
            self._seat(program, values)

    def _seat(self, program: DayProgram, values: Reals) -> None:
        """The fullest columns first, each as far as the rules allow."""
        meant = sorted(
            (
                (-round(float(values[seat.column]), 6), number)
                for number, seat in enumerate(program.seats)
                if seat.option.session is not None and values[seat.column] > 0.01
            ),
        )
        placed: set[tuple[StudentId, BlockId]] = set()
        for _, number in meant:
            seat = program.seats[number]
            session = seat.option.session
            if session is None or (seat.student, session.blocks[0]) in placed:
                continue
            if self.reach.lawful.may_sit(self.board, seat.student, session):
                self.board.seat(seat.student, session, seat.competency)
                placed.add((seat.student, session.blocks[0]))
