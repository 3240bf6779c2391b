"""Rows as callers see them: frozen, typed, with bodies parsed on demand."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Row

from schemas.base import loads
from schemas.plan import Plan, PlanStatus
from schemas.run import Run


class RunRow(Run):
    """A run as it stands in the record."""

    @classmethod
    def of(cls, row: Row[Any]) -> RunRow:
        values = fields(row)
        return cls(**{**values, "progress": json.loads(values["progress"])})


@dataclass(frozen=True)
class PlanRow:
    """A plan with where it stands in its life. `version` grows with every change of status."""

    id: str
    day: date
    run: str | None
    status: PlanStatus
    version: int
    revision_of: str | None
    body: str
    digest: str
    problem_digest: str
    as_of: int
    created_at: datetime
    created_by: str
    approved_by: str | None
    approved_at: datetime | None
    publish_at: datetime | None
    published_at: datetime | None
    pub_seq: int | None
    fallback_for: str | None

    @classmethod
    def of(cls, row: Row[Any]) -> PlanRow:
        return cls(**fields(row))

    @cached_property
    def plan(self) -> Plan:
        return loads(Plan, self.body)

    @property
    def etag(self) -> str:
        """What an approver has seen: the plan, its version and its content hash."""
        return f"{self.id}:{self.version}:{self.digest}"


@dataclass(frozen=True)
class ScenarioRow:
    """A what-if: `changes` are laid over the day."""

    id: str
    title: str
    day: date
    changes: dict[str, Any]
    status: str
    run: str | None
    plan: str | None
    created_by: str
    created_at: datetime

    @classmethod
    def of(cls, row: Row[Any]) -> ScenarioRow:
        values = fields(row)
        return cls(**{**values, "changes": json.loads(values["changes"])})


@dataclass(frozen=True)
class AuditRow:
    """One entry of a school's audit chain; `hash` covers its `digest` and, by `previous_hash`, all
    before. `erased_by` is the entry of the erasure that took its words; its digest stays."""

    seq: int
    at: datetime
    person: str
    access_role: str
    action: str
    object: str
    reason: str
    before: str
    after: str
    previous_hash: str
    hash: str
    digest: str = ""
    erased_by: int | None = None

    @classmethod
    def of(cls, row: Row[Any]) -> AuditRow:
        return cls(**fields(row))


def fields(row: Row[Any]) -> dict[str, Any]:
    """A row by column, without the school, which its reader knows."""
    return {name: value for name, value in row._asdict().items() if name != "school_id"}
