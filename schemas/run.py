"""A Run: one attempt to answer a day's Problem."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import AwareDatetime

from schemas.base import Frozen

RunKind = Literal["cutoff", "upset", "person", "scenario"]
RunStatus = Literal["queued", "running", "done", "failed", "cancelled"]


class Run(Frozen):
    """One attempt to answer. `work` in units of about a second of one core, times in seconds."""

    id: str
    day: date
    kind: RunKind
    scenario: str | None
    status: RunStatus
    fence: int
    owner: str | None
    lease_until: AwareDatetime | None
    as_of: int | None
    seed: int
    work: float | None
    time_limit: float | None
    progress: dict[str, Any]
    error: str | None
    asked_by: str
    created_at: AwareDatetime
    finished_at: AwareDatetime | None
    problem_digest: str | None
