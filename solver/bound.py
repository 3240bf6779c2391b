"""A proven lower bound on the cost of every lawful plan of a day."""

from __future__ import annotations

from solver.board import Board
from solver.daylp import DayProgram
from solver.effort import ENTRY_WORK
from solver.linear import LinearProgram, safe_bound
from solver.reach import Reach


def day_bound(reach: Reach, most_iterations: int = 2_000_000) -> tuple[int, float]:
    """The bound from the whole day seen as one stretch, and the units of work it took.

    The program drops rules (clashes in time, ways, named company) and adds none, so its optimum
    holds for every lawful plan; where it stops early its dual prices still prove something.
    """
    facts = reach.facts
    program = DayProgram(reach, Board(facts), (facts.flex,), frozenset({0}), guide=False)
    linear = LinearProgram(program.matrix)
    linear.solve(most_iterations)
    prices = linear.prices()
    proven = safe_bound(program.matrix, prices) if len(prices) else 0
    work = linear.work + len(program.matrix.coefficient) * ENTRY_WORK
    return reach.worth.unserved() + proven, work
