"""Parts of a day to make anew: each neighbourhood frees something and refills it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from random import Random
from typing import ClassVar

from schemas.base import BlockId
from solver.board import Board
from solver.construct import Filling
from solver.proposals import fixed
from solver.reach import Reach


class Neighbourhood(ABC):
    """Changes a board in place, at random from a seeded source; the units of work it took."""

    name: ClassVar[str]

    @abstractmethod
    def change(self, reach: Reach, board: Board, random: Random) -> float:
        """Frees and refills a part of the board. What is pinned stays."""


class OneBlock(Neighbourhood):
    """A block, all its sessions, seats, adults and rooms."""

    name = "one block"

    def change(self, reach: Reach, board: Board, random: Random) -> float:
        block = random.choice(reach.facts.flex)
        return remake(reach, board, (block,), random, keep=0.0)


class SomeSessions(Neighbourhood):
    """A share of the sessions of two blocks; the others keep their adults, rooms and students."""

    name = "some sessions"

    def change(self, reach: Reach, board: Board, random: Random) -> float:
        flex = reach.facts.flex
        near = tuple(sorted(random.sample(flex, min(len(flex), 2)), key=flex.index))
        return remake(reach, board, near, random, keep=random.choice((0.5, 0.7)))


NEIGHBOURHOODS: tuple[Neighbourhood, ...] = (OneBlock(), SomeSessions())


def remake(
    reach: Reach, board: Board, blocks: tuple[BlockId, ...], random: Random, keep: float
) -> float:
    """Closes the sessions that lie within some blocks but a share of them, and fills the blocks
    anew in whole numbers."""
    freed = [
        session
        for session in board.sessions.values()
        if all(block in blocks for block in session.blocks) and random.random() >= keep
    ]
    before = tuple(fixed(session) for session in freed)
    for session in freed:
        if session.pinned:
            for student in list(session.seats):
                if student not in session.pinned_students:
                    board.unseat(student, session)
        else:
            board.close(session)
    filling = Filling(reach, board, random.randrange(1 << 30))
    filling.refill(blocks, before)
    filling.finish()
    return filling.work
