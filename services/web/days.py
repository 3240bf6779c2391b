"""The scheduler's days: what is planned and published, who is away, and planning again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import takewhile
from typing import Annotated, Literal, TypeVar

from fastapi import Depends, Form, HTTPException
from fastapi.responses import Response

from schemas.base import BlockId, Id
from schemas.events import RoomPresenceFacts, StaffPresenceFacts, StudentPresenceFacts
from schemas.plan import PlanStatus
from schemas.run import RunKind, RunStatus
from schemas.school import BellSchedule, CalendarDay
from services.facts import PRESENCE, away
from services.store import PlanRow, RunRow, Tx
from services.web import words
from services.web.notices import Told, told
from services.web.pages import Asker, Pages, View, asking, back_to
from services.web.recording import record

pages = Pages()
Planner = Annotated[Asker, Depends(asking("scheduler", "admin"))]
DAYS_BACK, DAYS_AHEAD = 10, 16
PLAN_STATES: tuple[PlanStatus, ...] = ("published", "approved", "draft")
"""What a day is said to be: the furthest that any of its plans has come."""

Away = Literal["staff", "room", "student"]
EVENTS: dict[tuple[Away, bool], str] = {
    ("staff", True): "staff.absent",
    ("staff", False): "staff.returned",
    ("room", True): "room.closed",
    ("room", False): "room.reopened",
    ("student", True): "student.absent",
    ("student", False): "student.arrived",
}


class DayLine(View):
    """A day in the list: its bell schedule's title, and how far its planning is."""

    day: date
    bell_schedule: str | None
    status: PlanStatus | Literal["none", "closed"]
    review: Id | None
    """The plan to look at first: a draft that waits, else the one that is furthest."""
    waiting: bool
    planning: bool
    """Whether a run is under way."""


class Days(View):
    """The days around today: from today on, and those before, the newest first."""

    today: date
    coming: tuple[DayLine, ...]
    earlier: tuple[DayLine, ...]
    told: tuple[Told, ...] = ()
    """Alerts for whoever answers for a day, and changes of their own."""


class PlanLine(View):
    """A plan of a day in its history."""

    id: Id
    status: PlanStatus
    etag: str
    created_at: datetime
    created_by: str
    approved_by: str | None
    published_at: datetime | None
    publish_at: datetime | None
    pub_seq: int | None
    can_return: bool
    """Whether it was published before, so that the day can be rolled back to it."""


class RunLine(View):
    """An attempt to plan the day; `seconds` and `better` (the most by which a lawful plan could
    be better, in per cent) as last told."""

    id: Id
    kind: RunKind
    status: RunStatus
    created_at: datetime
    seconds: float | None
    better: float | None
    error: str | None


class AwayLine(View):
    """Somebody away, or a room closed, in some blocks."""

    kind: Away
    id: Id
    name: str
    blocks: tuple[str, ...]


Filed = TypeVar("Filed", PlanLine, PlanRow)


class DayPage(View):
    """A day: what is published, what waits to be looked at, who is away, and its history."""

    day: date
    today: date
    bell_schedule: str | None
    blocks: tuple[tuple[BlockId, str], ...]
    plans: tuple[PlanLine, ...]
    runs: tuple[RunLine, ...]
    away: tuple[AwayLine, ...]
    staff: tuple[tuple[Id, str], ...]
    rooms: tuple[tuple[Id, str], ...]

    @property
    def waiting(self) -> PlanLine | None:
        """The newest draft that is newer than what is published."""
        return _waiting(self.plans)

    @property
    def published(self) -> PlanLine | None:
        return next((plan for plan in self.plans if plan.status == "published"), None)

    @property
    def under_way(self) -> tuple[RunLine, ...]:
        return tuple(run for run in self.runs if run.status in ("queued", "running"))


def _waiting(newest_first: Sequence[Filed]) -> Filed | None:
    since = takewhile(lambda plan: plan.status != "published", newest_first)
    return next((plan for plan in since if plan.status == "draft"), None)


@pages.page("/days", "days.html")
def days_page(asker: Planner) -> Days:
    """The school's days from a little before today to two weeks ahead."""
    first = asker.today - timedelta(days=DAYS_BACK)
    last = asker.today + timedelta(days=DAYS_AHEAD)
    with asker.read() as tx:
        schedules = {one.id: one.title for one in tx.roster("bell_schedules")}
        entries = [entry for entry in tx.roster("calendar") if first <= entry.date <= last]
        lines = [_line(tx, entry, schedules) for entry in entries]
        news = told(asker, tx)
    return Days(
        today=asker.today,
        coming=tuple(line for line in lines if line.day >= asker.today),
        earlier=tuple(line for line in reversed(lines) if line.day < asker.today),
        told=news,
    )


