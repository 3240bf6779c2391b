from __future__ import annotations

from schemas.problem import Policy
from schemas.school import Room
from tests.solver.plain_school import (
    ANA,
    ART,
    BEN,
    MAIN_HALL,
    MATHS,
    amount,
    causes,
    changed,
    findings,
    held,
    school,
)


def test_a_room_holds_one_session_at_a_time() -> None:
    day = (held("art"), held("maths", lead="Okafor"))
    assert amount("room-clash", school(), *day) == 1
    assert amount("room-clash", school(), day[0], held("maths", "second")) == 0


def test_a_room_of_two_zones_holds_two_sessions() -> None:
    hub = Room(id="hub", title="Hub", building="main", seats=20, zones=2)
    problem = school(rooms=(*school().rooms, hub))
    day = [held("art", room="hub", id=f"s{i}") for i in range(3)]
    assert amount("room-clash", problem, *day[:2]) == 0
    assert amount("room-clash", problem, *day) == 1


def test_a_closed_room_holds_nothing() -> None:
    problem = school(closures=(("12", "first"),))
    assert amount("room-clash", problem, held("art")) == 1
    assert amount("room-clash", problem, held("art", "second")) == 0


def test_the_room_of_a_home_place_holds_nothing_else() -> None:
    assert amount("room-clash", school(homes=(MAIN_HALL,)), held("art", room="14")) == 1


def test_a_session_has_the_kind_of_room_and_the_features_it_needs() -> None:
    lab = Room(id="lab", title="Lab", building="main", seats=9, features=("sinks",))
    pool = Room(id="pool", title="Pool", building="north", kind="off_campus", seats=9)
    problem = school(
        offerings=(changed(ART, features=("sinks",)), MATHS), rooms=(*school().rooms, lab, pool)
    )
    assert amount("room-kit", problem, held("art", room="lab")) == 0
    assert amount("room-kit", problem, held("art", room="12")) == 1
    assert amount("room-kit", problem, held("art", room="pool")) == 2


def test_a_student_in_a_wheelchair_is_in_a_room_they_can_reach() -> None:
    ramp = changed(school().rooms[0], features=("step_free",))
    problem = school(
        rooms=(ramp, *school().rooms[1:]),
        students=(changed(ANA, needs_features=("step_free",)), BEN),
    )
    assert amount("room-kit", problem, held("art", room="12", students=["Ana"])) == 0
    (finding,) = findings("room-kit", problem, held("art", room="14", students=["Ana", "Ben"]))
    assert (finding.cause, finding.subjects["student"]) == ("student", "Ana")


def test_every_five_spare_seats_above_the_tolerance_count_one() -> None:
    problem = school(offerings=(changed(ART, spare_seats_tolerance=3), MATHS))
    assert amount("room-fit", problem, held("art", room="12", students=["Ana", "Ben"])) == 1
    assert amount("room-fit", problem, held("art", room="14", students=["Ana"])) == 0


def test_an_adult_who_changes_rooms_between_blocks_counts_one() -> None:
    stays = (held("art"), held("maths", "second"))
    moves = (held("art"), held("maths", "second", room="14"))
    assert amount("room-fit", school(), *stays) == 0
    assert causes("room-fit", school(), *moves) == ["change"]


def test_a_students_room_changes_beyond_the_limit_are_counted() -> None:
    day = (
        held("art", students=["Ana", "Ben"]),
        held("maths", "second", room="14", students=["Ana"]),
        held("maths", "second", room="12", lead="Okafor", students=["Ben"]),
    )
    none = school(policy=Policy(student_room_changes=0))
    (finding,) = findings("fragments", none, *day)
    assert (finding.subjects["student"], finding.amount) == ("Ana", 1)
    assert amount("fragments", school(policy=Policy(student_room_changes=1)), *day) == 0
