"""A proven lower bound on the cost of every lawful plan of a day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from schemas.base import BlockId, OfferingId, StudentId
from solver.board import Board
from solver.branching import Branching
from solver.daylp import DayProgram
from solver.effort import ENTRY_WORK, NODE_WORK
from solver.hours import Hours
from solver.linear import LinearProgram, Reals, safe_bound
from solver.locked import Locked
from solver.options import Option, Periods
from solver.reach import Reach
from solver.score import stake
from solver.staying import Staying

FEW_BLOCKS = 2
"""So many blocks are told apart however many students there are."""

FEW_PLACES = 500
"""Students and blocks up to which a bound is looked for closely. The blocks of a longer day are
told apart: 75 students in six blocks take 5 s, and the bound rises by 3 % of what is at stake; 150
take 16 s for as much. In a short day numbers of sections are whole: 150 students in two blocks take
2 s for 3 % of what is at stake; 400 take 25 s, and with 850 in one block it brings nothing."""

HALVED = 2000
"""Students and blocks up to which a longer day is seen as two stretches instead of one: 300
students in six blocks take 3 s, and the bound rises by 1 % of what is at stake; 600 take 14 s for
0.7 %."""

SOLVED_OFTEN = 50_000
"""Coefficients up to which a short day of so few students is parted, and knows which rooms and
leads are kept, which adds more still: 150 students with few offerings in two blocks have 27 000 in
all and take 4 s; 100 with many have 95 000 without and would take minutes."""

ROUNDS = 5
"""How often rows that a solution breaks are added."""

BROKEN = 0.02


def day_bound(reach: Reach, most_iterations: int = 2_000_000) -> tuple[int, float]:
    """The bound, and the units of work it took: from the blocks of a short day, or of a longer one
    of few students; else from a day seen as one stretch or two. Numbers of sections are whole where
    few students have a short day.

    The program drops rules (ways, named company, and clashes in time within a stretch) and adds
    none, so its optimum holds for every lawful plan; where it stops early its dual prices still
    prove something.
    """
    flex = reach.facts.flex
    places, short = len(reach.facts.students) * len(flex), len(flex) <= FEW_BLOCKS
    few = places <= FEW_PLACES
    told_apart = short or few
    periods = _blocks(flex) if told_apart else _halves(reach) if places <= HALVED else (flex,)
    fresh = frozenset(range(len(periods)))
    program = DayProgram(reach, Board(reach.facts), periods, fresh, guide=False)
    Locked(program).build()
    Hours(program).build()
    staying = Staying(program, closely=few)
    often = short and few and len(program.matrix.coefficient) <= SOLVED_OFTEN
    stays = often if short and few else told_apart
    at_most = reach.worth.unserved() + (staying.build() if stays else 0)
    linked = _Linked(program, most_iterations)
    values = linked.solve_through() if told_apart and not short else linked.solve()
    bound, nodes = linked.proven(), 0
    if often and values is not None:
        sections = [room.column for room in program.sections.rooms]
        branching = Branching(linked, (sections, staying.hosts()), stake(reach.facts))
        bound, nodes = branching.bound(values), branching.nodes
    entries = len(program.matrix.coefficient)
    return at_most + bound, linked.linear.work + nodes * NODE_WORK + entries * ENTRY_WORK


def _blocks(flex: tuple[BlockId, ...]) -> Periods:
    return tuple((block,) for block in flex)


def _halves(reach: Reach) -> Periods:
    """The flex blocks of a day as two stretches, parted at the break nearest the middle: a session
    that spans blocks keeps them in one."""
    flex, position = reach.facts.flex, reach.facts.position
    breaks = [i for i in range(1, len(flex)) if position[flex[i]] > position[flex[i - 1]] + 1]
    middle = min(breaks or [len(flex) // 2], key=lambda i: abs(2 * i - len(flex)))
    return flex[:middle], flex[middle:]


class _Linked:
    """A day program that is solved anew with links that a solution breaks, as long as it breaks
    some: nobody has more of a seat in an option than it has sections, nor of one in an offering
    than that runs. Few of these rows bind."""

    def __init__(self, program: DayProgram, most_iterations: int) -> None:
        self.linear = LinearProgram(program.matrix)
        self._matrix, self._most_iterations = program.matrix, most_iterations
        self._links = [*_of_sections(program), *_of_running(program)]
        self._added = np.zeros(len(self._links), dtype=np.bool_)
        self._seats = _Sums([columns for columns, _ in self._links])
        self._opened = _Sums([sections for _, sections in self._links])

    def limits(self, column: int) -> tuple[int, int]:
        """The lowest and the highest value of a column now."""
        return self._matrix.low[column], self._matrix.high[column]

    def limit(self, column: int, low: int, high: int) -> None:
        """Sets them."""
        self.linear.limit(column, low, high)

    def solve(self) -> Reals | None:
        """The values of the columns at an optimum; None when there is none within the limit."""
        values = self.linear.solve(self._most_iterations)
        for _ in range(ROUNDS):
            broken = [] if values is None else list(self._broken(values))
            if not broken:
                break
            for terms in broken:
                self.linear.add_row(terms, high=0)
            values = self.linear.solve(self._most_iterations)
        return values

    def solve_through(self) -> Reals | None:
        """The same with all links at once, once and for all; None."""
        for number in range(len(self._links)):
            self._matrix.row(self._terms(number), high=0)
        self.linear = LinearProgram(self._matrix)
        self.linear.solve_through()
        return None

    def proven(self) -> int:
        """What every solution costs at least, by the dual prices of the last one."""
        return safe_bound(self._matrix, self.linear.prices())

    def _broken(self, values: Reals) -> Iterator[list[tuple[int, int]]]:
        """The terms of the rows, at most 0, that a solution breaks; each once."""
        over = self._seats.of(values) > self._opened.of(values) + BROKEN
        for number in np.flatnonzero(over & ~self._added).tolist():
            self._added[number] = True
            yield self._terms(number)

    def _terms(self, number: int) -> list[tuple[int, int]]:
        seats, sections = self._links[number]
        return [*((seat, 1) for seat in seats), *((section, -1) for section in sections)]


Link = tuple[list[int], list[int]]
"""Columns that together are never more than others."""


def _of_sections(program: DayProgram) -> Iterator[Link]:
    """A student's seats in an option, and its sections."""
    seats: dict[tuple[StudentId, Option], list[int]] = defaultdict(list)
    for seat in program.seats:
        seats[seat.student, seat.option].append(seat.column)
    for (_, option), columns in seats.items():
        yield columns, program.sections.columns[option]


def _of_running(program: DayProgram) -> Iterator[Link]:
    """A student's seats in an offering in a block, and whether it runs then."""
    seats: dict[tuple[StudentId, OfferingId, BlockId], list[int]] = defaultdict(list)
    asked = {offering for offering, _ in program.runs}
    for seat in program.seats:
        if seat.option.offering.id in asked:
            for block in seat.option.runs[0]:
                seats[seat.student, seat.option.offering.id, block].append(seat.column)
    for (_, offering, block), columns in seats.items():
        if (offering, block) in program.runs:
            yield columns, [program.runs[offering, block]]


class _Sums:
    """Sums of the values of columns, list by list."""

    def __init__(self, lists: list[list[int]]) -> None:
        self._count = len(lists)
        self._columns = np.asarray([c for columns in lists for c in columns], dtype=np.int64)
        lengths = [len(columns) for columns in lists]
        self._list_of = np.repeat(np.arange(self._count), lengths)

    def of(self, values: Reals) -> Reals:
        """The sum of each list."""
        sums = np.zeros(self._count)
        np.add.at(sums, self._list_of, values[self._columns])
        return sums
