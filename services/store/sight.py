"""Whose records a viewer may read, and the trace that reading another person's record leaves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from sqlalchemy import select

from schemas.base import loads
from schemas.events import AnyEvent, GuardianFacts
from schemas.school import ClassSection, GuardianLink
from services.canonical import composite
from services.store import tables as t
from services.store.errors import NotAllowed, UnknownSchool
from services.store.part import Part
from services.viewer import Viewer, may_see, may_send

DAYS_A_SESSION_TIES = 14
"""Days a teacher goes on seeing the students of a session they held, to record what was learnt."""


class Sight(Part):
    def as_viewer(self, viewer: Viewer) -> None:
        super().as_viewer(viewer)
        self.__dict__.pop("tied_students", None)

    def today(self) -> date:
        """The date now, in the school's own zone. Raises: UnknownSchool."""
        row = self._one(select(t.school.c.zone).where(self._mine(t.school)))
        if row is None:
            raise UnknownSchool(f"school {self.viewer.school!r} is not known; import its roster")
        return self.clock().astimezone(ZoneInfo(row.zone)).date()

    def may_see(self, student: str) -> bool:
        tied = frozenset() if self.viewer.sees_whole_school else self.tied_students
        return may_see(self.viewer, student, tied)

    def may_send(self, event: AnyEvent) -> bool:
        tied = frozenset() if self.viewer.sees_whole_school else self.tied_students
        return may_send(self.viewer, event, tied)

    def see(self, action: str, student: str) -> None:
        """Notes that a student's record is read.

        Raises:
            NotAllowed: the viewer has no right to it.
        """
        if not self.may_see(student):
            raise NotAllowed(f"{self.viewer.access_role} may not read the records of {student!r}")
        if student != self.viewer.person:
            self.disclose(action, f"student {student}")

    def disclose(self, action: str, object: str) -> None:
        """Notes for the audit what a person reads of others; the system's own work leaves none."""
        if self.viewer.access_role != "machine" and (action, object) not in self.disclosures:
            self.disclosures.append((action, object))

    @cached_property
    def tied_students(self) -> frozenset[str]:
        """Students a teacher teaches, or children whose guardian link lets the viewer see them."""
        if self.viewer.access_role == "teacher":
            return frozenset(self._taught())
        if self.viewer.access_role == "guardian":
            return frozenset(self._children())
        return frozenset()

    def _taught(self) -> Iterator[str]:
        me = self.viewer.person
        for body in self._bodies("sections"):
            section = loads(ClassSection, body)
            if me in section.staff:
                yield from section.students
        oldest = self.today() - timedelta(days=DAYS_A_SESSION_TIES)
        for row in self._rows(
            select(t.plan.c.body)
            .where(self._mine(t.plan), t.plan.c.day >= oldest)
            .where(t.plan.c.status == "published")
        ):
            yield from _placed_with(json.loads(row.body), me)

    def _children(self) -> Iterator[str]:
        today = self.today()
        for link in self.guardian_links():
            begun = link.begins is None or link.begins <= today
            ended = link.ends is not None and link.ends < today
            mine = link.guardian == self.viewer.person
            if mine and link.may_see and not link.court_restricted and begun and not ended:
                yield link.student

    def guardian_links(self) -> list[GuardianLink]:
        """The school's links as they stand: of an import and an event on the same link, the newer
        one holds."""
        entries = self._rows(
            select(t.roster_entry.c.id, t.roster_entry.c.body, t.roster_entry.c.changed_at)
            .where(self._mine(t.roster_entry), t.roster_entry.c.kind == "guardians")
            .where(t.roster_entry.c.ended_at.is_(None))
        )
        links = {row.id: (row.changed_at, loads(GuardianLink, row.body)) for row in entries}
        for row in self._rows(
            select(t.fact).where(self._mine(t.fact), t.fact.c.kind == "guardian")
        ):
            link = loads(GuardianFacts, row.body).link
            key = composite(link.guardian, link.student)
            if key not in links or links[key][0] < row.occurred_at:
                links[key] = (row.occurred_at, link)
        return [links[key][1] for key in sorted(links)]

    def _bodies(self, kind: str) -> list[str]:
        """The bodies of a roster kind's entries that have not ended, by id."""
        rows = self._rows(
            select(t.roster_entry.c.body)
            .where(self._mine(t.roster_entry), t.roster_entry.c.kind == kind)
            .where(t.roster_entry.c.ended_at.is_(None))
            .order_by(t.roster_entry.c.id)
        )
        return [row.body for row in rows]


def _placed_with(plan: dict[str, list[dict[str, object]]], staff: str) -> Iterator[str]:
    own = {
        session["id"]
        for session in plan["sessions"]
        if any(duty["staff"] == staff for duty in session.get("duties", ()))  # type: ignore[attr-defined]
    }
    for placement in plan["placements"]:
        if placement["session"] in own:
            yield str(placement["student"])
