"""An installation with streams: its record, its topics, and workers that are real processes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from services.settings import Settings
from services.store import LogRow, Position, Store
from services.stream.intake import NOBODY, Record
from services.stream.looking import Looking
from services.stream.topics import Topics, declare
from services.viewer import Viewer
from tests.stream.brokers import Broker

FLEXDAY = "from services.cli import main; main()"
SESSION = 3.0
"""Seconds after which a worker that is killed is missed."""
WITHIN = 90.0
QUIET = 1.0
"""Seconds without a record after which a partition is taken to hold no more."""
Outcome = TypeVar("Outcome")
ROOT = Path(__file__).parent.parent.parent


@dataclass
class Worker:
    """A process of flexday."""

    process: subprocess.Popen[bytes]
    log: Path

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self, within: float = 30.0) -> int:
        self.process.terminate()
        return self.process.wait(within)

    @property
    def ended(self) -> int | None:
        return self.process.poll()

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")


@dataclass
class Installation:
    """A record and topics of their own, and the processes that work on them."""

    broker: Broker
    prefix: str
    database: str
    store: Store
    folder: Path
    partitions: int = 3
    more: dict[str, str] = field(default_factory=dict)
    workers: list[Worker] = field(default_factory=list)

    @property
    def settings(self) -> Settings:
        return Settings(
            _env_file=None,
            brokers=self.broker.address,
            topic_prefix=self.prefix,
            topic_partitions=self.partitions,
        )

    @property
    def topics(self) -> Topics:
        return Topics(self.prefix)

    def declare(self) -> None:
        asyncio.run(declare(self.settings))

    @property
    def environment(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if "FLEXDAY" not in name}
        return {
            **inherited,
            "PYTHONPATH": str(ROOT),
            "FLEXDAY_DATABASE": self.database,
            "FLEXDAY_BROKERS": self.broker.address,
            "FLEXDAY_TOPIC_PREFIX": self.prefix,
            "FLEXDAY_TOPIC_PARTITIONS": str(self.partitions),
            "FLEXDAY_STREAM_SESSION": str(SESSION),
            "FLEXDAY_RELAY_IDEMPOTENT": str(self.broker.exact),
            **self.more,
        }

    def start(self, *words: str, program: str = FLEXDAY) -> Worker:
        """Runs a command of flexday, or a program that changes it, in a process of its own."""
        log = self.folder / f"{'-'.join(words)}-{len(self.workers)}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-c", program, *words],
                env=self.environment,
                cwd=self.folder,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        self.workers.append(Worker(process, log))
        return self.workers[-1]

    def flexday(self, *words: str, status: int = 0) -> str:
        """Runs a command to its end, which is to be with `status`; what it printed."""
        done = subprocess.run(
            [sys.executable, "-c", FLEXDAY, *words],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout

    def end(self) -> None:
        for worker in self.workers:
            if worker.ended is None:
                worker.signal(signal.SIGCONT)
                worker.kill()

    def send(
        self, events: Iterable[Any], school: str | None = "east", topic: str = ""
    ) -> list[tuple[int, int]]:
        """Sends events, or bytes as they are, and waits until the broker has them; the partition
        and offset of each."""
        values = [each if isinstance(each, bytes) else json.dumps(each).encode() for each in events]
        key = None if school is None else school.encode()
        return asyncio.run(self._send(topic or self.topics.evidence.name, key, values))

    async def _send(
        self, topic: str, key: bytes | None, values: list[bytes]
    ) -> list[tuple[int, int]]:
        from aiokafka import AIOKafkaProducer

        producer = AIOKafkaProducer(bootstrap_servers=self.broker.address, acks="all", linger_ms=5)
        await producer.start()
        try:
            sending = [await producer.send(topic, value, key=key) for value in values]
            done = await asyncio.gather(*sending)
        finally:
            await producer.stop()
        return [(each.partition, each.offset) for each in done]

    def partition_of(self, school: str) -> int:
        """Where Kafka's own clients put the events of a school."""
        from aiokafka.partitioner import DefaultPartitioner

        numbers = list(range(self.partitions))
        return int(DefaultPartitioner()(school.encode(), numbers, numbers))

    def records(self, topic: str) -> list[Record]:
        """All that a topic holds, by partition and offset."""

        async def read() -> list[Record]:
            found: list[Record] = []
            async with Looking(self.settings) as looking:
                bounds = await looking.bounds(await looking.partitions([topic]))
                for place, (first, end) in bounds.items():
                    # The end that the wheel's broker tells lags by a batch.
                    until = end if self.broker.exact else None
                    found += [each async for each in looking.records(place, first, until, QUIET)]
            return found

        return asyncio.run(read())

    def headers(self, topic: str) -> list[dict[str, str]]:
        """What is written beside each record of a topic of one partition."""

        async def read() -> list[dict[str, str]]:
            from aiokafka import AIOKafkaConsumer

            async with AIOKafkaConsumer(
                topic, bootstrap_servers=self.settings.brokers, auto_offset_reset="earliest"
            ) as consumer:
                got = await consumer.getmany(timeout_ms=10_000)
                return [
                    {name: text.decode() for name, text in record.headers}
                    for records in got.values()
                    for record in records
                ]

        return asyncio.run(read())

    def committed(self) -> dict[tuple[str, int], int]:
        """How far the workers' group has committed each partition of what comes in."""

        async def ask() -> dict[tuple[str, int], int]:
            async with Looking(self.settings) as looking:
                waiting = await looking.waiting(await looking.partitions(self.topics.incoming))
                return {place: read for place, (read, _) in waiting.items()}

        return asyncio.run(ask())

    def logged(self, school: str = "east") -> list[LogRow]:
        with self.store.read(Viewer.machine(school)) as tx:
            return list(tx.events_since(0))

    def positions(self) -> list[Position]:
        with self.store.read(Viewer.machine(NOBODY)) as tx:
            return tx.positions()


def wait_until(
    look: Callable[[], Outcome], within: float = WITHIN, between: float = 0.3
) -> Outcome:
    """Looks again and again until there is something to see, and returns it."""
    until = time.monotonic() + within
    while not (found := look()):
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(between)
    return found
