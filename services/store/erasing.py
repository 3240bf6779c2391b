"""Takes records away: bodies go, digests stay, so that nothing resent counts again and the audit
chain holds."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Table, func, select, tuple_

from services.canonical import canonical, sha256
from services.store import tables as t
from services.store.log import Log
from services.store.part import batched

Rewritten = Callable[[Any], Any]

MENTIONS: tuple[tuple[Table, str], ...] = (
    (t.parked, "body"),
    (t.idempotency, "body"),
    (t.notice, "body"),
    (t.checkpoint, "student"),
    (t.feed, "person"),
    (t.sign_in, "person"),
    (t.account, "person"),
    (t.outbox, "payload"),
    (t.outbox, "aggregateid"),
    (t.notice, "person"),
)
"""Where whole rows go that name whoever is erased."""
REWRITTEN: tuple[tuple[Table, str], ...] = (
    (t.roster_entry, "body"),
    (t.plan, "body"),
    (t.problem, "body"),
    (t.run, "progress"),
    (t.scenario, "changes"),
)
"""Where the row is of others too, and only the name goes."""


class Erasing(Log):
    def take_bodies(self, positions: Collection[int], student: str | None = None) -> None:
        """Takes the bodies of logged events; their digests stay. With `student`, that stands in
        their place for whom they were about."""
        values: dict[str, Any] = {"body": None}
        for some in batched(positions):
            about = {"student": student} if student is not None else {}
            self.connection.execute(
                t.event_log.update()
                .where(self._mine(t.event_log), t.event_log.c.seq.in_(some))
                .values(**values, **about)
            )

    def write_checkpoints(self, keys: Collection[tuple[str, str]]) -> str:
        """Keeps the state of some (student, competency) as it stands, for a fold to start from
        when the events are gone; one digest over all of them."""
        digests = []
        for some in batched(sorted(keys)):
            of = tuple_(t.mastery.c.student, t.mastery.c.competency)
            rows = self._rows(select(t.mastery).where(self._mine(t.mastery), of.in_(some)))
            kept = [
                {
                    "student": row.student,
                    "competency": row.competency,
                    "body": row.body,
                    "digest": sha256(row.body),
                    "settings_digest": row.settings_digest,
                    "seq": row.seq,
                    "written_at": self.clock(),
                }
                for row in rows
            ]
            self._put(t.checkpoint, kept)
            digests += [row["digest"] for row in kept]
        return sha256(canonical(sorted(digests)))

    def forget_older(self, table: str, column: str, before: datetime) -> int:
        """Drops rows of a table whose time in `column` lies before another; how many."""
        kept = t.metadata.tables[table]
        gone = kept.delete().where(self._mine(kept), kept.c[column] < before)
        return len(self.connection.execute(gone.returning(kept.c.school_id)).all())

    def erase_mentions(self, id: str, rewritten: Rewritten, removed: Rewritten) -> None:
        """Takes out of everything but log, state and audit whoever has an id: whole rows where they
        are theirs, else `removed` of the JSON of a roster entry, `rewritten` of any other."""
        for table, column in MENTIONS:
            self.connection.execute(
                table.delete().where(self._mine(table), _names(table.c[column], id))
            )
        raw = t.quarantine
        held = self._rows(select(raw.c.id, raw.c.raw).where(self._mine(raw)))
        for row in held:
            if id.encode() in bytes(row.raw):
                self.connection.execute(raw.delete().where(self._mine(raw), raw.c.id == row.id))
        for table, column in REWRITTEN:
            self._rewrite(table, column, id, removed if table is t.roster_entry else rewritten)

    def _rewrite(self, table: Table, column: str, id: str, rewritten: Rewritten) -> None:
        keys = list(table.primary_key.columns)
        found = self._rows(
            select(*keys, table.c[column]).where(self._mine(table), _names(table.c[column], id))
        )
        for row in found:
            same = [key == getattr(row, key.name) for key in keys]
            kept = rewritten(json.loads(getattr(row, column)))
            change = table.update().values({column: json.dumps(kept, ensure_ascii=False)})
            self.connection.execute(change.where(*same))

    def was_ever(self, kind: str, id: str) -> bool:
        """Whether there is an entry of a kind, ended or not."""
        entry = t.roster_entry
        mine = select(entry.c.id).where(self._mine(entry), entry.c.kind == kind, entry.c.id == id)
        return bool(self._rows(mine))

    def all_bodies(self, kind: str) -> list[tuple[str, dict[str, Any]]]:
        """Every entry of a kind, ended ones too: its key, and what it holds."""
        entry = t.roster_entry
        mine = select(entry.c.id, entry.c.body).where(self._mine(entry), entry.c.kind == kind)
        return [(row.id, json.loads(row.body)) for row in self._rows(mine)]

    def erase_roster(self, kind: str, ids: Iterable[str]) -> None:
        """Drops roster entries for good."""
        for id in ids:
            entry = t.roster_entry
            self.connection.execute(
                entry.delete().where(self._mine(entry), entry.c.kind == kind, entry.c.id == id)
            )

    def erase_words(self, id: str, by: int) -> int:
        """Takes the words of audit entries that name somebody; their digests stay, and they say
        which entry (`by`) tells of the erasure. How many."""
        named = [
            row.seq
            for row in self._rows(
                select(t.audit).where(self._mine(t.audit), t.audit.c.erased_by.is_(None))
            )
            if row.seq != by
            and any(_in_words(id, said) for said in (row.object, row.reason, row.before, row.after))
        ]
        for some in batched(named):
            self.connection.execute(
                t.audit.update()
                .where(self._mine(t.audit), t.audit.c.seq.in_(some))
                .values(object="", reason="", before="", after="", erased_by=by)
            )
        return len(named)

    def last_audit(self) -> int:
        """The position of the newest audit entry; 0 when there is none."""
        return int(
            self.connection.scalar(select(func.max(t.audit.c.seq)).where(self._mine(t.audit))) or 0
        )


def _names(column: ColumnElement[str], id: str) -> ColumnElement[bool]:
    """Whether a text is an id, or JSON with it somewhere as a word of its own, also in a key that
    is made of several."""
    quoted = json.dumps(id, ensure_ascii=False)
    within = json.dumps(quoted, ensure_ascii=False)[1:-1]
    found = column.contains(quoted, autoescape=True) | column.contains(within, autoescape=True)
    return (column == id) | found


def _in_words(id: str, said: str) -> bool:
    return id in said.replace('"', " ").replace("/", " ").replace(",", " ").split()
