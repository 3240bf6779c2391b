"""What-ifs, the state of the log, imports."""

from __future__ import annotations

from services.handlers import handle
from services.planner import Planner
from services.store import Counts, PlanRow, Store
from tests.services.school_day import MACHINE, WEDNESDAY, stand_in
from tests.web.conftest import SignIn
from tests.web.people import send, token


def test_a_what_if_stands_beside_the_real_day_and_can_become_a_draft(
    sign_in: SignIn, published: PlanRow, school_store: Store
) -> None:
    kim = sign_in("scheduler")
    told = {"day": str(WEDNESDAY), "title": "Vega is ill", "absent": "vega"}
    page = send(kim, "/what-if", "/what-if", **told).headers["location"].partition("?")[0]
    assert "Being worked out" in kim.get(page).text
    assert Planner(school_store, solver=stand_in).step()
    shown = kim.get(page).text
    assert "Side by side" in shown
    assert "Students here" in shown
    with school_store.read(MACHINE) as tx:
        assert tx.published(WEDNESDAY).id == published.id  # type: ignore[union-attr]
        assert tx.plans(WEDNESDAY, "draft") == []
    draft = send(kim, page, f"{page}/promote").headers["location"].partition("?")[0]
    assert "Draft" in kim.get(draft).text


def test_a_what_if_in_yaml_says_what_it_cannot_read(sign_in: SignIn) -> None:
    kim = sign_in("scheduler")
    told = {"day": str(WEDNESDAY), "yaml": "adults_abesnt: [x]"}
    answer = send(kim, "/what-if", "/what-if", **told)
    assert answer.status_code == 422
    assert "adults_abesnt" in answer.text


def test_changed_weights_alone_are_laid_over(sign_in: SignIn, school_store: Store) -> None:
    kim = sign_in("scheduler")
    weights = {"was:moved": "10", "weight:moved": "0", "was:stuck": "100", "weight:stuck": "100"}
    answer = send(kim, "/what-if", "/what-if", day=str(WEDNESDAY), **weights)
    made = answer.headers["location"].partition("?")[0]
    assert kim.get(f"{made}.json").json()["changes"]["weights"] == {"moved": 0}


def test_a_what_if_is_named_by_what_it_changes_and_adds_adults_and_a_room(
    sign_in: SignIn, published: PlanRow, school_store: Store
) -> None:
    kim = sign_in("scheduler")
    told = {
        "day": str(WEDNESDAY),
        "absent": "vega",
        "extra": "math",
        "extra_many": "2",
        "another_room": "r1",
    }
    page = send(kim, "/what-if", "/what-if", **told).headers["location"].partition("?")[0]
    seen = kim.get(f"{page}.json").json()
    assert seen["scenario"]["title"] == "; ".join(seen["changed"])
    assert seen["changed"] == [
        "Vega Reed away",
        "one more adult (math)",
        "one more adult (math)",
        "Another Room 1 added, 20 seats",
    ]
    assert Planner(school_store, solver=stand_in).step()
    shown = kim.get(page).text
    assert "Changed: Vega Reed away; one more adult (math)" in shown
    _, found, listed = shown.partition("adults move from the real plan to this one")
    assert found
    assert "<strong>Vega Reed</strong>" in listed


def test_a_what_if_says_which_way_each_difference_is_better(
    sign_in: SignIn, published: PlanRow, school_store: Store
) -> None:
    kim = sign_in("scheduler")
    told = {"day": str(WEDNESDAY), "weight:unmet-need": "1", "was:unmet-need": "10"}
    page = send(kim, "/what-if", "/what-if", **told).headers["location"].partition("?")[0]
    assert Planner(school_store, solver=stand_in).step()
    by_rule = kim.get(page).text.partition("By rule, as your weights count")[2]
    assert "better" in by_rule.partition("Needs not served today")[2].partition("</tr>")[0]


def test_what_cannot_be_made_real_is_refused_in_a_schedulers_words(
    sign_in: SignIn, published: PlanRow, school_store: Store
) -> None:
    kim = sign_in("scheduler")
    told = {"day": str(WEDNESDAY), "dropped": "b2"}
    page = send(kim, "/what-if", "/what-if", **told).headers["location"].partition("?")[0]
    assert Planner(school_store, solver=stand_in).step()
    answer = send(kim, page, f"{page}/promote")
    assert answer.status_code == 409
    assert "It would break a rule" in answer.text
    assert "<li>Adults missing</li>" in answer.text
    assert "role-cover" not in answer.text
    assert f'href="{page}">Look at it again' in answer.text


def test_the_log_counts_what_waits_and_what_was_put_aside(
    sign_in: SignIn, school_store: Store
) -> None:
    facts = {"student": "nobody", "competency": "c1", "score": 1}
    waiting = {
        "specversion": "1.0", "id": "1", "source": "tests",
        "type": "org.flexday.evidence.recorded.v1",
        "time": "2026-11-24T13:00:00Z", "data": facts,
    }  # fmt: skip
    handle(school_store, MACHINE, waiting)
    handle(school_store, MACHINE, b"no event")
    lee = sign_in("admin")
    shown = lee.get("/log.json").json()
    assert [one["events"] for one in shown["waiting"]] == [1]
    assert len(shown["aside"]) == 1
    assert send(lee, "/log", "/log/replay").status_code == 303


def test_an_import_with_a_fault_says_where_and_changes_nothing(
    sign_in: SignIn, school_store: Store
) -> None:
    lee = sign_in("admin")
    answer = lee.post(
        "/imports",
        data={"csrf": token(lee, "/imports"), "format": "csv"},
        files={"files": ("rooms.csv", b"no,such,columns\n1,2,3\n")},
    )
    assert answer.status_code == 422
    assert "Nothing was taken in" in answer.text
    assert "rooms.csv" in answer.text


def test_the_log_shows_what_the_stream_counted_and_how_far_it_is_behind(
    sign_in: SignIn, school_store: Store
) -> None:
    assert sign_in("admin").get("/log.json").json()["live"] is None
    with school_store.begin(MACHINE) as tx:
        tx.save_counts(Counts(0, 41, 7, 3, WEDNESDAY))
        tx.outbox("notices", "somebody", "schedule.changed", {})
    lee = sign_in("admin")
    live = lee.get("/log.json").json()["live"]
    assert (live["events"], live["mastered"], live["stuck"]) == (41, 7, 3)
    assert live["behind"] >= 1
    assert "need another approach" in lee.get("/log").text
