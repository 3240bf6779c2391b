"""A proven lower bound on the cost of every lawful plan of a day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from schemas.base import StudentId
from solver.board import Board
from solver.daylp import DayProgram
from solver.effort import ENTRY_WORK
from solver.linear import LinearProgram, Reals, safe_bound
from solver.locked import Locked
from solver.options import Option
from solver.reach import Reach
from solver.staying import Staying

FEW_BLOCKS = 2
"""So many blocks are told apart. With more the program takes minutes, for little: 300 students in
six blocks take 168 s, and the bound rises by 2 % of what is at stake."""

ROUNDS = 5
"""How often rows that a solution breaks are added."""

BROKEN = 0.02


def day_bound(reach: Reach, most_iterations: int = 2_000_000) -> tuple[int, float]:
    """The bound, and the units of work it took: from the blocks of a short day, or from a longer
    one seen as one stretch.

    The program drops rules (ways, named company, and clashes in time where the day is one stretch)
    and adds none, so its optimum holds for every lawful plan; where it stops early its dual prices
    still prove something.
    """
    flex = reach.facts.flex
    short = len(flex) <= FEW_BLOCKS
    periods = tuple((block,) for block in flex) if short else (flex,)
    fresh = frozenset(range(len(periods)))
    program = DayProgram(reach, Board(reach.facts), periods, fresh, guide=False)
    Locked(program).build()
    moves = Staying(program).build() if short else 0
    linear = LinearProgram(program.matrix)
    values = linear.solve(most_iterations)
    if short:
        _add_links(program, linear, values, most_iterations)
    prices = linear.prices()
    proven = safe_bound(program.matrix, prices) if len(prices) else 0
    work = linear.work + len(program.matrix.coefficient) * ENTRY_WORK
    return reach.worth.unserved() + moves + proven, work


def _add_links(
    program: DayProgram, linear: LinearProgram, values: Reals | None, most_iterations: int
) -> None:
    """Solves anew with links that a solution breaks, as long as it breaks some."""
    links = _Links(program)
    for _ in range(ROUNDS):
        broken = [] if values is None else list(links.broken(values))
        if not broken:
            break
        for terms in broken:
            linear.add_row(terms, high=0)
        values = linear.solve(most_iterations)


class _Links:
    """Rows of which few bind: nobody has more of a seat in an option than it has sections."""

    def __init__(self, program: DayProgram) -> None:
        self._sections: dict[Option, list[int]] = defaultdict(list)
        for room in program.sections.rooms:
            self._sections[room.option].append(room.column)
        self._seats: dict[tuple[StudentId, Option], list[int]] = defaultdict(list)
        for seat in program.seats:
            self._seats[seat.student, seat.option].append(seat.column)

    def broken(self, values: Reals) -> Iterator[list[tuple[int, int]]]:
        """The terms of the rows, at most 0, that a solution breaks; each once."""
        for (student, option), seats in list(self._seats.items()):
            sections = self._sections[option]
            if values[seats].sum() > values[sections].sum() + BROKEN:
                del self._seats[student, option]
                yield [*((seat, 1) for seat in seats), *((section, -1) for section in sections)]
