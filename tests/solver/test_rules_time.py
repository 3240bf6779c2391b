from __future__ import annotations

from schemas.problem import Commitment
from tests.solver.plain_school import (
    ANA,
    ART,
    BEN,
    MATHS,
    OKAFOR,
    VEGA,
    amount,
    changed,
    findings,
    held,
    school,
)


def test_five_minutes_are_too_few_for_an_eight_minute_way() -> None:
    day = (
        held("art", students=["Ana"], lead="Vega"),
        held("maths", "second", room="barn", students=["Ana"], lead="Okafor"),
    )
    (finding,) = findings("travel", school(), *day)
    assert finding.amount == 3
    assert finding.subjects == {"student": "Ana", "block": "first", "then": "second"}


def test_a_way_within_one_building_takes_no_time() -> None:
    day = (
        held("art", students=["Ana"]),
        held("maths", "second", room="14", students=["Ana"]),
    )
    assert amount("travel", school(), *day) == 0


def test_adults_need_time_for_their_ways_too() -> None:
    day = (held("art", lead="Vega"), held("maths", "second", room="barn", lead="Vega"))
    (finding,) = findings("travel", school(), *day)
    assert finding.subjects["staff"] == "Vega"


def test_a_commitment_in_another_building_counts_as_a_place() -> None:
    away = Commitment(blocks=("second",), building="north")
    problem = school(staff=(changed(VEGA, commitments=(away,)), OKAFOR))
    assert amount("travel", problem, held("art", lead="Vega")) == 3
    assert amount("travel", problem, held("art", lead="Vega", room="barn")) == 0


def test_time_to_spare_is_enough_for_any_way() -> None:
    problem = school(students=(ANA, BEN))
    day = (held("art", students=["Ana"]), held("art", "lunch", room="barn", students=["Ana"]))
    assert amount("travel", problem, *day) == 0


def test_a_session_takes_one_unbroken_run_of_the_length_of_its_offering() -> None:
    problem = school(offerings=(changed(ART, length=2), MATHS))
    assert amount("whole-session", problem, held("art", ("first", "second"))) == 0
    assert amount("whole-session", problem, held("art", "first")) == 1
    assert amount("whole-session", problem, held("art", ("first", "lunch"))) == 1


def test_a_session_starts_where_its_offering_may_start() -> None:
    problem = school(offerings=(changed(ART, starts=("second",)), MATHS))
    assert amount("whole-session", problem, held("art", "second")) == 0
    assert amount("whole-session", problem, held("art", "first")) == 1


def test_no_session_takes_lunch() -> None:
    assert amount("whole-session", school(), held("art", "lunch")) == 1
