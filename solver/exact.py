"""The day program in whole numbers: of sections for a few blocks, or of seats all day.

Where adults are named and seats decided with them, see `deciding`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import highspy
import numpy as np

from solver.daylp import DayProgram
from solver.effort import searching
from solver.linear import Reals, highs, load
from solver.options import RoomColumn
from solver.proposals import Fixed

NEAR_ENOUGH, SEATS_NEAR_ENOUGH = 0.002, 1e-4
"""A solution within this share of the bound ends the search, of sections and of seats alone: seats
save so much together that the former, of 1,200 students, is as much as a try mostly wins."""

CHECKS = 60
"""HiGHS is stopped at so many of the moments at which it asks whether to stop: a count, so that
every run ends alike."""


Counts = tuple[tuple[RoomColumn, int], ...]
"""Sections to open, by option and size of room."""


class Exact:
    """Solves a day program whose periods are single blocks; seats are whole, too, where asked."""

    def __init__(self, program: DayProgram, seed: int, seats: bool = False) -> None:
        self.program = program
        self.work = 0.0
        """Units of work done."""
        self._whole = [room.column for room in program.sections.rooms]
        if seats:
            self._whole += [seat.column for seat in program.seats]
        self._whole += program.runs.values()
        self._engine = highs(seed)
        load(self._engine, program.matrix, self._whole)
        near = SEATS_NEAR_ENOUGH if seats else NEAR_ENOUGH
        self._engine.setOptionValue("mip_rel_gap", near)
        self._engine.setOptionValue("mip_heuristic_run_root_reduced_cost", False)
        for heuristic in ("rens", "rins"):  # they presolve once more, which may never end
            self._engine.setOptionValue(f"mip_heuristic_run_{heuristic}", False)

    def start_from(self, sessions: Iterable[Fixed]) -> None:
        """Offers the engine sessions as they stood, as far as the program has a place for them."""
        counts = Counter(room.column for _, room in self.program.sections.as_before(sessions))
        self._offer({room.column: counts[room.column] for room in self.program.sections.rooms})

    def keep(self, columns: Iterable[int]) -> None:
        """Offers the engine seats as they were."""
        had = set(columns)
        self._offer({seat.column: seat.column in had for seat in self.program.seats})

    def hold(self, values: Mapping[int, int]) -> None:
        """Lets columns take these values only."""
        columns = np.asarray(list(values), np.int32)
        ends = np.asarray(list(values.values()), float)
        self._engine.changeColsBounds(len(values), columns, ends, ends)

    def _offer(self, values: Mapping[int, int]) -> None:
        columns = np.asarray(list(values), np.int32)
        self._engine.setSolution(len(values), columns, np.asarray(list(values.values()), float))

    def solve(self) -> Counts | None:
        """The sections of the best solution found; None where there is none."""
        values = self.values()
        return None if values is None else self._read(values)

    def values(self) -> Reals | None:
        """The values of the columns at the best solution found; None where there is none."""
        asked = 0

        def stop(event: highspy.highs.HighsCallbackEvent) -> None:
            nonlocal asked
            asked += 1
            if asked > CHECKS:
                event.interrupt()

        self._engine.cbMipInterrupt += stop
        self._engine.run()
        info = self._engine.getInfo()
        rows = len(self.program.matrix.row_low)
        self.work += searching(info.simplex_iteration_count, rows, info.mip_node_count)
        if info.primal_solution_status != 2:
            return None
        return np.asarray(self._engine.getSolution().col_value, float)

    def _read(self, values: Reals) -> Counts:
        return tuple(
            (room, round(values[room.column]))
            for room in self.program.sections.rooms
            if values[room.column] > 0.5
        )
