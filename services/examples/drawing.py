"""Small draws shared by the modules that invent a school: opaque ids, shuffles, weighted picks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

Item = TypeVar("Item")
_LETTERS = "0123456789abcdefghjkmnpqrstvwxyz"


class Draw:
    """A seeded source of everything that is left to chance in an example."""

    def __init__(self, seed: tuple[int, ...]) -> None:
        self.rng = np.random.default_rng(seed)
        self._taken: set[str] = set()

    def new_id(self, prefix: str) -> str:
        """An id nobody else has, which says nothing but what kind of thing it names."""
        while True:
            token = prefix + "".join(_LETTERS[i] for i in self.rng.integers(0, 32, 5))
            if token not in self._taken:
                self._taken.add(token)
                return token

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def whole(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return int(self.rng.integers(low, high + 1))

    def one(self, items: Sequence[Item], weights: Sequence[float] | None = None) -> Item:
        """One of the items; the heavier the likelier, all alike without weights."""
        if weights is None:
            return items[int(self.rng.integers(len(items)))]
        steps = np.cumsum(np.asarray(weights, dtype=float))
        at = int(np.searchsorted(steps, self.rng.random() * steps[-1], side="right"))
        return items[min(at, len(items) - 1)]

    def some(self, items: Sequence[Item], count: int) -> list[Item]:
        """Up to `count` different ones, in random order."""
        order = self.rng.permutation(len(items))
        return [items[int(i)] for i in order[: max(0, count)]]

    def shuffled(self, items: Sequence[Item]) -> list[Item]:
        return self.some(items, len(items))
