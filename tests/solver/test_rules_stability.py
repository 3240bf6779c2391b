from __future__ import annotations

from datetime import date

from schemas.problem import (
    DutyLock,
    PlacementLock,
    Problem,
    Published,
    RoomLock,
    SessionLock,
)
from solver.facts import Facts
from tests.solver.plain_school import (
    ANA,
    BEN,
    CLEO,
    OKAFOR,
    VEGA,
    Seated,
    amount,
    causes,
    changed,
    findings,
    held,
    school,
)

ART_AS_PUBLISHED = held("art", students=["Ana", "Ben"])


def published(*seated: Seated, frozen: bool = False, factor: int = 1, **more: object) -> Problem:
    """The plain school after a plan was published."""
    blocks = tuple(changed(block, frozen=frozen, moved_factor=factor) for block in school().blocks)
    plan = Published(
        plan="before",
        sessions=tuple(session for session, _ in seated),
        placements=tuple(p for _, placements in seated for p in placements),
    )
    return school(published=plan, blocks=blocks, **more)


def test_nothing_moves_inside_the_freeze_window() -> None:
    problem = published(ART_AS_PUBLISHED, frozen=True)
    assert amount("freeze", problem, ART_AS_PUBLISHED) == 0
    moved = held("art", room="14", students=["Ana", "Ben"])
    assert causes("freeze", problem, moved) == ["placement", "placement", "lead"]


def test_outside_the_freeze_window_plans_may_change() -> None:
    problem = published(ART_AS_PUBLISHED)
    assert amount("freeze", problem, held("art", room="14", students=["Ana"])) == 0


def test_a_frozen_session_keeps_its_lead() -> None:
    problem = published(ART_AS_PUBLISHED, frozen=True)
    other = held("art", students=["Ana", "Ben"], lead="Okafor")
    (finding,) = findings("freeze", problem, other)
    assert (finding.cause, finding.subjects["staff"]) == ("lead", "Vega")


def test_a_session_that_lost_its_adult_thaws() -> None:
    absent = (changed(VEGA, away=("first",)), OKAFOR)
    problem = published(ART_AS_PUBLISHED, frozen=True, staff=absent)
    assert amount("freeze", problem, held("art", room="14", lead="Okafor")) == 0


def test_a_student_who_went_home_is_not_frozen() -> None:
    gone = (changed(ANA, away=("first",)), BEN, CLEO)
    problem = published(ART_AS_PUBLISHED, frozen=True, students=gone)
    assert amount("freeze", problem, held("art", students=["Ben"])) == 0


def lock_on(**more: object) -> PlacementLock:
    fields = {"student": "Ana", "offering": "art", "block": "first", **more}
    return PlacementLock(target="placement", id="l1", owner="Head", **fields)


def test_a_locked_placement_stays() -> None:
    problem = school(locks=(lock_on(),))
    assert amount("lock", problem, held("art", students=["Ana"])) == 0
    (finding,) = findings("lock", problem, held("maths", students=["Ana"]))
    assert finding.subjects == {"lock": "l1", "block": "first"}


def test_a_placement_locked_to_a_room_stays_in_it() -> None:
    problem = school(locks=(lock_on(room="14"),))
    assert amount("lock", problem, held("art", room="14", students=["Ana"])) == 0
    assert amount("lock", problem, held("art", room="12", students=["Ana"])) == 1


def test_a_locked_session_runs_where_and_by_whom_it_is_locked() -> None:
    lock = SessionLock(
        target="session", id="l1", owner="Head", offering="art", block="first", lead="Vega"
    )
    problem = school(locks=(lock,))
    assert amount("lock", problem, held("art", lead="Vega")) == 0
    assert amount("lock", problem, held("art", lead="Okafor")) == 1
    assert amount("lock", problem) == 1


def test_a_locked_room_holds_only_what_it_is_locked_for() -> None:
    lock = RoomLock(target="room", id="l1", owner="Head", room="12", block="first", offering="art")
    problem = school(locks=(lock,))
    assert amount("lock", problem, held("art")) == 0
    assert amount("lock", problem) == 0
    assert amount("lock", problem, held("maths")) == 1


def test_an_adult_locked_free_has_no_duty() -> None:
    lock = DutyLock(target="duty", id="l1", owner="Head", staff="Vega", block="first")
    problem = school(locks=(lock,))
    assert amount("lock", problem, held("art", lead="Okafor")) == 0
    assert amount("lock", problem, held("art", lead="Vega")) == 1


def test_an_adult_locked_to_a_role_holds_it() -> None:
    lock = DutyLock(
        target="duty", id="l1", owner="Head", staff="Vega", block="first", offering="art",
        role="lead",
    )  # fmt: skip
    problem = school(locks=(lock,))
    assert amount("lock", problem, held("art", lead="Vega")) == 0
    assert amount("lock", problem, held("art", lead="Okafor", more=[("Vega", "aide")])) == 1


def test_a_lock_broken_by_fact_is_released_and_reported() -> None:
    gone = (changed(ANA, away=("first",)), BEN, CLEO)
    problem = school(locks=(lock_on(),), students=gone)
    assert amount("lock", problem) == 0
    assert Facts(problem).released_locks == {"l1": "student"}
    closed = school(locks=(lock_on(room="14"),), closures=(("14", "first"),))
    assert Facts(closed).released_locks == {"l1": "room"}
    unknown = school(locks=(lock_on(offering="pottery"),))
    assert Facts(unknown).released_locks == {"l1": "offering"}
    old = school(locks=(lock_on(expires=date(2026, 3, 1)),))
    assert Facts(old).released_locks == {"l1": "expiry"}


def test_a_lock_on_an_absent_lead_is_released() -> None:
    lock = SessionLock(
        target="session", id="l1", owner="Head", offering="art", block="first", lead="Vega"
    )
    problem = school(locks=(lock,), staff=(changed(VEGA, away=("first",)), OKAFOR))
    assert Facts(problem).released_locks == {"l1": "staff"}


def test_keeping_a_student_where_they_were_moves_nothing() -> None:
    problem = published(ART_AS_PUBLISHED)
    assert amount("moved", problem, ART_AS_PUBLISHED) == 0


def test_offering_room_and_lead_count_one_each_times_the_blocks_factor() -> None:
    problem = published(ART_AS_PUBLISHED, factor=3)
    room = held("art", room="14", students=["Ana", "Ben"])
    assert amount("moved", problem, room) == 2 * 3
    all_three = held("maths", room="14", lead="Okafor", students=["Ana", "Ben"])
    assert amount("moved", problem, all_three) == 2 * 3 * 3


def test_what_is_no_longer_possible_is_no_move() -> None:
    absent = (changed(VEGA, away=("first",)), OKAFOR)
    problem = published(ART_AS_PUBLISHED, staff=absent)
    assert amount("moved", problem, held("art", lead="Okafor", students=["Ana", "Ben"])) == 0
