"""Writes what was measured as tables: on the terminal, and in docs/bench.md after a full run."""

from __future__ import annotations

import platform
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from itertools import groupby
from pathlib import Path
from statistics import median

import numpy as np
import psutil

from tests.bench.cases import GROWTH, SHAPES, TIGHT, Case, Shape
from tests.bench.measuring import OURS, Measured, seconds, share
from tests.bench.outside import Divided, Timetabled

PACKAGES = ("flexday", "highspy", "ortools", "timefold", "fairpyx", "numpy")

LEVELS = (0.01, 0.02, 0.03, 0.05, 0.10, 0.20)
"""Gaps at which the growth of time is read: the first that every size reaches."""


@dataclass
class Results:
    """Everything measured in one run."""

    families: list[tuple[Case, Measured]] = field(default_factory=list)
    timetables: list[Timetabled] = field(default_factory=list)
    divisions: list[Divided] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    """What could not be measured, and why."""


def written(results: Results, command: str) -> str:
    """All tables, as Markdown."""
    parts = [
        "# Measurements",
        _origin(command),
        *(f"**Not measured:** {why}" for why in results.missing),
        *_families(results.families),
        *_peers(results.families),
        *_growth(results.families),
        *_timetables(results.timetables),
        *_divisions(results.divisions),
    ]
    return "\n\n".join(parts) + "\n"


def _origin(command: str) -> str:
    memory = psutil.virtual_memory().total / 2**30
    versions = []
    for package in PACKAGES:
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            versions.append(f"{package} not installed")
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, by `{command}`, on {_processor()} "
        f"({psutil.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}), "
        f"Python {platform.python_version()}, {', '.join(versions)}. Two workers or threads for "
        "everybody. Seconds count from when the problem has been read; memory is the resident "
        "memory of the whole process tree at its peak."
    )


def _processor() -> str:
    listed = Path("/proc/cpuinfo")
    if listed.exists():
        for line in listed.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


# --- invented days --------------------------------------------------------------------------------


def _families(measured: Sequence[tuple[Case, Measured]]) -> list[str]:
    rows = []
    for (tight, shape), found in _by_shape(measured, OURS):
        gaps = ", ".join(
            f"{share(_median(m.gap_at(at) for m in found))} in {at} s" for at in shape.read_at
        )
        usual = _median(
            None if m.verdict is None or m.bound is None else 1 - m.bound / m.verdict.cost
            for m in found
        )
        rows.append(
            [
                shape.title,
                f"{tight:g}",
                str(len(found)),
                _first(found),
                gaps,
                share(usual),
                f"{median(m.peak for m in found) / 2**20:,.0f} MiB",
                str(sum(m.verdict.hard for m in found if m.verdict)),
                _unplaced(found),
            ]
        )
    head = [
        "family", "tight", "seeds", "first plan", "gap", "(cost - bound) / cost", "peak memory",
        "hard findings", "unplaced",
    ]  # fmt: skip
    return ["## Invented days", FAMILIES_NOTE, _table(head, rows)] if rows else []


FAMILIES_NOTE = (
    "Medians over seeds. The gap is (cost - bound) / stake. A first plan counts only at a gap of "
    "at most 10 %, to the bound that is proven in the end, with no student unplaced who could take "
    "an open seat; where only some seeds had one, it says how many. Unplaced: student-blocks of "
    "all seeds, in brackets those that could take a seat."
)


def _first(found: Sequence[Measured]) -> str:
    times = [m.first for m in found if m.first is not None]
    if len(times) == len(found):
        return seconds(median(times))
    return f"{seconds(median(times))} ({len(times)} of {len(found)})" if times else "none"


def _unplaced(found: Sequence[Measured]) -> str:
    verdicts = [m.verdict for m in found if m.verdict]
    left, open_seats = sum(v.unplaced for v in verdicts), sum(v.open_seats for v in verdicts)
    return f"{left} ({open_seats})"


