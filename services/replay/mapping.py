"""What the columns of a recording mean, and how its ids and times become ours.

A mapping file, in TOML or YAML:

    [columns]
    student = "user_id"
    item = "item_id"            # optional
    time = "timestamp"
    correct = "correct"         # or score (0..1), or points with most_points
    competency = "skill_id"

    [time]
    unit = "second"             # second, millisecond, minute, hour, day, or iso
    starts = 2026-09-01T08:00:00-05:00   # when the first answer is to have been given
    zone = "America/Chicago"    # optional: school hours follow this zone's clock
    order = "file"              # or "time": sort all answers by time first

    [time.calendar]             # optional: squeeze the recording into school hours
    ends = 2026-12-18           # last school day; weekdays from `starts` on
    opens = "08:00"
    closes = "15:00"

    [students]
    by = "rank"                 # the n-th student met becomes the n-th of ours; or same, or map
    beyond = "skip"             # or wrap: more recorded students than ours
    [competencies]
    by = "map"
    map = { "32" = "6.RP.A.1" }
"""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path
from typing import Literal
from zoneinfo import available_timezones

import yaml
from pydantic import AwareDatetime, Field, ValidationError, field_validator, model_validator

from schemas.base import Frozen
from services.adapters.tables import minute_of


class MappingRefused(ValueError):
    """The mapping file, or the recording's header, is wrong; says where and how to mend it."""


class RecordedColumns(Frozen):
    """Names of columns in the recording; one of correct, score, points is needed."""

    student: str
    competency: str
    time: str
    item: str | None = None
    correct: str | None = None
    score: str | None = None
    points: str | None = None
    most_points: str | None = None

    @model_validator(mode="after")
    def says_how_well(self) -> RecordedColumns:
        if not (self.correct or self.score or self.points):
            raise ValueError("name a column for correct, or score, or points with most_points")
        if (self.points is None) != (self.most_points is None):
            raise ValueError("points and most_points go together")
        return self

    def named(self) -> set[str]:
        return {name for name in self.model_dump().values() if name}


class SchoolHours(Frozen):
    """Weekdays until `ends`, each from `opens` to `closes` (HH:MM, local to `starts`)."""

    ends: date
    opens: str = "08:00"
    closes: str = "15:00"

    @model_validator(mode="after")
    def closes_after_it_opens(self) -> SchoolHours:
        if minute_of(self.opens) >= minute_of(self.closes):
            raise ValueError(f"closes ({self.closes}) must be after opens ({self.opens})")
        return self


class RecordedTime(Frozen):
    """How the recording's times become ours."""

    unit: Literal["millisecond", "second", "minute", "hour", "day", "iso"] = "second"
    starts: AwareDatetime
    zone: str | None = None
    """IANA zone that school hours are in; without it they keep the offset of `starts`."""
    order: Literal["file", "time"] = "file"
    calendar: SchoolHours | None = None

    @field_validator("zone")
    @classmethod
    def zone_is_known(cls, zone: str | None) -> str | None:
        if zone is not None and zone not in available_timezones():
            raise ValueError(f"{zone!r} is not an IANA time zone, such as America/Chicago")
        return zone


class Naming(Frozen):
    """How the recording's ids become ours: as they are, by order of appearance, or by a table."""

    by: Literal["same", "rank", "map"] = "same"
    map: dict[str, str] = Field(default_factory=dict)
    beyond: Literal["skip", "wrap"] = "skip"


class Mapping(Frozen):
    """What the columns of a recording mean."""

    columns: RecordedColumns
    time: RecordedTime
    students: Naming = Naming()
    competencies: Naming = Naming()
    kind: Literal["item", "assessment", "observation"] = "item"
    source: str = ""
    """The events' source; by default the name of the recording."""


def read_mapping(path: Path) -> Mapping:
    """Read a mapping file (TOML, or YAML by its ending).

    Raises:
        MappingRefused: it can't be read, or a key is missing, unknown or out of range.
    """
    try:
        text = path.read_text(encoding="utf-8")
        raw = yaml.safe_load(text) if path.suffix in (".yaml", ".yml") else tomllib.loads(text)
        return Mapping.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise MappingRefused(f"{path.name}: {where}: {first['msg']}") from error
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise MappingRefused(f"{path.name}: can't be read: {error}") from error
