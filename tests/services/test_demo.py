"""The invented school: the same for everybody, large enough to be real, and labelled."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from schemas.plan import Plan
from services import handlers
from services.demo import evidence, opening, places, school
from services.demo.opening import APPROVER, open_school
from services.planner import Planner
from services.snapshot import snapshot
from services.solving import SolvingFailed
from services.store import Store
from services.viewer import Viewer
from services.web.pages import templates
from solver.facts import Facts
from tests.services.school_day import Clock

TODAY = date(2026, 11, 23)
TOMORROW = date(2026, 11, 24)
MACHINE = Viewer.machine(school.SCHOOL)
TAKEN = {"accepted", "duplicate"}


def test_the_same_date_and_seed_give_the_same_school() -> None:
    assert school.roster(TODAY) == school.roster(TODAY)
    assert school.roster(TODAY, seed=1) != school.roster(TODAY)


def test_the_school_has_about_400_students_in_three_grades() -> None:
    students = school.roster(TODAY).students
    assert len(students) == 400
    assert set(Counter(student.grade for student in students)) == {"06", "07", "08"}
    assert len({(s.given_name, s.family_name) for s in students}) == 400


def test_no_title_tells_what_support_somebody_gets() -> None:
    titles = " ".join(one.title.lower() for one in school.roster(TODAY).offerings)
    for word in ("iep", "speech", "support", "special", "intervention"):
        assert word not in titles


def test_evidence_goes_back_three_weeks_and_no_further_than_yesterday() -> None:
    days = {event.time.date() for event in evidence.evidence(school.roster(TODAY), TODAY, 1)}
    assert len(days) == 15
    assert max(days) == date(2026, 11, 20)


@pytest.mark.parametrize("today", [date(2026, 11, d) for d in range(20, 27)])
def test_the_next_school_day_is_a_regular_one_on_any_day_of_the_week(today: date) -> None:
    following = places.next_school_day(today)
    assert following > today
    (entry,) = [e for e in school.roster(today).calendar if e.date == following]
    assert entry.bell_schedule == "regular"


@pytest.fixture
def enrolled(open_sqlite: Store) -> Store:
    with open_sqlite.begin(MACHINE) as tx:
        tx.apply_roster(school.roster(TODAY))
        tx.save_settings(school.settings())
    return open_sqlite


@pytest.fixture
def open_sqlite(tmp_path: Path) -> Store:
    store = Store(f"sqlite:///{tmp_path}/demo.db", clock=Clock("2026-11-23T20:00+00:00"))
    store.migrate()
    return store


def test_its_day_is_a_problem_with_a_place_for_everybody(enrolled: Store) -> None:
    with enrolled.read(MACHINE) as tx:
        problem = snapshot(tx, TOMORROW).problem
    facts = Facts(problem)
    assert len(facts.flex) == 4
    assert len(problem.students) == 400
    assert sum(home.seats for home in problem.homes) >= 400
    assert all(student.needs for student in problem.students)


def test_everybody_has_something_open_to_them_in_every_block(enrolled: Store) -> None:
    with enrolled.read(MACHINE) as tx:
        facts = Facts(snapshot(tx, TOMORROW).problem)
    every = list(facts.offerings)
    for student in facts.students:
        for block in facts.free_blocks(student):
            assert facts.welcomed(student, every, [block]), (student, block)


def test_no_more_than_one_sitting_of_owed_time_falls_due_on_a_day(enrolled: Store) -> None:
    for weekday in range(4):
        today = TODAY + timedelta(days=weekday)
        following = places.next_school_day(today)
        enrolled.clock = Clock(f"{today}T06:30+00:00")
        said = list(evidence.support(school.roster(TODAY), today, following))
        assert {one.status for one in handlers.handle_batch(enrolled, MACHINE, said)} <= TAKEN
        with enrolled.read(MACHINE) as tx:
            due = [service.minutes_due for service in snapshot(tx, following).problem.services]
        assert due
        assert max(due) <= evidence.SITTING, following


def test_all_that_was_said_before_counts_however_early_the_school_is_opened(
    enrolled: Store,
) -> None:
    enrolled.clock = Clock(f"{TODAY}T06:30+00:00")
    roster = school.roster(TODAY)
    said = [
        *evidence.judgements(roster, TODAY, 1),
        *evidence.support(roster, TODAY, TOMORROW),
        *evidence.wishes(roster, TOMORROW, TODAY, 1),
    ]
    assert {one.status for one in handlers.handle_batch(enrolled, MACHINE, said)} == {"accepted"}


def test_every_page_says_that_the_school_is_invented(enrolled: Store) -> None:
    with enrolled.read(MACHINE) as tx:
        assert tx.settings()["invented"] is True
    source, _, _ = templates().loader.get_source(templates(), "base.html")  # type: ignore[union-attr]
    assert 'words.message("frame", "invented")' in source


def test_a_day_that_cannot_be_planned_is_said(enrolled: Store) -> None:
    planner = Planner(enrolled, solver=_never)
    with pytest.raises(opening.NotPlanned, match="2026-11-23: failed"):
        open_school(enrolled, TODAY, planner)


def _never(*_: object) -> Plan:
    raise SolvingFailed("the solver was not there")


@pytest.mark.soak
def test_the_school_opens_with_a_past_and_a_plan_to_approve(open_sqlite: Store) -> None:
    following = open_school(open_sqlite, TODAY, Planner(open_sqlite))
    with open_sqlite.read(APPROVER) as tx:
        assert tx.published(TODAY) is not None
        (draft,) = tx.plans(following, "draft")
    hard = [f for f in draft.plan.findings if f.kind == "hard" and f.covered_by is None]
    assert hard == []
