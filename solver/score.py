"""Judges any plan, ours or a person's, by every rule, without loading an engine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from schemas.plan import Engine, Finding, Override, Placement, Plan, Session, Unplaced
from schemas.problem import LARGEST_COST, Problem
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
        ValueError: the plan names what the problem does not have, or a cost could grow too large
            to stay exact.
    """
    facts = Facts(problem)
    refuse_overflow(facts)
    return judge(Layout(facts, plan.sessions, plan.placements, plan.unplaced))


def judge(layout: Layout, rules: Iterable[Rule] = RULES.values()) -> Score:
    """Judge a plan that is already laid out, by every rule or by some."""
    problem = layout.facts.problem
    findings = tuple(
        _covered(finding, problem.overrides)
        for rule in rules
        if rule.kind == "hard" or weight(problem, rule)
        for finding in rule.check(layout)
    )
    return Score(findings, cost(problem, findings))


def finish(
    facts: Facts,
    sessions: Iterable[Session],
    placements: Iterable[Placement],
    unplaced: Iterable[Unplaced],
    *,
    bound: int | None = None,
    engine: Engine | None = None,
) -> Plan:
    """The judged Plan, its lists in canonical order.

    Raises:
        ValueError: the lists name what the problem does not have, or name something twice.
    """
    layout = Layout(
        facts,
        sorted(sessions, key=lambda session: session.id),
        sorted(placements, key=lambda placement: (placement.student, placement.session)),
        sorted(unplaced, key=lambda entry: (entry.student, entry.block)),
    )
    judged, at_stake = judge(layout), stake(facts)
    return Plan(
        problem=facts.digest,
        sessions=tuple(layout.sessions.values()),
        placements=tuple(layout.placements.values()),
        unplaced=tuple(layout.unplaced.values()),
        findings=judged.findings,
        cost=judged.cost,
        bound=bound,
        stake=at_stake,
        gap=gap(judged.cost, bound, at_stake),
        engine=engine,
    )


def weight(problem: Problem, rule: Rule) -> int:
    """The school's price of one unit of a soft rule's amount."""
    return problem.policy.weights.get(rule.id, rule.weight) if rule.kind == "soft" else 0


def cost(problem: Problem, findings: Iterable[Finding]) -> int:
    """The sum of weight x amount over soft findings."""
    return sum(weight(problem, RULES[f.rule]) * f.amount for f in findings if f.kind == "soft")


def stake(facts: Facts) -> int:
    """What is at stake on the day, whatever the plan: per student the dearest servable needs, at
    most one per free block, with the choices, requests and service minutes that could be met."""
    problem = facts.problem
    needs = sum(_dearest(facts, student) for student in facts.students)
    choices = sum(
        len(ballot.ranking) * ballot.credit
        for ballot in problem.ballots
        if facts.welcomed(ballot.student, ballot.ranking, ballot.blocks)
    )
    requests = sum(
        request.priority
        for request in problem.requests
        if facts.welcomed(request.student, request.offerings, request.blocks)
    )
    minutes = sum(service.minutes_due for service in problem.services)
    amounts = {
        "unmet-need": needs,
        "choice-missed": choices,
        "request-missed": requests,
        "service-short": minutes,
    }
    return sum(weight(problem, RULES[rule]) * amount for rule, amount in amounts.items())


def _dearest(facts: Facts, student: str) -> int:
    """The urgencies of a student's dearest servable needs, one for each free block."""
    urgencies = sorted((need.urgency for need in facts.servable_needs(student)), reverse=True)
    return sum(urgencies[: len(facts.free_blocks(student))])


def gap(cost: int, bound: int | None, stake: int) -> float | None:
    """How much better a lawful plan could be at most, as a share of the stake; None if unknown."""
    return None if bound is None or stake == 0 else (cost - bound) / stake


def refuse_overflow(facts: Facts) -> None:
    """Makes sure that no lawful plan's cost outgrows what every JSON reader keeps exact.

    A soft rule reports at most once per person and block, per room's zone and block, and per
    need, wish, service, pair or published block; no amount exceeds the largest of those below.

    Raises:
        ValueError: it could; says what to lower.
    """
    problem = facts.problem
    people = len(problem.students) + len(problem.staff)
    occasions = (
        (2 * people + sum(room.zones for room in problem.rooms)) * len(problem.blocks)
        + sum(len(student.needs) + 3 for student in problem.students)
        + len(problem.ballots)
        + len(problem.requests)
        + len(problem.services)
        + len(problem.relations) * len(problem.blocks)
        + len(problem.recent_pairs)
    )
    largest = max(
        1440,
        len(problem.students),
        *(room.seats for room in problem.rooms),
        *(offering.ideal[1] for offering in problem.offerings if offering.ideal),
        *(10 * len(ballot.ranking) for ballot in problem.ballots),
        *(pair.days for pair in problem.recent_pairs),
    )
    dearest = sum(weight(problem, rule) for rule in RULES.values())
    if dearest * occasions * largest >= LARGEST_COST:
        raise ValueError(
            f"policy.weights: {dearest:,} in all, times {occasions:,} occasions of up to "
            f"{largest:,} each, could exceed {LARGEST_COST:,}; lower the largest weights"
        )


def _covered(finding: Finding, overrides: tuple[Override, ...]) -> Finding:
    rule = RULES[finding.rule]
    for override in overrides:
        if rule.covers(override, finding.cause, finding.subjects):
            return finding.model_copy(update={"covered_by": override.id})
    return finding
