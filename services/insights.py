"""What a plan does for a school, in figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import date

from schemas.base import Frozen
from schemas.plan import PlanStatus
from schemas.problem import Problem
from services.store import PlanRow, Tx
from solver.facts import Facts
from solver.layout import Layout
from solver.score import judge


class NeedCount(Frozen):
    """Needs by what they rest on: evidence, or the assumption from grade alone."""

    evidenced: int = 0
    assumed: int = 0

    @property
    def all(self) -> int:
        return self.evidenced + self.assumed


class DayFigures(Frozen):
    """A school's day in figures.

    `students` are those with a flexible block to fill; `needs` those that an offering of the day
    teaches, as many per student as the school's settings let count; `hard` the hard findings of a
    fresh judgement; `seconds` from the asking for a plan to its draft, None for one made by hand.
    """

    school: str
    title: str
    day: date
    plan: str
    status: PlanStatus
    students: int
    blocks: int
    needs: NeedCount
    served: NeedCount
    sessions: int
    placements: int
    unplaced: dict[str, int]
    hard: int
    cost: int
    bound: int | None
    gap: float | None
    seconds: float | None


def day_figures(tx: Tx, row: PlanRow) -> DayFigures:
    """Counts what a filed plan answers of its own Problem."""
    problem: Problem = tx.problem(row.problem_digest)
    plan, facts, school = row.plan, Facts(problem), tx.school()
    layout = Layout(facts, plan.sessions, plan.placements, plan.unplaced)
    served = {(placement.student, placement.competency) for placement in plan.placements}
    needs = [(student.id, need) for student in problem.students for need in student.needs]
    return DayFigures(
        school=school.id,
        title=school.title,
        day=row.day,
        plan=row.id,
        status=row.status,
        students=sum(bool(facts.free_blocks(student.id)) for student in problem.students),
        blocks=len(facts.flex),
        needs=_counted(need.evidenced for _, need in needs),
        served=_counted(
            need.evidenced for student, need in needs if (student, need.competency) in served
        ),
        sessions=len(plan.sessions),
        placements=len(plan.placements),
        unplaced=dict(sorted(Counter(entry.reason for entry in plan.unplaced).items())),
        hard=sum(finding.kind == "hard" for finding in judge(layout).findings),
        cost=plan.cost,
        bound=plan.bound,
        gap=plan.gap,
        seconds=_seconds(tx, row),
    )


def _counted(evidenced: Iterable[bool]) -> NeedCount:
    counts = Counter(evidenced)
    return NeedCount(evidenced=counts[True], assumed=counts[False])


def _seconds(tx: Tx, row: PlanRow) -> float | None:
    run = tx.run(row.run) if row.run else None
    if run is None or run.finished_at is None:
        return None
    return (run.finished_at - run.created_at).total_seconds()
