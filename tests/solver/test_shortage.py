"""As many are proven to be left as the best plan leaves; and only an honest proof is one."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import pytest

from schemas.base import dumps
from schemas.plan import LeastUnplaced, Plan
from schemas.problem import (
    Commitment,
    DayBlock,
    DayStaff,
    DayStudent,
    DutyLock,
    HomePlace,
    Override,
    Problem,
    ProtectedTime,
    Repeat,
    RoomLock,
)
from schemas.school import Accommodation, RoleNeed, Room
from solver.facts import Facts
from solver.openings import Openings
from solver.pricing import least_unplaced
from solver.rules import RULES
from solver.shortage import Shortage
from solver.solve import Limits, solve
from tests.solver.plain_school import ART, OKAFOR, VEGA, changed, school
from tests.solver.small_schools import draw_case
from tests.solver.test_bound import best_cost

FIRST, SECOND = school().blocks[:2]
FIVE = tuple(DayStudent(id=name, grade="06") for name in ("Dan", "Eva", "Flo", "Gus", "Hal"))
ROOMS = school().rooms


def day(**more: Any) -> Problem:
    """A day of one block on which five pupils could do art with Vega, in groups of up to three;
    who is left over goes to Park in the study."""
    fields: dict[str, Any] = {
        "blocks": (FIRST,), "students": FIVE, "staff": (VEGA,), "offerings": (ART,),
        "rooms": ROOMS, "homes": (),
    }  # fmt: skip
    fields |= more
    study = Room(id="study", title="Study", building="main", seats=5)
    homes = tuple(home(block.id, "study", "Park") for block in fields["blocks"])
    return school(
        **fields
        | {
            "staff": (*fields["staff"], DayStaff(id="Park")),
            "rooms": (*fields["rooms"], study),
            "homes": (*fields["homes"], *homes),
        }
    )


def home(block: str, room: str, staff: str) -> HomePlace:
    return HomePlace(id=f"{room}-{block}", block=block, room=room, staff=staff, seats=5)


def art(**changes: Any) -> dict[str, Any]:
    return {"offerings": (changed(ART, **changes),)}


def vega(**changes: Any) -> dict[str, Any]:
    return {"staff": (changed(VEGA, **changes),)}


def allowed(rule: str, **subjects: str) -> dict[str, Any]:
    by = Override(id="o", rule=rule, subjects=subjects, reason="Once", person="Head")
    return {"overrides": (by,)}


def needed(kind: str, **what: Any) -> dict[str, Any]:
    return {"accommodations": (Accommodation(id="a", student="Dan", kind=kind, **what),)}


def kept(**what: Any) -> dict[str, Any]:
    """A lock that keeps Vega from something in the first block."""
    lock = DutyLock(target="duty", id="l", owner="Office", staff="Vega", block="first", **what)
    return {"locks": (lock,)}


BOTH = {"staff": (VEGA, OKAFOR)}
ALL = art(largest=5)
WHOLE_DAY = {"blocks": (FIRST, SECOND), **ALL}
PLANNING = ProtectedTime(
    id="p", kind="planning", staff=("Vega",), blocks=("first", "second"), at_least=1
)
LATER = Commitment(blocks=("second",))
ONE_ROOM = {"rooms": ROOMS[:1]}
HALL = {"rooms": (Room(id="12", title="12", building="main", seats=4, zones=2),)}
NO_OTHER = RoomLock(target="room", id="r", owner="Office", room="12", block="first", offering=None)
SINGING = tuple(changed(one, groups=("choir",)) for one in FIVE[:2])
CLIMBS_NO_STAIRS = changed(FIVE[0], needs_features=("ramp",))
FARM = Room(id="farm", title="Farm", building="main", kind="off_campus", seats=9)
TWICE = (RoleNeed(role="lead"), RoleNeed(role="lead", qualification="maths"))
TWO_LEADS = (RoleNeed(role="lead", count=2), RoleNeed(role="lead", qualification="maths"))
EXPERT = (RoleNeed(role="support", qualification="welding"),)


@pytest.mark.parametrize(
    ("problem", "must"),
    [
        pytest.param(day(), 2, id="one group of three among five"),
        pytest.param(day(**BOTH), 0, id="two adults, a group each: a seat is free"),
        pytest.param(day(**BOTH, **art(most_sections=1)), 2, id="one section in the day at most"),
        pytest.param(day(**BOTH, **ONE_ROOM), 2, id="two adults and one room"),
        pytest.param(day(**BOTH, **HALL), 1, id="two groups in a hall with four seats"),
        pytest.param(
            day(**BOTH, **HALL, **allowed("group-size", room="12")), 0,
            id="a hall into which the head lets more",
        ),
        pytest.param(day(**allowed("group-size")), 0, id="the head lets a group be larger"),
        pytest.param(
            day(**ALL, **ONE_ROOM, closures=(("12", "first"),)), 5, id="the only room is closed"
        ),
        pytest.param(
            day(**ALL, **ONE_ROOM, locks=(NO_OTHER,)), 5, id="the only room is to stay empty"
        ),
        pytest.param(
            day(**ALL, **ONE_ROOM, locks=(NO_OTHER,), **allowed("lock")), 0,
            id="the head may break the lock of the room",
        ),
        pytest.param(
            day(**ALL, **ONE_ROOM, closures=(("12", "first"),), **allowed("lock")), 5,
            id="the only room is closed, and no lock is to blame",
        ),
        pytest.param(
            day(**ALL, **vega(away=("first",))), 5, id="the only adult is away"
        ),
        pytest.param(
            day(**ALL, homes=(home("first", "14", "Vega"),)),
            5, id="the only adult looks after the home place",
        ),
        pytest.param(
            day(**art(largest=9, smallest=3, groups=("choir",)), students=(*SINGING, *FIVE[2:])), 5,
            id="two are in the choir, where three make a group",
        ),
        pytest.param(day(**WHOLE_DAY), 0, id="two blocks and an adult for both"),
        pytest.param(
            day(**WHOLE_DAY, protected=(PLANNING,)), 5, id="two blocks, one of them for planning"
        ),
        pytest.param(
            day(**WHOLE_DAY, protected=(PLANNING, changed(PLANNING, id="l", kind="lunch"))), 5,
            id="two blocks, and one free block does for planning and lunch",
        ),
        pytest.param(
            day(**WHOLE_DAY, protected=(PLANNING,), **vega(commitments=(LATER,))), 10,
            id="only one block is left for planning",
        ),
        pytest.param(
            day(**WHOLE_DAY, protected=(PLANNING,), **vega(away=("second",))), 5,
            id="who is away is free of duties then",
        ),
        pytest.param(
            day(**WHOLE_DAY, protected=(PLANNING,), **allowed("planning-time")), 0,
            id="planning time that the head may take",
        ),
        pytest.param(
            day(**WHOLE_DAY, **vega(most_consecutive_blocks=1)), 5, id="a break after each block"
        ),
        pytest.param(
            day(**WHOLE_DAY, **vega(most_consecutive_blocks=1), **allowed("prep-limit")), 0,
            id="a break that the head may take",
        ),
        pytest.param(
            day(**ALL, **vega(most_students=3), **allowed("prep-limit")), 0,
            id="an adult whom the head lets lead more in a day",
        ),
        pytest.param(
            day(**WHOLE_DAY | art(largest=5, length=2), **vega(most_students=5)), 0,
            id="a session of two blocks counts its students once",
        ),
        pytest.param(
            day(**WHOLE_DAY | art(largest=5, most_sections=1), **allowed("group-size")), 0,
            id="the head lets one more section run",
        ),
        pytest.param(
            day(**art(largest=5, roles=TWICE)), 0, id="one adult does for two leads, one qualified"
        ),
        pytest.param(
            day(**art(largest=5, roles=TWO_LEADS)), 5, id="two leads are asked for and one is there"
        ),
        pytest.param(
            day(**art(largest=5, room_kinds=("off_campus",)), rooms=(FARM,)), 5,
            id="nobody may leave the campus",
        ),
        pytest.param(
            day(**ALL, **vega(most_students=3)), 2, id="an adult who may lead three in a day"
        ),
        pytest.param(
            day(**art(largest=5, smallest=4), **vega(most_students=3)), 5,
            id="an adult who may lead fewer than come at least",
        ),
        pytest.param(
            day(**ALL, **vega(most_preparations=0)), 5, id="an adult who may prepare nothing"
        ),
        pytest.param(
            day(**ALL, **vega(most_preparations=0), **allowed("prep-limit")), 0,
            id="the head lets the adult prepare something",
        ),
        pytest.param(day(**ALL, **kept()), 5, id="the only adult is kept free of duties"),
        pytest.param(
            day(**ALL, **kept(), **allowed("lock")), 0, id="the head may break the lock of an adult"
        ),
        pytest.param(
            day(**art(largest=5, roles=(RoleNeed(role="support"),)), **kept(role="lead")), 0,
            id="the only adult is kept from leading, and need not lead",
        ),
        pytest.param(
            day(**art(largest=5, roles=EXPERT)), 5, id="nobody is qualified"
        ),
        pytest.param(
            day(**art(largest=5, roles=EXPERT), **allowed("role-cover")), 0,
            id="nobody is qualified, and the head lets anybody supervise",
        ),
        pytest.param(day(**ALL, **needed("time", blocks=("first",))), 1, id="one is kept for rest"),
        pytest.param(
            day(**ALL, **needed("place", feature="ramp")), 1, id="one needs a ramp for it"
        ),
        pytest.param(
            day(**art(largest=5, smallest=2), **needed("group_size", group_size=1)), 1,
            id="one is to be alone where groups are of two",
        ),
        pytest.param(
            day(**ALL, students=(CLIMBS_NO_STAIRS, *FIVE[1:])), 1, id="one needs a ramp everywhere"
        ),
        pytest.param(
            day(**ALL, students=(CLIMBS_NO_STAIRS, *FIVE[1:]), **allowed("room-kit")), 0,
            id="the head lets one do without a ramp",
        ),
        pytest.param(
            day(**ALL, repeats=(Repeat(student="Dan", offering="art"),)), 1,
            id="one is not to do it again",
        ),
    ],
)  # fmt: skip
def test_as_many_are_proven_to_be_left_as_the_best_plan_leaves(problem: Problem, must: int) -> None:
    proof, _ = least_unplaced(Openings.of(Facts(problem)))
    assert (proof.amount if proof else 0) == must == fewest_unplaced(problem)
    assert proof is None or proves(problem, proof)


def fewest_unplaced(problem: Problem) -> int | None:
    """How many the best plan leaves, by the rules' own rows; None where that is not proven."""
    nothing = {rule.id: 0 for rule in RULES.values() if rule.kind == "soft"}
    policy = problem.policy.model_copy(update={"weights": {**nothing, "unplaced": 1}})
    return best_cost(problem.model_copy(update={"policy": policy}))


