"""Runs one peer on a problem file, as `flexday solve` runs ours, with the same line of progress.

python -m tests.bench.peers NAME PROBLEM --out PLAN --time SECONDS
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

from schemas.base import dumps, loads
from schemas.plan import Plan
from schemas.problem import Problem

MOST_PLANS = 12
"""Of so many of a monolith's solutions at most plans are made."""


class Tell(Protocol):
    """Told of each better plan: its cost, what is proven, and when it was found, if not now."""

    def __call__(self, cost: int, bound: int | None = None, at: float | None = None) -> None: ...


def main() -> None:
    """Reads the problem, starts the clock, writes the plan."""
    parser = argparse.ArgumentParser("python -m tests.bench.peers", None, __doc__)
    parser.add_argument("name", choices=RUN)
    parser.add_argument("problem", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--time", type=float, required=True)
    asked = parser.parse_args()
    problem = loads(Problem, asked.problem.read_bytes())
    began = time.monotonic()

    def tell(cost: int, bound: int | None = None, at: float | None = None) -> None:
        proven = "none" if bound is None else f"{bound:,}"
        passed = (time.monotonic() if at is None else at) - began
        print(f"cost {cost:,}  bound {proven}  gap unknown  {passed:.1f} s", file=sys.stderr)

    plan = RUN[asked.name](problem, asked.time, tell)
    if plan is None:
        sys.exit(f"no plan within {asked.time:g} s")
    asked.out.write_text(dumps(plan), encoding="utf-8")


def _sign_up(problem: Problem, seconds: float, tell: Tell) -> Plan:
    from tests.bench.peers import signup

    plan = signup.plan(problem)
    tell(plan.cost)
    return plan


def _greedy(problem: Problem, seconds: float, tell: Tell) -> Plan:
    from tests.bench.peers import greedy

    plan = greedy.plan(problem)
    tell(plan.cost)
    return plan


def _monolith(engine: str, problem: Problem, seconds: float, tell: Tell) -> Plan | None:
    """Plans are made of solutions after the time is up: the lines say when those were found."""
    from tests.bench.peers.engines import best_plans, with_cp_sat, with_highs
    from tests.bench.peers.monolith import DayModel

    began = time.monotonic()
    model = DayModel(problem)
    left = seconds - (time.monotonic() - began)
    found = (with_highs if engine == "highs" else with_cp_sat)(model.matrix, left)
    best: Plan | None = None
    for at, values in best_plans(found, MOST_PLANS):
        plan = model.plan(values)
        if best is None or _worse(best, plan):
            best = plan
            tell(plan.cost, None, at)
    print(
        f"{len(model.matrix.cost):,} columns, {len(model.matrix.row_low):,} rows: {found.said}",
        file=sys.stderr,
    )
    return best


def _timefold(problem: Problem, seconds: float, tell: Tell) -> Plan:
    from tests.bench.peers import timefold_days

    plan = timefold_days.solve(problem, seconds)
    tell(plan.cost)
    return plan


def _worse(a: Plan, b: Plan) -> bool:
    def badness(plan: Plan) -> tuple[int, int]:
        hard = sum(f.amount for f in plan.findings if f.kind == "hard" and f.covered_by is None)
        return hard, plan.cost

    return badness(a) > badness(b)


RUN: dict[str, Callable[[Problem, float, Tell], Plan | None]] = {
    "sign-up": _sign_up,
    "greedy": _greedy,
    "cp-sat": partial(_monolith, "cp-sat"),
    "timefold": _timefold,
    "highs": partial(_monolith, "highs"),
}
"""By name; each is loaded only when it is asked for."""


if __name__ == "__main__":
    main()
