"""How long records are kept, and how a student is erased: bodies go, digests and counts stay."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from services.canonical import composite
from services.folding import MasteryKey, mastery_key, rebuild_in
from services.store import LogRow, Message, Store, Tx
from services.store.kinds import OF_STUDENTS
from services.viewer import Viewer


class Terms(NamedTuple):
    """Days that each is kept: evidence counts from a student's newest on the same competency, what
    belongs to a day from that day, the rest from when it was written."""

    evidence: int = 730
    days: int = 365
    notices: int = 365
    messages: int = 30
    answers: int = 7


class Purged(NamedTuple):
    """What a purge took: bodies of evidence, with the states kept in a checkpoint for them; bodies
    of events of a day; rows of what is not kept for long."""

    evidence: int
    checkpoints: int
    of_days: int
    rows: int


class Erased(NamedTuple):
    """What an erasure took, and the word that stands for the student in counts from now on."""

    pseudonym: str
    events: int
    audit_entries: int


OF_A_DAY = ("lock.set", "lock.released", "override.set", "override.lifted")
"""Events about a day that name no student outright."""
SHORT_LIVED = (
    ("notice", "created_at", "notices"),
    ("outbox", "sent_at", "messages"),
    ("idempotency", "at", "answers"),
    ("quarantine", "replayed_at", "messages"),
)


def purge(store: Store, school: str, terms: Terms, dry_run: bool = False) -> Purged:
    """Takes what is older than its term, in one transaction, and changes no state of mastery: what
    had been folded is kept in a checkpoint, from which every later fold starts."""
    with store.begin(Viewer.machine(school, "retention")) as tx:
        tx.lock_school()
        now = tx.clock()
        logged = [row for row in tx.events_since(0) if row.event is not None]
        evidence, keys = _expired_evidence(logged, now - timedelta(days=terms.evidence))
        of_days = _of_old_days(logged, (now - timedelta(days=terms.days)).date())
        if dry_run:
            return Purged(len(evidence), len(keys), len(of_days), 0)
        digest = tx.write_checkpoints(keys)
        tx.take_bodies([*evidence, *of_days])
        gone = sum(
            tx.forget_older(table, column, now - timedelta(days=getattr(terms, term)))
            for table, column, term in SHORT_LIVED
        )
        purged = Purged(len(evidence), len(keys), len(of_days), gone)
        if evidence or of_days:
            rebuild_in(tx)
            tx.audit("record.purged", f"{len(evidence) + len(of_days)} events", after=digest)
        return purged


def _expired_evidence(logged: list[LogRow], horizon: datetime) -> tuple[list[int], set[MasteryKey]]:
    """Positions, and keys, of which even the newest lies before the horizon."""
    by_key: dict[MasteryKey, list[LogRow]] = defaultdict(list)
    for row in logged:
        if row.event is not None and (key := mastery_key(row.event)):
            by_key[key].append(row)
    expired = {
        key for key, rows in by_key.items() if max(row.occurred_at for row in rows) < horizon
    }
    return [row.seq for key in expired for row in by_key[key]], expired


def _of_old_days(logged: list[LogRow], horizon: date) -> list[int]:
    """Positions of events about a day before the horizon; evidence is apart."""
    return [
        row.seq
        for row in logged
        if row.event is not None and mastery_key(row.event) is None
        if getattr(row.event.data, "day", horizon) < horizon
    ]


def erase_student(store: Store, school: str, student: str, reason: str) -> Erased:
    """Takes a student out of the record, in one transaction: roster, events, states, wishes,
    accounts, notices and the words of the audit go; in plans and counts a made-up word stands for
    them. Nothing resent counts again, and state stays what the log says.

    Raises:
        LookupError: nobody of that id is, or was, at the school.
    """
    with store.begin(Viewer.machine(school, "erasure")) as tx:
        tx.lock_school()
        pseudonym = f"erased-{secrets.token_hex(6)}"
        about = [row for row in tx.events_since(0) if _is_about(row, student)]
        if not about and not tx.was_ever("students", student):
            raise LookupError(f"{student!r} is not, and was not, at {school}")
        keys = {key for row in about if row.event and (key := mastery_key(row.event))}
        keys |= {key for key in tx.checkpoints() if key[0] == student}
        tx.take_bodies([row.seq for row in about], student=pseudonym)
        _erase_roster(tx, student)
        tx.erase_mentions(
            student,
            rewritten=lambda held: _without(held, student, pseudonym),
            removed=lambda held: _without(held, student, None),
        )
        rebuild_in(tx)
        tx.outbox_all(_tombstones(school, keys))
        tx.audit("student.erased", pseudonym, reason=reason)
        words = tx.erase_words(student, by=tx.last_audit())
        return Erased(pseudonym, len(about), words)


def _is_about(row: LogRow, student: str) -> bool:
    if row.student == student:
        return True
    return row.event is not None and student in set(_words(row.event.data.model_dump(mode="json")))


def _words(held: Any) -> Iterator[str]:
    if isinstance(held, str):
        yield held
    elif isinstance(held, dict):
        for value in held.values():
            yield from _words(value)
    elif isinstance(held, list):
        for value in held:
            yield from _words(value)


def _erase_roster(tx: Tx, student: str) -> None:
    """The entries that are the student's own; of those they share with others, see _without."""
    for kind in (*OF_STUDENTS, "guardians", "relations"):
        field = OF_STUDENTS.get(kind, "student")
        tx.erase_roster(
            kind,
            [id for id, body in tx.all_bodies(kind) if student in (body[field], body.get("other"))],
        )


def _without(held: Any, student: str, pseudonym: str | None) -> Any:
    """The same with the made-up word in place of the student, as a value, in a key, or in a key
    made of several words; without a word, lists lose the student."""
    if isinstance(held, str):
        word = pseudonym or ""
        return word if held == student else held.replace(f'"{student}"', f'"{word}"')
    if isinstance(held, dict):
        return {
            _without(key, student, pseudonym): _without(value, student, pseudonym)
            for key, value in held.items()
        }
    if isinstance(held, list):
        kept = held if pseudonym else [value for value in held if value != student]
        return [_without(value, student, pseudonym) for value in kept]
    return held


def _tombstones(school: str, keys: set[MasteryKey]) -> Iterator[Message]:
    """What tells keepers of the newest value of a key that there is none any more."""
    for key in sorted(keys):
        told = {"school": school, "erased_at": datetime.now(UTC).isoformat()}
        yield Message("mastery", composite(school, *key), "mastery.erased", told)
