"""What stands between somebody and a change, what would lift it, and what it would come to: as
data, for the audience that asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from schemas.base import BlockId, CompetencyId, Frozen, Id, SessionId, StudentId
from schemas.plan import Finding
from schemas.problem import Problem
from solver.facts import Facts, PersonKind
from solver.hand import Edit, Hand, Judged
from solver.places import Places
from solver.reasons import TOLD_TO_EVERYONE, Refusal, told
from solver.rules import RULES
from solver.score import weight

RelaxationId = Literal[
    "one_more_seat", "master_first", "admit", "consent", "lift_lock", "exception", "be_free",
    "another_order", "none",
]  # fmt: skip
"""The smallest change to the question that would let a rule allow it; `none` where nobody may."""


class Relaxation(Frozen):
    """What would have to be otherwise for one rule to allow a change."""

    id: RelaxationId
    parameters: dict[str, str] = Field(default_factory=dict)


class Bar(Frozen):
    """A rule that stands in the way, and what would lift it."""

    refusal: Refusal
    relaxation: Relaxation | None = None


class Verdict(Frozen):
    """What a change would come to. Costs are the school's weights; None where they may not be
    told."""

    bars: tuple[Bar, ...]
    change: int | None = None
    """What the plan would cost more; below 0 where it is a gain."""
    others: int | None = None
    """The part of it that other students and the adults would bear."""

    @property
    def lawful(self) -> bool:
        return not self.bars


def verdict(hand: Hand, edit: Edit, student: StudentId | None, entitled: bool) -> Verdict:
    """What a change would come to, for an asker.

    Those who are not entitled hear of the open rules, each with what would lift that rule, whether
    or not a confidential one binds beside it; or one neutral sentence; and never a cost. So a
    refusal reads the same with and without the confidential facts.

    Raises:
        ValueError: the change names what the problem or the plan does not have.
    """
    judged = hand.judge(edit)
    refusals = [_refusal(finding) for finding in judged.blocking]
    bars = tuple(
        Bar(refusal=one, relaxation=_relaxation(hand.facts, one) if one.rule in RULES else None)
        for one in told(refusals, entitled)
    )
    if not entitled:
        return Verdict(bars=bars)
    others = sum(_price(hand.facts.problem, judged, student))
    return Verdict(bars=bars, change=judged.change, others=others)


def _refusal(finding: Finding) -> Refusal:
    return Refusal(
        rule=finding.rule,
        cause=finding.cause,
        parameters=finding.subjects,
        audience="everyone" if finding.rule in TOLD_TO_EVERYONE else "entitled",
    )


def _price(problem: Problem, judged: Judged, student: StudentId | None) -> Iterable[int]:
    """Each soft finding that a change brings or takes away, but for the student's own."""
    for findings, sign in ((judged.new, 1), (judged.gone, -1)):
        for finding in findings:
            if finding.kind == "soft" and finding.subjects.get("student") != student:
                yield sign * finding.amount * weight(problem, RULES[finding.rule])


def _relaxation(facts: Facts, refusal: Refusal) -> Relaxation:
    """The smallest change to the question that lifts a rule, from the rule and its own subjects
    alone."""
    rule, cause, about = refusal.rule, refusal.cause, refusal.parameters
    if rule == "group-size":
        return Relaxation(id="one_more_seat", parameters=about)
    if rule == "not-ready":
        missing = _unmastered(facts, about["student"], about["competency"])
        return Relaxation(id="master_first", parameters={**about, "missing": " / ".join(missing)})
    if rule == "not-eligible":
        return Relaxation(id="consent" if cause == "consent" else "admit", parameters=about)
    if rule == "student-clash":
        return Relaxation(id="be_free", parameters=about)
    if rule == "order":
        return Relaxation(id="another_order", parameters=about)
    if rule == "lock":
        return Relaxation(id="lift_lock", parameters=about)
    known = RULES[rule]
    if known.override == "named" and cause not in known.never_causes:
        return Relaxation(id="exception", parameters=about)
    return Relaxation(id="none")


def _unmastered(facts: Facts, student: StudentId, competency: CompetencyId) -> list[str]:
    """One competency of each prerequisite that the student has not mastered."""
    mastered = set(facts.students[student].mastered)
    clauses = facts.competencies[competency].prerequisites
    return [clause[0] for clause in clauses if clause and not mastered.intersection(clause)]


class Offered(Frozen):
    """A lawful place for somebody; `change` is what it would cost, for those who may know."""

    session: SessionId
    change: int | None


def places_for(
    places: Places, student: StudentId, block: BlockId, entitled: bool, most: int = 3
) -> list[Offered]:
    """The best lawful places for a student in a block. For those who are not entitled they are
    ranked by what is nobody's secret, and without figures."""
    offers = places.best_for(student, block, most=len(places.layout.sessions))
    if entitled:
        return [Offered(session=o.session, change=o.judged.change) for o in offers[:most]]
    problem = places.facts.problem
    ranked = sorted(offers, key=lambda o: (_open_change(problem, o.judged), o.session))
    return [Offered(session=offer.session, change=None) for offer in ranked[:most]]


def _open_change(problem: Problem, judged: Judged) -> int:
    """The change in cost by findings that everybody may know."""
    return sum(
        sign * finding.amount * weight(problem, RULES[finding.rule])
        for findings, sign in ((judged.new, 1), (judged.gone, -1))
        for finding in findings
        if finding.kind == "soft" and finding.audience == "everyone"
    )


def gains(
    problem: Problem, before: Iterable[Finding], after: Iterable[Finding], entitled: bool
) -> dict[tuple[PersonKind, Id], int]:
    """What each person gains between two judgements, by the school's weights: below 0 where they
    lose. Those who are not entitled are not told of what confidential findings come to."""
    found: Counter[tuple[PersonKind, Id]] = Counter()
    kinds: tuple[PersonKind, ...] = ("student", "staff")
    for findings, sign in ((before, 1), (after, -1)):
        for finding in findings:
            if finding.kind == "hard" or (finding.audience == "entitled" and not entitled):
                continue
            for kind in kinds:
                if kind in finding.subjects:
                    price = finding.amount * weight(problem, RULES[finding.rule])
                    found[kind, finding.subjects[kind]] += sign * price
                    break
    return dict(found)
