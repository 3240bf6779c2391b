"""Students and families: the day with its reasons in plain words, choices without a race."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from schemas.school import Offering
from services.store import PlanRow, Store
from tests.services.school_day import MACHINE, WEDNESDAY, school
from tests.web.conftest import SignIn
from tests.web.people import send


@pytest.fixture
def with_choices(school_store: Store) -> None:
    """Three clubs to choose from, one of them off campus."""
    clubs = [
        Offering(id=id, title=id.title(), modality="collaboration", largest=20, **more)
        for id, more in CLUBS.items()
    ]
    with school_store.begin(MACHINE) as tx:
        tx.apply_roster(school(offerings=(*school().offerings, *clubs)), kinds=("offerings",))


CLUBS: dict[str, dict[str, Any]] = {
    "chess": {"minute_kinds": ("choice",)},
    "choir": {"minute_kinds": ("choice",)},
    "farm": {
        "minute_kinds": ("choice",), "needs_consent": True, "room_kinds": ("off_campus",),
    },
}  # fmt: skip


def ranked(browser: TestClient) -> list[str]:
    return [option["id"] for option in browser.get("/my-choices.json").json()["ranked"]]


def step(browser: TestClient, move: str) -> None:
    fields = {"day": str(WEDNESDAY), "ranked": ranked(browser), "move": move}
    answer = send(browser, "/my-choices", "/my-choices", **fields)
    assert answer.headers["location"] == "/my-choices?said=choices-saved"


def test_a_students_day_has_a_reason_in_plain_words(sign_in: SignIn, published: PlanRow) -> None:
    page = sign_in("student").get(f"/my-day/{WEDNESDAY}").text
    assert "This had an open place for you." in page
    assert "with Vega Reed" in page


def test_a_students_day_names_no_other_student(sign_in: SignIn, published: PlanRow) -> None:
    page = sign_in("student").get(f"/my-day/{WEDNESDAY}").text
    for other in ("Ben", "Cy", "Dee", "Eve", "Fay"):
        assert f"{other} Lane" not in page


def test_a_family_reads_the_same_day(sign_in: SignIn, published: PlanRow) -> None:
    family = sign_in("guardian")
    assert "Ada Lane" in family.get("/family").text
    page = family.get(f"/family/{WEDNESDAY}/ada").text
    assert "This had an open place." in page
    assert "Ada Lane" in page


def test_a_student_without_choices_is_not_at_a_dead_end(sign_in: SignIn) -> None:
    assert "You have not chosen yet" in sign_in("student").get("/my-choices").text


@pytest.mark.usefixtures("with_choices")
def test_choices_are_ranked_by_buttons_alone(sign_in: SignIn) -> None:
    ada = sign_in("student")
    step(ada, "add:choir")
    step(ada, "add:chess")
    assert ranked(ada) == ["choir", "chess"]
    step(ada, "up:chess")
    assert ranked(ada) == ["chess", "choir"]
    step(ada, "down:chess")
    assert ranked(ada) == ["choir", "chess"]
    step(ada, "drop:choir")
    assert ranked(ada) == ["chess"]


@pytest.mark.usefixtures("with_choices")
def test_what_is_not_open_to_a_student_cannot_be_chosen(sign_in: SignIn) -> None:
    ada = sign_in("student")
    offered = [option["id"] for option in ada.get("/my-choices.json").json()["others"]]
    assert offered == ["chess", "choir"]
    step(ada, "add:farm")
    assert ranked(ada) == []


@pytest.mark.usefixtures("with_choices")
def test_choices_close_when_the_day_is_published(sign_in: SignIn, published: PlanRow) -> None:
    ada = sign_in("student")
    page = ada.get("/my-choices").text
    assert "Nothing is open" in page
    fields = {"day": str(WEDNESDAY), "move": "add:chess"}
    assert send(ada, "/my-calendar", "/my-choices", **fields).status_code == 409
