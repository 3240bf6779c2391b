"""Every address of the API keeps to its own description, whatever is sent to it."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from services.settings import Settings
from services.store import Store
from services.web.app import create_app
from tests.services.small_school import enrol, key_for

PROMISES = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def description(address_of_all: str) -> Any:
    """The API's own description, served by an application with a school in it, and a key to it."""
    store = Store(address_of_all)
    enrol(store)
    app = create_app(Settings(_env_file=None), store)
    described = schemathesis.openapi.from_asgi("/api/openapi.json", app).include(tag="api")
    return described, {"Authorization": f"Bearer {key_for(store)}"}


def break_promises(description: Any, examples: int) -> None:
    """Sends invented requests, lawful and unlawful, to every operation in turn."""
    described, headers = description
    operations = [found.ok() for found in described.get_all_operations()]
    assert len(operations) >= 7
    for operation in operations:

        @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy() | operation.as_strategy(GenerationMode.NEGATIVE))
        def send(case: Any) -> None:
            case.call_and_validate(headers=headers, checks=PROMISES)

        send()


def test_no_request_breaks_the_apis_promises(description: Any) -> None:
    break_promises(description, examples=10)


@pytest.mark.soak
def test_thousands_of_requests_break_no_promise(description: Any) -> None:
    break_promises(description, examples=750)
