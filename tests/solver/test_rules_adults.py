from __future__ import annotations

from schemas.plan import Unplaced
from schemas.problem import Commitment, ProtectedTime
from schemas.school import RoleNeed
from tests.solver.plain_school import (
    ART,
    MAIN_HALL,
    MATHS,
    OKAFOR,
    VEGA,
    amount,
    causes,
    changed,
    findings,
    held,
    school,
)

ALL = ["Ana", "Ben", "Cleo"]
PLACED = (held("art", students=ALL), held("art", "second", students=ALL))


def test_a_day_with_every_role_filled_is_fine() -> None:
    assert amount("role-cover", school(), *PLACED) == 0


def test_a_session_without_an_adult_is_unsupervised_and_lacks_its_lead() -> None:
    alone = held("art", students=ALL, lead=None)
    assert causes("role-cover", school(), alone, PLACED[1]) == ["supervision", "role"]


def test_a_lead_without_the_qualification_does_not_fill_the_role() -> None:
    skilled = changed(MATHS, roles=(RoleNeed(role="lead", qualification="maths"),))
    problem = school(offerings=(skilled, ART))
    by_vega = held("maths", students=ALL, lead="Vega")
    by_okafor = held("maths", students=ALL, lead="Okafor")
    assert amount("role-cover", problem, by_vega, PLACED[1]) == 0
    assert causes("role-cover", problem, by_okafor, PLACED[1]) == ["supervision", "role"]


def test_two_aides_asked_for_means_two_aides() -> None:
    staffed = changed(ART, roles=(RoleNeed(role="lead"), RoleNeed(role="aide", count=2)))
    problem = school(offerings=(staffed, MATHS))
    day = held("art", students=ALL, more=[("Okafor", "aide")])
    (finding,) = findings("role-cover", problem, day, held("maths", "second", students=ALL))
    assert finding.amount == 1
    assert finding.subjects["role"] == "aide"


def test_one_adult_does_not_fill_two_roles_of_a_session() -> None:
    staffed = changed(ART, roles=(RoleNeed(role="lead"), RoleNeed(role="aide")))
    problem = school(offerings=(staffed, MATHS))
    day = held("art", students=ALL, more=[("Vega", "aide")])
    assert causes("role-cover", problem, day, held("maths", "second", students=ALL)) == ["double"]


def test_a_student_nowhere_in_a_block_is_unsupervised_until_a_home_place_takes_them_in() -> None:
    problem = school(homes=(MAIN_HALL,))
    day = (held("art", students=["Ben", "Cleo"]), PLACED[1])
    (finding,) = findings("role-cover", problem, *day)
    assert finding.cause == "supervision"
    assert finding.subjects == {"student": "Ana", "block": "first"}
    listed = Unplaced(student="Ana", block="first", reason="no_seat", home="hall")
    assert amount("role-cover", problem, *day, unplaced=[listed]) == 0


def test_a_home_place_of_another_block_supervises_nobody() -> None:
    problem = school(homes=(MAIN_HALL,))
    day = (PLACED[0], held("art", "second", students=["Ben", "Cleo"]))
    listed = Unplaced(student="Ana", block="second", reason="no_seat", home="hall")
    assert causes("role-cover", problem, *day, unplaced=[listed]) == ["supervision"]


def test_an_adult_in_two_sessions_at_once_is_one_too_many() -> None:
    day = (held("art", students=["Ana"]), held("maths", room="14", students=["Ben"]))
    assert amount("staff-clash", school(), *day) == 1
    assert amount("staff-clash", school(), day[0]) == 0


def test_an_absent_or_committed_adult_has_no_duty() -> None:
    absent = school(staff=(changed(VEGA, away=("first",)), OKAFOR))
    busy = school(staff=(changed(VEGA, commitments=(Commitment(blocks=("first",)),)), OKAFOR))
    for problem in (absent, busy):
        assert amount("staff-clash", problem, held("art")) == 1
        assert amount("staff-clash", problem, held("art", "second")) == 0


def test_the_adult_of_a_home_place_has_no_other_duty_in_its_block() -> None:
    problem = school(homes=(MAIN_HALL,))
    assert amount("staff-clash", problem, held("art", lead="Okafor")) == 1


def planning(at_least: int, *staff: str) -> ProtectedTime:
    return ProtectedTime(
        id="p", kind="planning", staff=staff, blocks=("first", "second"), at_least=at_least
    )


def test_protected_planning_stays_free_of_duties() -> None:
    problem = school(protected=(planning(1, "Vega"),))
    assert amount("planning-time", problem, held("art")) == 0
    assert amount("planning-time", problem, held("art"), held("art", "second")) == 1


def test_common_planning_needs_everybody_free_at_once() -> None:
    problem = school(protected=(planning(1, "Vega", "Okafor"),))
    day = (held("art", lead="Vega"), held("art", "second", lead="Okafor"))
    assert amount("planning-time", problem, *day) == 1


def test_an_adult_prepares_no_more_offerings_than_agreed() -> None:
    problem = school(staff=(changed(VEGA, most_preparations=1), OKAFOR))
    assert amount("prep-limit", problem, held("art"), held("art", "second")) == 0
    two = (held("art"), held("maths", "second"))
    assert causes("prep-limit", problem, *two) == ["preparations"]


def test_an_adult_has_no_more_blocks_in_a_row_than_agreed() -> None:
    problem = school(staff=(changed(VEGA, most_consecutive_blocks=1), OKAFOR))
    assert causes("prep-limit", problem, held("art"), held("art", "second")) == ["consecutive"]
    assert amount("prep-limit", problem, held("art", "second")) == 0


def test_an_adult_teaches_no_more_students_than_agreed() -> None:
    problem = school(staff=(changed(VEGA, most_students=4), OKAFOR))
    day = (held("art", students=ALL), held("art", "second", students=["Ana", "Ben"]))
    (finding,) = findings("prep-limit", problem, *day)
    assert (finding.amount, finding.cause) == (1, "students")
    assert amount("prep-limit", problem, day[0]) == 0


def test_duties_and_cover_beyond_a_fair_share_are_counted() -> None:
    shared = changed(VEGA, fair_blocks=1, covers=("maths",), fair_cover=0)
    problem = school(staff=(shared, OKAFOR))
    assert amount("uneven-load", problem, held("art")) == 0
    assert causes("uneven-load", problem, held("art"), held("art", "second")) == ["blocks"]
    assert causes("uneven-load", problem, held("maths")) == ["cover"]
