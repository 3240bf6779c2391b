"""Adults and rooms traded among sessions: groups keep what they know, as far as it is lawful."""

from __future__ import annotations

from typing import Any

from schemas.plan import Duty
from schemas.problem import Commitment, DayBlock, Published
from solver.board import Board, OpenSession
from solver.contradictions import reach_of
from solver.trading import trade_adults, trade_rooms
from tests.solver.plain_school import ANA, BEN, CLEO, OKAFOR, VEGA, changed, held, school

LED_BY_VEGA = Duty(staff="Vega", role="lead")
LED_BY_OKAFOR = Duty(staff="Okafor", role="lead")


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
