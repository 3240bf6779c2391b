"""The work behind `flexday solve`: a problem file in, a plan file out, progress on the way."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from multiprocessing import get_context
from pathlib import Path

import typer

from schemas.base import dumps
from schemas.plan import Contradiction, Plan
from schemas.problem import Problem
from services.cli import leaving
from services.cli.files import read, refuse
from solver.facts import Facts
from solver.openings import Openings
from solver.solve import Limits, Progress, solve

CONTRADICTION = 3
"""Exit status when locks can't hold together."""

DEFAULT_SECONDS = 60.0


def find(
    problem: Path, out: Path, seconds: float | None, work: float | None, seed: int, workers: int
) -> None:
    """Solves the problem of one file and writes the plan, or the contradiction, to the other."""
    question = read(Problem, problem)
    if seconds is None and work is None:
        seconds = DEFAULT_SECONDS
    limits = Limits(time=seconds, work=work, seed=seed, workers=workers)
    told = ProgressLine()
    spawned = get_context("spawn")
    with ProcessPoolExecutor(workers, spawned) if workers > 1 else nullcontext() as pool:
        try:
            answer = solve(question, limits, clock=time.monotonic, pool=pool, progress=told.tell)
        except ValueError as error:
            refuse(f"{problem}: {error}")
    told.end()
    try:
        out.write_text(dumps(answer), encoding="utf-8", newline="\n")
    except OSError as error:
        refuse(f"{out}: {error.strerror}; name a file that can be written")
    if isinstance(answer, Contradiction):
        named = ", ".join(answer.locks)
        typer.echo(f"no plan: these locks can't hold together: {named}", err=True)
        raise typer.Exit(CONTRADICTION)
    typer.echo(_summary(answer), err=True)
    if answer.unplaced:
        typer.echo(leaving.told(Openings.of(Facts(question)), answer), err=True)


def _summary(plan: Plan) -> str:
    hard = sum(f.kind == "hard" and f.covered_by is None for f in plan.findings)
    return (
        f"{len(plan.sessions):,} sessions, {len(plan.placements):,} placements, "
        f"{len(plan.unplaced):,} unplaced, {hard} hard findings, cost {plan.cost:,}"
    )


class ProgressLine:
    """One line on standard error, rewritten on a terminal and repeated elsewhere."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._shown = False

    def tell(self, progress: Progress) -> None:
        """Shows how far the search has come."""
        bound = "none" if progress.bound is None else f"{progress.bound:,}"
        gap = "unknown" if progress.gap is None else f"{progress.gap:.2%}"
        elapsed = time.monotonic() - self._began
        line = f"cost {progress.cost:,}  bound {bound}  gap {gap}  {elapsed:.1f} s"
        rewrite = sys.stderr.isatty()
        typer.echo(f"\r{line}" if rewrite else line, err=True, nl=not rewrite)
        self._shown = rewrite

    def end(self) -> None:
        """Leaves the line standing."""
        if self._shown:
            typer.echo("", err=True)
