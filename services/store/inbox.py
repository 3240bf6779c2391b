"""Events at the door: the inbox that counts each once, the parked, the quarantine."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache
from typing import Any, Literal, NamedTuple

from sqlalchemy import Row, func, select, tuple_

from schemas.events import AnyEvent
from services.canonical import sha256
from services.store import tables as t
from services.store.part import batched, insert_of_rows
from services.store.sight import Sight

LARGEST_KEPT = 64 * 1024
"""Bytes kept of something that could not be read."""


class Arrival(NamedTuple):
    """An event at the door: its content hash, and whether it is accepted or parked."""

    source: str
    event_id: str
    sha256: str
    outcome: Literal["accepted", "parked"]


@cache
def _claim(dialect: str, names: tuple[str, ...]) -> Any:
    """The gate, and what came through; kept, see Part._ask."""
    insert = insert_of_rows(dialect, t.inbox, names).on_conflict_do_nothing()
    return insert.returning(t.inbox.c.source, t.inbox.c.event_id)


class Inbox(Sight):
    def take_in(self, arrivals: Sequence[Arrival]) -> set[tuple[str, str]]:
        """Claims events for this transaction and returns (source, id) of those not taken in
        before: the gate that makes an event count once. Of several alike the first is claimed."""
        if not arrivals:
            return set()
        now, school = self.clock(), self.viewer.school
        rows = [
            {"school_id": school, "received_at": now, **arrival._asdict()} for arrival in arrivals
        ]
        claimed = self._write(_claim(self.connection.dialect.name, tuple(rows[0])), rows)
        return {(row.source, row.event_id) for row in claimed}

    def taken_in(self, source: str, event_id: str) -> Row[Any] | None:
        """The inbox row (sha256, outcome, received_at) of an event, or None."""
        return self._one(
            select(t.inbox)
            .where(self._mine(t.inbox), t.inbox.c.source == source)
            .where(t.inbox.c.event_id == event_id)
        )

    def known(self, names: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        """Those (source, id) among `names` that were taken in or parked."""
        found: set[tuple[str, str]] = set()
        for some in batched(names):
            statement = select(t.inbox.c.source, t.inbox.c.event_id).where(
                self._mine(t.inbox), tuple_(t.inbox.c.source, t.inbox.c.event_id).in_(some)
            )
            found |= {(row.source, row.event_id) for row in self._rows(statement)}
        return found

    def set_aside_before(self, ids: Collection[str]) -> set[str]:
        """Those ids that quarantine holds or held: of contents, see `set_aside`."""
        found: set[str] = set()
        for some in batched(ids):
            statement = select(t.quarantine.c.id).where(
                self._mine(t.quarantine), t.quarantine.c.id.in_(some)
            )
            found |= {row.id for row in self._rows(statement)}
        return found

    def park(self, event: AnyEvent, waiting_for: str, reason: str) -> None:
        """Keeps an event that names somebody or something not yet known."""
        self._put(
            t.parked,
            [
                {
                    "source": event.source,
                    "event_id": event.id,
                    "body": event.model_dump_json(exclude_none=True),
                    "waiting_for": waiting_for,
                    "reason": reason,
                    "parked_at": self.clock(),
                }
            ],
        )

    def parked(self) -> list[Row[Any]]:
        """Parked events (source, event_id, body, waiting_for, reason, parked_at), oldest first."""
        ordered = (
            select(t.parked)
            .where(self._mine(t.parked))
            .order_by(t.parked.c.parked_at, t.parked.c.source, t.parked.c.event_id)
        )
        return list(self._rows(ordered))

    def unpark(self, source: str, event_id: str) -> None:
        """Takes a parked event up, to be logged in the same transaction."""
        self.connection.execute(
            t.inbox.update()
            .where(self._mine(t.inbox), t.inbox.c.source == source)
            .where(t.inbox.c.event_id == event_id)
            .values(outcome="accepted")
        )
        self.connection.execute(
            t.parked.delete()
            .where(self._mine(t.parked), t.parked.c.source == source)
            .where(t.parked.c.event_id == event_id)
        )

    def set_aside(self, raw: bytes, reason: str, mend: str) -> str:
        """Puts what cannot be taken in into quarantine, once per content; returns its id there."""
        key = sha256(raw)
        insert = self._insert(t.quarantine).values(
            school_id=self.viewer.school,
            id=key,
            raw=raw[:LARGEST_KEPT],
            reason=reason,
            mend=mend,
            access_role=self.viewer.access_role,
            person=self.viewer.person,
            received_at=self.clock(),
        )
        self.connection.execute(insert.on_conflict_do_nothing())
        return key

    def quarantined(self, with_replayed: bool = False) -> list[Row[Any]]:
        """What is in quarantine (id, raw, reason, mend, access_role, person, received_at,
        replayed_at)."""
        statement = select(t.quarantine).where(self._mine(t.quarantine))
        if not with_replayed:
            statement = statement.where(t.quarantine.c.replayed_at.is_(None))
        return list(self._rows(statement.order_by(t.quarantine.c.received_at, t.quarantine.c.id)))

    def mark_replayed(self, id: str) -> None:
        self.connection.execute(
            t.quarantine.update()
            .where(self._mine(t.quarantine), t.quarantine.c.id == id)
            .values(replayed_at=self.clock())
        )

    def tally(self) -> dict[str, int]:
        """How many events were accepted, are parked and are in quarantine."""
        rows = self._rows(
            select(t.inbox.c.outcome, func.count().label("n"))
            .where(self._mine(t.inbox))
            .group_by(t.inbox.c.outcome)
        )
        counted = {"accepted": 0, "parked": 0} | {row.outcome: row.n for row in rows}
        return {**counted, "quarantined": len(self.quarantined())}
