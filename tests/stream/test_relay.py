"""What changed goes out by Kafka: all of it, in each school's order, whoever is killed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from services.handlers import handle
from services.settings import Settings
from services.store import Store
from services.stream.relay import Outgoing, Relay, outgoing
from services.stream.topics import Topics
from tests.services.small_school import DAY, EAST, enrol, evidence, file_draft, publish
from tests.stream.installation import Installation, wait_until

TOPICS = Topics("flexday")
on_postgresql = pytest.mark.parametrize("address", ["postgresql"], indirect=True)


class Kafka:
    """Keeps what it is sent; fails or waits where it is told to."""

    def __init__(self) -> None:
        self.held: list[Outgoing] = []
        self.fails_after: int | None = None
        self.meanwhile: Callable[[], Any] | None = None

    async def send(self, messages: Sequence[Outgoing]) -> None:
        if self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            await meanwhile()
        if self.fails_after is not None:
            self.held += messages[: self.fails_after]
            self.fails_after = None
            raise ConnectionError("gone")
        self.held += messages


@pytest.fixture
def kafka() -> Kafka:
    return Kafka()


def change(store: Store, *scores: float) -> None:
    """Evidence that changes ada's mastery, each piece a message of its own."""
    for score in scores:
        told = evidence(f"e{score}", score, minute=round(score * 1000))
        assert handle(store, EAST, told).status == "accepted"


def test_each_message_is_sent_once_in_order_and_under_its_own_id(
    store: Store, kafka: Kafka
) -> None:
    enrol(store)
    change(store, 0.1, 0.2, 0.3)
    with store.read(EAST) as tx:
        waiting = [row.id for row in tx.unsent()]
    relay = Relay(store, TOPICS, kafka.send)
    assert [asyncio.run(relay.step()) for _ in range(2)] == [3, 0]
    assert [each.id for each in kafka.held] == waiting
    sequences = [json.loads(each.value)["sequence"] for each in kafka.held]
    assert sequences == sorted(sequences)


def test_what_may_not_have_arrived_is_sent_again_under_the_same_id(
    store: Store, kafka: Kafka
) -> None:
    enrol(store)
    change(store, 0.1, 0.2)
    relay, kafka.fails_after = Relay(store, TOPICS, kafka.send), 1
    with pytest.raises(ConnectionError):
        asyncio.run(relay.step())
    asyncio.run(relay.step())
    ids = [each.id for each in kafka.held]
    assert len(ids) == 3
    assert ids[0] == ids[1]


def test_while_one_relay_sends_a_schools_messages_no_other_one_does(
    store: Store, kafka: Kafka
) -> None:
    """Or a relay that was held up could send what is old after what is new."""
    enrol(store)
    change(store, 0.1)
    second = Relay(store, TOPICS, kafka.send)

    async def another_comes() -> None:
        change(store, 0.2)
        assert await second.step() == 0

    kafka.meanwhile = another_comes
    asyncio.run(Relay(store, TOPICS, kafka.send).step())
    asyncio.run(second.step())
    scores = [json.loads(each.value)["data"]["seq"] for each in kafka.held]
    assert scores == [1, 2]


def test_a_schedule_goes_out_by_school_and_day_with_who_is_where_and_no_reasons(
    store: Store, kafka: Kafka
) -> None:
    enrol(store)
    publish(store, file_draft(store, cost=1))
    publish(store, file_draft(store, cost=2))
    asyncio.run(Relay(store, TOPICS, kafka.send).step())
    schedules = [each for each in kafka.held if each.topic == TOPICS.schedules.name]
    assert {each.key for each in schedules} == {f"east|{DAY}".encode()}
    told = [json.loads(each.value)["data"] for each in schedules]
    assert [each["pub_seq"] for each in told] == [1, 2]
    (session,) = told[-1]["sessions"]
    assert session == {
        "id": "ratios-1",
        "offering": "ratios",
        "blocks": ["b1"],
        "room": "r1",
        "duties": [{"staff": "vega", "role": "lead"}],
        "students": ["cy"],
    }
    plans = [each for each in kafka.held if each.topic == TOPICS.plans.name]
    assert [json.loads(each.value)["type"] for each in plans] == [
        "org.flexday.plan.published.v1"
    ] * 2


def test_everything_the_record_puts_out_has_a_topic(store: Store) -> None:
    enrol(store)
    for kind in ("mastery", "plans", "schedules", "notices", "alerts"):
        with store.begin(EAST) as tx:
            tx.outbox(kind, "key", "thing.happened", {})
    with store.read(EAST) as tx:
        topics = [outgoing(row, "east", TOPICS).topic for row in tx.unsent()]
    assert set(topics) == {
        each.name for each in (TOPICS.mastery, TOPICS.plans, TOPICS.schedules, TOPICS.notices)
    }


@on_postgresql
def test_what_changed_is_read_from_the_topics_though_relays_are_killed(
    installation: Installation,
) -> None:
    enrol(installation.store)
    for number in range(4):
        relay = installation.start("relay")
        for count in range(30):
            score = (number * 30 + count) / 120
            change(installation.store, score)
        wait_until(lambda: installation.records(installation.topics.mastery.name))
        if number < 3:
            relay.kill()

    def all_sent() -> bool:
        with installation.store.read(EAST) as tx:
            return not tx.unsent()

    wait_until(all_sent)
    assert relay.stop() == 0, relay.said
    held = [
        json.loads(r.value or b"") for r in installation.records(installation.topics.mastery.name)
    ]
    seqs = [each["data"]["seq"] for each in held]
    assert sorted(set(seqs)) == list(range(1, 121))
    assert len({each["id"] for each in held}) == 120
    assert seqs[-1] == 120, "the newest value is the last of its key"


def test_settings_name_the_brokers_that_can_number_what_is_sent() -> None:
    assert Settings(_env_file=None).relay_idempotent
