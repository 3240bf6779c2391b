"""Why a student is here, why not there, why something changed; and who may be told."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.plan import Unplaced
from schemas.problem import Ballot, DayService, PlacementLock, Problem, Request
from schemas.schedule import Reason
from schemas.school import Accommodation, Offering, Relation, RoleNeed
from solver.changes import Change, Whereabouts
from solver.explain import verdict
from solver.facts import Facts
from solver.hand import Hand
from solver.layout import Layout
from solver.places import Places
from solver.reasons import (
    NEUTRAL,
    Refusal,
    adults_moved,
    moved,
    why_changed,
    why_here,
    why_unplaced,
)
from tests.solver.plain_school import ANA, ART, BEN, CLEO, MATHS, OKAFOR, changed, held, school
from tests.solver.plain_school import layout as laid_out

THERE = "maths-first-12"
MATHS_HERE = held("maths", students=("Ana",), serves="fractions")


def here(layout: Layout, student: str = "Ana", session: str = "maths-first-12") -> list[Reason]:
    return why_here(layout.facts, layout, student, session)


def ids(reasons: list[Reason]) -> list[str]:
    return [reason.id for reason in reasons]


# --- why here -----------------------------------------------------------------------------------


def test_a_student_is_here_for_a_need_and_the_reason_says_what_it_rests_on() -> None:
    (reason,) = here(laid_out(school(), MATHS_HERE))
    assert reason.parameters == {"competency": "fractions", "rests_on": "evidence"}


def test_a_need_assumed_from_the_grade_is_told_as_that() -> None:
    need = changed(ANA.needs[0], evidenced=False)
    problem = school(students=(changed(ANA, needs=(need,)), BEN, CLEO))
    (reason,) = here(laid_out(problem, MATHS_HERE))
    assert reason.parameters["rests_on"] == "grade"


def test_a_student_is_here_by_choice_with_its_rank() -> None:
    ballot = Ballot(id="b", student="Ana", blocks=("first",), ranking=("maths", "art"))
    layout = laid_out(school(ballots=(ballot,)), held("art", students=("Ana",), room="14"))
    (reason,) = here(layout, session="art-first-14")
    assert (reason.id, reason.parameters) == ("choice", {"rank": "2", "of": "2"})


def test_a_student_is_here_because_a_teacher_asked() -> None:
    asked = Request(
        id="q", staff="Vega", student="Ana", offerings=("maths",), blocks=("first",), priority=3
    )
    layout = laid_out(school(requests=(asked,)), held("maths", students=("Ana",)))
    assert ids(here(layout)) == ["request"]


def test_a_lock_is_told_first_with_its_owner() -> None:
    lock = PlacementLock(
        target="placement", id="k", owner="Kim", student="Ana", offering="maths", block="first"
    )
    reasons = here(laid_out(school(locks=(lock,)), MATHS_HERE))
    assert ids(reasons) == ["lock", "need"]
    assert reasons[0].parameters["owner"] == "Kim"


READING = Offering(
    id="reading", title="Room 12 with Ms Vega", modality="service", largest=3,
    roles=(RoleNeed(role="specialist", qualification="maths"),),
)  # fmt: skip


def test_owed_support_is_told_to_the_entitled_and_others_get_an_ordinary_reason() -> None:
    owed = DayService(
        id="v", student="Ana", kind="reading", minutes_due=30, qualification="maths",
        setting="pull_out", largest_group=3,
    )  # fmt: skip
    problem = school(offerings=(MATHS, ART, READING), services=(owed,))
    layout = laid_out(problem, held("reading", students=("Ana",)))
    reasons = here(layout, session="reading-first-12")
    assert [(r.id, r.audience) for r in reasons] == [
        ("service", "entitled"),
        ("only_open_seat", "everyone"),
    ]


def test_the_only_open_seat_is_told_from_one_of_several() -> None:
    alone = laid_out(school(), held("art", students=("Cleo",)))
    assert ids(here(alone, "Cleo", "art-first-12")) == ["only_open_seat"]
    beside = held("maths", room="14", lead="Okafor")
    one_of_two = laid_out(school(), held("art", students=("Cleo",)), beside)
    assert ids(here(one_of_two, "Cleo", "art-first-12")) == ["open_place"]


def test_an_unplaced_student_is_told_why_and_where_to_go() -> None:
    entry = Unplaced(student="Ana", block="first", reason="no_seat", home="hall")
    assert why_unplaced(entry).parameters == {
        "reason": "no_seat",
        "block": "first",
        "home": "hall",
    }


# --- why not there ------------------------------------------------------------------------------


def refusals(problem: Problem, *seated: Any, entitled: bool = True) -> list[Refusal]:
    """What Cleo, or somebody who may know more, is told of why she can't be in maths."""
    hand = Hand(laid_out(problem, *seated))
    told = verdict(hand, Places(hand).move("Cleo", hand.layout.sessions[THERE]), "Cleo", entitled)
    return [bar.refusal for bar in told.bars]


