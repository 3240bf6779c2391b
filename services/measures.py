"""What a process counts of its own work, for Prometheus: never about a person."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from services.store import Store, Unavailable

EVENTS = Counter("flexday_events", "Events that came in, by what became of them", ["outcome"])
REQUESTS = Histogram(
    "flexday_http_request_seconds",
    "Requests answered, by address without what is filled in, and status",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
RUNS = Counter("flexday_runs", "Runs that this planner ended, by how", ["outcome"])
RUN_SECONDS = Histogram(
    "flexday_run_seconds",
    "From claim to end of a run that became a draft",
    buckets=(1, 2.5, 5, 10, 20, 30, 60, 120, 180, 300, 600),
)
BUSY = Gauge("flexday_planner_busy", "Whether this planner is answering a run")
GAPS = Counter("flexday_stream_gaps", "Times that offsets were passed over unread")
DEAD_LETTERS = Counter("flexday_dead_letters", "Records of streams that did not count")
SENT = Counter("flexday_messages_sent", "Messages that this relay sent")
LIVE = Gauge(
    "flexday_live_count", "What the stream counted of a school, by what", ["school", "count"]
)
AWAY = Counter("flexday_database_away", "Times that this process found the database away")


class WhatWaits(Collector):
    """Asked of the record whenever the figures are read."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def collect(self) -> Iterable[Metric]:
        """Runs and messages that wait, the age of the oldest, and whether the record answers."""
        try:
            waits, now = self._store.waiting(), self._store.clock()
        except Unavailable:
            yield _gauge("flexday_database_up", "Whether the record answers", 0)
            return
        yield _gauge("flexday_database_up", "Whether the record answers", 1)
        yield _gauge("flexday_runs_waiting", "Runs that no planner has claimed", waits.runs)
        yield _gauge(
            "flexday_oldest_run_seconds", "Age of the oldest of them", _age(waits.oldest_run, now)
        )
        yield _gauge("flexday_messages_unsent", "Messages that wait to be sent", waits.messages)
        yield _gauge(
            "flexday_oldest_message_seconds",
            "Age of the oldest of them",
            _age(waits.oldest_message, now),
        )


def _gauge(name: str, about: str, value: float) -> Metric:
    return GaugeMetricFamily(name, about, value=value)


def _age(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())
