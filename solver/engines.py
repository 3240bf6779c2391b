"""Hands the same rows to either engine, HiGHS or CP-SAT, one-threaded and limited by work alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import highspy
import numpy as np
from ortools.sat.python import cp_model

from solver.effort import searching
from solver.linear import OPEN, Matrix, highs, load
from solver.rows import Rows

Name = Literal["highs", "cp-sat"]

CHECKS_PER_WORK = 40
"""How often HiGHS asks whether to stop, per unit of work: a count, hence the same in each run."""

DETERMINISTIC_WORK = 1.5
"""Units of work per unit of CP-SAT's deterministic time."""


@dataclass(frozen=True)
class Answer:
    """What an engine found: values where it has a solution, and whether it is proven best.

    `impossible` is one engine's word: nothing is told to people on it alone.
    """

    values: tuple[int, ...] | None
    optimal: bool
    impossible: bool
    work: float


def ask(
    rows: Rows, engine: Name, *, work: float, seed: int = 0, hint: Sequence[int] | None = None
) -> Answer:
    """Solve rows for the least cost within a limit of work (units of a second of one core).

    A `hint` is a value per variable; when it keeps every row, the answer is never dearer.
    """
    solve = _ask_highs if engine == "highs" else _ask_cp_sat
    answer = solve(rows, work, seed, hint)
    values = answer.values
    if values is not None and not holds(rows, values):
        values = None
    if hint is not None and holds(rows, hint) and (values is None or _dearer(rows, values, hint)):
        values = tuple(hint)
    if values is None:
        return Answer(None, False, answer.impossible, answer.work)
    return Answer(values, answer.optimal, False, answer.work)


def holds(rows: Rows, values: Sequence[int]) -> bool:
    """Whether values keep every bound and row: exact, and without an engine."""
    within = zip(rows.low, values, rows.high, strict=True)
    if not all(low <= value <= high for low, value, high in within):
        return False
    for terms, low, high in rows.rows:
        reached = sum(c * values[v] for v, c in terms)
        if (low is not None and reached < low) or (high is not None and reached > high):
            return False
    return True


def _dearer(rows: Rows, values: Sequence[int], than: Sequence[int]) -> bool:
    return rows.value(rows.cost, list(values)) > rows.value(rows.cost, list(than))


def matrix_of(rows: Rows) -> Matrix:
    """The rows as a matrix of columns and coefficients."""
    matrix = Matrix()
    costs = [0] * len(rows.low)
    for variable, coefficient in rows.cost.terms:
        costs[variable] += coefficient
    matrix.cost, matrix.low, matrix.high = costs, list(rows.low), list(rows.high)
    for terms, low, high in rows.rows:
        matrix.row(terms, -OPEN if low is None else low, OPEN if high is None else high)
    return matrix


def _ask_highs(rows: Rows, work: float, seed: int, hint: Sequence[int] | None) -> Answer:
    if not rows.low:
        return _without_variables(rows)
    engine = highs(seed)
    matrix = matrix_of(rows)
    load(engine, matrix, range(len(matrix.cost)))
    engine.setOptionValue("mip_rel_gap", 0.0)
    engine.setOptionValue("mip_abs_gap", 0.99)
    if hint is not None:
        start = highspy.HighsSolution()
        start.col_value = [float(value) for value in hint]
        engine.setSolution(start)
    _stop_after(engine, max(5, round(work * CHECKS_PER_WORK)))
    engine.run()
    info, status = engine.getInfo(), engine.getModelStatus()
    spent = searching(info.simplex_iteration_count, len(matrix.row_low), info.mip_node_count)
    values = None
    if info.primal_solution_status == 2:
        values = tuple(int(v) for v in np.rint(np.asarray(engine.getSolution().col_value)))
    optimal = status == highspy.HighsModelStatus.kOptimal
    return Answer(values, optimal, status == highspy.HighsModelStatus.kInfeasible, spent)


def _stop_after(engine: highspy.Highs, checks: int) -> None:
    """Ends branch and bound at the given of the moments at which HiGHS asks whether to stop."""
    asked = 0

    def stop(event: highspy.highs.HighsCallbackEvent) -> None:
        nonlocal asked
        asked += 1
        if asked > checks:
            event.interrupt()

    engine.cbMipInterrupt += stop


def _ask_cp_sat(rows: Rows, work: float, seed: int, hint: Sequence[int] | None) -> Answer:
    model = cp_model.CpModel()
    variables = [
        model.new_int_var(low, high, "") for low, high in zip(rows.low, rows.high, strict=True)
    ]
    for terms, low, high in rows.rows:
        expr = cp_model.LinearExpr.weighted_sum(
            [variables[v] for v, _ in terms], [c for _, c in terms]
        )
        model.add_linear_constraint(
            expr, -OPEN if low is None else low, OPEN if high is None else high
        )
    if rows.cost.terms:
        priced = [variables[v] for v, _ in rows.cost.terms]
        model.minimize(cp_model.LinearExpr.weighted_sum(priced, [c for _, c in rows.cost.terms]))
    if hint is not None:
        for variable, value in zip(variables, hint, strict=True):
            model.add_hint(variable, value)
    engine = cp_model.CpSolver()
    engine.parameters.num_workers = 1
    engine.parameters.linearization_level = 2
    engine.parameters.random_seed = seed % (1 << 31)
    engine.parameters.max_deterministic_time = work / DETERMINISTIC_WORK
    status = engine.solve(model)
    found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    values = tuple(engine.value(variable) for variable in variables) if found else None
    spent = engine.response_proto.deterministic_time * DETERMINISTIC_WORK
    impossible = status == cp_model.INFEASIBLE
    return Answer(values, status == cp_model.OPTIMAL, impossible, spent)


def _without_variables(rows: Rows) -> Answer:
    possible = holds(rows, ())
    return Answer(() if possible else None, possible, not possible, 0.0)