def refused(problem: Problem, *seated: Any) -> list[tuple[str, str]]:
    return [(refusal.rule, refusal.cause) for refusal in refusals(problem, *seated)]


def test_nothing_stands_in_the_way_of_an_open_seat() -> None:
    assert refused(school(), MATHS_HERE) == []


def test_a_full_session_is_named_as_full() -> None:
    small = changed(MATHS, largest=1)
    assert refused(school(offerings=(small, ART)), MATHS_HERE) == [("group-size", "over")]


def test_a_student_who_may_not_come_is_told_so() -> None:
    seventh = changed(MATHS, grades=("06",))
    assert refused(school(offerings=(seventh, ART)), MATHS_HERE) == [("not-eligible", "list")]


def test_what_was_broken_before_is_no_reason_against_a_move() -> None:
    full = changed(MATHS, largest=3)
    twice = held("art", students=("Ben",)), held("art", students=("Ben",), room="14", id="x")
    problem = school(offerings=(full, ART))
    assert ("student-clash", "") not in refused(problem, MATHS_HERE, *twice)


APART = Relation(id="r", kind="apart", student="Ana", other="Cleo")


def test_the_entitled_are_told_of_a_pair_kept_apart() -> None:
    assert refused(school(relations=(APART,)), MATHS_HERE) == [("keep-apart", "")]


@pytest.mark.parametrize(
    "extra",
    [
        {"relations": (APART,)},
        {"accommodations": (Accommodation(id="a", student="Cleo", kind="aide"),)},
    ],
)
def test_everybody_else_hears_one_neutral_sentence_without_names(extra: dict[str, Any]) -> None:
    answer = refusals(school(**extra), MATHS_HERE, entitled=False)
    assert [(one.rule, one.cause, one.parameters) for one in answer] == [(NEUTRAL, "", {})]


def test_an_ordinary_refusal_reads_the_same_neutral_sentence() -> None:
    lock = PlacementLock(
        target="placement", id="k", owner="Kim", student="Cleo", offering="art", block="first"
    )
    art = held("art", students=("Ben", "Cleo"), room="14")
    found = refusals(school(locks=(lock,)), MATHS_HERE, art)
    assert [one.rule for one in found] == ["lock"]
    found = refusals(school(locks=(lock,)), MATHS_HERE, art, entitled=False)
    assert [one.rule for one in found] == [NEUTRAL]


def test_an_open_reason_hides_a_confidential_one_beside_it() -> None:
    small = changed(MATHS, largest=1)
    problem = school(offerings=(small, ART), relations=(APART,))
    answer = refusals(problem, MATHS_HERE, entitled=False)
    assert [one.rule for one in answer] == ["group-size"]


# --- moving by hand -----------------------------------------------------------------------------


def test_a_moved_student_leaves_what_overlaps_and_serves_the_most_urgent_need() -> None:
    layout = laid_out(school(), held("maths"), held("art", students=("Ana",), room="14"))
    after = moved(layout.facts, layout, "Ana", "maths-first-12")
    (placement,) = after.placements.values()
    assert (placement.session, placement.competency) == ("maths-first-12", "fractions")


