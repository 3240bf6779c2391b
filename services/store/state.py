"""State folded from the log: mastery, and the newest fact of every other kind."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date
from functools import cache
from typing import Any, Literal, NamedTuple

from sqlalchemy import (
    JSON,
    ColumnElement,
    Row,
    Select,
    Table,
    Text,
    bindparam,
    cast,
    column,
    func,
    literal_column,
    null,
    select,
    tuple_,
    union_all,
)
from sqlalchemy.sql import Executable

from schemas.base import loads
from schemas.mastery import Mastery
from services.store import tables as t
from services.store.columns import Word
from services.store.log import Log
from services.store.part import batched, insert_of
from services.store.rows import fields

KEY = ("student", "competency")
Key = tuple[str, str]
LOGGED, KEPT, HELD = "logged", "kept", "held"


class Checkpoint(NamedTuple):
    """The state of a key as it was folded from events whose bodies a purge has taken."""

    body: str
    digest: str
    settings_digest: str
    seq: int

    @classmethod
    def of(cls, row: Row[Any]) -> Checkpoint:
        return cls(row.body, row.digest, row.settings_digest, row.seq)


class Bearing(NamedTuple):
    """What bears on some (student, competency): each event that was logged, by its position, as
    its body, erased ones left out; what purges kept; and the states that are held, as they were
    written."""

    logged: list[tuple[int, str]]
    checkpoints: dict[Key, Checkpoint]
    states: dict[Key, str]


class State(Log):
    def bearing_on(self, keys: Collection[Key]) -> Bearing:
        """What bears on some (student, competency), by one question: the system's own work, so
        without a look at the viewer's rights."""
        found = Bearing([], {}, {})
        for row in self._about(keys):
            key = row.student, row.competency
            if row.of == LOGGED:
                found.logged.append((row.seq, row.body))
            elif row.of == KEPT:
                found.checkpoints[key] = Checkpoint.of(row)
            else:
                found.states[key] = row.body
        return found

    def _about(self, keys: Collection[Key]) -> Iterator[Row[Any]]:
        statement = _about(self.connection.dialect.name)
        if self.is_postgresql:
            rows = json.dumps([dict(zip(KEY, key, strict=True)) for key in keys])
            yield from self._ask(statement, keys=rows)
            return
        for some in batched(keys):
            yield from self._ask(statement, keys=some)

    def checkpoints(self) -> dict[Key, Checkpoint]:
        """All that purges kept, by (student, competency)."""
        rows = self._rows(select(t.checkpoint).where(self._mine(t.checkpoint)))
        return {(row.student, row.competency): Checkpoint.of(row) for row in rows}

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
def _about(dialect: str) -> Executable:
    """All that is kept for some (student, competency) `keys`; kept itself, see Part._ask. For
    PostgreSQL all keys are one parameter, see `part._insert_from_json`."""
    if dialect == "postgresql":
        columns = [column(name, Word) for name in KEY]
        given = func.json_to_recordset(cast(bindparam("keys", type_=Text), JSON))
        rows = given.table_valued(*columns).render_derived(with_types=True)
        among: Any = select(*rows.c)
    else:
        among = bindparam("keys", expanding=True)

    def of(table: Table, digest: ColumnElement[Any], name: str) -> Select[Any]:
        own = (table.c[each] for each in (*KEY, "seq", "body"))
        settings = null() if table is t.event_log else table.c.settings_digest
        return select(
            literal_column(f"'{name}'").label("of"),
            *own,
            cast(digest, Text).label("digest"),
            cast(settings, Text).label("settings_digest"),
        ).where(
            table.c.school_id == bindparam("school"),
            tuple_(table.c.student, table.c.competency).in_(among),
            table.c.body.is_not(None),
        )

    return union_all(
        of(t.event_log, null(), LOGGED),
        of(t.checkpoint, t.checkpoint.c.digest, KEPT),
        of(t.mastery, null(), HELD),
    )


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
