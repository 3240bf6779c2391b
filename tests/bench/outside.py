"""Runs the problems nobody here wrote, where their files are found."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from schemas.base import dumps, loads
from schemas.plan import Plan
from tests.bench import course_choice, itc2007
from tests.bench.fair import ALGORITHMS
from tests.bench.watching import solve_command, watch

INSTANCES = Path(os.environ.get("FLEXDAY_DATA", "../shared/data")) / "instances"
"""Data of others, never part of the project: FLEXDAY_DATA names the folder."""

START = 10.0
"""Seconds a process may take to start, beyond its limit."""


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


@dataclass(frozen=True)
class Divided:
    """The course survey, divided in one way."""

    way: str
    welfare: course_choice.Welfare | None
    """None when there was no answer in time."""
    seconds: float
    """Of the algorithm alone; for ours, from the start of its process to its end."""


def divisions(folder: Path, limit: float, tell: Callable[[str], None]) -> Iterator[Divided]:
    """The course survey by plain `flexday solve`, and by each algorithm of `fairpyx`."""
    survey_folder = INSTANCES / "course-choice"
    if not survey_folder.is_dir():
        return
    survey = course_choice.load(survey_folder)
    ways = ["optimum", *ALGORITHMS]
    if find_spec("fairpyx") is None:
        ways = ["optimum"]
    measures = [partial(_divided_by_us, survey, folder, limit)]
    measures += [partial(_divided, survey, way, survey_folder, folder, limit) for way in ways]
    for measure in measures:
        found = measure()
        tell(f"{found.way:36} {found.seconds:.1f} s  {found.welfare}")
        yield found


def _divided_by_us(survey: course_choice.Survey, folder: Path, limit: float) -> Divided:
    problem, path = folder / "course-choice.problem.json", folder / "course-choice.plan.json"
    problem.write_text(dumps(course_choice.pose(survey)), encoding="utf-8")
    path.unlink(missing_ok=True)
    seen = watch(solve_command(problem, path, limit), limit)
    if not path.exists():
        return Divided("flexday", None, seen.seconds)
    got = course_choice.allocation(loads(Plan, path.read_bytes()))
    return Divided("flexday", course_choice.judge(survey, got), seen.seconds)


def _divided(
    survey: course_choice.Survey, way: str, survey_folder: Path, folder: Path, limit: float
) -> Divided:
    path = folder / f"course-choice.{way}.json"
    path.unlink(missing_ok=True)
    command = [sys.executable, "-m", "tests.bench.fair", way, str(survey_folder)]
    seen = watch([*command, "--out", str(path)], limit, patience=START)
    if not path.exists():
        return Divided(way, None, seen.seconds)
    answer = json.loads(path.read_text(encoding="utf-8"))
    welfare = course_choice.judge(survey, answer["allocation"])
    return Divided(way, welfare, answer["seconds"])
