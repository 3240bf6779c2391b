"""Every rule is said twice, for people and for engines: both must say the same of any plan."""

from __future__ import annotations

import pytest

from schemas.plan import Finding
from solver.model import Model
from solver.rows import Expr
from solver.rules import RULES, Rule
from tests.solver.agreeing import (
    amount,
    drawn,
    fix,
    found,
    half_settled,
    lowest,
    model_of,
    possible,
    question,
    samples,
    without_open,
)

every_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
every_hard_rule = pytest.mark.parametrize(
    "rule", [r for r in RULES.values() if r.kind == "hard"], ids=lambda rule: rule.id
)
sampled = pytest.mark.parametrize("wanted", [20, pytest.param(200, marks=pytest.mark.soak)])

TRIES = 100
"""Cases looked at for each one that is wanted."""


@sampled
@every_rule
def test_rows_and_specification_find_the_same_amount(rule: Rule, wanted: int) -> None:
    seeds = samples(rule, wanted, wanted * TRIES)
    said = lowest([question(drawn(seed), rule) for seed in seeds])
    specified = [amount(found(seed, rule)) for seed in seeds]
    assert dict(zip(seeds, said, strict=True)) == dict(zip(seeds, specified, strict=True))


@sampled
@every_rule
def test_with_half_the_day_settled_they_differ_by_a_constant(rule: Rule, wanted: int) -> None:
    questions, specified = [], []
    for seed in samples(rule, wanted, wanted * TRIES):
        case = half_settled(drawn(seed))
        for runs in (True, False):
            model = model_of(case)
            measure = model.measure(rule)
            fix(case, model, open_slots_run=runs)
            questions.append((model.rows, measure))
        without = amount(rule.check(without_open(case).layout()))
        specified.append(amount(found(seed, rule)) - without)
    said = lowest(questions)
    assert [a - b for a, b in zip(said[::2], said[1::2], strict=True)] == specified  # type: ignore[operator]


class Tallying(Model):
    """Counts what an enforced rule cannot forbid because nothing in it is open."""

    settled = 0

    def excess(self, expr: Expr, /, *others: Expr, cause: str = "", **subjects: str) -> Expr:
        result = super().excess(expr, *others, cause=cause, **subjects)
        if not self._covered(self._rule, cause, subjects):
            self.settled += result.constant
        return result


@sampled
@every_hard_rule
def test_a_hard_rule_forbids_exactly_what_no_override_covers(rule: Rule, wanted: int) -> None:
    rows, lawful = [], []
    for seed in samples(rule, wanted, wanted * TRIES):
        case = drawn(seed)
        model = model_of(case, Tallying)
        model.enforce(rule)
        fix(case, model)
        rows.append(model.rows)
        blocking = [f for f in found(seed, rule) if not covered(rule, f, seed)]
        lawful.append(amount(blocking) == model.settled)
    assert possible(rows) == lawful


def covered(rule: Rule, finding: Finding, seed: int) -> bool:
    overrides = drawn(seed).problem.overrides
    return any(rule.covers(override, finding.cause, finding.subjects) for override in overrides)


class Naming(Model):
    """Notes of whom and what each amount speaks."""

    named: set[tuple[str, frozenset[tuple[str, str]]]]

    def excess(self, expr: Expr, /, *others: Expr, cause: str = "", **subjects: str) -> Expr:
        self.named.add((cause, frozenset(subjects.items())))
        return super().excess(expr, *others, cause=cause, **subjects)


@sampled
@every_rule
def test_rows_name_the_same_cause_and_subjects(rule: Rule, wanted: int) -> None:
    for seed in samples(rule, wanted, wanted * TRIES):
        model = model_of(drawn(seed), Naming)
        model.named = set()
        model.measure(rule)
        findings = {(f.cause, frozenset(f.subjects.items())) for f in found(seed, rule)}
        assert findings <= model.named
