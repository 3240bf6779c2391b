"""Outside timetables are asked as the competition asks them, and judged by its yardstick."""

from __future__ import annotations

from pathlib import Path

import pytest

from schemas.plan import Duty, Placement, Plan, Session, Unplaced
from solver.score import score
from solver.solve import Limits, solve
from tests.bench import itc2007
from tests.bench.itc2007 import Instance, Timetable, Verdict
from tests.bench.outside import INSTANCES

LATER = Instance(
    seats=(3, 1),
    attends=((0, 1), (0,), (1, 2)),
    has=(frozenset({0}), frozenset()),
    asks=(frozenset({0}), frozenset(), frozenset()),
    slots=((0,), (0, 1), (0, 1, 2)),
    before=((1, 2),),
)
"""Event 1 shares a student with event 0, which has one slot, and comes before event 2."""

NOTHING = Plan(
    problem="", sessions=(), placements=(), unplaced=(), findings=(), cost=0, bound=None, stake=0,
    gap=None,
)  # fmt: skip


def planned(instance: Instance, places: dict[int, tuple[int, int]]) -> Plan:
    """A timetable as a plan: everybody in their events, and in the hall for the rest of the day."""
    sessions = tuple(
        Session(
            id=itc2007.event_id(event),
            offering=itc2007.event_id(event),
            blocks=(itc2007.slot_id(slot),),
            room=itc2007.room_id(room),
            duties=(Duty(staff=itc2007.event_id(event), role="lead"),),
        )
        for event, (slot, room) in places.items()
    )
    problem = itc2007.pose(instance, "small")
    attended = {student.id: student.groups for student in problem.students}
    when = {itc2007.event_id(event): itc2007.slot_id(slot) for event, (slot, _) in places.items()}
    placements = tuple(
        Placement(student=student, session=event, competency=event)
        for student, events in attended.items()
        for event in events
        if event in when
    )
    unplaced = tuple(
        Unplaced(student=student, block=home.block, reason="no_seat", home=home.id)
        for student, events in attended.items()
        for home in problem.homes
        if home.block not in {when.get(event) for event in events}
    )
    return NOTHING.model_copy(
        update={"sessions": sessions, "placements": placements, "unplaced": unplaced}
    )


@pytest.mark.parametrize(
    ("places", "broken"),
    [
        ({0: (0, 0), 1: (1, 0), 2: (2, 0)}, 0),
        ({0: (0, 1), 1: (1, 0), 2: (2, 0)}, 1),
        ({0: (1, 0), 1: (1, 0), 2: (2, 0)}, 3),
        ({0: (0, 0), 1: (1, 0), 2: (1, 1)}, 2),
    ],
    ids=["sound", "a room without seats and kit", "same slot and room", "out of order and at once"],
)
def test_each_promise_of_the_competition_is_counted_when_broken(
    places: dict[int, tuple[int, int]], broken: int
) -> None:
    assert itc2007.judge(LATER, Timetable(places)).broken == broken
    breaks_ours = score(itc2007.pose(LATER, "small"), planned(LATER, places)).blocking
    assert bool(breaks_ours) == bool(broken)


def test_the_cost_of_a_plan_is_its_distance_to_feasibility() -> None:
    plan = planned(LATER, {0: (0, 0), 2: (2, 0)})
    found = itc2007.timetable(LATER, plan)
    assert found == Timetable({0: (0, 0), 2: (2, 0)})
    verdict = itc2007.judge(LATER, found)
    assert verdict == Verdict(unplaced=1, distance=2, broken=0)
    assert score(itc2007.pose(LATER, "small"), plan).cost == itc2007.PRICE * verdict.distance


def test_an_event_that_runs_without_one_of_its_students_is_not_placed() -> None:
    plan = planned(LATER, {0: (0, 0), 1: (1, 0)})
    without = tuple(p for p in plan.placements if p.student != "student-0001")
    found = itc2007.timetable(LATER, plan.model_copy(update={"placements": without}))
    assert set(found.places) == {1}


def test_what_flexday_finds_is_sound() -> None:
    plan = solve(itc2007.pose(LATER, "small"), Limits(work=2))
    assert isinstance(plan, Plan)
    found = itc2007.timetable(LATER, plan)
    verdict = itc2007.judge(LATER, found)
    assert found.places
    assert verdict.broken == 0
    assert plan.cost == itc2007.PRICE * verdict.distance


def test_a_file_that_is_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "short.tim"
    path.write_text("2 1 1 1\n30\n1 0\n")
    with pytest.raises(ValueError, match=r"short\.tim: 7 numbers, where its head asks for"):
        itc2007.load(path)


def given(name: str) -> Instance:
    path = INSTANCES / f"itc2007-track2/{name}.tim.gz"
    if not path.exists():
        pytest.skip(f"no outside data: {path} is not there; FLEXDAY_DATA names the folder")
    return itc2007.load(path)


@pytest.mark.parametrize("name", ["comp-2007-2-15", "comp-2007-2-17"])
def test_a_given_instance_becomes_feasible_and_the_plan_is_proven(name: str) -> None:
    instance = given(name)
    plan = solve(itc2007.pose(instance, name), Limits(work=20))
    assert isinstance(plan, Plan)
    verdict = itc2007.judge(instance, itc2007.timetable(instance, plan))
    assert verdict == Verdict(unplaced=0, distance=0, broken=0)
    assert (plan.cost, plan.bound) == (0, 0)


def test_a_given_instance_is_posed_whole() -> None:
    instance = given("comp-2007-2-17")
    problem = itc2007.pose(instance, "comp-2007-2-17")
    assert (len(problem.offerings), len(problem.students), len(problem.orders)) == (100, 500, 11)
    assert score(problem, NOTHING).cost == itc2007.PRICE * sum(instance.attendance)
