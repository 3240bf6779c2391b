"""Every address for every role: exactly who is let in, who is refused, who is sent to sign in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from services.store import PlanRow, Store
from tests.services.school_day import KIM, WEDNESDAY, plan_day
from tests.web.conftest import PEOPLE, SignIn
from tests.web.people import token

PLANNERS = ("scheduler", "admin")
OFFICE = ("scheduler", "admin", "coordinator")
EVERYBODY = tuple(PEOPLE)
CALENDARS = ("teacher", "student", "guardian")

PUBLIC = {"/sign-in": 200, "/healthz": 200, "/readyz": 200, "/cal/{address}.ics": 404}
"""Addresses that ask for no sign-in, with what they answer."""

PAGES: dict[str, tuple[tuple[str, ...], int]] = {
    "/": (EVERYBODY, 303),
    "/days": (PLANNERS, 200),
    "/days/{day}": (PLANNERS, 200),
    "/live/days/{day}": (PLANNERS, 200),
    "/plans/{plan}": (PLANNERS, 200),
    "/plans/{plan}/decide": (PLANNERS, 200),
    "/plans/{plan}/session/{session:path}": (PLANNERS, 200),
    "/plans/{plan}/findings/{rule}": (PLANNERS, 200),
    "/plans/{plan}/why-not": (PLANNERS, 200),
    "/plans/{plan}/places": (PLANNERS, 200),
    "/what-if": (PLANNERS, 200),
    "/what-if/{scenario}": (PLANNERS, 404),
    "/log": (("admin",), 200),
    "/imports": (("admin",), 200),
    "/owed": (("coordinator", "admin"), 303),
    "/owed/{day}": (("coordinator", "admin"), 200),
    "/teaching": (("teacher",), 303),
    "/teaching/{day}": (("teacher",), 200),
    "/teaching/{day}/ask": (("teacher",), 200),
    "/teaching/{day}/session/{session:path}": (("teacher",), 200),
    "/my-day": (("student",), 303),
    "/my-day/{day}": (("student",), 200),
    "/my-choices": (("student",), 200),
    "/family": (("guardian",), 200),
    "/family/{day}/{student:path}": (("guardian",), 200),
    "/my-calendar": (CALENDARS, 200),
    "/api/events": (OFFICE, 200),
    "/api/intake": (OFFICE, 200),
    "/api/roster/{kind}/ids": (OFFICE, 200),
    "/api/students/{student}/mastery": (EVERYBODY, 200),
}
"""Pages by address: the roles let in, and what they get."""

FORMS: dict[str, tuple[str, ...]] = {
    "/sign-out": EVERYBODY,
    "/days/{day}/away": PLANNERS,
    "/days/{day}/plan": PLANNERS,
    "/runs/{run}/cancel": PLANNERS,
    "/plans/{plan}/approve": PLANNERS,
    "/plans/{plan}/reject": PLANNERS,
    "/plans/{plan}/roll-back": PLANNERS,
    "/plans/{plan}/reopen": PLANNERS,
    "/plans/{plan}/fallback": PLANNERS,
    "/plans/{plan}/undo": PLANNERS,
    "/plans/{plan}/mend": PLANNERS,
    "/plans/{plan}/run": PLANNERS,
    "/plans/{plan}/move": PLANNERS,
    "/plans/{plan}/room": PLANNERS,
    "/plans/{plan}/adult": PLANNERS,
    "/plans/{plan}/lock": PLANNERS,
    "/plans/{plan}/unlock": PLANNERS,
    "/plans/{plan}/override": PLANNERS,
    "/what-if": PLANNERS,
    "/what-if/{scenario}/promote": PLANNERS,
    "/log/replay": ("admin",),
    "/imports": ("admin",),
    "/teaching/{day}/attendance": ("teacher",),
    "/teaching/{day}/evidence": ("teacher",),
    "/teaching/{day}/ask": ("teacher",),
    "/my-choices": ("student",),
    "/notices/{notice}/seen": EVERYBODY,
    "/my-calendar": CALENDARS,
    "/my-calendar/end": CALENDARS,
}
"""Forms by address: the roles whose forms they are. Without its token each is refused."""

OF_SYSTEMS = {
    "/sign-in",
    "/sign-in/as",
    "/api/events",
    "/api/intake/replays",
    "/api/imports/{format}",
}
"""What is posted otherwise than by a signed-in person's form; tests of its own speak of it."""


def routes(app: FastAPI, method: str) -> Iterator[str]:
    """The addresses of the application, JSON twins apart."""
    pending: list[Any] = list(app.routes)
    while pending:
        route = pending.pop()
        pending += getattr(getattr(route, "original_router", None), "routes", ())
        is_ours = isinstance(route, APIRoute) and method in route.methods
        if is_ours and not route.path.endswith(".json"):
            yield route.path


def test_every_address_is_in_the_table(app: FastAPI) -> None:
    assert set(routes(app, "GET")) == {*PAGES, *PUBLIC}
    assert set(routes(app, "POST")) == {*FORMS, *OF_SYSTEMS}


@pytest.fixture
def filled(published: PlanRow, school_store: Store) -> dict[str, str]:
    """What stands in the places of an address."""
    mine = next(s for s in published.plan.sessions if s.duties[0].staff == "vega")
    return {
        "{day}": str(WEDNESDAY),
        "{plan}": published.id,
        "{session:path}": mine.id,
        "{student:path}": "ada",
        "{student}": "ada",
        "{scenario}": "none",
        "{kind}": "students",
        "{run}": published.run or "",
        "{rule}": "unmet-need",
    }


