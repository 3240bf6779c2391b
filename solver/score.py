"""Judges any plan, ours or a person's, by every rule, without loading an engine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.plan import Finding, Override, Plan
from schemas.problem import Problem
from solver.facts import Facts
from solver.layout import Layout
from solver.rules import RULES, Rule


@dataclass(frozen=True)
class Score:
    """All findings of a plan, hard ones first, and what the soft ones cost."""

    findings: tuple[Finding, ...]
    cost: int

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """The hard findings that no override covers."""
        return tuple(f for f in self.findings if f.kind == "hard" and f.covered_by is None)


def score(problem: Problem, plan: Plan) -> Score:
    """Judge a plan.

    Raises:
        ValueError: the plan names what the problem does not have.
    """
    return judge(Layout(Facts(problem), plan.sessions, plan.placements, plan.unplaced))


def judge(layout: Layout) -> Score:
    """Judge a plan that is already laid out."""
    problem = layout.facts.problem
    found = [
        finding
        for rule in RULES.values()
        if rule.kind == "hard" or weight(problem, rule)
        for finding in rule.check(layout)
    ]
    findings = tuple(_covered(finding, problem.overrides) for finding in found)
    return Score(tuple(sorted(findings, key=lambda finding: finding.kind)), cost(problem, findings))


def weight(problem: Problem, rule: Rule) -> int:
    """The school's price of one unit of a soft rule's amount."""
    return problem.policy.weights.get(rule.id, rule.weight) if rule.kind == "soft" else 0


def cost(problem: Problem, findings: Iterable[Finding]) -> int:
    """The sum of weight x amount over soft findings."""
    return sum(weight(problem, RULES[f.rule]) * f.amount for f in findings if f.kind == "soft")


def _covered(finding: Finding, overrides: tuple[Override, ...]) -> Finding:
    rule = RULES[finding.rule]
    for override in overrides:
        if rule.covers(override, finding.cause, finding.subjects):
            return finding.model_copy(update={"covered_by": override.id})
    return finding
