"""Making a day from nothing: who can walk where is known before sections are opened."""

from __future__ import annotations

import pytest

from schemas.plan import Duty
from schemas.problem import Commitment, DayBlock, DayStudent
from services.examples import example
from solver.board import Board
from solver.construct import Filling, construct
from solver.contradictions import reach_of
from solver.daylp import DayProgram
from solver.finishing import Finisher
from solver.naming import Naming, Section
from solver.placing import Placing
from solver.proposals import fixed
from solver.reach import Reach
from tests.solver.plain_school import ANA, ART, BEN, CLEO, MATHS, OKAFOR, VEGA, changed, school

CLASS = DayBlock(id="class", title="Class", kind="class", start=500, end=535)
IN_MAIN = (Commitment(blocks=("class",), building="main"),)
IN_NORTH = (Commitment(blocks=("class",), building="north"),)
BLOCKS = (CLASS, *school().blocks)


def reach_in(**changes: object) -> Reach:
    """A school whose class ends five minutes before `first`; the north building is eight away."""
    return reach_of(school(blocks=BLOCKS, **changes))


def test_a_section_is_held_in_a_building_that_its_only_teacher_can_come_to() -> None:
    reach = reach_in(staff=(changed(VEGA, commitments=IN_MAIN),))
    maths = changed(reach.facts.offerings["maths"], largest=3)
    board = Board(reach.facts)
    barn_first = (reach.facts.rooms["barn"], reach.facts.rooms["12"])
    opened = Naming(reach, board).open([Section(maths, ("first",), barn_first)], {})
    assert [session.room.id for session in opened] == ["12"]


def test_a_section_whose_teacher_can_come_nowhere_is_not_opened() -> None:
    reach = reach_in(staff=(changed(VEGA, commitments=IN_MAIN),))
    board = Board(reach.facts)
    barn = (reach.facts.rooms["barn"],)
    assert Naming(reach, board).open([Section(MATHS, ("first",), barn)], {}) == []
    assert not board.sessions


def test_of_two_who_must_come_together_both_can() -> None:
    lead = changed(MATHS.roles[0], qualification="maths")
    both = changed(MATHS, roles=(lead, changed(lead, role="aide", qualification=None)))
    vega, okafor = changed(VEGA, commitments=IN_NORTH), changed(OKAFOR, commitments=IN_MAIN)
    reach = reach_in(offerings=(both, ART), staff=(vega, okafor, changed(OKAFOR, id="Park")))
    board = Board(reach.facts)
    rooms = tuple(reach.facts.rooms[room] for room in ("12", "barn"))
    [session] = Naming(reach, board).open([Section(both, ("first",), rooms)], {})
    assert session.room.id == "barn"
    assert {duty.staff for duty in session.duties} == {"Vega", "Park"}


def test_buildings_too_far_apart_for_a_pause_are_two_quarters() -> None:
    assert reach_in().is_spread_out
    assert not reach_of(school(travel=())).is_spread_out


def test_a_guide_seats_nobody_where_they_cannot_walk_in_time() -> None:
    reach = reach_in(students=(changed(ANA, commitments=IN_MAIN), BEN))
    program = DayProgram(
        reach, Board(reach.facts), (("first",), ("second",)), frozenset({0, 1}), guide=True
    )
    north = reach.quarters["north"]
    there = {
        (seat.student, seat.option.runs[0][0])
        for seat in program.seats
        if seat.option.quarter == north
    }
    assert there == {("Ana", "second"), ("Ben", "first"), ("Ben", "second")}


def test_a_bound_tells_no_quarters_apart_since_somebody_may_have_allowed_a_late_arrival() -> None:
    reach = reach_in(students=(changed(ANA, commitments=IN_MAIN), BEN))
    program = DayProgram(
        reach, Board(reach.facts), (("first", "second"),), frozenset({0}), guide=False
    )
    assert {seat.option.quarter for seat in program.seats} == {None}


def test_students_come_to_the_building_that_they_are_in() -> None:
    here = tuple(DayStudent(id=f"m{n}", grade="06", commitments=IN_MAIN) for n in range(4))
    there = tuple(DayStudent(id=f"n{n}", grade="06", commitments=IN_NORTH) for n in range(4))
    art = changed(ART, largest=4, smallest=2)
    reach = reach_in(offerings=(art,), students=(*here, *there))
    board = Board(reach.facts)
    construct(reach, board, 0)
    Filling(reach, board, 0).finish()
    assert not [student for student, block in board.unplaced() if block == "first"]


def test_for_no_gain_a_student_is_placed_only_in_what_is_for_their_grade() -> None:
    sixth = tuple(DayStudent(id=f"s{n}", grade="06") for n in range(3))
    eighth = tuple(DayStudent(id=f"e{n}", grade="08") for n in range(3))
    art = changed(ART, id="sixth-art", grades=("06",))
    clay = changed(ART, id="eighth-art", grades=("08",))
    reach = reach_in(offerings=(art, clay), students=(*sixth, *eighth))
    board = Board(reach.facts)
    construct(reach, board, 0)
    Filling(reach, board, 0).finish()
    assert board.unplaced() == []


