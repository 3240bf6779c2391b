"""The only code that reacts to events: takes each in once, logs it, folds it, tells the others.

Whatever the way in (HTTP, a file, an import, a stream), all that an event brings about happens in
one transaction: inbox, log, state, outbox. When it has committed the event is acknowledged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import structlog

from schemas.events import AnyEvent, Event, decode
from services import measures
from services.access import viewer_for
from services.canonical import canonical
from services.cloudevents import Unreadable, check_time, content_hash, read_event
from services.folding import fact_rows, mastery_key, refold
from services.references import Known
from services.store import Arrival, Store, Tx, Unavailable, UnknownSchool
from services.viewer import Viewer

Status = Literal["accepted", "parked", "duplicate", "conflict", "quarantined", "refused"]
Raw = Any
"""Bytes of structured JSON, the same parsed, or an event of ours."""

UPSETS = ("staff.absent", "room.closed")

log = structlog.get_logger()


@dataclass(frozen=True)
class Outcome:
    """What became of one event, and how to mend it where it did not count."""

    status: Status
    source: str = ""
    event_id: str = ""
    reason: str = ""
    mend: str = ""


def handle(store: Store, viewer: Viewer, raw: Raw) -> Outcome:
    """Takes in one event.

    Raises:
        Unavailable: nothing was written; the sender is to try again.
    """
    return handle_batch(store, viewer, [raw])[0]


def handle_batch(
    store: Store,
    viewer: Viewer,
    raws: Sequence[Raw],
    alongside: Callable[[Tx], None] = lambda tx: None,
) -> list[Outcome]:
    """Takes in events in one transaction; what became of each, in their order. `alongside` writes
    what is to stand or fall with them, such as how far a stream was read.

    Raises:
        Unavailable: nothing was written; the sender is to try again.
    """
    try:
        with store.begin(viewer) as tx:
            outcomes = handle_in(tx, raws)
            alongside(tx)
    except Unavailable:
        raise
    except UnknownSchool as unknown:
        reason, mend = str(unknown), "import it, then replay"
        with store.begin(viewer) as tx:
            outcomes = [_set_aside(tx, raw, reason, mend) for raw in raws]
            alongside(tx)
    except Exception:
        log.exception("a batch failed; trying its events one by one", school=viewer.school)
        with store.begin(viewer) as tx:
            outcomes = [_handle_alone(tx, raw) for raw in raws]
            alongside(tx)
    for status, count in Counter(outcome.status for outcome in outcomes).items():
        measures.EVENTS.labels(status).inc(count)
    return outcomes


def handle_in(tx: Tx, raws: Sequence[Raw]) -> list[Outcome]:
    """The same within a transaction that does more, such as an import."""
    tx.lock_school()
    admitted = [_admitted(tx, raw) for raw in raws]
    arrived = _resolved(tx, [each for each in admitted if isinstance(each, Event)])
    arrivals = [
        Arrival(
            each.sent.source,
            each.sent.id,
            content_hash(each.sent),
            "accepted" if each.waits_for is None else "parked",
        )
        for each in arrived
    ]
    new = tx.take_in(arrivals)
    counting, outcomes = list[AnyEvent](), list[Outcome]()
    queue = iter(arrived)
    for each in admitted:
        if isinstance(each, Outcome):
            outcomes.append(each)
            continue
        outcomes.append(_taken_in(tx, next(queue), new, counting))
    _count(tx, counting)
    return outcomes


def release_parked(tx: Tx) -> int:
    """Counts the parked events whose people, places and competencies are known by now."""
    tx.lock_school()
    arrived = _resolved(tx, [decode(row.body) for row in tx.parked()])
    released = [each.as_known for each in arrived if each.waits_for is None]
    for event in released:
        tx.unpark(event.source, event.id)
    _count(tx, released)
    return len(released)


def replay_quarantined(store: Store, viewer: Viewer) -> list[Outcome]:
    """Offers all that is in quarantine again, with the rights of whoever sent it."""
    with store.read(viewer) as tx:
        waiting = [(row, _sender(tx, row)) for row in tx.quarantined()]
    outcomes = []
    for row, sender in waiting:
        outcome = handle(store, sender, row.raw)
        if outcome.status != "quarantined":
            with store.begin(viewer) as tx:
                tx.mark_replayed(row.id)
        outcomes.append(outcome)
    return outcomes


def _sender(tx: Tx, row: Any) -> Viewer:
    """Whoever sent what is in quarantine, with the rights they had: for a system, those its key
    stood for."""
    key = tx.api_key(row.person.removeprefix("key "))
    if key is not None and row.access_role in ("machine", "system"):
        return viewer_for(tx.viewer.school, key)
    return Viewer(tx.viewer.school, row.access_role, row.person, "replay from quarantine")


def _handle_alone(tx: Tx, raw: Raw) -> Outcome:
    try:
        with tx.savepoint():
            return handle_in(tx, [raw])[0]
    except Unavailable:
        raise
    except Exception:
        log.exception("an event could not be processed", school=tx.viewer.school)
        mend = "nothing to mend at your side: it is kept and tried again after a repair"
        return _set_aside(tx, raw, "it could not be processed", mend)


def _admitted(tx: Tx, raw: Raw) -> AnyEvent | Outcome:
    """An event that may be taken in, or why not."""
    try:
        event = read_event(raw)
        check_time(event, tx.clock())
    except Unreadable as fault:
        return _set_aside(tx, raw, fault.reason, fault.mend)
    if tx.may_send(event):
        return event
    reason = f"{tx.viewer.access_role} may not send this {event.name}"
    return Outcome("refused", event.source, event.id, reason, "ask the school's scheduler")


class Resolved(NamedTuple):
    """An event as it was sent, the same with its competency by id, and the first thing it names
    that is not known yet."""

    sent: AnyEvent
    as_known: AnyEvent
    waits_for: str | None


def _resolved(tx: Tx, events: Sequence[AnyEvent]) -> list[Resolved]:
    known = Known(tx, events)
    return [Resolved(event, *_resolve(known, event)) for event in events]


def _resolve(known: Known, event: AnyEvent) -> tuple[AnyEvent, str | None]:
    if named := getattr(event.data, "competency", None):
        competency = known.competency(named)
        if competency is None:
            return event, f"competency {named}"
        if competency != named:
            data = event.data.model_copy(update={"competency": competency})
            event = event.model_copy(update={"data": data})
    unknown = known.first_unknown(event)
    return event, f"{SINGULAR[unknown[0]]} {unknown[1]}" if unknown else None


SINGULAR = {
    "students": "student",
    "staff": "staff member",
    "rooms": "room",
    "blocks": "block",
    "offerings": "offering",
    "services": "service",
}


def _taken_in(
    tx: Tx, arrived: Resolved, new: set[tuple[str, str]], counting: list[AnyEvent]
) -> Outcome:
    """What becomes of an event that may be taken in; it joins `counting` if it counts now."""
    event, waits_for = arrived.sent, arrived.waits_for
    if (event.source, event.id) not in new:
        return _seen_before(tx, event)
    new.remove((event.source, event.id))
    if waits_for is None:
        counting.append(arrived.as_known)
        return Outcome("accepted", event.source, event.id)
    reason = f"{waits_for} is not known yet"
    tx.park(event, waits_for, reason)
    mend = "import it, and the event counts; nothing needs to be sent again"
    return Outcome("parked", event.source, event.id, reason, mend)


def _seen_before(tx: Tx, event: AnyEvent) -> Outcome:
    before = tx.taken_in(event.source, event.id)
    if before is not None and before.sha256 == content_hash(event):
        return Outcome("duplicate", event.source, event.id)
    tx.audit("event.conflict", canonical([event.source, event.id]))
    reason = "an event of this source and id, with other content, was taken in before"
    mend = "send a correction under an id of its own; the first content stands"
    return Outcome("conflict", event.source, event.id, reason, mend)


def _count(tx: Tx, events: Sequence[AnyEvent]) -> None:
    """Logs events and lets them bear on the state."""
    logged = dict(zip(tx.append(events), events, strict=True))
    for seq, event in logged.items():
        if tx.save_facts(fact_rows(event, seq)) and event.name in UPSETS:
            _plan_again(tx, event)
    if keys := {key for event in events if (key := mastery_key(event))}:
        refold(tx, keys, logged)


def _plan_again(tx: Tx, event: AnyEvent) -> None:
    """An upset on a day that has a plan asks for a new draft."""
    day = event.data.day  # type: ignore[union-attr]
    if day >= tx.today() and tx.has_live_plan(day):
        tx.queue_run(day, "upset", asked_by=event.name)


def _set_aside(tx: Tx, raw: Raw, reason: str, mend: str) -> Outcome:
    fields = raw.model_dump(mode="json") if isinstance(raw, Event) else raw
    tx.set_aside(fields if isinstance(fields, bytes) else _kept(fields), reason, mend)
    named = fields if isinstance(fields, dict) else {}
    source, event_id = (str(named.get(name, ""))[:200] for name in ("source", "id"))
    return Outcome("quarantined", source, event_id, reason, mend)


def _kept(fields: Any) -> bytes:
    """What arrived, as JSON; lone surrogates, which no UTF-8 has, as escapes."""
    return canonical(fields).encode(errors="backslashreplace")
