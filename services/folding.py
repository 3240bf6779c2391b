"""State from the log: one key after an event, everything after a change of rules or a doubt."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from schemas.base import loads
from schemas.events import AnyEvent, decode
from schemas.mastery import Mastery
from schemas.school import Competency
from services.canonical import canonical, composite, sha256
from services.facts import facts_of
from services.mastery.fold import fold
from services.mastery.settings import MasterySettings
from services.mastery.standing import MasteryEvent
from services.mastery.stuck import stuck
from services.store import Checkpoint, Message, Store, Tx
from services.viewer import Viewer

MasteryKey = tuple[str, str]
"""(student, competency)"""

StateTable = Literal["mastery", "fact"]
Row = dict[str, Any]


@dataclass(frozen=True)
class Comparison:
    """A table as it is held, against what the log says it should be, by hash."""

    table: StateTable
    rows: int
    held: str
    from_log: str

    @property
    def same(self) -> bool:
        return self.held == self.from_log


def mastery_settings(tx: Tx) -> MasterySettings:
    """The school's own way of computing mastery. Raises: SettingsError."""
    return _parsed(canonical(tx.settings().get("mastery", {})))


@lru_cache(maxsize=256)
def _parsed(table: str) -> MasterySettings:
    return MasterySettings.from_table(json.loads(table))


def mastery_key(event: AnyEvent) -> MasteryKey | None:
    """The state an event bears on, if it bears on mastery."""
    if isinstance(event, MasteryEvent):
        return event.data.student, event.data.competency
    return None


def fact_rows(event: AnyEvent, seq: int) -> list[Row]:
    """An event's facts as rows of the fact table."""
    return [
        {
            "kind": fact.kind,
            "key": fact.key,
            "day": fact.day,
            "student": fact.student,
            "body": canonical(fact.body),
            "occurred_at": event.time,
            "source": event.source,
            "event_id": event.id,
            "seq": seq,
        }
        for fact in facts_of(event)
    ]


def refold(
    tx: Tx, keys: Collection[MasteryKey], logged_now: Mapping[int, AnyEvent] | None = None
) -> int:
    """Folds some keys, each from all its events; those whose state changed also go out as
    mastery.changed. How many those are. What was logged in this transaction can be given by its
    position, which saves reading it again."""
    settings = mastery_settings(tx)
    logged, checkpoints, held = tx.bearing_on(keys)
    read = logged_now or {}
    told = ((seq, read.get(seq) or decode(body)) for seq, body in logged)
    folded = _folded(tx, told, settings, checkpoints)
    tx.save_mastery(each.row for each in folded)
    changed = [each for each in folded if held.get(_key_of(each.row)) != each.row["body"]]
    school = tx.viewer.school
    tx.outbox_all(
        Message(
            "mastery",
            composite(school, *_key_of(row)),
            "mastery.changed",
            {
                "school": school,
                "seq": row["seq"],
                "mastery": mastery,
                "stuck": stuck(mastery, settings) is not None,
            },
        )
        for row, mastery in changed
    )
    return len(changed)


def refold_all(tx: Tx) -> int:
    """Folds every key again, after a change of settings or of competencies; how many changed."""
    return refold(
        tx, {key for row in tx.events_since(0) if row.event and (key := mastery_key(row.event))}
    )


def rebuild(store: Store, school: str) -> dict[StateTable, int]:
    """Throws a school's state away and folds it from the log, in one transaction; rows made."""
    with store.begin(Viewer.machine(school, "rebuild")) as tx:
        return rebuild_in(tx)


def rebuild_in(tx: Tx) -> dict[StateTable, int]:
    """The same within a transaction that does more, such as an erasure."""
    tx.lock_school()
    state = _state_from_log(tx)
    tx.clear_state()
    tx.save_mastery(state["mastery"])
    tx.save_facts(state["fact"])
    return {table: len(rows) for table, rows in state.items()}


def verify(store: Store, school: str) -> list[Comparison]:
    """Folds a school's whole log aside, from the last purge's checkpoint on, and compares the
    outcome with the state that is held."""
    with store.read(Viewer.machine(school, "verify")) as tx:
        return [
            Comparison(table, len(rows), _hash(tx.state_rows(table)), _hash(rows))
            for table, rows in _state_from_log(tx).items()
        ]


def _state_from_log(tx: Tx) -> dict[StateTable, list[Row]]:
    facts: dict[tuple[str, str], Row] = {}
    bearing: list[tuple[int, AnyEvent]] = []
    for logged in tx.events_since(0):
        if logged.event is None:
            continue
        bearing.append((logged.seq, logged.event))
        for row in fact_rows(logged.event, logged.seq):
            held = facts.setdefault((row["kind"], row["key"]), row)
            if _place(held) < _place(row):
                facts[row["kind"], row["key"]] = row
    mastery = [each.row for each in _folded(tx, bearing, mastery_settings(tx), tx.checkpoints())]
    return {"mastery": mastery, "fact": [facts[key] for key in sorted(facts)]}


def _place(row: Row) -> tuple[Any, str, str]:
    return row["occurred_at"], row["source"], row["event_id"]


def _key_of(row: Row) -> MasteryKey:
    return row["student"], row["competency"]


class Folded(NamedTuple):
    """A row of the mastery table, and the state that is its body."""

    row: Row
    mastery: Mastery


def _folded(
    tx: Tx,
    logged: Iterable[tuple[int, AnyEvent]],
    settings: MasterySettings,
    checkpoints: Mapping[MasteryKey, Checkpoint],
) -> list[Folded]:
    """Rows of the mastery table, by key, folded from whatever of the log (position, event) bears
    on them and from what a purge kept of the rest."""
    by_key: dict[MasteryKey, list[tuple[int, MasteryEvent]]] = {key: [] for key in checkpoints}
    for seq, event in logged:
        if isinstance(event, MasteryEvent):
            key = event.data.student, event.data.competency
            by_key.setdefault(key, []).append((seq, event))
    competencies = tx.entries("competencies", {competency for _, competency in by_key})
    return [
        _folded_one(key, by_key[key], settings, competencies.get(key[1]), checkpoints.get(key))
        for key in sorted(by_key)
    ]


def _folded_one(
    key: MasteryKey,
    events: Sequence[tuple[int, MasteryEvent]],
    settings: MasterySettings,
    competency: Competency | None,
    start: Checkpoint | None,
) -> Folded:
    student, competency_id = key
    row = {"student": student, "competency": competency_id}
    before = loads(Mastery, start.body) if start else None
    if start is not None and before is not None and not events:
        told = {"body": start.body, "settings_digest": start.settings_digest, "seq": start.seq}
        return Folded(row | told, before)
    folded = fold((event for _, event in events), settings, competency=competency, before=before)
    newest = max(seq for seq, _ in events)
    told = {
        "body": folded.model_dump_json(),
        "settings_digest": settings.digest,
        "seq": max(newest, start.seq) if start else newest,
    }
    return Folded(row | told, folded)


def _hash(rows: Iterable[Row]) -> str:
    """One hash over whole rows, which come by key."""
    return sha256("\n".join(_lines(rows)))


def _lines(rows: Iterable[Row]) -> Iterator[str]:
    for row in rows:
        yield canonical({name: None if v is None else _text(v) for name, v in row.items()})


def _text(value: Any) -> str:
    return str(value.timestamp()) if hasattr(value, "timestamp") else str(value)
