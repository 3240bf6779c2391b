"""A bound lies below the best plan there is, found by asking for it rule by rule; and says much."""

from __future__ import annotations

from itertools import product

import pytest

from schemas.plan import Duty, Engine, Placement, Plan
from schemas.problem import (
    Commitment,
    DayBlock,
    DayCompetency,
    DayService,
    DayStaff,
    DayStudent,
    DutyLock,
    HomePlace,
    Order,
    Override,
    PlacementLock,
    Policy,
    Problem,
    ProtectedTime,
    Published,
    Repeat,
    SessionLock,
    Stuck,
)
from schemas.school import Offering, Role, RoleNeed, Room
from services.examples import example
from solver.board import Board
from solver.bound import FEW_BLOCKS, closer_bound, day_bound, first_bound
from solver.contradictions import reach_of
from solver.engines import ask
from solver.facts import Facts
from solver.finishing import Finisher
from solver.improve import Bounding
from solver.model import Model, Slot
from solver.rows import total
from solver.rules import RULES
from solver.score import score, weight
from solver.slots import bring, outcomes
from solver.solve import Limits, solve
from tests.solver.plain_school import ANA, ART, BEN, MATHS, OKAFOR, VEGA, changed, held, school
from tests.solver.small_schools import draw_case

WORK = 20.0
COPIES = 2
"""Sessions alike that a day may have."""


AS_IF = (100_000, 0)
"""Coefficients up to which a day is solved to its optimum, not priced nearly: so that the days of
small schools are looked at as those of large ones are, too."""


def best_cost(problem: Problem) -> int | None:
    """The cost of the best lawful plan by the rules' own rows, as `score` judges it; None where
    that is not proven, or where none is lawful."""
    facts = Facts(problem)
    model = Model(facts, list(_slots(facts)))
    cost = []
    for rule in RULES.values():
        if rule.kind == "hard":
            model.enforce(rule)
        elif weight(problem, rule):
            cost.append(model.measure(rule) * weight(problem, rule))
    model.rows.cost = total(cost)
    answer = ask(model.rows, "cp-sat", work=WORK)
    if answer.values is None or not answer.optimal:
        return None
    board = Board(facts)
    for outcome in outcomes(model, answer.values):
        bring(board, outcome)
    plan = Finisher(reach_of(problem)).plan(board, None, Engine(name="rows", versions={}, seed=0))
    return None if score(problem, plan).blocking else plan.cost


def _slots(facts: Facts) -> list[Slot]:
    everybody = tuple(facts.students)
    return [
        Slot(
            id=f"{offering.id}.{run[0]}.{copy}",
            offering=offering.id,
            blocks=run,
            rooms=tuple(facts.rooms),
            duties=tuple(
                Duty(staff=staff, role=role) for staff, role in product(facts.staff, roles)
            ),
            students=everybody,
        )
        for offering in facts.problem.offerings
        for roles in [_roles(offering.roles)]
        for run in facts.starts(offering.id)
        for copy in range(COPIES)
    ]


def _roles(asked: tuple[object, ...]) -> tuple[Role, ...]:
    """Those asked for, and the lead, who may come to any session."""
    named: dict[Role, None] = dict.fromkeys(need.role for need in asked)  # type: ignore[attr-defined]
    return tuple(dict.fromkeys((*named, "lead")))


@pytest.mark.parametrize(
    "seeds",
    [range(100), pytest.param(range(100, 2000), marks=pytest.mark.soak)],
    ids=["some", "many"],
)
def test_the_best_plan_of_a_small_school_costs_at_least_its_bound(
    seeds: range, monkeypatch: pytest.MonkeyPatch
) -> None:
    proven = []
    for seed in seeds:
        problem = draw_case(seed).problem
        best = best_cost(problem)
        if best is not None:
            long = len(Facts(problem).flex) > FEW_BLOCKS
            for exactly in AS_IF if long else AS_IF[:1]:
                monkeypatch.setattr("solver.bound.EXACTLY", exactly)
                for bounding in (first_bound, closer_bound):
                    bound, _ = bounding(reach_of(problem))
                    assert bound <= best, (seed, exactly, bounding)
                    proven.append(best - bound)
    assert len(proven) >= len(seeds) / 8
    assert min(proven) < 100, "no bound comes near"


