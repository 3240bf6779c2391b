"""Linear programs in whole numbers, solved warm by HiGHS or nearly by PDLP, and bounds that
rounding can't break."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import highspy
import numpy as np
import numpy.typing as npt
from ortools.pdlp import solvers_pb2
from ortools.pdlp.python import pdlp
from scipy import sparse

from solver.effort import GRADIENT_WORK, INTERIOR_WORK, LINEAR_WORK

Reals = npt.NDArray[np.float64]
Wholes = npt.NDArray[np.int64]

OPEN = 1 << 40
"""Stands for an open end of a row."""

DUAL_STEPS = 1 << 16
"""Dual prices are rounded to this many steps per unit of cost before a bound is drawn from them."""

HIGHEST_PRICE = 1e9
"""A dual price above is taken for an engine's failure; sums of lower ones stay exact."""

INTERIOR_STEPS = 200
"""Steps through the interior after which what is proven by then has to do; 70 mostly reach the
optimum."""


@dataclass
class Matrix:
    """Columns within bounds, rows low <= sum <= high, a cost to lower; all in whole numbers."""

    cost: list[int] = field(default_factory=list)
    low: list[int] = field(default_factory=list)
    high: list[int] = field(default_factory=list)
    row_low: list[int] = field(default_factory=list)
    row_high: list[int] = field(default_factory=list)
    row_of: list[int] = field(default_factory=list)
    column_of: list[int] = field(default_factory=list)
    coefficient: list[int] = field(default_factory=list)

    def column(self, cost: int = 0, low: int = 0, high: int = 1) -> int:
        """A new column; its position."""
        self.cost.append(cost)
        self.low.append(low)
        self.high.append(high)
        return len(self.cost) - 1

    def row(self, terms: Iterable[tuple[int, int]] = (), low: int = -OPEN, high: int = OPEN) -> int:
        """A new row of (column, coefficient) terms; its position."""
        self.row_low.append(low)
        self.row_high.append(high)
        row = len(self.row_low) - 1
        for column, coefficient in terms:
            self.put(row, column, coefficient)
        return row

    def put(self, row: int, column: int, coefficient: int) -> None:
        """Adds a term to a row."""
        self.row_of.append(row)
        self.column_of.append(column)
        self.coefficient.append(coefficient)

    def sparse(self) -> sparse.csc_matrix:
        """The coefficients, rows x columns; terms at the same place add up."""
        return sparse.csc_matrix(
            (
                np.asarray(self.coefficient, dtype=np.int64),
                (np.asarray(self.row_of, np.int64), np.asarray(self.column_of, np.int64)),
            ),
            shape=(len(self.row_low), len(self.cost)),
        )


class _Silent(highspy.Highs):
    """HiGHS greets on standard output as its constructor enables callbacks, unless told before."""

    def enableCallbacks(self) -> None:
        self.setOptionValue("output_flag", False)
        super().enableCallbacks()  # type: ignore[no-untyped-call]


def highs(seed: int = 0) -> highspy.Highs:
    """A silent, one-threaded HiGHS."""
    engine = _Silent()  # type: ignore[no-untyped-call]
    engine.setOptionValue("threads", 1)
    engine.setOptionValue("parallel", "off")
    engine.setOptionValue("random_seed", seed % (1 << 31))
    return engine


def load(engine: highspy.Highs, matrix: Matrix, integral: Sequence[int] | None = None) -> None:
    """Hands a matrix to HiGHS; the columns of `integral` take whole values."""
    columns = matrix.sparse()
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = columns.shape[1], columns.shape[0]
    lp.col_cost_ = np.asarray(matrix.cost, float)
    lp.col_lower_ = _open_to_infinity(matrix.low)
    lp.col_upper_ = _open_to_infinity(matrix.high)
    lp.row_lower_ = _open_to_infinity(matrix.row_low)
    lp.row_upper_ = _open_to_infinity(matrix.row_high)
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_ = columns.indptr.astype(np.int32)
    lp.a_matrix_.index_ = columns.indices.astype(np.int32)
    lp.a_matrix_.value_ = columns.data.astype(float)
    if integral is not None:
        kinds = np.zeros(columns.shape[1], np.uint8)
        kinds[np.asarray(integral, np.int64)] = 1
        whole, real = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
        lp.integrality_ = [whole if kind else real for kind in kinds]
    engine.passModel(lp)


def _open_to_infinity(ends: Sequence[int]) -> Reals:
    values = np.asarray(ends, float)
    values[values >= OPEN] = highspy.kHighsInf
    values[values <= -OPEN] = -highspy.kHighsInf
    return values


