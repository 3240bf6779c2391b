"""Whoever is left over is seated where a larger room, or an adult's other post, makes it lawful."""

from __future__ import annotations

from typing import Any

from schemas.plan import Duty
from schemas.problem import DayStudent
from schemas.school import Accommodation, RoleNeed
from solver.board import Board
from solver.contradictions import reach_of
from solver.placing import Placing
from tests.solver.plain_school import ART, MATHS, OKAFOR, VEGA, changed, school

FIVE = tuple(DayStudent(id=name, grade="06") for name in ("Dan", "Eva", "Flo", "Gus", "Hal"))
BLOCK = school().blocks[:1]
ONLY_VEGA = changed(MATHS, roles=(RoleNeed(role="lead", qualification="maths"),), competencies=())


def placed(room: str, seated: int, **fields: Any) -> Board:
    """A board on which Vega leads art in a room for some of five pupils, after the rest were
    placed."""
    reach = reach_of(school(**{"blocks": BLOCK, "students": FIVE, "homes": ()} | fields))
    board = Board(reach.facts)
    art = reach.facts.offerings["art"]
    lead = Duty(staff="Vega", role="lead")
    session = board.open(art, ("first",), reach.facts.rooms[room], (lead,))
    for student in FIVE[:seated]:
        board.seat(student.id, session)
    Placing(reach, board).place_the_rest()
    return board


def in_small_room(**fields: Any) -> Board:
    art = changed(ART, largest=10)
    return placed("14", 4, **{"offerings": (art,), "staff": (VEGA,)} | fields)


def test_a_session_moves_to_a_larger_room_rather_than_leaving_somebody_without_a_seat() -> None:
    board = in_small_room()
    assert [session.room.id for session in board.sessions.values()] == ["12"]
    assert board.unplaced() == []


def test_a_session_stays_where_it_is_if_a_larger_room_does_not_suit_everybody_in_it() -> None:
    rooms = [changed(r, features=("quiet",)) if r.id == "14" else r for r in school().rooms]
    quiet = changed(FIVE[0], needs_features=("quiet",))
    board = in_small_room(rooms=tuple(rooms), students=(quiet, *FIVE[1:]))
    assert [session.room.id for session in board.sessions.values()] == ["14"]
    assert board.unplaced() == [("Hal", "first")]


def leaving_two(**fields: Any) -> Board:
    """Vega, who alone could lead maths, leads art, which anybody could."""
    offers = (changed(ART, most_sections=1), ONLY_VEGA)
    return placed("12", 3, **{"offerings": offers, "staff": (VEGA, OKAFOR)} | fields)


def test_an_adult_is_relieved_of_a_post_for_one_that_nobody_else_could_take() -> None:
    board = leaving_two()
    assert {s.offering.id: s.lead for s in board.sessions.values()} == {
        "art": "Okafor",
        "maths": "Vega",
    }
    assert board.unplaced() == []


def test_nobody_is_relieved_whose_language_somebody_in_their_session_needs() -> None:
    vega = changed(VEGA, qualifications=("maths", "polish"))
    needs = Accommodation(id="a", student="Dan", kind="language", qualification="polish")
    board = leaving_two(staff=(vega, OKAFOR), accommodations=(needs,))
    assert [s.lead for s in board.sessions.values()] == ["Vega"]
    assert len(board.unplaced()) == 2
