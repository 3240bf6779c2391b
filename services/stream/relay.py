"""The relay: sends what the outbox holds to Kafka, in each school's order, until it is there."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import structlog

from schemas.events import PREFIX
from services import measures
from services.canonical import canonical
from services.settings import Settings
from services.store import Store, Unavailable
from services.stream.topics import Topics
from services.viewer import Viewer

AT_ONCE = 500
"""Messages of a school sent together."""
SECONDS_IDLE = 0.2
SECONDS_TROUBLED = (0.5, 1.0, 2.0, 5.0)
"""Waits after one failure, two, and so on; the last from then on."""
LARGEST_REQUEST = 8 * 1024 * 1024
"""Bytes before compression; what the broker takes is a setting of the broker."""

log = structlog.get_logger()


class Outgoing(NamedTuple):
    """A message as Kafka is given it; all of a school go to the partition of one number."""

    school: str
    topic: str
    key: bytes
    value: bytes
    id: str


Send = Callable[[Sequence[Outgoing]], Awaitable[None]]
"""Returns when the brokers have all of them, in their order; raises where that is not known."""


class Relay:
    """One school at a time, and of each school one relay at a time: so the newest value of a key
    is the last one sent. What was sent and not marked is sent again, under the same id."""

    def __init__(self, store: Store, topics: Topics, send: Send) -> None:
        self._store, self._topics, self._send = store, topics, send

    async def step(self) -> int:
        """Sends what waits; how many messages. Raises: Unavailable, or what `send` does."""
        done = 0
        for school in await asyncio.to_thread(self._store.schools_with_messages):
            done += await self._send_of(school)
        return done

    async def _send_of(self, school: str) -> int:
        with self._store.only_one(f"relay|{school}") as alone:
            if not alone:
                return 0
            viewer = Viewer.machine(school, "relay")
            rows = await asyncio.to_thread(self._waiting, viewer)
            await self._send([outgoing(row, school, self._topics) for row in rows])
            await asyncio.to_thread(self._mark, viewer, [row.id for row in rows])
            measures.SENT.inc(len(rows))
            return len(rows)

    def _waiting(self, viewer: Viewer) -> Sequence[Any]:
        with self._store.read(viewer) as tx:
            return tx.unsent(AT_ONCE)

    def _mark(self, viewer: Viewer, ids: Sequence[str]) -> None:
        with self._store.begin(viewer) as tx:
            tx.mark_sent(ids)

    async def run(self, stop: asyncio.Event) -> None:
        """Goes on until told to stop; while Kafka or the database is away, tries again."""
        failures = 0
        while not stop.is_set():
            try:
                wait = 0.0 if await self.step() else SECONDS_IDLE
                failures = 0
            except (Unavailable, ConnectionError, TimeoutError, _kafka_error()) as error:
                wait = SECONDS_TROUBLED[min(failures, len(SECONDS_TROUBLED) - 1)]
                failures += 1
                log.warning("cannot send now; trying again", reason=repr(error), failures=failures)
            await _wait(stop, wait)


def outgoing(row: Any, school: str, topics: Topics) -> Outgoing:
    """A message of the outbox as a CloudEvent. Its `sequence` grows within a school: whoever keeps
    the newest value of a key passes over what is not newer."""
    created: datetime = row.created_at
    event = {
        "specversion": "1.0",
        "id": row.id,
        "source": f"/flexday/{school}",
        "type": f"{PREFIX}{row.type}.v1",
        "time": created.isoformat(),
        "subject": row.aggregateid,
        "sequence": f"{row.seq:020}",
        "datacontenttype": "application/json",
        "data": json.loads(row.payload),
    }
    topic = topics.of(row.aggregatetype)
    return Outgoing(school, topic, row.aggregateid.encode(), canonical(event).encode(), row.id)


class Publisher:
    """An idempotent producer that waits for every copy; made when first needed, and anew after a
    fault, so that a broker may be away at any time."""

    def __init__(self, settings: Settings, topics: Topics) -> None:
        self._settings, self._topics = settings, topics
        self._producer: Any = None

    async def send(self, messages: Sequence[Outgoing]) -> None:
        """Raises: aiokafka.errors.KafkaError where it is not known that the brokers have all."""
        from aiokafka.errors import MessageSizeTooLargeError

        producer = await self._ready()
        try:
            sending = []
            for each in messages:
                try:
                    sending.append(await self._start(producer, each))
                except MessageSizeTooLargeError:
                    # It will never fit, and must not hold up the rest.
                    log.error("a message is too large to send", id=each.id, topic=each.topic)
                    sending.append(await self._start(producer, self._too_large(each)))
            await asyncio.gather(*sending)
        except BaseException:
            await self.close()
            raise

    async def _start(self, producer: Any, message: Outgoing) -> Any:
        headers = [("id", message.id.encode()), ("content-type", b"application/cloudevents+json")]
        partitions = sorted(await producer.partitions_for(message.topic))
        return await producer.send(
            message.topic,
            key=message.key,
            value=message.value,
            headers=headers,
            partition=partitions[_number(message.school) % len(partitions)],
        )

    def _too_large(self, message: Outgoing) -> Outgoing:
        told = {"topic": message.topic, "id": message.id, "reason": "too large to send"}
        return message._replace(
            topic=self._topics.dead_letters.name, value=canonical(told).encode()
        )

    async def _ready(self) -> Any:
        from aiokafka import AIOKafkaProducer

        if self._producer is None:
            producer: Any = AIOKafkaProducer(
                bootstrap_servers=self._settings.brokers,
                acks="all",
                enable_idempotence=self._settings.relay_idempotent,
                compression_type="gzip",
                max_request_size=LARGEST_REQUEST,
                request_timeout_ms=15_000,
                linger_ms=5,
            )
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
            self._producer = producer
        return self._producer

    async def close(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()


def _number(school: str) -> int:
    """What Kafka's own clients make of a school as a key, so that they find it."""
    from aiokafka.partitioner import murmur2

    return int(murmur2(school.encode())) & 0x7FFFFFFF


def run(settings: Settings, store: Store) -> None:
    """Relays until told to stop; what is under way is finished first."""
    asyncio.run(_run(settings, store))


async def _run(settings: Settings, store: Store) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    topics = Topics(settings.topic_prefix)
    publisher = Publisher(settings, topics)
    try:
        await Relay(store, topics, publisher.send).run(stop)
    finally:
        await publisher.close()


def _kafka_error() -> type[Exception]:
    from aiokafka.errors import KafkaError

    found: type[Exception] = KafkaError
    return found


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
