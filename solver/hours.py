"""What was agreed with adults on their hours, as rows of a day program that is a bound."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from schemas.base import BlockId, StaffId
from solver.daylp import DayProgram


class Hours:
    """Rows that keep an adult off duty often enough in what could be a row of blocks longer than
    agreed, where no override could cover a longer one; and price blocks beyond a fair share."""

    def __init__(self, program: DayProgram) -> None:
        self.program, self.facts = program, program.facts
        self._sections = program.sections

    def build(self) -> None:
        """Adds the rows."""
        for adult in self.facts.problem.staff:
            if adult.fair_blocks is not None:
                self._share(adult.id, adult.fair_blocks)
            most = adult.most_consecutive_blocks
            if most is not None and not self.program.reach.waived("prep-limit", staff=adult.id):
                for period in range(len(self._sections.periods)):
                    self._rest_within(adult.id, period, most)
                for window in self._windows(adult.id, most):
                    self._rest_between(adult.id, window, most)

    def _share(self, staff: StaffId, fair: int) -> None:
        """Prices each block on duty beyond a fair share."""
        columns = self._columns(staff, range(len(self._sections.periods)))
        beyond = self.program.matrix.column(
            self.program.worth.price["uneven-load"], high=len(self.facts.flex)
        )
        self.program.matrix.row(((beyond, -1), *((column, 1) for column in columns)), high=fair)

    def _columns(self, staff: StaffId, periods: Iterable[int]) -> list[int]:
        """The columns that count an adult's blocks on duty in some periods."""
        duties = self._sections.duties
        return [column for period in periods for column in duties.get((staff, period), ())]

    def _rest_within(self, staff: StaffId, period: int, most: int) -> None:
        """A period has a block off duty in each longer row of it."""
        rows = self._rows(staff, self._sections.periods[period])
        high = sum(len(row) - len(row) // (most + 1) for row in rows)
        if high < sum(len(row) for row in rows):
            columns = self._columns(staff, (period,))
            self.program.matrix.row(((column, 1) for column in columns), high=high)

    def _rest_between(self, staff: StaffId, window: tuple[BlockId, ...], most: int) -> None:
        """So do the periods that lie within a longer row."""
        within = [
            period
            for period, blocks in enumerate(self._sections.periods)
            if all(block in window for row in self._rows(staff, blocks) for block in row)
        ]
        columns = self._columns(staff, within)
        self.program.matrix.row(((column, 1) for column in columns), high=most)

    def _windows(self, staff: StaffId, most: int) -> Iterator[tuple[BlockId, ...]]:
        """Rows of blocks in which the adult could be on duty, one longer than agreed."""
        for row in self._rows(staff, self.facts.flex):
            for first in range(len(row) - most):
                yield row[first : first + most + 1]

    def _rows(self, staff: StaffId, blocks: tuple[BlockId, ...]) -> tuple[tuple[BlockId, ...], ...]:
        """Those of the blocks in which the adult could be on duty, parted where others lie
        between."""
        rows: list[list[BlockId]] = []
        for block in blocks:
            if self.facts.staff_held(staff, block):
                continue
            place = self.facts.position[block]
            if rows and self.facts.position[rows[-1][-1]] == place - 1:
                rows[-1].append(block)
            else:
                rows.append([block])
        return tuple(tuple(row) for row in rows)
