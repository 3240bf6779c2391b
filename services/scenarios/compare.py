"""Two plans side by side: agreed measures, and the lists behind each difference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from schemas.base import Frozen, StudentId
from schemas.plan import Finding, Plan
from schemas.problem import Problem
from solver.changes import Change, changes, day_of
from solver.facts import Facts
from solver.rules import RULES
from solver.tally import by_rule

Listed = tuple[str, ...]
"""What a measure counts, one entry each, so that a difference can be read as names."""


class Measure(Frozen):
    """One measure of both plans. `only_live` and `only_scenario` list what one has and the other
    has not: students, `student/competency`, `student/block` and the like."""

    id: str
    live: int
    scenario: int
    only_live: Listed = ()
    only_scenario: Listed = ()


class RuleCost(Frozen):
    """What a soft rule costs each plan, each by its own weights, or a hard one's amount."""

    rule: str
    kind: str
    live: int
    scenario: int


class Comparison(Frozen):
    """A what-if beside the live plan."""

    measures: tuple[Measure, ...]
    costs: tuple[RuleCost, ...]
    moves: tuple[Change, ...]
    """By person, from the live plan to the what-if's."""


def compare(live: tuple[Problem, Plan], scenario: tuple[Problem, Plan]) -> Comparison:
    """Lays two plans of one day side by side."""
    ours, theirs = _Counted(*live), _Counted(*scenario)
    blocks = [block.id for block in live[0].blocks]
    return Comparison(
        measures=tuple(
            _measure(name, before, theirs.lists[name]) for name, before in ours.lists.items()
        ),
        costs=_costs(live, scenario),
        moves=changes(ours.day, theirs.day, blocks),
    )


class _Counted:
    """What the measures count in one plan."""

    def __init__(self, problem: Problem, plan: Plan) -> None:
        self.facts = Facts(problem)
        self.day = day_of(plan, problem.homes, plan.unplaced)
        self.lists: dict[str, list[str]] = {
            "students_present": [s for s in self.facts.students if self.facts.free_blocks(s)],
            "sessions": [
                f"{session.offering}/{session.blocks[0]}/{session.room}"
                for session in plan.sessions
            ],
            "needs_served": sorted(self._needs_served(plan)),
            "first_choices": sorted(self._choices(plan, first_only=True)),
            "choices": sorted(self._choices(plan, first_only=False)),
            "requests_missed": _named(plan, "request-missed", "request"),
            "services_short": _named(plan, "service-short", "service"),
            "unplaced": [f"{entry.student}/{entry.block}" for entry in plan.unplaced],
            "hard_findings": [_in_short(f) for f in plan.findings if _blocks(f)],
        }

    def _needs_served(self, plan: Plan) -> set[str]:
        return {
            f"{placement.student}/{placement.competency}"
            for placement in plan.placements
            if placement.competency in self.facts.needs[placement.student]
        }

    def _choices(self, plan: Plan, first_only: bool) -> set[str]:
        """Ballots that were granted their first choice, or any of their choices."""
        sessions = {session.id: session for session in plan.sessions}
        had: dict[StudentId, set[tuple[str, str]]] = {}
        for placement in plan.placements:
            session = sessions[placement.session]
            places = {(session.offering, block) for block in session.blocks}
            had.setdefault(placement.student, set()).update(places)
        return {
            ballot.id
            for ballot in self.facts.problem.ballots
            for wishes in [ballot.ranking[:1] if first_only else ballot.ranking]
            if any(
                (wish, block) in had.get(ballot.student, ())
                for wish in wishes
                for block in ballot.blocks
            )
        }


def _blocks(finding: Finding) -> bool:
    return finding.kind == "hard" and finding.covered_by is None


def _named(plan: Plan, rule: str, subject: str) -> list[str]:
    return [f.subjects.get(subject, _in_short(f)) for f in plan.findings if f.rule == rule]


def _in_short(finding: Finding) -> str:
    return "/".join((finding.rule, *(value for _, value in sorted(finding.subjects.items()))))


def _measure(name: str, live: Iterable[str], scenario: Iterable[str]) -> Measure:
    ours, theirs = Counter(live), Counter(scenario)
    return Measure(
        id=name,
        live=ours.total(),
        scenario=theirs.total(),
        only_live=tuple(sorted((ours - theirs).elements())),
        only_scenario=tuple(sorted((theirs - ours).elements())),
    )


def _costs(live: tuple[Problem, Plan], scenario: tuple[Problem, Plan]) -> tuple[RuleCost, ...]:
    ours = by_rule(live[0], live[1].findings)
    theirs = by_rule(scenario[0], scenario[1].findings)
    return tuple(
        RuleCost(rule=name, kind=rule.kind, live=ours.get(name, 0), scenario=theirs.get(name, 0))
        for name, rule in RULES.items()
        if name in ours or name in theirs
    )
