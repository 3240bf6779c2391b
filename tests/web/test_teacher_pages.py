"""The teacher's day: who comes and why, who is no longer expected, attendance, exit slips."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient

from schemas.plan import Duty, Placement, Plan, Session
from services.child import Job
from services.planner import Planner
from services.solving import Bounds, Follow
from services.store import PlanRow, Store
from services.workflow import approve
from solver.facts import Facts
from solver.score import finish
from tests.services.school_day import KIM, MACHINE, WEDNESDAY, everybody_studies, plan_day, tell
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


def test_on_paper_a_session_is_one_list(vega: TestClient, session: str) -> None:
    page = vega.get(f"{DAY}/session/{session}").text
    paper = page.partition("print-only")[2].partition("</section>")[0]
    assert paper.count('scope="row"') == 6
    assert "Everybody is here for" not in paper


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


def test_what_was_recorded_of_a_student_today_is_marked(
    sign_in: SignIn, school_store: Store
) -> None:
    school_store.clock.leap("2026-11-25T15:00+00:00")  # type: ignore[attr-defined]
    with school_store.begin(KIM) as tx:
        tx.queue_run(WEDNESDAY, "person", asked_by="kim")
    assert Planner(school_store, solver=ratios_with_vega).step()
    with school_store.read(MACHINE) as tx:
        draft = tx.plans(WEDNESDAY, "draft")[-1]
    approve(school_store, KIM, draft.id, draft.etag)
    vega, page = sign_in("teacher"), f"{DAY}/session/ratios-b1"
    assert "Everybody is here for" in vega.get(page).text
    assert "aria-pressed" not in vega.get(page).text
    for answer in ("not_yet", "nearly"):
        told = {"session": "ratios-b1", "student": "ada", "competency": "c1", "answer": answer}
        send(vega, page, f"{DAY}/evidence", **told)
    assert vega.get(f"{page}.json").json()["recorded"] == {"ada": "nearly"}
    assert vega.get(page).text.count("aria-pressed") == 1


def ratios_with_vega(job: Job, bounds: Bounds, follow: Follow) -> Plan:
    """Two students on ratios in the first block; all the rest as the stand-in has it."""
    usual, two = everybody_studies(job.problem), ("ada", "ben")
    duty = Duty(staff="vega", role="lead")
    lesson = Session(id="ratios-b1", offering="ratios", blocks=("b1",), room="r1", duties=(duty,))
    kim = Duty(staff="kim", role="lead")
    others = [
        one.model_copy(update={"duties": (kim,)}) if one.id == "study-b1" else one
        for one in usual.sessions
    ]
    placements = [
        one for one in usual.placements if one.session != "study-b1" or one.student not in two
    ]
    placements += [Placement(student=s, session=lesson.id, competency="c1") for s in two]
    return finish(Facts(job.problem), [*others, lesson], placements, (), bound=0)


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
