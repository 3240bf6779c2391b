"""Raises a bound by parting the numbers that must be whole: at most so many, or more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Protocol

from solver.linear import Reals

GLANCE = 20
"""Nodes between two looks at whether going on is worth it."""

WORTH_IT = 0.001
"""The share of what is at stake by which that many nodes have to raise the bound."""

NEARLY = 1e-4
"""A value this near to a whole number counts as one."""


class Relaxation(Protocol):
    """What can be solved within limits on its columns, and proves a bound each time."""

    def limits(self, column: int) -> tuple[int, int]:
        """The lowest and the highest value of a column now."""

    def limit(self, column: int, low: int, high: int) -> None:
        """Sets them."""

    def solve(self) -> Reals | None:
        """The values of the columns at an optimum; None where there is none."""

    def proven(self) -> int:
        """What every solution within the limits costs at least, by the last one."""


@dataclass(order=True)
class _Node:
    """A part of all solutions, and what each of them costs at least."""

    bound: int
    number: int
    limits: dict[int, tuple[int, int]] = field(compare=False)
    values: Reals = field(compare=False)


class Branching:
    """The tree of one relaxation, searched where the bound is lowest. Columns are parted in the
    order of `whole`: one of the first list that is not whole before any of the second.

    Source: A. H. Land and A. G. Doig, An automatic method of solving discrete programming
    problems, Econometrica 28, 1960.
    """

    def __init__(self, relaxation: Relaxation, whole: Sequence[Sequence[int]], stake: int) -> None:
        self._relaxation, self._whole, self._stake = relaxation, whole, stake
        self._widest = {c: relaxation.limits(c) for columns in whole for c in columns}
        self._now = dict(self._widest)
        self._closed: list[int] = []
        """Bounds of parts that are not parted further."""
        self.nodes = 0
        """How many parts were looked at."""

    def bound(self, values: Reals) -> int:
        """What every whole solution costs at least; `values` are those of the optimum that the
        relaxation found last."""
        first = self._relaxation.proven()
        open_nodes = [_Node(first, 0, {}, values)]
        before = first
        while open_nodes and open_nodes[0].bound == self._lowest(open_nodes):
            node = heappop(open_nodes)
            column = self._broken(node.values)
            if column is None:
                self._closed.append(node.bound)
                continue
            for child in self._parted(node, column):
                heappush(open_nodes, child)
            if self.nodes % GLANCE == 0:
                now = self._lowest(open_nodes)
                if now - before <= WORTH_IT * self._stake:
                    break
                before = now
        return self._lowest(open_nodes)

    def _lowest(self, open_nodes: list[_Node]) -> int:
        return min([*self._closed, *(node.bound for node in open_nodes[:1])])

    def _broken(self, values: Reals) -> int | None:
        """The column furthest from being whole, of the first list that has one."""
        for columns in self._whole:
            parts = [(abs(values[c] % 1 - 0.5), c) for c in columns]
            distance, column = min(parts, default=(0.5, -1))
            if distance < 0.5 - NEARLY:
                return column
        return None

    def _parted(self, node: _Node, column: int) -> list[_Node]:
        """Both parts of a node. One that can't be solved keeps what is proven of the whole."""
        low, high = node.limits.get(column, self._widest[column])
        most = int(node.values[column])
        found = []
        for part in ((low, most), (most + 1, high)):
            limits = {**node.limits, column: part}
            self._set(limits)
            self.nodes += 1
            values = self._relaxation.solve()
            if values is None:
                self._closed.append(node.bound)
            else:
                bound = max(node.bound, self._relaxation.proven())
                found.append(_Node(bound, self.nodes, limits, values))
        return found

    def _set(self, limits: dict[int, tuple[int, int]]) -> None:
        for column in [c for c, now in self._now.items() if now != limits.get(c, self._widest[c])]:
            self._now[column] = limits.get(column, self._widest[column])
            self._relaxation.limit(column, *self._now[column])
