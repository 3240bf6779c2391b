"""Recorded answers are sent at their pace, and again and again until they are acknowledged."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from schemas.events import EvidenceRecorded, decode
from services.handlers import Outcome
from services.replay import Recorded
from services.replay.sending import BATCH, Refused, into_store, send, tally, to_server
from services.store import Store, Unavailable
from tests.services.small_school import EAST, enrol, evidence


class Stopwatch:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float, /) -> None:
        self.now += seconds


def recorded(count: int, apart: float) -> list[Recorded]:
    """Answers some seconds apart."""
    answers = []
    for number in range(count):
        event = decode(evidence(f"e{number}", minute=number))
        assert isinstance(event, EvidenceRecorded)
        answers.append(Recorded(event, number * apart, number + 2))
    return answers


def sent_at(speed: float, count: int = 5, apart: float = 60.0) -> list[tuple[float, int]]:
    """(second, size) of each batch."""
    watch, batches = Stopwatch(), list[tuple[float, int]]()

    def sink(events: list[Any]) -> list[Outcome]:
        batches.append((watch.now, len(events)))
        return []

    list(send(recorded(count, apart), sink, speed, watch))
    return batches


def test_answers_a_minute_apart_go_out_a_second_apart_at_sixtyfold_speed() -> None:
    assert sent_at(60) == [(0, 1), (1, 1), (2, 1), (3, 1), (4, 1)]


def test_answers_of_the_same_moment_go_out_together() -> None:
    assert sent_at(60, apart=0) == [(0, 5)]


def test_without_a_speed_they_go_out_in_full_batches() -> None:
    assert sent_at(0, count=2 * BATCH + 1) == [(0, BATCH), (0, BATCH), (0, 1)]


def test_a_replay_stopped_and_started_again_counts_nothing_twice(store: Store) -> None:
    enrol(store)
    sink, answers = into_store(store, EAST), recorded(150, 1)
    first = next(send(answers, sink))
    again = [outcome for batch in send(answers, sink) for outcome in batch]
    assert tally(first) == {"accepted": 100}
    assert tally(again) == {"accepted": 50, "duplicate": 100}


@pytest.fixture
def server() -> Iterator[Any]:
    """A server that answers with the statuses it is given, then with outcomes."""

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            events = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status = told.statuses.pop(0) if told.statuses else 200
            told.keys.append(self.headers["Authorization"])
            outcomes = [vars(Outcome("accepted", e["source"], e["id"])) for e in events]
            body = json.dumps({"outcomes": outcomes}).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            return

    told: Any = http.server.HTTPServer(("127.0.0.1", 0), Answers)
    told.statuses, told.keys = [], []
    thread = threading.Thread(target=told.serve_forever)
    thread.start()
    yield told
    told.shutdown()
    thread.join()
    told.server_close()


def at(server: Any) -> str:
    return f"http://127.0.0.1:{server.server_port}/"


def test_a_server_that_is_busy_is_asked_again(server: Any) -> None:
    server.statuses = [503, 503]
    watch = Stopwatch()
    outcomes = to_server(at(server), "k", watch)([each.event for each in recorded(2, 1)])
    assert tally(outcomes) == {"accepted": 2}
    assert server.keys == ["Bearer k"] * 3
    assert watch.now > 0


def test_a_server_that_refuses_is_not_asked_again(server: Any) -> None:
    server.statuses = [401]
    with pytest.raises(Refused, match="401"):
        to_server(at(server), "wrong", Stopwatch())([])
    assert len(server.keys) == 1


def test_a_server_that_is_gone_is_given_up_after_a_while() -> None:
    watch = Stopwatch()
    with pytest.raises(Unavailable, match="30 times"):
        to_server("http://127.0.0.1:1", "k", watch)([])
    assert timedelta(seconds=watch.now) > timedelta(minutes=1)
