"""State folded from the log: mastery, and the newest fact of every other kind."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from typing import Any, Literal, NamedTuple

from sqlalchemy import select, tuple_
from sqlalchemy.sql import Executable

from schemas.base import loads
from schemas.mastery import Mastery
from services.store import tables as t
from services.store.log import Log
from services.store.part import KEY, insert_of
from services.store.rows import fields


class Checkpoint(NamedTuple):
    """The state of a key as it was folded from events whose bodies a purge has taken."""

    body: str
    digest: str
    settings_digest: str
    seq: int


class State(Log):
    def checkpoints(
        self, keys: Collection[tuple[str, str]] | None = None
    ) -> dict[tuple[str, str], Checkpoint]:
        """What purges kept, by (student, competency): of some keys, or all."""
        if keys is None:
            every = select(t.checkpoint).where(self._mine(t.checkpoint))
            rows = [*self._rows(every)]
        else:
            rows = [*self._of_keys(t.checkpoint, (*KEY, *Checkpoint._fields), keys)]
        return {
            (row.student, row.competency): Checkpoint(
                row.body, row.digest, row.settings_digest, row.seq
            )
            for row in rows
        }

    def mastery(self, student: str | None = None) -> Iterator[Mastery]:
        """States by student and competency: of one student, or of all the viewer may see.

        Raises:
            NotAllowed: the viewer has no right to the student's records.
        """
        statement = select(t.mastery.c.student, t.mastery.c.body).where(self._mine(t.mastery))
        if student is not None:
            self.see("mastery.read", student)
            statement = statement.where(t.mastery.c.student == student)
        else:
            self.disclose("mastery.read", "students")
        ordered = statement.order_by(t.mastery.c.student, t.mastery.c.competency)
        for row in self._rows(ordered):
            if student is not None or self.may_see(row.student):
                yield loads(Mastery, row.body)

    def mastery_bodies(self, keys: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """The stored states of some (student, competency) as they were written."""
        rows = self._of_keys(t.mastery, (*KEY, "body"), keys)
        return {(row.student, row.competency): row.body for row in rows}

    def save_mastery(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Writes states (student, competency, body, settings_digest, seq), each folded from its
        key's events, the newest of which stands at log position `seq`."""
        self._put(t.mastery, rows)

    def save_facts(self, facts: Iterable[Mapping[str, Any]]) -> bool:
        """Writes facts (kind, key, day, student, body, occurred_at, source, event_id, seq), each
        only if it is newer, by (occurred_at, source, event_id), than what its key holds: so the
        order in which events arrive has no bearing. True when any was written."""
        written = False
        for fact in facts:
            row = {"school_id": self.viewer.school, **fact}
            statement = _newest(self.connection.dialect.name)
            written |= self.connection.execute(statement, row).first() is not None
        return written

    def facts(
        self, kind: str, day: date | None = None, student: str | None = None
    ) -> list[dict[str, Any]]:
        """The facts that hold of a kind, by key, with `body` parsed: those of a day, of a student,
        or all that the viewer may see. See services.facts for the kinds.

        Raises:
            NotAllowed: the viewer has no right to the student's records.
        """
        statement = select(t.fact).where(self._mine(t.fact), t.fact.c.kind == kind)
        if day is not None:
            statement = statement.where(t.fact.c.day == day)
        if student is not None:
            self.see(f"{kind}.read", student)
            statement = statement.where(t.fact.c.student == student)
        rows = self._rows(statement.order_by(t.fact.c.key))
        visible = (row for row in rows if row.student is None or self.may_see(row.student))
        return [{**fields(row), "body": json.loads(row.body)} for row in visible]

    def state_rows(self, table: Literal["mastery", "fact"]) -> Iterator[dict[str, Any]]:
        """Whole rows of a state table, by key, to be compared with what the log says."""
        state = t.metadata.tables[table]
        for row in self._rows(state.select().where(self._mine(state)).order_by(*state.primary_key)):
            yield fields(row)

    def clear_state(self) -> None:
        """Drops all folded state of the school, to be folded again in the same transaction."""
        for state in (t.mastery, t.fact):
            self.connection.execute(state.delete().where(self._mine(state)))


@cache
def _newest(dialect: str) -> Executable:
    """Writes a fact over an older one; kept, see Part._ask."""
    insert = insert_of(dialect, t.fact)
    new = insert.excluded
    return insert.on_conflict_do_update(
        index_elements=["school_id", "kind", "key"],
        set_={name: new[name] for name in t.fact.c.keys()[3:]},
        where=tuple_(new.occurred_at, new.source, new.event_id)
        > tuple_(t.fact.c.occurred_at, t.fact.c.source, t.fact.c.event_id),
    ).returning(t.fact.c.key)
