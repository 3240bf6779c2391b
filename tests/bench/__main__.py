"""`make bench` and `make bench FULL=1`: measures our solver, and prints the tables.

python -m tests.bench                          one seed, the smaller families
python -m tests.bench --full                   everything; hours
python -m tests.bench families --only lab      one family, one seed
python -m tests.bench itc --time 600 --only comp-2007-2-1
python -m tests.bench ... --keep FOLDER        problems, plans and measurements stay there, and
                                               a run that was broken off goes on from them
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.bench.cases import GROWTH, Case, full_cases, growth_cases, quick_cases
from tests.bench.measuring import Bench
from tests.bench.outside import divisions, timetables
from tests.bench.peers import PEERS

PARTS = ("families", "itc", "choice")
QUICK_INSTANCES = ("comp-2007-2-1", "comp-2007-2-17")
QUICK_SECONDS, FULL_SECONDS = 60.0, 600.0
QUICK_CHOICE_SECONDS, CHOICE_SECONDS = 20.0, 120.0


def main() -> None:
    """Reads the command line and measures what it asks for."""
    asked = _arguments()
    with tempfile.TemporaryDirectory() as temporary:
        folder = asked.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for part in asked.parts or PARTS:
            if part == "families":
                _measure_families(folder, asked)
            elif part == "itc":
                _measure_itc(folder, asked)
            elif part == "choice":
                limit = asked.time or (CHOICE_SECONDS if asked.full else QUICK_CHOICE_SECONDS)
                list(divisions(folder, limit, _say))


def _arguments() -> argparse.Namespace:
    whole = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("python -m tests.bench", None, __doc__, formatter_class=whole)
    parser.add_argument("parts", nargs="*", help=f"of {', '.join(PARTS)}; all when none is named")
    parser.add_argument("--full", action="store_true", help="every family, five seeds: hours")
    parser.add_argument("--only", nargs="*", default=[], help="families or instances by name")
    parser.add_argument("--peers", nargs="*", help=f"of {', '.join(PEERS)}; all when not said")
    parser.add_argument("--time", type=float, help="seconds for each outside instance")
    parser.add_argument("--keep", type=Path, help="a folder in which everything stays")
    asked = parser.parse_args()
    for part in asked.parts:
        if part not in PARTS:
            parser.error(f"{part}: there is no such part; choose from {', '.join(PARTS)}")
    return asked


def _measure_families(folder: Path, asked: argparse.Namespace) -> None:
    cases = [*full_cases(), *growth_cases()] if asked.full or asked.only else quick_cases()
    bench = Bench(folder, _say)
    for case in cases:
        if _is_asked(case, asked):
            bench.ours(case)
            for peer in _peers(case, asked):
                bench.peer(peer, case)


def _peers(case: Case, asked: argparse.Namespace) -> tuple[str, ...]:
    """Those who get the same day and time: all, but ours alone where only its growth is asked."""
    if asked.peers is not None:
        return tuple(asked.peers)
    return () if case.shape in GROWTH else PEERS


def _is_asked(case: Case, asked: argparse.Namespace) -> bool:
    """With --only, one seed of what it names unless everything is asked for."""
    if not asked.only:
        return True
    named = any(case.name.startswith(f"{name}-") for name in asked.only)
    return named and (asked.full or case.seed == 0)


def _measure_itc(folder: Path, asked: argparse.Namespace) -> None:
    only = tuple(asked.only) or (() if asked.full else QUICK_INSTANCES)
    limit = asked.time or (FULL_SECONDS if asked.full else QUICK_SECONDS)
    list(timetables(folder, limit, _say, only))


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()