def _peers(measured: Sequence[tuple[Case, Measured]]) -> list[str]:
    ours = {case.name: found for case, found in measured if found.solver == OURS}
    solvers = list(dict.fromkeys(found.solver for _, found in measured))
    rows = []
    for solver in solvers:
        for (tight, shape), found in _by_shape(measured, solver):
            if shape in GROWTH:
                continue
            best = [ours[m.case] for m in found if m.case in ours]
            planned = [m for m in found if m.verdict]
            verdicts = [m.verdict for m in found if m.verdict]
            rows.append(
                [
                    shape.title,
                    f"{tight:g}",
                    solver,
                    f"{len(planned)} of {len(found)}",
                    f"{median(v.cost for v in verdicts):,.0f}" if verdicts else "-",
                    share(_median(_gap_by_ours(m, ours) for m in planned)),
                    str(sum(v.hard for v in verdicts)),
                    _unplaced(planned),
                    f"{median(m.whole for m in found):,.1f} s",
                    f"{median(m.peak for m in found) / 2**20:,.0f} MiB",
                    "" if solver == OURS else f"{_cheaper(found, best)} of {len(found)}",
                ]
            )
    if len(solvers) < 2:
        return []
    order = {shape.title: at for at, shape in enumerate(SHAPES)}
    rows.sort(key=lambda row: (row[1], order.get(row[0], len(order)), solvers.index(row[2])))
    head = [
        "family", "tight", "by", "plans", "cost", "gap", "hard findings", "unplaced", "whole run",
        "peak memory", "cheaper than ours",
    ]  # fmt: skip
    return ["## Beside what a school would use instead", PEERS_NOTE, _table(head, rows)]


PEERS_NOTE = (
    "Same days, same time, every plan judged by `solver.score`; medians over seeds. The gap is to "
    "the bound that flexday proved on the day. `sign-up` is first come, first served; `greedy` "
    "opens and seats by what saves most; `cp-sat` and `highs` are the whole day in one model (see "
    "tests/bench/peers); a whole run includes loading, and for the two models the making of plans "
    "out of solutions after the time is up. `timefold` starts from the greedy plan; its Python "
    "constraints are compiled to Java, by its makers' word at about a quarter of Java's speed, and "
    "the compiling is not counted in its time. Costs of plans with hard findings are "
    "not comparable: a lawful plan may not cost as little."
)


def _gap_by_ours(found: Measured, ours: dict[str, Measured]) -> float | None:
    bound = ours[found.case].bound if found.case in ours else None
    return None if found.verdict is None else found.verdict.gap(bound)


def _cheaper(found: Sequence[Measured], ours: Sequence[Measured]) -> int:
    """On how many days a lawful plan of the peer's costs less than ours."""
    own = {m.case: m.verdict.cost for m in ours if m.verdict}
    verdicts = [(m.case, m.verdict) for m in found if m.verdict]
    return sum(not v.hard and v.cost < own.get(case, 0) for case, v in verdicts)


def _growth(measured: Sequence[tuple[Case, Measured]]) -> list[str]:
    sizes: dict[int, list[Measured]] = defaultdict(list)
    for case, found in measured:
        if case.shape.family == "flex6" and case.tight == TIGHT and found.solver == OURS:
            sizes[case.shape.students].append(found)
    fitted = exponent(dict(sorted(sizes.items())))
    if fitted is None:
        return []
    level, times, power = fitted
    head = ["students", f"seconds to a gap of {level:.0%}"]
    rows = [[f"{size:,}", f"{time:.1f}"] for size, time in times.items()]
    text = f"flex6 at tight {TIGHT:g}, medians: time grows with students to the power {power:.2f}."
    return ["## How time grows", text, _table(head, rows)]


