"""What a review holds: the verdict, exceptions, the board, moves, and what came since."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from schemas.base import BlockId, CompetencyId, Frozen, Id, OfferingId, RoomId, SessionId
from schemas.plan import Duty, Finding, PlanStatus, Session, Unplaced
from schemas.problem import Lock
from schemas.schedule import Reason
from schemas.school import Modality
from solver.changes import Badge, Change, PersonKind
from solver.mending import Mended


class Verdict(Frozen):
    """Whether the plan is safe to approve, and the figures behind it. Blocks are student-blocks."""

    safe: bool
    present: int
    """Students who are there for at least one flex block."""
    unplaced: int
    """Blocks in which a student is in a home place instead of a session."""
    least_unplaced: int | None
    """So many of them have to be, whatever the plan, where that is proven."""
    unsupervised: int
    """Sessions, and blocks of students, without an adult."""
    over_cap: int
    """Students beyond what sessions, rooms and home places hold."""
    services_at_risk: int
    """Services that get fewer minutes than are due today."""
    since: int
    """Events since the draft was made that bear on the day."""


class Exceptions(Frozen):
    """The findings of one rule; `blocking` of them stand in the way of approval."""

    rule: str
    kind: str
    blocking: int
    amount: int
    cost: int
    findings: tuple[Finding, ...]


class Card(Frozen):
    """A session on the board."""

    session: SessionId
    offering: OfferingId
    title: str
    modality: Modality
    competencies: tuple[CompetencyId, ...]
    blocks: tuple[BlockId, ...]
    room: RoomId
    duties: tuple[Duty, ...]
    students: tuple[Id, ...]
    most: int
    """Students it may have."""
    locks: tuple[Id, ...]
    badge: Badge | None
    """How it stands to what people know of the day; None while they know of nothing."""
    findings: tuple[Finding, ...]


class BoardRow(Frozen):
    """A room through the flex blocks of the day; a session of several blocks stands in each."""

    room: RoomId
    title: str
    cells: tuple[tuple[Card, ...], ...]


class Moved(Frozen):
    """A person with what changes for them, and why."""

    person_kind: PersonKind
    person: Id
    changes: tuple[tuple[Change, Reason], ...]
    gain: int
    """What they gain by it, by the school's weights: below 0 where they lose."""


class News(Frozen):
    """An event since the draft was made."""

    seq: int
    name: str
    at: datetime
    subject: Id | None
    """The student, adult or room it speaks of."""


class Review(Frozen):
    """Everything on the review page of one plan."""

    plan: Id
    day: date
    status: PlanStatus
    etag: str
    created_at: datetime
    created_by: str
    publish_at: datetime | None
    newer: Id | None
    """A newer draft of the day, where there is one."""
    verdict: Verdict
    breaches: tuple[Finding, ...]
    """Hard rules it would break by what is known now."""
    exceptions: tuple[Exceptions, ...]
    blocks: tuple[BlockId, ...]
    board: tuple[BoardRow, ...]
    gone: tuple[Session, ...]
    """Sessions people know of that no longer run."""
    unplaced: tuple[Unplaced, ...]
    against: PlanStatus | None
    """The state of the plan it is shown against: the one published for the day, or else the one
    that its own question started from; None where there is neither."""
    moves: tuple[Moved, ...]
    """Who moves against that plan."""
    cost: int
    bound: int | None
    gap: float | None
    costs: dict[str, int]
    """By rule: cost of a soft one, amount of a hard one."""
    locks: tuple[Lock, ...]
    since: tuple[News, ...]
    notes: tuple[dict[str, Any], ...]
    """What the snapshot settled by itself."""
    mended: tuple[Mended, ...]
    """What a repair mended, each with the way taken first and the other ways there were."""
