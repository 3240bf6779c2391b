"""Parts of a day to make anew: each neighbourhood frees something and refills it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from random import Random
from typing import ClassVar

from schemas.base import BlockId
from solver.board import Board, OpenSession
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
    """Sessions of one block."""

    name = "one block"

    def change(self, reach: Reach, board: Board, random: Random) -> float:
        block = random.choice(reach.facts.flex)
        return remake(reach, board, (block,), random)


class TwoBlocks(Neighbourhood):
    """Sessions of two blocks, so that students can have in one what they miss in the other."""

    name = "two blocks"

    def change(self, reach: Reach, board: Board, random: Random) -> float:
        return remake(reach, board, some_blocks(reach, random, 2), random)


class NextBlocks(Neighbourhood):
    """Sessions of two blocks or three that follow one another, with those that span them."""

    name = "next blocks"

    def change(self, reach: Reach, board: Board, random: Random) -> float:
        flex = reach.facts.flex
        count = min(len(flex), random.choice((2, 3)))
        first = random.randrange(len(flex) - count + 1)
        return remake(reach, board, flex[first : first + count], random)


NEIGHBOURHOODS: tuple[Neighbourhood, ...] = (OneBlock(), TwoBlocks(), NextBlocks())

FREED = (200, 300, 450)
"""About so many seats of sessions are freed at once."""


def some_blocks(reach: Reach, random: Random, count: int) -> tuple[BlockId, ...]:
    """Some flex blocks, in order of time."""
    flex = reach.facts.flex
    return tuple(sorted(random.sample(flex, min(len(flex), count)), key=flex.index))


def remake(reach: Reach, board: Board, blocks: tuple[BlockId, ...], random: Random) -> float:
    """Closes sessions that lie within some blocks, as many as can be decided at once, and fills
    the blocks anew in whole numbers; the other sessions keep adults, rooms and students."""
    within = [
        session
        for session in board.sessions.values()
        if all(block in blocks for block in session.blocks)
    ]
    random.shuffle(within)
    room_for = random.choice(FREED)
    freed: list[OpenSession] = []
    for session in within:
        room_for -= len(session.seats) * len(session.blocks)
        if room_for >= 0:
            freed.append(session)
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
