from __future__ import annotations

from schemas.plan import Unplaced
from schemas.problem import Commitment, Order, Repeat
from schemas.school import Accommodation, Room
from tests.solver.plain_school import (
    ANA,
    ART,
    BEN,
    CLEO,
    MAIN_HALL,
    MATHS,
    VEGA,
    amount,
    causes,
    changed,
    findings,
    held,
    school,
)


def test_a_student_in_one_session_per_block_is_no_clash() -> None:
    day = (held("maths", students=["Ana"]), held("art", "second", students=["Ana"]))
    assert amount("student-clash", school(), *day) == 0


def test_a_student_in_two_sessions_at_once_is_one_place_too_many() -> None:
    day = (held("maths", students=["Ana"]), held("art", room="14", students=["Ana", "Ben"]))
    (finding,) = findings("student-clash", school(), *day)
    assert finding.amount == 1
    assert finding.subjects == {"student": "Ana", "block": "first"}


def test_a_student_at_the_dentist_can_be_in_no_session() -> None:
    away = school(students=(changed(ANA, away=("first",)), BEN, CLEO))
    assert amount("student-clash", away, held("maths", students=["Ana"])) == 1
    assert amount("student-clash", away, held("maths", "second", students=["Ana"])) == 0


def test_a_student_with_a_class_elsewhere_can_be_in_no_session() -> None:
    band = changed(ANA, commitments=(Commitment(blocks=("first",)),))
    assert amount("student-clash", school(students=(band,)), held("art", students=["Ana"])) == 1


def test_a_student_in_a_session_is_not_also_in_a_home_place() -> None:
    entry = Unplaced(student="Ana", block="first", reason="edited", home="hall")
    problem = school(homes=(MAIN_HALL,))
    assert amount("student-clash", problem, held("art", students=["Ana"]), unplaced=[entry]) == 1
    assert amount("student-clash", problem, unplaced=[entry]) == 0


def test_a_ready_student_may_work_on_fractions() -> None:
    day = held("maths", students=["Ana"], serves="fractions")
    assert amount("not-ready", school(), day) == 0


def test_fractions_wait_until_counting_is_mastered() -> None:
    day = held("maths", students=["Cleo"], serves="fractions")
    (finding,) = findings("not-ready", school(), day)
    assert finding.amount == 1
    assert finding.subjects["competency"] == "fractions"


def test_sitting_in_without_working_on_anything_needs_no_readiness() -> None:
    assert amount("not-ready", school(), held("maths", students=["Cleo"])) == 0


def test_only_admitted_grades_may_come() -> None:
    problem = school(offerings=(changed(ART, grades=("06",)), MATHS))
    assert amount("not-eligible", problem, held("art", students=["Ana"])) == 0
    assert causes("not-eligible", problem, held("art", students=["Cleo"])) == ["list"]


def test_off_campus_needs_consent_even_where_the_list_is_overridden() -> None:
    farm = Room(id="farm", title="Farm", building="north", kind="off_campus", seats=9)
    problem = school(
        offerings=(changed(ART, barred=("Ana",)), MATHS), rooms=(*school().rooms, farm)
    )
    day = held("art", room="farm", students=["Ana"])
    assert causes("not-eligible", problem, day) == ["list", "consent"]


def test_consent_on_file_is_enough() -> None:
    problem = school(
        offerings=(changed(ART, needs_consent=True),),
        students=(changed(ANA, off_campus_consent=True), BEN),
    )
    assert amount("not-eligible", problem, held("art", students=["Ana"])) == 0
    assert causes("not-eligible", problem, held("art", students=["Ben"])) == ["consent"]


def owed(**needed: object) -> Accommodation:
    return Accommodation(id="a1", student="Ana", **needed)