@pytest.mark.parametrize(
    "seeds",
    [range(150), pytest.param(range(150, 2000), marks=pytest.mark.soak)],
    ids=["some", "many"],
)
def test_no_plan_of_a_small_school_leaves_fewer_than_are_proven_to_be_left(seeds: range) -> None:
    left = []
    for seed in seeds:
        problem = draw_case(seed).problem
        fewest = fewest_unplaced(problem)
        if fewest is not None:
            proof, _ = least_unplaced(Openings.of(Facts(problem)))
            proven = proof.amount if proof else 0
            assert proven <= fewest, seed
            left.append((proven, fewest))
    assert len(left) >= len(seeds) / 8
    assert sum(0 < proven == fewest for proven, fewest in left) >= len(left) / 4


def proven(problem: Problem) -> LeastUnplaced:
    proof, _ = least_unplaced(Openings.of(Facts(problem)))
    assert proof is not None
    return proof


def proves(problem: Problem, proof: LeastUnplaced) -> bool:
    return Shortage(Openings.of(Facts(problem)), proof).holds


def test_a_proof_that_says_more_than_its_prices_is_refused() -> None:
    honest = proven(day())
    assert proves(day(), honest)
    assert not proves(day(), changed(honest, amount=honest.amount + 1))


@pytest.mark.parametrize("paid", ["rooms", "shared", "adults", "sections", "leads"])
def test_a_proof_in_which_a_section_does_not_pay_for_its_seats_is_refused(paid: str) -> None:
    problem = {
        "rooms": day(**BOTH, **ONE_ROOM),
        "shared": day(**BOTH, **HALL),
        "adults": day(),
        "sections": day(**BOTH, **art(most_sections=1)),
        "leads": day(**ALL, **vega(most_students=3)),
    }[paid]
    honest = proven(problem)
    assert proves(problem, honest)
    cheaper = tuple((*names, price - 1) for *names, price in getattr(honest, paid))
    assert cheaper
    assert not proves(problem, changed(honest, **{paid: cheaper}))


