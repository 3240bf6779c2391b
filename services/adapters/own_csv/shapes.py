"""The shape of each of flexday's own CSV tables: its columns and what they fill.

Column names are those of Ed-Fi and CEDS where these have one. Lists stand in one cell, separated
by semicolons; an empty cell leaves the field at its default.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from schemas.base import Frozen
from schemas.school import Accommodation, CalendarDay, Offering, Relation, Room, Service, TravelTime
from services.adapters.grades import grade_of
from services.adapters.report import Ledger
from services.adapters.tables import Columns, Row

Read = Callable[[Row, str], Any]


@dataclass(frozen=True)
class Field:
    """A column and the field of the model it fills."""

    column: str
    name: str
    read: Read
    needed: bool = False
    filled: bool = False


@dataclass(frozen=True)
class Shape:
    """One table: the Roster field it fills, with a model per row."""

    kind: str
    model: type[Frozen]
    fields: tuple[Field, ...]

    @property
    def columns(self) -> Columns:
        return Columns(
            needed=tuple(field.column for field in self.fields if field.needed),
            optional=tuple(field.column for field in self.fields if not field.needed),
            filled=tuple(field.column for field in self.fields if field.filled),
        )

    def record(self, row: Row, ledger: Ledger, **changed: Any) -> Any:
        """The row as a model, or None when it was refused; `changed` fields win over cells."""
        values = {
            field.name: value
            for field in self.fields
            if row.cell(field.column) and (value := field.read(row, field.column)) is not None
        }
        columns = {field.name: field.column for field in self.fields}
        return ledger.build(
            self.model, values | changed, file=row.file, row=row.number, columns=columns
        )


def words(row: Row, column: str) -> tuple[str, ...]:
    return row.listed(column, ";")


def grades(row: Row, column: str) -> tuple[str, ...]:
    known = [grade_of(text) for text in words(row, column)]
    if None in known:
        row.refuse(column, "not grades", "write KG, 01 to 12, separated by semicolons")
    return tuple(grade for grade in known if grade)


def _must(column: str, name: str, read: Read) -> Field:
    return Field(column, name, read, needed=True, filled=True)


def _may(column: str, name: str, read: Read) -> Field:
    return Field(column, name, read)


ROOMS = Shape(
    "rooms",
    Room,
    (
        _must("ClassroomIdentificationCode", "id", Row.cell),
        Field("BuildingName", "building", Row.cell, needed=True),
        _must("MaximumNumberOfSeats", "seats", Row.whole),
        _may("RoomTitle", "title", Row.cell),
        _may("RoomKind", "kind", Row.cell),
        _may("Features", "features", words),
        _may("Zones", "zones", Row.whole),
    ),
)
CALENDAR = Shape(
    "calendar",
    CalendarDay,
    (
        _must("Date", "date", Row.day),
        Field("BellScheduleName", "bell_schedule", Row.cell, needed=True),
        _may("CalendarEvent", "title", Row.cell),
    ),
)
TRAVEL = Shape(
    "travel",
    TravelTime,
    (
        _must("FromBuildingName", "a", Row.cell),
        _must("ToBuildingName", "b", Row.cell),
        _must("Minutes", "minutes", Row.whole),
    ),
)
OFFERINGS = Shape(
    "offerings",
    Offering,
    (
        _must("OfferingIdentifier", "id", Row.cell),
        _must("Title", "title", Row.cell),
        _must("Modality", "modality", Row.cell),
        _may("AcademicSubject", "subject", Row.cell),
        _may("Competencies", "competencies", words),
        _may("Smallest", "smallest", Row.whole),
        _must("Largest", "largest", Row.whole),
        _may("StudentsPerAdult", "students_per_adult", Row.whole),
        _may("Length", "length", Row.whole),
        _may("StartsIn", "starts", words),
        _may("MostSections", "most_sections", Row.whole),
        _may("RoomKinds", "room_kinds", words),
        _may("Features", "features", words),
        _may("GradeLevels", "grades", grades),
        _may("Groups", "groups", words),
        _may("NeedsConsent", "needs_consent", Row.flag),
        _may("ExtraTime", "extra_time", Row.flag),
        _may("MinuteKinds", "minute_kinds", words),
        _may("IdealSmallest", "ideal", Row.whole),
        _may("IdealLargest", "ideal", Row.whole),
        _may("Roles", "roles", words),
    ),
)
SERVICES = Shape(
    "services",
    Service,
    (
        _must("ServiceIdentifier", "id", Row.cell),
        _must("StudentUniqueId", "student", Row.cell),
        _must("Kind", "kind", Row.cell),
        _must("Minutes", "minutes", Row.whole),
        _may("Period", "period", Row.cell),
        _must("Qualification", "qualification", Row.cell),
        _may("Setting", "setting", Row.cell),
        _may("LargestGroup", "largest_group", Row.whole),
        _may("NotFromClassPeriods", "not_from_blocks", words),
        _may("NotFromOfferings", "not_from_offerings", words),
        _may("BeginDate", "begins", Row.day),
        _may("EndDate", "ends", Row.day),
        _may("MadeUp", "made_up", Row.flag),
    ),
)
ACCOMMODATIONS = Shape(
    "accommodations",
    Accommodation,
    (
        _must("AccommodationIdentifier", "id", Row.cell),
        _must("StudentUniqueId", "student", Row.cell),
        _must("Kind", "kind", Row.cell),
        _may("Feature", "feature", Row.cell),
        _may("GroupSize", "group_size", Row.whole),
        _may("Qualification", "qualification", Row.cell),
        _may("ClassPeriodNames", "blocks", words),
        _may("Modalities", "modalities", words),
    ),
)
RELATIONS = Shape(
    "relations",
    Relation,
    (
        _must("RelationIdentifier", "id", Row.cell),
        _must("Kind", "kind", Row.cell),
        _must("StudentUniqueId", "student", Row.cell),
        _must("OtherUniqueId", "other", Row.cell),
        _may("Scope", "scope", Row.cell),
    ),
)
BELL_SCHEDULES = Columns(
    needed=("BellScheduleName", "ClassPeriodName", "BlockKind", "StartTime", "EndTime"),
    filled=("BellScheduleName", "ClassPeriodName", "BlockKind", "StartTime", "EndTime"),
)
QUALIFICATIONS = Columns(
    needed=("StaffUniqueId", "Qualification"), filled=("StaffUniqueId", "Qualification")
)
AVAILABILITY = Columns(
    needed=("StaffUniqueId",),
    optional=(
        "ClassPeriodNames",
        "PlanningBlocks",
        "MostPreparations",
        "MostConsecutiveBlocks",
        "MostStudents",
    ),
    filled=("StaffUniqueId",),
)
