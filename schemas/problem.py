"""A Problem: one school day's frozen question, with all history as constants."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from schemas.base import (
    BlockId,
    BuildingId,
    CompetencyId,
    Frozen,
    Id,
    LockId,
    OfferingId,
    RoomId,
    SchoolId,
    ServiceId,
    StaffId,
    StudentId,
    Text,
)
from schemas.plan import Override, Placement, Session
from schemas.school import (
    Accommodation,
    Block,
    Building,
    Grade,
    Modality,
    Offering,
    Relation,
    Role,
    Room,
    TravelTime,
)

LARGEST_COST = 2**53
"""Costs stay exact in every JSON reader: sum of weight x the largest amount a rule can reach."""


class DayBlock(Block):
    """A block of the day asked about; `moved_factor` weighs a move in it, heavier near the bell."""

    moved_factor: Annotated[int, Field(ge=1, le=4)] = 1
    frozen: bool = False
    """Whether the block lies inside the freeze window."""


class DayCompetency(Frozen):
    """A competency that bears on the day, with what must be mastered before it."""

    id: CompetencyId
    title: Text = ""
    subject: str = ""
    level: str = ""
    prerequisites: tuple[tuple[CompetencyId, ...], ...] = ()
    """Each entry is met when one of its competencies is mastered."""


class Commitment(Frozen):
    """Blocks in which a person is held elsewhere; `building` counts for travel."""

    blocks: tuple[BlockId, ...]
    building: BuildingId | None = None
    title: Text = ""


class Need(Frozen):
    """A ready competency not yet mastered; `readiness` 0-100 places the student within it."""

    competency: CompetencyId
    urgency: Annotated[int, Field(ge=1, le=100)]
    readiness: Annotated[int, Field(ge=0, le=100)] = 50
    evidenced: bool = True
    """False when it rests on the assumption from grade alone."""


class Floors(Frozen):
    """Minutes a student is to get today at least, by kind."""

    live_teacher: Annotated[int, Field(ge=0)] = 0
    choice: Annotated[int, Field(ge=0)] = 0
    enrichment: Annotated[int, Field(ge=0)] = 0


class DayStudent(Frozen):
    """A student on the day. A block is free when it is neither in `away` nor committed."""

    id: StudentId
    grade: Grade | None = None
    groups: tuple[str, ...] = ()
    needs_features: tuple[str, ...] = ()
    off_campus_consent: bool = False
    away: tuple[BlockId, ...] = ()
    commitments: tuple[Commitment, ...] = ()
    mastered: tuple[CompetencyId, ...] = ()
    """Those of the Problem's competencies that count as mastered."""
    needs: tuple[Need, ...] = ()
    floors: Floors = Floors()


class DayStaff(Frozen):
    """An adult on the day. `fair_blocks`, `fair_cover`: today's fair share of duty blocks."""

    id: StaffId
    qualifications: tuple[str, ...] = ()
    away: tuple[BlockId, ...] = ()
    commitments: tuple[Commitment, ...] = ()
    most_preparations: Annotated[int, Field(ge=0)] | None = None
    most_consecutive_blocks: Annotated[int, Field(ge=0)] | None = None
    most_students: Annotated[int, Field(ge=0)] | None = None
    declined: tuple[OfferingId, ...] = ()
    covers: tuple[OfferingId, ...] = ()
    fair_blocks: Annotated[int, Field(ge=0)] | None = None
    fair_cover: Annotated[int, Field(ge=0)] | None = None


class ProtectedTime(Frozen):
    """All of `staff` are free together in at least `at_least` of `blocks`:
    planning, duty-free lunch, or common planning when several are named."""

    id: Id
    kind: Literal["planning", "lunch", "common"]
    staff: tuple[StaffId, ...]
    blocks: tuple[BlockId, ...]
    at_least: Annotated[int, Field(ge=1)]


class HomePlace(Frozen):
    """Where unplaced students of a block go: a supervised room with a named adult and seats."""

    id: Id
    block: BlockId
    room: RoomId
    staff: StaffId
    seats: Annotated[int, Field(ge=0)]


class Ballot(Frozen):
    """A student's ranked choices for the blocks of a window; `credit` grows with past losses."""

    id: Id
    student: StudentId
    blocks: tuple[BlockId, ...]
    ranking: tuple[OfferingId, ...]
    credit: Annotated[int, Field(ge=1, le=10)] = 1


