"""Whole numbers of sections from the day program: fix the clearest, solve again."""

from __future__ import annotations

import numpy as np

from solver.daylp import DayProgram
from solver.linear import LinearProgram, Reals
from solver.options import RoomColumn

NEARLY = 1e-4
"""A value this near to a whole number counts as one."""

SHARE = 4
"""One in so many of the columns still broken is rounded up between two solutions."""


class Dive:
    """Rounds the section counts of the options that touch one of the first `near` periods."""

    def __init__(self, program: DayProgram, near: int, seed: int) -> None:
        self.linear = LinearProgram(program.matrix, seed)
        self.values: Reals = np.zeros(0)
        """The values of the columns at the end."""
        self._open = [
            room
            for room in program.sections.rooms
            if any(period < near for period, _ in room.option.uses)
        ]
        self._low = {room.column: 0 for room in self._open}
        self._high = {room.column: program.matrix.high[room.column] for room in self._open}

    def run(self) -> dict[RoomColumn, int] | None:
        """How many sections of each kind to open; None where the program has no solution."""
        values = self.linear.solve()
        while values is not None:
            broken = self._broken(values)
            if not broken:
                self.values = values
                return {room: round(values[room.column]) for room in self._open}
            values = self._round_up(values, broken)
        return None

    def _broken(self, values: Reals) -> list[RoomColumn]:
        found = [
            room
            for room in self._open
            if abs(values[room.column] - round(values[room.column])) > NEARLY
        ]
        return sorted(found, key=lambda room: -(values[room.column] % 1))

    def _round_up(self, values: Reals, broken: list[RoomColumn]) -> Reals | None:
        """Keeps what is whole, rounds the fullest broken columns up, and solves again; when that
        can't be, rounds up but one; and when that can't be either, rounds it down."""
        for room in self._open:
            self._limit(room, int(values[room.column] + NEARLY), self._high[room.column])
        first = [r for r in broken[: max(1, len(broken) // SHARE)] if values[r.column] % 1 > 0.5]
        for chosen in ([first] if len(first) > 1 else []) + [broken[:1]]:
            before = {room: self._low[room.column] for room in chosen}
            for room in chosen:
                self._limit(room, before[room] + 1, self._high[room.column])
            solved = self.linear.solve()
            if solved is not None:
                return solved
            for room, low in before.items():
                self._limit(room, low, self._high[room.column])
        last = broken[0]
        self._limit(last, self._low[last.column], self._low[last.column])
        return self.linear.solve()

    def _limit(self, room: RoomColumn, low: int, high: int) -> None:
        if (low, high) != (self._low[room.column], self._high[room.column]):
            self._low[room.column], self._high[room.column] = low, high
            self.linear.limit(room.column, low, high)
