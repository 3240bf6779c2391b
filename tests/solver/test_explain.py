"""Why not, what would lift it, what it would come to; and nothing that tells a secret."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.plan import Finding
from schemas.problem import DayService, PlacementLock, Problem, RecentPair
from schemas.school import Accommodation, Offering, Relation, RoleNeed
from solver.explain import Verdict, gains, places_for, verdict
from solver.hand import Hand
from solver.places import Places
from solver.reasons import NEUTRAL
from tests.solver.plain_school import ANA, ART, BEN, CLEO, MATHS, Seated, changed, held, school
from tests.solver.plain_school import layout as laid_out

MATHS_HERE = held("maths", students=("Ana",), serves="fractions")
ART_HERE = held("art", students=("Ben", "Cleo"), room="14", lead="Okafor")
APART = Relation(id="r", kind="apart", student="Ana", other="Cleo")
AIDE = Accommodation(id="a", student="Cleo", kind="aide")
OWED = DayService(
    id="v", student="Cleo", kind="reading", minutes_due=30, qualification="reading",
    setting="push_in", largest_group=9,
)  # fmt: skip
SECRETS: list[dict[str, Any]] = [{"relations": (APART,)}, {"accommodations": (AIDE,)}]


def asked(
    problem: Problem, *seated: Seated, student: str = "Cleo", entitled: bool = True
) -> Verdict:
    """What moving a student to maths in the first block would come to."""
    hand = Hand(laid_out(problem, *(seated or (MATHS_HERE, ART_HERE))))
    session = hand.layout.sessions["maths-first-12"]
    return verdict(hand, Places(hand).move(student, session), student, entitled)


def lifted_by(found: Verdict) -> list[str]:
    return [bar.relaxation.id for bar in found.bars if bar.relaxation]


def test_nothing_stands_in_the_way_of_an_open_seat_and_its_gain_is_told() -> None:
    found = asked(school(), student="Ben")
    assert found.lawful
    assert found.change == -700  # ten for each point of urgency


def test_what_others_would_bear_is_told_apart_from_a_students_own() -> None:
    fitting = changed(ART, ideal=(2, 3))
    found = asked(school(offerings=(MATHS, fitting)), student="Ben")
    assert (found.change, found.others) == (-695, 5)


@pytest.mark.parametrize(
    ("problem", "lifts"),
    [
        (school(offerings=(changed(MATHS, largest=1), ART)), "one_more_seat"),
        (school(offerings=(changed(MATHS, grades=("06",)), ART)), "admit"),
        (school(offerings=(changed(MATHS, needs_consent=True), ART)), "consent"),
        (school(students=(ANA, BEN, changed(CLEO, away=("first",)))), "be_free"),
        (
            school(
                locks=(
                    PlacementLock(
                        target="placement", id="k", owner="Kim", student="Cleo", offering="art",
                        block="first",
                    ),
                )
            ),
            "lift_lock",
        ),
        (school(relations=(APART,)), "none"),
    ],
)  # fmt: skip
def test_each_rule_says_what_the_smallest_change_is_that_would_lift_it(
    problem: Problem, lifts: str
) -> None:
    seated = (MATHS_HERE,) if lifts == "be_free" else (MATHS_HERE, ART_HERE)
    assert lifts in lifted_by(asked(problem, *seated))


def test_prerequisites_that_are_missing_are_named() -> None:
    unready = changed(BEN, mastered=())
    problem = school(students=(ANA, unready, CLEO))
    hand = Hand(laid_out(problem, MATHS_HERE, ART_HERE))
    session = hand.layout.sessions["maths-first-12"]
    move = Places(hand).move("Ben", session)
    (seat,) = move.seats
    serving = changed(seat, competency="fractions")
    found = verdict(hand, type(move)(left=move.left, seats=(serving,)), "Ben", entitled=True)
    (bar,) = found.bars
    assert bar.relaxation
    assert (bar.relaxation.id, bar.relaxation.parameters["missing"]) == ("master_first", "counting")


# --- nobody learns of a secret ------------------------------------------------------------------


@pytest.mark.parametrize("secret", SECRETS)
def test_a_refusal_by_a_secret_reads_like_an_ordinary_one(secret: dict[str, Any]) -> None:
    lock = PlacementLock(
        target="placement", id="k", owner="Kim", student="Cleo", offering="art", block="first"
    )
    ordinary = asked(school(locks=(lock,)), entitled=False)
    assert asked(school(**secret), entitled=False) == ordinary
    assert [bar.refusal.rule for bar in ordinary.bars] == [NEUTRAL]
    assert ordinary.bars[0].relaxation is None


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "open_rule", [{"largest": 1}, {"grades": ("06",)}, {"needs_consent": True}]
)
def test_an_open_refusal_reads_the_same_with_a_secret_behind_it(
    secret: dict[str, Any], open_rule: dict[str, Any]
) -> None:
    offerings = (changed(MATHS, **open_rule), ART)
    plain = asked(school(offerings=offerings), entitled=False)
    assert asked(school(offerings=offerings, **secret), entitled=False) == plain


def test_a_drag_tells_the_unentitled_no_figure_in_which_a_service_could_show() -> None:
    reading = Offering(
        id="maths", title="Maths", modality="instruction", largest=3,
        competencies=("fractions",),
        roles=(RoleNeed(role="lead", qualification="reading"),),
    )  # fmt: skip
    for services in ((), (OWED,)):
        problem = school(offerings=(reading, ART), services=services)
        told = asked(problem, entitled=False)
        assert (told.change, told.others) == (None, None)
    with_service = school(offerings=(reading, ART), services=(OWED,))
    assert asked(with_service).change != asked(school(offerings=(reading, ART))).change


def offered(problem: Problem, *seated: Seated, entitled: bool) -> list[tuple[str, int | None]]:
    places = Places(Hand(laid_out(problem, *seated)))
    return [(o.session, o.change) for o in places_for(places, "Cleo", "first", entitled)]


READING = changed(ART, id="reading", roles=(RoleNeed(role="lead", qualification="maths"),))
TWO = (held("art", room="12", lead="Okafor"), held("reading", room="14"))


def test_places_are_ranked_for_the_unentitled_as_if_there_were_no_service() -> None:
    offerings = (MATHS, ART, READING)
    owed = changed(OWED, qualification="maths")
    plain = offered(school(offerings=offerings), *TWO, entitled=False)
    assert offered(school(offerings=offerings, services=(owed,)), *TWO, entitled=False) == plain
    assert [session for session, _ in plain] == ["art-first-12", "reading-first-14"]
    best, _ = offered(school(offerings=offerings, services=(owed,)), *TWO, entitled=True)
    assert best[0] == "reading-first-14"


def test_at_most_three_places_are_offered_and_only_lawful_ones() -> None:
    rooms = ("12", "14", "barn")
    full = [held("art", room=room, id=room, students=("Ana", "Ben")) for room in rooms]
    problem = school(offerings=(MATHS, changed(ART, largest=2)))
    assert offered(problem, *full, entitled=True) == []
    assert len(offered(school(), *(held("art", room=r, id=r) for r in ["12", "14", "barn", "x", "y"]
                                   if r in rooms), entitled=True)) <= 3  # fmt: skip


# --- what changed, by person --------------------------------------------------------------------


def found(rule: str, amount: int, audience: Any = "everyone", **subjects: str) -> Finding:
    return Finding(rule=rule, kind="soft", amount=amount, subjects=subjects, audience=audience)


def test_each_person_is_told_what_a_change_gains_or_costs_them() -> None:
    before = [found("unmet-need", 40, student="Ana", competency="fractions")]
    after = [found("uneven-load", 1, staff="Vega"), found("stuck", 1, student="Ben")]
    assert gains(school(), before, after, entitled=False) == {
        ("student", "Ana"): 400,
        ("staff", "Vega"): -20,
        ("student", "Ben"): -100,
    }


def test_a_gain_in_owed_support_is_told_to_the_entitled_only() -> None:
    before = [found("service-short", 30, "entitled", student="Ana", service="v")]
    assert gains(school(), before, [], entitled=True) == {("student", "Ana"): 1500}
    assert gains(school(), before, [], entitled=False) == {}


def test_a_pair_that_is_often_together_is_nobodys_secret() -> None:
    pair = RecentPair(a="Ana", b="Cleo", days=9)
    assert asked(school(recent_pairs=(pair,)), entitled=False).lawful
