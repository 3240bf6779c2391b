"""What a plan's findings come to, rule by rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from schemas.plan import Finding
from schemas.problem import Problem
from solver.rules import RULES
from solver.score import weight


def by_rule(problem: Problem, findings: Iterable[Finding]) -> dict[str, int]:
    """What each soft rule costs and each hard rule's amount, in the order of display; rules
    without findings are left out."""
    found: Counter[str] = Counter()
    for finding in findings:
        rule = RULES[finding.rule]
        price = weight(problem, rule) if rule.kind == "soft" else 1
        found[rule.id] += finding.amount * price
    return {name: found[name] for name in RULES if found[name]}
