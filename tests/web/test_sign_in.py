"""Who may be whom, and for how long."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from services.access import FREE_TRIES, WeakPassword, hash_password
from services.canonical import sha256
from services.settings import Settings
from services.store import Store, tables
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
    school = cookie.partition(".")[0]
    for forged in (cookie[:-2] + "xx", school, f"{school}.", "x", "%00", f"d2VzdA{cookie[4:]}"):
        browser = TestClient(app, follow_redirects=False, cookies={"flexday": forged})
        assert browser.get("/days").status_code == 303, forged


def test_a_student_cannot_pick_an_adults_role(app: FastAPI) -> None:
    form = {"school": SCHOOL, "role": "scheduler", "person": "ada"}
    assert TestClient(app).post("/sign-in/as", data=form).status_code == 422


def test_outside_the_demo_there_is_no_role_picker(school_store: Store) -> None:
    browser = TestClient(create_app(Settings(_env_file=None), school_store))
    form = {"school": SCHOOL, "role": "teacher", "person": "vega"}
    assert browser.post("/sign-in/as", data=form).status_code == 404
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
        answer = browser.post("/sign-in/as", data=form | {"next": elsewhere})
        assert answer.headers["location"] == "/teaching"
    answer = browser.post("/sign-in/as", data=form | {"next": "/my-calendar"})
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


# --- accounts -----------------------------------------------------------------------------------

PASSWORD = "correct horse battery"


@pytest.fixture
def own_sign_in(school_store: Store) -> FastAPI:
    """The same school outside the demo, with an account for its scheduler."""
    open_account(school_store)
    return create_app(Settings(_env_file=None, secret="of tests"), school_store)


def open_account(store: Store, password: str = PASSWORD) -> None:
    with store.begin(MACHINE) as tx:
        tx.save_account("kim.reed", "kim", "scheduler", hash_password(password, "kim.reed"))


def enter(app: FastAPI, password: str = PASSWORD, name: str = "kim.reed", **more: str) -> Response:
    browser = TestClient(app, follow_redirects=False)
    form = {"school": SCHOOL, "name": name, "password": password} | more
    return browser.post("/sign-in", data=form)


def browser_of(app: FastAPI, entered: Response) -> TestClient:
    return TestClient(app, follow_redirects=False, cookies=dict(entered.cookies))


def test_whoever_knows_the_password_acts_in_the_accounts_role(own_sign_in: FastAPI) -> None:
    entered = enter(own_sign_in)
    assert (entered.status_code, entered.headers["location"]) == (303, "/days")
    browser = browser_of(own_sign_in, entered)
    assert browser.get("/days").status_code == 200
    assert browser.get("/log").status_code == 403


def test_the_cookie_cannot_be_read_by_scripts_or_sent_by_other_sites(own_sign_in: FastAPI) -> None:
    said = enter(own_sign_in).headers["set-cookie"].lower()
    assert "httponly" in said
    assert "samesite=lax" in said
    over_tls = TestClient(own_sign_in, base_url="https://testserver", follow_redirects=False)
    form = {"school": SCHOOL, "name": "kim.reed", "password": PASSWORD}
    said = over_tls.post("/sign-in", data=form).headers["set-cookie"]
    assert said.startswith("__Host-flexday=")
    assert "; Secure" in said


def test_a_wrong_password_a_wrong_name_and_a_wrong_school_are_refused_alike(
    own_sign_in: FastAPI,
) -> None:
    wrong = [enter(own_sign_in, password="wrong"), enter(own_sign_in, name="nobody")]
    assert [answer.status_code for answer in wrong] == [403, 403]
    assert wrong[0].text == wrong[1].text
    assert enter(own_sign_in, school="north").status_code == 403
    assert "set-cookie" not in wrong[0].headers


def test_after_five_wrong_passwords_the_right_one_waits_too(
    own_sign_in: FastAPI, school_store: Store
) -> None:
    for _ in range(FREE_TRIES):
        assert enter(own_sign_in, password="wrong").status_code == 403
    assert enter(own_sign_in).status_code == 403
    school_store.clock.leap("2026-11-24T14:05+00:00")  # type: ignore[attr-defined]
    assert enter(own_sign_in).status_code == 303


def test_passwords_and_cookies_are_kept_hashed_only(
    own_sign_in: FastAPI, school_store: Store
) -> None:
    token = enter(own_sign_in).cookies["flexday"]
    with school_store.begin(MACHINE) as tx:
        account = tx.account("kim.reed")
        kept = str(tx._rows(tables.sign_in.select()))
    assert account is not None
    assert account.password_hash.startswith("$argon2id$")
    assert token.partition(".")[2] not in kept
    assert sha256(token) not in kept, "a copy of the database must not be enough"


def test_another_secret_ends_every_sign_in(own_sign_in: FastAPI, school_store: Store) -> None:
    cookies = dict(enter(own_sign_in).cookies)
    again = create_app(Settings(_env_file=None, secret="another"), school_store)
    browser = TestClient(again, follow_redirects=False, cookies=cookies)
    assert browser.get("/days").status_code == 303


@pytest.mark.parametrize(("hours", "status"), [(0.9, 200), (1.1, 303)])
def test_a_browser_left_alone_for_an_hour_is_signed_out(
    own_sign_in: FastAPI, school_store: Store, hours: float, status: int
) -> None:
    browser = browser_of(own_sign_in, enter(own_sign_in))
    now = school_store.clock() + timedelta(hours=hours)
    school_store.clock.leap(now.isoformat())  # type: ignore[attr-defined]
    assert browser.get("/days").status_code == status


def test_nobody_stays_signed_in_beyond_twelve_hours(
    own_sign_in: FastAPI, school_store: Store
) -> None:
    browser = browser_of(own_sign_in, enter(own_sign_in))
    began = school_store.clock()
    for minutes in range(30, 12 * 60, 30):
        at = began + timedelta(minutes=minutes)
        school_store.clock.leap(at.isoformat())  # type: ignore[attr-defined]
        assert browser.get("/days").status_code == 200
    school_store.clock.leap((began + timedelta(hours=12, minutes=1)).isoformat())  # type: ignore[attr-defined]
    assert browser.get("/days").status_code == 303


def test_signing_out_ends_the_sign_in_in_the_record_not_in_the_browser_alone(
    own_sign_in: FastAPI,
) -> None:
    entered = enter(own_sign_in)
    kept = browser_of(own_sign_in, entered)
    assert send(browser_of(own_sign_in, entered), "/days", "/sign-out").status_code == 303
    assert kept.get("/days").status_code == 303


def test_a_new_password_or_an_ended_account_ends_every_sign_in(
    own_sign_in: FastAPI, school_store: Store
) -> None:
    browser = browser_of(own_sign_in, enter(own_sign_in))
    open_account(school_store, "another good password")
    assert browser.get("/days").status_code == 303
    browser = browser_of(own_sign_in, enter(own_sign_in, "another good password"))
    with school_store.begin(MACHINE) as tx:
        assert tx.end_account("kim.reed")
    assert browser.get("/days").status_code == 303
    assert enter(own_sign_in, "another good password").status_code == 403


def test_a_role_that_is_lost_is_lost_to_the_api_as_well(
    own_sign_in: FastAPI, school_store: Store
) -> None:
    browser = browser_of(own_sign_in, enter(own_sign_in))
    assert browser.get("/api/events").status_code == 200
    with school_store.begin(MACHINE) as tx:
        tx.apply_roster(school())
    assert browser.get("/api/events").status_code == 401


@pytest.mark.parametrize(
    "weak", ["short", "a" * 20, "ababababababab", "my-kim.reed-2026", "x" * 300]
)
def test_a_password_that_would_be_guessed_is_not_taken(weak: str) -> None:
    with pytest.raises(WeakPassword):
        hash_password(weak, "kim.reed")