def test_a_proof_that_counts_a_seat_as_worth_more_than_a_student_is_refused() -> None:
    honest = proven(day())
    dearer = tuple((*names, 9 * honest.parts) for *names, _ in honest.seats)
    assert not proves(day(), changed(honest, amount=3, seats=dearer))


@pytest.mark.parametrize("priced", ["seats", "rooms", "shared", "adults", "sections", "leads"])
def test_a_price_of_what_the_day_does_not_have_proves_nothing(priced: str) -> None:
    honest = proven(day())
    names = ("nobody",) if priced in ("sections", "leads") else ("nobody", "first")
    more = (*getattr(honest, priced), (*names, honest.parts))
    shortage = Shortage(Openings.of(Facts(day())), changed(honest, **{priced: more}))
    assert shortage.holds
    assert [cut.seats for cut in shortage.cuts()] == [3]


def test_a_proof_speaks_of_all_blocks_that_a_session_spans() -> None:
    long = day(blocks=(FIRST, SECOND), **art(length=2))
    (cut,) = Shortage(Openings.of(Facts(long)), proven(long)).cuts()
    assert cut.blocks == ("first", "second")
    assert (cut.students, cut.seats) == (10, 6)


def test_a_proof_of_one_day_is_refused_for_another() -> None:
    assert not proves(day(**BOTH), proven(day()))


