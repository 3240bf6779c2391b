"""A district on paper: how long days of several sizes take, and an evening of claims played out.

python -m tests.bench.district                 simulate with the measured times below
python -m tests.bench.district --measure       measure them anew on this machine first
"""

from __future__ import annotations

import argparse
import heapq
import random
import resource
import time
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from services.child import Job
from services.day_settings import DaySettings
from services.examples import example
from services.solving import Bounds, solve_in_child

SCHOOLS, STUDENTS = 169, 112_000
HOUR = 3600.0
SMALLEST, LARGEST = 120, 3000

MEASURED: Mapping[str, Mapping[int, float]] = {
    "win": {850: 25.8},
    "flex6": {300: 21.5, 600: 25.7, 1200: 22.7},
}
"""Processor seconds of a run as schools set it (20 units of work, one core), by shape of day and
students; measured with --measure."""

CLAIM_SECONDS = 1.0
"""The longest that a planner waits before it looks again."""
OVERHEAD_SECONDS = 3.0
"""Reading the records, starting the child and filing the draft, for a school of any size."""
LOOK_SECONDS = 0.015
"""Of a planner's processor, a look at one school's appointments."""
LOOKS_EVERY = 10.0
REPEATED = 0.02
"""Share of runs that are begun again: their planner was stopped or killed halfway."""
DOLLARS_PER_CORE_HOUR = 0.05
"""A core with 4 GB in a public cloud, rented by the hour: an assumption, not a quotation."""


@dataclass(frozen=True)
class School:
    """A school of the district and the processor seconds that its day takes."""

    id: int
    students: int
    seconds: float


@dataclass(frozen=True)
class Evening:
    """What became of all runs that were queued at the cut-off; times in seconds from then."""

    last: float
    median: float
    within_hour: int
    worked: float


def district(shape: str, seed: int, times: int = 1) -> list[School]:
    """Schools as they come, many small and few large, exactly as many students as there are."""
    chance = random.Random(seed)
    drawn = [
        min(LARGEST, max(SMALLEST, chance.lognormvariate(6.3, 0.55)))
        for _ in range(SCHOOLS * times)
    ]
    share = STUDENTS * times / sum(drawn)
    sizes = [round(each * share) for each in drawn]
    sizes[0] += STUDENTS * times - sum(sizes)
    return [School(n, size, seconds_of(shape, size)) for n, size in enumerate(sizes)]


def seconds_of(shape: str, students: int) -> float:
    """Between measured sizes on a straight line; beyond them, in proportion."""
    points = sorted(MEASURED[shape].items())
    sizes = [size for size, _ in points]
    if students >= sizes[-1]:
        return points[-1][1] * students / sizes[-1]
    at = bisect_left(sizes, students)
    if at == 0:
        return points[0][1]
    (low, less), (high, more) = points[at - 1], points[at]
    return less + (more - less) * (students - low) / (high - low)


def evening(schools: Sequence[School], planners: int, seed: int) -> Evening:
    """Plays the claims: whenever a planner is free it takes the next run that waits."""
    chance = random.Random(seed)
    free = [chance.uniform(0, CLAIM_SECONDS) for _ in range(planners)]
    heapq.heapify(free)
    ended, worked = [], 0.0
    for school in chance.sample(list(schools), len(schools)):
        began = heapq.heappop(free)
        taken = OVERHEAD_SECONDS + school.seconds * chance.uniform(0.9, 1.2)
        if chance.random() < REPEATED:
            taken += 60.0 + taken * chance.random()  # the lease runs out before another takes it
        heapq.heappush(free, began + taken)
        ended.append(began + taken)
        worked += taken
    ended.sort()
    within = sum(each <= HOUR for each in ended)
    return Evening(ended[-1], ended[len(ended) // 2], within, worked)


def planners_needed(schools: Sequence[School], limit: float = HOUR, seeds: int = 20) -> int:
    """The fewest planners with which, on every one of many evenings, all are done in time."""

    def enough(planners: int) -> bool:
        return all(evening(schools, planners, seed).last <= limit for seed in range(seeds))

    return _first(enough, most=len(schools))


def _first(enough: Callable[[int], bool], most: int) -> int:
    low, high = 1, most
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return low


def measure(shape: str, students: int) -> float:
    """Processor seconds of one run of an invented day, as schools set it."""
    settings = DaySettings()
    job = Job(problem=example(shape, students, 0, 0.5), work=settings.work, workers=1)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began = time.monotonic()
    solve_in_child(job, Bounds(seconds=1800), lambda progress: True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    taken = (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)
    told = f"{taken:.1f} s of processor, {time.monotonic() - began:.1f} s by the wall"
    print(f"  {shape} {students}: {told}; {after.ru_maxrss // 1024} MB at most so far", flush=True)
    return taken


def report(shape: str, times: int = 1) -> None:
    """Prints what an evening takes."""
    schools = district(shape, seed=0, times=times)
    needed = planners_needed(schools)
    played = [evening(schools, needed, seed) for seed in range(20)]
    work = sum(each.worked for each in played) / len(played)
    slowest = max(schools, key=lambda each: each.seconds)
    print(f"\n{shape}: {len(schools)} schools, {sum(s.students for s in schools):,} students")
    print(f"  planners for all plans within an hour: {needed}")
    print(f"  the last plan after {max(each.last for each in played) / 60:.1f} min at worst of 20")
    print(f"  half of all plans after {played[0].median / 60:.1f} min")
    print(f"  {work / HOUR:.2f} core-hours an evening")
    print(f"  slowest school: {slowest.students:,} students, {slowest.seconds:.0f} s")
    print(f"  rented for the hour: ${needed * DOLLARS_PER_CORE_HOUR:.2f} an evening")
    print(f"  with one planner: {evening(schools, 1, 0).last / HOUR:.1f} h")
    looks = len(schools) * LOOK_SECONDS / LOOKS_EVERY
    print(f"  looking at appointments, shared by all planners: {looks:.2f} cores")


def main() -> None:
    """Reads the command line."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    asked.add_argument("--measure", action="store_true")
    asked.add_argument("--times", type=int, default=1, help="a district so many times as large")
    options = asked.parse_args()
    if options.measure:
        global MEASURED
        MEASURED = {
            shape: {size: measure(shape, size) for size in sizes}
            for shape, sizes in MEASURED.items()
        }
        print(MEASURED)
    for shape in MEASURED:
        report(shape, options.times)


if __name__ == "__main__":
    main()
