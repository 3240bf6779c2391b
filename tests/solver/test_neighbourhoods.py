"""Parts of a plan made anew: what comes of them is lawful, and better where it can be."""

from __future__ import annotations

from random import Random
from typing import Any

from schemas.plan import Duty
from schemas.problem import Commitment, DayBlock, Published
from schemas.school import Accommodation, Relation
from solver.board import Board, OpenSession
from solver.contradictions import reach_of
from solver.finishing import Finisher
from solver.helping import send_home
from solver.neighbourhoods import NEIGHBOURHOODS, Helpers, SeatsInARow
from solver.reach import Reach
from solver.trading import trade_adults, trade_rooms
from tests.solver.plain_school import ANA, BEN, CLEO, OKAFOR, VEGA, changed, held, school


def art_led_by_vega(most: int | None) -> Board:
    """Art, which Okafor was to lead, is led by Vega; Okafor may lead so many students in a day."""
    session, seats = held("art", students=("Ana", "Ben"), lead="Okafor")
    problem = school(
        staff=(VEGA, changed(OKAFOR, most_students=most)),
        published=Published(plan="p", sessions=(session,), placements=seats),
    )
    reach = reach_of(problem)
    board = Board(reach.facts)
    art, room = reach.facts.offerings["art"], reach.facts.rooms["12"]
    now = board.open(art, ("first",), room, (Duty(staff="Vega", role="lead"),))
    for student in ("Ana", "Ben"):
        board.seat(student, now, None)
    trade_adults(reach, board, ("first",))
    return board


def test_a_group_is_led_by_whom_it_knows() -> None:
    [session] = art_led_by_vega(most=2).sessions.values()
    assert session.lead == "Okafor"


def test_nobody_is_given_a_group_larger_than_they_may_lead() -> None:
    [session] = art_led_by_vega(most=1).sessions.values()
    assert session.lead == "Vega"


def test_seats_of_a_few_blocks_go_to_those_who_need_them() -> None:
    reach = reach_of(school(offerings=(changed(school().offerings[0], largest=1), ART_FOR_ALL)))
    board, facts = Board(reach.facts), reach.facts
    maths = board.open(facts.offerings["maths"], ("first",), facts.rooms["14"], (LED_BY_VEGA,))
    art = board.open(facts.offerings["art"], ("first",), facts.rooms["12"], (LED_BY_OKAFOR,))
    for student, session in (("Cleo", maths), ("Ana", art), ("Ben", art)):
        board.seat(student, session, None)
    before = Finisher(reach).judged(board)
    SeatsInARow().change(reach, board, Random(0))
    assert Finisher(reach).judged(board) < before
    assert list(maths.seats.items()) == [("Ben", "fractions")]


ROOM_12 = school().rooms[0]


def art_in_14(**more: Any) -> OpenSession:
    """Art, published in room 12, is in room 14; room 12 has easels, which art doesn't ask for."""
    session, seats = held("art", students=("Ana", "Ben"), lead="Okafor")
    _, *others = school().rooms
    given = {"rooms": (changed(ROOM_12, features=("easels",)), *others)} | more
    problem = school(published=Published(plan="p", sessions=(session,), placements=seats), **given)
    reach = reach_of(problem)
    board = Board(reach.facts)
    now = board.open(
        reach.facts.offerings["art"], ("first",), reach.facts.rooms["14"], (LED_BY_OKAFOR,)
    )
    for student in ("Ana", "Ben"):
        board.seat(student, now, None)
    trade_rooms(reach, board, ("first",))
    return now


def test_a_group_goes_back_to_the_room_it_knows_whatever_else_that_has() -> None:
    assert art_in_14().room.id == "12"


def test_a_group_stays_where_somebody_in_it_needs_the_room_to_be() -> None:
    rooms = tuple(changed(room, features=("ramp",) if room.id == "14" else ())
                  for room in school().rooms)  # fmt: skip
    needs = changed(ANA, needs_features=("ramp",))
    assert art_in_14(rooms=rooms, students=(needs, BEN, CLEO)).room.id == "14"


def test_a_group_does_not_go_where_its_lead_cannot_walk_in_time() -> None:
    north = changed(ROOM_12, building="north")
    late = DayBlock(id="class", title="Class", kind="class", start=500, end=538)
    busy = changed(OKAFOR, commitments=(Commitment(blocks=("class",), building="main"),))
    more = {"rooms": (north, *school().rooms[1:]), "blocks": (late, *school().blocks)}
    assert art_in_14(**more).room.id == "12"
    assert art_in_14(**more, staff=(VEGA, busy)).room.id == "14"


