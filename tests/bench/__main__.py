"""`make bench` and `make bench FULL=1`: measures our solver, and prints the tables.

python -m tests.bench                          one seed, the smaller families
python -m tests.bench --full [--seeds 3]       everything; hours; writes docs/bench.md and .svg
python -m tests.bench families --only lab      one family, one seed
python -m tests.bench itc --time 600 --only comp-2007-2-1
python -m tests.bench ... --write              docs/bench.md and .svg get what was measured
python -m tests.bench ... --keep FOLDER        problems, plans and measurements stay there, and
                                               a run that was broken off goes on from them
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from tests.bench.cases import (
    GROWTH,
    SEEDS,
    TIGHT,
    TIGHTER,
    Case,
    full_cases,
    growth_cases,
    quick_cases,
)
from tests.bench.drawing import picture
from tests.bench.measuring import Bench, Measured
from tests.bench.outside import INSTANCES, divisions, timetables
from tests.bench.peers import PEERS, lacking
from tests.bench.report import Results, written

DOCS = Path(__file__).parents[2] / "docs"
PARTS = ("families", "itc", "choice")
QUICK_INSTANCES = ("comp-2007-2-1", "comp-2007-2-17")
QUICK_SECONDS, FULL_SECONDS = 60.0, 600.0
QUICK_CHOICE_SECONDS, CHOICE_SECONDS = 20.0, 120.0


def main() -> None:
    """Reads the command line, measures what it asks for, and prints the tables."""
    asked = _arguments()
    results = Results()
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for part in asked.parts or PARTS:
            MEASURES[part](folder, asked, results)
    tables = written(results, f"python -m tests.bench {' '.join(sys.argv[1:])}".strip())
    print("\n" + tables)
    if asked.write or _is_whole(asked):
        DOCS.mkdir(exist_ok=True)
        (DOCS / "bench.md").write_text(f"{tables}\n![cost against time](bench.svg)\n")
        (DOCS / "bench.svg").write_text(picture(_first_days(results)))
        print(f"written: {DOCS / 'bench.md'}, {DOCS / 'bench.svg'}")


def _is_whole(asked: argparse.Namespace) -> bool:
    return asked.full and not (asked.parts or asked.only or asked.tight)


def _first_days(results: Results) -> list[tuple[Case, list[Measured]]]:
    """Every solver's run on the first seed of each family, as real schools are."""
    days: dict[Case, list[Measured]] = {}
    for case, found in results.families:
        if case.seed == 0 and case.tight == TIGHT and case.shape not in GROWTH:
            days.setdefault(case, []).append(found)
    return list(days.items())


def _arguments() -> argparse.Namespace:
    whole = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("python -m tests.bench", None, __doc__, formatter_class=whole)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; all when none is named")
    parser.add_argument("--full", action="store_true", help="every family, five seeds: hours")
    parser.add_argument("--only", nargs="*", default=[], help="families or instances by name")
    parser.add_argument("--peers", nargs="*", help=f"of {', '.join(PEERS)}; all when not said")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="how many in a full run")
    parser.add_argument("--tight", type=float, choices=(TIGHT, TIGHTER), help="both when not said")
    parser.add_argument("--write", action="store_true", help="writes the tables to docs")
    parser.add_argument("--time", type=float, help="seconds for each outside instance")
    parser.add_argument("--keep", type=Path, help="a folder in which everything stays")
    asked = parser.parse_args()
    for part in asked.parts:
        if part not in PARTS:
            parser.error(f"{part}: there is no such part; choose from {', '.join(PARTS)}")
    return asked


def _measure_families(folder: Path, asked: argparse.Namespace, results: Results) -> None:
    cases = quick_cases()
    if asked.full or asked.only:
        cases = [*full_cases(asked.seeds), *growth_cases(asked.seeds)]
    bench = Bench(folder, _say)
    for peer in PEERS:
        if lacking(peer):
            _miss(results, lacking(peer))
    for case in cases:
        if _is_asked(case, asked):
            results.families.append((case, bench.ours(case)))
            for peer in _peers(case, asked):
                results.families.append((case, bench.peer(peer, case)))


def _peers(case: Case, asked: argparse.Namespace) -> tuple[str, ...]:
    """Those who get the same day and time: all of them, but ours alone where only its growth is
    asked, and one seed of the fuller days."""
    alone = case.shape in GROWTH or (case.tight != TIGHT and case.seed > 0)
    named = () if alone else PEERS
    if asked.peers is not None:
        named = tuple(asked.peers)
    return tuple(peer for peer in named if not lacking(peer))


def _is_asked(case: Case, asked: argparse.Namespace) -> bool:
    """With --only, one seed of what it names unless everything is asked for."""
    if asked.tight not in (None, case.tight):
        return False
    if not asked.only:
        return True
    named = any(case.name.startswith(f"{name}-") for name in asked.only)
    return named and (asked.full or case.seed == 0)


def _measure_itc(folder: Path, asked: argparse.Namespace, results: Results) -> None:
    named = tuple(name for name in asked.only if name.startswith("comp-"))
    only = named or (() if asked.full else QUICK_INSTANCES)
    limit = asked.time or (FULL_SECONDS if asked.full else QUICK_SECONDS)
    results.timetables += timetables(folder, limit, _say, only)
    if not results.timetables:
        _miss(results, f"ITC-2007: no instances in {INSTANCES / 'itc2007-track2'}")


def _measure_choice(folder: Path, asked: argparse.Namespace, results: Results) -> None:
    limit = asked.time or (CHOICE_SECONDS if asked.full else QUICK_CHOICE_SECONDS)
    results.divisions += divisions(folder, limit, _say)
    if not results.divisions:
        _miss(results, f"course choice: no survey in {INSTANCES / 'course-choice'}")
    elif find_spec("fairpyx") is None:
        _miss(results, "course choice beside fairpyx: the package is not installed")


MEASURES = {"families": _measure_families, "itc": _measure_itc, "choice": _measure_choice}


def _miss(results: Results, why: str) -> None:
    results.missing.append(why)
    _say(f"NOT MEASURED: {why}")


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()
