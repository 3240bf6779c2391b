"""The scheduler's day: look, decide on exactly what was seen, change by hand, meet an absence."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient

from schemas.plan import LeastUnplaced, Plan
from services.child import Job
from services.planner import Planner
from services.solving import Bounds, Follow, solve_in_child
from services.store import PlanRow, Store
from tests.services.school_day import KIM, MACHINE, WEDNESDAY, plan_day, stand_in, tell
from tests.web.conftest import SignIn
from tests.web.people import send


@pytest.fixture
def kim(sign_in: SignIn) -> TestClient:
    return sign_in("scheduler")


def status(store: Store, plan: str) -> str:
    with store.read(MACHINE) as tx:
        return tx.plan(plan).status


def etag(browser: TestClient, plan: str) -> str:
    return str(browser.get(f"/plans/{plan}.json").json()["review"]["etag"])


def test_the_review_says_first_whether_it_is_safe(kim: TestClient, draft: PlanRow) -> None:
    page = kim.get(f"/plans/{draft.id}").text
    assert page.index("Safe to approve") < page.index("What stands out")
    assert page.index("What stands out") < page.index("Rooms and blocks")


def test_how_many_have_to_be_without_a_session_is_said(
    kim: TestClient, school_store: Store
) -> None:
    def short_of_seats(job: Job, bounds: Bounds, follow: Follow) -> Plan:
        plan = stand_in(job, bounds, follow)
        return plan.model_copy(update={"least_unplaced": LeastUnplaced(amount=3)})

    with school_store.begin(KIM) as tx:
        tx.queue_run(WEDNESDAY, "person", asked_by="kim")
    assert Planner(school_store, solver=short_of_seats).step()
    with school_store.read(MACHINE) as tx:
        draft = tx.plans(WEDNESDAY, "draft")[-1]
    assert "(3 must be)" in kim.get(f"/plans/{draft.id}").text


def test_what_somebody_loses_by_stands_out_before_what_no_day_can_serve(
    kim: TestClient, draft: PlanRow
) -> None:
    stands_out = kim.get(f"/plans/{draft.id}.json").json()["review"]["exceptions"]
    assert [group["rule"] for group in stands_out][-1] == "unmet-need"
    every = kim.get(f"/plans/{draft.id}/findings/unmet-need").text
    assert "Needs not served today" in every
    assert every.count("urgency") == len(stands_out[-1]["findings"])
    assert kim.get(f"/plans/{draft.id}/findings/no-such-rule").status_code == 404


def test_before_a_first_approval_it_is_said_that_nothing_was_published(
    kim: TestClient, draft: PlanRow
) -> None:
    assert "Nothing was published" in kim.get(f"/plans/{draft.id}/decide").text


def test_who_moves_is_told_apart_by_how_much(
    kim: TestClient, published: PlanRow, school_store: Store
) -> None:
    tell(school_store, "staff.absent", "away-1", staff="vega", day=WEDNESDAY, blocks=["b2"])
    Planner(school_store, solver=stand_in).step()
    with school_store.read(MACHINE) as tx:
        waiting = tx.plans(WEDNESDAY, "draft")[-1]
    for address in (f"/plans/{waiting.id}", f"/plans/{waiting.id}/decide"):
        page = kim.get(address).text
        assert "6 only have another adult; 2 adults do something else." in page, address
    assert "Takes over from Vega Reed." in kim.get(f"/plans/{waiting.id}").text


def test_it_is_said_against_what_people_move_and_when_nobody_does(
    kim: TestClient, draft: PlanRow, school_store: Store
) -> None:
    assert "Nothing is published for this day yet" in kim.get(f"/plans/{draft.id}").text
    again = plan_day(school_store)
    assert "Nobody: everything stays as it was." in kim.get(f"/plans/{again.id}").text
    tell(school_store, "room.closed", "shut-1", room="r2", day=WEDNESDAY)
    moved = plan_day(school_store)
    assert "Against the draft before: 6 only change room" in kim.get(f"/plans/{moved.id}").text


def test_a_newer_draft_is_offered_where_the_page_keeps_itself_new(
    kim: TestClient, draft: PlanRow, school_store: Store
) -> None:
    plan_day(school_store)
    live = kim.get(f"/plans/{draft.id}").text.partition('id="live"')[2].partition("</div>")[0]
    assert "There is a newer draft of this day" in live


def test_what_is_approved_is_what_was_seen(
    kim: TestClient, draft: PlanRow, school_store: Store
) -> None:
    page = f"/plans/{draft.id}/decide"
    seen = re.search(r'name="etag" value="([^"]+)"', kim.get(page).text)
    assert seen
    answer = send(kim, page, f"/plans/{draft.id}/approve", etag=seen.group(1))
    assert answer.headers["location"] == f"/days/{WEDNESDAY}?said=approved"
    assert status(school_store, draft.id) == "published"


def test_an_approval_names_the_plan_it_saw(
    kim: TestClient, draft: PlanRow, school_store: Store
) -> None:
    page, address = f"/plans/{draft.id}", f"/plans/{draft.id}/approve"
    assert send(kim, page, address).status_code == 428
    assert send(kim, page, address, etag="of-another-plan").status_code == 412
    assert status(school_store, draft.id) == "draft"
    assert send(kim, page, address, etag=draft.etag).status_code == 303
    assert send(kim, page, address, etag=draft.etag).status_code == 412


def test_the_etag_can_come_as_if_match(
    kim: TestClient, draft: PlanRow, school_store: Store
) -> None:
    kim.headers["If-Match"] = f'"{draft.etag}"'
    assert send(kim, f"/plans/{draft.id}", f"/plans/{draft.id}/approve").status_code == 303
    assert status(school_store, draft.id) == "published"


def test_a_plan_can_be_published_at_a_named_hour(
    kim: TestClient, draft: PlanRow, school_store: Store
) -> None:
    hour = {"publish_on": "2026-11-25", "publish_at": "06:45"}
    address = f"/plans/{draft.id}/approve"
    assert send(kim, f"/plans/{draft.id}", address, etag=draft.etag, **hour).status_code == 303
    with school_store.read(MACHINE) as tx:
        row = tx.plan(draft.id)
    assert row.status == "approved"
    assert row.publish_at is not None
    assert row.publish_at.isoformat() == "2026-11-25T12:45:00+00:00"


def test_a_rejected_plan_keeps_its_reason(
    kim: TestClient, draft: PlanRow, school_store: Store
) -> None:
    told = {"etag": draft.etag, "reason": "the hall is booked"}
    assert send(kim, f"/plans/{draft.id}", f"/plans/{draft.id}/reject", **told).status_code == 303
    assert status(school_store, draft.id) == "rejected"
    with school_store.read(MACHINE) as tx:
        assert any(row.reason == "the hall is booked" for row in tx.audit_rows())


def test_when_a_draft_is_rejected_the_one_before_it_waits_again(
    kim: TestClient, draft: PlanRow, school_store: Store
) -> None:
    newer = plan_day(school_store)
    send(kim, f"/plans/{newer.id}", f"/plans/{newer.id}/reject", etag=newer.etag)
    assert f'href="/plans/{draft.id}">Review it' in kim.get(f"/days/{WEDNESDAY}").text
    (line,) = [d for d in kim.get("/days.json").json()["coming"] if d["day"] == str(WEDNESDAY)]
    assert (line["waiting"], line["review"]) == (True, draft.id)


def test_an_absent_teacher_gives_a_new_draft_that_says_who_moves_and_why(
    kim: TestClient, published: PlanRow, school_store: Store
) -> None:
    page = f"/days/{WEDNESDAY}"
    assert send(kim, page, f"{page}/away", kind="staff", id="vega").status_code == 303
    shown = kim.get(page).text
    assert "Waiting to start" in shown
    assert "Vega Reed" in shown
    assert Planner(school_store, solver=stand_in).step()
    waiting = re.search(r'href="/plans/(\w+)">Review it', kim.get(page).text)
    assert waiting
    review = kim.get(f"/plans/{waiting.group(1)}").text
    assert "Who moves, and why" in review
    assert "Vega Reed is away." in review
    assert "An adult&#39;s absence" in kim.get(page).text
    assert status(school_store, published.id) == "published"


def test_somebody_back_is_no_longer_listed(kim: TestClient, published: PlanRow) -> None:
    page = f"/days/{WEDNESDAY}"
    send(kim, page, f"{page}/away", kind="room", id="r1")
    assert "Open again" in kim.get(page).text
    send(kim, page, f"{page}/away", kind="room", id="r1", is_away="false")
    assert "Open again" not in kim.get(page).text


def test_a_run_can_be_asked_for_and_stopped(kim: TestClient, school_store: Store) -> None:
    page = f"/days/{WEDNESDAY}"
    assert send(kim, page, f"{page}/plan").status_code == 303
    with school_store.read(MACHINE) as tx:
        (run,) = tx.runs(WEDNESDAY)
    assert send(kim, page, f"/runs/{run.id}/cancel").status_code == 303
    assert not Planner(school_store, solver=stand_in).step()


def test_a_closed_day_is_not_planned(kim: TestClient) -> None:
    answer = send(kim, f"/days/{WEDNESDAY}", "/days/2026-11-26/plan")
    assert answer.status_code == 409
    assert "choose a school day" in answer.text


def test_a_changed_room_is_a_new_revision_with_a_lock_and_can_be_undone(
    kim: TestClient, draft: PlanRow
) -> None:
    session = draft.plan.sessions[0]
    page = f"/plans/{draft.id}/session/{session.id}"
    told = {"etag": draft.etag, "session": session.id, "room": "hall"}
    answer = send(kim, page, f"/plans/{draft.id}/room", **told)
    revised = answer.headers["location"].partition("?")[0]
    assert "🔒" in kim.get(f"{revised}/session/{session.id}").text
    seen = kim.get(f"{revised}.json").json()["review"]
    assert [row["title"] for row in seen["board"] if any(row["cells"])].count("Hall") == 1
    undone = send(kim, revised, f"{revised}/undo", etag=seen["etag"]).headers["location"]
    locks = kim.get(f"{undone.partition('?')[0]}.json").json()["review"]["locks"]
    assert locks == []


def test_a_session_can_be_locked_and_its_lock_lifted(kim: TestClient, draft: PlanRow) -> None:
    session = draft.plan.sessions[0].id
    page = f"/plans/{draft.id}/session/{session}"
    told = {"etag": draft.etag, "session": session, "reason": "the inspector comes"}
    locked = send(kim, page, f"/plans/{draft.id}/lock", **told).headers["location"].split("?")[0]
    assert "the inspector comes" in kim.get(f"{locked}/session/{session}").text
    (lock,) = kim.get(f"{locked}.json").json()["review"]["locks"]
    told = {"etag": etag(kim, locked.rpartition("/")[2]), "lock": lock["id"]}
    lifted = send(kim, locked, f"{locked}/unlock", **told).headers["location"].split("?")[0]
    assert kim.get(f"{lifted}.json").json()["review"]["locks"] == []


def test_an_adult_can_be_swapped(kim: TestClient, draft: PlanRow) -> None:
    session = draft.plan.sessions[0]
    page = f"/plans/{draft.id}/session/{session.id}"
    told = {"etag": draft.etag, "session": session.id, "out": "vega", "into": "moss"}
    revised = send(kim, page, f"/plans/{draft.id}/adult", **told).headers["location"].split("?")[0]
    assert "Moss Reed" in kim.get(f"{revised}/session/{session.id}").text


def test_a_student_can_be_moved_home_and_why_not_is_answered(
    kim: TestClient, draft: PlanRow
) -> None:
    session = draft.plan.sessions[0].id
    page = f"/plans/{draft.id}/session/{session}"
    told = {"etag": draft.etag, "student": "ada", "to": ""}
    answer = send(kim, page, f"/plans/{draft.id}/move", **told)
    assert answer.status_code == 303
    home = answer.headers["location"].partition("?")[0]
    assert "Ada Lane" in kim.get(home).text.partition("Without a session</h3>")[2]
    asked = {"student": "ada", "to": session, "ask": "yes", "etag": draft.etag}
    asking = send(kim, page, f"/plans/{draft.id}/move", **asked).headers["location"]
    assert "Nothing stands in the way" in kim.get(asking).text


def test_an_earlier_plan_can_be_published_again(
    kim: TestClient, published: PlanRow, school_store: Store
) -> None:
    with school_store.begin(KIM) as tx:
        tx.queue_run(WEDNESDAY, "person", asked_by="kim")
    Planner(school_store, solver=stand_in).step()
    with school_store.read(MACHINE) as tx:
        newer = tx.plans(WEDNESDAY, "draft")[-1]
    send(kim, f"/plans/{newer.id}", f"/plans/{newer.id}/approve", etag=newer.etag)
    page = f"/days/{WEDNESDAY}"
    back = next(p for p in kim.get(f"{page}.json").json()["plans"] if p["can_return"])
    assert back["id"] == published.id
    answer = send(kim, page, f"/plans/{back['id']}/roll-back", etag=back["etag"])
    assert answer.headers["location"].endswith("said=rolled-back")


def test_news_since_the_draft_is_listed_beside_it(
    kim: TestClient, draft: PlanRow, school_store: Store
) -> None:
    tell(school_store, "student.absent", "late-1", student="ben", day=WEDNESDAY)
    assert "Ben Lane is absent" in kim.get(f"/plans/{draft.id}").text
    assert "Then plan again at once" in kim.get(f"/plans/{draft.id}/decide").text


def test_the_board_can_be_cut_down_to_one_adult(kim: TestClient, draft: PlanRow) -> None:
    everything = kim.get(f"/plans/{draft.id}").text
    of_moss = kim.get(f"/plans/{draft.id}?adult=moss").text
    assert 'class="session' in everything
    assert 'class="session' not in of_moss


def test_after_an_absence_each_trouble_says_how_it_was_mended_and_what_else_could_be_done(
    kim: TestClient, published: PlanRow, school_store: Store
) -> None:
    tell(school_store, "staff.absent", "ill", staff="vega", day=WEDNESDAY, blocks=[])
    assert Planner(school_store, solver=solve_in_child).step()
    with school_store.read(MACHINE) as tx:
        repaired = tx.plans(WEDNESDAY, "draft")[-1]
    page = f"/plans/{repaired.id}"
    shown = kim.get(page).text
    assert "2 troubles were mended" in shown
    assert re.search(r"(Kim|Lee|Moss) Reed takes over\.", shown)
    assert "Do this instead" in shown
    fields = dict(re.findall(r'name="(trouble|way)" value="([^"]+)"', shown))
    answer = send(kim, page, f"{page}/mend", etag=repaired.etag, **fields)
    assert answer.headers["location"] == f"{page}?said=mending-queued"
    with school_store.read(MACHINE) as tx:
        assert tx.runs(WEDNESDAY)[-1].progress["prefer"] == {fields["trouble"]: fields["way"]}


def at_home(kim: TestClient, draft: PlanRow) -> tuple[str, str]:
    """Ada taken out of her sessions: the page of the revision, and the session she was in."""
    session = draft.plan.sessions[0].id
    told = {"etag": draft.etag, "student": "ada", "to": ""}
    page = f"/plans/{draft.id}/session/{session}"
    answer = send(kim, page, f"/plans/{draft.id}/move", **told)
    return answer.headers["location"].partition("?")[0], session


def test_a_student_without_a_session_is_offered_the_best_places_with_a_button(
    kim: TestClient, draft: PlanRow
) -> None:
    home, session = at_home(kim, draft)
    found = re.search(
        r'href="([^"]+/places\?student=ada[^"]+block=b1)">Find a place', kim.get(home).text
    )
    assert found
    offered = found.group(1).replace("&amp;", "&")
    shown = kim.get(offered).text
    assert "Move here" in shown
    fields = dict(re.findall(r'name="(etag|student|to)" value="([^"]+)"', shown))
    assert fields["to"] == session
    moved = send(kim, offered, f"{home}/move", **fields).headers["location"].partition("?")[0]
    seen = kim.get(f"{moved}.json").json()["review"]
    assert [one["block"] for one in seen["unplaced"]] == ["b2"]


def test_a_refusal_says_what_would_lift_it_what_it_costs_and_where_else_there_is_room(
    kim: TestClient, draft: PlanRow
) -> None:
    home, session = at_home(kim, draft)
    told = kim.get(f"{home}/why-not.json", params={"student": "ada", "session": session}).json()
    assert told["bars"] == []
    assert told["change"] < 0
    assert told["places"][0]["session"] == session


def test_one_more_session_is_offered_where_it_can_run_and_takes_in_who_waits(
    kim: TestClient, draft: PlanRow
) -> None:
    home, _ = at_home(kim, draft)
    offered = f"{home}/places?offering=study&block=b1"
    shown = kim.get(offered).text
    fields = dict(re.findall(r'name="(etag|offering|block|room)" value="([^"]+)"', shown))
    added = send(kim, offered, f"{home}/run", **fields).headers["location"].partition("?")[0]
    seen = kim.get(f"{added}.json").json()["review"]
    assert [one["block"] for one in seen["unplaced"]] == ["b2"]
    cells = [card for row in seen["board"] for card in row["cells"][0]]
    assert sorted(len(card["students"]) for card in cells)[0] == 1
