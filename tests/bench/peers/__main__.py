"""Runs one peer on a problem file, as `flexday solve` runs ours, with the same line of progress.

python -m tests.bench.peers NAME PROBLEM --out PLAN --time SECONDS
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

from schemas.base import dumps, loads
from schemas.plan import Plan
from schemas.problem import Problem

Tell = Callable[[int, int | None], None]
"""Told of each better plan: its cost, and what is proven."""


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

    def tell(cost: int, bound: int | None = None) -> None:
        proven = "none" if bound is None else f"{bound:,}"
        passed = time.monotonic() - began
        print(f"cost {cost:,}  bound {proven}  gap unknown  {passed:.1f} s", file=sys.stderr)

    plan = RUN[asked.name](problem, asked.time, tell)
    if plan is None:
        sys.exit(f"no plan within {asked.time:g} s")
    asked.out.write_text(dumps(plan), encoding="utf-8")


def _sign_up(problem: Problem, seconds: float, tell: Tell) -> Plan:
    from tests.bench.peers import signup

    plan = signup.plan(problem)
    tell(plan.cost, None)
    return plan


def _greedy(problem: Problem, seconds: float, tell: Tell) -> Plan:
    from tests.bench.peers import greedy

    plan = greedy.plan(problem)
    tell(plan.cost, None)
    return plan


RUN: dict[str, Callable[[Problem, float, Tell], Plan | None]] = {
    "sign-up": _sign_up,
    "greedy": _greedy,
}
"""By name; each is loaded only when it is asked for."""


if __name__ == "__main__":
    main()
