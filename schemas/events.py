"""Every event that is ever taken in or written to the log, as CloudEvents 1.0 with typed data."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal, get_args

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, model_validator
from pydantic_core import from_json

from schemas.base import (
    BlockId,
    CompetencyId,
    Id,
    OfferingId,
    RoomId,
    ServiceId,
    StaffId,
    StudentId,
)
from schemas.plan import Override
from schemas.problem import Lock
from schemas.school import GuardianLink
from schemas.versions import STEPS, brought_up

PREFIX = "org.flexday."

EvidenceKind = Literal["item", "assessment", "observation"]
Level = Literal["not_started", "attempted", "familiar", "proficient", "mastered"]


class Facts(BaseModel):
    """The typed data of an event: frozen, and tolerant of fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class EvidenceFacts(Facts):
    """One observation that bears on mastery; `score` in 0..1, or raw points of a maximum."""

    student: StudentId
    competency: CompetencyId
    kind: EvidenceKind = "assessment"
    score: Annotated[float, Field(ge=0, le=1)] | None = None
    points: Annotated[float, Field(ge=0)] | None = None
    most_points: Annotated[float, Field(gt=0)] | None = None
    correct: bool | None = None
    weight: Annotated[float, Field(gt=0, le=100)] = 1.0
    modality: str | None = None
    staff: StaffId | None = None
    reference: str = ""

    @model_validator(mode="after")
    def says_how_well(self) -> EvidenceFacts:
        if self.score is None and self.correct is None and self.points is None:
            raise ValueError("give score (0..1), or correct, or points with most_points")
        if self.points is not None and (self.most_points is None or self.points > self.most_points):
            raise ValueError("points needs most_points, and must not be above it")
        return self

    @property
    def value(self) -> float:
        """How well, in 0..1."""
        if self.score is not None:
            return self.score
        if self.points is not None and self.most_points is not None:
            return self.points / self.most_points
        return 1.0 if self.correct else 0.0


class CorrectionFacts(EvidenceFacts):
    """New facts for earlier evidence, named by its source and event id."""

    corrects_source: Id
    corrects_id: Id


class RetractionFacts(Facts):
    retracts_source: Id
    retracts_id: Id
    student: StudentId
    competency: CompetencyId
    reason: str = ""


class JudgementFacts(Facts):
    """A teacher's judgement: it wins until newer evidence, and is shown as a judgement."""

    student: StudentId
    competency: CompetencyId
    level: Level
    staff: StaffId
    note: str = ""


class FlagFacts(Facts):
    """A teacher flags, or unflags, a student's competency as urgent."""

    student: StudentId
    competency: CompetencyId
    staff: StaffId
    raised: bool = True


class CreditFacts(Facts):
    """The teacher of record confirms, or declines, credit proposed for a competency."""

    student: StudentId
    competency: CompetencyId
    staff: StaffId
    confirmed: bool = True


class PresenceFacts(Facts):
    """A person away, or back, on a day; no blocks named means the whole day."""

    day: date
    blocks: tuple[BlockId, ...] = ()
    reason: str = ""


class StaffPresenceFacts(PresenceFacts):
    staff: StaffId


class StudentPresenceFacts(PresenceFacts):
    student: StudentId


class RoomPresenceFacts(PresenceFacts):
    room: RoomId


class ChoiceFacts(Facts):
    """A student's ranked ballot for the blocks of a day; a later one replaces it."""

    student: StudentId
    day: date
    blocks: tuple[BlockId, ...]
    ranking: tuple[OfferingId, ...]


class RequestFacts(Facts):
    """A teacher asks for a student; `withdrawn` takes the request back."""

    request: Id
    staff: StaffId
    student: StudentId
    day: date
    offerings: tuple[OfferingId, ...]
    blocks: tuple[BlockId, ...]
    priority: Annotated[int, Field(ge=1, le=5)] = 3
    withdrawn: bool = False


class LockFacts(Facts):
    day: date
    lock: Lock


class LockReleaseFacts(Facts):
    day: date
    lock: Id
    reason: str = ""


class OverrideFacts(Facts):
    """A named person's exception to a rule on a day."""

    day: date
    override: Override


class OverrideLiftFacts(Facts):
    day: date
    override: Id
    reason: str = ""


class AttendanceFacts(Facts):
    student: StudentId
    day: date
    block: BlockId
    status: Literal["present", "absent", "late", "excused"]


class MinutesFacts(Facts):
    """Minutes of a service delivered on a day; missed minutes say why."""

    service: ServiceId
    student: StudentId
    day: date
    minutes: Annotated[int, Field(ge=0, le=1440)]
    missed: Annotated[int, Field(ge=0, le=1440)] = 0
    cause: Literal["", "student_absent", "provider_absent", "no_room", "school_closed", "other"] = (
        ""
    )


class GuardianFacts(Facts):
    link: GuardianLink


class Event(BaseModel):
    """A CloudEvents 1.0 envelope; attributes it does not know are let through unread."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: Literal["1.0"] = "1.0"
    id: Id
    source: Id
    type: str
    time: AwareDatetime
    subject: str | None = None

    @property
    def name(self) -> str:
        """The event's name without prefix and version, such as evidence.recorded."""
        return self.type.removeprefix(PREFIX).rsplit(".", 1)[0]