class Request(Frozen):
    """A teacher asks for a student: met by a placement in one of `offerings` within `blocks`."""

    id: Id
    staff: StaffId
    student: StudentId
    offerings: tuple[OfferingId, ...]
    blocks: tuple[BlockId, ...]
    priority: Annotated[int, Field(ge=1, le=5)]


class DayService(Frozen):
    """Support owed today. Matching sessions: see rule service-short."""

    id: ServiceId
    student: StudentId
    kind: str
    minutes_due: Annotated[int, Field(ge=0, le=1440)]
    qualification: str
    setting: Literal["push_in", "pull_out"]
    largest_group: Annotated[int, Field(ge=1)]
    not_from_blocks: tuple[BlockId, ...] = ()
    not_from_offerings: tuple[OfferingId, ...] = ()


class Order(Frozen):
    """`first` ends before `then` starts: for each student in both, or for every section."""

    first: OfferingId
    then: OfferingId
    whole_offering: bool = False


class Repeat(Frozen):
    """A student not to be placed in this offering again without new evidence."""

    student: StudentId
    offering: OfferingId


class Stuck(Frozen):
    """A way of teaching that did not work for a student; `lead` None means with anybody."""

    student: StudentId
    competency: CompetencyId
    modality: Modality
    lead: StaffId | None = None


class RecentPair(Frozen):
    """Two students and the number of recent days they shared a session."""

    a: StudentId
    b: StudentId
    days: Annotated[int, Field(ge=1)]


class PlacementLock(Frozen):
    """The student is in a session of the offering in the block (in the room, where named)."""

    target: Literal["placement"]
    id: LockId
    owner: str
    reason: Text = ""
    expires: date | None = None
    student: StudentId
    offering: OfferingId
    block: BlockId
    room: RoomId | None = None


class SessionLock(Frozen):
    """A session of the offering runs in the block, in the room and led by whom it names."""

    target: Literal["session"]
    id: LockId
    owner: str
    reason: Text = ""
    expires: date | None = None
    offering: OfferingId
    block: BlockId
    room: RoomId | None = None
    lead: StaffId | None = None


class RoomLock(Frozen):
    """The room holds only the offering in the block, or nothing where none is named."""

    target: Literal["room"]
    id: LockId
    owner: str
    reason: Text = ""
    expires: date | None = None
    room: RoomId
    block: BlockId
    offering: OfferingId | None = None


class DutyLock(Frozen):
    """The adult holds the role in the offering in the block, or no duty where none is named."""

    target: Literal["duty"]
    id: LockId
    owner: str
    reason: Text = ""
    expires: date | None = None
    staff: StaffId
    block: BlockId
    offering: OfferingId | None = None
    role: Role | None = None


Lock = Annotated[PlacementLock | SessionLock | RoomLock | DutyLock, Field(discriminator="target")]


class Published(Frozen):
    """What is published for this day (or, before the first publication, the last like it)."""

    plan: str
    sessions: tuple[Session, ...]
    placements: tuple[Placement, ...]


class Policy(Frozen):
    """The school's weights by rule id (others keep their default) and limits."""

    weights: dict[str, Annotated[int, Field(ge=0, le=1_000_000)]] = Field(default_factory=dict)
    student_room_changes: Annotated[int, Field(ge=0)] = 3
    remix_days: Annotated[int, Field(ge=0)] = 3


class Problem(Frozen):
    """One school day. Lists are in a fixed order, which the solver keeps for ties."""

    format: Literal["flexday.problem.v1"] = "flexday.problem.v1"
    school: SchoolId
    day: date
    zone: str
    as_of: Annotated[int, Field(ge=0)] = 0
    """Position in the school's event log up to which events are taken in."""
    buildings: tuple[Building, ...]
    travel: tuple[TravelTime, ...] = ()
    blocks: tuple[DayBlock, ...]
    rooms: tuple[Room, ...]
    closures: tuple[tuple[RoomId, BlockId], ...] = ()
    competencies: tuple[DayCompetency, ...] = ()
    offerings: tuple[Offering, ...]
    staff: tuple[DayStaff, ...]
    students: tuple[DayStudent, ...]
    homes: tuple[HomePlace, ...] = ()
    protected: tuple[ProtectedTime, ...] = ()
    ballots: tuple[Ballot, ...] = ()
    requests: tuple[Request, ...] = ()
    services: tuple[DayService, ...] = ()
    accommodations: tuple[Accommodation, ...] = ()
    relations: tuple[Relation, ...] = ()
    orders: tuple[Order, ...] = ()
    repeats: tuple[Repeat, ...] = ()
    stuck: tuple[Stuck, ...] = ()
    recent_pairs: tuple[RecentPair, ...] = ()
    locks: tuple[Lock, ...] = ()
    overrides: tuple[Override, ...] = ()
    published: Published | None = None
    policy: Policy = Policy()

    @model_validator(mode="after")
    def is_consistent(self) -> Problem:
        problems = list(_faults(self))
        if problems:
            shown = "; ".join(problems[:10])
            more = f"; and {len(problems) - 10} more" if len(problems) > 10 else ""
            raise ValueError(shown + more)
        return self


