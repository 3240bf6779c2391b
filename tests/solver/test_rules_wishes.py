from __future__ import annotations

from schemas.problem import Ballot, DayService, Floors, Request, Stuck
from schemas.school import RoleNeed
from tests.solver.plain_school import (
    ANA,
    ART,
    BEN,
    CLEO,
    MATHS,
    amount,
    causes,
    changed,
    findings,
    held,
    school,
)

ALL = ["Ana", "Ben", "Cleo"]


def test_every_free_block_without_a_session_counts() -> None:
    assert amount("unplaced", school(), held("art", students=ALL)) == 3
    day = (held("art", students=ALL), held("art", "second", students=ALL))
    assert amount("unplaced", school(), *day) == 0


def test_an_absent_student_is_not_unplaced() -> None:
    problem = school(students=(changed(ANA, away=("first", "second")),))
    assert amount("unplaced", problem) == 0


def test_a_need_that_could_be_served_counts_its_urgency_until_it_is() -> None:
    day = held("maths", students=["Ana"], serves="fractions")
    (finding,) = findings("unmet-need", school(), day)
    assert (finding.subjects["student"], finding.amount) == ("Ben", 70)


def test_a_need_that_nothing_teaches_does_not_count() -> None:
    assert amount("unmet-need", school(offerings=(ART,))) == 0


def test_a_need_whose_offering_does_not_admit_the_student_does_not_count() -> None:
    problem = school(offerings=(changed(MATHS, grades=("07",)), ART))
    assert amount("unmet-need", problem) == 0


SPEECH = changed(
    ART,
    id="speech",
    modality="service",
    largest=2,
    roles=(RoleNeed(role="specialist", qualification="speech"),),
)


def service(**more: object) -> DayService:
    fields = {"setting": "pull_out", "largest_group": 2, "minutes_due": 30, **more}
    return DayService(id="v1", student="Ana", kind="speech", qualification="speech", **fields)


def test_owed_minutes_are_delivered_by_a_session_of_the_service() -> None:
    problem = school(offerings=(SPEECH, ART), services=(service(),))
    assert amount("service-short", problem, held("speech", students=["Ana"])) == 0
    (finding,) = findings("service-short", problem, held("art", students=["Ana"]))
    assert (finding.amount, finding.audience) == (30, "entitled")


def test_a_group_larger_than_agreed_delivers_nothing() -> None:
    problem = school(offerings=(SPEECH, ART), services=(service(largest_group=1),))
    assert amount("service-short", problem, held("speech", students=["Ana"])) == 30


def test_a_service_is_not_taken_from_a_block_or_an_offering_it_must_leave_alone() -> None:
    by_block = school(offerings=(SPEECH, ART), services=(service(not_from_blocks=("first",)),))
    assert amount("service-short", by_block, held("speech", students=["Ana"])) == 30
    by_offering = school(offerings=(SPEECH, ART), services=(service(not_from_offerings=("art",)),))
    pulled = held("speech", students=["Ana"])
    assert amount("service-short", by_offering, pulled) == 0
    assert amount("service-short", by_offering, pulled, held("art", room="14")) == 30


def test_pushed_in_support_counts_in_the_class_it_supports() -> None:
    supported = changed(
        MATHS, roles=(RoleNeed(role="lead"), RoleNeed(role="specialist", qualification="speech"))
    )
    problem = school(offerings=(supported, ART), services=(service(setting="push_in"),))
    assert amount("service-short", problem, held("maths", students=["Ana"])) == 0


def test_a_teachers_request_counts_its_priority_until_it_is_met() -> None:
    request = Request(
        id="q", staff="Vega", student="Ana", offerings=("maths",), blocks=("first",), priority=4
    )
    problem = school(requests=(request,))
    assert amount("request-missed", problem, held("maths", students=["Ana"])) == 0
    assert amount("request-missed", problem, held("maths", "second", students=["Ana"])) == 4


def test_the_second_choice_costs_one_rank_and_none_costs_them_all() -> None:
    ballot = Ballot(id="v", student="Cleo", blocks=("first",), ranking=("art", "maths"), credit=3)
    problem = school(ballots=(ballot,))
    assert amount("choice-missed", problem, held("art", students=["Cleo"])) == 0
    assert amount("choice-missed", problem, held("maths", students=["Cleo"])) == 3
    assert amount("choice-missed", problem) == 6


def test_a_choice_granted_outside_its_window_is_not_granted() -> None:
    ballot = Ballot(id="v", student="Cleo", blocks=("first",), ranking=("art",))
    problem = school(ballots=(ballot,))
    assert amount("choice-missed", problem, held("art", "second", students=["Cleo"])) == 1


def test_what_did_not_work_for_a_student_is_not_tried_again() -> None:
    stuck = Stuck(student="Ana", competency="fractions", modality="instruction", lead="Vega")
    problem = school(stuck=(stuck,))
    again = held("maths", students=["Ana", "Ben"], serves="fractions", lead="Vega")
    (finding,) = findings("stuck", problem, again)
    assert finding.subjects["student"] == "Ana"
    other = held("maths", students=["Ana"], serves="fractions", lead="Okafor")
    assert amount("stuck", problem, other) == 0


def test_minutes_below_a_students_floor_are_counted_by_kind() -> None:
    ballot = Ballot(id="v", student="Ana", blocks=("second",), ranking=("art",))
    problem = school(
        offerings=(changed(MATHS, minute_kinds=("live_teacher",)), ART),
        students=(changed(ANA, floors=Floors(live_teacher=50, choice=40)), BEN, CLEO),
        ballots=(ballot,),
    )
    taught = held("maths", students=["Ana"])
    found = findings("equity-floor", problem, taught)
    assert {f.cause: f.amount for f in found} == {"live_teacher": 10, "choice": 40}
    chosen = held("art", "second", students=["Ana"])
    assert causes("equity-floor", problem, taught, chosen) == ["live_teacher"]
