"""How far a unit of work and a second of one core lie apart, family by family.

python -m tests.bench.units            each family for 20 units, on one core
python -m tests.bench.units --work 60
"""

from __future__ import annotations

import argparse
import time

from services.examples import example
from solver.effort import Limits
from solver.solve import Progress, solve

SCHOOLS = {"lab": 150, "win": 850, "flex6": 300, "mods": 400, "xl": 400}


def main() -> None:
    """Prints core seconds per unit of work for a school of every family."""
    parser = argparse.ArgumentParser("python -m tests.bench.units", description=__doc__)
    parser.add_argument("--work", type=float, default=20.0)
    asked = parser.parse_args()
    print("| family | students | units | core seconds | core seconds per unit |")
    print("|---|---|---|---|---|")
    for family, students in SCHOOLS.items():
        units, seconds = _measured(family, students, asked.work)
        print(f"| {family} | {students} | {units:.1f} | {seconds:.1f} | {seconds / units:.2f} |")


def _measured(family: str, students: int, work: float) -> tuple[float, float]:
    """The units counted, and the core seconds they took."""
    problem = example(family, students=students, seed=0)
    began = time.process_time()
    seen = [(0.0, 0.0)]

    def note(progress: Progress) -> None:
        seen.append((progress.work_done, time.process_time() - began))

    solve(problem, Limits(work=work), progress=note)
    return seen[-1]


if __name__ == "__main__":
    main()