def test_two_zones_of_a_room_take_two_groups_and_no_more_students_than_seats() -> None:
    hall = changed(ROOM_12, zones=2, seats=4)
    (one, ones), (two, twos) = (
        held("art", students=students, lead=lead, id=lead)
        for students, lead in ((("Ana", "Ben"), "Okafor"), (("Cleo", "Dan"), "Vega"))
    )
    published = Published(plan="p", sessions=(one, two), placements=(*ones, *twos))
    for seats, rooms in ((4, {"12"}), (3, {"12", "barn"})):
        given = (changed(hall, seats=seats), *school().rooms[1:])
        everybody = (ANA, BEN, CLEO, changed(CLEO, id="Dan"))
        reach = reach_of(school(rooms=given, students=everybody, published=published))
        board, facts = Board(reach.facts), reach.facts
        first = board.open(facts.offerings["art"], ("first",), facts.rooms["12"], (LED_BY_OKAFOR,))
        other = board.open(facts.offerings["art"], ("first",), facts.rooms["barn"], (LED_BY_VEGA,))
        for student, session in (("Ana", first), ("Ben", first), ("Cleo", other), ("Dan", other)):
            board.seat(student, session, None)
        trade_rooms(reach, board, ("first",))
        assert {session.room.id for session in (first, other)} == rooms


# --- somebody who comes along ---------------------------------------------------------------------


def helped(**more: Any) -> tuple[Reach, Board, OpenSession]:
    """Ana, who needs an aide in maths, has a seat in art; Okafor is free."""
    aide = Accommodation(id="a", student="Ana", kind="aide", modalities=("instruction",))
    reach = reach_of(school(blocks=school().blocks[:1], accommodations=(aide,), **more))
    board, facts = Board(reach.facts), reach.facts
    maths = board.open(facts.offerings["maths"], ("first",), facts.rooms["12"], (LED_BY_VEGA,))
    return reach, board, maths


def test_an_adult_who_is_free_comes_along_with_a_student_who_needs_one() -> None:
    reach, board, maths = helped()
    Helpers().change(reach, board, Random(0))
    assert maths.duties == (LED_BY_VEGA, AIDE_OKAFOR)
    assert maths.seats["Ana"] == "fractions"


def test_nobody_comes_along_who_declined_or_is_to_be_kept_apart_from_the_student() -> None:
    for more in (
        {"staff": (VEGA, changed(OKAFOR, declined=("maths",)))},
        {"relations": (Relation(id="r", kind="apart", student="Ana", other="Okafor"),)},
    ):
        reach, board, maths = helped(**more)
        Helpers().change(reach, board, Random(0))
        assert maths.duties == (LED_BY_VEGA,)
        assert "Ana" not in maths.seats


def test_of_two_adults_the_one_comes_along_whom_the_student_may_be_with() -> None:
    apart = Relation(id="r", kind="apart", student="Ana", other="Okafor")
    reach, board, maths = helped(
        staff=(VEGA, OKAFOR, changed(OKAFOR, id="Park")), relations=(apart,)
    )
    Helpers().change(reach, board, Random(0))
    assert maths.duties == (LED_BY_VEGA, Duty(staff="Park", role="aide"))


def test_who_came_along_goes_when_no_longer_needed_and_stays_while_needed() -> None:
    reach, board, maths = helped()
    board.staff(maths, (LED_BY_VEGA, AIDE_OKAFOR))
    board.seat("Ana", maths, "fractions")
    send_home(reach, board)
    assert AIDE_OKAFOR in maths.duties
    board.unseat("Ana", maths)
    send_home(reach, board)
    assert maths.duties == (LED_BY_VEGA,)


def test_who_came_along_stays_when_leads_are_traded() -> None:
    reach, board, maths = helped()
    board.staff(maths, (LED_BY_VEGA, AIDE_OKAFOR))
    board.seat("Ana", maths, "fractions")
    trade_adults(reach, board, ("first",))
    assert set(maths.duties) == {LED_BY_VEGA, AIDE_OKAFOR}


def test_help_is_looked_for_only_where_somebody_needs_it() -> None:
    assert Helpers().concerns(helped()[0])
    assert not Helpers().concerns(reach_of(school()))


AIDE_OKAFOR = Duty(staff="Okafor", role="aide")
ART_FOR_ALL = changed(school().offerings[1], largest=4)
LED_BY_VEGA = Duty(staff="Vega", role="lead")
LED_BY_OKAFOR = Duty(staff="Okafor", role="lead")


def test_every_neighbourhood_has_a_name_of_its_own() -> None:
    assert len({one.name for one in NEIGHBOURHOODS}) == len(NEIGHBOURHOODS)
