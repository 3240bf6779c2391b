"""The seats of a day program in whole numbers."""

from __future__ import annotations

import highspy
import numpy as np

from solver.daylp import DayProgram
from solver.effort import searching
from solver.linear import Reals, highs, load

NEAR_ENOUGH = 0.002
"""A solution within this share of the bound ends the search."""

CHECKS = 60
"""HiGHS is stopped at so many of the moments at which it asks whether to stop: a count, so that
every run ends alike."""


class Exact:
    """Solves a day program in which sections stand and seats are given out."""

    def __init__(self, program: DayProgram, seed: int) -> None:
        self.program = program
        self.work = 0.0
        """Units of work done."""
        self._engine = highs(seed)
        load(self._engine, program.matrix, [seat.column for seat in program.seats])
        self._engine.setOptionValue("mip_rel_gap", NEAR_ENOUGH)
        self._engine.setOptionValue("mip_heuristic_run_root_reduced_cost", False)

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
