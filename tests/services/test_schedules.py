"""One person's view of a published plan, one session's list of students."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest

from services.schedules import (
    Book,
    book_before,
    flex_blocks,
    neighbours,
    roster,
    shown,
    staff_schedule,
    student_schedule,
)
from services.store import PlanRow, Store
from services.workflow import approve
from tests.services.school_day import (
    KIM,
    MACHINE,
    MONDAY,
    THURSDAY,
    TUESDAY,
    WEDNESDAY,
    open_school,
    plan_day,
    published_day,
    tell,
)


@pytest.fixture
def published(store: Store) -> PlanRow:
    open_school(store)
    return published_day(store)


def test_a_students_day_has_classes_and_sessions_in_order(store: Store, published: PlanRow) -> None:
    with store.read(MACHINE) as tx:
        day = student_schedule(Book(tx, published), "ada")
    assert [(e.what, e.title) for e in day.entries] == [
        ("class", "6a"),
        ("session", "Study"),
        ("session", "Study"),
    ]
    assert all(entry.students is None for entry in day.entries)
    assert all(entry.why for entry in day.entries if entry.what == "session")


def test_an_adults_day_has_duties_turns_at_the_home_place_and_open_blocks(
    store: Store, published: PlanRow
) -> None:
    with store.read(MACHINE) as tx:
        book = Book(tx, published)
        assert [e.students for e in staff_schedule(book, "vega").entries] == [None, 6, 6]
        assert {e.what for e in staff_schedule(book, "moss").entries} == {"open", "home"}


def test_somebody_unknown_to_the_plan_is_away_all_day(store: Store, published: PlanRow) -> None:
    with store.read(MACHINE) as tx:
        day = student_schedule(Book(tx, published), "new-boy")
    assert {entry.what for entry in day.entries} == {"away"}


def test_a_roster_marks_who_arrives_and_who_is_gone(store: Store, published: PlanRow) -> None:
    tell(store, "student.absent", "away-1", student="ben", day=WEDNESDAY)
    newer = plan_day(store)
    approve(store, KIM, newer.id, newer.etag)
    tell(store, "student.arrived", "back-1", student="ben", day=WEDNESDAY)
    tell(store, "student.absent", "away-2", student="cy", day=WEDNESDAY)
    newest = plan_day(store)
    row = approve(store, KIM, newest.id, newest.etag)
    with store.read(MACHINE) as tx:
        book, before = Book(tx, row), book_before(tx, row)
    session = row.plan.sessions[0].id
    listed = roster(book, session, {}, before)
    assert [line.student for line in listed.lines if line.arriving] == ["ben"]
    assert [gone.student for gone in listed.missing] == ["cy"]


def test_a_roster_says_where_each_student_comes_from(store: Store, published: PlanRow) -> None:
    with store.read(MACHINE) as tx:
        book = Book(tx, published)
    second = next(s.id for s in published.plan.sessions if s.blocks == ("b2",))
    came = {line.student: line.comes_from for line in roster(book, second, {}).lines}
    assert came["ada"] is not None
    assert came["ada"].title == "Study"


def test_the_day_shown_first_is_the_next_published_one(store: Store, published: PlanRow) -> None:
    with store.read(MACHINE) as tx:
        assert shown(tx, at(TUESDAY, 8)) == WEDNESDAY
        assert shown(tx, at(WEDNESDAY, 10)) == WEDNESDAY
        assert shown(tx, at(date(2027, 1, 1), 8)) == WEDNESDAY


def test_once_the_day_is_over_the_next_one_is_shown_first(store: Store) -> None:
    open_school(store)
    published_day(store, TUESDAY)
    with store.read(MACHINE) as tx:
        assert shown(tx, at(TUESDAY, 18)) == TUESDAY
    published_day(store, WEDNESDAY)
    with store.read(MACHINE) as tx:
        assert shown(tx, at(TUESDAY, 9)) == TUESDAY
        assert shown(tx, at(TUESDAY, 18)) == WEDNESDAY


def at(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour))


def test_the_days_beside_a_day_leave_out_closed_ones(store: Store) -> None:
    open_school(store)
    with store.read(MACHINE) as tx:
        assert neighbours(tx, TUESDAY) == (MONDAY, WEDNESDAY)
        assert neighbours(tx, WEDNESDAY) == (TUESDAY, None)
        assert flex_blocks(tx, TUESDAY) == ("b1",)
        assert flex_blocks(tx, THURSDAY) == ()
