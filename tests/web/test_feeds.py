"""Calendar feeds: a secret address, stable events, no other student's name."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from icalendar import Calendar

from services.store import PlanRow, Store
from services.workflow import approve
from tests.services.school_day import KIM, MACHINE, WEDNESDAY, plan_day, tell
from tests.web.conftest import SignIn
from tests.web.people import send

Feed = Callable[[str], str]


@pytest.fixture
def feed(sign_in: SignIn) -> Feed:
    """Makes a feed for a role's person and gives its address."""

    def make(role: str) -> str:
        page = send(sign_in(role), "/my-calendar", "/my-calendar").text
        found = re.search(r'value="http://testserver(/cal/[^"]+\.ics)"', page)
        assert found
        return found.group(1)

    return make


@pytest.fixture
def reader(app: FastAPI) -> TestClient:
    """A calendar program: no sign-in, no cookie."""
    return TestClient(app)


def events(reader: TestClient, address: str) -> dict[str, dict[str, str]]:
    calendar = Calendar.from_ical(reader.get(address).content)
    return {
        str(event["uid"]): {name: event[name].to_ical().decode() for name in event}
        for event in calendar.walk("VEVENT")
    }


def test_the_feed_holds_the_day_in_utc(feed: Feed, reader: TestClient, published: PlanRow) -> None:
    address = feed("student")
    assert reader.get(address).headers["content-type"] == "text/calendar; charset=utf-8"
    starts = sorted(event["DTSTART"] for event in events(reader, address).values())
    assert starts == ["20261125T140000Z", "20261125T145000Z", "20261125T160000Z"]


def test_the_feed_names_nobody_else(feed: Feed, reader: TestClient, published: PlanRow) -> None:
    for role in ("student", "guardian", "teacher"):
        body = reader.get(feed(role)).text
        assert "Lane" not in body


def test_the_address_is_shown_once_and_kept_as_a_hash(
    feed: Feed, sign_in: SignIn, school_store: Store
) -> None:
    secret = feed("student").split(".")[1]
    page = sign_in("student").get("/my-calendar").text
    assert secret not in page
    assert "You have an address" in page


def test_an_event_keeps_its_id_when_a_new_plan_is_published(
    feed: Feed, reader: TestClient, published: PlanRow, school_store: Store
) -> None:
    address = feed("student")
    before = events(reader, address)
    tell(school_store, "staff.absent", "away-1", staff="vega", day=WEDNESDAY)
    newer = plan_day(school_store)
    approve(school_store, KIM, newer.id, newer.etag)
    after = events(reader, address)
    assert after.keys() == before.keys()
    assert {event["SEQUENCE"] for event in before.values()} == {"1"}
    assert {event["SEQUENCE"] for event in after.values()} == {"2"}


def test_what_no_longer_happens_is_cancelled(
    feed: Feed, reader: TestClient, published: PlanRow, school_store: Store
) -> None:
    address = feed("student")
    facts = {"student": "ada", "day": WEDNESDAY, "blocks": ["b2"]}
    tell(school_store, "student.absent", "away-1", **facts)
    newer = plan_day(school_store)
    approve(school_store, KIM, newer.id, newer.etag)
    by_start = {e["DTSTART"]: e["STATUS"] for e in events(reader, address).values()}
    assert by_start["20261125T145000Z"] == "CONFIRMED"
    assert by_start["20261125T160000Z"] == "CANCELLED"


def test_an_unchanged_feed_is_not_sent_again(
    feed: Feed, reader: TestClient, published: PlanRow
) -> None:
    address = feed("teacher")
    etag = reader.get(address).headers["etag"]
    again = reader.get(address, headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")


def test_a_new_address_ends_the_old_one_and_ending_ends_it(
    feed: Feed, reader: TestClient, sign_in: SignIn
) -> None:
    first, second = feed("student"), feed("student")
    assert reader.get(first).status_code == 404
    assert reader.get(second).status_code == 200
    send(sign_in("student"), "/my-calendar", "/my-calendar/end")
    assert reader.get(second).status_code == 404


@pytest.mark.parametrize("address", ["x", "x.y", "!!!.z", "ZWFzdA.wrong", "ZWFzdA", "%00.x"])
def test_wrong_addresses_answer_alike(reader: TestClient, address: str) -> None:
    assert reader.get(f"/cal/{address}.ics").status_code == 404


def test_a_familys_feed_follows_its_links(
    feed: Feed, reader: TestClient, published: PlanRow, school_store: Store
) -> None:
    address = feed("guardian")
    assert len(events(reader, address)) == 3
    link = {"guardian": "gil", "student": "ada", "may_see": False}
    tell(school_store, "guardian.changed", "court-1", link=link)
    assert events(reader, address) == {}


def test_the_days_of_a_feed_belong_to_its_school(school_store: Store) -> None:
    with school_store.read(MACHINE) as tx:
        assert tx.feed_person("of another school") is None
