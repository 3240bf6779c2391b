"""What the published past says of a day: pairs, lost wishes, fair shares, what is known of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest

from schemas.plan import Duty, Placement, Plan, Session
from schemas.problem import Problem
from schemas.school import Accommodation, CalendarDay, Offering
from services.child import Job
from services.planner import Planner
from services.snapshot import snapshot
from services.snapshot.history import Past, PastDay, unserved_days
from services.solving import Bounds, Follow
from services.store import PlanRow, Store
from services.workflow import approve
from solver.facts import Facts
from solver.score import finish
from tests.services.school_day import (
    KIM,
    MACHINE,
    MONDAY,
    TUESDAY,
    WEDNESDAY,
    Clock,
    open_school,
    plan_day,
    published_day,
    school,
    tell,
)

pytestmark = pytest.mark.parametrize("address", ["sqlite"], indirect=True)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def east(open_store: Callable[..., Store], clock: Clock) -> Store:
    store = open_store(clock)
    open_school(store)
    return store


def problem(store: Store, day: date = WEDNESDAY, beside: PlanRow | None = None) -> Problem:
    with store.read(MACHINE) as tx:
        return snapshot(tx, day, beside=beside).problem


def test_students_who_shared_groups_too_often_are_listed(
    open_store: Callable[..., Store], clock: Clock
) -> None:
    store = open_store(clock)
    open_school(store, {"remix_days": 1})
    published_day(store, MONDAY)
    assert problem(store).recent_pairs == ()
    published_day(store, TUESDAY)
    pairs = problem(store).recent_pairs
    assert len(pairs) == 15  # all pairs of six
    assert {pair.days for pair in pairs} == {2}


def test_groups_that_are_meant_to_stay_are_not_counted(
    open_store: Callable[..., Store], clock: Clock
) -> None:
    store = open_store(clock)
    ratios, study = school().offerings
    team = study.model_copy(update={"modality": "project"})
    open_school(store, {"remix_days": 0}, offerings=(ratios, team))
    published_day(store, MONDAY)
    assert problem(store).recent_pairs == ()


def rank(store: Store, id: str, day: date, *ranking: str) -> None:
    tell(store, "choice.ranked", id, student="ada", day=day, blocks=["b1"], ranking=list(ranking))


def credit(store: Store) -> int:
    (ballot,) = problem(store).ballots
    return ballot.credit


def test_each_lost_first_wish_earns_credit_for_the_next(east: Store) -> None:
    rank(east, "1", MONDAY, "ratios", "study")
    published_day(east, MONDAY)
    rank(east, "2", TUESDAY, "ratios")
    published_day(east, TUESDAY)
    rank(east, "3", WEDNESDAY, "ratios")
    assert credit(east) == 7


def test_credit_is_at_its_most_by_the_third_ballot_after_a_loss(
    open_store: Callable[..., Store], clock: Clock
) -> None:
    store = open_store(clock)
    friday = date(2026, 11, 20)
    days = (friday, MONDAY, TUESDAY, WEDNESDAY)
    open_school(
        store, calendar=tuple(CalendarDay(date=day, bell_schedule="regular") for day in days)
    )
    for day in days[:-1]:
        rank(store, str(day), day, "ratios")
        published_day(store, day)
    rank(store, "last", WEDNESDAY, "ratios")
    assert credit(store) == 10


def test_a_granted_wish_takes_the_credit_back(east: Store) -> None:
    rank(east, "1", MONDAY, "ratios")
    published_day(east, MONDAY)
    rank(east, "2", TUESDAY, "study")
    published_day(east, TUESDAY)
    rank(east, "3", WEDNESDAY, "ratios")
    assert credit(east) == 1


def test_a_wish_that_was_never_lawful_earns_nothing(
    open_store: Callable[..., Store], clock: Clock
) -> None:
    store = open_store(clock)
    ratios, study = school().offerings
    older: Offering = ratios.model_copy(update={"grades": ("07",)})
    open_school(store, offerings=(older, study))
    rank(store, "1", MONDAY, "ratios")
    published_day(store, MONDAY)
    rank(store, "2", WEDNESDAY, "ratios")
    assert credit(store) == 1


def test_a_wish_in_which_a_student_would_lack_what_they_need_earns_nothing(
    open_store: Callable[..., Store], clock: Clock
) -> None:
    store = open_store(clock)
    ratios, study = school().offerings
    unhurried: Offering = study.model_copy(update={"extra_time": True})
    more_time = Accommodation(id="more", student="ada", kind="extra_time")
    open_school(store, offerings=(ratios, unhurried), accommodations=(more_time,))
    rank(store, "1", MONDAY, "ratios")
    published_day(store, MONDAY)
    rank(store, "2", WEDNESDAY, "ratios")
    assert credit(store) == 1


def test_credit_of_an_earlier_term_is_forgotten(
    open_store: Callable[..., Store], clock: Clock
) -> None:
    store = open_store(clock)
    open_school(store, {"term_begins": "2026-11-24"})
    rank(store, "1", MONDAY, "ratios")
    published_day(store, MONDAY)
    rank(store, "2", WEDNESDAY, "ratios")
    assert credit(store) == 1


def lived(day: Problem, plan: Plan, serves: bool = True, away: str = "") -> PastDay:
    """A past day on which what was planned served needs, or none, and somebody was away."""
    there = tuple(student for student in day.students if student.id != away)
    competency = day.competencies[0].id
    seats = tuple(
        seat.model_copy(update={"competency": competency if serves else None})
        for seat in plan.placements
        if seat.student != away
    )
    return PastDay(
        day.day,
        day.model_copy(update={"students": there}),
        plan.model_copy(update={"placements": seats}),
    )


def test_days_in_a_row_without_a_need_met_are_counted_while_a_student_is_there(
    east: Store,
) -> None:
    plan = published_day(east, MONDAY).plan
    day = problem(east)
    assert all(student.needs for student in day.students)
    newest_first = (
        lived(day, plan, serves=False),
        lived(day, plan, serves=False, away="ada"),
        lived(day, plan, serves=False),
        lived(day, plan),
        lived(day, plan, serves=False),
    )
    counted = unserved_days(Past(newest_first))
    assert counted["ada"] == 2
    assert counted["ben"] == 3


def test_who_has_waited_for_a_need_to_be_met_is_more_urgent_the_next_day(east: Store) -> None:
    before = {student.id: student.needs for student in problem(east).students}
    row = published_day(east, TUESDAY)
    met = {seat.student for seat in row.plan.placements if seat.competency is not None}
    unmet = before.keys() - met
    assert unmet
    for student in problem(east).students:
        gained = {
            now.urgency - need.urgency
            for now, need in zip(student.needs, before[student.id], strict=True)
        }
        assert gained == ({30} if student.id in unmet else {0}), student.id


def test_who_carried_more_has_the_smaller_fair_share_today(east: Store) -> None:
    row = published_day(east, MONDAY)
    lead = row.plan.sessions[0].duties[0].staff
    shares = {adult.id: adult.fair_blocks for adult in problem(east).staff}
    assert shares[lead] is not None
    assert all(shares[other] is None for other in shares if other != lead)


def test_before_anything_is_published_there_is_no_fair_share(east: Store) -> None:
    assert {adult.fair_blocks for adult in problem(east).staff} == {None}


# --- what people know of the day ----------------------------------------------------------------


def published_plan(found: Problem) -> str | None:
    return found.published.plan if found.published else None


def test_before_the_first_publication_the_last_day_of_the_same_bell_schedule_counts(
    east: Store,
) -> None:
    monday, _tuesday = published_day(east, MONDAY), published_day(east, TUESDAY)
    assert published_plan(problem(east)) == monday.id


def test_what_is_published_for_the_day_itself_counts_before_all(east: Store) -> None:
    published_day(east, MONDAY)
    row = published_day(east)
    draft = plan_day(east)
    assert published_plan(problem(east, beside=draft)) == row.id


def test_home_places_stay_where_they_were_while_they_can(east: Store) -> None:
    draft = plan_day(east)
    first = {home.block: home.staff for home in problem(east).homes}
    tell(east, "staff.absent", "1", staff=first["b1"], day=WEDNESDAY, blocks=["b1"])
    again = {home.block: home.staff for home in problem(east, beside=draft).homes}
    assert again["b2"] == first["b2"]
    assert again["b1"] != first["b1"]


def frozen(store: Store) -> list[str]:
    return [block.id for block in problem(store).blocks if block.frozen]


def test_blocks_near_the_bell_are_frozen_once_the_day_is_published(
    east: Store, clock: Clock
) -> None:
    clock.leap("2026-11-25T14:31+00:00")  # 08:31 in Chicago, 19 minutes before the first block
    assert frozen(east) == []
    published_day(east)
    assert frozen(east) == ["p1", "b1"]


def test_on_the_day_clocks_change_blocks_freeze_by_the_clock_on_the_wall(
    open_store: Callable[..., Store], clock: Clock
) -> None:
    store, sunday = open_store(clock), date(2026, 11, 1)
    open_school(store, calendar=(CalendarDay(date=sunday, bell_schedule="regular"),))
    clock.leap("2026-10-31T15:00+00:00")
    published_day(store, sunday)
    clock.leap("2026-11-01T13:59+00:00")  # 07:59 in Chicago, where midnight is nine hours ago
    frozen = [block.id for block in problem(store, sunday).blocks if block.frozen]
    assert frozen == ["p1"]


def test_a_move_costs_more_the_nearer_the_bell(east: Store, clock: Clock) -> None:
    assert [block.moved_factor for block in problem(east).blocks] == [1, 1, 1]
    clock.leap("2026-11-25T13:55+00:00")  # 07:55 in Chicago: 5, 55 and 125 minutes before
    assert [block.moved_factor for block in problem(east).blocks] == [4, 4, 2]


def test_a_demonstration_is_not_repeated_without_new_evidence(
    open_store: Callable[..., Store], clock: Clock
) -> None:
    store = open_store(clock)
    ratios, study = school().offerings
    show: Offering = ratios.model_copy(update={"modality": "demonstration"})
    open_school(store, offerings=(show, study))
    with store.begin(KIM) as tx:
        tx.queue_run(MONDAY, "person", asked_by="kim")
    assert Planner(store, solver=ada_shows_ratios).step()
    with store.read(MACHINE) as tx:
        (draft,) = tx.plans(MONDAY)
    approve(store, KIM, draft.id, draft.etag)
    assert [(one.student, one.offering) for one in problem(store).repeats] == [("ada", "ratios")]
    tell(store, "evidence.recorded", "1", student="ada", competency="c1", score=0.5)
    assert problem(store).repeats == ()


def ada_shows_ratios(job: Job, bounds: Bounds, follow: Follow) -> Plan:
    """Ada alone demonstrates in the first block; all others study."""
    facts = Facts(job.problem)
    sessions, placements = [], []
    for block in facts.flex:
        first = block == "b1"
        for offering, room, lead in (("ratios", "r1", "vega"), ("study", "r2", "lee")):
            session = Session(
                id=f"{offering}-{block}", offering=offering, blocks=(block,), room=room,
                duties=(Duty(staff=lead, role="lead"),),
            )  # fmt: skip
            who = [s for s in facts.students if (offering == "ratios") == (s == "ada" and first)]
            if who:
                sessions.append(session)
                serves = "c1" if offering == "ratios" else None
                placements += [
                    Placement(student=s, session=session.id, competency=serves) for s in who
                ]
    return finish(facts, sessions, placements, ())


def test_what_was_published_long_ago_is_no_history(
    open_store: Callable[..., Store], clock: Clock
) -> None:
    store = open_store(clock)
    long_ago = date(2025, 11, 24)
    calendar: tuple[Any, ...] = (
        CalendarDay(date=long_ago, bell_schedule="regular"),
        *school().calendar,
    )
    clock.now = datetime.fromisoformat("2025-11-23T14:00+00:00")
    open_school(store, calendar=calendar)
    published_day(store, long_ago)
    clock.leap("2026-11-24T14:00+00:00")
    assert problem(store).published is None
