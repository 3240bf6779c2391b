"""Measures one solver on one invented day; what has been measured is kept and not done again."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from schemas.base import dumps, loads
from schemas.plan import Plan
from schemas.problem import Problem
from tests.bench.cases import Case
from tests.bench.judging import FIRST_GAP, Verdict, judge
from tests.bench.watching import Point, Watched, solve_command, watch

OURS = "flexday"

LONGER = 1.15
"""By how much the next try at a first plan may take longer than the last."""


@dataclass(frozen=True)
class Measured:
    """One solver on one day. Times in seconds since the problem was read, memory in bytes."""

    solver: str
    case: str
    verdict: Verdict | None
    """None when it brought no plan."""
    bound: int | None
    points: tuple[Point, ...]
    whole: float
    """Seconds from the start of its process to its end."""
    peak: int
    first: float | None
    """Seconds to a first plan that counts; None when there was none, or for a peer."""
    said: str

    def gap_at(self, seconds: float) -> float | None:
        """The gap as it stood at a time, by its own bound then; None where there was none."""
        so_far = [point for point in self.points if point.seconds <= seconds]
        if not so_far or self.verdict is None or so_far[-1].bound is None:
            return None
        return replace(self.verdict, cost=so_far[-1].cost).gap(so_far[-1].bound)


@dataclass
class Bench:
    """A folder for problems, plans and what was measured."""

    folder: Path
    tell: Callable[[str], None]

    def ours(self, case: Case) -> Measured:
        """`flexday solve` with two workers, and the time to its first plan."""
        return self._kept(OURS, case, lambda: self._measure_ours(case))

    def peer(self, name: str, case: Case) -> Measured:
        """A peer on the same day, for the same time."""
        return self._kept(name, case, lambda: self._measure_peer(name, case))

    def problem(self, case: Case) -> Path:
        """The day's problem file."""
        path = self.folder / f"{case.name}.problem.json"
        if not path.exists():
            path.write_text(dumps(case.problem()), encoding="utf-8")
        return path

    def _kept(self, solver: str, case: Case, measure: Callable[[], Measured]) -> Measured:
        path = self.folder / f"{case.name}.{solver}.measured.json"
        if not path.exists():
            path.write_text(json.dumps(asdict(measure())), encoding="utf-8")
        found = _measured(json.loads(path.read_text(encoding="utf-8")))
        self.tell(summary(found))
        return found

    def _measure_ours(self, case: Case) -> Measured:
        problem = self.problem(case)
        plan = self._plan(OURS, case)
        seconds = case.shape.seconds
        seen = watch(solve_command(problem, plan, seconds), seconds)
        found = self._judged(OURS, case, plan, seen)
        return replace(found, first=self._first(case, found))

    def _measure_peer(self, name: str, case: Case) -> Measured:
        plan, seconds = self._plan(name, case), case.shape.seconds
        command = [sys.executable, "-m", "tests.bench.peers", name, str(self.problem(case))]
        command += ["--out", str(plan), "--time", str(seconds)]
        return self._judged(name, case, plan, watch(command, seconds))

    def _plan(self, solver: str, case: Case) -> Path:
        path = self.folder / f"{case.name}.{solver}.plan.json"
        path.unlink(missing_ok=True)
        return path

    def _judged(self, solver: str, case: Case, path: Path, seen: Watched) -> Measured:
        plan = loads(Plan, path.read_bytes()) if path.exists() else None
        return Measured(
            solver=solver,
            case=case.name,
            verdict=None if plan is None else judge(self._loaded(case), plan),
            bound=None if plan is None else plan.bound,
            points=seen.points,
            whole=seen.seconds,
            peak=seen.peak,
            first=None,
            said=seen.last_words,
        )

    def _loaded(self, case: Case) -> Problem:
        return loads(Problem, self.problem(case).read_bytes())

    def _first(self, case: Case, found: Measured) -> float | None:
        """Progress does not tell who could take an open seat, so the plan itself is asked for: by
        a run that is stopped when the gap, to the bound that is proven in the end, is first small
        enough, then by longer ones until one counts. The time is when that plan was found."""
        if found.verdict is None or found.bound is None:
            return None
        enough = found.bound + FIRST_GAP * found.verdict.stake
        limit = next((point.seconds for point in found.points if point.cost <= enough), None)
        problem, path = self.problem(case), self._plan(f"{OURS}-first", case)
        while limit is not None and limit <= case.shape.seconds:
            seen = watch(solve_command(problem, path, limit), limit)
            plan = loads(Plan, path.read_bytes())
            if judge(self._loaded(case), plan).is_first(plan.bound):
                return next((p.seconds for p in seen.points if p.cost == plan.cost), limit)
            limit = max(limit * LONGER, 0.1)
        return None


def _measured(kept: dict[str, Any]) -> Measured:
    verdict, points = kept["verdict"], kept["points"]
    return Measured(
        **{
            **kept,
            "verdict": None if verdict is None else Verdict(**verdict),
            "points": tuple(Point(**point) for point in points),
        }
    )


def summary(found: Measured) -> str:
    """One line for whoever waits."""
    if found.verdict is None:
        return f"{found.case:36} {found.solver:12} no plan: {found.said}"
    own, gap = found.verdict, found.verdict.gap(found.bound)
    return (
        f"{found.case:36} {found.solver:12} cost {own.cost:>12,}  gap {share(gap):>8}  "
        f"hard {own.hard}  unplaced {own.unplaced} ({own.open_seats} with a seat open)  "
        f"first {seconds(found.first):>6}  whole {found.whole:.1f} s  "
        f"peak {found.peak / 2**20:,.0f} MiB"
    )


def share(value: float | None) -> str:
    """A share as a percentage; a dash where it is not known."""
    return "-" if value is None else f"{value:.2%}"


def seconds(value: float | None) -> str:
    """Seconds; a dash where there are none."""
    return "-" if value is None else f"{value:.1f} s"