FIRST = school().blocks[0]
UNMET = RULES["unmet-need"]
PUPILS = tuple(DayStudent(id=name) for name in ("Dan", "Eva", "Flo", "Gus"))


def published_in_art(*students: DayStudent, offerings: tuple[Offering, ...]) -> Problem:
    """A day of one block, for which everybody was to do art with Okafor in room 12."""
    session, _ = held("art", lead="Okafor")
    places = tuple(Placement(student=student.id, session=session.id) for student in students)
    return school(
        blocks=(FIRST,),
        students=students,
        offerings=offerings,
        published=Published(plan="earlier", sessions=(session,), placements=places),
    )


def test_a_bound_knows_that_a_room_and_a_lead_stay_with_one_group_of_those_who_part() -> None:
    larger = tuple(changed(offering, largest=4) for offering in (MATHS, ART))
    two, others = PUPILS[:2], PUPILS[2:]
    needing = tuple(changed(one, needs=ANA.needs, mastered=ANA.mastered) for one in two)
    problem = published_in_art(*needing, *others, offerings=larger)
    everybody_goes = len(PUPILS) * weight(problem, RULES["moved"])  # and keeps room and lead
    bound, _ = day_bound(reach_of(problem))
    assert bound == best_cost(problem) == everybody_goes


def test_a_bound_lets_somebody_keep_room_and_lead_in_an_offering_that_serves_them_nothing() -> None:
    one, other = (changed(s, needs=ANA.needs, mastered=ANA.mastered) for s in PUPILS[:2])
    stuck = Stuck(student=one.id, competency="fractions", modality="instruction", lead=None)
    maths = changed(MATHS, roles=(RoleNeed(role="lead"),))
    problem = published_in_art(one, other, offerings=(maths,))
    problem = changed(problem, stuck=(stuck,), policy=Policy(weights={"unmet-need": 1}))
    bound, _ = day_bound(reach_of(problem))
    assert bound <= (best_cost(problem) or 0)


def test_a_bound_lets_an_adult_who_is_not_qualified_stay_beside_one_who_is() -> None:
    session, _ = held("art", lead="Vega")
    problem = published_in_art(*PUPILS[:2], offerings=(ART,))
    places = tuple(Placement(student=one.id, session=session.id) for one in PUPILS[:2])
    led_by_vega = Published(plan="earlier", sessions=(session,), placements=places)
    declining = (changed(VEGA, declined=("art",)), OKAFOR)
    problem = changed(problem, staff=declining, published=led_by_vega)
    assert day_bound(reach_of(problem))[0] == best_cost(problem) == 0


def test_a_bound_knows_how_many_a_room_and_a_lead_can_keep() -> None:
    smaller = changed(ART, largest=2)
    problem = published_in_art(*PUPILS, offerings=(smaller,))
    two_change_both = 2 * 2 * weight(problem, RULES["moved"])
    bound, _ = day_bound(reach_of(problem))
    assert bound == best_cost(problem) == two_change_both


def test_a_bound_knows_that_a_group_stays_in_one_room() -> None:
    rooms = tuple(changed(school().rooms[0], id=name) for name in ("12", "16"))
    parted = [held("art", room=room.id, lead="Okafor") for room in rooms]
    places = tuple(
        Placement(student=student.id, session=session.id)
        for student, (session, _) in zip(PUPILS, [*parted, *parted], strict=True)
    )
    published = Published(plan="earlier", sessions=tuple(s for s, _ in parted), placements=places)
    problem = published_in_art(*PUPILS, offerings=(changed(ART, largest=4, most_sections=1),))
    problem = changed(problem, rooms=rooms, published=published)
    two_change_rooms = 2 * weight(problem, RULES["moved"])
    bound, _ = day_bound(reach_of(problem))
    assert bound == best_cost(problem) == two_change_rooms


