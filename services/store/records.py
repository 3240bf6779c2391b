"""What others are told and what is held against us: the outbox and the audit chain."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_core import to_json
from sqlalchemy import bindparam, select, update

from services.canonical import canonical, sha256
from services.store import tables as t
from services.store.part import Part
from services.store.rows import AuditRow

CHAIN_START = "0" * 64
_NUMBERS = (
    update(t.school)
    .where(t.school.c.school_id == bindparam("school"))
    .values(outbox_seq=t.school.c.outbox_seq + bindparam("count"))
    .returning(t.school.c.outbox_seq)
)


@dataclass(frozen=True)
class Message:
    """What others are told: a `type` of event about one aggregate. The payload may hold models
    of ours; a message that can be put out twice has an `id` that tells."""

    aggregatetype: str
    aggregateid: str
    type: str
    payload: dict[str, Any]
    id: str | None = None


ERASURES = ("student.erased",)
"""What may have taken the words of an entry."""


def digest_of(row: AuditRow) -> str:
    """What the chain hashes of an entry; it stays when the words go."""
    said = {
        "seq": row.seq,
        "at": row.at.isoformat(),
        "person": row.person,
        "access_role": row.access_role,
        "action": row.action,
        "object": row.object,
        "reason": row.reason,
        "before": sha256(row.before),
        "after": sha256(row.after),
    }
    return sha256(canonical(said))


class Records(Part):
    """Audit and outbox rows are written in the transaction of the change they speak of."""

    def audit(
        self, action: str, object: str, reason: str = "", before: str = "", after: str = ""
    ) -> None:
        """Adds to the school's audit chain who did what to which object, and why."""
        self.lock_school()
        last = self._one(
            select(t.audit.c.seq, t.audit.c.hash)
            .where(self._mine(t.audit))
            .order_by(t.audit.c.seq.desc())
            .limit(1)
        )
        previous = last.hash if last else CHAIN_START
        row = AuditRow(
            seq=last.seq + 1 if last else 1,
            at=self.clock(),
            person=self.viewer.person,
            access_role=self.viewer.access_role,
            action=action,
            object=object,
            reason=reason,
            before=before,
            after=after,
            previous_hash=previous,
            hash="",
        )
        digest = digest_of(row)
        # The chain's hash: over the previous hash and the digest of the entry.
        linked = {"digest": digest, "hash": sha256(previous + digest)}
        self._add(t.audit, **{**vars(row), **linked})

    def audit_rows(self, limit: int | None = None) -> list[AuditRow]:
        """The school's audit rows, oldest first; the newest `limit` of them where one is given."""
        statement = select(t.audit).where(self._mine(t.audit)).order_by(t.audit.c.seq.desc())
        return [AuditRow.of(row) for row in reversed(self._rows(statement.limit(limit)))]

    def audit_faults(self) -> Iterator[str]:
        """Each place where the audit chain does not hold, in words; nothing when it is whole."""
        rows = self.audit_rows()
        erasures = {row.seq for row in rows if row.action in ERASURES}
        previous, expected = CHAIN_START, 1
        for row in rows:
            if row.seq != expected:
                yield f"entry {expected} is missing"
            if row.previous_hash != previous:
                yield f"entry {row.seq} does not follow on the one before it"
            linked = row.hash == sha256(row.previous_hash + row.digest)
            if not linked or (row.erased_by is None and row.digest != digest_of(row)):
                yield f"entry {row.seq} was changed after it was written"
            elif row.erased_by is not None and row.erased_by not in erasures:
                yield f"entry {row.seq} lost its words, and no erasure says so"
            previous, expected = row.hash, row.seq + 1

    def outbox(
        self,
        aggregatetype: str,
        aggregateid: str,
        type: str,
        payload: dict[str, Any],
        id: str | None = None,
    ) -> str:
        """Puts a message out for the relay, in the columns of Debezium's outbox router.

        A message that can be sent twice carries the same `id` twice, so that readers can tell.
        """
        return self.outbox_all([Message(aggregatetype, aggregateid, type, payload, id)])[0]

    def outbox_all(self, messages: Iterable[Message]) -> list[str]:
        """Puts many messages out at once, numbered in the order in which they are to be sent: a
        school's writers take turns, so the numbers follow the order of commits. Their ids."""
        pending = list(messages)
        if not pending:
            return []
        ids = [each.id or new for each, new in zip(pending, _new_ids(len(pending)), strict=True)]
        now, last = self.clock(), self._ask(_NUMBERS, count=len(pending))[0].outbox_seq
        self._add_all(
            t.outbox,
            [
                {
                    **vars(each),
                    "id": id,
                    "payload": to_json(each.payload).decode(),
                    "created_at": now,
                    "seq": seq,
                }
                for seq, (each, id) in enumerate(
                    zip(pending, ids, strict=True), last - len(pending) + 1
                )
            ],
        )
        return ids

    def unsent(self, limit: int = 100) -> Sequence[Any]:
        """Messages not yet marked sent, in the order in which they came to be. Never asked for by
        `seq > last`: what was marked is known row by row, so nothing can be skipped."""
        statement = (
            select(t.outbox)
            .where(self._mine(t.outbox), t.outbox.c.sent_at.is_(None))
            .order_by(t.outbox.c.seq)
            .limit(limit)
        )
        return self._rows(statement)

    def mark_sent(self, ids: Sequence[str]) -> None:
        self.connection.execute(
            t.outbox.update()
            .where(self._mine(t.outbox), t.outbox.c.id.in_(ids))
            .values(sent_at=self.clock())
        )


def _new_ids(count: int) -> Iterator[str]:
    """Random ids; the system is asked once for all of them, which took longer than the rest."""
    drawn = os.urandom(16 * count)
    for start in range(0, len(drawn), 16):
        yield str(uuid.UUID(bytes=drawn[start : start + 16], version=4))