def _line(tx: Tx, entry: CalendarDay, schedules: dict[str, str]) -> DayLine:
    plans = tx.plans(entry.date)
    furthest = next((s for s in PLAN_STATES for plan in plans if plan.status == s), None)
    waiting = _waiting(plans[::-1])
    first = waiting or next((plan for plan in reversed(plans) if plan.status == furthest), None)
    runs = tx.runs(entry.date)
    return DayLine(
        day=entry.date,
        bell_schedule=schedules.get(entry.bell_schedule or ""),
        status=furthest or ("none" if entry.bell_schedule else "closed"),
        review=first.id if first else None,
        waiting=waiting is not None,
        planning=any(run.status in ("queued", "running") for run in runs),
    )


@pages.page("/days/{day}", "day.html")
def day_page(asker: Planner, day: date) -> DayPage:
    """Everything about one day."""
    with asker.read() as tx:
        schedule = _schedule(tx, day)
        blocks = tuple((block.id, block.title) for block in schedule.blocks) if schedule else ()
        return DayPage(
            day=day,
            today=asker.today,
            bell_schedule=schedule.title if schedule else None,
            blocks=blocks,
            plans=tuple(_plan(row, tx.titles("staff")) for row in reversed(tx.plans(day))),
            runs=tuple(_run(row) for row in reversed(tx.runs(day)) if row.scenario is None),
            away=tuple(_away(tx, day, dict(blocks))),
            staff=_sorted(tx.titles("staff")),
            rooms=_sorted(tx.titles("rooms")),
        )


def _schedule(tx: Tx, day: date) -> BellSchedule | None:
    followed = next((e.bell_schedule for e in tx.roster("calendar") if e.date == day), None)
    return next((one for one in tx.roster("bell_schedules") if one.id == followed), None)


def _plan(row: PlanRow, staff: dict[str, str]) -> PlanLine:
    return PlanLine(
        id=row.id,
        status=row.status,
        etag=row.etag,
        created_at=row.created_at,
        created_by=staff.get(row.created_by) or words.occasion(row.created_by),
        approved_by=staff.get(row.approved_by, row.approved_by) if row.approved_by else None,
        published_at=row.published_at,
        publish_at=row.publish_at,
        pub_seq=row.pub_seq,
        can_return=row.status == "superseded" and row.published_at is not None,
    )


def _run(row: RunRow) -> RunLine:
    gap = row.progress.get("gap")
    return RunLine(
        id=row.id,
        kind=row.kind,
        status=row.status,
        created_at=row.created_at,
        seconds=row.progress.get("seconds"),
        better=round(100 * gap, 1) if gap is not None else None,
        error=row.error,
    )


def _away(tx: Tx, day: date, blocks: dict[BlockId, str]) -> list[AwayLine]:
    found: list[AwayLine] = []
    kinds: tuple[Away, ...] = ("staff", "room", "student")
    for kind in kinds:
        gone = away(tx.facts(PRESENCE[kind], day=day), list(blocks))
        if kind == "student":
            names = tx.student_names(list(gone), f"absences of {day}")
        else:
            names = tx.titles("rooms" if kind == "room" else "staff")
        found += [
            AwayLine(
                kind=kind,
                id=one,
                name=names.get(one, one),
                blocks=() if len(held) == len(blocks) else tuple(blocks[b] for b in held),
            )
            for one, held in gone.items()
        ]
    return found


def _sorted(titles: dict[str, str]) -> tuple[tuple[Id, str], ...]:
    return tuple(sorted(titles.items(), key=lambda one: one[1]))


@pages.form("/days/{day}/away")
def mark_away(
    asker: Planner,
    day: date,
    kind: Annotated[Away, Form()],
    id: Annotated[Id, Form()],
    is_away: Annotated[bool, Form()] = True,
    blocks: Annotated[list[BlockId] | None, Form()] = None,
    reason: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Records that somebody is away or a room closed, or no longer so; no blocks: all day. An
    absence or a closure on a planned day starts a new plan by itself."""
    told = {"day": day, "blocks": tuple(blocks or ()), "reason": reason}
    facts: StaffPresenceFacts | RoomPresenceFacts | StudentPresenceFacts
    if kind == "staff":
        facts = StaffPresenceFacts.model_validate(told | {"staff": id})
    elif kind == "room":
        facts = RoomPresenceFacts.model_validate(told | {"room": id})
    else:
        facts = StudentPresenceFacts.model_validate(told | {"student": id})
    record(asker, EVENTS[kind, is_away], facts)
    return back_to(f"/days/{day}", "away-marked" if is_away else "back-marked")


@pages.form("/days/{day}/plan")
def plan_day(asker: Planner, day: date) -> Response:
    """Queues a run by hand; one that waits already is enough."""
    with asker.begin() as tx:
        if _schedule(tx, day) is None:
            raise HTTPException(409, "That day is closed; choose a school day.")
        tx.queue_run(day, "person", asked_by=asker.viewer.person)
    return back_to(f"/days/{day}", "run-queued")


@pages.form("/runs/{run}/cancel")
def cancel_run(asker: Planner, run: str) -> Response:
    """Stops a run that waits or is under way."""
    with asker.begin() as tx:
        day = tx.run(run).day
        tx.cancel_run(run)
        tx.audit("run.cancelled", run)
    return back_to(f"/days/{day}", "run-cancelled")