def test_a_bound_knows_that_whole_offerings_keep_their_order() -> None:
    drawn = changed(ART, competencies=("counting",))
    dan = changed(PUPILS[0], needs=({"competency": "counting", "urgency": 40},))
    order = Order(first="art", then="maths", whole_offering=True)
    problem = school(
        blocks=(FIRST,), students=(ANA, dan), offerings=(MATHS, drawn), orders=(order,)
    )
    bound, _ = day_bound(reach_of(problem))
    assert bound == best_cost(problem) == 40 * weight(problem, UNMET)
    waived = Override(id="w", rule="order", subjects={}, reason="One day only", person="Head")
    allowed = changed(problem, overrides=(waived,))
    assert day_bound(reach_of(allowed))[0] == 0


ONE_LEAD = {
    "blocks": (FIRST,),
    "students": (ANA, *PUPILS[:2]),
    "staff": (VEGA,),
    "offerings": (MATHS, ART),
}
"""A day of one block on which Vega can lead maths, which Ana needs, or art."""


def test_a_bound_knows_that_a_locked_session_runs() -> None:
    art = SessionLock(target="session", id="k", owner="Office", offering="art", block="first")
    assert day_bound(reach_of(school(**ONE_LEAD)))[0] == 0
    locked = school(**ONE_LEAD, locks=(art,))
    bound, _ = day_bound(reach_of(locked))
    assert bound == best_cost(locked) == ANA.needs[0].urgency * weight(locked, RULES["unmet-need"])


def test_a_bound_knows_that_a_locked_student_is_nowhere_else() -> None:
    two = {**ONE_LEAD, "staff": (VEGA, OKAFOR)}
    in_art = PlacementLock(
        target="placement", id="k", owner="Office", student="Ana", offering="art", block="first"
    )
    assert day_bound(reach_of(school(**two)))[0] == 0
    locked = school(**two, locks=(in_art,))
    bound, _ = day_bound(reach_of(locked))
    assert bound == best_cost(locked) == ANA.needs[0].urgency * weight(locked, RULES["unmet-need"])


def test_a_bound_counts_on_no_lock_that_a_person_may_break() -> None:
    art = SessionLock(target="session", id="k", owner="Office", offering="art", block="first")
    freed = Override(id="o", rule="lock", subjects={"lock": "k"}, reason="Ill", person="Head")
    assert day_bound(reach_of(school(**ONE_LEAD, locks=(art,), overrides=(freed,))))[0] == 0


NOT_AGAIN = (Repeat(student="Dan", offering="maths"),)


def test_a_bound_of_a_small_day_seats_nobody_where_they_may_not_be() -> None:
    problem = school(**ONE_LEAD, repeats=NOT_AGAIN)
    bound, _ = day_bound(reach_of(problem))
    assert (
        bound == best_cost(problem) == ANA.needs[0].urgency * weight(problem, RULES["unmet-need"])
    )


def test_a_bound_of_a_small_day_seats_those_whom_a_person_may_let_in() -> None:
    let_in = Override(
        id="o", rule="repeat-guard", subjects={"student": "Dan"}, reason="Asked", person="Head"
    )
    problem = school(**ONE_LEAD, repeats=NOT_AGAIN, overrides=(let_in,))
    assert day_bound(reach_of(problem))[0] == best_cost(problem) == 0