class LinearProgram:
    """A matrix in HiGHS that is solved again from where it stood when bounds change."""

    def __init__(self, matrix: Matrix, seed: int = 0) -> None:
        self.matrix = matrix
        self.work = 0.0
        """Units of work done so far."""
        self._engine = highs(seed)
        load(self._engine, matrix)

    def solve(self, most_iterations: int = 2_000_000) -> Reals | None:
        """The values of the columns at an optimum; None when there is none within the limit."""
        self._engine.setOptionValue("simplex_iteration_limit", most_iterations)
        self._engine.run()
        iterations = max(0, self._engine.getInfo().simplex_iteration_count)
        self.work += (iterations + 100) * len(self.matrix.coefficient) * LINEAR_WORK
        if self._engine.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        return np.asarray(self._engine.getSolution().col_value, float)

    def solve_through(self) -> Reals | None:
        """The same through the interior, which is faster where rows are many and nothing was solved
        before."""
        self._engine.setOptionValue("solver", "ipx")
        self._engine.setOptionValue("ipm_iteration_limit", INTERIOR_STEPS)
        self._engine.run()
        steps = max(0, self._engine.getInfo().ipm_iteration_count)
        self.work += (steps + 1) * len(self.matrix.coefficient) * INTERIOR_WORK
        if self._engine.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        return np.asarray(self._engine.getSolution().col_value, float)

    def add_row(self, terms: Sequence[tuple[int, int]], low: int = -OPEN, high: int = OPEN) -> None:
        """Adds a row to the matrix and to the program that stands."""
        self.matrix.row(terms, low, high)
        ends = _open_to_infinity((low, high))
        columns, coefficients = zip(*terms, strict=True)
        self._engine.addRow(
            ends[0],
            ends[1],
            len(terms),
            np.asarray(columns, np.int32),
            np.asarray(coefficients, float),
        )

    def prices(self) -> Reals:
        """The dual price of each row at the last solution; nothing where there is none."""
        prices = np.asarray(self._engine.getSolution().row_dual, float)
        return prices if len(prices) else np.zeros(len(self.matrix.row_low))

    def limit(self, column: int, low: int, high: int) -> None:
        """Sets the bounds of a column."""
        self.matrix.low[column], self.matrix.high[column] = low, high
        self._engine.changeColBounds(column, float(low), float(high))


def near_prices(matrix: Matrix, nearness: float, most_steps: int) -> tuple[Reals, float]:
    """Dual prices that prove nearly as much as an optimum's, within a share of its cost unless the
    steps run out before; and the units of work. Programs too large to be solved are soon priced.

    Source: D. Applegate and others, Practical large-scale linear programming using primal-dual
    hybrid gradient, 2021.
    """
    program, settings = pdlp.QuadraticProgram(), solvers_pb2.PrimalDualHybridGradientParams()
    program.objective_vector = np.asarray(matrix.cost, float)
    program.constraint_matrix = matrix.sparse().astype(float)
    program.variable_lower_bounds = _open_to_infinity(matrix.low)
    program.variable_upper_bounds = _open_to_infinity(matrix.high)
    program.constraint_lower_bounds = _open_to_infinity(matrix.row_low)
    program.constraint_upper_bounds = _open_to_infinity(matrix.row_high)
    ends = settings.termination_criteria
    ends.simple_optimality_criteria.eps_optimal_absolute = 0.0
    ends.simple_optimality_criteria.eps_optimal_relative = nearness
    ends.iteration_limit = most_steps
    settings.num_threads = 1
    found = pdlp.primal_dual_hybrid_gradient(program, settings)
    work = found.solve_log.iteration_count * len(matrix.coefficient) * GRADIENT_WORK
    return np.asarray(found.dual_solution, float), work


def safe_bound(matrix: Matrix, prices: Reals) -> int:
    """The greatest whole number that dual prices prove every solution to cost at least.

    Prices are rounded to steps and everything after is exact whole-number arithmetic, so that
    an engine's tolerances can make the bound weaker but never wrong. Source: A. Neumaier and
    O. Shcherbina, Safe bounds in linear and mixed-integer linear programming, 2004.
    """
    prices = np.where(np.abs(prices) < HIGHEST_PRICE, prices, 0.0)
    price = np.rint(prices * DUAL_STEPS).astype(np.int64)
    row_low, row_high = np.asarray(matrix.row_low), np.asarray(matrix.row_high)
    price[(price > 0) & (row_low <= -OPEN)] = 0
    price[(price < 0) & (row_high >= OPEN)] = 0
    ends = np.where(price > 0, row_low, np.where(price < 0, row_high, 0))
    reduced = np.asarray(matrix.cost, np.int64) * DUAL_STEPS - matrix.sparse().T @ price
    low, high = np.asarray(matrix.low, np.int64), np.asarray(matrix.high, np.int64)
    value = _exact_dot(price, ends) + _exact_dot(reduced, np.where(reduced > 0, low, high))
    return -(-value // DUAL_STEPS)


def _exact_dot(a: Wholes, b: Wholes) -> int:
    """A sum of products that can't overflow."""
    return sum(int(x) * int(y) for x, y in zip(a, b, strict=True) if x)
