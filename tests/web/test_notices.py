"""People are told once of what changed for them; those who answer for a day, when it goes wrong."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient

from schemas.school import Service
from services.clockwork import tick
from services.planner import Planner
from services.store import PlanRow, Store
from services.workflow import approve
from tests.services.school_day import (
    KIM,
    MACHINE,
    SCHOOL,
    WEDNESDAY,
    published_day,
    school,
    stand_in,
    tell,
)
from tests.web.conftest import SignIn
from tests.web.people import send

CHANGED = f"Changed for you on Wednesday {WEDNESDAY.day} November {WEDNESDAY.year}"


@pytest.fixture
def changed(published: PlanRow, school_store: Store) -> PlanRow:
    """Wednesday published again, without Vega in its second block."""
    tell(school_store, "staff.absent", "away-1", staff="vega", day=WEDNESDAY, blocks=["b2"])
    Planner(school_store, solver=stand_in).step()
    with school_store.read(MACHINE) as tx:
        waiting = tx.plans(WEDNESDAY, "draft")[-1]
    return approve(school_store, KIM, waiting.id, waiting.etag)


def first_notice(browser: TestClient, page: str) -> str:
    found = re.search(r'action="(/notices/[^"]+/seen)"', browser.get(page).text)
    assert found, f"{page} tells nothing"
    return found.group(1)


def test_nobody_is_told_of_a_first_publication(sign_in: SignIn, published: PlanRow) -> None:
    assert "Changed for you" not in sign_in("student").get(f"/my-day/{WEDNESDAY}").text


def test_a_student_reads_what_changed_before_and_why(sign_in: SignIn, changed: PlanRow) -> None:
    page = sign_in("student").get(f"/my-day/{WEDNESDAY}").text
    assert CHANGED in page
    assert "<strong>Flex b2</strong>: Study, Room 2, Lee Reed" in page
    assert "(before: Study, Room 2, Vega Reed)" in page
    assert "Vega Reed is away." in page
    assert "<strong>Flex b1</strong>: " not in page


def test_a_teacher_reads_what_is_new_for_them(sign_in: SignIn, changed: PlanRow) -> None:
    page = sign_in("teacher").get(f"/teaching/{WEDNESDAY}").text
    assert CHANGED in page
    assert "<strong>Flex b2</strong>: nothing planned" in page
    assert "Changed for you" not in sign_in("teacher", "moss").get(f"/teaching/{WEDNESDAY}").text


def test_a_family_reads_whose_day_it_is(sign_in: SignIn, changed: PlanRow) -> None:
    assert "Changed for Ada Lane on" in sign_in("guardian").get("/family").text


def test_what_was_seen_is_not_told_again(sign_in: SignIn, changed: PlanRow) -> None:
    ada, page = sign_in("student"), f"/my-day/{WEDNESDAY}"
    assert send(ada, page, first_notice(ada, page)).status_code == 303
    assert "Changed for you" not in ada.get(page).text


def test_nobody_puts_away_somebody_elses_notice(sign_in: SignIn, changed: PlanRow) -> None:
    ada, ben, page = sign_in("student"), sign_in("student", "ben"), f"/my-day/{WEDNESDAY}"
    assert send(ben, page, first_notice(ada, page)).status_code == 404
    assert "Changed for you" in ada.get(page).text


def test_when_the_deadline_passes_approver_and_deputy_read_it_first(
    sign_in: SignIn, draft: PlanRow, school_store: Store
) -> None:
    school_store.clock.leap("2026-11-25T13:05+00:00")  # type: ignore[attr-defined]
    tick(school_store, SCHOOL)
    kim = sign_in("scheduler")
    page = kim.get("/days").text
    assert "Nothing is published for Wednesday 25 November 2026 yet" in page
    assert f'href="/plans/{draft.id}">Look at the plan' in page
    assert send(kim, "/days", first_notice(kim, "/days")).headers["location"] == "/days"
    assert "Nothing is published" not in kim.get("/days").text
    assert "Nothing is published for" in sign_in("admin", "lee").get("/days").text


def test_where_no_plan_is_named_to_stand_in_they_read_that_too(
    sign_in: SignIn, school_store: Store
) -> None:
    school_store.clock.leap("2026-11-25T13:25+00:00")  # type: ignore[attr-defined]
    tick(school_store, SCHOOL)
    assert "no plan is named to stand in" in sign_in("scheduler").get("/days").text


def test_an_approved_plan_that_facts_broke_says_so_to_its_approver(
    sign_in: SignIn, draft: PlanRow, school_store: Store
) -> None:
    hour = school_store.clock().replace(day=25, hour=12)
    approve(school_store, KIM, draft.id, draft.etag, publish_at=hour)
    tell(school_store, "staff.absent", "away-1", staff="vega", day=WEDNESDAY)
    school_store.clock.leap("2026-11-25T12:30+00:00")  # type: ignore[attr-defined]
    tick(school_store, SCHOOL)
    page = sign_in("scheduler").get("/days").text
    assert "did not come out" in page
    assert "It is a draft again." in page


def test_the_coordinator_starts_at_the_time_owed(sign_in: SignIn, school_store: Store) -> None:
    moss = sign_in("coordinator")
    assert moss.get("/").headers["location"] == "/owed"
    assert "No plan is published" in moss.get(f"/owed/{WEDNESDAY}").text


def test_owed_time_that_no_session_gives_is_named(sign_in: SignIn, school_store: Store) -> None:
    owed = Service(
        id="s1", student="ada", kind="support", minutes=45, period="day", qualification="speech"
    )
    with school_store.begin(MACHINE) as tx:
        tx.apply_roster(school(services=(owed,), staff=tuple(tx.roster("staff"))))
    published_day(school_store)
    told = sign_in("admin").get(f"/owed/{WEDNESDAY}.json").json()
    (line,) = told["lines"]
    assert (line["student"], line["due"], line["short"], line["at"]) == ("Ada Lane", 45, 45, [])
