"""Whole-number linear rows: the one form in which every engine is told a question."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Expr:
    """constant + sum of coefficient x variable; variables are positions in a Rows."""

    terms: tuple[tuple[int, int], ...] = ()
    constant: int = 0

    def __add__(self, other: Expr | int) -> Expr:
        if isinstance(other, int):
            return Expr(self.terms, self.constant + other)
        return Expr(self.terms + other.terms, self.constant + other.constant)

    __radd__ = __add__

    def __mul__(self, factor: int) -> Expr:
        if factor == 1:
            return self
        return Expr(tuple((v, c * factor) for v, c in self.terms), self.constant * factor)

    __rmul__ = __mul__

    def __neg__(self) -> Expr:
        return self * -1

    def __sub__(self, other: Expr | int) -> Expr:
        if isinstance(other, int):
            return Expr(self.terms, self.constant - other)
        return Expr(self.terms + (-other).terms, self.constant - other.constant)

    def __rsub__(self, other: int) -> Expr:
        return -self + other


ZERO = Expr()
ONE = Expr((), 1)


def total(parts: Iterable[Expr | int]) -> Expr:
    """The sum of many expressions, in one pass."""
    terms: list[tuple[int, int]] = []
    constant = 0
    for part in parts:
        if isinstance(part, int):
            constant += part
        else:
            terms.extend(part.terms)
            constant += part.constant
    return Expr(tuple(terms), constant)


@dataclass
class Rows:
    """Whole-number variables within bounds, rows low <= expression <= high, and a cost to lower.

    A row bound of None is open. `rows` holds (terms with each variable once, low, high).
    """

    low: list[int] = field(default_factory=list)
    high: list[int] = field(default_factory=list)
    rows: list[tuple[tuple[tuple[int, int], ...], int | None, int | None]] = field(
        default_factory=list
    )
    cost: Expr = ZERO

    def variable(self, low: int = 0, high: int = 1) -> Expr:
        """A new variable; a yes or no one unless bounds are given."""
        self.low.append(low)
        self.high.append(high)
        return Expr(((len(self.low) - 1, 1),))

    def add(self, expr: Expr, low: int | None = None, high: int | None = None) -> None:
        """Demands low <= expr <= high. A row without variables that fails makes an empty row
        that no engine can satisfy."""
        merged: dict[int, int] = {}
        for variable, coefficient in expr.terms:
            merged[variable] = merged.get(variable, 0) + coefficient
        terms = tuple((v, c) for v, c in merged.items() if c)
        floor = None if low is None else low - expr.constant
        ceiling = None if high is None else high - expr.constant
        if terms or (floor is not None and floor > 0) or (ceiling is not None and ceiling < 0):
            self.rows.append((terms, floor, ceiling))

    def range_of(self, expr: Expr) -> tuple[int, int]:
        """The least and the greatest value the bounds of the variables allow."""
        low = high = expr.constant
        for variable, coefficient in expr.terms:
            ends = coefficient * self.low[variable], coefficient * self.high[variable]
            low, high = low + min(ends), high + max(ends)
        return low, high

    def fix(self, expr: Expr, value: int) -> None:
        """Settles a single variable (or checks a constant by an empty row)."""
        if len(expr.terms) == 1 and expr.terms[0][1] == 1:
            variable = expr.terms[0][0]
            self.low[variable] = self.high[variable] = value - expr.constant
        else:
            self.add(expr, value, value)

    def value(self, expr: Expr, values: list[int]) -> int:
        """An expression's value at a solution."""
        return expr.constant + sum(c * values[v] for v, c in expr.terms)
