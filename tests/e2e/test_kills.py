"""A server killed at random moments loses nothing it has acknowledged and counts nothing twice."""

from __future__ import annotations

import json
import multiprocessing
import random
import socket
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from services.folding import verify
from services.store import Store
from tests.e2e import event_server
from tests.services.small_school import EAST, enrol, event, evidence, key_for

PROCESSES = multiprocessing.get_context("forkserver")
"""Each server is a fresh process, forked from one that has loaded the modules already."""
PROCESSES.set_forkserver_preload(["tests.e2e.event_server"])
WRITERS = 4
STARTS_WITHIN = 60.0


@dataclass
class Server:
    """The application in a process of its own, which is killed and started again."""

    database: str
    port: int
    process: Any = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        arguments = (self.database, self.port)
        self.process = PROCESSES.Process(target=event_server.serve, args=arguments, daemon=True)
        self.process.start()
        until = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < until:
            try:
                urllib.request.urlopen(f"{self.address}/healthz", timeout=5).close()
                return
            except OSError:
                time.sleep(0.05)
        raise TimeoutError("the server did not start")

    def kill(self) -> None:
        self.process.kill()
        self.process.join()


@dataclass
class Writer:
    """Posts events one by one and in batches, again and again until each is acknowledged."""

    number: int
    address: str
    key: str
    stop: threading.Event
    acknowledged: Counter[str] = field(default_factory=Counter)
    sent: dict[str, Any] = field(default_factory=dict)
    refused: list[Any] = field(default_factory=list)
    """Answers that no writer should get; a failure in a thread of its own would go unheard."""

    def run(self) -> None:
        chance, count = random.Random(self.number), 0
        while not self.stop.is_set():
            size = chance.choice([1, 1, 1, 20])
            events = [self._event(chance, count + offset) for offset in range(size)]
            count += size
            self.sent |= {each["id"]: each for each in events}
            if self.sent and chance.random() < 0.2:
                events.append(self.sent[chance.choice(sorted(self.sent))])
            self._insist(events)

    def _event(self, chance: random.Random, count: int) -> dict[str, Any]:
        id, student = f"w{self.number}-{count}", chance.choice(["ada", "ben", "cy", "dee"])
        if chance.random() < 0.1:
            block = chance.choice(["b1", "b2"])
            return event(
                "attendance.taken", id, student=student, day="2026-10-01", block=block,
                status="present",
            )  # fmt: skip
        competency = chance.choice(["c1", "c2"])
        score = chance.randrange(11) / 10
        return evidence(id, score, minute=count, student=student, competency=competency)

    def _insist(self, events: list[dict[str, Any]]) -> None:
        body: Any = events if len(events) > 1 else events[0]
        while True:
            try:
                told = self._post(body)
            except (OSError, HTTPException, ValueError):
                if self.stop.wait(0.05):
                    return
                continue
            for outcome in told.get("outcomes", [told]):
                if outcome["status"] not in ("accepted", "duplicate"):
                    self.refused.append(outcome)
                self.acknowledged[outcome["event_id"]] += outcome["status"] == "accepted"
            return

    def _post(self, body: Any) -> Any:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.key}"}
        request = urllib.request.Request(
            f"{self.address}/api/events", json.dumps(body).encode(), headers
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("kills", [6, pytest.param(40, marks=pytest.mark.soak)])
def test_no_acknowledged_event_is_lost_and_none_counts_twice(tmp_path: Path, kills: int) -> None:
    database = f"sqlite:///{tmp_path}/flexday.db"
    store = Store(database)
    store.migrate()
    enrol(store)
    key = key_for(store)
    server, stop, chance = Server(database, free_port()), threading.Event(), random.Random(kills)
    server.start()
    writers = [Writer(number, server.address, key, stop) for number in range(WRITERS)]
    threads = [threading.Thread(target=writer.run) for writer in writers]
    for thread in threads:
        thread.start()
    try:
        for _ in range(kills):
            time.sleep(chance.uniform(0.05, 0.8))
            server.kill()
            server.start()
        time.sleep(0.5)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        server.kill()
    check_history(store, writers)
    store.close()


def check_history(store: Store, writers: list[Writer]) -> None:
    acknowledged = Counter[str]()
    sent: dict[str, Any] = {}
    for writer in writers:
        acknowledged += Counter(dict.fromkeys(writer.acknowledged, 1))
        sent |= writer.sent
        assert writer.refused == []
        assert max(writer.acknowledged.values()) == 1, "accepted twice"
    with store.begin(EAST) as tx:
        logged = list(tx.events_since(0))
        states = list(tx.mastery())
        assert tx.connection.execute(text("PRAGMA integrity_check")).scalar() == "ok"
    ids = Counter(row.event_id for row in logged)
    assert len(acknowledged) > 100
    assert set(acknowledged) - set(ids) == set(), "acknowledged and lost"
    assert max(ids.values()) == 1, "logged twice"
    assert set(ids) <= set(sent)
    assert [row.seq for row in logged] == list(range(1, len(logged) + 1))
    evidence_logged = sum(row.name == "evidence.recorded" for row in logged)
    assert sum(state.evidence_count for state in states) == evidence_logged
    assert all(comparison.same for comparison in verify(store, "east"))