def test_a_bound_opens_no_half_sections_of_a_short_day() -> None:
    names = ("reading", "writing", "drawing")
    adults = ("Ito", "Lund", "Mora")
    pairs = (("Ito", "Lund"), ("Lund", "Mora"), ("Mora", "Ito"))
    offerings = tuple(
        changed(MATHS, id=name, competencies=(name,), roles=(
            RoleNeed(role="lead", qualification=one), RoleNeed(role="support", qualification=other),
        ))
        for name, (one, other) in zip(names, pairs, strict=True)
    )  # fmt: skip
    needing = tuple(
        DayStudent(id=name.title(), needs=({"competency": name, "urgency": 40},)) for name in names
    )
    problem = school(
        blocks=(FIRST,),
        competencies=tuple(DayCompetency(id=name) for name in names),
        offerings=offerings,
        students=needing,
        staff=tuple(DayStaff(id=name, qualifications=(name,)) for name in adults),
    )
    bound, _ = day_bound(reach_of(problem))
    assert bound == best_cost(problem) == 2 * 40 * weight(problem, RULES["unmet-need"])


SPEECH = changed(
    ART,
    id="speech",
    modality="service",
    roles=(RoleNeed(role="specialist", qualification="speech"),),
)
OWED = DayService(
    id="v", student="Dan", kind="speech", minutes_due=40, qualification="speech",
    setting="pull_out", largest_group=5, not_from_offerings=("art",),
)  # fmt: skip


def owing(service: DayService) -> Problem:
    """A day of one block on which Dan is owed speech, and art is locked."""
    art = SessionLock(target="session", id="k", owner="Office", offering="art", block="first")
    therapist = DayStaff(id="Ruiz", qualifications=("speech",))
    return school(
        blocks=(FIRST,), students=PUPILS, staff=(OKAFOR, therapist), locks=(art,),
        offerings=(changed(ART, largest=4, most_sections=1), SPEECH), services=(service,),
    )  # fmt: skip


def test_a_bound_counts_no_support_given_while_the_student_misses_what_they_should_not() -> None:
    anytime = owing(changed(OWED, not_from_offerings=()))
    assert day_bound(reach_of(anytime))[0] == 0
    bound, _ = day_bound(reach_of(owing(OWED)))
    assert bound == best_cost(owing(OWED)) == 40 * weight(anytime, RULES["service-short"])


def test_a_bound_counts_one_section_of_many_as_missing_what_the_student_should_not() -> None:
    alone = owing(OWED)
    problem = alone.model_copy(
        update={
            "locks": (),
            "offerings": (changed(MATHS, id="art"), changed(ART, id="talk", largest=9), SPEECH),
            "students": (ANA, BEN, *(one for one in alone.students if one.id == "Dan")),
            "staff": (VEGA, OKAFOR, changed(OKAFOR, id="Park"), *alone.staff[1:]),
        }
    )
    bound, _ = day_bound(reach_of(problem))
    assert bound == best_cost(problem) == (40 + 70) * weight(problem, RULES["unmet-need"])


LONG = tuple(
    changed(FIRST, id=name, start=540 + 45 * place, end=580 + 45 * place)
    for place, name in enumerate(("first", "second", "third"))
)


def one_needs_maths(**more: object) -> Problem:
    """A day of three blocks on which Ana, who is busy in the first, needs maths of Vega, who is
    there in that one only."""
    busy = changed(ANA, commitments=(Commitment(blocks=("first",)),))
    alone = changed(VEGA, away=("second", "third"))
    return school(
        **{
            "blocks": LONG,
            "students": (busy,),
            "staff": (alone, changed(OKAFOR, declined=("maths",))),
            **more,
        }  # type: ignore[arg-type]
    )


def test_a_closer_bound_tells_the_blocks_of_a_long_day_apart() -> None:
    problem = one_needs_maths()
    assert first_bound(reach_of(problem))[0] == 0, "as one stretch"
    bound, work = closer_bound(reach_of(problem))
    assert bound == best_cost(problem) == ANA.needs[0].urgency * weight(problem, UNMET)
    assert day_bound(reach_of(problem), most_work=10 * work)[0] == bound


def test_a_closer_bound_is_left_out_where_it_would_take_more_work_than_it_may() -> None:
    assert closer_bound(reach_of(one_needs_maths()), most_work=1e-4) == (0, 0.0)


