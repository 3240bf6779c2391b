"""Whatever is written into a form, asked of a page or put into its address, by whomever: an answer
that was meant, and nothing half-written."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.folding import verify
from services.settings import Settings
from services.store import Store
from services.web.app import create_app
from tests.services.school_day import KIM as PLANNER
from tests.services.school_day import SCHOOL, WEDNESDAY, Clock, plan_day, published_day
from tests.web.conftest import PEOPLE, enrol
from tests.web.people import token

ENDLESS = {"/live/days/{day}"}
"""Never ends for those who may follow it; tests of its own speak of it."""
SIGNS_OUT = {"/sign-out"}
"""Would end the sign-in that the others need; it takes nothing but its token."""
HOME = {
    "scheduler": f"/days/{WEDNESDAY}",
    "admin": f"/days/{WEDNESDAY}",
    "teacher": f"/teaching/{WEDNESDAY}",
    "coordinator": f"/owed/{WEDNESDAY}",
    "student": "/my-choices",
    "guardian": "/my-calendar",
}
NASTY = [
    "", " ", "0", "-1", "9" * 30, "1e400", "NaN", "true", "null", "x" * 5000, "\x00", "\u202e",
    "\ud7ff", "'; --", "<b>", "%00", "../..", "{}", "[]", "a=b", "=", "add:", "move:x:y",
    "2026-02-30", "0001-01-01", "9999-12-31", "2026-11-26", "day: x\nrooms_closed: {", "- - -",
    "&a [*a]",
]  # fmt: skip


class Site(NamedTuple):
    """The application with a school in it, a browser per role and what is really there."""

    browsers: dict[str, TestClient]
    tokens: dict[str, str]
    routes: list[tuple[str, APIRoute]]
    words: list[str]
    store: Store


@pytest.fixture(scope="module")
def site(address_of_all: str) -> Site:
    store = Store(address_of_all, clock=Clock())
    enrol(store)
    published = published_day(store)
    draft = plan_day(store)
    app = create_app(Settings(_env_file=None, role_picker=True, secret="of tests"), store)
    browsers, tokens = {}, {}
    for role, person in PEOPLE.items():
        browsers[role] = TestClient(app, follow_redirects=False)
        form = {"school": SCHOOL, "role": role, "person": person}
        assert browsers[role].post("/sign-in/as", data=form).status_code == 303
        tokens[role] = token(browsers[role], HOME[role])
    with store.read(PLANNER) as tx:
        real = [
            published.id,
            draft.id,
            published.etag,
            draft.etag,
            published.run or "",
            str(WEDNESDAY),
        ]
        real += [
            item for kind in ("students", "staff", "rooms", "offerings") for item in tx.ids(kind)
        ]
        real += [session.id for session in (*published.plan.sessions, *draft.plan.sessions)]
        real += [block.id for block in tx.problem(draft.problem_digest).blocks]
    real += [
        "staff",
        "student",
        "room",
        "present",
        "late",
        "group-size",
        "role-cover",
        "csv",
        "got_it",
    ]
    return Site(browsers, tokens, sorted(_routes(app.routes), key=_name), real, store)


def _routes(listed: Any) -> Any:
    for route in listed:
        yield from _routes(getattr(getattr(route, "original_router", None), "routes", ()))
        if isinstance(route, APIRoute) and route.path not in ENDLESS | SIGNS_OUT:
            yield from ((method, route) for method in route.methods if method != "HEAD")


def _name(found: tuple[str, APIRoute]) -> tuple[str, str]:
    return found[0], found[1].path


def _asked(dependant: Dependant, kind: str) -> list[str]:
    """The names of what an address takes, in its path, its query or its form."""
    names = [field.alias for field in getattr(dependant, kind)]
    for inner in dependant.dependencies:
        names += _asked(inner, kind)
    return list(dict.fromkeys(names))


WORDS_PER_FIELD = 2


def send_anything(site: Site, examples: int) -> Counter[int]:
    """Asks everything of every address; how often each status was answered."""
    answered: Counter[int] = Counter()
    for method, route in site.routes:
        _send_to(site, method, route, examples, answered)
    return answered


def _send_to(
    site: Site, method: str, route: APIRoute, examples: int, answered: Counter[int]
) -> None:
    word = st.one_of(st.sampled_from(site.words), st.sampled_from(NASTY), st.text(max_size=20))
    words = st.lists(word, min_size=1, max_size=WORDS_PER_FIELD)

    def any_of(kind: str) -> st.SearchStrategy[dict[str, list[str]]]:
        return st.fixed_dictionaries(
            {}, optional=dict.fromkeys(_asked(route.dependant, kind), words)
        )

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        role=st.sampled_from(sorted(site.browsers)),
        places=st.fixed_dictionaries(dict.fromkeys(_asked(route.dependant, "path_params"), word)),
        query=any_of("query_params"),
        form=any_of("body_params"),
        honest=st.booleans(),
    )
    def send(
        role: str,
        places: dict[str, str],
        query: dict[str, list[str]],
        form: dict[str, list[str]],
        honest: bool,
    ) -> None:
        sent = form | ({"csrf": [site.tokens[role]]} if honest else {})
        address = _filled(route.path, places)
        body = sent if method == "POST" else None
        answer = site.browsers[role].request(method, address, params=query, data=body)
        answered[answer.status_code] += 1
        assert answer.status_code < 500, (route.path, answer.text[:500])
        assert "Traceback" not in answer.text

    send()


def _filled(path: str, places: dict[str, str]) -> str:
    for name, value in places.items():
        for pattern in (f"{{{name}}}", f"{{{name}:path}}"):
            path = path.replace(pattern, quote(value or "x", safe=""))
    return path


def nothing_is_half_written(site: Site) -> None:
    assert all(comparison.same for comparison in verify(site.store, SCHOOL))
    with site.store.read(PLANNER) as tx:
        plans = tx.plans(WEDNESDAY)
        assert sum(plan.status == "published" for plan in plans) <= 1
        assert all(tx.problem(plan.problem_digest).school == SCHOOL for plan in plans)


def test_no_form_and_no_page_trips_over_what_it_is_sent(site: Site) -> None:
    answered = send_anything(site, examples=6)
    assert {200, 303, 403, 404, 422} <= set(answered)
    nothing_is_half_written(site)


@pytest.mark.soak
def test_thousands_of_forms_and_questions_trip_nothing(site: Site) -> None:
    answered = send_anything(site, examples=100)
    assert answered.total() >= 5_000
    nothing_is_half_written(site)
