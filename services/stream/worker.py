"""The Faust worker that takes events in: a thin shell around Intake, and the rule that it ends its
process, committing no offset, whenever it cannot go on."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

import structlog

from services.memory import settle
from services.settings import Settings
from services.store import Store, Unavailable
from services.stream.intake import NOBODY, DeadLetter, Intake, Record, TurnedBad
from services.stream.looking import Place
from services.stream.topics import Topics, group_of
from services.stream.watchdog import Watchdog
from services.viewer import Viewer

CANNOT_GO_ON = 70
"""Exit status after a fault that a restart may mend; what was not committed is offered again."""
SECONDS_TO_GATHER = 0.1
"""How long records are gathered to be committed together, where fewer than a batch wait: shorter,
and a busy machine commits them in many small batches, which costs three times as much."""
SECONDS_BETWEEN_LOOKS = 5.0
Ending = Callable[[int], NoReturn]

log = structlog.get_logger()


def run(settings: Settings, store: Store) -> None:
    """Takes events in until told to stop; never returns, the process ends."""
    import faust

    app = build(settings, store)
    settle()
    faust.Worker(app, loglevel="WARN", redirect_stdouts=False).execute_from_commandline()


def build(settings: Settings, store: Store, end: Ending = os._exit) -> Any:
    """The Faust application. `end` ends the process at once: to return or to raise would let Faust
    commit what was not done."""
    intake = Intake(store, settings.stream_window, settings.stream_most_bad)
    stopped = Stopped(store)
    app = _app(settings, stopped)
    names = Topics(settings.topic_prefix)
    incoming = app.topic(*names.incoming, value_serializer="raw", key_serializer="raw")
    dead = app.topic(names.dead_letters.name, value_serializer="raw", key_serializer="raw")
    watchdog = Watchdog(settings, stopped, end)

    async def take_in(stream: Any) -> None:
        async for events in stream.take_events(settings.stream_batch, within=SECONDS_TO_GATHER):
            try:
                records = [_record(event.message) for event in events]
                for letter in await asyncio.to_thread(intake.take_in, records):
                    await _send_dead(dead, letter)
            except TurnedBad as bad:
                log.error(str(bad))
                end(CANNOT_GO_ON)
            except BaseException:
                # Faust acknowledges an event whose agent raised, and so would lose it.
                log.exception("taking in cannot go on; ending, nothing is lost")
                end(CANNOT_GO_ON)

    async def watch() -> None:
        watchdog.start(lambda: list(_assigned(app)))

    async def let_on() -> None:
        places, assigned = await asyncio.to_thread(stopped.look), _assigned(app)
        app.consumer.resume_partitions({assigned[each] for each in places if each in assigned})

    # One after another: with more at once, Faust commits past what a killed worker had in hand.
    app.agent(incoming, name="taking-in", concurrency=1)(take_in)
    app.task(watch)
    app.timer(interval=SECONDS_BETWEEN_LOOKS)(let_on)
    return app


class Stopped:
    """The partitions that are stopped in the record, from which no worker may fetch."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.places: frozenset[Place] = frozenset()
        self.look()

    def look(self) -> frozenset[Place]:
        """Asks the record; returns those that were let on since the last look. While the record
        cannot be asked, what was stopped stays so."""
        try:
            with self._store.read(Viewer.machine(NOBODY, "stream")) as tx:
                found = tx.positions()
        except Unavailable:
            return frozenset()
        before = self.places
        self.places = frozenset((at.topic, at.partition) for at in found if at.stopped_at)
        return before - self.places


def _app(settings: Settings, stopped: Stopped) -> Any:
    import faust

    class HoldingBack(faust.App):
        """Never fetches from a stopped partition, whatever Faust resumes."""

        def _new_consumer(self) -> Any:
            consumer: Any = super()._new_consumer()
            resume = consumer.resume_partitions

            def resume_others(partitions: Iterable[Any]) -> None:
                resume({tp for tp in partitions if (tp.topic, tp.partition) not in stopped.places})

            consumer.resume_partitions = resume_others
            return consumer

    return faust_app(settings, group_of(settings), HoldingBack)


def faust_app(settings: Settings, group: str, kind: Any = None) -> Any:
    """A Faust application of a group, with what keeps it from losing events."""
    import faust

    return (kind or faust.App)(
        group,
        broker=[f"kafka://{each}" for each in settings.brokers.split(",")],
        store="memory://",
        web_enabled=False,
        topic_allow_declare=False,
        topic_disable_leader=True,
        processing_guarantee="at_least_once",
        consumer_auto_offset_reset="earliest",
        broker_commit_interval=1.0,
        broker_session_timeout=settings.stream_session,
        broker_heartbeat_interval=settings.stream_session / 4,
        producer_acks=-1,
        stream_wait_empty=True,
    )


def _assigned(app: Any) -> dict[Place, Any]:
    return {(tp.topic, tp.partition): tp for tp in app.consumer.assignment()}


def _record(message: Any) -> Record:
    return Record(message.topic, message.partition, message.offset, message.key, message.value)


async def _send_dead(topic: Any, letter: DeadLetter) -> None:
    """Puts a record that did not count where people look for such, with the reason."""
    record, outcome = letter
    about = {
        "reason": outcome.reason,
        "mend": outcome.mend,
        "status": outcome.status,
        "topic": record.topic,
        "partition": str(record.partition),
        "offset": str(record.offset),
    }
    headers = [(name, value.encode()) for name, value in about.items()]
    sending = await topic.send(key=record.key, value=record.value or b"", headers=headers)
    await sending
