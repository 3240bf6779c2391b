"""What people get of a published plan: one person's schedule, one session's roster, reasons."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from schemas.base import BlockId, Frozen, Minute, SessionId, StudentId
from schemas.plan import Audience, Placement
from schemas.school import Role

ReasonId = Literal[
    "need", "choice", "request", "service", "lock", "only_open_seat", "open_place", "unplaced",
    "adult_absent", "adult_elsewhere", "takes_over", "steps_in", "free", "room_closed",
    "not_there", "locked", "home_place", "rearranged",
]  # fmt: skip


class Reason(Frozen):
    """A reason by id, with what it speaks of; words are found for it at the page."""

    id: ReasonId
    parameters: dict[str, str] = Field(default_factory=dict)
    audience: Audience = "everyone"


What = Literal["session", "class", "home", "break", "away", "open"]
"""home: the supervised home place; open: a block in which nothing holds an adult."""


class Entry(Frozen):
    """A stretch of a person's day. `what` says of which kind; names are fit for its reader."""

    what: What
    start: Minute
    end: Minute
    blocks: tuple[BlockId, ...]
    block_titles: tuple[str, ...]
    title: str
    room: str = ""
    building: str = ""
    adults: tuple[str, ...] = ()
    session: SessionId | None = None
    role: Role | None = None
    """An adult's own role."""
    students: int | None = None
    """How many students come; told to adults only."""
    why: tuple[Reason, ...] = ()
    """Why the person is here, the strongest reason first; told to those it is about."""


class Schedule(Frozen):
    """One person's day by a published plan, in order of time."""

    day: date
    zone: str
    plan: str
    pub_seq: int
    entries: tuple[Entry, ...]


class Arrival(Frozen):
    """Where somebody is expected from, or is now instead."""

    title: str
    room: str


class RosterLine(Frozen):
    """A student on a roster. `comes_from` is where they are in the block before, and `arriving`
    says that an earlier publication of the day had them elsewhere."""

    student: StudentId
    name: str
    placement: Placement
    competency: str = ""
    comes_from: Arrival | None = None
    arriving: bool = False
    attendance: str | None = None
    why: tuple[Reason, ...] = ()


class Missing(Frozen):
    """A student an earlier publication had on this roster, and where they are now."""

    student: StudentId
    name: str
    now: Arrival | None


class Roster(Frozen):
    """One session's list of students."""

    session: SessionId
    title: str
    room: str
    start: Minute
    end: Minute
    block: BlockId
    blocks: tuple[str, ...]
    adults: tuple[tuple[str, Role], ...]
    seats: int
    lines: tuple[RosterLine, ...]
    missing: tuple[Missing, ...] = ()
