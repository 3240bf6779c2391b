"""What tests of pages share: a small school with a published day, and people signed in to it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from schemas.school import AccessRole, GuardianLink
from services.settings import Settings
from services.store import PlanRow, Store
from services.web.app import create_app
from tests.conftest import emptied
from tests.services.school_day import (
    SCHOOL,
    Clock,
    open_school,
    plan_day,
    published_day,
    school,
)

PEOPLE = {
    "scheduler": "kim",
    "admin": "lee",
    "teacher": "vega",
    "coordinator": "moss",
    "student": "ada",
    "guardian": "gil",
}
"""Who the tests sign in as, by role."""
OFFICE: dict[str, tuple[AccessRole, ...]] = {
    "kim": ("scheduler",),
    "lee": ("admin",),
    "moss": ("coordinator",),
}

SignIn = Callable[..., TestClient]


def enrol(store: Store) -> None:
    """The small school with somebody in each role, and two families."""
    staff = tuple(
        adult.model_copy(update={"access_roles": ("teacher", *OFFICE.get(adult.id, ()))})
        for adult in school().staff
    )
    families = (
        GuardianLink(guardian="gil", student="ada", given_name="Gil", family_name="Lane"),
        GuardianLink(guardian="hal", student="ben", given_name="Hal", family_name="Moor"),
    )
    open_school(store, staff=staff, guardians=families)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def address_of_all(request: pytest.FixtureRequest) -> str:
    """The address of a migrated, empty database that the tests of a module share."""
    if request.param == "postgresql":
        return emptied(request.getfixturevalue("postgresql"))
    folder = request.getfixturevalue("tmp_path_factory").mktemp("shared")
    shutil.copy(request.getfixturevalue("migrated_file"), folder / "flexday.db")
    return f"sqlite:///{folder}/flexday.db"


@pytest.fixture
def school_store(tmp_path: Path, migrated_file: Path) -> Iterator[Store]:
    """The small school on SQLite, at 08:00 of Tuesday 24 November 2026."""
    path = tmp_path / "flexday.db"
    shutil.copy(migrated_file, path)
    store = Store(f"sqlite:///{path}", clock=Clock())
    enrol(store)
    yield store
    store.close()


@pytest.fixture
def app(school_store: Store) -> FastAPI:
    return create_app(Settings(_env_file=None, role_picker=True, secret="of tests"), school_store)


@pytest.fixture
def sign_in(app: FastAPI) -> SignIn:
    """Signs a person in by role, with a browser of their own that follows no redirects."""

    def sign(role: str, person: str | None = None) -> TestClient:
        browser = TestClient(app, follow_redirects=False, raise_server_exceptions=False)
        form = {"school": SCHOOL, "role": role, "person": person or PEOPLE[role]}
        assert browser.post("/sign-in/as", data=form).status_code == 303
        return browser

    return sign


@pytest.fixture
def published(school_store: Store) -> PlanRow:
    """Wednesday's plan, published."""
    return published_day(school_store)


@pytest.fixture
def draft(school_store: Store) -> PlanRow:
    """Wednesday's plan, waiting to be approved."""
    return plan_day(school_store)