def exponent(
    sizes: dict[int, list[Measured]],
) -> tuple[float, dict[int, float], float] | None:
    """The smallest gap that every size reaches, the median seconds to it by size, and the power of
    the number of students that fits them best; None for fewer than three sizes."""
    if len(sizes) < 3:
        return None
    for level in LEVELS:
        times = {size: _median(_time_to(m, level) for m in found) for size, found in sizes.items()}
        known = {size: max(time, 0.1) for size, time in times.items() if time is not None}
        if len(known) == len(sizes):
            students, taken = np.log(list(known)), np.log(list(known.values()))
            return level, known, float(np.polyfit(students, taken, 1)[0])
    return None


def _time_to(found: Measured, level: float) -> float | None:
    for point in found.points:
        gap = found.gap_at(point.seconds)
        if gap is not None and gap <= level:
            return point.seconds
    return None


# --- outside problems -----------------------------------------------------------------------------


def _timetables(found: Sequence[Timetabled]) -> list[str]:
    head = ["instance", "distance to feasibility", "events left out", "hard constraints broken",
            "whole run", "peak memory"]  # fmt: skip
    rows = [
        [t.instance, *_numbers(t), f"{t.seconds:.1f} s", f"{t.peak / 2**20:,.0f} MiB"]
        for t in found
    ]
    note = (
        "Post-enrolment timetabling, as days of 45 blocks (tests/bench/itc2007.py), by plain "
        "`flexday solve`, judged by the competition's own yardstick."
    )
    return ["## ITC-2007, track 2", note, _table(head, rows)] if rows else []


def _numbers(found: Timetabled) -> list[str]:
    verdict = found.verdict
    if verdict is None:
        return ["no plan", "-", "-"]
    return [f"{verdict.distance:,}", str(verdict.unplaced), str(verdict.broken)]


def _divisions(found: Sequence[Divided]) -> list[str]:
    head = ["by", "total", "worst-off", "mean", "envy", "empty-handed", "promises broken",
            "time"]  # fmt: skip
    rows = []
    for division in found:
        w = division.welfare
        cells = ["no answer", "-", "-", "-", "-", "-"]
        if w is not None:
            cells = [f"{w.total:,}", share(w.worst), share(w.mean), f"{w.envy:.2f}",
                     str(w.empty_handed), str(w.broken)]  # fmt: skip
        rows.append([division.way, *cells, f"{division.seconds:.1f} s"])
    dominating = ", ".join(dominators(found)) or "none"
    note = (
        "676 students' wishes for 96 sections (tests/bench/course_choice.py). Total in marks of 2 "
        "to 8; worst-off and mean as shares of what a student's dearest wishes are worth; envy in "
        "marks. `optimum` is the largest total there is. Ways that break promises don't count. "
        f"As good as flexday in total and worst-off and better in one: "
        f"{dominating}."
    )
    return ["## Course choice", note, _table(head, rows)] if rows else []


def dominators(found: Sequence[Divided]) -> list[str]:
    """The algorithms that are nowhere worse than flexday in total and worst-off, and better in
    one, without breaking a promise."""
    ours = next((d.welfare for d in found if d.way == OURS), None)
    if ours is None:
        return []
    return [
        d.way
        for d in found
        if d.welfare is not None
        and d.way not in (OURS, "optimum")
        and not d.welfare.broken
        and d.welfare.total >= ours.total
        and d.welfare.worst >= ours.worst
        and (d.welfare.total, d.welfare.worst) != (ours.total, ours.worst)
    ]


# --- tables ---------------------------------------------------------------------------------------


def _by_shape(
    measured: Sequence[tuple[Case, Measured]], solver: str
) -> list[tuple[tuple[float, Shape], list[Measured]]]:
    """What one solver did, by tightness and shape, in the order in which it was measured."""
    chosen = [(case, found) for case, found in measured if found.solver == solver]
    return [
        (key, [found for _, found in group])
        for key, group in groupby(chosen, key=lambda pair: (pair[0].tight, pair[0].shape))
    ]


def _median(values: Iterable[float | None]) -> float | None:
    """None where any is."""
    listed = list(values)
    known = [value for value in listed if value is not None]
    return median(known) if known and len(known) == len(listed) else None


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
