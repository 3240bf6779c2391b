"""Blocks without a duty that adults agreed on, as rows of a day program that is a bound."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.base import BlockId, StaffId
from solver.daylp import DayProgram


class Resting:
    """Rows that keep an adult off duty often enough in what could be a row of blocks longer than
    agreed; an override that could cover a longer one sets the adult free."""

    def __init__(self, program: DayProgram) -> None:
        self.program, self.facts = program, program.facts
        self._sections = program.sections

    def build(self) -> None:
        """Adds the rows."""
        for adult in self.facts.problem.staff:
            most = adult.most_consecutive_blocks
            if most is not None and not self.program.reach.waived("prep-limit", staff=adult.id):
                for period in range(len(self._sections.periods)):
                    self._rest_within(adult.id, period, most)
                for window in self._windows(adult.id, most):
                    self._rest_between(adult.id, window, most)

    def _rest_within(self, staff: StaffId, period: int, most: int) -> None:
        """A period has a block off duty in each longer row of it."""
        rows = self._rows(staff, self._sections.periods[period])
        high = sum(len(row) - len(row) // (most + 1) for row in rows)
        if high < sum(len(row) for row in rows):
            columns = self._sections.duties[staff, period]
            self.program.matrix.row(((column, 1) for column in columns), high=high)

    def _rest_between(self, staff: StaffId, window: tuple[BlockId, ...], most: int) -> None:
        """So do the periods that lie within a longer row."""
        columns = [
            column
            for period, blocks in enumerate(self._sections.periods)
            if all(block in window for row in self._rows(staff, blocks) for block in row)
            for column in self._sections.duties[staff, period]
        ]
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