def test_a_day_too_large_to_be_solved_is_priced_as_high_but_for_little(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    problem = example("flex6", 20, seed=0)
    solved, _ = closer_bound(reach_of(problem))
    monkeypatch.setattr("solver.bound.EXACTLY", 0)
    priced, work = closer_bound(reach_of(problem))
    assert 0.99 * solved <= priced <= solved
    monkeypatch.setattr("solver.bound.STEPS", 50)
    monkeypatch.setattr("solver.bound.CHEAP", 0.0)
    hurried, less = closer_bound(reach_of(problem))
    assert hurried < priced, "out of steps"
    assert less < work


def test_a_search_is_told_the_closer_bound_where_its_limits_leave_the_work_for_it() -> None:
    problem = example("flex6", 20, seed=0)
    first, closer = first_bound(reach_of(problem))[0], closer_bound(reach_of(problem))[0]
    assert first < closer
    for work, bound in ((0.2, first), (4.0, closer)):
        plan = solve(problem, Limits(work=work))
        assert isinstance(plan, Plan)
        assert plan.bound == bound


@pytest.mark.parametrize("bounding", [first_bound, closer_bound])
def test_a_bound_knows_that_adults_rest_between_blocks_as_agreed(bounding: Bounding) -> None:
    needing = tuple(changed(one, needs=ANA.needs, mastered=ANA.mastered) for one in PUPILS[:3])
    problem = school(
        blocks=LONG,
        students=needing,
        staff=(changed(VEGA, most_consecutive_blocks=1),),
        offerings=(changed(MATHS, largest=1),),
        policy=Policy(weights={"unplaced": 0}),
    )
    bound, _ = bounding(reach_of(problem))
    assert bound == ANA.needs[0].urgency * weight(problem, UNMET)
    waived = Override(
        id="o", rule="prep-limit", subjects={"block": "first"}, reason="Asked", person="Head"
    )
    assert bounding(reach_of(changed(problem, overrides=(waived,))))[0] == 0


@pytest.mark.parametrize(("ideal", "outside"), [((1, 2), 1), ((4, 4), 1), ((1, 3), 0)])
def test_a_bound_prices_groups_that_can_only_be_too_large_or_too_small(
    ideal: tuple[int, int], outside: int
) -> None:
    needing = tuple(changed(one, needs=ANA.needs, mastered=ANA.mastered) for one in PUPILS[:3])
    maths = changed(MATHS, largest=4, ideal=ideal)
    problem = school(blocks=(FIRST,), students=needing, staff=(VEGA,), offerings=(maths,))
    bound, _ = day_bound(reach_of(problem))
    assert bound == best_cost(problem) == outside * weight(problem, RULES["group-fit"])


def test_a_bound_prices_duties_beyond_a_fair_share() -> None:
    fair = {**ONE_LEAD, "staff": (changed(VEGA, fair_blocks=0),), "offerings": (MATHS,)}
    problem = school(**{**fair, "students": (ANA,)})
    bound, _ = day_bound(reach_of(problem))
    assert bound == best_cost(problem) == weight(problem, RULES["uneven-load"])


PARK = DayStaff(id="Park", declined=("art",))
PLANNING = ProtectedTime(
    id="p", kind="planning", staff=("Vega",), blocks=("first", "second"), at_least=1
)
LUNCH = changed(PLANNING, id="l", kind="lunch")


def dan_may_do_art(
    blocks: tuple[DayBlock, ...] = (FIRST,), offering: Offering = ART, **more: object
) -> Problem:
    """A day on which Dan could do art with Vega in each block, or is left over with Park."""
    study = Room(id="study", title="Study", building="main", seats=1)
    homes = (
        HomePlace(id=block.id, block=block.id, room="study", staff="Park", seats=1)
        for block in blocks
    )
    return school(
        blocks=blocks, students=PUPILS[:1], offerings=(offering,), staff=(VEGA, PARK),
        rooms=(*school().rooms, study), homes=tuple(homes), **more,
    )  # fmt: skip


@pytest.mark.parametrize("told_apart", [FEW_BLOCKS, 0])
def test_a_bound_lets_one_free_block_serve_for_planning_and_lunch(
    monkeypatch: pytest.MonkeyPatch, told_apart: int
) -> None:
    monkeypatch.setattr("solver.bound.FEW_BLOCKS", told_apart)
    problem = dan_may_do_art(LONG[:2], protected=(PLANNING, LUNCH))
    bound, _ = first_bound(reach_of(problem))
    assert bound == best_cost(problem) == weight(problem, RULES["unplaced"])


@pytest.mark.parametrize("bounding", [first_bound, closer_bound])
def test_a_bound_knows_that_planning_and_a_lunch_after_it_take_a_block_each(
    bounding: Bounding,
) -> None:
    after = changed(LUNCH, blocks=("third",))
    problem = dan_may_do_art(LONG, protected=(PLANNING, after))
    bound, _ = bounding(reach_of(problem))
    assert bound == best_cost(problem) == 2 * weight(problem, RULES["unplaced"])


ASKS_FOR_A_WELDER = changed(ART, roles=(RoleNeed(role="support", qualification="welding"),))
ASKS_FOR_SUPPORT = changed(ART, roles=(RoleNeed(role="support"),))
NOT_TO_LEAD = DutyLock(
    target="duty", id="k", owner="Office", staff="Vega", block="first", role="lead"
)
ANYBODY = Override(
    id="o", rule="role-cover", subjects={"offering": "art"}, reason="Once", person="Head"
)


def test_a_bound_lets_anybody_supervise_where_the_head_waives_a_role_that_nobody_fills() -> None:
    unfilled = dan_may_do_art(offering=ASKS_FOR_A_WELDER)
    bound, _ = day_bound(reach_of(unfilled))
    assert bound == best_cost(unfilled) == weight(unfilled, RULES["unplaced"])
    waived = changed(unfilled, overrides=(ANYBODY,))
    assert day_bound(reach_of(waived))[0] == best_cost(waived) == 0


def test_a_bound_keeps_an_adult_who_is_not_to_lead_out_of_no_other_role() -> None:
    leading = dan_may_do_art(locks=(NOT_TO_LEAD,))
    bound, _ = day_bound(reach_of(leading))
    assert bound == best_cost(leading) == weight(leading, RULES["unplaced"])
    supporting = dan_may_do_art(offering=ASKS_FOR_SUPPORT, locks=(NOT_TO_LEAD,))
    assert day_bound(reach_of(supporting))[0] == best_cost(supporting) == 0


def test_a_bound_lets_whoever_is_not_to_lead_supervise_where_the_head_waives_the_lead() -> None:
    problem = dan_may_do_art(locks=(NOT_TO_LEAD,), overrides=(ANYBODY,))
    assert day_bound(reach_of(problem))[0] == 0


def test_a_plan_has_an_adult_who_is_not_to_lead_in_another_role() -> None:
    plan = solve(dan_may_do_art(offering=ASKS_FOR_SUPPORT, locks=(NOT_TO_LEAD,)), Limits(work=0.3))
    assert isinstance(plan, Plan)
    assert (len(plan.placements), plan.unplaced) == (1, ())


def test_a_bound_of_a_short_day_on_which_a_few_may_do_very_much_takes_little_work() -> None:
    names = [f"talk {number}" for number in range(120)]
    students = tuple(DayStudent(id=f"pupil {number}") for number in range(100))
    session, _ = held("talk 0", lead="Vega")
    places = tuple(Placement(student=one.id, session=session.id) for one in students)
    problem = school(
        blocks=LONG[:2],
        students=students,
        offerings=tuple(changed(ART, id=name) for name in names),
        published=Published(plan="earlier", sessions=(session,), placements=places),
    )
    _, work = day_bound(reach_of(problem))
    assert work < 2
