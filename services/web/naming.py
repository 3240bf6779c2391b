"""Names beside the ids of a plan, for pages that speak of everybody and everything in it."""

from __future__ import annotations

from collections.abc import Mapping

from schemas.problem import Problem
from schemas.schedule import Reason
from services.short_names import competency_names
from services.store import PlanRow, Tx
from services.web.pages import View

KINDS_OF_SUBJECT = {"other": "student", "home": "room", "then": "offering", "first": "offering"}
"""Subjects of findings that name something of another kind."""


class Directory(View):
    """Names by kind and id. An id that nobody knows any more stands for itself."""

    names: dict[str, dict[str, str]]

    def name(self, kind: str, id: str) -> str:
        known = self.names.get(KINDS_OF_SUBJECT.get(kind, kind), {})
        return known.get(id) or self.names["staff"].get(id, id)

    def anybody(self, id: str | None) -> str:
        """The name of a student, adult or room, whichever has the id."""
        kinds = ("student", "staff", "room")
        return next((self.names[kind][id] for kind in kinds if id in self.names[kind]), id or "")

    def entry(self, listed: str) -> str:
        """Ids joined by / as comparisons list them, each by whichever name it has."""
        return ", ".join(self._any(part) for part in listed.split("/"))

    def _any(self, id: str) -> str:
        return next((known[id] for known in self.names.values() if id in known), id)

    def subjects(self, subjects: Mapping[str, str]) -> dict[str, str]:
        """The subjects of a finding, or the parameters of a reason, with names for ids."""
        return {kind: self.name(kind, id) for kind, id in subjects.items()}

    def worded(self, reason: Reason) -> Reason:
        """A reason that carries a name beside each id, for the sentence about it."""
        named = {f"{kind}_name": self.name(kind, id) for kind, id in reason.parameters.items()}
        return reason.model_copy(update={"parameters": {**reason.parameters, **named}})


def directory_of(tx: Tx, problem: Problem, row: PlanRow | None, shown_in: str) -> Directory:
    """The names of all that a day and a plan of it speak of; the audit is told where students'
    were shown."""
    rooms = tx.titles("rooms") | {room.id: room.title for room in problem.rooms}
    offerings = {one.id: one.title for one in problem.offerings}
    sessions = row.plan.sessions if row else ()
    return Directory(
        names={
            "student": tx.student_names([one.id for one in problem.students], shown_in),
            "staff": tx.titles("staff"),
            "room": rooms | {home.id: rooms.get(home.room, home.room) for home in problem.homes},
            "block": {block.id: block.title for block in problem.blocks},
            "offering": offerings,
            "competency": competency_names(tx),
            "session": {one.id: offerings.get(one.offering, one.offering) for one in sessions},
            "protected": _protected(tx, problem),
            "owner": tx.titles("staff"),
        }
    )


def _protected(tx: Tx, problem: Problem) -> dict[str, str]:
    staff = tx.titles("staff")
    return {
        time.id: ", ".join(staff.get(adult, adult) for adult in time.staff)
        for time in problem.protected
    }