def test_a_small_group_is_kept_small() -> None:
    problem = school(accommodations=(owed(kind="group_size", group_size=2),))
    assert amount("accommodation", problem, held("art", students=["Ana", "Ben"])) == 0
    assert amount("accommodation", problem, held("art", students=["Ana", "Ben", "Cleo"])) == 1
    assert amount("accommodation", problem, held("art", students=["Ben", "Cleo"])) == 0


def test_an_accommodation_counts_in_every_block_of_a_session() -> None:
    problem = school(accommodations=(owed(kind="place", feature="quiet"),))
    assert amount("accommodation", problem, held("art", ("first", "second"), students=["Ana"])) == 2


def test_an_aide_is_there_for_a_student_who_needs_one() -> None:
    problem = school(accommodations=(owed(kind="aide"),))
    alone = held("art", students=["Ana"])
    aided = held("art", students=["Ana"], more=[("Okafor", "aide")])
    assert amount("accommodation", problem, alone) == 1
    assert amount("accommodation", problem, aided) == 0


def test_language_support_comes_from_an_adult_who_has_the_language() -> None:
    problem = school(
        staff=(changed(VEGA, qualifications=("spanish",)), changed(VEGA, id="Okafor")),
        accommodations=(owed(kind="language", qualification="spanish"),),
    )
    assert amount("accommodation", problem, held("art", students=["Ana"], lead="Vega")) == 0
    assert amount("accommodation", problem, held("art", students=["Ana"], lead="Okafor")) == 1


def test_extra_time_is_given_where_it_is_owed() -> None:
    problem = school(
        offerings=(MATHS, changed(ART, extra_time=True)),
        accommodations=(owed(kind="extra_time", modalities=("instruction", "project")),),
    )
    assert amount("accommodation", problem, held("art", students=["Ana"])) == 0
    assert amount("accommodation", problem, held("maths", students=["Ana"])) == 1


def test_an_accommodation_counts_only_in_the_modalities_it_names() -> None:
    problem = school(accommodations=(owed(kind="extra_time", modalities=("project",)),))
    assert amount("accommodation", problem, held("maths", students=["Ana"])) == 0


def test_a_student_who_is_not_to_work_early_has_no_session_early() -> None:
    problem = school(accommodations=(owed(kind="time", blocks=("first",)),))
    assert amount("accommodation", problem, held("art", students=["Ana"])) == 1
    assert amount("accommodation", problem, held("art", "second", students=["Ana"])) == 0


def test_one_session_on_a_competency_a_day_is_enough() -> None:
    once = held("maths", students=["Ana"], serves="fractions")
    again = held("maths", "second", students=["Ana"], serves="fractions")
    assert amount("repeat-guard", school(), once) == 0
    assert causes("repeat-guard", school(), once, again) == ["again"]


def test_a_session_that_spans_blocks_counts_once() -> None:
    long = held("maths", ("first", "second"), students=["Ana"], serves="fractions")
    assert amount("repeat-guard", school(), long) == 0


def test_what_did_not_help_yesterday_is_not_given_again() -> None:
    problem = school(repeats=(Repeat(student="Ana", offering="maths"),))
    assert causes("repeat-guard", problem, held("maths", students=["Ana"])) == ["listed"]
    assert amount("repeat-guard", problem, held("maths", students=["Ben"])) == 0


def test_a_student_in_both_offerings_has_them_in_order() -> None:
    problem = school(orders=(Order(first="maths", then="art"),))
    right = (held("maths", students=["Ana"]), held("art", "second", students=["Ana"]))
    wrong = (held("maths", "second", students=["Ana", "Ben"]), held("art", students=["Ana"]))
    assert amount("order", problem, *right) == 0
    (finding,) = findings("order", problem, *wrong)
    assert finding.subjects == {"student": "Ana", "first": "maths", "then": "art"}


def test_every_section_is_in_order_where_the_whole_offering_is_meant() -> None:
    problem = school(orders=(Order(first="maths", then="art", whole_offering=True),))
    wrong = (held("maths", "second", students=["Ana"]), held("art", students=["Ben"]))
    assert amount("order", problem, *wrong) == 1
