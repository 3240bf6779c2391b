"""The API as other systems meet it: what is acknowledged, what is refused, and how."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.access import MOMENT
from services.settings import Settings
from services.store import Store, Unavailable
from services.store.part import Part
from services.viewer import Viewer
from services.web.app import create_app
from services.web.auth import viewer_of
from tests.conftest import NOW
from tests.services.small_school import DAY, EAST, enrol, event, evidence, key_for

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"


@pytest.fixture
def client(store: Store) -> Iterator[TestClient]:
    """Another system with a key to the school east, on each database in turn."""
    enrol(store)
    app = create_app(Settings(_env_file=None), store)
    with TestClient(app, raise_server_exceptions=False) as client:
        client.headers["Authorization"] = f"Bearer {key_for(store)}"
        yield client


def post(client: TestClient, body: Any, media: str = STRUCTURED) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post("/api/events", content=content, headers={"Content-Type": media})


def test_an_accepted_event_is_in_the_log_and_sent_again_is_a_duplicate(client: TestClient) -> None:
    first, again = post(client, evidence("e1")), post(client, evidence("e1"))
    assert (first.status_code, first.json()["status"]) == (200, "accepted")
    assert (again.status_code, again.json()["status"]) == (200, "duplicate")
    (logged,) = client.get("/api/events").json()
    assert (logged["seq"], logged["event"]["id"]) == (1, "e1")
    (state,) = client.get("/api/students/ada/mastery").json()
    assert state["estimate"] == 0.8


def test_a_batch_is_answered_item_by_item_in_order(client: TestClient) -> None:
    sent = [evidence("e1"), {"id": "x"}, evidence("e1", 0.1), evidence("e2", student="eve")]
    answer = post(client, sent, BATCH)
    assert answer.status_code == 200
    assert [item["status"] for item in answer.json()["outcomes"]] == [
        "accepted", "quarantined", "conflict", "parked",
    ]  # fmt: skip
    assert post(client, [], BATCH).json() == {"outcomes": []}
    intake = client.get("/api/intake").json()
    assert (intake["position"], intake["accepted"]) == (1, 1)
    assert [item["mend"] for item in intake["parked"]] == ["import student eve"]
    assert len(intake["quarantined"]) == 1


def test_each_refusal_has_its_status_and_says_how_to_mend_it(client: TestClient) -> None:
    post(client, evidence("e1", 0.8))
    conflict = post(client, evidence("e1", 0.1))
    assert conflict.status_code == 409
    wrong = post(client, evidence("e2", 7))
    assert wrong.status_code == 422
    assert "data.score" in wrong.json()["reason"]
    assert all(answer.json()["mend"] for answer in (conflict, wrong))


@pytest.mark.parametrize(
    ("body", "media", "status"),
    [
        (b"{", STRUCTURED, 400),
        (b"", STRUCTURED, 400),
        (b"\xff", STRUCTURED, 400),
        (b'{"score": NaN}', STRUCTURED, 400),
        (b'"\\ud800"', STRUCTURED, 400),
        (b"[" * 90_000, STRUCTURED, 400),
        (b"[" * 40 + b"]" * 40, STRUCTURED, 400),
        (b"{}", BATCH, 400),
        (b"{}", "text/plain", 415),
        (b"<x/>", "application/xml", 415),
        (b"[" + b"0," * 500 + b"0]", BATCH, 413),
        (b" " * (1024 * 1024 + 1), STRUCTURED, 413),
        (b"null", STRUCTURED, 422),
        (b"[null]", STRUCTURED, 200),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_hostile_body_is_refused_cleanly(
    client: TestClient, body: bytes, media: str, status: int
) -> None:
    assert post(client, body, media).status_code == status


def test_nobody_posts_without_a_key_or_a_sign_in(client: TestClient) -> None:
    del client.headers["Authorization"]
    assert post(client, evidence("e1")).status_code == 401
    client.headers["Authorization"] = "Bearer of nothing"
    assert post(client, evidence("e1")).status_code == 401


@pytest.fixture
def teacher(client: TestClient) -> TestClient:
    """The same application, asked by a signed-in teacher."""
    app: Any = client.app
    app.dependency_overrides[viewer_of] = lambda: Viewer.staff("east", "teacher", "vega")
    return client


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/events"),
        ("GET", "/api/intake"),
        ("POST", "/api/intake/replays"),
        ("GET", "/api/roster/students/ids"),
    ],
)
def test_what_is_the_offices_is_not_shown_to_a_teacher(
    teacher: TestClient, method: str, path: str
) -> None:
    assert teacher.request(method, path).status_code == 403


def test_a_teacher_imports_nothing_and_speaks_only_of_own_students(teacher: TestClient) -> None:
    assert upload(teacher, "csv", "rooms.csv", b"x").status_code == 403
    assert post(teacher, evidence("e1")).json()["status"] == "accepted"
    refused = post(teacher, evidence("e2", student="ben"))
    assert (refused.status_code, refused.json()["status"]) == (403, "refused")
    assert teacher.get("/api/students/ada/mastery").status_code == 200
    assert teacher.get("/api/students/ben/mastery").status_code == 404


def test_the_school_is_the_keys_whatever_the_body_says(client: TestClient, store: Store) -> None:
    enrol(store, "west")
    post(client, evidence("e1") | {"school": "west"})
    with store.read(EAST) as tx:
        assert tx.position() == 1


def test_a_database_that_is_away_is_said_so_and_nothing_is_acknowledged(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_: Part) -> None:
        raise Unavailable("the database is busy; try again shortly")

    monkeypatch.setattr(Part, "lock_school", away)
    answer = post(client, evidence("e1"))
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    monkeypatch.undo()
    assert client.get("/api/events").json() == []


def test_what_was_put_aside_is_offered_again(client: TestClient, store: Store) -> None:
    with store.begin(EAST) as tx:
        tx.set_aside(json.dumps(evidence("e1")).encode(), "a fault of ours", "wait")
    answer = client.post("/api/intake/replays").json()
    assert [item["status"] for item in answer["outcomes"]] == ["accepted"]
    assert client.get("/api/intake").json()["quarantined"] == []


@pytest.mark.parametrize("student", ["nobody", "a%00b", "x" * 300])
def test_a_student_nobody_knows_has_no_states(client: TestClient, student: str) -> None:
    answer = client.get(f"/api/students/{student}/mastery")
    assert answer.status_code in (200, 404)
    assert answer.status_code == 404 or answer.json() == []


# --- imports --------------------------------------------------------------------------------


def upload(client: TestClient, format: str, name: str, content: bytes) -> Any:
    return client.post(f"/api/imports/{format}", files={"files": (name, content)})


def test_our_own_tables_come_in_by_upload_and_release_what_waited(client: TestClient) -> None:
    closed = event("room.closed", "e1", room="r2", day=DAY)
    assert post(client, closed).json()["status"] == "parked"
    rooms = "ClassroomIdentificationCode,BuildingName,MaximumNumberOfSeats\nr2,Main,24\n"
    answer = upload(client, "csv", "rooms.csv", rooms.encode())
    assert answer.status_code == 200, answer.text
    assert answer.json()["changes"]["rooms"]["added"] == 1
    intake = client.get("/api/intake").json()
    assert (intake["accepted"], intake["parked"]) == (1, [])
    again = upload(client, "csv", "rooms.csv", rooms.encode()).json()["changes"]["rooms"]
    assert (again["added"], again["changed"], again["ended"]) == (0, 0, 0)


def zipped(name: str, content: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return held.getvalue()


@pytest.mark.parametrize(
    ("format", "name", "content"),
    [
        ("csv", "rooms.csv", b"\xff\xfe\x00"),
        ("csv", "nothing.csv", b"a,b\n1,2\n"),
        ("case", "x.json", b"{"),
        ("case", "x.json", b'{"CFItems": [{"identifier": 7}]}'),
        ("edfi", "x.xml", b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'),
        ("oneroster", "x.zip", b"PK\x03\x04 broken"),
        ("oneroster", "x.zip", zipped("../orgs.csv", b"sourcedId\n1\n")),
        ("oneroster", "x.zip", zipped("orgs.csv", b"0" * 50_000_000)),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_hostile_upload_is_refused_with_a_report_and_changes_nothing(
    client: TestClient, store: Store, format: str, name: str, content: bytes
) -> None:
    with store.read(EAST) as tx:
        version = tx.roster_version()
    answer = upload(client, format, name, content)
    assert answer.status_code == 422, answer.text
    assert answer.json()["refused"][0]["mend"]
    with store.read(EAST) as tx:
        assert tx.roster_version() == version


def test_an_unknown_format_is_not_found(client: TestClient) -> None:
    assert upload(client, "word", "x.doc", b"x").status_code == 404


# --- fuzz -----------------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
MUTATED = st.builds(
    lambda path, value: _with(evidence("e1"), path, value),
    st.sampled_from(["id", "source", "type", "time", "data", "student", "competency", "score"]),
    JSON,
)


def _with(sent: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    place = sent["data"] if name in sent["data"] else sent
    place[name] = value
    return sent


def never_trips(client: TestClient, body: bytes) -> None:
    answer = post(client, body)
    assert answer.status_code in (200, 400, 409, 422), answer.text
    assert client.get("/api/intake").status_code == 200


QUIETLY = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
}


@settings(max_examples=25, **QUIETLY)
@given(body=st.binary(max_size=200) | (JSON | MUTATED).map(lambda v: json.dumps(v).encode()))
def test_no_body_makes_the_server_trip(client: TestClient, body: bytes) -> None:
    never_trips(client, body)


@pytest.mark.soak
@settings(max_examples=5000, **QUIETLY)
@given(body=st.binary(max_size=2000) | (JSON | MUTATED).map(lambda v: json.dumps(v).encode()))
def test_five_thousand_bodies_do_not_make_the_server_trip(client: TestClient, body: bytes) -> None:
    never_trips(client, body)


# --- keys of systems ----------------------------------------------------------------------------


def test_a_key_without_the_offices_rights_only_sends(client: TestClient, store: Store) -> None:
    client.headers["Authorization"] = f"Bearer {key_for(store, office=False)}"
    assert post(client, evidence("e1")).json()["status"] == "accepted"
    assert client.get("/api/roster/students/ids").json() == ["ada", "ben", "cy", "dee"]
    for closed in ("/api/events", "/api/intake"):
        assert client.get(closed).status_code == 403
    assert client.get("/api/students/ada/mastery").status_code == 404
    assert client.post("/api/intake/replays").status_code == 403
    assert client.post("/api/imports/csv", files={"files": b"x"}).status_code == 403


@pytest.mark.parametrize("office", [False, True])
def test_a_key_speaks_for_its_source_and_its_types_alone(
    client: TestClient, store: Store, office: bool
) -> None:
    scope = {"source": "gradebook", "types": ("evidence.recorded",)}
    client.headers["Authorization"] = f"Bearer {key_for(store, office=office, **scope)}"
    assert post(client, evidence("e1")).status_code == 403
    assert post(client, evidence("e1") | {"source": "gradebook"}).status_code == 200
    absence = event("staff.absent", "a1", staff="vega", day=DAY, source="gradebook")
    assert post(client, absence).status_code == 403


def test_what_a_key_may_not_send_it_may_not_send_by_way_of_the_quarantine_either(
    client: TestClient, store: Store
) -> None:
    office = client.headers["Authorization"]
    client.headers["Authorization"] = f"Bearer {key_for(store, office=False, source='gradebook')}"
    early = evidence("e1") | {"time": "2026-11-24T15:00:00+00:00"}
    assert post(client, early).json()["status"] == "quarantined"
    store.clock = lambda: NOW + timedelta(hours=2)
    client.headers["Authorization"] = office
    (again,) = client.post("/api/intake/replays").json()["outcomes"]
    assert again["status"] == "refused"


def test_a_key_that_has_expired_or_was_ended_or_guessed_opens_nothing(
    client: TestClient, store: Store
) -> None:
    key = key_for(store, lasts=timedelta(hours=1))
    id = key.split(".")[1]
    client.headers["Authorization"] = f"Bearer {key}"
    assert client.get("/api/intake").status_code == 200
    store.clock = lambda: NOW + timedelta(hours=1)
    assert client.get("/api/intake").status_code == 401
    store.clock = lambda: NOW
    with store.begin(EAST) as tx:
        assert tx.end_key(id)
    store.clock = lambda: NOW + MOMENT
    assert client.get("/api/intake").status_code == 401
    store.clock = lambda: NOW
    other = key_for(store)
    for guess in (
        other[:-1] + "~",
        other.replace("ZWFzdA", "d2VzdA"),
        f"fd_ZWFzdA.{id}.",
        "fd_",
        "x",
    ):
        client.headers["Authorization"] = f"Bearer {guess}"
        assert client.get("/api/intake").status_code == 401, guess


def test_a_key_is_kept_hashed_only(store: Store) -> None:
    enrol(store)
    secret = key_for(store).rsplit(".", 1)[1]
    with store.read(EAST) as tx:
        assert secret not in str(tx.api_keys())
