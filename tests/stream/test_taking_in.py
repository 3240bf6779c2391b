"""Events that come by Kafka: taken in as any other, counted once, and none lost on the way."""

from __future__ import annotations

import signal

import pytest

from tests.services.small_school import enrol, evidence
from tests.stream.installation import Installation, wait_until

pytestmark = pytest.mark.parametrize("address", ["postgresql"], indirect=True)


def test_events_that_come_by_kafka_count_as_any_other_and_once(installation: Installation) -> None:
    enrol(installation.store)
    events = [evidence(f"e{number}", minute=number) for number in range(50)]
    worker = installation.start("stream")
    installation.send([*events, *events[:10]])
    wait_until(lambda: len(installation.logged()) == 50)
    assert [row.event_id for row in installation.logged()] == [each["id"] for each in events]
    ends = wait_until(lambda: sum(installation.committed().values()) == 60)
    assert ends
    assert worker.stop() == 0, worker.said
    assert sum(at.next_offset for at in installation.positions()) == 60


def test_a_worker_killed_before_it_committed_an_offset_reads_the_event_again(
    installation: Installation,
) -> None:
    enrol(installation.store)
    first = installation.start("stream")
    installation.send([evidence("e1")])
    wait_until(lambda: len(installation.logged()) == 1)
    first.signal(signal.SIGKILL)
    installation.send([evidence("e2", minute=1)])
    installation.start("stream")
    wait_until(lambda: len(installation.logged()) == 2)


def test_what_cannot_be_read_is_kept_with_its_reason_and_never_stops_the_rest(
    installation: Installation,
) -> None:
    enrol(installation.store)
    installation.start("stream")
    installation.send([b"no event", evidence("e1"), b""])
    installation.send([evidence("e2")], school=None)
    installation.send([evidence("e3", minute=3)])
    wait_until(lambda: len(installation.logged()) == 2)
    letters = wait_until(
        lambda: (
            len(found := installation.records(installation.topics.dead_letters.name)) == 3 and found
        )
    )
    assert {each.value for each in letters if each.key == b"east"} == {b"no event", b""}
    heads = installation.headers(installation.topics.dead_letters.name)
    about = next(each for each in heads if "JSON" in each["reason"])
    assert about.keys() == {"reason", "mend", "status", "topic", "partition", "offset"}
    assert about["topic"] == installation.topics.evidence.name
    assert (about["status"], about["mend"]) == ("quarantined", "send valid JSON")
    assert (about["partition"].isdigit(), about["offset"].isdigit()) == (True, True)
    told = installation.flexday("quarantine")
    assert "this is not JSON" in told
