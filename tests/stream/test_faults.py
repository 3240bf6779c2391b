"""What streams withstand under load: workers and relays killed, frozen, joining and leaving, and a
broker that is gone."""

from __future__ import annotations

import json
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import text

from services.folding import verify
from services.handlers import handle
from services.store import Unavailable
from services.viewer import Viewer
from tests.services.small_school import competency, enrol, evidence, student
from tests.stream.installation import SESSION, Installation, Worker, wait_until

pytestmark = pytest.mark.parametrize("address", ["postgresql"], indirect=True)

SCHOOLS = ("east", "west", "north", "south")
STUDENTS = tuple(student(f"s{number}") for number in range(60))
COURSE = tuple(competency(f"c{number}", f"C.{number}") for number in range(10))
SILENT = 10.0
"""Seconds after which a worker that takes nothing in, though something waits, ends itself."""
soak = pytest.mark.soak


@dataclass
class Load:
    """Sends events of several schools to Kafka, and some by HTTP's way in, all the while."""

    installation: Installation
    stop: threading.Event = field(default_factory=threading.Event)
    sent: Counter[str] = field(default_factory=Counter)
    acknowledged: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def to_kafka(self) -> None:
        """Events acknowledged by the broker; some are sent twice."""
        chance, count = random.Random(7), 0
        while not self.stop.is_set():
            school = chance.choice(SCHOOLS)
            events = [self._event(chance, f"k{count + number}") for number in range(10)]
            count += 10
            again = chance.sample(events, 2)
            try:
                self.installation.send([*events, *again], school)
            except Exception:
                # Not acknowledged: it may be there or not, so it is sent once more.
                if self.stop.wait(1.0):
                    return
                self._send_until_there(events, school)
            self.sent.update(f"{school}/{each['id']}" for each in events)
            self.stop.wait(0.05)

    def _send_until_there(self, events: list[Any], school: str) -> None:
        while True:
            try:
                self.installation.send(events, school)
                return
            except Exception:
                time.sleep(1.0)

    def past_kafka(self) -> None:
        """Events taken in as HTTP takes them in."""
        chance, count = random.Random(8), 0
        while not self.stop.is_set():
            school = chance.choice(SCHOOLS)
            told = self._event(chance, f"h{count}")
            count += 1
            try:
                outcome = handle(self.installation.store, Viewer.machine(school), told)
            except Unavailable as error:
                self.faults.append(str(error))
                continue
            assert outcome.status == "accepted", outcome
            self.acknowledged[f"{school}/{told['id']}"] += 1
            self.stop.wait(0.05)

    def _event(self, chance: random.Random, id: str) -> Any:
        about = {"student": chance.choice(STUDENTS).id, "competency": chance.choice(COURSE).id}
        return evidence(id, chance.randrange(11) / 10, minute=chance.randrange(50_000), **about)


@contextmanager
def load_on(installation: Installation) -> Iterator[Load]:
    """Load for as long as the block lasts; at its end everything that was sent is checked."""
    for school in SCHOOLS:
        enrol(
            installation.store, school, students=STUDENTS, competencies=COURSE,
            courses=(), sections=(), guardians=(), relations=(),
        )  # fmt: skip
    load = Load(installation)
    threads = [threading.Thread(target=each) for each in (load.to_kafka, load.past_kafka)]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        load.stop.set()
        for thread in threads:
            thread.join()


def check_nothing_is_lost_and_nothing_counts_twice(installation: Installation, load: Load) -> None:
    expected = {*load.sent, *load.acknowledged}
    while_it_shrinks(lambda: expected - set(logged(installation)))
    assert max(logged(installation).values()) == 1
    assert set(logged(installation)) == expected
    for school in SCHOOLS:
        assert all(each.same for each in verify(installation.store, school))
        seqs = [row.seq for row in installation.logged(school)]
        assert seqs == list(range(1, len(seqs) + 1))
    with installation.store.read(Viewer.machine("?")) as tx:
        assert tx.gaps() == []


def while_it_shrinks(missing: Callable[[], Collection[Any]], patience: float = 60.0) -> None:
    """Waits until nothing is missing any more, for as long as less and less is: a backlog of any
    length is worked off, and what does not come in `patience` seconds is lost."""
    least, since = len(missing()), time.monotonic()
    while left := missing():
        if len(left) < least:
            least, since = len(left), time.monotonic()
        silent = time.monotonic() - since
        assert silent < patience, f"{len(left)} do not come, such as {sorted(left)[:5]}"
        time.sleep(0.3)


def logged(installation: Installation) -> Counter[str]:
    return Counter(
        f"{school}/{row.event_id}" for school in SCHOOLS for row in installation.logged(school)
    )


