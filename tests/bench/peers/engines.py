"""CP-SAT and HiGHS as they come, given one model and a time; every better solution is kept."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import highspy
import numpy as np
from ortools.sat.python import cp_model

from solver.linear import OPEN, Matrix, highs, load

WORKERS = 2


@dataclass
class Found:
    """The solutions that were found, each with the clock's time, and what is proven at the end."""

    solutions: list[tuple[float, list[int]]] = field(default_factory=list)
    said: str = ""


def with_highs(matrix: Matrix, seconds: float) -> Found:
    """One MIP in HiGHS, its settings left alone but for time and threads."""
    found = Found()
    # HiGHS answers nothing, without a word, where a process has used another number of threads.
    highspy.Highs.resetGlobalScheduler(True)
    engine = highs()
    engine.setOptionValue("parallel", "choose")
    engine.setOptionValue("threads", WORKERS)
    engine.setOptionValue("time_limit", max(0.1, seconds))
    load(engine, matrix, range(len(matrix.cost)))

    def keep(event: highspy.highs.HighsCallbackEvent) -> None:
        values = np.rint(np.asarray(event.data_out.mip_solution)).astype(int)
        found.solutions.append((time.monotonic(), values.tolist()))

    engine.cbMipImprovingSolution += keep
    engine.run()
    info = engine.getInfo()
    if info.primal_solution_status == 2:
        values = np.rint(np.asarray(engine.getSolution().col_value)).astype(int)
        found.solutions.append((time.monotonic(), values.tolist()))
    found.said = str(engine.getModelStatus())
    highspy.Highs.resetGlobalScheduler(True)
    return found


def with_cp_sat(matrix: Matrix, seconds: float) -> Found:
    """One CP-SAT model, its settings left alone but for time and workers, and `max_lp`, which two
    workers do not include and without which its bound is weak."""
    found = Found()
    model = cp_model.CpModel()
    variables = [
        model.new_int_var(low, high, "") for low, high in zip(matrix.low, matrix.high, strict=True)
    ]
    rows: list[tuple[list[cp_model.IntVar], list[int]]] = [([], []) for _ in matrix.row_low]
    for row, column, coefficient in zip(
        matrix.row_of, matrix.column_of, matrix.coefficient, strict=True
    ):
        rows[row][0].append(variables[column])
        rows[row][1].append(coefficient)
    for (terms, coefficients), low, high in zip(rows, matrix.row_low, matrix.row_high, strict=True):
        expression = cp_model.LinearExpr.weighted_sum(terms, coefficients)
        model.add_linear_constraint(expression, max(low, -OPEN), min(high, OPEN))
    model.minimize(cp_model.LinearExpr.weighted_sum(variables, matrix.cost))

    class Keep(cp_model.CpSolverSolutionCallback):
        def on_solution_callback(self) -> None:
            values = [self.value(variable) for variable in variables]
            found.solutions.append((time.monotonic(), values))

    engine = cp_model.CpSolver()
    engine.parameters.num_workers = WORKERS
    engine.parameters.subsolvers.append("max_lp")
    engine.parameters.max_time_in_seconds = max(0.1, seconds)
    found.said = engine.status_name(engine.solve(model, Keep()))
    return found


def best_plans(found: Found, most: int) -> list[tuple[float, list[int]]]:
    """The last solution and others before it, evenly picked."""
    step = max(1, len(found.solutions) // most)
    return found.solutions[::-1][::step][:most][::-1]
