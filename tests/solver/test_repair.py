"""After an upset: the smallest lawful change, and the other ways with their cost."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from schemas.base import dumps
from schemas.plan import Contradiction, Plan
from schemas.problem import (
    Ballot,
    Commitment,
    DayCompetency,
    DayService,
    DayStaff,
    DayStudent,
    DutyLock,
    HomePlace,
    Need,
    PlacementLock,
    Policy,
    Problem,
    ProtectedTime,
    Published,
    Request,
    RoomLock,
    SessionLock,
)
from schemas.school import Accommodation, Offering, RoleNeed, Room
from services.examples import planted
from solver.mending import Mended
from solver.repair import Repair, repair
from tests.bench.repairs import unaffected_moved
from tests.bench.upsets import in_force as published_day
from tests.bench.upsets import upset
from tests.solver.plain_school import ART, CLEO, MATHS, OKAFOR, VEGA, Seated, changed, held, school

LEAD = (RoleNeed(role="lead", qualification="maths"),)
ANYBODY = (RoleNeed(role="lead"),)
TAUGHT = changed(MATHS, roles=LEAD, largest=6)
OPEN_ART = changed(ART, roles=ANYBODY, largest=6)
KIM = DayStaff(id="Kim", qualifications=("maths",))
LEE = DayStaff(id="Lee")
HALL = Room(id="hall", title="Hall", building="main", seats=30)
HOME = HomePlace(id="home", block="first", room="hall", staff="Lee", seats=9)
HOME_2 = HomePlace(id="home2", block="second", room="hall", staff="Lee", seats=9)
PUPILS = tuple(
    DayStudent(id=name, grade="06", mastered=("counting",),
               needs=(Need(competency="fractions", urgency=50),))
    for name in ("Ana", "Ben", "Dee", "Eli")
)  # fmt: skip
AWAY = ("first", "second", "lunch")


def day(*seated: Seated, **more: Any) -> Problem:
    """A day with what is published on it: maths with Vega in 12 and art with Okafor in 14."""
    plain = school()
    fields: dict[str, Any] = {
        "offerings": (TAUGHT, OPEN_ART),
        "students": PUPILS,
        "staff": (VEGA, OKAFOR, KIM, LEE),
        "rooms": (*plain.rooms, HALL, changed(HALL, id="16", seats=8)),
        "homes": (HOME, HOME_2),
        "published": in_force(*seated),
    }
    return school(**{**fields, **more})


def in_force(*seated: Seated) -> Published:
    return Published(
        plan="p",
        sessions=tuple(session for session, _ in seated),
        placements=tuple(seat for _, seats in seated for seat in seats),
    )


MATHS_1 = held("maths", students=("Ana", "Ben"), serves="fractions")
ART_1 = held("art", students=("Dee", "Eli"), room="14", lead="Okafor")
MATHS_2 = held("maths", "second", students=("Dee", "Eli"), serves="fractions")
ART_2 = held("art", "second", students=("Ana", "Ben"), room="14", lead="Okafor")
WHOLE = (MATHS_1, ART_1, MATHS_2, ART_2)


def repaired(problem: Problem, **prefer: Any) -> Repair:
    answer = repair(problem, prefer)
    assert isinstance(answer, Repair)
    assert not [f for f in answer.plan.findings if f.kind == "hard" and f.covered_by is None]
    return answer


def moved(plan: Plan) -> set[str]:
    return {f.subjects["student"] for f in plan.findings if f.rule == "moved"}


def lead_of(plan: Plan, session: str) -> str:
    return next(s for s in plan.sessions if s.id == session).duties[0].staff


def kinds(mended: Mended) -> list[str]:
    return [way.kind for way in mended.ways]


def away(*staff: DayStaff) -> tuple[DayStaff, ...]:
    gone = {one.id for one in staff}
    return tuple(
        changed(one, away=AWAY) if one.id in gone else one for one in (VEGA, OKAFOR, KIM, LEE)
    )


def test_a_day_without_upset_stays_as_it_is() -> None:
    answer = repaired(day(*WHOLE))
    assert (answer.mended, moved(answer.plan)) == ((), set())
    assert {s.id for s in answer.plan.sessions} == {session.id for session, _ in WHOLE}


def test_an_absent_teacher_is_covered_by_a_qualified_one_and_no_student_changes_place() -> None:
    answer = repaired(day(*WHOLE, staff=away(VEGA)))
    assert lead_of(answer.plan, "maths-first-12") == "Kim"
    assert {s.room for s in answer.plan.sessions} == {"12", "14"}
    assert [kinds(one)[0] for one in answer.mended] == ["cover", "cover"]


def test_each_other_way_is_offered_with_its_cost_and_whom_it_touches() -> None:
    (first, _) = repaired(day(*WHOLE, staff=away(VEGA))).mended
    assert {"cover", "supervise", "split"} <= set(kinds(first))
    costs = [way.cost for way in first.ways]
    assert costs == sorted(costs)
    assert all(way.students == 2 for way in first.ways)
    cover = first.ways[0]
    assert (cover.names["staff"], cover.adults) == ("Kim", 1)


def test_a_person_may_prefer_another_way() -> None:
    problem = day(*WHOLE, staff=away(VEGA))
    answer = repaired(problem, **{"maths-first-12": "split"})
    assert {s.offering for s in answer.plan.sessions if "first" in s.blocks} == {"art"}
    assert kinds(answer.mended[0])[0] == "split"


def test_where_nobody_is_qualified_the_group_goes_on_under_supervision_or_elsewhere() -> None:
    full = changed(OPEN_ART, largest=2)
    staff = (*away(VEGA, KIM), DayStaff(id="Mo"))
    answer = repaired(day(*WHOLE, staff=staff, offerings=(TAUGHT, full)))
    assert kinds(answer.mended[0])[0] == "supervise"
    assert "Mo" in {duty.staff for session in answer.plan.sessions for duty in session.duties}
    assert not answer.plan.unplaced


def test_where_no_adult_is_left_students_are_looked_after_at_home() -> None:
    full = changed(OPEN_ART, largest=2)
    busy = changed(KIM, away=AWAY)
    answer = repaired(
        day(*WHOLE, staff=(changed(VEGA, away=AWAY), OKAFOR, busy, LEE), offerings=(TAUGHT, full))
    )
    assert {(one.student, one.home) for one in answer.plan.unplaced if one.block == "first"} == {
        ("Ana", "home"),
        ("Ben", "home"),
    }


DRAMA = changed(OPEN_ART, id="drama", barred=("Ana", "Ben"))
ALL_ART_2 = held("art", "second", students=("Ana", "Ben", "Dee", "Eli"), room="16", lead="Okafor")
NOT_QUALIFIED = changed(KIM, qualifications=())


def seats_of(answer: Repair, block: str = "first") -> dict[str, str]:
    """What each student does in a block."""
    offering = {s.id: s.offering for s in answer.plan.sessions if block in s.blocks}
    return {
        seat.student: offering[seat.session]
        for seat in answer.plan.placements
        if seat.session in offering
    }


def test_a_group_that_nobody_free_may_lead_is_lent_the_adult_of_a_smaller_one() -> None:
    dee = held("drama", students=("Dee",), room="14", lead="Kim")
    eli = held("drama", students=("Eli",), room="16", lead="Okafor")
    offerings = (TAUGHT, OPEN_ART, DRAMA)
    answer = repaired(day(MATHS_1, dee, eli, ALL_ART_2, staff=away(VEGA), offerings=offerings))
    assert not answer.searched
    assert kinds(answer.mended[0])[0] == "cover"
    first = seats_of(answer)
    assert (first["Ana"], first["Ben"]) == ("maths", "maths")
    assert sorted(first) == ["Ana", "Ben", "Dee", "Eli"]
    assert lead_of(answer.plan, "maths-first-12") == "Kim"


def test_whoever_bars_a_seat_changes_places_so_that_nobody_stays_at_home() -> None:
    small = Accommodation(id="few", student="Dee", kind="group_size", group_size=2)
    fay, gus = (changed(PUPILS[0], id=name) for name in ("Fay", "Gus"))
    art = held("art", students=("Dee", "Eli"), room="16", lead="Okafor")
    drama = held("drama", students=("Fay", "Gus"), room="14", lead="Kim")
    later = held("art", "second", students=("Ana", "Ben", "Eli", "Fay", "Gus"), room="16",
                 lead="Okafor")  # fmt: skip
    others = (changed(VEGA, away=AWAY), OKAFOR, NOT_QUALIFIED, LEE)
    answer = repaired(
        day(
            MATHS_1, art, drama, later,
            staff=others,
            students=(*PUPILS, fay, gus),
            offerings=(TAUGHT, OPEN_ART, changed(DRAMA, largest=2)),
            accommodations=(small,),
        )
    )  # fmt: skip
    assert not answer.searched
    first = seats_of(answer)
    assert {student for student, what in first.items() if what == "art"} >= {"Ana", "Ben", "Eli"}
    assert first["Dee"] == "drama"


def test_nobody_whom_a_lock_keeps_free_is_asked_to_supervise() -> None:
    full = changed(OPEN_ART, largest=2)
    staff = (*away(VEGA, KIM), DayStaff(id="Mo"), DayStaff(id="Nell"))
    off = DutyLock(target="duty", id="k", owner="x", staff="Mo", block="first")
    answer = repaired(day(*WHOLE, staff=staff, offerings=(TAUGHT, full), locks=(off,)))
    assert kinds(answer.mended[0])[0] == "supervise"
    assert not answer.plan.unplaced


def test_whoever_is_too_many_for_an_adult_goes_to_another() -> None:
    okafor = changed(OKAFOR, most_students=5)
    drama = held("drama", students=("Eli",), room="14", lead="Kim")
    art = held("art", students=("Dee",), room="16", lead="Okafor")
    later = held("art", "second", students=("Ana", "Ben", "Dee"), room="16", lead="Okafor")
    answer = repaired(
        day(
            MATHS_1, art, drama, later,
            staff=(changed(VEGA, away=AWAY), okafor, NOT_QUALIFIED, LEE),
            offerings=(TAUGHT, OPEN_ART, changed(DRAMA, barred=())),
        )
    )  # fmt: skip
    assert [kinds(one)[0] for one in answer.mended] == ["split"]
    assert sorted(seats_of(answer)) == ["Ana", "Ben", "Dee", "Eli"]


def test_a_shared_room_takes_no_more_of_a_group_than_it_has_seats() -> None:
    lab = changed(HALL, id="lab", zones=2, seats=3)
    rooms = (*school().rooms, HALL, changed(HALL, id="16", seats=8), lab)
    art = held("art", students=("Dee",), room="lab", lead="Okafor")
    drama = held("drama", students=("Eli",), room="lab", lead="Kim")
    sewing = held("sewing", students=("Fay",), room="16", lead="Mo")
    later = held("art", "second", students=("Ana", "Ben", "Dee", "Eli"), room="16", lead="Okafor")
    offerings = (
        TAUGHT, OPEN_ART, changed(DRAMA, barred=()), changed(OPEN_ART, id="sewing"),
    )  # fmt: skip
    answer = repaired(
        day(
            MATHS_1, art, drama, sewing, later,
            staff=(changed(VEGA, away=AWAY), OKAFOR, NOT_QUALIFIED, LEE, DayStaff(id="Mo")),
            students=(*PUPILS, changed(PUPILS[0], id="Fay", away=("second",))),
            offerings=offerings,
            rooms=rooms,
        )
    )  # fmt: skip
    assert not answer.searched
    assert sorted(seats_of(answer)) == ["Ana", "Ben", "Dee", "Eli", "Fay"]


def test_an_adult_who_is_to_be_free_leaves_even_a_group_that_nobody_else_may_lead() -> None:
    full = changed(OPEN_ART, largest=2)
    off = DutyLock(target="duty", id="k", owner="x", staff="Vega", block="first")
    staff = (VEGA, OKAFOR, changed(KIM, away=AWAY), LEE)
    answer = repaired(day(*WHOLE, staff=staff, offerings=(TAUGHT, full), locks=(off,)))
    assert {one.student for one in answer.plan.unplaced} == {"Ana", "Ben"}
    assert kinds(answer.mended[0]) == ["cancel"]


def test_a_group_that_is_to_run_gets_the_adult_of_another_where_its_own_is_to_be_free() -> None:
    art = held("art", students=("Dee", "Eli"), room="14", lead="Kim")
    locks = (
        DutyLock(target="duty", id="k", owner="x", staff="Vega", block="first"),
        SessionLock(target="session", id="m", owner="x", offering="maths", block="first"),
    )
    answer = repaired(day(MATHS_1, art, MATHS_2, ART_2, staff=away(OKAFOR), locks=locks))
    assert not answer.searched
    assert lead_of(answer.plan, "maths-first-12") == "Kim"
    assert seats_of(answer) == dict.fromkeys(("Ana", "Ben", "Dee", "Eli"), "maths")


def test_an_adult_who_is_to_be_free_only_leaves_where_enough_others_stay() -> None:
    maths = held("maths", students=("Ana", "Ben"), serves="fractions", more=(("Okafor", "aide"),))
    art = held("art", students=("Dee", "Eli"), room="14", lead="Kim")
    off = DutyLock(target="duty", id="k", owner="x", staff="Okafor", block="first")
    answer = repaired(day(maths, art, MATHS_2, ART_2, locks=(off,)))
    duties = {s.id: [duty.staff for duty in s.duties] for s in answer.plan.sessions}
    assert duties["maths-first-12"] == ["Vega"]
    assert seats_of(answer) == {"Ana": "maths", "Ben": "maths", "Dee": "art", "Eli": "art"}


def test_an_adult_who_may_not_stay_is_covered_like_one_who_is_away() -> None:
    planning = ProtectedTime(
        id="t", kind="planning", staff=("Vega",), blocks=("first",), at_least=1
    )
    answer = repaired(day(*WHOLE, protected=(planning,)))
    assert lead_of(answer.plan, "maths-first-12") == "Kim"
    assert seats_of(answer) == {"Ana": "maths", "Ben": "maths", "Dee": "art", "Eli": "art"}


def test_an_adult_who_comes_from_too_far_away_is_covered_in_the_later_block() -> None:
    visit = Commitment(blocks=("first",), building="north")
    okafor = changed(OKAFOR, commitments=(visit,))
    answer = repaired(day(*WHOLE, staff=(VEGA, okafor, KIM, LEE, DayStaff(id="Mo"))))
    assert not answer.searched
    assert lead_of(answer.plan, "art-second-14") != "Okafor"
    assert not moved(answer.plan) - {"Ana", "Ben", "Dee", "Eli"}
    assert seats_of(answer, "second")["Ana"] == "art"


def test_a_lock_is_kept_by_the_section_that_no_other_lock_holds() -> None:
    one = held("maths", students=("Ana", "Ben"), serves="fractions")
    other = held("maths", students=("Dee", "Eli"), serves="fractions", room="16", lead="Kim")
    locks = tuple(
        SessionLock(
            target="session", id=room, owner="x", offering="maths", block="first", room=room
        )
        for room in ("12", "17")
    )
    rooms = (*school().rooms, HALL, *(changed(HALL, id=name, seats=8) for name in ("16", "17")))
    answer = repaired(day(one, other, MATHS_2, ART_2, rooms=rooms, locks=locks))
    assert not answer.searched
    assert {s.room for s in answer.plan.sessions if "first" in s.blocks} == {"12", "17"}


def test_only_as_many_leave_a_room_as_are_too_many_for_it() -> None:
    maths = held("maths", students=("Ana", "Ben", "Dee", "Eli"), serves="fractions")
    art = held("art", students=("Fay",), room="16", lead="Okafor")
    smaller = tuple(changed(room, seats=2) if room.id == "12" else room for room in school().rooms)
    closed = tuple((room, "first") for room in ("14", "barn"))
    answer = repaired(
        day(
            maths, art,
            rooms=(*smaller, HALL, changed(HALL, id="16", seats=8)),
            students=(*PUPILS, changed(PUPILS[0], id="Fay")),
            closures=closed,
        )
    )  # fmt: skip
    assert sorted(seats_of(answer).values()) == ["art", "art", "art", "maths", "maths"]
    assert kinds(answer.mended[0])[0] == "split"


def test_a_group_goes_along_to_a_room_that_one_of_them_needs() -> None:
    rooms = (*school().rooms, HALL, changed(HALL, id="16", seats=8, features=("ramp",)))
    ana = changed(PUPILS[0], needs_features=("ramp",))
    answer = repaired(day(*WHOLE[:2], rooms=rooms, students=(ana, *PUPILS[1:])))
    assert seats_of(answer)["Ana"] == "maths"
    assert next(s.room for s in answer.plan.sessions if s.offering == "maths") == "16"


def test_whoever_fits_one_post_alone_is_left_for_it_by_those_who_fit_another() -> None:
    roles = (RoleNeed(role="lead"), RoleNeed(role="aide", qualification="aide"))
    both = changed(OPEN_ART, roles=roles)
    art = held("art", students=("Dee", "Eli"), room="14", lead="Okafor", more=(("Sam", "aide"),))
    sam, mo = (DayStaff(id=name, qualifications=("aide",)) for name in ("Sam", "Mo"))
    staff = (*away(OKAFOR, KIM), changed(sam, away=AWAY), mo, DayStaff(id="Nell"))
    full = changed(TAUGHT, largest=2)
    answer = repaired(day(MATHS_1, art, offerings=(full, both), staff=staff))
    assert kinds(answer.mended[0])[0] == "cover"
    duties = next(s.duties for s in answer.plan.sessions if s.offering == "art")
    assert {(duty.staff, duty.role) for duty in duties} == {("Nell", "lead"), ("Mo", "aide")}


def test_of_two_leads_the_one_is_covered_whose_qualification_is_lacking() -> None:
    two = changed(TAUGHT, roles=(RoleNeed(role="lead"), *LEAD), largest=4)
    maths = held("maths", students=("Ana", "Ben"), serves="fractions", more=(("Okafor", "lead"),))
    full = changed(OPEN_ART, largest=2)
    art = held("art", students=("Dee", "Eli"), room="14", lead="Mo")
    staff = (*away(VEGA), DayStaff(id="Mo"))
    answer = repaired(day(maths, art, offerings=(two, full), staff=staff))
    assert kinds(answer.mended[0])[0] == "cover"
    duties = next(s.duties for s in answer.plan.sessions if s.offering == "maths")
    assert {duty.staff for duty in duties} == {"Okafor", "Kim"}


def test_who_has_shown_one_thing_works_on_another_that_their_group_teaches() -> None:
    both = changed(TAUGHT, competencies=("fractions", "decimals"))
    competencies = (*school().competencies, DayCompetency(id="decimals"))
    ana = changed(
        PUPILS[0],
        mastered=("counting", "fractions"),
        needs=(Need(competency="decimals", urgency=50),),
    )
    answer = repaired(
        day(
            *WHOLE, offerings=(both, OPEN_ART), competencies=competencies,
            students=(ana, *PUPILS[1:]),
        )
    )  # fmt: skip
    served = {(seat.student, seat.session): seat.competency for seat in answer.plan.placements}
    assert served["Ana", "maths-first-12"] == "decimals"


def test_after_much_was_judged_one_way_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = day(*WHOLE, staff=away(VEGA))
    assert len(repaired(problem).mended[0].ways) > 1
    monkeypatch.setattr("solver.ways.MOST_WORK", 0)
    assert kinds(repaired(problem).mended[0]) == ["cover"]


def test_the_search_finds_places_for_those_left_and_moves_few_others() -> None:
    problem, plan = planted("flex6", 90, 1)
    case = upset(published_day(problem, plan), 10)
    answer = repaired(case.problem)
    assert answer.searched
    assert not answer.plan.unplaced
    assert unaffected_moved(case, plan, answer) < 0.1


def test_a_closed_room_moves_its_session_alone() -> None:
    answer = repaired(day(*WHOLE, closures=(("12", "first"),)))
    assert kinds(answer.mended[0])[0] == "room"
    rooms = {s.id: s.room for s in answer.plan.sessions}
    assert rooms["maths-first-12"] != "12"
    assert rooms["maths-second-12"] == "12"
    assert moved(answer.plan) == set()


def test_a_closed_room_of_several_zones_moves_all_its_sessions() -> None:
    shared = Room(id="lab", title="Lab", building="main", seats=20, zones=2)
    problem = day(
        held("maths", students=("Ana", "Ben"), room="lab", serves="fractions"),
        held("art", students=("Dee", "Eli"), room="lab", lead="Okafor"),
        rooms=(*school().rooms, HALL, changed(HALL, id="16", seats=8), shared),
        closures=(("lab", "first"),),
    )
    answer = repaired(problem)
    assert not answer.searched
    assert "lab" not in {s.room for s in answer.plan.sessions}


def test_adults_are_tried_until_one_may_take_over() -> None:
    full = [
        DayStaff(id=f"A{n}", qualifications=("maths",), most_students=0, most_preparations=1)
        for n in range(5)
    ]
    answer = repaired(day(*WHOLE, staff=(*full, *away(VEGA))))
    assert kinds(answer.mended[0])[0] == "cover"
    assert not answer.searched


def test_a_group_that_absences_leave_too_small_is_filled_or_given_up() -> None:
    paired = changed(TAUGHT, smallest=2)
    gone = tuple(changed(s, away=AWAY) if s.id == "Ana" else s for s in PUPILS)
    answer = repaired(day(*WHOLE, offerings=(paired, OPEN_ART), students=gone))
    assert {one.cause for one in answer.mended} == {"under"}
    assert {"fill", "split"} & set(kinds(answer.mended[0]))


ART_FOR_THREE = changed(OPEN_ART, smallest=3)
STUDY = changed(OPEN_ART, id="study")
FAY, GUS, HAL = (changed(CLEO, id=name) for name in ("Fay", "Gus", "Hal"))
ELI_IS_ILL = tuple(changed(s, away=AWAY) if s.id == "Eli" else s for s in PUPILS)
STUDY_1 = held("study", students=("Fay", "Gus"), room="16", lead="Kim")
STUDY_2 = held("study", "second", students=("Fay", "Gus"), room="16", lead="Kim")
ART_OF_THREE = held("art", students=("Dee", "Eli", "Hal"), room="14", lead="Okafor")
ALL_OTHERS_2 = held(
    "art", "second", students=("Ana", "Ben", "Dee", "Hal"), room="14", lead="Okafor"
)


def maths_closed_and_art_one_short(**more: Any) -> Repair:
    """Maths lacks its teacher and art lacks Eli; study could spare somebody for art."""
    return repaired(
        day(
            MATHS_1, ART_OF_THREE, STUDY_1, ALL_OTHERS_2, STUDY_2,
            students=(*ELI_IS_ILL, FAY, GUS, HAL),
            offerings=(TAUGHT, ART_FOR_THREE, STUDY),
            staff=(changed(VEGA, away=AWAY), OKAFOR, NOT_QUALIFIED, LEE),
            **more,
        )
    )  # fmt: skip


def test_who_loses_a_session_fills_a_group_that_is_too_small_and_nobody_else_moves() -> None:
    answer = maths_closed_and_art_one_short()
    assert [one.rule for one in answer.mended] == ["role-cover"]
    assert moved(answer.plan).isdisjoint({"Dee", "Fay", "Gus", "Hal"})


def test_a_group_is_filled_first_by_those_who_move_anyway() -> None:
    wishes = tuple(
        Ballot(id=name, student=name, blocks=("first",), ranking=("study",), credit=2)
        for name in ("Ana", "Ben")
    )
    answer = maths_closed_and_art_one_short(ballots=wishes)
    assert [kinds(one)[0] for one in answer.mended] == ["split", "fill"]
    assert moved(answer.plan).isdisjoint({"Dee", "Fay", "Gus", "Hal"})


def test_a_student_who_comes_after_all_is_placed_where_they_gain_most() -> None:
    late = changed(CLEO, mastered=("counting",), needs=PUPILS[0].needs)
    answer = repaired(day(*WHOLE, students=(*PUPILS, late)))
    served = {p.competency for p in answer.plan.placements if p.student == "Cleo"}
    assert "fractions" in served
    assert moved(answer.plan) == set()
    assert not answer.plan.unplaced


def test_new_evidence_frees_a_student_for_what_they_need_next() -> None:
    ana = changed(PUPILS[0], mastered=("counting", "fractions"), needs=(
        Need(competency="shapes", urgency=90),))  # fmt: skip
    plain = school()
    shapes = changed(OPEN_ART, competencies=("shapes",))
    problem = day(
        *WHOLE[:2],
        offerings=(TAUGHT, shapes),
        students=(ana, *PUPILS[1:]),
        competencies=(*plain.competencies, changed(plain.competencies[0], id="shapes")),
    )
    answer = repaired(problem)
    assert ("Ana", "shapes") in {(p.student, p.competency) for p in answer.plan.placements}


def test_a_new_request_is_met_where_there_is_a_seat() -> None:
    asked = Request(
        id="q", staff="Okafor", student="Ana", offerings=("art",), blocks=("first",), priority=5
    )
    dear = Policy(weights={"request-missed": 1000})
    answer = repaired(day(*WHOLE, requests=(asked,), policy=dear))
    assert ("Ana", "art-first-14") in {(p.student, p.session) for p in answer.plan.placements}


def test_a_request_that_was_known_before_moves_nobody_now() -> None:
    asked = Request(
        id="q", staff="Okafor", student="Ana", offerings=("art",), blocks=("first",), priority=5
    )
    dear = Policy(weights={"request-missed": 1000})
    answer = repair(day(*WHOLE, requests=(asked,), policy=dear), new_requests=())
    assert isinstance(answer, Repair)
    assert moved(answer.plan) == set()


def test_support_that_an_upset_took_away_is_given_elsewhere() -> None:
    support = Offering(
        id="alcove", title="Alcove with Mr Kim", modality="service", largest=3,
        roles=(RoleNeed(role="lead", qualification="maths"),),
    )  # fmt: skip
    owed = DayService(
        id="v", student="Ana", kind="reading", minutes_due=40, qualification="maths",
        setting="pull_out", largest_group=3,
    )  # fmt: skip
    answer = repaired(day(*WHOLE, offerings=(TAUGHT, OPEN_ART, support), services=(owed,)))
    assert "service-short" not in {finding.rule for finding in answer.plan.findings}


def locked_student(offering: str) -> PlacementLock:
    return PlacementLock(
        target="placement", id="k", owner="x", student="Ana", offering=offering, block="first"
    )


@pytest.mark.parametrize(
    "lock",
    [
        locked_student("art"),
        SessionLock(
            target="session", id="k", owner="x", offering="maths", block="first", room="14"
        ),
        SessionLock(
            target="session", id="k", owner="x", offering="art", block="first", lead="Vega"
        ),
        RoomLock(target="room", id="k", owner="x", room="12", block="first"),
        DutyLock(target="duty", id="k", owner="x", staff="Vega", block="first"),
        DutyLock(
            target="duty", id="k", owner="x", staff="Kim", block="first", offering="maths",
            role="lead",
        ),
    ],
)  # fmt: skip
def test_a_new_lock_of_any_kind_is_kept(lock: Any) -> None:
    answer = repaired(day(*WHOLE, locks=(lock,)))
    assert not answer.searched
    assert not answer.plan.unplaced


def test_a_lock_for_a_full_session_moves_whoever_loses_least() -> None:
    full = changed(OPEN_ART, largest=2, most_sections=2)
    answer = repaired(day(*WHOLE, offerings=(TAUGHT, full), locks=(locked_student("art"),)))
    art = [p.student for p in answer.plan.placements if p.session == "art-first-14"]
    assert "Ana" in art
    assert len(art) == 2


def test_a_lock_that_cannot_hold_is_named_at_once() -> None:
    barred = changed(OPEN_ART, grades=("09",))
    answer = repair(day(MATHS_1, offerings=(TAUGHT, barred), locks=(locked_student("art"),)))
    assert isinstance(answer, Contradiction)
    assert (answer.locks, answer.rules) == (("k",), ("not-eligible",))


def frozen(problem: Problem) -> Problem:
    blocks = tuple(changed(b, frozen=b.id == "first") for b in problem.blocks)
    return problem.model_copy(update={"blocks": blocks})


def test_inside_the_freeze_only_those_whose_adult_is_gone_are_touched() -> None:
    answer = repaired(frozen(day(*WHOLE, staff=away(VEGA))))
    first = {p.student: p.session for p in answer.plan.placements}
    art = next(s for s in answer.plan.sessions if s.id == "art-first-14")
    assert (art.room, art.duties[0].staff) == ("14", "Okafor")
    assert {s for s, _ in first.items()} >= {"Dee", "Eli"}


def test_a_request_moves_nobody_inside_the_freeze() -> None:
    asked = Request(
        id="q", staff="Okafor", student="Ana", offerings=("art",), blocks=("first",), priority=5
    )
    dear = Policy(weights={"request-missed": 1000})
    answer = repaired(frozen(day(*WHOLE, requests=(asked,), policy=dear)))
    assert ("Ana", "maths-first-12") in {(p.student, p.session) for p in answer.plan.placements}


def test_the_same_upset_gives_the_same_plan_to_the_byte() -> None:
    problem = day(*WHOLE, staff=away(VEGA), closures=(("14", "first"),))
    plans: Iterable[str] = (dumps(repaired(problem).plan) for _ in range(3))
    assert len(set(plans)) == 1


def test_a_day_that_was_never_published_has_nothing_to_repair() -> None:
    with pytest.raises(ValueError, match="nothing is published"):
        repair(school())
