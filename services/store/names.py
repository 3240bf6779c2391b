"""Names to show: of rooms, adults and offerings to anybody of the school, of students by right."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import select

from services.store import tables as t
from services.store.sight import Sight


class Names(Sight):
    def titles(self, kind: str) -> dict[str, str]:
        """What entries of a roster kind are called, ended ones too, as old plans still name them:
        an adult's full name, anything else's title. Not for students or guardians.

        Raises:
            ValueError: the kind's names are personal.
        """
        if kind in ("students", "guardians"):
            raise ValueError(f"names of {kind} are shown by right only")
        rows = self._rows(
            select(t.roster_entry.c.id, t.roster_entry.c.body).where(
                self._mine(t.roster_entry), t.roster_entry.c.kind == kind
            )
        )
        return {row.id: _called(json.loads(row.body)) for row in rows}

    def student_names(
        self, students: Collection[str], shown_in: str, told_before: Collection[str] = ()
    ) -> dict[str, str]:
        """The full names of those of `students` whom the viewer may see, and of `told_before`, whom
        they were told of already, such as students who have left their roster since. The audit is
        told where they were shown; a student's own name leaves no trace."""
        wanted = {*told_before, *(student for student in students if self.may_see(student))}
        rows = self._rows(
            select(t.roster_entry.c.id, t.roster_entry.c.body)
            .where(self._mine(t.roster_entry), t.roster_entry.c.kind == "students")
            .order_by(t.roster_entry.c.id)
        )
        named = {row.id: _called(json.loads(row.body)) for row in rows if row.id in wanted}
        if named.keys() - {self.viewer.person}:
            self.disclose("names.read", shown_in)
        return named


def _called(body: dict[str, Any]) -> str:
    if "given_name" in body:
        return f"{body['given_name']} {body['family_name']}".strip()
    return str(body.get("title") or body.get("id", ""))
