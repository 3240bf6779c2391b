"""Events that many bring at the same moment: committed together, each told what became of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from services import gathering as gathering_module
from services.gathering import MOST_TOGETHER, Gathering
from services.handlers import Outcome
from services.store import Store, Unavailable
from services.viewer import Viewer
from tests.services.small_school import EAST, enrol, evidence

WEST = Viewer.machine("west")


class Slow:
    """Takes the place of the way in; each batch is held until it is let go."""

    def __init__(self) -> None:
        self.batches: list[list[Any]] = []
        self.begun = threading.Semaphore(0)
        self.let_go = threading.Semaphore(0)
        self.fault: Exception | None = None

    def __call__(self, store: Store, viewer: Viewer, raws: Sequence[Any]) -> list[Outcome]:
        self.batches.append(list(raws))
        self.begun.release()
        assert self.let_go.acquire(timeout=10)
        if self.fault is not None:
            raise self.fault
        return [Outcome("accepted", "tests", str(raw)) for raw in raws]


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    made = Slow()
    monkeypatch.setattr(gathering_module, "handle_batch", made)
    return made


def waiting(gathering: Gathering, viewer: Viewer, count: int) -> Callable[[], bool]:
    def all_wait() -> bool:
        return len(gathering._queues.get(viewer, ())) == count

    return all_wait


def until(holds: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(1000):
        if holds():
            return
        pause.wait(0.01)
    raise AssertionError("it did not come to that")


def test_what_comes_during_a_commit_shares_the_next_one(store: Store, slow: Slow) -> None:
    gathering = Gathering(store)
    with ThreadPoolExecutor(8) as threads:
        first = threads.submit(gathering.handle, EAST, 0)
        slow.begun.acquire()
        others = [threads.submit(gathering.handle, EAST, number) for number in range(1, 6)]
        until(waiting(gathering, EAST, 5))
        slow.let_go.release(2)
        told = [each.result(10).event_id for each in (first, *others)]
    assert told == ["0", "1", "2", "3", "4", "5"], "each is told of its own event"
    assert [len(batch) for batch in slow.batches] == [1, 5]
    assert gathering._queues == {}


def test_no_more_share_a_commit_than_a_transaction_should_hold(store: Store, slow: Slow) -> None:
    gathering, many = Gathering(store), MOST_TOGETHER + 20
    with ThreadPoolExecutor(many + 1) as threads:
        first = threads.submit(gathering.handle, EAST, 0)
        slow.begun.acquire()
        others = [threads.submit(gathering.handle, EAST, number) for number in range(1, many + 1)]
        until(waiting(gathering, EAST, many))
        slow.let_go.release(3)
        assert {each.result(10).status for each in (first, *others)} == {"accepted"}
    assert [len(batch) for batch in slow.batches] == [1, MOST_TOGETHER, 20]


def test_one_sender_does_not_wait_for_another(store: Store, slow: Slow) -> None:
    gathering = Gathering(store)
    with ThreadPoolExecutor(2) as threads:
        held = threads.submit(gathering.handle, EAST, "of east")
        slow.begun.acquire()
        free = threads.submit(gathering.handle, WEST, "of west")
        assert slow.begun.acquire(timeout=10), "west's commit begins while east's is held"
        slow.let_go.release(2)
        assert held.result(10).event_id == "of east"
        assert free.result(10).event_id == "of west"


def test_when_the_database_is_away_everybody_is_told_and_the_next_may_try(
    store: Store, slow: Slow
) -> None:
    gathering = Gathering(store)
    slow.fault = Unavailable("the database is away")
    with ThreadPoolExecutor(4) as threads:
        first = threads.submit(gathering.handle, EAST, 0)
        slow.begun.acquire()
        others = [threads.submit(gathering.handle, EAST, number) for number in range(1, 4)]
        until(waiting(gathering, EAST, 3))
        slow.let_go.release(2)
        for each in (first, *others):
            with pytest.raises(Unavailable):
                each.result(10)
    slow.fault = None
    slow.let_go.release()
    assert gathering.handle(EAST, 9).event_id == "9"


def test_many_at_once_are_each_counted_once_and_logged_in_their_own_order(store: Store) -> None:
    enrol(store)
    gathering = Gathering(store)

    def bring(who: int) -> list[str]:
        return [
            gathering.handle(EAST, evidence(f"{who}-{number:02}", minute=number)).status
            for number in range(12)
        ]

    with ThreadPoolExecutor(6) as threads:
        told = list(threads.map(bring, range(6)))
    assert told == [["accepted"] * 12] * 6
    with store.read(EAST) as tx:
        logged = [row.event_id for row in tx.events_since(0)]
    assert len(logged) == 72
    for who in range(6):
        ours = [id for id in logged if id.startswith(f"{who}-")]
        assert ours == sorted(ours)


def test_one_that_cannot_be_read_does_not_spoil_those_beside_it(store: Store) -> None:
    enrol(store)
    gathering = Gathering(store)
    raws = [evidence("good", minute=1), b"{", evidence("fine", minute=2), evidence("good", 0.1)]
    with ThreadPoolExecutor(4) as threads:
        told = list(threads.map(lambda raw: gathering.handle(EAST, raw).status, raws))
    assert told[1] == "quarantined"
    assert told[2] == "accepted"
    assert sorted([told[0], told[3]]) == ["accepted", "conflict"]
