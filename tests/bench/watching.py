"""Runs a command as a fresh process and watches it from outside: progress, time, memory."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psutil

EVERY = 0.1
"""Seconds between two looks at the memory of the process and all its children."""

PATIENCE = 180.0
"""Seconds beyond its limit after which a process is ended: loading, and work already begun."""

LINE = re.compile(
    r"cost (?P<cost>-?[\d,]+)  bound (?P<bound>none|-?[\d,]+)  gap \S+  (?P<seconds>[\d.]+) s"
)
"""The line `flexday solve` prints whenever it has found a better plan; every peer prints it too."""


@dataclass(frozen=True)
class Point:
    """A line of progress: the clock starts when the problem has been read."""

    seconds: float
    cost: int
    bound: int | None


@dataclass(frozen=True)
class Watched:
    """What was seen of one process."""

    status: int | None
    """Exit status; None when it had to be ended."""
    seconds: float
    """From its start to its end."""
    peak: int
    """Bytes: resident memory of the whole tree, pages that are shared counted for each."""
    points: tuple[Point, ...]
    last_words: str
    """The last line it wrote to standard error."""


def watch(command: list[str], limit: float, patience: float = PATIENCE) -> Watched:
    """Runs a command to its end, or ends it when it is `patience` seconds over its limit."""
    began = time.monotonic()
    child = psutil.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    lines: list[str] = []
    reader = threading.Thread(target=_read, args=(child.stderr, lines), daemon=True)
    reader.start()
    peak, status = 0, None
    while time.monotonic() - began < limit + patience:
        peak = max(peak, _resident(child))
        with suppress(psutil.TimeoutExpired):
            status = child.wait(timeout=EVERY)
            break
    else:
        _end(child)
    seconds = time.monotonic() - began
    reader.join(timeout=5)
    last_words = lines[-1] if lines else ""
    return Watched(status, seconds, peak, tuple(points(lines)), last_words)


def points(lines: list[str]) -> list[Point]:
    """The lines of progress among all that was printed."""
    found = [LINE.search(line) for line in lines]
    return [
        Point(
            float(line["seconds"]),
            int(line["cost"].replace(",", "")),
            None if line["bound"] == "none" else int(line["bound"].replace(",", "")),
        )
        for line in found
        if line
    ]


def solve_command(problem: Path, plan: Path, seconds: float, workers: int = 2) -> list[str]:
    """Ours, as anybody would start it."""
    flexday = str(Path(sys.executable).with_name("flexday"))
    limits = ["--time", f"{seconds:g}", "--workers", str(workers)]
    return [flexday, "solve", str(problem), "--out", str(plan), *limits]


def _read(stream: IO[str], lines: list[str]) -> None:
    for line in stream:
        lines.append(line.rstrip("\n"))


def _resident(child: psutil.Popen) -> int:
    total = 0
    with suppress(psutil.NoSuchProcess):
        for process in [child, *child.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                total += process.memory_info().rss
    return total


def _end(child: psutil.Popen) -> None:
    """Ends the process and its children, each by its own id."""
    with suppress(psutil.NoSuchProcess):
        for process in [*child.children(recursive=True), child]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
    child.wait()
