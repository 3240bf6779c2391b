"""The school as it stands: its roster by kind, its settings, and how an import changes them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import bindparam, select

from schemas.base import loads
from schemas.imports import Changes
from schemas.school import ClassSection, Roster, School
from services.canonical import canonical, sha256
from services.store import tables as t
from services.store.errors import UnknownSchool
from services.store.kinds import ENTERED, KINDS, OF_STUDENTS, entry_key
from services.store.lookup import Lookup

_SCHOOL = t.school.select().where(t.school.c.school_id == bindparam("school"))


class SchoolRoster(Lookup):
    def school(self) -> School:
        """Raises: UnknownSchool."""
        row = self._school_row()
        grades = tuple(json.loads(row.grades))
        return School(id=row.school_id, title=row.title, zone=row.zone, grades=grades)

    def settings(self) -> dict[str, Any]:
        """The school's own settings, as they were saved; empty at first."""
        held = self.held_settings
        settings: dict[str, Any] = json.loads(self._school_row().settings if held is None else held)
        return settings

    def save_settings(self, settings: dict[str, Any]) -> None:
        self.lock_school()
        self.connection.execute(
            t.school.update().where(self._mine(t.school)).values(settings=canonical(settings))
        )
        self.held_settings = None

    def position(self) -> int:
        """The position of the newest event in the school's log; 0 when there is none."""
        return int(self._school_row().last_seq)

    def roster_version(self) -> int:
        """A number that grows with every import that changed something."""
        return int(self._school_row().roster_version)

    def roster(self, kind: str) -> list[Any]:
        """The entries of a kind that have not ended, by id, as models of schemas.school, cut down
        to what the viewer may see: `kind` is a field of schemas.school.Roster.

        Of relations nobody but those who see the whole school learns anything, of guardian links
        a guardian only their own; class sections lose the students the viewer may not see.
        """
        model = KINDS[kind]
        if kind == "guardians":
            entries: list[Any] = list(self.guardian_links())
        else:
            entries = [loads(model, body) for body in self._bodies(kind)]
        if self.viewer.sees_whole_school:
            if kind in OF_STUDENTS or kind in ("relations", "guardians"):
                self.disclose("roster.read", kind)
            return entries
        return list(self._visible(kind, entries))

    def _visible(self, kind: str, entries: list[Any]) -> Iterator[Any]:
        for entry in entries:
            if kind in OF_STUDENTS:
                student = getattr(entry, OF_STUDENTS[kind])
                if self.may_see(student):
                    self.see(f"{kind}.read", student)
                    yield entry
            elif kind == "guardians":
                if entry.guardian == self.viewer.person:
                    yield entry
            elif isinstance(entry, ClassSection):
                seen = tuple(student for student in entry.students if self.may_see(student))
                yield entry.model_copy(update={"students": seen})
            elif kind != "relations":
                yield entry

    def apply_roster(
        self,
        roster: Roster,
        ends_missing: bool = True,
        origin: str = "",
        kinds: Collection[str] | None = None,
    ) -> dict[str, Changes]:
        """Writes what an import brings for the viewer's school and returns counts per kind.

        `kinds` are those the import speaks for, and only they are written; without it, those it
        has any entry of. With `ends_missing`, entries of these kinds that this import no longer
        has are ended, if an earlier one of the same `origin` brought them. What a school enters
        itself (`ENTERED`) outranks the rest: it ends entries of any origin, and only it ends its
        own.

        Raises:
            ValueError: the roster is of another school, or names an entry twice.
        """
        if roster.school.id != self.viewer.school:
            raise ValueError(f"{roster.school.id!r} is not the school {self.viewer.school!r}")
        spoken_for = [kind for kind in KINDS if getattr(roster, kind)] if kinds is None else kinds
        school_changed = self._save_school(roster.school)
        counts = {
            kind: self._apply_kind(kind, getattr(roster, kind), ends_missing, origin)
            for kind in spoken_for
        }
        if school_changed or any(c.added or c.changed or c.ended for c in counts.values()):
            self.connection.execute(
                t.school.update()
                .where(self._mine(t.school))
                .values(roster_version=t.school.c.roster_version + 1)
            )
        return counts

    def _save_school(self, school: School) -> bool:
        row = self._one(t.school.select().where(self._mine(t.school)).with_for_update())
        told = {"title": school.title, "zone": school.zone, "grades": canonical(school.grades)}
        if row is None:
            self._add(t.school, **told, settings="{}", last_seq=0, roster_version=0)
            return True
        if all(getattr(row, name) == value for name, value in told.items()):
            return False
        self.connection.execute(t.school.update().where(self._mine(t.school)).values(**told))
        return True

    def _apply_kind(
        self, kind: str, entries: tuple[Any, ...], ends_missing: bool, origin: str
    ) -> Changes:
        known = {row.id: row for row in self._entries(kind)}
        brought = {entry_key(kind, entry): entry for entry in entries}
        if len(brought) < len(entries):
            raise ValueError(f"{kind}: an entry stands twice in one import; give each its own id")
        rows, added, changed = [], 0, 0
        for key, entry in brought.items():
            row = self._entry_row(kind, key, entry, origin)
            before = known.get(key)
            if before is None or before.ended_at is not None:
                added += 1
            elif before.digest != row["digest"]:
                changed += 1
            else:
                continue
            rows.append(row)
        self._put(t.roster_entry, rows)
        gone = [
            key
            for key, row in known.items()
            if ends_missing and row.ended_at is None and key not in brought
            if origin in (row.origin, ENTERED)
        ]
        self._end_entries(kind, gone)
        return Changes(
            added=added, changed=changed, unchanged=len(brought) - len(rows), ended=len(gone)
        )

    def _entries(self, kind: str) -> Sequence[Any]:
        return self._rows(
            select(t.roster_entry).where(self._mine(t.roster_entry), t.roster_entry.c.kind == kind)
        )

    def _entry_row(self, kind: str, key: str, entry: Any, origin: str) -> dict[str, Any]:
        body = entry.model_dump_json()
        return {
            "kind": kind,
            "id": key,
            "body": body,
            "digest": sha256(body),
            "code": getattr(entry, "code", None) or None,
            "origin": origin,
            "changed_at": self.clock(),
            "ended_at": None,
        }

    def _end_entries(self, kind: str, ids: list[str]) -> None:
        for id in ids:
            self.connection.execute(
                t.roster_entry.update()
                .where(self._mine(t.roster_entry), t.roster_entry.c.kind == kind)
                .where(t.roster_entry.c.id == id)
                .values(ended_at=self.clock())
            )

    def _school_row(self) -> Any:
        rows = self._ask(_SCHOOL)
        if not rows:
            raise UnknownSchool(f"school {self.viewer.school!r} is not known; import its roster")
        return rows[0]
