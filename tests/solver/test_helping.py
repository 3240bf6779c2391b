"""An aide, or somebody who speaks a language, who comes along with a student."""

from __future__ import annotations

from random import Random
from typing import Any

from schemas.plan import Duty
from schemas.school import Accommodation, Relation
from solver.board import Board, OpenSession
from solver.contradictions import reach_of
from solver.helping import send_home
from solver.neighbourhoods import Helpers
from solver.reach import Reach
from solver.trading import trade_adults
from tests.solver.plain_school import OKAFOR, VEGA, changed, school

LED_BY_VEGA = Duty(staff="Vega", role="lead")
AIDE_OKAFOR = Duty(staff="Okafor", role="aide")


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
