"""Live counts of each school, kept by Faust from what goes out: newest values by key, and sums."""

from __future__ import annotations

import asyncio
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import structlog

from services import measures
from services.settings import Settings
from services.store import Counts, Store
from services.stream.topics import SEEN, Topics
from services.stream.worker import CANNOT_GO_ON, Ending, faust_app
from services.viewer import Viewer

SECONDS_BETWEEN_TELLINGS = 1.0

log = structlog.get_logger()


class Seen(NamedTuple):
    """What is kept of a message: absolute values under its school's growing sequence."""

    sequence: int
    events: int = 0
    reached_at: str = ""
    """When the estimate last rose, of a competency that counts as mastered."""
    stuck: str = ""
    """The student, where another approach is needed."""

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> Seen:
        """What a message of ours says, mastery or anything else."""
        sequence, data = int(event["sequence"]), event["data"]
        mastery = data.get("mastery")
        if mastery is None:
            return cls(sequence)
        reached_at = mastery.get("last_progress_at") or "" if mastery.get("reached") else ""
        return cls(
            sequence,
            int(data["seq"]),
            reached_at,
            mastery["student"] if data.get("stuck") else "",
        )


class Tallies:
    """Sums over the newest values of each key, by school; the order of arrival has no bearing, and
    nothing counts twice, as a value only ever takes the place of an older one of its key."""

    def __init__(self) -> None:
        self._held: dict[str, dict[str, Seen]] = defaultdict(dict)

    def put(self, school: str, key: str, seen: Seen) -> bool:
        """Keeps a value if it is newer than the one of its key; whether it was."""
        held = self._held[school].get(key)
        if held is not None and held.sequence >= seen.sequence:
            return False
        self._held[school][key] = seen
        return True

    def counts(self, school: str, today: date, zone: ZoneInfo) -> Counts:
        """The sums of a school; what is mastered today is by its own calendar."""
        values = list(self._held[school].values())
        return Counts(
            sequence=max((each.sequence for each in values), default=0),
            events=max((each.events for each in values), default=0),
            mastered_today=sum(_on(each.reached_at, zone) == today for each in values),
            stuck_students=len({each.stuck for each in values if each.stuck}),
            day=today,
        )


def _on(at: str, zone: ZoneInfo) -> date | None:
    return datetime.fromisoformat(at).astimezone(zone).date() if at else None


def run(settings: Settings, store: Store) -> None:
    """Keeps the counts until told to stop; never returns, the process ends."""
    import faust

    app = build(settings, store)
    faust.Worker(app, loglevel="WARN", redirect_stdouts=False).execute_from_commandline()


def build(settings: Settings, store: Store, end: Ending = os._exit) -> Any:
    """The Faust application. Its table can be dropped at any time: under another
    `views_version` it is made anew from the topics."""
    names = Topics(settings.topic_prefix, settings.views_version)
    app = faust_app(settings, names.views_group)
    told = app.topic(*names.outgoing, value_serializer="raw", key_serializer="raw")
    table = app.Table(
        SEEN,
        partitions=settings.topic_partitions,
        key_type=str,
        value_type=list,
        help="the newest message of each key: [school, sequence, ...], never a sum",
    )
    tallies, changed = Tallies(), set[str]()

    async def keep(stream: Any) -> None:
        async for event in stream.events():
            try:
                key, school, seen = _read(event.message)
                held = table.get(key)
                if held is None or held[1] < seen.sequence:
                    table[key] = [school, *seen]
                if tallies.put(school, key, seen):
                    changed.add(school)
            except BaseException:
                log.exception("counting cannot go on; ending")
                end(CANNOT_GO_ON)

    async def recall(*_: Any, **__: Any) -> None:
        for key, (school, *values) in table.items():
            tallies.put(school, key, Seen(*values))
            changed.add(school)

    async def tell() -> None:
        due = set(changed)
        changed.clear()
        try:
            await asyncio.to_thread(_tell, store, tallies, due)
        except Exception as error:
            changed.update(due)
            log.warning("counts could not be told; trying again", reason=type(error).__name__)

    app.agent(told, name="counting", concurrency=1)(keep)
    table.on_recover(recall)
    app.timer(interval=SECONDS_BETWEEN_TELLINGS)(tell)
    return app


def _read(message: Any) -> tuple[str, str, Seen]:
    """The key a message's value is kept under, its school, and what it says."""
    event = json.loads(message.value)
    school = event["source"].removeprefix("/flexday/")
    key = (message.key or b"").decode()
    # Of what is no state, such as a notice, only how far it came is kept.
    is_state = "mastery" in event["data"]
    return (key if is_state else f"{school}|at"), school, Seen.of(event)


def _tell(store: Store, tallies: Tallies, schools: Iterable[str]) -> None:
    for school in sorted(schools):
        with store.begin(Viewer.machine(school, "counts")) as tx:
            zone = ZoneInfo(tx.school().zone)
            counts = tallies.counts(school, tx.today(), zone)
            tx.save_counts(counts)
            told = tx.counts()
        measured = {
            "events": counts.events,
            "messages_behind": told.behind if told else 0,
            "mastered_today": counts.mastered_today,
            "stuck_students": counts.stuck_students,
        }
        for name, value in measured.items():
            measures.LIVE.labels(school, name).set(value)
