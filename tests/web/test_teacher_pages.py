"""The teacher's day: who comes and why, who is no longer expected, attendance, exit slips."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient

from services.store import PlanRow, Store
from services.workflow import approve
from tests.services.school_day import KIM, MACHINE, WEDNESDAY, plan_day, tell
from tests.web.conftest import SignIn
from tests.web.people import send

DAY = f"/teaching/{WEDNESDAY}"


@pytest.fixture
def vega(sign_in: SignIn, published: PlanRow) -> TestClient:
    return sign_in("teacher")


@pytest.fixture
def session(published: PlanRow) -> str:
    return published.plan.sessions[0].id


def test_the_day_is_in_order_of_time_with_its_fixed_class(vega: TestClient) -> None:
    entries = vega.get(f"{DAY}.json").json()["schedule"]["entries"]
    assert [entry["title"] for entry in entries] == ["6a", "Study", "Study"]
    assert [entry["start"] for entry in entries] == [480, 530, 600]


def test_a_day_without_a_plan_says_so(vega: TestClient) -> None:
    assert "No plan is published" in vega.get("/teaching/2026-11-23").text


def test_a_roster_says_who_comes_from_where_and_why(vega: TestClient, session: str) -> None:
    page = vega.get(f"{DAY}/session/{session}").text
    ada = page[page.index("Ada Lane") :]
    assert "Room 1" in ada[: ada.index("Ben Lane")]
    assert "The only open place in this block." in ada[: ada.index("Ben Lane")]


def test_attendance_is_kept_and_shown_again(
    vega: TestClient, session: str, school_store: Store
) -> None:
    page = f"{DAY}/session/{session}"
    told = {"session": session, "block": "b1", "status:ada": "present", "status:ben": "late"}
    answer = send(vega, page, f"{DAY}/attendance", **told)
    assert answer.headers["location"].endswith("said=attendance-taken")
    with school_store.read(MACHINE) as tx:
        kept = {f["body"]["student"]: f["body"]["status"] for f in tx.facts("attendance")}
    assert kept == {"ada": "present", "ben": "late"}
    assert re.search(r'name="status:ben" value="late" checked', vega.get(page).text)


def test_everybody_without_a_tick_is_here_at_one_press(
    vega: TestClient, session: str, school_store: Store
) -> None:
    told = {"session": session, "block": "b1", "status:ben": "absent", "rest": "present"}
    send(vega, f"{DAY}/session/{session}", f"{DAY}/attendance", **told)
    with school_store.read(MACHINE) as tx:
        kept = [fact["body"]["status"] for fact in tx.facts("attendance")]
    assert sorted(kept) == ["absent"] + ["present"] * 5


def test_attendance_of_somebody_elsewhere_is_not_taken(
    vega: TestClient, session: str, school_store: Store
) -> None:
    told = {"session": session, "block": "b1", "status:nobody": "present"}
    send(vega, f"{DAY}/session/{session}", f"{DAY}/attendance", **told)
    with school_store.read(MACHINE) as tx:
        assert tx.facts("attendance") == []


def test_an_exit_slip_becomes_evidence_of_what_was_taught_how(
    vega: TestClient, session: str, school_store: Store
) -> None:
    told = {"session": session, "student": "ada", "competency": "c1", "answer": "got_it"}
    answer = send(vega, f"{DAY}/session/{session}", f"{DAY}/evidence", **told)
    assert answer.status_code == 303
    with school_store.read(MACHINE) as tx:
        (state,) = tx.mastery("ada")
    assert (state.competency, state.evidence_count) == ("c1", 1)
    assert state.approaches[0].modality == "independent"


def test_a_student_asked_for_reaches_the_next_plan(vega: TestClient, school_store: Store) -> None:
    told = {"student": "ada", "offering": "ratios", "priority": 5}
    send(vega, f"{DAY}/ask", f"{DAY}/ask", **told)
    with school_store.read(MACHINE) as tx:
        (request,) = tx.facts("request", day=WEDNESDAY)
    assert request["body"]["staff"] == "vega"
    assert request["body"]["blocks"] == ["b1", "b2"]


def test_somebody_no_longer_expected_is_named_with_where_they_are(
    vega: TestClient, session: str, school_store: Store
) -> None:
    tell(school_store, "student.absent", "away-1", student="ben", day=WEDNESDAY)
    newer = plan_day(school_store)
    approve(school_store, KIM, newer.id, newer.etag)
    page = vega.get(f"{DAY}/session/{session}").text
    gone = page[page.index("No longer expected here") :]
    assert "Ben Lane: not at school in this block" in gone[:400]


def test_the_printed_day_has_a_sheet_for_each_session(vega: TestClient) -> None:
    page = vega.get(DAY).text
    assert page.count('class="one-page') == 2


def test_reading_a_roster_leaves_a_trace(
    vega: TestClient, session: str, school_store: Store
) -> None:
    vega.get(f"{DAY}/session/{session}")
    with school_store.read(MACHINE) as tx:
        traces = [row for row in tx.audit_rows() if row.person == "vega"]
    assert any(row.object == f"roster {WEDNESDAY} {session}" for row in traces)
