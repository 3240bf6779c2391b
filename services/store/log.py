"""The log: every event that counts, in the order it came in, never changed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Row, bindparam, select, update

from schemas.events import PREFIX, AnyEvent, decode
from services.canonical import sha256
from services.store import tables as t
from services.store.rows import fields
from services.store.sight import Sight

_POSITIONS = (
    update(t.school)
    .where(t.school.c.school_id == bindparam("school"))
    .values(last_seq=t.school.c.last_seq + bindparam("count"))
    .returning(t.school.c.last_seq)
)


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
    def append(self, events: Sequence[AnyEvent]) -> range:
        """Writes events, taken in before, to the end of the log; returns their positions.
        Positions have no gaps and follow the order of commits, as writers of a school take turns.
        """
        if not events:
            return range(0)
        last: int = self._ask(_POSITIONS, count=len(events))[0].last_seq
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
