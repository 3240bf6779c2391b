"""A rule said wrongly to engines must be found out by the comparison with its specification."""

from __future__ import annotations

import pytest

from solver.rules import RULES, Rule
from tests.solver.agreeing import amount, drawn, fix, found, lowest, model_of, samples
from tests.solver.mutants import (
    ALWAYS,
    SOMETIMES,
    AboveFromTheLimit,
    AddsInsteadOfEither,
    AlwaysWhere,
    AnyRoomWillDo,
    BothIsTheFirst,
    BothIsTheSecond,
    EitherIsTheFirst,
    EveryDutyCounts,
    ForgetsEverySecond,
    MeetsWithoutTheLast,
    Mutant,
    NeverAbove,
    SeesOnlyTheFirstWay,
    WholesRoundedUp,
    forgets,
)

every_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)


def caught(rule: Rule, mutant: type[Mutant], seeds: list[int]) -> bool | None:
    """Whether some case tells the mutant from the rule; None if it made no difference to any."""
    questions, touched = [], False
    for seed in seeds:
        model = model_of(drawn(seed), mutant)
        measure = model.measure(rule)
        fix(drawn(seed), model)
        questions.append((model.rows, measure))
        touched |= model.touched
    if not touched:
        return None
    return lowest(questions) != [amount(found(seed, rule)) for seed in seeds]


@every_rule
@pytest.mark.parametrize("mutant", ALWAYS)
def test_a_rule_forgotten_doubled_or_off_by_one_is_found_out(
    rule: Rule, mutant: type[Mutant]
) -> None:
    assert caught(rule, mutant, samples(rule, 6, 1000))


@pytest.mark.parametrize(
    ("mutant", "rule"),
    [
        (ForgetsEverySecond, "unmet-need"),
        (SeesOnlyTheFirstWay, "group-fit"),
        (AddsInsteadOfEither, "uneven-load"),
        (EitherIsTheFirst, "planning-time"),
        (BothIsTheFirst, "moved"),
        (BothIsTheSecond, "freeze"),
        (MeetsWithoutTheLast, "order"),
        (AnyRoomWillDo, "travel"),
        (AlwaysWhere, "prep-limit"),
        (NeverAbove, "accommodation"),
        (AboveFromTheLimit, "accommodation"),
        (WholesRoundedUp, "room-fit"),
        (EveryDutyCounts, "role-cover"),
        (forgets("sections"), "group-size"),
        (forgets("consent"), "not-eligible"),
    ],
)
def test_a_question_answered_wrongly_is_found_out(mutant: type[Mutant], rule: str) -> None:
    assert any(
        caught(RULES[rule], mutant, samples(RULES[rule], wanted, 10_000)) for wanted in (15, 60)
    )


@pytest.mark.soak
@every_rule
def test_every_question_a_rule_asks_matters(rule: Rule) -> None:
    asked = [m for m in SOMETIMES if caught(rule, m, samples(rule, 20, 2000)) is not None]
    assert [mutant for mutant in asked if not caught_in_time(rule, mutant)] == []


def caught_in_time(rule: Rule, mutant: type[Mutant]) -> bool:
    """Whether more and more cases tell the mutant from the rule."""
    return any(caught(rule, mutant, samples(rule, wanted, 60_000)) for wanted in (20, 60, 300))


@pytest.mark.soak
@every_rule
def test_every_cause_of_a_rule_matters(rule: Rule) -> None:
    seeds = samples(rule, 200, 20_000)
    causes = {finding.cause for seed in seeds for finding in found(seed, rule)}
    for cause in sorted(causes):
        about = [s for s in seeds if cause in {finding.cause for finding in found(s, rule)}]
        assert caught(rule, forgets(cause), about[:20]), cause
