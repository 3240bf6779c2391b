from __future__ import annotations

import pytest

from schemas.plan import Unplaced
from schemas.problem import Need, Policy, RecentPair
from schemas.school import Relation, Room
from tests.solver.plain_school import (
    ANA,
    ART,
    BEN,
    CLEO,
    MAIN_HALL,
    MATHS,
    amount,
    causes,
    changed,
    findings,
    held,
    school,
)

ALL = ["Ana", "Ben", "Cleo"]


def test_a_session_within_its_sizes_is_fine() -> None:
    assert amount("group-size", school(), held("art", students=ALL)) == 0


def test_each_student_over_the_largest_group_counts() -> None:
    problem = school(offerings=(changed(ART, largest=1), MATHS))
    (finding,) = findings("group-size", problem, held("art", students=ALL))
    assert (finding.amount, finding.cause) == (2, "over")


def test_each_student_under_the_minimum_counts() -> None:
    problem = school(offerings=(changed(ART, smallest=3), MATHS))
    (finding,) = findings("group-size", problem, held("art", students=["Ana"]))
    assert (finding.amount, finding.cause) == (2, "under")


def test_adults_on_duty_limit_the_group() -> None:
    problem = school(offerings=(changed(ART, students_per_adult=2), MATHS))
    assert causes("group-size", problem, held("art", students=ALL)) == ["over"]
    helped = held("art", students=ALL, more=[("Okafor", "support")])
    assert amount("group-size", problem, helped) == 0


def test_an_adult_who_declined_the_offering_does_not_count_towards_the_ratio() -> None:
    problem = school(
        offerings=(changed(ART, students_per_adult=2), MATHS),
        staff=tuple(
            changed(adult, declined=("art",) if adult.id == "Okafor" else ())
            for adult in school().staff
        ),
    )
    helped = held("art", students=ALL, more=[("Okafor", "support")])
    assert causes("group-size", problem, helped) == ["over"]


def test_groups_that_share_a_room_share_its_seats() -> None:
    hub = Room(id="hub", title="Hub", building="main", seats=2, zones=2)
    problem = school(rooms=(*school().rooms, hub))
    day = (
        held("maths", room="hub", students=["Ana", "Ben"]),
        held("art", room="hub", lead="Okafor", students=["Cleo"]),
    )
    (finding,) = findings("group-size", problem, *day)
    assert (finding.amount, finding.cause) == (1, "seats")
    assert finding.subjects == {"room": "hub", "block": "first"}


def test_a_home_place_takes_in_as_many_as_it_has_seats() -> None:
    problem = school(homes=(MAIN_HALL,))
    entries = [
        Unplaced(student=student, block="first", reason="no_seat", home="hall")
        for student in ("Ana", "Ben")
    ]
    assert amount("group-size", problem, unplaced=entries[:1]) == 0
    assert causes("group-size", problem, unplaced=entries) == ["home"]


def test_an_offering_runs_no_more_sections_than_its_limit() -> None:
    problem = school(offerings=(changed(ART, most_sections=1), MATHS))
    day = (held("art", students=["Ana"]), held("art", "second", students=["Ben"]))
    assert amount("group-size", problem, day[0]) == 0
    assert causes("group-size", problem, *day) == ["sections"]


def apart(other: str, scope: str = "session") -> Relation:
    return Relation(id="r1", kind="apart", student="Ana", other=other, scope=scope)


def test_two_students_to_be_kept_apart_do_not_share_a_session() -> None:
    problem = school(relations=(apart("Ben"),))
    (finding,) = findings("keep-apart", problem, held("art", students=["Ana", "Ben"]))
    assert finding.audience == "entitled"
    assert amount("keep-apart", problem, held("art", students=["Ana", "Cleo"])) == 0


@pytest.mark.parametrize(("scope", "found"), [("session", 0), ("room", 1)])
def test_apart_in_the_room_means_not_even_two_sessions_in_one_room(scope: str, found: int) -> None:
    problem = school(relations=(apart("Ben", scope),))
    day = (
        held("art", students=["Ana"]),
        held("maths", lead="Okafor", students=["Ben"]),
    )
    assert amount("keep-apart", problem, *day) == found


def test_a_student_is_never_with_a_barred_adult() -> None:
    problem = school(relations=(apart("Vega"),))
    assert amount("keep-apart", problem, held("art", students=["Ana"], lead="Vega")) == 1
    assert amount("keep-apart", problem, held("art", students=["Ana"], lead="Okafor")) == 0


def test_students_who_belong_together_share_every_block_in_which_both_are_free() -> None:
    together = Relation(id="r1", kind="together", student="Ana", other="Ben")
    problem = school(relations=(together,))
    shared = held("art", students=["Ana", "Ben"])
    assert amount("keep-together", problem, shared) == 1
    assert amount("keep-together", problem, shared, held("art", "second", students=["Ana"])) == 1
    both = held("art", "second", students=["Ana", "Ben"])
    assert amount("keep-together", problem, shared, both) == 0


def test_a_group_within_the_ideal_range_costs_nothing() -> None:
    problem = school(offerings=(changed(ART, ideal=(2, 2)), MATHS))
    assert amount("group-fit", problem, held("art", students=["Ana", "Ben"])) == 0
    assert amount("group-fit", problem, held("art", students=ALL)) == 1
    assert amount("group-fit", problem, held("art", students=["Ana"])) == 1


def test_readiness_in_a_group_spreads_no_further_than_its_tolerance() -> None:
    def at(student: object, readiness: int) -> object:
        need = Need(competency="fractions", urgency=50, readiness=readiness)
        return changed(student, needs=(need,))

    problem = school(
        offerings=(changed(MATHS, spread_tolerance=30), ART),
        students=(at(ANA, 20), at(BEN, 60), CLEO),
    )
    assert amount("spread", problem, held("maths", students=ALL, serves="fractions")) == 10
    assert amount("spread", problem, held("maths", students=["Ana"], serves="fractions")) == 0


def test_students_who_were_together_for_days_are_parted() -> None:
    problem = school(
        recent_pairs=(RecentPair(a="Ana", b="Ben", days=5),), policy=Policy(remix_days=3)
    )
    assert amount("remix", problem, held("art", students=["Ana", "Ben"])) == 2
    assert amount("remix", problem, held("art", students=["Ana", "Cleo"])) == 0