def address(path: str, filled: dict[str, str]) -> str:
    for place, value in filled.items():
        path = path.replace(place, value)
    if "why-not" in path:
        return f"{path}?student=ada&session={filled['{session:path}']}"
    return f"{path}?student=ada&block=b1" if path.endswith("/places") else path


@pytest.mark.parametrize("role", PEOPLE)
def test_each_role_gets_its_own_pages_and_no_others(
    sign_in: SignIn, filled: dict[str, str], role: str
) -> None:
    browser = sign_in(role)
    expected = {path: status if role in roles else 403 for path, (roles, status) in PAGES.items()}
    del expected["/live/days/{day}"]  # never ends for those let in; see the tests of live pages
    got = {path: browser.get(address(path, filled)).status_code for path in expected}
    assert got == expected


@pytest.mark.parametrize("role", PEOPLE)
def test_json_twins_are_as_open_as_their_pages(
    app: FastAPI, sign_in: SignIn, filled: dict[str, str], role: str
) -> None:
    browser = sign_in(role)
    twins = {path for path in app.openapi()["paths"] if path.endswith(".json")}
    assert len(twins) > 12
    for path, (roles, status) in PAGES.items():
        plain = path.replace(":path", "")
        if f"{plain}.json" in twins:
            asked = address(path, filled).partition("?")
            answer = browser.get(f"{asked[0]}.json{asked[1]}{asked[2]}")
            assert answer.status_code == (status if role in roles else 403), path
            assert "json" in answer.headers["content-type"], path


@pytest.mark.parametrize("role", PEOPLE)
def test_each_form_is_for_its_roles_and_needs_its_token(
    sign_in: SignIn, filled: dict[str, str], role: str
) -> None:
    browser = sign_in(role)
    for path in FORMS:
        answer = browser.post(address(path, filled), data={"csrf": "guessed"})
        assert answer.status_code == 403, path


def test_without_a_sign_in_every_page_leads_to_it(app: FastAPI, filled: dict[str, str]) -> None:
    browser = TestClient(app, follow_redirects=False)
    for path in PAGES:
        answer = browser.get(address(path, filled))
        if path.startswith("/api/"):
            assert answer.status_code == 401, path
        else:
            location = answer.headers["location"]
            assert (answer.status_code, location.partition("?")[0]) == (303, "/sign-in"), path
    for path, status in PUBLIC.items():
        assert browser.get(path.replace("{address}", "guessed")).status_code == status


@pytest.mark.parametrize(
    ("role", "page"),
    [
        ("guardian", "/family/2026-11-25/{}"),
        ("scheduler", "/plans/{}"),
        ("scheduler", "/what-if/{}"),
    ],
)
def test_somebody_elses_record_looks_like_nobodys(
    sign_in: SignIn, published: PlanRow, role: str, page: str
) -> None:
    browser = sign_in(role)
    others = {"/family": "ben", "/plans": "0", "/what-if": "1"}
    known = next(value for start, value in others.items() if page.startswith(start))
    other = browser.get(page.format(known))
    nobody = browser.get(page.format("nobody-at-all"))
    assert other.status_code == nobody.status_code == 404
    assert other.text == nobody.text


def test_a_colleagues_session_looks_like_nobodys(sign_in: SignIn, filled: dict[str, str]) -> None:
    browser = sign_in("teacher", "moss")
    other = browser.get(f"/teaching/{WEDNESDAY}/session/{filled['{session:path}']}")
    nobody = browser.get(f"/teaching/{WEDNESDAY}/session/nobody-at-all")
    assert other.status_code == nobody.status_code == 404
    assert other.text == nobody.text


@pytest.mark.parametrize(
    ("role", "page"),
    [("teacher", "/my-calendar"), ("scheduler", "/days/2026-11-25"), ("student", "/my-calendar")],
)
def test_a_valid_token_opens_no_other_roles_forms(
    sign_in: SignIn, filled: dict[str, str], role: str, page: str
) -> None:
    browser = sign_in(role)
    csrf = token(browser, page)
    filled_in = {
        "csrf": csrf,
        "day": str(WEDNESDAY),
        "kind": "staff",
        "id": "moss",
        "student": "ada",
    }
    filled_in |= {"session": "x", "room": "r1", "out": "x", "into": "x", "lock": "x", "rule": "x"}
    filled_in |= {"subject": "x=y", "reason": "x", "block": "b1", "competency": "c1"}
    filled_in |= {"answer": "got_it", "offering": "study", "format": "csv"}
    for path, roles in FORMS.items():
        if role not in roles:
            answer = browser.post(address(path, filled), data=filled_in, files=_a_file(path))
            assert answer.status_code == 403, path


def _a_file(path: str) -> dict[str, bytes] | None:
    return {"files": b"a"} if path == "/imports" else None


def test_a_draft_is_reviewed_by_planners_only(sign_in: SignIn, school_store: Store) -> None:
    plan = plan_day(school_store)
    assert plan.created_by == KIM.person
    assert sign_in("teacher").get(f"/plans/{plan.id}").status_code == 403
