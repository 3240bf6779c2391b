"""Events that many bring at the same moment: committed together, each told what became of it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from functools import wraps
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
        self.let_go = threading.Semaphore(0)
        self.fault: Exception | None = None

    def __call__(self, store: Store, viewer: Viewer, raws: Sequence[Any]) -> list[Outcome]:
        self.batches.append(list(raws))
        assert self.let_go.acquire(timeout=10)
        if self.fault is not None:
            raise self.fault
        return [Outcome("accepted", "tests", str(raw)) for raw in raws]

    async def has_begun(self, batches: int) -> None:
        for _ in range(1000):
            if len(self.batches) == batches:
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"{len(self.batches)} batches have begun, not {batches}")


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Slow:
    made = Slow()
    monkeypatch.setattr(gathering_module, "handle_batch", made)
    return made


def in_a_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    @wraps(test)
    def run(**fixtures: Any) -> None:
        asyncio.run(asyncio.wait_for(test(**fixtures), 30))

    return run


async def bring(gathering: Gathering, viewer: Viewer, raws: Sequence[Any]) -> asyncio.Future[Any]:
    """Brings events, one request each; they are at the door when this returns."""
    brought = asyncio.gather(
        *(gathering.handle(viewer, raw) for raw in raws), return_exceptions=True
    )
    await asyncio.sleep(0)
    return brought


@in_a_loop
async def test_what_comes_during_a_commit_shares_the_next_one(store: Store, slow: Slow) -> None:
    gathering = Gathering(store)
    first = await bring(gathering, EAST, [0])
    await slow.has_begun(1)
    others = await bring(gathering, EAST, [1, 2, 3, 4, 5])
    slow.let_go.release(2)
    told = [each.event_id for each in (*await first, *await others)]
    assert told == ["0", "1", "2", "3", "4", "5"], "each is told of its own event"
    assert [len(batch) for batch in slow.batches] == [1, 5]
    assert gathering._queues == {}


@in_a_loop
async def test_no_more_share_a_commit_than_a_transaction_should_hold(
    store: Store, slow: Slow
) -> None:
    gathering = Gathering(store)
    first = await bring(gathering, EAST, [0])
    await slow.has_begun(1)
    others = await bring(gathering, EAST, range(1, MOST_TOGETHER + 21))
    slow.let_go.release(3)
    assert {each.status for each in (*await first, *await others)} == {"accepted"}
    assert [len(batch) for batch in slow.batches] == [1, MOST_TOGETHER, 20]


@in_a_loop
async def test_one_sender_does_not_wait_for_another(store: Store, slow: Slow) -> None:
    gathering = Gathering(store)
    of_east = await bring(gathering, EAST, ["of east"])
    await slow.has_begun(1)
    of_west = await bring(gathering, WEST, ["of west"])
    await slow.has_begun(2)
    slow.let_go.release(2)
    assert [each.event_id for each in (*await of_east, *await of_west)] == ["of east", "of west"]


@in_a_loop
async def test_when_the_database_is_away_everybody_is_told_and_the_next_may_try(
    store: Store, slow: Slow
) -> None:
    gathering = Gathering(store)
    slow.fault = Unavailable("the database is away")
    first = await bring(gathering, EAST, [0])
    await slow.has_begun(1)
    others = await bring(gathering, EAST, [1, 2, 3])
    slow.let_go.release(2)
    assert {type(each) for each in (*await first, *await others)} == {Unavailable}
    slow.fault = None
    slow.let_go.release()
    assert (await gathering.handle(EAST, 9)).event_id == "9"


@in_a_loop
async def test_who_leaves_before_the_commit_holds_up_nobody(store: Store, slow: Slow) -> None:
    gathering = Gathering(store)
    first = asyncio.create_task(gathering.handle(EAST, 0))
    await slow.has_begun(1)
    leaves = asyncio.create_task(gathering.handle(EAST, 1))
    stays = await bring(gathering, EAST, [2])
    first.cancel()
    leaves.cancel()
    slow.let_go.release(2)
    assert [each.event_id for each in await stays] == ["2"]
    assert slow.batches == [[0], [1, 2]], "what was brought is committed all the same"


@in_a_loop
async def test_many_at_once_are_each_counted_once_and_logged_in_their_own_order(
    store: Store,
) -> None:
    enrol(store)
    gathering = Gathering(store)

    async def bring_some(who: int) -> list[str]:
        sent = [evidence(f"{who}-{number:02}", minute=number) for number in range(12)]
        return [(await gathering.handle(EAST, event)).status for event in sent]

    told = await asyncio.gather(*(bring_some(who) for who in range(6)))
    assert told == [["accepted"] * 12] * 6
    with store.read(EAST) as tx:
        logged = [row.event_id for row in tx.events_since(0)]
    assert len(logged) == 72
    for who in range(6):
        ours = [id for id in logged if id.startswith(f"{who}-")]
        assert ours == sorted(ours)


@in_a_loop
async def test_one_that_cannot_be_read_does_not_spoil_those_beside_it(store: Store) -> None:
    enrol(store)
    gathering = Gathering(store)
    raws = [evidence("good", minute=1), b"{", evidence("fine", minute=2), evidence("good", 0.1)]
    told = [each.status for each in await (await bring(gathering, EAST, raws))]
    assert told == ["accepted", "quarantined", "accepted", "conflict"]
