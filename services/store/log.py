"""Events as they came in: the inbox that counts each once, the log, the parked, the quarantine."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Literal, NamedTuple

from sqlalchemy import Row, func, select, tuple_, update

from schemas.events import PREFIX, AnyEvent, decode
from services.canonical import sha256
from services.store import tables as t
from services.store.part import batched
from services.store.rows import fields
from services.store.sight import Sight

LARGEST_KEPT = 64 * 1024
"""Bytes kept of something that could not be read."""


class Arrival(NamedTuple):
    """An event at the door: its content hash, and whether it is accepted or parked."""

    source: str
    event_id: str
    sha256: str
    outcome: Literal["accepted", "parked"]


@dataclass(frozen=True)
class LogRow:
    """One logged event; `body` is None once a student's records were erased."""

    seq: int
    source: str
    event_id: str
    type: str
    occurred_at: datetime
    received_at: datetime
    student: str | None
    competency: str | None
    body: str | None
    digest: str

    @classmethod
    def of(cls, row: Row[Any]) -> LogRow:
        return cls(**fields(row))

    @cached_property
    def event(self) -> AnyEvent | None:
        return decode(self.body) if self.body is not None else None

    @property
    def name(self) -> str:
        """The event's name without prefix and version, such as evidence.recorded."""
        return self.type.removeprefix(PREFIX).rsplit(".", 1)[0]


class Log(Sight):
    def take_in(self, arrivals: Sequence[Arrival]) -> set[tuple[str, str]]:
        """Claims events for this transaction and returns (source, id) of those not taken in
        before: the gate that makes an event count once. Of several alike the first is claimed."""
        if not arrivals:
            return set()
        now, school = self.clock(), self.viewer.school
        insert = self._insert(t.inbox).on_conflict_do_nothing()
        rows = [
            {"school_id": school, "received_at": now, **arrival._asdict()} for arrival in arrivals
        ]
        claimed = self.connection.execute(
            insert.returning(t.inbox.c.source, t.inbox.c.event_id), rows
        )
        return {(row.source, row.event_id) for row in claimed}

    def taken_in(self, source: str, event_id: str) -> Row[Any] | None:
        """The inbox row (sha256, outcome, received_at) of an event, or None."""
        return self._one(
            select(t.inbox)
            .where(self._mine(t.inbox), t.inbox.c.source == source)
            .where(t.inbox.c.event_id == event_id)
        )

    def append(self, events: Sequence[AnyEvent]) -> range:
        """Writes events, taken in before, to the end of the log; returns their positions.
        Positions have no gaps and follow the order of commits, as writers of a school take turns.
        """
        if not events:
            return range(0)
        last: int = self.connection.execute(
            update(t.school)
            .where(self._mine(t.school))
            .values(last_seq=t.school.c.last_seq + len(events))
            .returning(t.school.c.last_seq)
        ).scalar_one()
        positions = range(last - len(events) + 1, last + 1)
        now = self.clock()
        self._add_all(
            t.event_log,
            [_log_row(event, seq, now) for seq, event in zip(positions, events, strict=True)],
        )
        return positions

    def events_since(
        self, seq: int, kinds: Collection[str] | None = None, limit: int | None = None
    ) -> Iterator[LogRow]:
        """Events after a log position, in the order they came in, at most `limit`; `kinds` are
        event names such as staff.absent. Only those of students whom the viewer may see, and of
        no student."""
        statement = select(t.event_log).where(self._mine(t.event_log), t.event_log.c.seq > seq)
        if kinds is not None:
            statement = statement.where(
                t.event_log.c.type.in_([f"{PREFIX}{kind}.v1" for kind in kinds])
            )
        for row in self._rows(statement.order_by(t.event_log.c.seq).limit(limit)):
            if row.student is None or self.may_see(row.student):
                yield LogRow.of(row)

    def log(self, student: str | None = None, competency: str | None = None) -> list[LogRow]:
        """The log in the order in which things happened (occurred_at, source, id): the order that
        state is folded in.

        Raises:
            NotAllowed: the viewer has no right to the student's records.
        """
        statement = select(t.event_log).where(self._mine(t.event_log))
        if student is not None:
            self.see("log.read", student)
            statement = statement.where(t.event_log.c.student == student)
        if competency is not None:
            statement = statement.where(t.event_log.c.competency == competency)
        ordered = statement.order_by(
            t.event_log.c.occurred_at, t.event_log.c.source, t.event_log.c.event_id
        )
        rows = [LogRow.of(row) for row in self._rows(ordered)]
        return [row for row in rows if row.student is None or self.may_see(row.student)]

    def fold_input(self, keys: Collection[tuple[str, str]]) -> Iterator[LogRow]:
        """All that bears on some (student, competency), for folding: the system's own work, so
        without a look at the viewer's rights. Erased bodies are left out."""
        key = tuple_(t.event_log.c.student, t.event_log.c.competency)
        for some in batched(keys):
            statement = select(t.event_log).where(self._mine(t.event_log), key.in_(some))
            for row in self._rows(statement.where(t.event_log.c.body.is_not(None))):
                yield LogRow.of(row)

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


def _log_row(event: AnyEvent, seq: int, received_at: datetime) -> dict[str, Any]:
    body = event.model_dump_json(exclude_none=True)
    return {
        "seq": seq,
        "source": event.source,
        "event_id": event.id,
        "type": event.type,
        "occurred_at": event.time,
        "received_at": received_at,
        "student": getattr(event.data, "student", None),
        "competency": getattr(event.data, "competency", None),
        "body": body,
        "digest": sha256(body),
    }
