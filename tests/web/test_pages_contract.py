"""No page's JSON twin breaks, whatever it is asked by whomever."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error

from services.settings import Settings
from services.store import Store
from services.web.app import create_app
from tests.services.school_day import SCHOOL, Clock, published_day
from tests.web.conftest import PEOPLE, enrol

ROLES = ("scheduler", "admin", "teacher", "student", "guardian")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Any:
    path = tmp_path_factory.mktemp("pages") / "flexday.db"
    shutil.copy(migrated_file, path)
    store = Store(f"sqlite:///{path}", clock=Clock())
    enrol(store)
    published_day(store)
    return create_app(Settings(_env_file=None, role_picker=True, secret="of tests"), store)


def ask_anything(app: Any, examples: int) -> None:
    described = schemathesis.openapi.from_asgi("/api/openapi.json", app).include(tag="pages")
    cookies = st.sampled_from([_cookie(app, role) for role in ROLES])
    operations = [found.ok() for found in described.get_all_operations()]
    assert len(operations) > 12
    for operation in operations:

        @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
        @given(case=operation.as_strategy(), cookie=cookies)
        def send(case: Any, cookie: str) -> None:
            headers = {"Cookie": f"flexday={cookie}"}
            case.call_and_validate(headers=headers, checks=[not_a_server_error])

        send()


def _cookie(app: Any, role: str) -> str:
    browser = TestClient(app, follow_redirects=False)
    browser.post("/sign-in/as", data={"school": SCHOOL, "role": role, "person": PEOPLE[role]})
    return str(browser.cookies["flexday"])


def test_nothing_that_is_asked_of_a_page_breaks_it(app: Any) -> None:
    ask_anything(app, examples=10)


@pytest.mark.soak
def test_ten_thousand_questions_break_no_page(app: Any) -> None:
    ask_anything(app, examples=500)
