"""What-ifs: changes laid over a day, answered apart, compared, promoted; the live plan stays."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from schemas.problem import Problem
from schemas.scenario import Changes
from services.planner import Planner
from services.scenarios import (
    ChangesRefused,
    Comparison,
    comparison,
    lay_over,
    promote,
    read_changes,
    read_yaml,
    start,
)
from services.snapshot import snapshot
from services.store import Store
from services.workflow import Refused, approve, review
from tests.services.school_day import (
    KIM,
    MACHINE,
    VEGA,
    WEDNESDAY,
    Clock,
    open_school,
    published_day,
    stand_in,
    tell,
)

BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.soak)]
pytestmark = pytest.mark.parametrize("address", BOTH, indirect=True)

EVERYTHING = """
title: A hard Wednesday
day: 2026-11-25
adults_absent: [{staff: vega, blocks: [b1]}, {staff: kim}]
adults_added: [{id: sub, qualifications: [math]}]
rooms_closed: [{room: r1, blocks: [b2]}]
rooms_added: [{id: lab, title: Lab, building: main, seats: 12}]
sizes: [{offering: ratios, largest: 3}]
weights: {unmet-need: 30}
"""


@pytest.fixture
def east(open_store: Callable[..., Store]) -> Store:
    store = open_store(Clock())
    open_school(store)
    return store


@pytest.fixture
def day(east: Store) -> Problem:
    with east.read(MACHINE) as tx:
        return snapshot(tx, WEDNESDAY).problem


# --- laying changes over a day ------------------------------------------------------------------


def test_each_kind_of_change_is_laid_over_the_day(day: Problem) -> None:
    laid = lay_over(day, read_yaml(EVERYTHING))
    away = {adult.id: adult.away for adult in laid.staff}
    assert away["vega"] == ("b1",)
    assert away["kim"] == ("p1", "b1", "b2")
    assert away["sub"] == ()
    assert ("r1", "b2") in laid.closures
    assert [room.seats for room in laid.rooms if room.id == "lab"] == [12]
    assert [o.largest for o in laid.offerings if o.id == "ratios"] == [3]
    assert laid.policy.weights["unmet-need"] == 30


def test_no_changes_leave_the_day_as_it_is(day: Problem) -> None:
    assert lay_over(day, Changes()) == day


def test_a_dropped_block_takes_along_what_was_only_for_it(east: Store) -> None:
    tell(
        east, "choice.ranked", "1", student="ada", day=WEDNESDAY, blocks=["b2"], ranking=["study"]
    )  # fmt: skip
    with east.read(MACHINE) as tx:
        laid = lay_over(snapshot(tx, WEDNESDAY).problem, Changes(blocks_dropped=("b2",)))
    assert [block.id for block in laid.blocks] == ["p1", "b1"]
    assert laid.ballots == ()
    assert {home.block for home in laid.homes} == {"b1"}


def test_a_home_place_that_loses_its_adult_gets_another(day: Problem) -> None:
    (home, *_) = day.homes
    laid = lay_over(day, read_changes({"adults_absent": [{"staff": home.staff}]}))
    assert {one.block for one in laid.homes} == {"b1", "b2"}
    assert home.staff not in {one.staff for one in laid.homes}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("adults_absent: [{staff: nobody}]", "the day has no 'nobody'"),
        ("adults_absent: [{staff: vega, blocks: [b9]}]", "the day has no 'b9'"),
        ("rooms_added: [{id: r1, title: R, building: main, seats: 3}]", "there already"),
        ("rooms_added: [{id: r9, title: R, building: moon, seats: 3}]", "not among the buildings"),
        ("weights: {room-clash: 0}", "hard rules cannot be switched off"),
        ("weights: {unmet-need: 999999999}", "may weigh"),
        ("sizes: [{offering: ratios, smallest: 9}]", "above largest"),
        ("rooms: [r1]", "it may hold"),
        ("sizes: {", "not YAML"),
        ("- a list", "table of changes"),
    ],
)
def test_changes_that_cannot_be_laid_over_say_why(day: Problem, text: str, told: str) -> None:
    with pytest.raises(ChangesRefused, match=told):
        lay_over(day, read_yaml(text))


# --- running, comparing, promoting --------------------------------------------------------------


def answered(store: Store, text: str) -> str:
    scenario = start(store, KIM, WEDNESDAY, read_yaml(text))
    assert Planner(store, solver=stand_in).step()
    return scenario


def compared(store: Store, scenario: str) -> Comparison:
    found = comparison(store, KIM, scenario)
    assert found is not None
    return found


def test_a_what_if_touches_nothing_of_the_live_plan(east: Store) -> None:
    live = published_day(east)
    with east.read(MACHINE) as tx:
        before = [(row.id, row.status, row.version) for row in tx.plans(WEDNESDAY)]
    answered(east, "rooms_closed: [{room: r2}]")
    with east.read(MACHINE) as tx:
        assert tx.published(WEDNESDAY) == live
        plans = [(row.id, row.status, row.version) for row in tx.plans(WEDNESDAY)]
        assert plans[: len(before)] == before
        assert [status for _, status, _ in plans[len(before) :]] == ["scenario"]
        assert tx.problem(live.problem_digest).closures == (("r1", "p1"),)
    assert review(east, KIM, live.id).newer is None


def test_a_what_if_that_is_not_answered_yet_has_no_comparison(east: Store) -> None:
    published_day(east)
    scenario = start(east, KIM, WEDNESDAY, Changes())
    assert comparison(east, KIM, scenario) is None


def test_a_what_if_shows_the_lists_behind_each_difference(east: Store) -> None:
    published_day(east)
    found = compared(east, answered(east, "rooms_closed: [{room: r2, blocks: [b1]}]"))
    sessions = next(measure for measure in found.measures if measure.id == "sessions")
    assert (sessions.live, sessions.scenario) == (2, 2)
    assert sessions.only_live == ("study/b1/r2",)
    assert sessions.only_scenario == ("study/b1/r1",)
    assert {change.person for change in found.moves} >= {"ada", "ben"}
    assert {change.block for change in found.moves} == {"b1"}


def test_cost_by_rule_is_shown_for_both(east: Store) -> None:
    published_day(east)
    found = compared(east, answered(east, "weights: {unmet-need: 30}"))
    (needs,) = [cost for cost in found.costs if cost.rule == "unmet-need"]
    assert needs.scenario == 3 * needs.live > 0


def test_without_a_plan_to_compare_with_that_is_said(east: Store) -> None:
    scenario = answered(east, "rooms_closed: [{room: r2}]")
    with pytest.raises(Refused, match="plan the day first"):
        comparison(east, KIM, scenario)


def test_changes_that_do_not_fit_the_day_are_refused_before_anything_runs(east: Store) -> None:
    with pytest.raises(Refused, match="no 'nobody'"):
        start(east, KIM, WEDNESDAY, read_changes({"adults_absent": [{"staff": "nobody"}]}))
    with east.read(MACHINE) as tx:
        assert tx.scenarios() == []
        assert tx.runs() == []


def test_a_promoted_what_if_is_a_draft_by_a_person_for_the_real_day(east: Store) -> None:
    published_day(east)
    draft = promote(east, KIM, answered(east, "weights: {unmet-need: 30}"))
    assert (draft.status, draft.created_by) == ("draft", "kim")
    with east.read(MACHINE) as tx:
        assert "unmet-need" not in tx.problem(draft.problem_digest).policy.weights
    assert approve(east, KIM, draft.id, draft.etag).status == "published"


def test_a_what_if_that_leans_on_what_is_not_so_cannot_be_promoted(east: Store) -> None:
    published_day(east)
    scenario = answered(east, "blocks_dropped: [b2]")
    with pytest.raises(Refused, match="role-cover") as refusal:
        promote(east, KIM, scenario)
    assert refusal.value.status == 409


def test_a_teacher_runs_no_what_if(east: Store) -> None:
    with pytest.raises(Refused) as refusal:
        start(east, VEGA, WEDNESDAY, Changes())
    assert refusal.value.status == 403
