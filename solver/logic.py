"""Yes and no, either and both, as rows: the small logic that rules build on."""

from __future__ import annotations

from collections.abc import Sequence

from solver.rows import ONE, ZERO, Expr, Rows, total


class Logic:
    """Expressions over Rows. A flag is an expression that is 0 or 1 in every solution."""

    def __init__(self) -> None:
        self.rows = Rows()

    def meets(self, *flags: Expr) -> Expr:
        """An expression whose excess is 1 when all of some 0-or-1 expressions are 1, else 0."""
        if any(not flag.terms and not flag.constant for flag in flags):
            return ZERO
        parts = [flag for flag in flags if flag.terms]
        return total(parts) - (len(parts) - 1) if parts else ONE

    def above(self, expr: Expr, limit: int) -> Expr:
        """At least 1 when the expression is above the limit; 0 is allowed when it is not."""
        most = self.rows.range_of(expr)[1]
        if most <= limit:
            return ZERO
        if not expr.terms:
            return ONE
        flag = self.rows.variable()
        self.rows.add(expr - flag * (most - limit), high=limit)
        return flag

    def where(self, flag: Expr, expr: Expr) -> Expr:
        """At least the expression, not negative, when the flag is 1; 0 is allowed when it is 0."""
        if not flag.terms:
            return expr if flag.constant else ZERO
        most = self.rows.range_of(expr)[1]
        amount = self.rows.variable(0, most)
        self.rows.add(amount - expr - flag * most, low=-most)
        return amount

    def wholes(self, expr: Expr, size: int) -> Expr:
        """At least the number of whole times `size` goes into the expression, and at least 0."""
        most = self.rows.range_of(expr)[1]
        if most < size:
            return ZERO
        if not expr.terms:
            return Expr((), expr.constant // size)
        amount = self.rows.variable(0, most // size)
        self.rows.add(amount * size - expr, low=1 - size)
        return amount

    def both(self, a: Expr, b: Expr) -> Expr:
        """1 when two 0-or-1 expressions are 1, else 0."""
        if not a.terms:
            return b if a.constant else ZERO
        if not b.terms:
            return a if b.constant else ZERO
        result = self.rows.variable()
        self.rows.add(a - result, low=0)
        self.rows.add(b - result, low=0)
        self.rows.add(a + b - result, high=1)
        return result

    def either(self, parts: Sequence[Expr]) -> Expr:
        """1 when one of several 0-or-1 expressions is 1, else 0."""
        if any(not part.terms and part.constant for part in parts):
            return ONE
        open_parts = [part for part in parts if part.terms]
        if len(open_parts) <= 1:
            return open_parts[0] if open_parts else ZERO
        result = self.rows.variable()
        for part in open_parts:
            self.rows.add(result - part, low=0)
        self.rows.add(total(open_parts) - result, low=0)
        return result
