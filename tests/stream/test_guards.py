"""Each guard of the stream with what happens where it is taken away."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from services.stream.topics import group_of
from services.stream.watchdog import FELL_SILENT
from services.stream.worker import CANNOT_GO_ON
from services.viewer import Viewer
from tests.services.small_school import enrol, evidence
from tests.stream.installation import Installation, wait_until

pytestmark = pytest.mark.parametrize("address", ["postgresql"], indirect=True)

FAILS_ONCE = """
from services.stream import intake, worker
handle, failed = intake.handle_batch, []
def fail_once(store, viewer, raws, alongside):
    if any(b'"fault"' in raw for raw in raws) and not failed:
        failed.append(1)
        raise RuntimeError("a fault of the infrastructure")
    return handle(store, viewer, raws, alongside)
intake.handle_batch = fail_once
"""
GOES_ON = """
build = worker.build
worker.build = lambda settings, store: build(settings, store, end=lambda status: None)
"""
HANGS = """
import time
from services.stream import intake
def hang(store, viewer, raws, alongside):
    time.sleep(600)
intake.handle_batch = hang
"""
RUN = "from services.cli import main; main()"


def ids(installation: Installation) -> set[str]:
    return {row.event_id for row in installation.logged()}


def test_after_a_fault_the_process_ends_and_the_event_is_read_again(
    installation: Installation,
) -> None:
    enrol(installation.store)
    first = installation.start("stream", program=FAILS_ONCE + RUN)
    installation.send([evidence("before"), evidence("fault", minute=1)])
    wait_until(lambda: first.ended is not None)
    assert first.ended == CANNOT_GO_ON, first.said
    installation.start("stream")
    wait_until(lambda: ids(installation) == {"before", "fault"})


def test_going_on_after_a_fault_would_lose_the_event_and_reconcile_finds_it(
    installation: Installation,
) -> None:
    enrol(installation.store)
    installation.start("stream", program=FAILS_ONCE + GOES_ON + RUN)
    installation.send([evidence("fault")])
    wait_until(lambda: sum(installation.committed().values()) == 1)
    installation.send([evidence("after", minute=1)])
    wait_until(lambda: ids(installation) == {"after"})
    wait_until(lambda: sum(installation.committed().values()) == 2)
    assert "offset 0 was never taken in" in installation.flexday("reconcile", status=1)
    assert "1 taken in now" in installation.flexday("reconcile", "--mend")
    assert ids(installation) == {"fault", "after"}
    assert "0 missing" in installation.flexday("reconcile")


def test_an_offset_committed_past_what_was_read_is_told_and_mended(
    installation: Installation,
) -> None:
    enrol(installation.store)
    sent = installation.send([evidence(f"e{number}", minute=number) for number in range(6)])
    partition = sent[0][0]
    commit(installation, partition, 4)
    installation.start("stream")
    wait_until(lambda: ids(installation) == {"e4", "e5"})
    told = installation.flexday("partitions")
    assert "offsets 0 to 3 were passed over unread" in told
    wait_until(lambda: sum(installation.committed().values()) == 6)
    assert "4 taken in now, 1 gaps closed" in installation.flexday("reconcile", "--mend")
    assert len(ids(installation)) == 6


def commit(installation: Installation, partition: int, offset: int) -> None:
    async def commit_past() -> None:
        from aiokafka import AIOKafkaConsumer, TopicPartition

        consumer: Any = AIOKafkaConsumer(
            bootstrap_servers=installation.broker.address,
            group_id=group_of(installation.settings),
            enable_auto_commit=False,
        )
        await consumer.start()
        try:
            place = TopicPartition(installation.topics.evidence.name, partition)
            consumer.assign([place])
            await consumer.commit({place: offset})
        finally:
            await consumer.stop()

    asyncio.run(commit_past())


def test_a_partition_that_turns_bad_stays_stopped_until_it_is_let_on(
    installation: Installation,
) -> None:
    enrol(installation.store)
    installation.more["FLEXDAY_STREAM_MOST_BAD"] = "5"
    first = installation.start("stream")
    ((partition, _), *_) = installation.send([b"{"] * 6)
    wait_until(lambda: first.ended is not None)
    assert first.ended == CANNOT_GO_ON, first.said
    installation.start("stream")
    installation.send([evidence("good")])
    other = next(
        school
        for school in (f"school-{number}" for number in range(100))
        if installation.partition_of(school) != partition
    )
    enrol(installation.store, other)
    installation.send([evidence("elsewhere")], school=other)
    wait_until(lambda: installation.logged(other))
    assert installation.logged() == []
    name = f"{installation.topics.evidence.name}/{partition}"
    assert "did not count" in installation.flexday("partitions")
    installation.flexday("let-on", name)
    wait_until(lambda: ids(installation) == {"good"})
    with installation.store.read(Viewer.machine("east")) as tx:
        assert len(tx.quarantined()) == 1, "the same bytes are kept once"


@pytest.mark.soak
def test_a_worker_that_falls_silent_ends_itself_and_another_reads_on(
    installation: Installation,
) -> None:
    enrol(installation.store)
    installation.more["FLEXDAY_STREAM_SILENT"] = "5"
    silent = installation.start("stream", program=HANGS + RUN)
    # Two batches: the end that the wheel's broker tells lags by one.
    installation.send([evidence("e1")])
    installation.send([evidence("e2", minute=1)])
    wait_until(lambda: silent.ended is not None)
    assert silent.ended == FELL_SILENT, silent.said
    installation.start("stream")
    wait_until(lambda: ids(installation) == {"e1", "e2"})
