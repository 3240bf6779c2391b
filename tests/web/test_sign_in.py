"""Who may be whom, and for how long."""

from __future__ import annotations

from fastapi import FastAPI
from fastapi.testclient import TestClient

from services.settings import Settings
from services.store import Store
from services.web.app import create_app
from tests.services.school_day import MACHINE, SCHOOL, school
from tests.web.conftest import SignIn
from tests.web.people import send


def test_everybody_starts_at_the_first_page_of_their_role(sign_in: SignIn) -> None:
    starts = {"scheduler": "/days", "teacher": "/teaching", "student": "/my-day"}
    starts |= {"guardian": "/family", "admin": "/days"}
    for role, start in starts.items():
        assert sign_in(role).get("/").headers["location"] == start


def test_nobody_is_signed_in_without_a_cookie(app: FastAPI) -> None:
    answer = TestClient(app, follow_redirects=False).get("/days")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/days")


def test_a_forged_cookie_opens_nothing(app: FastAPI, sign_in: SignIn) -> None:
    cookie = sign_in("scheduler").cookies["flexday"]
    browser = TestClient(app, follow_redirects=False, cookies={"flexday": cookie[:-2] + "xx"})
    assert browser.get("/days").status_code == 303


def test_a_student_cannot_pick_an_adults_role(app: FastAPI) -> None:
    form = {"school": SCHOOL, "role": "scheduler", "person": "ada"}
    assert TestClient(app).post("/sign-in", data=form).status_code == 422


def test_without_the_role_picker_nobody_can_pick(school_store: Store) -> None:
    browser = TestClient(create_app(Settings(_env_file=None), school_store))
    form = {"school": SCHOOL, "role": "teacher", "person": "vega"}
    assert browser.post("/sign-in", data=form).status_code == 403
    assert "Vega Reed" not in browser.get("/sign-in").text


def test_a_role_that_is_lost_is_lost_at_once(sign_in: SignIn, school_store: Store) -> None:
    browser = sign_in("scheduler")
    assert browser.get("/days").status_code == 200
    with school_store.begin(MACHINE) as tx:
        tx.apply_roster(school())
    assert browser.get("/days").status_code == 303


def test_signing_in_leads_to_our_own_pages_only(app: FastAPI) -> None:
    browser = TestClient(app, follow_redirects=False)
    form = {"school": SCHOOL, "role": "teacher", "person": "vega"}
    for elsewhere in ("https://example.org/", "//example.org", "/\\example.org", "teaching"):
        answer = browser.post("/sign-in", data=form | {"next": elsewhere})
        assert answer.headers["location"] == "/teaching"
    answer = browser.post("/sign-in", data=form | {"next": "/my-calendar"})
    assert answer.headers["location"] == "/my-calendar"


def test_signing_out_ends_it(sign_in: SignIn) -> None:
    browser = sign_in("teacher")
    assert send(browser, "/my-calendar", "/sign-out").status_code == 303
    assert browser.get("/my-calendar").status_code == 303


def test_a_form_without_the_pages_token_changes_nothing(sign_in: SignIn) -> None:
    browser = sign_in("student")
    assert browser.post("/my-calendar").status_code == 403
    assert browser.post("/my-calendar", data={"csrf": "guessed"}).status_code == 403
    assert browser.get("/my-calendar.json").json()["active"] is False


def test_a_form_from_another_site_changes_nothing(sign_in: SignIn) -> None:
    browser = sign_in("student")
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://example.org"}):
        browser.headers.update(headers)
        assert send(browser, "/my-calendar", "/my-calendar").status_code == 403
        for name in headers:
            del browser.headers[name]
    assert send(browser, "/my-calendar", "/my-calendar").status_code == 200
