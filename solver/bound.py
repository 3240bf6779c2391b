"""A proven lower bound on the cost of every lawful plan of a day."""

from __future__ import annotations

from math import inf

from schemas.base import BlockId
from solver.board import Board
from solver.branching import Branching
from solver.daylp import DayProgram
from solver.effort import ENTRY_WORK, GRADIENT_WORK, NODE_WORK
from solver.hours import Hours
from solver.linear import LinearProgram, Matrix, Reals, near_prices, safe_bound
from solver.links import Links, of_running, of_sections, terms
from solver.locked import Locked
from solver.options import Periods
from solver.reach import Reach
from solver.score import stake
from solver.staying import Staying

FEW_BLOCKS = 2
"""So many blocks are told apart at once, however many students there are."""

FEW_PLACES = 500
"""Students and blocks up to which numbers of sections are whole in a short day: 150 students in two
blocks take 2 s for 3 % of what is at stake; 400 take 25 s, and with 850 in one block it brings
nothing."""

SOLVED_OFTEN = 50_000
"""Coefficients up to which a short day of so few students is parted, and knows which rooms and
leads are kept, which adds more still: 150 students with few offerings in two blocks have 27 000 in
all and take 4 s; 100 with many have 95 000 without and would take minutes."""

MOST_ITERATIONS = 2_000_000
"""Simplex iterations after which what prices prove by then has to do."""

ROUNDS = 5
"""How often rows that a solution breaks are added."""

EXACTLY = 20_000
"""Coefficients up to which a long day whose blocks are told apart is solved to its optimum."""

NEARNESS = 3e-5
"""The share of what a longer one saves that its prices may prove too little where steps suffice."""

STEPS, CHEAP = 4_000, 5.0
"""Steps after which what prices prove by then has to do, or that many units of work where these are
more steps: 300 students in six blocks then prove all but 0.1 % of what is at stake."""

COEFFICIENTS = 18
"""Of a long day whose blocks are told apart, for each offering of interest to a student and each
block: 17 to 18 with 150 students to 1,200."""


def day_bound(reach: Reach, most_work: float = inf) -> tuple[int, float]:
    """The best of both bounds of a day, and the units of work they took, of which the closer one
    may take so many."""
    bound, work = first_bound(reach)
    closer, more = closer_bound(reach, most_work)
    return max(bound, closer), work + more


def first_bound(reach: Reach) -> tuple[int, float]:
    """A bound from the blocks of a short day, or from a longer one seen as one stretch, and the
    units of work it took. Numbers of sections are whole where few students have a short day.

    The program drops rules (ways, named company, and clashes in time within a stretch) and adds
    none, so its optimum holds for every lawful plan; where it stops early its dual prices still
    prove something.
    """
    flex = reach.facts.flex
    short = len(flex) <= FEW_BLOCKS
    few = short and len(reach.facts.students) * len(flex) <= FEW_PLACES
    program = _program(reach, _blocks(flex) if short else (flex,))
    often = few and len(program.matrix.coefficient) <= SOLVED_OFTEN
    stays = short and (often or not few)
    staying = Staying(program, closely=few)
    at_most = reach.worth.unserved() + (staying.build() if stays else 0)
    linked = _Linked(program)
    values = linked.solve()
    bound, nodes = linked.proven(), 0
    if often and values is not None:
        sections = [room.column for room in program.sections.rooms]
        branching = Branching(linked, (sections, staying.hosts()), stake(reach.facts))
        bound, nodes = branching.bound(values), branching.nodes
    return at_most + bound, linked.linear.work + nodes * NODE_WORK + _building(program)


def closer_bound(reach: Reach, most_work: float = inf) -> tuple[int, float]:
    """A closer one of a long day, from its blocks told apart, which sees who can't be in two places
    at once, and what stays as published; and the units of work. Nothing where the day is short or
    that is likely to take more work than it may."""
    flex = reach.facts.flex
    interests = sum(len(reach.interests(student)) for student in reach.facts.students)
    likely = interests * len(flex) * COEFFICIENTS * (ENTRY_WORK + STEPS * GRADIENT_WORK)
    if len(flex) <= FEW_BLOCKS or likely > most_work:
        return 0, 0.0
    program = _program(reach, _blocks(flex))
    at_most = reach.worth.unserved() + Staying(program, closely=True).build()
    for link in (*of_sections(program), *of_running(program)):
        program.matrix.row(terms(link), high=0)
    prices, work = _prices(program.matrix)
    return at_most + safe_bound(program.matrix, prices), work + _building(program)


def _prices(matrix: Matrix) -> tuple[Reals, float]:
    """Dual prices of a program, the best or nearly, and the units of work."""
    if len(matrix.coefficient) > EXACTLY:
        each = len(matrix.coefficient) * GRADIENT_WORK
        return near_prices(matrix, NEARNESS, max(STEPS, int(CHEAP / each)))
    linear = LinearProgram(matrix)
    linear.solve(MOST_ITERATIONS)
    return linear.prices(), linear.work


def _program(reach: Reach, periods: Periods) -> DayProgram:
    """The program that bounds every plan of a day, with its blocks told apart by period."""
    fresh = frozenset(range(len(periods)))
    program = DayProgram(reach, Board(reach.facts), periods, fresh, guide=False)
    Locked(program).build()
    Hours(program).build()
    return program


def _building(program: DayProgram) -> float:
    return len(program.matrix.coefficient) * ENTRY_WORK


def _blocks(flex: tuple[BlockId, ...]) -> Periods:
    return tuple((block,) for block in flex)


class _Linked:
    """A day program that is solved anew with links that a solution breaks, as long as it breaks
    some: nobody has more of a seat in an option than it has sections, nor of one in an offering
    than that runs. Few of these rows bind."""

    def __init__(self, program: DayProgram) -> None:
        self.linear, self._matrix = LinearProgram(program.matrix), program.matrix
        self._links = Links(self.linear, [*of_sections(program), *of_running(program)])

    def limits(self, column: int) -> tuple[int, int]:
        """The lowest and the highest value of a column now."""
        return self._matrix.low[column], self._matrix.high[column]

    def limit(self, column: int, low: int, high: int) -> None:
        """Sets them."""
        self.linear.limit(column, low, high)

    def solve(self) -> Reals | None:
        """The values of the columns at an optimum; None when there is none within the limit."""
        values = self.linear.solve(MOST_ITERATIONS)
        for _ in range(ROUNDS):
            if values is None or not self._links.add_broken(values):
                break
            values = self.linear.solve(MOST_ITERATIONS)
        return values

    def proven(self) -> int:
        """What every solution costs at least, by the dual prices of the last one."""
        return safe_bound(self._matrix, self.linear.prices())
