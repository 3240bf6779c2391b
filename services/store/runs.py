"""Runs: queued, claimed under a fence, followed, finished; and which cut-offs were kept."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import and_, case, func, or_, select

from schemas.run import RunKind, RunStatus
from services.canonical import canonical
from services.store import tables as t
from services.store.errors import NotFound
from services.store.part import Part, utc_now
from services.store.rows import RunRow


class Runs(Part):
    """A run is claimed with a fence: a number that grows at every claim. Whoever holds an older
    one has lost the run and can change nothing in it."""

    def queue_run(
        self,
        day: date,
        kind: RunKind,
        asked_by: str,
        seed: int = 0,
        work: float | None = None,
        time_limit: float | None = None,
        scenario: str | None = None,
        asked: dict[str, Any] | None = None,
    ) -> str:
        """Queues a run and returns its id, or the id of the same one that is already waiting;
        one that is `asked` for something particular is always a new one."""
        self.lock_school()
        same_scenario = (
            t.run.c.scenario.is_(None) if scenario is None else (t.run.c.scenario == scenario)
        )
        waiting = self._rows(
            select(t.run.c.id)
            .where(self._mine(t.run), t.run.c.day == day, t.run.c.kind == kind)
            .where(t.run.c.status == "queued", same_scenario)
            .limit(1)
        )
        if waiting and not asked:
            return str(waiting[0].id)
        run_id = uuid.uuid4().hex
        self._add(
            t.run,
            id=run_id,
            day=day,
            kind=kind,
            scenario=scenario,
            status="queued",
            fence=0,
            seed=seed,
            work=work,
            time_limit=time_limit,
            progress=canonical(asked or {}),
            asked_by=asked_by,
            created_at=self.clock(),
        )
        return run_id

    def claim_run(self, owner: str, lease_seconds: float) -> RunRow | None:
        """Takes the oldest run that waits, or whose owner let its lease run out: upsets first, as
        people wait for them."""
        now = self._now()
        lapsed = and_(t.run.c.status == "running", t.run.c.lease_until < now)
        found = self._rows(
            select(t.run.c.id)
            .where(self._mine(t.run), or_(t.run.c.status == "queued", lapsed))
            .order_by(case((t.run.c.kind == "upset", 0), else_=1), t.run.c.created_at, t.run.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if not found:
            return None
        claimed = self._one(
            t.run.update()
            .where(self._mine(t.run), t.run.c.id == found[0].id)
            .values(
                status="running",
                owner=owner,
                fence=t.run.c.fence + 1,
                lease_until=now + timedelta(seconds=lease_seconds),
            )
            .returning(t.run)
        )
        return RunRow.of(claimed) if claimed else None

    def progress(
        self, run: str, fence: int, progress: dict[str, Any], lease_seconds: float | None = None
    ) -> bool:
        """Says how far a run is, and holds on to it for `lease_seconds` more where given.

        False when the run was cancelled or claimed by another.
        """
        values: dict[str, Any] = {"progress": canonical(progress)}
        if lease_seconds is not None:
            values["lease_until"] = self._now() + timedelta(seconds=lease_seconds)
        return self._held(run, fence, values)

    def note_snapshot(self, run: str, fence: int, as_of: int, problem_digest: str) -> bool:
        """Records which problem a run answers; False when the fence has moved on."""
        return self._held(run, fence, {"as_of": as_of, "problem_digest": problem_digest})

    def finish_run(
        self, run: str, fence: int, status: Literal["done", "failed"], error: str | None = None
    ) -> bool:
        """Ends a run; False, and nothing written, when the fence has moved on."""
        return self._held(
            run, fence, {"status": status, "error": error, "finished_at": self.clock()}
        )

    def release_run(self, run: str, fence: int) -> bool:
        """Gives a run back, for another to claim at once; False when the fence has moved on."""
        return self._held(run, fence, {"status": "queued", "owner": None, "lease_until": None})

    def _now(self) -> datetime:
        """The time that leases go by: on PostgreSQL the server's own, as the clocks of planners
        may differ. A clock that was handed in is taken at its word."""
        if not self.is_postgresql or self.clock is not utc_now:
            return self.clock()
        now: datetime = self.connection.scalars(select(func.clock_timestamp())).one()
        return now

    def _held(self, run: str, fence: int, values: dict[str, Any]) -> bool:
        return self._changed(
            t.run.update()
            .where(self._mine(t.run), t.run.c.id == run)
            .where(t.run.c.fence == fence, t.run.c.status == "running")
            .values(**values)
            .returning(t.run.c.id)
        )

    def cancel_run(self, run: str) -> bool:
        """Cancels a run that waits or is under way; its owner learns it at the next `progress`."""
        return self._changed(
            t.run.update()
            .where(self._mine(t.run), t.run.c.id == run)
            .where(t.run.c.status.in_(("queued", "running")))
            .values(status="cancelled", finished_at=self.clock())
            .returning(t.run.c.id)
        )

    def run(self, run: str) -> RunRow:
        """Raises: NotFound."""
        row = self._one(select(t.run).where(self._mine(t.run), t.run.c.id == run))
        if row is None:
            raise NotFound(f"run {run!r} is not known in this school")
        return RunRow.of(row)

    def runs(self, day: date | None = None, status: RunStatus | None = None) -> list[RunRow]:
        """Runs of a day, or of all, oldest first."""
        statement = select(t.run).where(self._mine(t.run))
        if day is not None:
            statement = statement.where(t.run.c.day == day)
        if status is not None:
            statement = statement.where(t.run.c.status == status)
        return [RunRow.of(row) for row in self._rows(statement.order_by(t.run.c.created_at))]

    def schedule_run(self, day: date, kind: str, status: Literal["done", "missed"]) -> bool:
        """Marks a day's cut-off as kept or missed; False when that was already decided."""
        insert = self._insert(t.schedule_run).values(
            school_id=self.viewer.school, day=day, kind=kind, status=status, at=self.clock()
        )
        return self._changed(insert.on_conflict_do_nothing().returning(t.schedule_run.c.kind))

    def claim_look(self, every: float) -> bool:
        """Whether the school's appointments are the caller's to look at: nobody has within `every`
        seconds. What lies in the future was written before a clock was put back."""
        now = self._now()
        insert = self._insert(t.look).values(school_id=self.viewer.school, at=now)
        late = (t.look.c.at <= now - timedelta(seconds=every)) | (t.look.c.at > now)
        return self._changed(
            insert.on_conflict_do_update(
                index_elements=["school_id"], set_={"at": now}, where=late
            ).returning(t.look.c.school_id)
        )

    def scheduled(self, day: date) -> dict[str, str]:
        """Which kinds of cut-off of a day were decided, and how."""
        rows = self._rows(
            select(t.schedule_run).where(self._mine(t.schedule_run), t.schedule_run.c.day == day)
        )
        return {row.kind: row.status for row in rows}