class EvidenceRecorded(Event):
    type: Literal["org.flexday.evidence.recorded.v1"]
    data: EvidenceFacts


class EvidenceCorrected(Event):
    type: Literal["org.flexday.evidence.corrected.v1"]
    data: CorrectionFacts


class EvidenceRetracted(Event):
    type: Literal["org.flexday.evidence.retracted.v1"]
    data: RetractionFacts


class JudgementRecorded(Event):
    type: Literal["org.flexday.judgement.recorded.v1"]
    data: JudgementFacts


class NeedFlagged(Event):
    type: Literal["org.flexday.need.flagged.v1"]
    data: FlagFacts


class CreditConfirmed(Event):
    type: Literal["org.flexday.credit.confirmed.v1"]
    data: CreditFacts


class StaffAbsent(Event):
    type: Literal["org.flexday.staff.absent.v1"]
    data: StaffPresenceFacts


class StaffReturned(Event):
    type: Literal["org.flexday.staff.returned.v1"]
    data: StaffPresenceFacts


class StudentAbsent(Event):
    type: Literal["org.flexday.student.absent.v1"]
    data: StudentPresenceFacts


class StudentArrived(Event):
    type: Literal["org.flexday.student.arrived.v1"]
    data: StudentPresenceFacts


class RoomClosed(Event):
    type: Literal["org.flexday.room.closed.v1"]
    data: RoomPresenceFacts


class RoomReopened(Event):
    type: Literal["org.flexday.room.reopened.v1"]
    data: RoomPresenceFacts


class ChoiceRanked(Event):
    type: Literal["org.flexday.choice.ranked.v1"]
    data: ChoiceFacts


class RequestMade(Event):
    type: Literal["org.flexday.request.made.v1"]
    data: RequestFacts


class LockSet(Event):
    type: Literal["org.flexday.lock.set.v1"]
    data: LockFacts


class LockReleased(Event):
    type: Literal["org.flexday.lock.released.v1"]
    data: LockReleaseFacts


class OverrideSet(Event):
    type: Literal["org.flexday.override.set.v1"]
    data: OverrideFacts


class OverrideLifted(Event):
    type: Literal["org.flexday.override.lifted.v1"]
    data: OverrideLiftFacts


class AttendanceTaken(Event):
    type: Literal["org.flexday.attendance.taken.v1"]
    data: AttendanceFacts


class MinutesDelivered(Event):
    type: Literal["org.flexday.minutes.delivered.v1"]
    data: MinutesFacts


class GuardianChanged(Event):
    type: Literal["org.flexday.guardian.changed.v1"]
    data: GuardianFacts


AnyEvent = Annotated[
    EvidenceRecorded
    | EvidenceCorrected
    | EvidenceRetracted
    | JudgementRecorded
    | NeedFlagged
    | CreditConfirmed
    | StaffAbsent
    | StaffReturned
    | StudentAbsent
    | StudentArrived
    | RoomClosed
    | RoomReopened
    | ChoiceRanked
    | RequestMade
    | LockSet
    | LockReleased
    | OverrideSet
    | OverrideLifted
    | AttendanceTaken
    | MinutesDelivered
    | GuardianChanged,
    Field(discriminator="type"),
]

_EVENT: TypeAdapter[Any] = TypeAdapter(AnyEvent)

NAMES = frozenset(
    get_args(kind.model_fields["type"].annotation)[0].removeprefix(PREFIX).rsplit(".", 1)[0]
    for kind in Event.__subclasses__()
)
"""What can be said: the events' names, without prefix and version."""


def decode(raw: bytes | str | dict[str, Any]) -> AnyEvent:
    """Read one event from its CloudEvents JSON (structured mode).

    Raises:
        pydantic.ValidationError: names each attribute that is missing, unknown or out of range.
    """
    if isinstance(raw, dict):
        event: AnyEvent = _EVENT.validate_python(brought_up(raw))
    elif STEPS:
        event = _EVENT.validate_python(brought_up(from_json(raw)))
    else:
        event = _EVENT.validate_json(raw)
    return event


TYPES: dict[str, type[Event]] = {
    get_args(kind.model_fields["type"].annotation)[0]: kind
    for kind in get_args(get_args(AnyEvent)[0])
}
"""Every type of event, with its model."""


def json_schema(name: str | None = None) -> dict[str, Any]:
    """The JSON Schema (2020-12) of all events, or of one, such as evidence.recorded.

    Raises:
        KeyError: there is no such event.
    """
    if name is None:
        return _EVENT.json_schema()
    return TYPES[f"{PREFIX}{name.removeprefix(PREFIX).removesuffix('.v1')}.v1"].model_json_schema()


def new(event_type: str, *, id: str, source: str, time: datetime, data: Facts) -> AnyEvent:
    """An event of ours, from its short name (such as staff.absent) and its facts."""
    return decode(
        {
            "id": id,
            "source": source,
            "type": f"{PREFIX}{event_type}.v1",
            "time": time.isoformat(),
            "data": data.model_dump(mode="json"),
        }
    )