def _faults(problem: Problem) -> Iterator[str]:
    """Doubled ids and references to things that are not there, each with where it stands."""
    known: dict[str, set[str]] = {}
    for name in ("buildings", "blocks", "rooms", "competencies", "offerings", "staff", "students"):
        known[name] = set()
        for item in getattr(problem, name):
            if item.id in known[name]:
                yield f"{name}: {item.id!r} stands twice; give each its own id"
            known[name].add(item.id)
    for where, kind, ids in _references(problem):
        for missing in ids:
            if missing not in known[kind]:
                yield f"{where}: {missing!r} is not among the {kind}; add it there or take it out"
    for earlier, later in zip(problem.blocks, problem.blocks[1:], strict=False):
        if later.start < earlier.end:
            yield f"blocks: {later.id} starts before {earlier.id} ends; put them in order of time"
    for name in ("homes", "ballots", "requests", "services", "accommodations", "locks"):
        ids = [item.id for item in getattr(problem, name)]
        for doubled in sorted(
            {i for i in ids if ids.count(i) > 1} if len(ids) != len(set(ids)) else ()
        ):
            yield f"{name}: {doubled!r} stands twice; give each its own id"


def _references(problem: Problem) -> Iterator[tuple[str, str, Iterable[str]]]:
    for room in problem.rooms:
        yield f"rooms.{room.id}.building", "buildings", (room.building,)
    for hop in problem.travel:
        yield "travel", "buildings", (hop.a, hop.b)
    for room_id, block_id in problem.closures:
        yield "closures", "rooms", (room_id,)
        yield "closures", "blocks", (block_id,)
    for offering in problem.offerings:
        yield f"offerings.{offering.id}.competencies", "competencies", offering.competencies
        yield f"offerings.{offering.id}.starts", "blocks", offering.starts or ()
    for competency in problem.competencies:
        for choices in competency.prerequisites:
            yield f"competencies.{competency.id}.prerequisites", "competencies", choices
    yield from _people_references(problem)
    for home in problem.homes:
        yield f"homes.{home.id}", "blocks", (home.block,)
        yield f"homes.{home.id}", "rooms", (home.room,)
        yield f"homes.{home.id}", "staff", (home.staff,)
    for time in problem.protected:
        yield f"protected.{time.id}", "staff", time.staff
        yield f"protected.{time.id}", "blocks", time.blocks
    for ballot in problem.ballots:
        yield f"ballots.{ballot.id}", "students", (ballot.student,)
        yield f"ballots.{ballot.id}", "blocks", ballot.blocks
    for request in problem.requests:
        yield f"requests.{request.id}", "students", (request.student,)
        yield f"requests.{request.id}", "blocks", request.blocks
    for service in problem.services:
        yield f"services.{service.id}", "students", (service.student,)
    for lock in problem.locks:
        yield f"locks.{lock.id}", "blocks", (lock.block,)


def _people_references(problem: Problem) -> Iterator[tuple[str, str, Iterable[str]]]:
    for student in problem.students:
        where = f"students.{student.id}"
        yield f"{where}.away", "blocks", student.away
        yield f"{where}.mastered", "competencies", student.mastered
        yield f"{where}.needs", "competencies", (need.competency for need in student.needs)
        for commitment in student.commitments:
            yield f"{where}.commitments", "blocks", commitment.blocks
    for adult in problem.staff:
        where = f"staff.{adult.id}"
        yield f"{where}.away", "blocks", adult.away
        for commitment in adult.commitments:
            yield f"{where}.commitments", "blocks", commitment.blocks