def half_stranded(pinned: bool) -> Board:
    """Cleo is in the barn first; what there is to do after that is too far from it."""
    reach = reach_of(school(students=(CLEO,), staff=(VEGA, changed(OKAFOR, away=("second",)))))
    board, art, rooms = Board(reach.facts), reach.facts.offerings["art"], reach.facts.rooms
    barn = board.open(art, ("first",), rooms["barn"], (Duty(staff="Okafor", role="lead"),))
    for block in ("first", "second"):
        board.open(art, (block,), rooms["12"], (Duty(staff="Vega", role="lead"),))
    board.seat("Cleo", barn, None)
    barn.pinned_students = frozenset({"Cleo"}) if pinned else frozenset()
    Placing(reach, board).place_the_rest()
    return board


def test_who_could_reach_no_seat_from_where_they_are_goes_elsewhere_before() -> None:
    board = half_stranded(pinned=False)
    rooms = [board.at["Cleo", block].room.id for block in ("first", "second")]
    assert rooms == ["12", "12"]


def test_who_is_held_where_they_are_stays_there_whatever_cannot_be_reached_from_it() -> None:
    board = half_stranded(pinned=True)
    assert board.at["Cleo", "first"].room.id == "barn"
    assert ("Cleo", "second") not in board.at


LED_BY_VEGA, LED_BY_OKAFOR = (Duty(staff=one, role="lead") for one in ("Vega", "Okafor"))


@pytest.mark.parametrize("number", [0, 1])
def test_of_two_like_seats_a_student_keeps_the_one_they_have(number: int) -> None:
    reach = reach_of(school(students=(ANA,)))
    board, maths, rooms = Board(reach.facts), reach.facts.offerings["maths"], reach.facts.rooms
    two = (
        board.open(maths, ("first",), rooms["12"], (LED_BY_VEGA,)),
        board.open(maths, ("first",), rooms["14"], (LED_BY_OKAFOR,)),
    )
    board.seat("Ana", two[number], "fractions")
    Filling(reach, board, 0).reseat(["Ana"])
    assert board.at["Ana", "first"] is two[number]


def a_long_day() -> tuple[Reach, Board]:
    """An invented one, with all that was made block by block."""
    reach = reach_of(example("flex6", 40, seed=2))
    board = Board(reach.facts)
    construct(reach, board, 0)
    return reach, board


def reseated(reach: Reach, begun: Board) -> int:
    """What a day costs after all its seats were given anew."""
    board = begun.copy()
    filling = Filling(reach, board, 0)
    filling.reseat(reach.facts.students)
    filling.finish()
    return Finisher(reach).judged(board).cost


def test_whom_the_best_numbers_leave_between_seats_get_whole_ones_that_save_as_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reach, board = a_long_day()
    whole = reseated(reach, board)
    monkeypatch.setattr("solver.construct.NEARLY", 1.0)
    assert whole < reseated(reach, board), "each in the fuller of two half seats"


def test_seats_of_a_very_large_day_go_to_the_fuller_of_two_parts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reach, board = a_long_day()
    monkeypatch.setattr("solver.construct.NEARLY", 1.0)
    fuller = reseated(reach, board)
    monkeypatch.undo()
    monkeypatch.setattr("solver.construct.WHOLE_SEATS", 0)
    assert reseated(reach, board) == fuller


@pytest.mark.parametrize("number", [0, 1])
def test_who_is_somewhere_for_no_gain_goes_back_there(number: int) -> None:
    reach = reach_of(school(students=(CLEO,)))
    board, art, rooms = Board(reach.facts), reach.facts.offerings["art"], reach.facts.rooms
    two = (
        board.open(art, ("first",), rooms["12"], (LED_BY_VEGA,)),
        board.open(art, ("first",), rooms["14"], (LED_BY_OKAFOR,)),
    )
    board.seat("Cleo", two[number], None)
    Filling(reach, board, 0).reseat(["Cleo"])
    assert board.at["Cleo", "first"] is two[number]


def test_a_section_has_the_adults_and_the_room_of_the_one_whose_place_it_takes() -> None:
    reach = reach_of(school())
    board, art, rooms = Board(reach.facts), reach.facts.offerings["art"], reach.facts.rooms
    before = fixed(board.open(art, ("first",), rooms["14"], (LED_BY_OKAFOR,)))
    board.close(board.sessions[before.id])
    section = Section(art, ("first",), (rooms["12"], rooms["14"]), before)
    [session] = Naming(reach, board).open([section], {})
    assert (session.room.id, session.duties) == ("14", (LED_BY_OKAFOR,))


def test_who_loses_least_makes_way_for_somebody_without_a_seat() -> None:
    eager = changed(BEN, id="Dan")
    reach = reach_of(school(students=(ANA, BEN, eager, CLEO), blocks=school().blocks[:1]))
    board, rooms = Board(reach.facts), reach.facts.rooms
    maths = board.open(reach.facts.offerings["maths"], ("first",), rooms["12"], (LED_BY_VEGA,))
    board.open(changed(ART, grades=("06",)), ("first",), rooms["14"], (LED_BY_OKAFOR,))
    for student in ("Ben", "Dan", "Ana"):
        board.seat(student, maths, "fractions")
    reach.facts.offerings["art"] = changed(ART, grades=("06",))
    Placing(reach, board).place_the_rest()
    assert "Ana" not in maths.seats
