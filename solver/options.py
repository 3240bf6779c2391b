"""What the day program decides about: offerings in runs of blocks, and the rooms they take."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from schemas.base import BlockId
from schemas.school import MinuteKind, Offering, Room
from solver.board import OpenSession
from solver.reach import Audience

Run = tuple[BlockId, ...]
Periods = tuple[tuple[BlockId, ...], ...]


class Spot(NamedTuple):
    """A period, with the quarter and the students that somewhere is for, where these are told
    apart, and the kinds of minutes that are had there."""

    period: int
    quarter: int | None
    audience: Audience | None
    kinds: frozenset[MinuteKind]


@dataclass(frozen=True, eq=False)
class Option:
    """An offering in some of the runs it may take up, all using the same number of blocks of
    each period; or one session that stands already, with its open seats."""

    offering: Offering
    uses: tuple[tuple[int, int], ...]
    """(period, blocks of it that one run takes up)"""
    runs: tuple[Run, ...]
    halls: tuple[int, ...] = ()
    """The classes of rooms it may be in."""
    quarter: int | None = None
    """Where those are, if all in one quarter, see Reach.quarters, and told apart from others."""
    session: OpenSession | None = None


@dataclass(frozen=True, eq=False)
class RoomColumn:
    """How many sections of an option are in rooms that hold so many of its students."""

    option: Option
    most: int
    rooms: tuple[Room, ...]
    """The rooms that hold as many, the smallest first."""
    column: int
