"""Runs the problems nobody here wrote, where their files are found."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from schemas.base import dumps, loads
from schemas.plan import Plan
from tests.bench import itc2007
from tests.bench.watching import solve_command, watch

INSTANCES = Path(os.environ.get("FLEXDAY_DATA", "../shared/data")) / "instances"
"""Data of others, never part of the project: FLEXDAY_DATA names the folder."""


@dataclass(frozen=True)
class Timetabled:
    """One instance of ITC-2007 track 2."""

    instance: str
    verdict: itc2007.Verdict | None
    """None when there was no plan."""
    seconds: float
    """From the start of the process to its end."""
    peak: int
    """Bytes, of the whole process tree."""


def timetables(
    folder: Path, limit: float, tell: Callable[[str], None], only: tuple[str, ...] = ()
) -> Iterator[Timetabled]:
    """Each instance found, solved by plain `flexday solve` within `limit` seconds."""
    files = sorted((INSTANCES / "itc2007-track2").glob("*.tim*"), key=lambda f: (len(f.name), f))
    if not files:
        tell(f"NOT MEASURED: ITC-2007: no instances in {INSTANCES / 'itc2007-track2'}")
    for file in files:
        name = file.name.split(".")[0]
        if only and name not in only:
            continue
        found = _timetabled(file, name, folder, limit)
        tell(f"{name:36} {found.verdict}  {found.seconds:.1f} s  {found.peak / 2**20:,.0f} MiB")
        yield found


def _timetabled(file: Path, name: str, folder: Path, limit: float) -> Timetabled:
    instance = itc2007.load(file)
    problem, path = folder / f"{name}.problem.json", folder / f"{name}.plan.json"
    problem.write_text(dumps(itc2007.pose(instance, name)), encoding="utf-8")
    path.unlink(missing_ok=True)
    seen = watch(solve_command(problem, path, limit), limit)
    verdict = None
    if path.exists():
        plan = loads(Plan, path.read_bytes())
        verdict = itc2007.judge(instance, itc2007.timetable(instance, plan))
    return Timetabled(name, verdict, seen.seconds, seen.peak)
