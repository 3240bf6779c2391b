"""Parts of a plan made anew: what comes of them is lawful, and better where it can be."""

from __future__ import annotations

from random import Random

import pytest

from schemas.plan import Duty
from solver.board import Board
from solver.contradictions import reach_of
from solver.finishing import Finisher
from solver.neighbourhoods import NEIGHBOURHOODS, FewSections, SeatsInARow
from tests.solver.plain_school import ANA, changed, school

ART_FOR_ALL = changed(school().offerings[1], largest=4)
LED_BY_VEGA = Duty(staff="Vega", role="lead")
LED_BY_OKAFOR = Duty(staff="Okafor", role="lead")


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


def test_a_section_that_serves_nobody_makes_way_for_one_in_another_block() -> None:
    reach = reach_of(school(students=(changed(ANA, away=("second",)),)))
    board, facts = Board(reach.facts), reach.facts
    board.open(facts.offerings["maths"], ("second",), facts.rooms["14"], (LED_BY_VEGA,))
    art = board.open(facts.offerings["art"], ("first",), facts.rooms["12"], (LED_BY_OKAFOR,))
    board.seat("Ana", art, None)
    FewSections().change(reach, board, Random(0))
    assert board.at["Ana", "first"].offering.id == "maths"
    assert Finisher(reach).judged(board) == (0, 0)


def test_a_few_sections_all_over_the_day_are_tried_where_it_has_several_blocks_and_few_students(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert FewSections().concerns(reach_of(school()))
    assert not FewSections().concerns(reach_of(school(blocks=school().blocks[:1])))
    monkeypatch.setattr("solver.neighbourhoods.FEW_PAY", 2)
    assert not FewSections().concerns(reach_of(school()))


def test_every_neighbourhood_has_a_name_of_its_own() -> None:
    assert len({one.name for one in NEIGHBOURHOODS}) == len(NEIGHBOURHOODS)
