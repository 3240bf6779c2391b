"""A school as it stands before any day is asked about: places, people, competencies, calendar."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, StringConstraints, field_validator, model_validator

from schemas.base import (
    BlockId,
    BuildingId,
    CompetencyId,
    Frozen,
    Id,
    Minute,
    OfferingId,
    RoomId,
    SchoolId,
    ServiceId,
    StaffId,
    StudentId,
    Text,
)

Grade = Annotated[str, StringConstraints(pattern=r"^(PK|KG|0[1-9]|1[0-3]|UG)$")]
"""CEDS entry-grade codes: PK, KG, 01 to 13, UG (ungraded)."""

RoomKind = Literal["room", "off_campus", "remote"]
BlockKind = Literal["flex", "class", "lunch", "advisory"]
Role = Literal["lead", "support", "aide", "specialist", "supervisor"]
Modality = Literal[
    "instruction",
    "small_group",
    "collaboration",
    "independent",
    "demonstration",
    "project",
    "conference",
    "advisory",
    "service",
    "work_based",
]
MinuteKind = Literal["live_teacher", "choice", "enrichment"]
AccessRole = Literal["scheduler", "teacher", "admin", "student", "guardian", "coordinator"]


class School(Frozen):
    """One school; every time of day in it is local to `zone` (IANA)."""

    id: SchoolId
    title: Text
    zone: str
    grades: tuple[Grade, ...] = ()

    @field_validator("zone")
    @classmethod
    def zone_is_known(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(
                f"{zone!r} is not an IANA time zone, such as America/Chicago"
            ) from error
        return zone


class Building(Frozen):
    id: BuildingId
    title: Text


class TravelTime(Frozen):
    """Minutes on foot or by shuttle from one building to another, counted both ways."""

    a: BuildingId
    b: BuildingId
    minutes: Annotated[int, Field(ge=0, le=240)]


class Room(Frozen):
    """A place for sessions. `zones` of them may share it, within `seats` students in all."""

    id: RoomId
    title: Text
    building: BuildingId
    kind: RoomKind = "room"
    seats: Annotated[int, Field(ge=0, le=10_000)]
    features: tuple[str, ...] = ()
    zones: Annotated[int, Field(ge=1, le=100)] = 1


class Block(Frozen):
    """A slice of the day, [start, end) in minutes after local midnight."""

    id: BlockId
    title: Text
    kind: BlockKind
    start: Minute
    end: Minute

    @property
    def minutes(self) -> int:
        return self.end - self.start

    @model_validator(mode="after")
    def ends_after_it_starts(self) -> Block:
        if self.end <= self.start:
            raise ValueError(
                f"block {self.id}: end ({self.end}) must be after start ({self.start})"
            )
        return self


class BellSchedule(Frozen):
    """One kind of day: its blocks in order of time, none overlapping."""

    id: Id
    title: Text
    blocks: tuple[Block, ...]

    @model_validator(mode="after")
    def blocks_follow_one_another(self) -> BellSchedule:
        for earlier, later in zip(self.blocks, self.blocks[1:], strict=False):
            if later.start < earlier.end:
                raise ValueError(
                    f"bell schedule {self.id}: block {later.id} starts before {earlier.id} ends"
                )
        return self


class CalendarDay(Frozen):
    """A date and the bell schedule it follows; closed when it follows none."""

    date: date
    bell_schedule: Id | None
    title: Text = ""


class Student(Frozen):
    """A student on the roster. `needs_features` are accessibility features every room must have."""

    id: StudentId
    given_name: Text
    family_name: Text
    grade: Grade | None = None
    groups: tuple[str, ...] = ()
    language: str = "en"
    needs_features: tuple[str, ...] = ()
    off_campus_consent: bool = False
    guardians: tuple[Id, ...] = ()
    assumed_fields: tuple[str, ...] = ()
    """Fields that a labelled, seeded rule filled because the source had none."""


class StaffMember(Frozen):
    """An adult who can hold duties. Limits are per day; None means not agreed, so not limited."""

    id: StaffId
    given_name: Text
    family_name: Text
    qualifications: tuple[str, ...] = ()
    access_roles: tuple[AccessRole, ...] = ("teacher",)
    available_blocks: tuple[BlockId, ...] | None = None
    """Blocks this adult works in; None means all."""
    planning_blocks: Annotated[int, Field(ge=0)] = 0
    most_preparations: Annotated[int, Field(ge=0)] | None = None
    most_consecutive_blocks: Annotated[int, Field(ge=0)] | None = None
    most_students: Annotated[int, Field(ge=0)] | None = None
    declined: tuple[OfferingId, ...] = ()
    covers: tuple[OfferingId, ...] = ()
    """Offerings this adult takes only to cover for somebody."""
    assumed_fields: tuple[str, ...] = ()


class Prerequisite(Frozen):
    """A competency, or a group of them (its children), that must be mastered first."""

    competency: CompetencyId
    of_group: Literal["all", "any"] = "all"
    """Which children count when the prerequisite is a group; without meaning for a single one."""


class Competency(Frozen):
    """What is to be mastered: a CASE CFItem, keyed by its GUID where there is one."""

    id: CompetencyId
    code: str = ""
    title: Text
    subject: str = ""
    level: Grade | None = None
    parent: CompetencyId | None = None
    prerequisites: tuple[Prerequisite, ...] = ()
    related: tuple[CompetencyId, ...] = ()


class Course(Frozen):
    """What a competency session counts towards."""

    id: Id
    title: Text
    credit_area: str = ""
    competencies: tuple[CompetencyId, ...] = ()


class ClassSection(Frozen):
    """A fixed class: who meets where in which blocks; its first adult is teacher of record."""

    id: Id
    course: Id
    title: Text
    room: RoomId | None = None
    blocks: tuple[BlockId, ...] = ()
    staff: tuple[StaffId, ...] = ()
    students: tuple[StudentId, ...] = ()


class GuardianLink(Frozen):
    """Which adult may see, decide and be told for a student; it ends at once when it changes."""

    guardian: Id
    student: StudentId
    given_name: Text = ""
    family_name: Text = ""
    may_see: bool = True
    may_decide: bool = False
    may_be_told: bool = True
    court_restricted: bool = False
    language: str = "en"
    begins: date | None = None
    ends: date | None = None


class RoleNeed(Frozen):
    """`count` adults in a role, each holding `qualification` where one is named."""

    role: Role
    qualification: str | None = None
    count: Annotated[int, Field(ge=1, le=20)] = 1


class Offering(Frozen):
    """Something that can be run. Sizes in students, duration in consecutive flex blocks."""

    id: OfferingId
    title: Text
    """The public title: neutral, fit for feeds, screens, slips and peers."""
    modality: Modality
    subject: str = ""
    competencies: tuple[CompetencyId, ...] = ()
    smallest: Annotated[int, Field(ge=0)] = 1
    largest: Annotated[int, Field(ge=1)]
    ideal: tuple[int, int] | None = None
    students_per_adult: Annotated[int, Field(ge=1)] | None = None
    length: Annotated[int, Field(ge=1, le=24)] = 1
    starts: tuple[BlockId, ...] | None = None
    """Blocks it may start in; None means any flex block."""
    most_sections: Annotated[int, Field(ge=0)] | None = None
    """Sessions a day at most; None means as many as adults and rooms allow."""
    roles: tuple[RoleNeed, ...] = (RoleNeed(role="lead"),)
    room_kinds: tuple[RoomKind, ...] = ("room",)
    features: tuple[str, ...] = ()
    grades: tuple[Grade, ...] | None = None
    groups: tuple[str, ...] | None = None
    """Only students of one of these groups may come; None means everybody."""
    barred: tuple[StudentId, ...] = ()
    needs_consent: bool = False
    extra_time: bool = False
    """Whether students who are owed extra time get it here."""
    minute_kinds: tuple[MinuteKind, ...] = ()
    spread_tolerance: Annotated[int, Field(ge=0, le=100)] = 100
    spare_seats_tolerance: Annotated[int, Field(ge=0)] = 10

    @model_validator(mode="after")
    def sizes_are_in_order(self) -> Offering:
        if self.smallest > self.largest:
            raise ValueError(
                f"offering {self.id}: smallest ({self.smallest}) is above largest ({self.largest})"
            )
        if self.ideal and not self.ideal[0] <= self.ideal[1]:
            raise ValueError(f"offering {self.id}: ideal range {self.ideal} is upside down")
        if not self.roles:
            raise ValueError(f"offering {self.id}: names no role, so nobody would supervise it")
        return self


class Service(Frozen):
    """Support that is owed to a student. `minutes` are owed per `period`."""

    id: ServiceId
    student: StudentId
    kind: str
    minutes: Annotated[int, Field(ge=0, le=10_000)]
    period: Literal["day", "week", "month"] = "week"
    qualification: str
    setting: Literal["push_in", "pull_out"] = "pull_out"
    largest_group: Annotated[int, Field(ge=1)] = 5
    not_from_blocks: tuple[BlockId, ...] = ()
    not_from_offerings: tuple[OfferingId, ...] = ()
    begins: date | None = None
    ends: date | None = None
    made_up: bool = True
    """Whether minutes missed are owed again later in the period."""


AccommodationKind = Literal["place", "group_size", "aide", "language", "extra_time", "time"]


class Accommodation(Frozen):
    """A hard requirement on a student's placements: a need, never a disability label.

    place: `feature` is needed in the room; group_size: at most `group_size` students;
    aide: an adult in role aide; language: an adult holding `qualification`; extra_time: only
    offerings that give it; time: no placement in `blocks`.
    """

    id: Id
    student: StudentId
    kind: AccommodationKind
    feature: str | None = None
    group_size: Annotated[int, Field(ge=1)] | None = None
    qualification: str | None = None
    blocks: tuple[BlockId, ...] = ()
    modalities: tuple[Modality, ...] = ()
    """Modalities it applies to; none named means all."""

    @model_validator(mode="after")
    def says_what_is_needed(self) -> Accommodation:
        needed = {
            "place": self.feature,
            "group_size": self.group_size,
            "language": self.qualification,
            "time": self.blocks,
        }
        if self.kind in needed and not needed[self.kind]:
            raise ValueError(f"accommodation {self.id}: {self.kind} does not say what is needed")
        return self


class Relation(Frozen):
    """Two people kept apart or together; `other` is a student, or a staff member for apart."""

    id: Id
    kind: Literal["apart", "together"]
    student: StudentId
    other: StudentId | StaffId
    scope: Literal["session", "room"] = "session"


class Roster(Frozen):
    """Everything one import brings for one school."""

    school: School
    buildings: tuple[Building, ...] = ()
    travel: tuple[TravelTime, ...] = ()
    rooms: tuple[Room, ...] = ()
    bell_schedules: tuple[BellSchedule, ...] = ()
    calendar: tuple[CalendarDay, ...] = ()
    students: tuple[Student, ...] = ()
    staff: tuple[StaffMember, ...] = ()
    guardians: tuple[GuardianLink, ...] = ()
    courses: tuple[Course, ...] = ()
    sections: tuple[ClassSection, ...] = ()
    offerings: tuple[Offering, ...] = ()
    services: tuple[Service, ...] = ()
    accommodations: tuple[Accommodation, ...] = ()
    relations: tuple[Relation, ...] = ()
    competencies: tuple[Competency, ...] = ()
