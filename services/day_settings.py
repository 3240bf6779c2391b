"""A school's own settings for its days: when they are planned, who approves, how hard to search."""

from __future__ import annotations

import json
from datetime import date, time
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator

from schemas.base import BlockId, Frozen, Id, RoomId, StaffId
from schemas.problem import Floors, Order, ProtectedTime
from solver.rules import RULES

KEY = "day"
"""Where these stand among a school's settings."""


class SettingsRefused(ValueError):
    """A key that is unknown or out of range, named, with what is allowed."""


class HomeRule(Frozen):
    """A supervised place for students without a session: a room, an adult, in which blocks."""

    room: RoomId
    staff: StaffId
    blocks: tuple[BlockId, ...] | None = None
    """None means every flex block."""
    seats: Annotated[int, Field(ge=0)] | None = None
    """None means all the room has."""


class Approvers(Frozen):
    """Who approves plans of a day type, and who stands in from the deadline on."""

    approver: StaffId | None = None
    """None means any scheduler or admin."""
    deputy: StaffId | None = None


class DaySettings(Frozen):
    """Every time of day is local to the school; minutes, seconds and megabytes say so."""

    cut_off: time = time(17, 0)
    """When planning starts, `cut_off_days_before` days before the day."""
    cut_off_days_before: Annotated[int, Field(ge=0, le=14)] = 1
    publish: time | None = None
    """When an approved plan is published on its day; None means at once."""
    deadline: time = time(7, 0)
    """When approver and deputy are alerted that nothing is published for today."""
    fallback_minutes: Annotated[int, Field(ge=1, le=600)] = 20
    """Minutes after the deadline at which the fallback plan is published."""
    approvers: Approvers = Approvers()
    approvers_by_day_type: dict[Id, Approvers] = Field(default_factory=dict)
    """By bell schedule, where it differs."""
    freeze_minutes: Annotated[int, Field(ge=0, le=600)] = 20
    """Blocks of a published day that start within so many minutes do not move."""
    near_minutes: tuple[int, int, int] = (60, 120, 240)
    """A move costs fourfold, threefold, twofold within so many minutes of the bell."""
    seed: Annotated[int, Field(ge=0)] = 0
    work: Annotated[float, Field(gt=0)] | None = 20.0
    """Work of a run in units of about a second of one core; None means limited by time alone."""
    upset_work: Annotated[float, Field(gt=0)] | None = 5.0
    """The same for a run after an absence or a closure: people wait for it."""
    time_limit: Annotated[float, Field(gt=0)] | None = None
    """Seconds after which the search stops and the best plan so far is taken."""
    wall_limit: Annotated[float, Field(gt=0)] = 600.0
    """Seconds after which a run is ended and counts as failed."""
    memory_megabytes: Annotated[int, Field(ge=256)] = 4096
    """Memory of a run's processes in all."""
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    weights: dict[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    """Weights of soft rules by rule id, where the school's differ."""
    student_room_changes: Annotated[int, Field(ge=0)] = 3
    remix_days: Annotated[int, Field(ge=0)] = 3
    history_days: Annotated[int, Field(ge=0, le=60)] = 10
    """Published days back that bear on remixing, fairness and fair shares."""
    homes: tuple[HomeRule, ...] = ()
    """None named means that a default rule picks large rooms and free adults."""
    home_share: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Share of the students present that default home places must seat."""
    protected: tuple[ProtectedTime, ...] = ()
    """Duty-free lunch, common planning and the like; each adult's own planning is apart."""
    orders: tuple[Order, ...] = ()
    floors: Floors = Floors()
    """Minutes each student is to get on every day at least."""
    term_begins: date | None = None
    """Fairness credit earned before it is forgotten."""

    @classmethod
    def of(cls, settings: dict[str, Any]) -> DaySettings:
        """The day settings among all the settings of a school.

        Raises:
            SettingsRefused: names the key that is unknown or out of range.
        """
        try:
            return cls.model_validate_json(json.dumps(settings.get(KEY, {})))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join([KEY, *map(str, first["loc"])])
            raise SettingsRefused(f"{where}: {first['msg']}; mend it in the settings") from error

    def approvers_of(self, bell_schedule: str | None) -> Approvers:
        """Who answers for days of a bell schedule."""
        return self.approvers_by_day_type.get(bell_schedule or "", self.approvers)

    @field_validator("weights")
    @classmethod
    def weights_are_of_soft_rules(cls, weights: dict[str, int]) -> dict[str, int]:
        for rule_id, weight in weights.items():
            rule = RULES.get(rule_id)
            if rule is None or rule.kind != "soft":
                raise ValueError(f"{rule_id!r} is no soft rule; `flexday rules` lists them")
            if weight > rule.most_weight:
                raise ValueError(f"{rule_id}: {weight} is above {rule.most_weight}, its limit")
        return weights
