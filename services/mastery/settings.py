"""How a school computes mastery: methods by kind, subject and competency, from its TOML.

    [mastery]                        # stale_days, assume_below_grade, credit_level
    [mastery.default]                # method, its parameters, cut, min_evidence
    [mastery.kind.item]              # the same for evidence of one kind
    [mastery.levels]                 # the estimates from which on each level is shown
    [mastery.subject."Math"]         # the same as default; [mastery.subject."Math".kind.item] too
    [mastery.competency."6.RP.A.3"]  # the same again, by code or id
    [mastery.needs]                  # the parts of urgency
    [mastery.stuck]                  # tries, movement

The more special table wins: default, kind, subject, subject's kind, competency, competency's kind.
A table with a method replaces method and parameters; `cut` and `min_evidence` pass on from table
to table, but not to bkt, whose cut is a probability and has its own default.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator

from schemas.base import CompetencyId, Frozen
from schemas.events import EvidenceKind, Level
from schemas.school import Competency
from services.mastery import tables
from services.mastery.methods import method_of
from services.mastery.scores import Method
from services.mastery.tables import SHARED, Layer, SettingsError, Table

FORMULAS = 1
"""Raised whenever the fold itself changes, so that states are refolded from the log."""

DEFAULT = {"method": "standard_decaying_average", "parameter": 65, "cut": 0.75, "min_evidence": 2}
DEFAULT_ITEM = {"method": "k_of_n", "k": 4, "n": 5}
"""Single right or wrong answers: the decaying average trusts one right answer far too much."""


class LevelFloors(Frozen):
    """The estimates from which on each level is shown."""

    attempted: Annotated[float, Field(gt=0, lt=1)] = 0.01
    familiar: Annotated[float, Field(gt=0, lt=1)] = 0.50
    proficient: Annotated[float, Field(gt=0, lt=1)] = 0.75
    mastered: Annotated[float, Field(gt=0, le=1)] = 0.90

    @model_validator(mode="after")
    def levels_rise(self) -> LevelFloors:
        if not self.attempted < self.familiar < self.proficient < self.mastered:
            raise ValueError("attempted, familiar, proficient and mastered must rise in this order")
        return self


class NeedSettings(Frozen):
    """The parts of a need's urgency, in points of 1 to 100, and how many needs a student has."""

    limit: Annotated[int, Field(ge=1, le=100)] = 8
    at_grade: Annotated[int, Field(ge=1, le=100)] = 30
    per_level_behind: Annotated[int, Field(ge=0, le=100)] = 10
    most_behind: Annotated[int, Field(ge=0, le=100)] = 30
    per_level_ahead: Annotated[int, Field(ge=0, le=100)] = 10
    per_week_waiting: Annotated[int, Field(ge=0, le=100)] = 2
    most_waiting: Annotated[int, Field(ge=0, le=100)] = 16
    per_day_unserved: Annotated[int, Field(ge=0, le=100)] = 30
    most_unserved: Annotated[int, Field(ge=0, le=100)] = 90
    credit_lacking: Annotated[int, Field(ge=0, le=100)] = 10
    flagged: Annotated[int, Field(ge=0, le=100)] = 30


class StuckSettings(Frozen):
    """Stuck: over the newest `tries`, the later half's estimates rose by less than `movement`."""

    tries: Annotated[int, Field(ge=4, le=100, multiple_of=2)] = 8
    movement: Annotated[float, Field(ge=0, le=1)] = 0.05


class MasterySettings(Frozen):
    """A school's settings; where it says nothing, `DEFAULT` and for items `DEFAULT_ITEM`."""

    stale_days: Annotated[int, Field(ge=1, le=3650)] = 42
    assume_below_grade: bool = True
    credit_level: Level = "proficient"
    levels: LevelFloors = LevelFloors()
    needs: NeedSettings = NeedSettings()
    stuck: StuckSettings = StuckSettings()
    school: Layer = Layer()
    subjects: dict[str, Layer] = Field(default_factory=dict)
    competencies: dict[str, Layer] = Field(default_factory=dict)

    @classmethod
    def from_toml(cls, text: str) -> MasterySettings:
        """Read the `mastery` tables of a school's TOML; other tables are none of ours.

        Raises:
            SettingsError: names the key that is unknown or out of range, and what is allowed.
        """
        try:
            fields = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise SettingsError(f"this is not TOML: {error}") from error
        if "mastery" in fields and not isinstance(fields["mastery"], dict):
            raise SettingsError("mastery: is not a table; write [mastery.default]")
        return cls.from_table(fields.get("mastery", {}))

    @classmethod
    def from_table(cls, table: Table) -> MasterySettings:
        """The same from the `mastery` table, already parsed.

        Raises:
            SettingsError: names the key that is unknown or out of range, and what is allowed.
        """
        fields = dict(table)
        by_kind = tables.kinds("mastery", tables.take(fields, "mastery", "kind"))
        default = tables.choice("mastery.default", tables.take(fields, "mastery", "default"))
        subjects = tables.take(fields, "mastery", "subject")
        competencies = tables.take(fields, "mastery", "competency")
        plain = cls.model_fields.keys() - {"school", "subjects", "competencies"}
        known = [*sorted(plain), "default", "kind", "subject", "competency"]
        tables.refuse_unknown("mastery", fields, known)
        fields["school"] = Layer(all_kinds=default, by_kind=by_kind)
        fields["subjects"] = tables.layers("mastery.subject", subjects)
        fields["competencies"] = tables.layers("mastery.competency", competencies)
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            raise SettingsError(tables.in_words("mastery", error)) from error

    def method(self, kind: EvidenceKind, competency: Competency | CompetencyId) -> Method:
        """The method that answers for a kind of evidence of a competency.

        With an id alone, what is set by subject or code is not found: pass the competency where
        it is known.
        """
        parameters: dict[str, Any] = {}
        for table in self._tables(kind, competency):
            if "method" in table:
                passed_on = () if table["method"] == "bkt" else SHARED
                parameters = {key: parameters[key] for key in passed_on if key in parameters}
            parameters |= table
        if parameters["method"] == "levels":
            parameters["steps"] = tuple(self.levels.model_dump().values())
        return method_of(parameters)

    @cached_property
    def digest(self) -> str:
        """The sha256 of all that a state depends on: when it changes, refold from the log."""
        states = self.model_dump(
            mode="json", include={"levels", "school", "subjects", "competencies"}
        )
        states |= {"formulas": FORMULAS, "tries": self.stuck.tries}
        return hashlib.sha256(json.dumps(states, sort_keys=True).encode()).hexdigest()

    def _tables(self, kind: EvidenceKind, competency: Competency | CompetencyId) -> Iterator[Table]:
        """The tables that bear on a kind of evidence of a competency, most general first."""
        yield DEFAULT
        yield self.school.all_kinds
        yield DEFAULT_ITEM if kind == "item" else {}
        yield self.school.by_kind.get(kind, {})
        for layer in self._special(competency):
            yield layer.all_kinds
            yield layer.by_kind.get(kind, {})

    def _special(self, competency: Competency | CompetencyId) -> Iterator[Layer]:
        if isinstance(competency, str):
            named = [self.competencies.get(competency)]
        else:
            names = dict.fromkeys((competency.code, competency.id))
            named = [self.subjects.get(competency.subject), *map(self.competencies.get, names)]
        yield from (layer for layer in named if layer is not None)
