"""Parts of a plan made anew: what comes of them is lawful, and better where it can be."""

from __future__ import annotations

from random import Random

from schemas.plan import Duty
from schemas.problem import Published
from solver.board import Board
from solver.contradictions import reach_of
from solver.finishing import Finisher
from solver.neighbourhoods import NEIGHBOURHOODS, SeatsInARow, trade_adults
from tests.solver.plain_school import OKAFOR, VEGA, changed, held, school


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
    trade_adults(reach, board, "first")
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


ART_FOR_ALL = changed(school().offerings[1], largest=4)
LED_BY_VEGA = Duty(staff="Vega", role="lead")
LED_BY_OKAFOR = Duty(staff="Okafor", role="lead")


def test_every_neighbourhood_has_a_name_of_its_own() -> None:
    assert len({one.name for one in NEIGHBOURHOODS}) == len(NEIGHBOURHOODS)