def test_a_proof_names_who_can_only_go_where_and_the_seats_there_are() -> None:
    (cut,) = Shortage(Openings.of(Facts(day())), proven(day())).cuts()
    assert (cut.blocks, cut.offerings, cut.students, cut.seats) == (("first",), ("art",), 5, 3)


def test_a_proof_names_no_offering_that_may_not_run() -> None:
    problem = day(offerings=(ART, changed(ART, id="maths", most_sections=0)))
    (cut,) = Shortage(Openings.of(Facts(problem)), proven(problem)).cuts()
    assert cut.offerings == ("art",)


def test_a_proof_that_rests_on_planning_time_speaks_of_the_whole_day() -> None:
    problem = day(**WHOLE_DAY, protected=(PLANNING,))
    (cut,) = Shortage(Openings.of(Facts(problem)), proven(problem)).cuts()
    assert (cut.blocks, cut.students, cut.seats) == (("first", "second"), 10, 5)


def test_a_proof_looks_at_everything_that_breaks_leave_of_a_long_day() -> None:
    hours = range(540, 540 + 40 * 6, 40)
    blocks = tuple(
        DayBlock(id=f"b{start}", title="B", kind="flex", start=start, end=start + 40)
        for start in hours
    )
    problem = day(blocks=blocks, **ALL, **vega(most_consecutive_blocks=2))
    assert proven(problem).amount == 2 * len(FIVE) == fewest_unplaced(problem)


LIMITS = Limits(work=0.3)


def test_a_plan_that_leaves_somebody_says_how_many_must_be() -> None:
    plan = solve(day(), LIMITS)
    assert isinstance(plan, Plan)
    assert plan.least_unplaced is not None
    assert plan.least_unplaced.amount == len(plan.unplaced) == 2


def test_a_plan_that_leaves_nobody_says_nothing_of_it() -> None:
    plan = solve(day(**BOTH), LIMITS)
    assert isinstance(plan, Plan)
    assert (plan.unplaced, plan.least_unplaced) == ((), None)
    assert "least_unplaced" not in dumps(plan)


def test_of_a_day_too_large_for_a_proof_nothing_is_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("solver.pricing.MOST_PROVEN", len(FIVE) - 1)
    plan = solve(day(), LIMITS)
    assert isinstance(plan, Plan)
    assert (len(plan.unplaced), plan.least_unplaced) == (2, None)


def test_a_plan_kept_near_another_proves_nothing() -> None:
    plan = solve(day(), LIMITS, stay_near=True)
    assert isinstance(plan, Plan)
    assert (len(plan.unplaced), plan.least_unplaced) == (2, None)


def test_a_proof_is_the_same_with_one_worker_and_with_two() -> None:
    problem = day(**WHOLE_DAY, protected=(PLANNING,))
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        beside = solve(problem, LIMITS, pool=pool)
    assert isinstance(beside, Plan)
    assert beside.least_unplaced is not None
    assert dumps(beside) == dumps(solve(problem, LIMITS))