def last_sequences(installation: Installation) -> dict[str, int]:
    """The newest sequence of each school in the record."""
    found = {}
    for school in SCHOOLS:
        with installation.store.read(Viewer.machine(school)) as tx:
            number = text("select outbox_seq from school where school_id = :school")
            found[school] = tx.connection.execute(number, {"school": school}).scalar_one()
    return found


def check_everything_went_out(installation: Installation) -> None:
    """Each message of each school is in the topic, and the last of a key is its newest."""

    while_it_shrinks(lambda: range(installation.store.waiting().messages))
    held = [
        json.loads(each.value or b"")
        for each in installation.records(installation.topics.mastery.name)
    ]
    sequences: dict[str, set[int]] = {school: set() for school in SCHOOLS}
    newest: dict[str, int] = {}
    last: dict[str, int] = {}
    for event in held:
        sequence, key = int(event["sequence"]), event["subject"]
        sequences[event["data"]["school"]].add(sequence)
        newest[key] = max(newest.get(key, 0), sequence)
        last[key] = sequence
    assert last == newest
    for school, number in last_sequences(installation).items():
        assert sequences[school] == set(range(1, number + 1))


@pytest.mark.parametrize("kills", [2, pytest.param(40, marks=soak)])
def test_stream_workers_and_relays_are_killed_and_nothing_is_lost_or_counts_twice(
    installation: Installation, kills: int
) -> None:
    chance = random.Random(kills)
    with load_on(installation) as load:
        stream, relay = installation.start("stream"), installation.start("relay")
        wait_until(lambda: any(name.partition("/")[2][0] == "k" for name in logged(installation)))
        for _ in range(kills):
            time.sleep(chance.uniform(0.5, 2.5))
            stream.kill()
            relay.kill()
            before = len(logged(installation))
            stream, relay = installation.start("stream"), installation.start("relay")
            wait_until(lambda before=before: len(logged(installation)) > before + 20)
    check_nothing_is_lost_and_nothing_counts_twice(installation, load)
    check_everything_went_out(installation)


@pytest.mark.parametrize("changes", [2, pytest.param(100, marks=soak)])
def test_three_workers_join_leave_die_and_freeze_and_nothing_is_missing(
    installation: Installation, changes: int
) -> None:
    chance = random.Random(changes)
    installation.more["FLEXDAY_STREAM_SILENT"] = str(SILENT)
    with load_on(installation) as load:
        workers = [installation.start("stream") for _ in range(3)]
        relay = installation.start("relay")
        wait_until(lambda: any(name.partition("/")[2][0] == "k" for name in logged(installation)))
        for number in range(changes):
            one = workers.pop(chance.randrange(len(workers)))
            befall(["freeze", "die", "leave", "die"][number % 4], one, workers)
            if len(workers) < 3:
                workers.append(installation.start("stream"))
            time.sleep(chance.uniform(0.5, 2.0))
    with supervised(installation, workers):
        check_nothing_is_lost_and_nothing_counts_twice(installation, load)
    assert relay.ended is None


@contextmanager
def supervised(installation: Installation, workers: list[Worker]) -> Iterator[None]:
    """Starts another worker for each that ends, as an installation does with one that ended itself
    because it could not go on."""
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(0.5):
            for one in [each for each in workers if each.ended is not None]:
                workers.remove(one)
                workers.append(installation.start("stream"))

    watch = threading.Thread(target=look)
    watch.start()
    try:
        yield
    finally:
        ended.set()
        watch.join()


def befall(what: str, one: Worker, workers: list[Worker]) -> None:
    if what == "die":
        one.kill()
    elif what == "leave":
        one.stop(60)
    else:
        one.signal(signal.SIGSTOP)
        time.sleep(2 * SESSION)
        one.signal(signal.SIGCONT)
        workers.append(one)


@pytest.mark.parametrize(
    "seconds", [6, pytest.param(30, marks=soak), pytest.param(300, marks=soak)]
)
def test_while_the_broker_is_gone_events_are_taken_in_and_afterwards_everything_goes_out(
    installation: Installation, seconds: float
) -> None:
    with load_on(installation) as load:
        installation.start("stream")
        installation.start("relay")
        wait_until(
            lambda: (
                installation.store.waiting().messages == 0
                and load.sent.keys() & logged(installation).keys()
            )
        )
        installation.broker.gone()
        try:
            before = sum(load.acknowledged.values())
            time.sleep(seconds)
            taken = sum(load.acknowledged.values()) - before
            waits = installation.store.waiting().messages
        finally:
            installation.broker.back()
        assert taken > 5 * seconds
        assert waits > seconds
        assert load.faults == []
        of_kafka = sum(load.sent.values())
        wait_until(lambda: sum(load.sent.values()) > of_kafka + 20)
    check_nothing_is_lost_and_nothing_counts_twice(installation, load)
    check_everything_went_out(installation)
