"""Parts of a day to make anew: each neighbourhood frees something and refills it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from random import Random
from typing import ClassVar

from schemas.base import BlockId
from solver.board import Board
from solver.construct import Filling
from solver.reach import Reach


class Neighbourhood(ABC):
    """Changes a board in place, at random from a seeded source; the units of work it took."""

    name: ClassVar[str]

    @abstractmethod
    def change(self, reach: Reach, board: Board, random: Random) -> float:
        """Frees and refills a part of the board. What is pinned stays."""


class Blocks(Neighbourhood):
    """One or two blocks, all their sessions, seats, adults and rooms."""

    name = "blocks"

    def change(self, reach: Reach, board: Board, random: Random) -> float:
        flex = reach.facts.flex
        first = random.randrange(len(flex))
        span = random.choice((1, 2))
        near = flex[first : first + span]
        if span == 2 and len(flex) > 2 and random.random() < 0.5:
            near = tuple(sorted(random.sample(flex, 2), key=flex.index))
        return remake(reach, board, near, random, keep=0.0)


class SomeSessions(Neighbourhood):
    """A share of the sessions of one or two blocks; the others keep adults and rooms, and may
    take in more students."""

    name = "some sessions"

    def change(self, reach: Reach, board: Board, random: Random) -> float:
        flex = reach.facts.flex
        near = tuple(sorted(random.sample(flex, min(len(flex), 2)), key=flex.index))
        return remake(reach, board, near, random, keep=random.choice((0.4, 0.6, 0.8)))


class Seats(Neighbourhood):
    """All seats of two blocks or more; sessions, adults and rooms stay."""

    name = "seats"

    def change(self, reach: Reach, board: Board, random: Random) -> float:
        flex = reach.facts.flex
        count = min(len(flex), random.choice((2, 3)))
        near = tuple(sorted(random.sample(flex, count), key=flex.index))
        return remake(reach, board, near, random, keep=1.0)


NEIGHBOURHOODS: tuple[Neighbourhood, ...] = (Blocks(), SomeSessions(), Seats())


def remake(
    reach: Reach, board: Board, blocks: tuple[BlockId, ...], random: Random, keep: float
) -> float:
    """Closes the sessions that lie within some blocks but a share of them, empties the seats of
    the rest, and fills the blocks anew."""
    within = [
        session
        for session in board.sessions.values()
        if all(block in blocks for block in session.blocks)
    ]
    for session in within:
        if session.pinned or random.random() < keep:
            for student in list(session.seats):
                if student not in session.pinned_students:
                    board.unseat(student, session)
        else:
            board.close(session)
    filling = Filling(reach, board, random.randrange(1 << 30))
    filling.fill(blocks)
    filling.finish()
    return filling.work
