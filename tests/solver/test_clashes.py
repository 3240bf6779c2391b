"""A lock that nothing could keep, and two that exclude each other, are named at once."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.plan import Override
from schemas.problem import DutyLock, Lock, PlacementLock, RoomLock, SessionLock
from schemas.school import RoleNeed
from solver.clashes import plain_contradiction
from solver.contradictions import _impossible
from solver.facts import Facts
from tests.solver.plain_school import ART, MATHS, changed, school
from tests.solver.small_schools import draw_case


def placed(student: str, offering: str, id: str = "k", **more: Any) -> PlacementLock:
    return PlacementLock(
        target="placement", id=id, owner="Kim", student=student, offering=offering, block="first",
        **more,
    )  # fmt: skip


def running(offering: str, id: str = "s", **more: Any) -> SessionLock:
    return SessionLock(
        target="session", id=id, owner="Kim", offering=offering, block="first", **more
    )


def found(*locks: Lock, **more: Any) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    contradiction = plain_contradiction(Facts(school(locks=locks, **more)))
    return (contradiction.locks, contradiction.rules) if contradiction else None


def test_locks_that_can_hold_are_no_contradiction() -> None:
    assert found(placed("Ana", "maths"), running("art", room="14")) is None


@pytest.mark.parametrize(
    ("lock", "offering", "rule"),
    [
        (placed("Ana", "art"), changed(ART, grades=("09",)), "not-eligible"),
        (running("art", room="12"), changed(ART, features=("kiln",)), "room-kit"),
        (running("art"), changed(ART, starts=("second",)), "whole-session"),
        (
            running("art"),
            changed(ART, roles=(RoleNeed(role="lead", qualification="juggling"),)),
            "role-cover",
        ),
    ],
)
def test_a_lock_that_no_session_could_keep_is_named_with_the_rule(
    lock: Lock, offering: Any, rule: str
) -> None:
    assert found(lock, offerings=(MATHS, offering)) == ((lock.id,), (rule,))


def test_an_exception_lifts_the_rule_that_stood_against_a_lock() -> None:
    seventh = changed(ART, grades=("09",))
    excepted = Override(id="x", rule="not-eligible", subjects={"student": "Ana"}, reason="r",
                        person="p")  # fmt: skip
    assert found(placed("Ana", "art"), offerings=(MATHS, seventh), overrides=(excepted,)) is None


@pytest.mark.parametrize(
    ("other", "rule"),
    [
        (placed("Ana", "art", id="other"), ("student-clash",)),
        (RoomLock(target="room", id="other", owner="Kim", room="12", block="first"), ()),
        (running("art", id="other", room="12"), ("room-clash",)),
        (running("art", id="other", lead="Vega"), ("staff-clash",)),
        (DutyLock(target="duty", id="other", owner="Kim", staff="Vega", block="first"), ()),
    ],
)
def test_two_locks_that_exclude_each_other_are_both_named(
    other: Lock, rule: tuple[str, ...]
) -> None:
    first = placed("Ana", "maths") if other.target == "placement" else running(
        "maths", room="12", lead="Vega"
    )  # fmt: skip
    assert found(first, other) == ((first.id, "other"), rule)


def test_both_engines_agree_with_every_contradiction_found_this_way() -> None:
    agreed = 0
    for seed in range(250):
        problem = draw_case(seed).problem
        plain = plain_contradiction(Facts(problem))
        # Engines are given sessions that could be; where none could, they have nothing to judge.
        if plain is not None and plain.rules != ("whole-session",):
            rules = [*plain.rules, "lock"]
            assert _impossible(problem, plain.locks, rules, ("cp-sat", "highs")), (seed, plain)
            agreed += 1
    assert agreed > 10
