"""A day's Problem as it follows from a school's records."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from schemas.base import dumps
from schemas.problem import Problem
from schemas.school import Accommodation, Relation, Service, StaffMember
from services.snapshot import NoSchoolDay, Snapshot, snapshot
from services.store import Store
from tests.services.school_day import (
    MACHINE,
    STUDENTS,
    THURSDAY,
    TUESDAY,
    WEDNESDAY,
    open_school,
    school,
    tell,
)

BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.soak)]
pytestmark = pytest.mark.parametrize("address", BOTH, indirect=True)


def take(store: Store, day: date = WEDNESDAY, now: datetime | None = None) -> Snapshot:
    with store.read(MACHINE) as tx:
        return snapshot(tx, day, now)


def problem(store: Store, day: date = WEDNESDAY) -> Problem:
    return take(store, day).problem


def student(found: Problem, id: str) -> Any:
    return next(one for one in found.students if one.id == id)


@pytest.fixture
def east(store: Store) -> Store:
    open_school(store)
    return store


def test_the_same_records_give_the_same_problem_to_the_byte(east: Store) -> None:
    assert dumps(problem(east)) == dumps(problem(east))


def test_the_hour_of_planning_has_no_bearing_on_a_day_that_is_not_published(east: Store) -> None:
    evening = take(east).problem
    later = take(east, now=datetime.fromisoformat("2026-11-24T23:00+00:00")).problem
    assert dumps(evening) == dumps(later)


def test_nobodys_name_is_in_a_problem(east: Store) -> None:
    text = dumps(problem(east))
    assert "Lane" not in text
    assert "Reed" not in text


def test_a_closed_day_is_not_planned_and_says_so(east: Store) -> None:
    with pytest.raises(NoSchoolDay, match="closed on 2026-11-26"):
        take(east, THURSDAY)


def test_a_day_outside_the_calendar_says_how_to_mend_it(east: Store) -> None:
    with pytest.raises(NoSchoolDay, match="add it there"):
        take(east, date(2026, 12, 24))


def test_each_day_follows_its_own_bell_schedule(east: Store) -> None:
    assert [block.id for block in problem(east, TUESDAY).blocks] == ["p1", "b1"]
    assert [block.id for block in problem(east, WEDNESDAY).blocks] == ["p1", "b1", "b2"]


def test_a_fixed_class_holds_its_students_its_teacher_and_its_room(east: Store) -> None:
    found = problem(east)
    assert [c.blocks for c in student(found, "ada").commitments] == [("p1",)]
    assert student(found, "cy").commitments == ()
    (vega,) = [adult for adult in found.staff if adult.id == "vega"]
    assert [c.blocks for c in vega.commitments] == [("p1",)]
    assert ("r1", "p1") in found.closures


def test_a_student_with_the_id_of_a_teacher_is_held_by_their_own_classes_alone(
    store: Store,
) -> None:
    namesake = school().students[0].model_copy(update={"id": "vega"})
    open_school(store, students=(*school().students, namesake))
    assert student(problem(store), "vega").commitments == ()


def test_an_absent_teacher_is_away_until_she_is_back(east: Store) -> None:
    tell(east, "staff.absent", "1", staff="vega", day=WEDNESDAY)
    (vega,) = [adult for adult in problem(east).staff if adult.id == "vega"]
    assert vega.away == ("p1", "b1", "b2")


def test_a_student_who_comes_late_is_away_only_until_then(east: Store) -> None:
    tell(east, "student.absent", "1", student="ada", day=WEDNESDAY, blocks=["b1"])
    assert student(problem(east), "ada").away == ("b1",)


def test_a_closed_room_is_closed_in_the_blocks_it_was_closed_for(east: Store) -> None:
    tell(east, "room.closed", "1", room="r2", day=WEDNESDAY, blocks=["b2"])
    assert ("r2", "b2") in problem(east).closures
    assert ("r2", "b1") not in problem(east).closures


def test_part_time_adults_are_away_when_they_do_not_work(store: Store) -> None:
    part_time = StaffMember(id="moss", given_name="M", family_name="R", available_blocks=("b1",))
    others = tuple(one for one in school().staff if one.id != "moss")
    open_school(store, staff=(*others, part_time))
    (moss,) = [adult for adult in problem(store).staff if adult.id == "moss"]
    assert moss.away == ("p1", "b2")


def test_needs_are_what_students_are_ready_for_and_somebody_teaches(east: Store) -> None:
    found = student(problem(east), "ada")
    assert [need.competency for need in found.needs] == ["c1"]
    assert found.mastered == ("c0",)
    assert not found.needs[0].evidenced


def test_evidence_of_mastery_ends_a_need(east: Store) -> None:
    for n in range(2):
        tell(east, "evidence.recorded", str(n), student="ada", competency="c1", score=1.0)
    found = student(problem(east), "ada")
    assert found.needs == ()
    assert "c1" in found.mastered
    assert problem(east).as_of == 2


def test_a_ballot_is_taken_for_the_flex_blocks_and_offerings_of_the_day(east: Store) -> None:
    tell(
        east, "choice.ranked", "1", student="ada", day=WEDNESDAY, blocks=["b2"],
        ranking=["study", "ratios"],
    )  # fmt: skip
    (ballot,) = problem(east).ballots
    assert (ballot.student, ballot.blocks, ballot.ranking) == ("ada", ("b2",), ("study", "ratios"))
    assert problem(east, TUESDAY).ballots == ()


def ask(store: Store, id: str, **changed: Any) -> None:
    facts = {
        "request": "q1", "staff": "vega", "student": "ada", "day": WEDNESDAY,
        "offerings": ["ratios"], "blocks": ["b1"], "priority": 4,
    }  # fmt: skip
    tell(store, "request.made", id, **(facts | changed))


def test_a_request_stands_until_it_is_taken_back(east: Store) -> None:
    ask(east, "1")
    assert [request.priority for request in problem(east).requests] == [4]


def test_a_withdrawn_request_is_gone(east: Store) -> None:
    ask(east, "1")
    ask(east, "2", withdrawn=True)
    assert problem(east).requests == ()


def lock(store: Store, id: str = "1", **changed: Any) -> None:
    facts = {
        "target": "placement", "id": "k1", "owner": "kim", "student": "ada", "offering": "ratios",
        "block": "b1",
    }  # fmt: skip
    tell(store, "lock.set", id, day=WEDNESDAY, lock=facts | changed)


def released(store: Store) -> list[str]:
    return [n.parameters["cause"] for n in take(store).notes if n.kind == "lock.released"]


def test_a_lock_holds_on_its_day(east: Store) -> None:
    lock(east)
    assert [held.id for held in problem(east).locks] == ["k1"]
    assert problem(east, TUESDAY).locks == ()


def test_a_lock_that_was_released_is_gone_without_a_word(east: Store) -> None:
    lock(east)
    tell(east, "lock.released", "2", day=WEDNESDAY, lock="k1")
    assert problem(east).locks == ()
    assert released(east) == []


@pytest.mark.parametrize(
    ("cause", "changed", "event"),
    [
        ("expired", {"expires": "2026-11-24"}, None),
        ("absent", {}, ("student.absent", {"student": "ada", "day": WEDNESDAY})),
        (
            "closed",
            {"room": "r2"},
            ("room.closed", {"room": "r2", "day": WEDNESDAY, "blocks": ["b1"]}),
        ),
    ],
)
def test_a_lock_that_facts_have_broken_is_released_and_reported(
    east: Store, cause: str, changed: dict[str, Any], event: tuple[str, dict[str, Any]] | None
) -> None:
    lock(east, **changed)
    if event:
        tell(east, event[0], "9", **event[1])
    assert problem(east).locks == ()
    assert released(east) == [cause]


def test_an_override_is_part_of_the_problem_until_it_is_lifted(east: Store) -> None:
    said = {
        "id": "o1", "rule": "group-size", "subjects": {"offering": "ratios"}, "reason": "one more",
        "person": "kim",
    }  # fmt: skip
    tell(east, "override.set", "1", day=WEDNESDAY, override=said)
    assert [override.person for override in problem(east).overrides] == ["kim"]
    tell(east, "override.lifted", "2", day=WEDNESDAY, override="o1")


SPEECH = Service(
    id="sp", student="ada", kind="speech", minutes=60, period="week", qualification="speech"
)


def minutes_due(store: Store) -> int:
    return problem(store).services[0].minutes_due if problem(store).services else 0


def test_minutes_owed_in_the_week_are_spread_over_the_school_days_left(store: Store) -> None:
    open_school(store, services=(SPEECH,))
    assert minutes_due(store) == 60  # Wednesday is the week's last school day


def test_minutes_delivered_earlier_in_the_week_are_not_owed_again(store: Store) -> None:
    open_school(store, services=(SPEECH,))
    tell(store, "minutes.delivered", "1", service="sp", student="ada", day=TUESDAY, minutes=40)
    assert minutes_due(store) == 20


def test_minutes_of_last_week_do_not_count_for_this_one(store: Store) -> None:
    open_school(store, services=(SPEECH,))
    last_week = TUESDAY - timedelta(days=7)
    tell(store, "minutes.delivered", "1", service="sp", student="ada", day=last_week, minutes=40)
    assert minutes_due(store) == 60


def test_a_service_that_is_not_made_up_owes_each_day_its_even_share(store: Store) -> None:
    open_school(store, services=(SPEECH.model_copy(update={"made_up": False}),))
    assert minutes_due(store) == 20


def test_accommodations_and_relations_of_people_on_the_list_are_carried(store: Store) -> None:
    open_school(
        store,
        accommodations=(Accommodation(id="a1", student="ada", kind="aide"),),
        relations=(
            Relation(id="x", kind="apart", student="ada", other="ben"),
            Relation(id="y", kind="apart", student="ada", other="somebody who left"),
        ),
    )
    assert [one.id for one in problem(store).accommodations] == ["a1"]
    assert [one.id for one in problem(store).relations] == ["x"]


def test_every_flex_block_has_a_supervised_home_place_and_says_who_chose_it(east: Store) -> None:
    found = take(east)
    assert {home.block for home in found.problem.homes} == {"b1", "b2"}
    assert {home.room for home in found.problem.homes} == {"hall"}
    assert [note.kind for note in found.notes] == ["home.chosen", "home.chosen"]


def test_the_schools_own_home_places_are_used_where_their_adult_is_there(store: Store) -> None:
    open_school(store, {"homes": [{"room": "r2", "staff": "lee", "seats": 12}]})
    tell(store, "staff.absent", "1", staff="lee", day=WEDNESDAY, blocks=["b2"])
    found = take(store)
    assert [(h.block, h.room, h.staff, h.seats) for h in found.problem.homes] == [
        ("b1", "r2", "lee", 12)
    ]
    assert [note.kind for note in found.notes] == ["home.not_available"]


def test_planning_time_that_fixed_classes_leave_no_room_for_is_cut_short(store: Store) -> None:
    teachers = [one for one in school().staff if one.id != "vega"]
    vega = StaffMember(id="vega", given_name="V", family_name="R", planning_blocks=3)
    open_school(store, staff=(*teachers, vega))
    found = take(store)
    assert [time.at_least for time in found.problem.protected] == [2]
    assert "planning.cut_short" in [note.kind for note in found.notes]


def test_an_offering_that_starts_in_no_block_of_the_day_is_left_out(store: Store) -> None:
    ratios, study = school().offerings
    late = study.model_copy(update={"starts": ("b2",)})
    open_school(store, offerings=(ratios, late))
    assert [one.id for one in problem(store, TUESDAY).offerings] == ["ratios"]


def test_the_schools_weights_reach_the_problem(store: Store) -> None:
    open_school(store, {"weights": {"unmet-need": 30}})
    assert problem(store).policy.weights == {"unmet-need": 30}


def test_every_student_on_the_roster_is_in_the_problem(east: Store) -> None:
    assert [one.id for one in problem(east).students] == sorted(STUDENTS)


def test_parts_of_a_problem_stand_in_a_fixed_order(open_store: Callable[..., Store]) -> None:
    store = open_store()
    backwards = school()
    open_school(store, students=backwards.students[::-1], staff=backwards.staff[::-1])
    with store.read(MACHINE) as tx:
        found = snapshot(tx, WEDNESDAY).problem
    assert [one.id for one in found.staff] == sorted(one.id for one in found.staff)
    assert replace(take(store), notes=()).problem == found
