"""The time of a Problem: blocks by position, runs that offerings may take, ways between places."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache, cached_property
from itertools import combinations, pairwise

from schemas.base import BlockId, BuildingId, OfferingId
from schemas.problem import DayBlock, Problem
from schemas.school import Offering


class Day:
    """Look-ups on a Problem's time. Blocks are compared by their position in the day."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.blocks: dict[BlockId, DayBlock] = {block.id: block for block in problem.blocks}
        self.position: dict[BlockId, int] = {b.id: i for i, b in enumerate(problem.blocks)}
        ids = tuple(self.blocks)
        self._next: dict[BlockId, BlockId | None] = dict(zip(ids, (*ids[1:], None), strict=False))
        self.flex: tuple[BlockId, ...] = tuple(b.id for b in problem.blocks if b.kind == "flex")
        self.offerings: dict[OfferingId, Offering] = {o.id: o for o in problem.offerings}
        self._travel: dict[tuple[BuildingId, BuildingId], int] = {}
        for hop in problem.travel:
            self._travel[hop.a, hop.b] = self._travel[hop.b, hop.a] = hop.minutes
        self.starts = cache(self._starts)

    def next_block(self, block: BlockId) -> BlockId | None:
        """The block that follows in the day, if one does."""
        return self._next[block]

    def consecutive(self, earlier: BlockId, later: BlockId) -> bool:
        """Whether nothing lies between two blocks of the day."""
        return self.position[later] == self.position[earlier] + 1

    def _starts(self, offering: OfferingId) -> tuple[tuple[BlockId, ...], ...]:
        """Every run of blocks the offering may take up, in order of time."""
        wanted = self.offerings[offering]
        runs = []
        for i, first in enumerate(self.flex):
            run = self.flex[i : i + wanted.length]
            unbroken = len(run) == wanted.length and all(
                self.consecutive(a, b) for a, b in pairwise(run)
            )
            if unbroken and (wanted.starts is None or first in wanted.starts):
                runs.append(run)
        return tuple(runs)

    def breaks(self, offering: OfferingId, blocks: Sequence[BlockId]) -> int:
        """How far a session's blocks are from a run the offering may take up: blocks missing or
        too many, gaps between them, and 1 for a first block it may not start in."""
        ordered = sorted(blocks, key=self.position.__getitem__)
        length = self.offerings[offering].length
        gaps = sum(1 for a, b in pairwise(ordered) if not self.consecutive(a, b))
        wrong_start = ordered[0] not in {run[0] for run in self.starts(offering)}
        return abs(len(ordered) - length) + gaps + wrong_start

    def minutes(self, blocks: Iterable[BlockId]) -> int:
        """The minutes of some blocks together."""
        return sum(self.blocks[block].minutes for block in blocks)

    def ends_before(self, first: Sequence[BlockId], then: Sequence[BlockId]) -> bool:
        """Whether the last of some blocks comes before the first of others."""
        return max(self.position[b] for b in first) < min(self.position[b] for b in then)

    def minutes_short(self, a: BuildingId, i: BlockId, b: BuildingId, j: BlockId) -> int:
        """Minutes lacking to get from a building after one block to another by a later block."""
        return max(0, self.travel(a, b) - (self.blocks[j].start - self.blocks[i].end))

    @cached_property
    def crossings(self) -> tuple[tuple[BlockId, BlockId, tuple[BlockId, ...]], ...]:
        """Pairs of blocks, with those between them, too near for the longest way of the school."""
        longest = max(self._travel.values(), default=0)
        ids = tuple(self.blocks)
        return tuple(
            (i, j, ids[self.position[i] + 1 : self.position[j]])
            for i, j in combinations(ids, 2)
            if self.blocks[j].start - self.blocks[i].end < longest
        )

    def travel(self, a: BuildingId, b: BuildingId) -> int:
        """Minutes from one building to another; none within one or where none is stated."""
        return 0 if a == b else self._travel.get((a, b), 0)
