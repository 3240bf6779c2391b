"""Problems and plans: filed, moved through their life, published one at a time."""

from __future__ import annotations

import uuid
from collections import defaultdict
from datetime import date
from typing import Any, Literal

from sqlalchemy import func, select

from schemas.base import digest, dumps, loads
from schemas.plan import Plan, PlanStatus
from schemas.problem import Problem
from services.store import tables as t
from services.store.errors import NotFound, WrongState
from services.store.records import Records
from services.store.rows import PlanRow


class Plans(Records):
    """At most one plan of a school-day is published: the database holds to it by an index."""

    def save_problem(self, problem: Problem) -> str:
        """Keeps a frozen question under its digest and returns that."""
        key = digest(problem)
        insert = self._insert(t.problem).values(
            school_id=self.viewer.school, digest=key, body=dumps(problem)
        )
        self.connection.execute(insert.on_conflict_do_nothing())
        return key

    def problem(self, key: str) -> Problem:
        """Raises: NotFound."""
        found = self._one(
            select(t.problem.c.body).where(self._mine(t.problem), t.problem.c.digest == key)
        )
        if found is None:
            raise NotFound(f"problem {key!r} is not known in this school")
        return loads(Problem, found.body)

    def file_plan(
        self,
        day: date,
        run: str | None,
        plan: Plan,
        as_of: int,
        created_by: str,
        revision_of: str | None = None,
        fallback_for: str | None = None,
        status: Literal["draft", "scenario"] = "draft",
    ) -> PlanRow:
        """Files a plan, as a draft or apart as a what-if's; its problem was saved before."""
        plan_id = uuid.uuid4().hex
        self._add(
            t.plan,
            id=plan_id,
            day=day,
            run=run,
            status=status,
            version=1,
            revision_of=revision_of,
            body=dumps(plan),
            digest=digest(plan),
            problem_digest=plan.problem,
            as_of=as_of,
            created_at=self.clock(),
            created_by=created_by,
            fallback_for=fallback_for,
        )
        self.audit("plan.filed", plan_id, after=digest(plan))
        return self.plan(plan_id)

    def plan(self, plan: str) -> PlanRow:
        """Raises: NotFound."""
        row = self._one(select(t.plan).where(self._mine(t.plan), t.plan.c.id == plan))
        if row is None:
            raise NotFound(f"plan {plan!r} is not known in this school")
        return PlanRow.of(row)

    def plans(self, day: date | None = None, status: PlanStatus | None = None) -> list[PlanRow]:
        """Plans of a day, or of all days, oldest first."""
        statement = select(t.plan).where(self._mine(t.plan))
        if day is not None:
            statement = statement.where(t.plan.c.day == day)
        if status is not None:
            statement = statement.where(t.plan.c.status == status)
        ordered = statement.order_by(t.plan.c.created_at, t.plan.c.id)
        return [PlanRow.of(row) for row in self._rows(ordered)]

    def has_live_plan(self, day: date) -> bool:
        """Whether a day has a plan that is a draft, approved or published."""
        live = ("draft", "approved", "published")
        statement = select(t.plan.c.id).where(self._mine(t.plan), t.plan.c.day == day)
        return bool(self._rows(statement.where(t.plan.c.status.in_(live)).limit(1)))

    def published(self, day: date) -> PlanRow | None:
        row = self._one(
            select(t.plan)
            .where(self._mine(t.plan), t.plan.c.day == day)
            .where(t.plan.c.status == "published")
        )
        return PlanRow.of(row) if row else None

    def last_published(self, before: date) -> PlanRow | None:
        """The published plan of the latest day before `before` that has one."""
        row = self._one(
            select(t.plan)
            .where(self._mine(t.plan), t.plan.c.day < before)
            .where(t.plan.c.status == "published")
            .order_by(t.plan.c.day.desc())
            .limit(1)
        )
        return PlanRow.of(row) if row else None

    def set_plan_status(
        self,
        plan: str,
        version: int,
        from_status: PlanStatus,
        to_status: PlanStatus,
        **columns: Any,
    ) -> bool:
        """Moves a plan on if it still is at `version` and `from_status`: one statement, so that
        of any number who try at once exactly one succeeds. `columns` are set along with it."""
        return self._changed(
            t.plan.update()
            .where(self._mine(t.plan), t.plan.c.id == plan)
            .where(t.plan.c.version == version, t.plan.c.status == from_status)
            .values(status=to_status, version=version + 1, **columns)
            .returning(t.plan.c.id)
        )

    def publish(self, plan: str, by: str) -> int:
        """Publishes an approved plan in place of the day's current one; returns its number among
        the day's publications, which only grows.

        Raises:
            NotFound: no such plan.
            WrongState: the plan is not approved.
        """
        self.lock_school()
        row = self.plan(plan)
        number = self._next_publication(row.day)
        current = self.published(row.day)
        if row.status != "approved":
            raise WrongState(f"plan {plan} is {row.status}; only an approved plan is published")
        if current:
            self.set_plan_status(current.id, current.version, "published", "superseded")
        now = self.clock()
        self.set_plan_status(
            plan, row.version, "approved", "published", published_at=now, pub_seq=number
        )
        self._add(t.publication, day=row.day, pub_seq=number, plan=plan, at=now, by=by)
        self.audit("plan.published", plan, after=row.digest)
        self._announce(row, number)
        return number

    def _next_publication(self, day: date) -> int:
        last = self.connection.scalar(
            select(func.max(t.publication.c.pub_seq)).where(
                self._mine(t.publication), t.publication.c.day == day
            )
        )
        return int(last or 0) + 1

    def _announce(self, row: PlanRow, number: int) -> None:
        """Tells others that a plan is published, and the schedule that now holds: the latter takes
        the place of the day's earlier ones wherever `pub_seq` is greater."""
        key = f"{self.viewer.school}|{row.day.isoformat()}"
        about = {
            "school": self.viewer.school,
            "day": row.day.isoformat(),
            "plan": row.id,
            "digest": row.digest,
            "pub_seq": number,
        }
        schedule = {**about, "sessions": _sessions_of(row.plan)}
        for topic, kind, payload in (
            ("plans", "plan.published", about),
            ("schedules", "schedule.published", schedule),
        ):
            name = f"urn:flexday:{topic}|{key}|{number}"
            self.outbox(topic, key, kind, payload, id=str(uuid.uuid5(uuid.NAMESPACE_URL, name)))

    def publications(self, day: date) -> list[tuple[int, str]]:
        """(number, plan) of every publication of a day, in order."""
        rows = self._rows(
            select(t.publication.c.pub_seq, t.publication.c.plan)
            .where(self._mine(t.publication), t.publication.c.day == day)
            .order_by(t.publication.c.pub_seq)
        )
        return [(row.pub_seq, row.plan) for row in rows]

    def save_fallback(
        self, bell_schedule: str, plan: str, approver: str, deputy: str | None = None
    ) -> None:
        """Names the plan that stands in on days of a bell schedule, and who answers for it."""
        self._put(
            t.fallback,
            [
                {
                    "bell_schedule": bell_schedule,
                    "plan": plan,
                    "approver": approver,
                    "deputy": deputy,
                }
            ],
        )

    def fallback(self, bell_schedule: str) -> Any | None:
        """The row (bell_schedule, plan, approver, deputy), or None."""
        return self._one(
            select(t.fallback).where(
                self._mine(t.fallback), t.fallback.c.bell_schedule == bell_schedule
            )
        )


def _sessions_of(plan: Plan) -> list[dict[str, Any]]:
    """Each session with where, who and for whom; no reason and no finding leaves with them."""
    students: dict[str, list[str]] = defaultdict(list)
    for placement in plan.placements:
        students[placement.session].append(placement.student)
    return [
        {
            "id": session.id,
            "offering": session.offering,
            "blocks": list(session.blocks),
            "room": session.room,
            "duties": [{"staff": duty.staff, "role": duty.role} for duty in session.duties],
            "students": sorted(students[session.id]),
        }
        for session in plan.sessions
    ]