def test_a_need_served_elsewhere_is_not_served_twice() -> None:
    second = held("maths", "second", students=("Ana",), serves="fractions")
    layout = laid_out(school(), held("maths"), second)
    after = moved(layout.facts, layout, "Ana", "maths-first-12")
    assert after.placements["Ana", "maths-first-12"].competency is None


def test_leaving_a_long_session_for_a_short_one_leaves_no_block_unaccounted_for() -> None:
    long = changed(ART, length=2)
    layout = laid_out(
        school(offerings=(MATHS, long)),
        held("maths"),
        held("art", ("first", "second"), students=("Ana",), room="14"),
    )
    after = moved(layout.facts, layout, "Ana", "maths-first-12")
    assert list(after.unplaced) == [("Ana", "second")]


# --- why changed --------------------------------------------------------------------------------

BEFORE = Whereabouts(room="12", offering="maths", adults=("Vega",))
AFTER = Whereabouts(room="14", offering="maths", adults=("Okafor",))


def changed_because(problem: Problem, after: Whereabouts | None = AFTER) -> str:
    change = Change(person_kind="student", person="Ana", block="first", before=BEFORE, after=after)
    return why_changed(Facts(problem), change).id


def test_an_absent_adult_explains_a_change() -> None:
    away = changed(OKAFOR, id="Vega", away=("first",))
    assert changed_because(school(staff=(away, OKAFOR))) == "adult_absent"


def test_a_closed_room_explains_a_change() -> None:
    assert changed_because(school(closures=(("12", "first"),))) == "room_closed"


def test_a_lock_explains_a_change_of_the_person_it_names() -> None:
    lock = PlacementLock(
        target="placement", id="k", owner="Kim", student="Ana", offering="maths", block="first"
    )
    assert changed_because(school(locks=(lock,))) == "locked"


def adult_goes(person: str, before: Whereabouts | None, after: Whereabouts | None) -> Change:
    return Change(person_kind="staff", person=person, block="first", before=before, after=after)


IN_12 = Whereabouts(room="12", offering="maths", role="lead")
IN_14 = Whereabouts(room="14", offering="art", role="lead")


def test_who_steps_in_is_told_for_whom() -> None:
    vega, okafor = adult_goes("Vega", IN_12, None), adult_goes("Okafor", IN_14, IN_12)
    reason = why_changed(Facts(school()), okafor, adults_moved([vega, okafor]))
    assert (reason.id, reason.parameters) == ("takes_over", {"staff": "Vega"})


def test_an_adult_who_was_free_steps_in() -> None:
    okafor = adult_goes("Okafor", None, IN_14)
    assert why_changed(Facts(school()), okafor, adults_moved([okafor])).id == "steps_in"


def test_an_absent_adult_is_told_of_as_away_and_one_left_over_as_free() -> None:
    away = changed(OKAFOR, id="Vega", away=("first",))
    gone = adult_goes("Vega", IN_12, None)
    assert why_changed(Facts(school(staff=(away, OKAFOR))), gone).id == "adult_absent"
    assert why_changed(Facts(school()), gone).id == "free"


def test_students_follow_from_the_adult_who_is_needed_elsewhere() -> None:
    vega = adult_goes("Vega", IN_12, IN_14)
    ana = Change(person_kind="student", person="Ana", block="first", before=BEFORE, after=AFTER)
    reason = why_changed(Facts(school()), ana, adults_moved([vega, ana]))
    assert (reason.id, reason.parameters) == ("adult_elsewhere", {"staff": "Vega"})


def test_somebody_who_is_no_longer_there_is_told_apart_from_somebody_moved() -> None:
    assert changed_because(school(), None) == "not_there"
    assert changed_because(school(), Whereabouts(room="14")) == "home_place"
    assert changed_because(school()) == "rearranged"
