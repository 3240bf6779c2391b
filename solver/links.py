"""Links of a day program: nobody has more of a seat than there are sections of it, which a linear
program is told only where its solution breaks it, as few of these rows bind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from schemas.base import BlockId, OfferingId, StudentId
from solver.daylp import DayProgram
from solver.linear import LinearProgram, Reals
from solver.options import Option

BROKEN = 0.02
"""A link that is broken by less is let be."""

Link = tuple[list[int], list[int]]
"""Columns that together are never more than others."""


def terms(link: Link) -> list[tuple[int, int]]:
    """The terms of the row, at most 0, that keeps it."""
    seats, sections = link
    return [*((seat, 1) for seat in seats), *((section, -1) for section in sections)]


def of_sections(program: DayProgram) -> Iterator[Link]:
    """A student's seats in an option, and its sections."""
    seats: dict[tuple[StudentId, Option], list[int]] = defaultdict(list)
    for seat in program.seats:
        seats[seat.student, seat.option].append(seat.column)
    for (_, option), columns in seats.items():
        yield columns, program.sections.columns[option]


def of_new_sections(program: DayProgram) -> Iterator[Link]:
    """The same where no section stands yet."""
    return ((seats, sections) for seats, sections in of_sections(program) if sections)


def of_running(program: DayProgram) -> Iterator[Link]:
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


class Links:
    """The links of a linear program that it has not been told yet."""

    def __init__(self, linear: LinearProgram, links: list[Link]) -> None:
        self._linear, self._links = linear, links
        self._added = np.zeros(len(links), dtype=np.bool_)
        self._seats = _Sums([columns for columns, _ in links])
        self._opened = _Sums([sections for _, sections in links])

    def add_broken(self, values: Reals) -> bool:
        """Adds the rows that a solution breaks; whether there were any."""
        over = self._seats.of(values) > self._opened.of(values) + BROKEN
        broken = np.flatnonzero(over & ~self._added).tolist()
        for number in broken:
            self._added[number] = True
            self._linear.add_row(terms(self._links[number]), high=0)
        return bool(broken)


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
