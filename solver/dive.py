"""Whole numbers of sections from the day program: fix the clearest, solve again."""

from __future__ import annotations

from math import inf

import numpy as np

from solver.daylp import DayProgram
from solver.linear import LinearProgram, Reals
from solver.links import Links, of_new_sections
from solver.options import RoomColumn

NEARLY = 1e-4
"""A value this near to a whole number counts as one."""

SHARE = 4
"""One in so many of the columns still broken is rounded up between two solutions."""


class Dive:
    """Rounds the section counts of the options that touch one of the first `near` periods."""

    def __init__(self, program: DayProgram, near: int, seed: int, closely: bool = False) -> None:
        self.linear = LinearProgram(program.matrix, seed)
        self.values: Reals = np.zeros(0)
        """The values of the columns at the end."""
        self._open = [
            room
            for room in program.sections.rooms
            if any(period < near for period, _ in room.option.uses)
        ]
        self._links = Links(self.linear, list(of_new_sections(program)) if closely else [])
        self._costs = np.asarray(program.matrix.cost, float)
        self._left_out = program.worth.price["unplaced"]
        self._low = {room.column: 0 for room in self._open}
        self._high = {room.column: program.matrix.high[room.column] for room in self._open}

    def run(self) -> dict[RoomColumn, int] | None:
        """How many sections of each kind to open; None where the program has no solution."""
        values = self._solve()
        while values is not None:
            broken = self._broken(values)
            if not broken:
                self.values = values
                return {room: round(values[room.column]) for room in self._open}
            values = self._round(values, broken)
        return None

    def _solve(self) -> Reals | None:
        """The values of the columns at an optimum, with the links that one breaks without them."""
        values = self.linear.solve()
        if values is not None and self._links.add_broken(values):
            return self.linear.solve()
        return values

    def _broken(self, values: Reals) -> list[RoomColumn]:
        found = [
            room
            for room in self._open
            if abs(values[room.column] - round(values[room.column])) > NEARLY
        ]
        return sorted(found, key=lambda room: -(values[room.column] % 1))

    def _round(self, values: Reals, broken: list[RoomColumn]) -> Reals | None:
        """Keeps what is whole, rounds the fullest broken columns up, and solves again; where that
        can't be, or leaves one more student out, rounds up the fullest alone; and where that can't
        be either, rounds it up or down, whichever is cheaper."""
        for room in self._open:
            self._limit(room, int(values[room.column] + NEARLY), self._high[room.column])
        first = [r for r in broken[: max(1, len(broken) // SHARE)] if values[r.column] % 1 > 0.5]
        dear = self._cost(values) + self._left_out
        for chosen in ([first] if len(first) > 1 else []) + [broken[:1]]:
            up = self._rounded_up(chosen)
            if self._cost(up) < dear:
                return up
            for room in chosen:
                self._limit(room, self._low[room.column] - 1, self._high[room.column])
        last, high = broken[0], self._high[broken[0].column]
        self._limit(last, self._low[last.column], self._low[last.column])
        down = self._solve()
        if self._cost(down) <= self._cost(up):
            return down
        self._limit(last, self._low[last.column], high)
        return self._rounded_up([last])

    def _rounded_up(self, chosen: list[RoomColumn]) -> Reals | None:
        for room in chosen:
            self._limit(room, self._low[room.column] + 1, self._high[room.column])
        return self._solve()

    def _cost(self, values: Reals | None) -> float:
        return inf if values is None else float(self._costs @ values)

    def _limit(self, room: RoomColumn, low: int, high: int) -> None:
        if (low, high) != (self._low[room.column], self._high[room.column]):
            self._low[room.column], self._high[room.column] = low, high
            self.linear.limit(room.column, low, high)
