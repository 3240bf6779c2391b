"""Courses that come with everybody or not at all are placed together, around what stands."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from schemas.plan import Duty, Plan
from schemas.problem import (
    DayBlock,
    DayCompetency,
    DayStaff,
    DayStudent,
    HomePlace,
    Need,
    Order,
    Problem,
    SessionLock,
)
from schemas.school import Offering, Relation, RoleNeed, Room
from services.examples import example
from solver.board import Board, OpenSession
from solver.contradictions import reach_of, settle
from solver.effort import Effort, Limits
from solver.rules import RULES
from solver.score import score
from solver.solve import solve
from solver.whole_groups import place_whole_groups
from tests.solver.plain_school import changed, school

BLOCKS = tuple(f"hour-{number:02d}" for number in range(12))
COURSES = tuple(f"course-{number:02d}" for number in range(24))
HALF = COURSES[::2]
LEAD = (RoleNeed(role="lead"),)


def course(name: str, **more: Any) -> Offering:
    fields: dict[str, Any] = {
        "id": name, "title": name, "modality": "instruction", "competencies": (name,),
        "smallest": 2, "largest": 2, "groups": (name,), "most_sections": 1, "roles": LEAD,
    }  # fmt: skip
    return Offering(**(fields | more))


def tight_day(courses: tuple[Offering, ...] | None = None, **more: Any) -> Problem:
    """Twelve hours, two rooms and two adults for 24 courses of two students each, so that every
    room is taken in every hour. Unless told otherwise the courses of hour n may be in that hour
    and the one before, which leaves one hour for each."""
    if courses is None:
        courses = tuple(
            course(name, starts=BLOCKS[max(0, number // 2 - 1) : number // 2 + 1])
            for number, name in enumerate(COURSES)
        )
    attended = [(HALF[n], HALF[(n + 1) % 12], COURSES[(2 * n + 11) % 24]) for n in range(12)]
    extra = [(name,) for name in COURSES[1::2]]
    students = tuple(
        DayStudent(
            id=f"student-{number:02d}",
            groups=courses_of,
            needs=tuple(Need(competency=name, urgency=10) for name in courses_of),
        )
        for number, courses_of in enumerate([*attended, *extra])
    )
    fields: dict[str, Any] = {
        "offerings": courses,
        "students": students,
        "staff": (
            DayStaff(id="Vega", qualifications=("latin",)),
            DayStaff(id="Okafor"),
            DayStaff(id="Park"),
        ),
        "homes": tuple(
            HomePlace(id=block, block=block, room="gym", staff="Park", seats=24) for block in BLOCKS
        ),
        "travel": (),
        "competencies": tuple(DayCompetency(id=name) for name in COURSES),
        "blocks": tuple(
            DayBlock(id=block, title=block, kind="flex", start=480 + 40 * n, end=515 + 40 * n)
            for n, block in enumerate(BLOCKS)
        ),
        "rooms": (
            Room(id="hall", title="Hall", building="main", seats=9, features=("stage",)),
            Room(id="12", title="12", building="main", seats=2),
            Room(id="gym", title="Gym", building="main", kind="remote", seats=24),
        ),
    }
    return school(**(fields | more))


def loosely(**special: Any) -> tuple[Offering, ...]:
    """Courses at any hour; every other one with something special."""
    return tuple(course(name, **(special if name in HALF else {})) for name in COURSES)


def opened(problem: Problem, seed: int = 0, work: float = 5) -> dict[str, OpenSession]:
    """The sessions of the board, each with everybody, by offering."""
    reach = reach_of(problem)
    board, contradiction = settle(reach, seed)
    assert contradiction is None
    place_whole_groups(reach, board, Effort(Limits(work=work, seed=seed)))
    return {session.offering.id: session for session in board.sessions.values()}


def hour(session: OpenSession) -> int:
    return BLOCKS.index(session.blocks[0])


def planned(problem: Problem, work: float = 5) -> Plan:
    plan = solve(problem, Limits(work=work))
    assert isinstance(plan, Plan)
    return plan


def unmet(problem: Problem, plan: Plan) -> int:
    return len({(s.id, n.competency) for s in problem.students for n in s.needs}) - len(
        {(p.student, p.competency) for p in plan.placements if p.competency}
    )


@pytest.mark.parametrize("seed", range(3))
def test_every_course_finds_its_only_hour(seed: int) -> None:
    found = opened(tight_day(), seed)
    assert {name: hour(session) for name, session in found.items()} == {
        name: number // 2 for number, name in enumerate(COURSES)
    }
    assert all(len(session.seats) == 2 for session in found.values())


def refuse(*_: object) -> float:
    raise AssertionError("the day was constructed block by block")


def test_a_plan_that_leaves_nothing_to_gain_is_proven_and_ends_the_solve(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("solver.solve.construct", refuse)
    free = {
        rule.id: 0 for rule in RULES.values() if rule.kind == "soft" and rule.id != "unmet-need"
    }
    problem = changed(tight_day(), policy={"weights": free})
    plan = planned(problem)
    assert (plan.cost, plan.bound) == (0, 0)
    assert score(problem, plan).blocking == ()


def test_the_plan_is_what_was_found_where_no_work_is_left_for_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("solver.solve.construct", refuse)
    problem = tight_day()
    plan = planned(problem, work=0.001)
    assert score(problem, plan).blocking == ()
    assert plan.sessions


def test_courses_that_have_an_order_keep_it() -> None:
    orders = tuple(
        Order(first=a, then=b, whole_offering=True)
        for a, b in zip(COURSES[1::2], COURSES[3::2], strict=False)
    )
    found = opened(tight_day(loosely(), orders=orders))
    assert [hour(found[name]) for name in COURSES[1::2]] == list(range(12))


def test_an_order_for_each_student_binds_courses_that_share_one() -> None:
    orders = (Order(first=HALF[1], then=HALF[0]), Order(first=HALF[2], then=HALF[1]))
    found = opened(tight_day(loosely(), orders=orders))
    assert len(found) == 24
    assert hour(found[HALF[2]]) < hour(found[HALF[1]]) < hour(found[HALF[0]])


def test_a_room_that_only_some_can_do_without_goes_to_the_others() -> None:
    found = opened(tight_day(loosely(features=("stage",))))
    assert {found[name].room.id for name in HALF} == {"hall"}
    assert {found[name].room.id for name in COURSES[1::2]} == {"12"}


def test_courses_that_only_one_adult_can_lead_are_at_different_hours() -> None:
    latin = (RoleNeed(role="lead", qualification="latin"),)
    found = opened(tight_day(loosely(roles=latin)))
    assert sorted(hour(found[name]) for name in HALF) == list(range(12))
    assert {found[name].lead for name in HALF} == {"Vega"}


LOCK = SessionLock(
    target="session", id="lock", owner="head", offering=COURSES[3], block=BLOCKS[7], room="12"
)


def test_a_locked_session_stays_and_the_others_are_placed_around_it() -> None:
    found = opened(tight_day(loosely(), locks=(LOCK,)))
    assert (hour(found[COURSES[3]]), found[COURSES[3]].room.id) == (7, "12")
    assert len(found) == 24
    assert all(len(session.seats) == 2 for session in found.values())


def test_courses_that_are_to_follow_a_locked_one_do() -> None:
    later = COURSES[4:10]
    orders = tuple(Order(first=COURSES[3], then=then, whole_offering=True) for then in later)
    found = opened(tight_day(loosely(), locks=(LOCK,), orders=orders))
    assert len(found) == 24
    assert all(hour(found[name]) > 7 for name in later)


def test_a_standing_session_in_which_not_everybody_may_be_is_left_as_it_was() -> None:
    apart = Relation(id="apart", student="student-08", other="student-13", kind="apart")
    reach = reach_of(tight_day(loosely(), relations=(apart,)))
    board, facts = Board(reach.facts), reach.facts
    duty = Duty(staff="Vega", role="lead")
    held = board.open(facts.offerings[COURSES[3]], (BLOCKS[7],), facts.rooms["12"], [duty])
    place_whole_groups(reach, board, Effort(Limits(work=5)))
    assert held.seats == {}
    assert len(board.sessions) == 24


def test_a_day_with_a_locked_session_is_planned_whole() -> None:
    problem = tight_day(loosely(), locks=(LOCK,))
    plan = planned(problem)
    assert score(problem, plan).blocking == ()
    assert unmet(problem, plan) == 0


def test_nobody_is_placed_while_they_are_away() -> None:
    day = tight_day(loosely())
    away = changed(day.students[0], away=BLOCKS[:6])
    found = opened(changed(day, students=(away, *day.students[1:])))
    assert len(found) == 24
    assert all(hour(session) >= 6 for session in found.values() if away.id in session.seats)


def test_a_closed_room_is_left_closed() -> None:
    found = opened(tight_day(loosely()[:23], closures=(("hall", BLOCKS[4]),)))
    assert len(found) == 23
    assert [s.room.id for s in found.values() if hour(s) == 4] == ["12"]


def test_a_course_for_more_than_may_take_it_is_not_opened() -> None:
    courses = (course(COURSES[0], smallest=3, largest=3), *loosely()[1:])
    assert set(opened(tight_day(courses))) == set(COURSES[1:])


def test_whole_groups_are_left_to_the_rest_of_the_solve_where_there_are_few() -> None:
    assert opened(tight_day(loosely()[:19])) == {}


def test_a_course_of_two_who_are_to_be_kept_apart_is_not_opened() -> None:
    apart = Relation(
        id="apart", student="student-00", other="student-11", kind="apart", scope="session"
    )
    problem = tight_day(relations=(apart,))
    assert set(opened(problem)) == {*COURSES} - {HALF[0]}
    assert score(problem, planned(problem, work=2)).blocking == ()


def test_courses_that_run_with_fewer_are_not_whole_groups() -> None:
    assert opened(tight_day(tuple(course(name, smallest=1) for name in COURSES))) == {}


def test_courses_in_which_somebody_gains_nothing_are_not_whole_groups() -> None:
    day = tight_day()
    content = tuple(changed(student, needs=()) for student in day.students)
    assert opened(changed(day, students=content)) == {}


def test_whole_groups_that_are_few_among_the_offerings_are_left_to_the_rest_of_the_solve() -> None:
    clubs = tuple(course(f"club-{n}", competencies=(), groups=None) for n in range(25))
    assert opened(tight_day((*loosely(), *clubs))) == {}


@pytest.mark.parametrize("family", ["lab", "win", "flex6", "mods", "xl"])
def test_ordinary_days_are_planned_without(family: str) -> None:
    reach = reach_of(example(family, 40, seed=1))
    board, effort = Board(reach.facts), Effort(Limits())
    assert place_whole_groups(reach, board, effort) == 0
    assert not board.sessions
    assert effort.work == 0


def test_the_same_seed_places_the_same_whatever_the_order_of_sets() -> None:
    script = (
        "from tests.solver.test_whole_groups import *\n"
        "found = opened(tight_day(loosely(features=('stage',))), 3)\n"
        "print([(n, s.blocks, s.room.id, s.duties, list(s.seats)) for n, s in found.items()])"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", script],
            env=os.environ | {"PYTHONHASHSEED": hashes},
            capture_output=True,
            check=True,
        ).stdout
        for hashes in ("1", "2")
    }
    assert len(told) == 1
