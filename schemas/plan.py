"""A Plan: one day's answer, with what was found when it was judged."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from schemas.base import (
    BlockId,
    CompetencyId,
    Frozen,
    Id,
    OfferingId,
    RoomId,
    SessionId,
    StaffId,
    StudentId,
    Text,
)
from schemas.school import Role

Audience = Literal["everyone", "entitled"]
"""`entitled`: only those with a right to the confidential facts behind it."""

PlanStatus = Literal["draft", "approved", "published", "superseded", "rejected", "scenario"]
"""`scenario`: the answer to a what-if, which has no part in the life of the day's plans."""

UnplacedReason = Literal[
    "no_seat", "no_adult", "no_room", "not_eligible", "lock", "freeze", "edited", "time_ran_out"
]


Price = Annotated[int, Field(ge=0)]


class Duty(Frozen):
    """An adult's role in the session it stands in."""

    staff: StaffId
    role: Role


class Session(Frozen):
    """An offering run in consecutive blocks, in one room, with its duties."""

    id: SessionId
    offering: OfferingId
    blocks: tuple[BlockId, ...]
    room: RoomId
    duties: tuple[Duty, ...] = ()


class Placement(Frozen):
    """A student in a session, and the one competency it serves, or none."""

    student: StudentId
    session: SessionId
    competency: CompetencyId | None = None


class Unplaced(Frozen):
    """A student without a session in a block: why, and the home place that takes them in."""

    student: StudentId
    block: BlockId
    reason: UnplacedReason
    home: Id | None = None


class Override(Frozen):
    """A named person's exception to certain findings of a rule that allows it.

    It covers the findings of `rule` whose subjects include all of `subjects`.
    """

    id: Id
    rule: str
    subjects: dict[str, str]
    reason: Text
    person: str


class Finding(Frozen):
    """A deviation from a rule. `subjects` maps student, staff, session, room, block, competency,
    offering, service, lock, ... to ids; words are found for it at the page."""

    rule: str
    kind: Literal["hard", "soft"]
    amount: Annotated[int, Field(ge=1)]
    subjects: dict[str, str]
    cause: str = ""
    """Which of a rule's several promises was broken, where it makes several."""
    audience: Audience = "everyone"
    covered_by: Id | None = None
    """The override that makes a hard finding non-blocking."""


class LeastUnplaced(Frozen):
    """A proof that at least `amount` student-blocks have no session, whatever the plan: prices at
    which every section that could run costs at least what its seats are worth, so that no plan
    seats more than all rooms and adults together are paid. Whole numbers, in `parts` of one
    student-block; what is not listed costs nothing."""

    amount: Annotated[int, Field(ge=1)]
    parts: Annotated[int, Field(ge=1)] = 1
    seats: tuple[tuple[OfferingId, BlockId, Price], ...] = ()
    """What a seat is worth; nothing where seats are to spare."""
    rooms: tuple[tuple[RoomId, BlockId, Price], ...] = ()
    """What each section pays for the room."""
    shared: tuple[tuple[RoomId, BlockId, Price], ...] = ()
    """What each seat pays where sections share a room."""
    adults: tuple[tuple[StaffId, BlockId, Price], ...] = ()
    """What each section pays for an adult."""
    sections: tuple[tuple[OfferingId, Price], ...] = ()
    """What each section pays where a day may have only so many."""
    leads: tuple[tuple[StaffId, Price], ...] = ()
    """What each seat pays where a lead may have only so many students in a day."""


class Engine(Frozen):
    """What made a plan: enough to make it again."""

    name: str
    versions: dict[str, str] = Field(default_factory=dict)
    seed: int = 0
    work: float | None = None
    """Work limit in units of about one second of one core; None when only time limited it."""
    limited_by_time: bool = False
    """True when a time limit cut first, so the same bytes are not promised."""


class Plan(Frozen):
    """The answer to the Problem whose digest is `problem`. The order of lists is canonical:
    sessions by id; placements by student and session; unplaced by student and block."""

    format: Literal["flexday.plan.v1"] = "flexday.plan.v1"
    problem: str
    sessions: tuple[Session, ...]
    placements: tuple[Placement, ...]
    unplaced: tuple[Unplaced, ...]
    findings: tuple[Finding, ...]
    cost: int
    bound: int | None
    stake: int
    gap: float | None
    engine: Engine | None = None
    least_unplaced: LeastUnplaced | None = None
    """Where somebody is unplaced and so many are proven to have to be."""


class Contradiction(Frozen):
    """No plan exists: a smallest set of locks and hard rules that cannot hold together."""

    format: Literal["flexday.contradiction.v1"] = "flexday.contradiction.v1"
    problem: str
    locks: tuple[Id, ...]
    rules: tuple[str, ...] = ()
