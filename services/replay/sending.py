"""Sends recorded answers at a chosen speed, into a record of ours or to a running server."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import Protocol

from schemas.events import AnyEvent
from services.handlers import Outcome, handle_batch
from services.replay import Recorded
from services.store import Store, Unavailable
from services.viewer import Viewer

BATCH = 100
"""Events sent together when nothing holds them back."""
TRIES = 30
LONGEST_PAUSE = 5.0
SECONDS_TO_ANSWER = 60.0

Sink = Callable[[list[AnyEvent]], list[Outcome]]


class Refused(Exception):
    """The server takes nothing from us: what it said."""


class Timekeeper(Protocol):
    """What the pace needs of the time module."""

    def monotonic(self) -> float: ...

    def sleep(self, seconds: float, /) -> None: ...


def into_store(store: Store, viewer: Viewer) -> Sink:
    """A sink that takes events into a record directly."""
    return lambda events: handle_batch(store, viewer, events)


def to_server(address: str, key: str, timekeeper: Timekeeper = time) -> Sink:
    """A sink that posts batches to a running flexday, and tries again while it is away.

    `address` is where the server answers, such as http://localhost:8000.
    """
    endpoint = f"{address.rstrip('/')}/api/events"

    def post(events: list[AnyEvent]) -> list[Outcome]:
        body = json.dumps([event.model_dump(mode="json", exclude_none=True) for event in events])
        request = urllib.request.Request(
            endpoint,
            body.encode(),
            {
                "Content-Type": "application/cloudevents-batch+json",
                "Authorization": f"Bearer {key}",
            },
        )
        with urllib.request.urlopen(request, timeout=SECONDS_TO_ANSWER) as answer:
            return [Outcome(**outcome) for outcome in json.load(answer)["outcomes"]]

    return lambda events: _insist(post, events, timekeeper)


def send(
    recorded: Iterable[Recorded], sink: Sink, speed: float = 0, timekeeper: Timekeeper = time
) -> Iterator[list[Outcome]]:
    """Sends events in their order and gives the outcomes of each batch as it is acknowledged.

    `speed` is recorded seconds per second; 0 sends as fast as they are taken. What was sent in an
    earlier try comes back as duplicate and counts no second time.
    """
    batch: list[AnyEvent] = []
    began = timekeeper.monotonic()
    for answer in recorded:
        wait = answer.offset / speed - (timekeeper.monotonic() - began) if speed else 0
        if batch and (wait > 0 or len(batch) == BATCH):
            yield sink(batch)
            batch = []
            wait = answer.offset / speed - (timekeeper.monotonic() - began) if speed else 0
        if wait > 0:
            timekeeper.sleep(wait)
        batch.append(answer.event)
    if batch:
        yield sink(batch)


def tally(outcomes: Iterable[Outcome]) -> Counter[str]:
    """How many events came to each end."""
    return Counter(outcome.status for outcome in outcomes)


def _insist(post: Sink, events: list[AnyEvent], timekeeper: Timekeeper) -> list[Outcome]:
    """Posts until it is acknowledged: what had been taken in before comes back as duplicate."""
    pause, trouble = 0.1, ""
    for _ in range(TRIES):
        try:
            return post(events)
        except urllib.error.HTTPError as error:
            trouble = f"{error.code}: {error.read(500).decode(errors='replace')}"
            if error.code != HTTPStatus.SERVICE_UNAVAILABLE:
                raise Refused(f"the server answered {trouble}") from error
        except (OSError, ValueError) as error:
            trouble = str(error)
        timekeeper.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
    raise Unavailable(f"the server did not take it {TRIES} times in a row: {trouble}")
