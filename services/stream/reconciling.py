"""Compares what lies in the topics with what the record took in, and takes in what is missing."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from services.canonical import sha256
from services.cloudevents import Unreadable, read_json
from services.handlers import handle_batch
from services.settings import Settings
from services.store import Store
from services.stream.intake import NOBODY, Record
from services.stream.looking import Looking, Place
from services.stream.topics import Topics
from services.viewer import Viewer

AT_ONCE = 500


@dataclass
class Reconciled:
    """Records that were read past, by what was found of them; gaps that are explained by now."""

    compared: int = 0
    missing: list[Record] = field(default_factory=list)
    mended: int = 0
    gaps_closed: int = 0


def reconcile(settings: Settings, store: Store, mend: bool) -> Reconciled:
    """Looks for every record that the workers have committed as read, as far as the topics still
    hold it; with `mend`, takes in what is missing, which counts nothing twice.

    Raises: Unavailable, or aiokafka.errors.KafkaError where a broker cannot be asked.
    """
    return asyncio.run(_reconcile(settings, store, mend))


async def _reconcile(settings: Settings, store: Store, mend: bool) -> Reconciled:
    done, read = Reconciled(), dict[Place, tuple[int, int]]()
    async with Looking(settings) as looking:
        places = await looking.partitions(Topics(settings.topic_prefix).incoming)
        bounds = await looking.bounds(places)
        for place, (committed, _) in (await looking.waiting(places)).items():
            read[place] = bounds[place][0], committed
            some: list[Record] = []
            async for record in looking.records(place, *read[place]):
                if record.offset < committed:
                    some.append(record)
                if len(some) == AT_ONCE:
                    await asyncio.to_thread(_compare, store, some, mend, done)
                    some = []
            await asyncio.to_thread(_compare, store, some, mend, done)
    if mend or not done.missing:
        done.gaps_closed = _close_gaps(store, read)
    return done


def _compare(store: Store, records: Sequence[Record], mend: bool, done: Reconciled) -> None:
    by_school: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        by_school[record.school].append(record)
    for school, theirs in by_school.items():
        viewer = Viewer.machine(school, "reconcile")
        names = [_name(record.value or b"") for record in theirs]
        with store.read(viewer) as tx:
            known = tx.known([name for name in names if name])
            aside = tx.set_aside_before([sha256(record.value or b"") for record in theirs])
        missing = [
            record
            for record, name in zip(theirs, names, strict=True)
            if name not in known and sha256(record.value or b"") not in aside
        ]
        done.compared += len(theirs)
        done.missing += missing
        if mend and missing:
            handle_batch(store, viewer, [record.value or b"" for record in missing])
            done.mended += len(missing)


def _name(raw: bytes) -> tuple[str, str] | None:
    """The source and id of an event; None for what is none."""
    try:
        fields = read_json(raw)
    except Unreadable:
        return None
    if not isinstance(fields, dict):
        return None
    source, event_id = fields.get("source"), fields.get("id")
    if not isinstance(source, str) or not isinstance(event_id, str):
        return None
    return None if "\x00" in source + event_id else (source, event_id)


def _close_gaps(store: Store, read: dict[Place, tuple[int, int]]) -> int:
    """Takes off the list what was looked into; what the topics no longer hold stays on it."""
    closed = 0
    with store.begin(Viewer.machine(NOBODY, "reconcile")) as tx:
        for gap in tx.gaps():
            first, committed = read.get((gap.topic, gap.partition), (0, 0))
            if first <= gap.first_offset and gap.last_offset < committed:
                tx.close_gap(gap)
                closed += 1
    return closed
