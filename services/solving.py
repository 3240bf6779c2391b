"""Solves in a child process with limits on time and memory, followed and ended from outside."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from schemas.plan import Contradiction, Plan
from services.child import Job, Report

Follow = Callable[[dict[str, Any]], bool]
"""Told of progress at least every few seconds; False ends the search."""

MEGABYTE = 1024 * 1024
LONGEST_ERROR = 2000


@dataclass(frozen=True)
class Bounds:
    """What a run may use in all: seconds by the wall, megabytes over all its processes."""

    seconds: float = 600.0
    megabytes: int = 4096
    heartbeat: float = 1.0
    """Seconds between two looks at a child that says nothing."""


class SolvingFailed(Exception):
    """The child gave no answer: why, in words for a scheduler."""


class Cancelled(Exception):
    """Whoever followed the run said to stop."""


def solve_in_child(
    job: Job,
    bounds: Bounds,
    follow: Follow,
    command: tuple[str, ...] = (sys.executable, "-m", "services.child"),
) -> Plan | Contradiction:
    """Solves one job; the child and all its children are gone when this returns or raises.

    Raises:
        SolvingFailed: it ended without an answer, or went beyond its bounds.
        Cancelled: `follow` said to stop.
    """
    with tempfile.TemporaryFile() as errors:
        child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            start_new_session=True,
        )
        try:
            return _followed(child, job, bounds, follow, errors)
        finally:
            end_group(child)


def _followed(
    child: subprocess.Popen[bytes], job: Job, bounds: Bounds, follow: Follow, errors: IO[bytes]
) -> Plan | Contradiction:
    lines: queue.Queue[bytes | None] = queue.Queue()
    threading.Thread(target=_read, args=(child, lines), daemon=True).start()
    threading.Thread(target=_send, args=(child, job), daemon=True).start()
    ends = time.monotonic() + bounds.seconds
    progress: dict[str, Any] = {}
    for line in _lines(lines, bounds.heartbeat):
        if line is None:
            raise SolvingFailed(_last_words(child, errors))
        report = Report.model_validate_json(line) if line else Report()
        if report.plan is not None:
            return report.plan
        if report.contradiction is not None:
            return report.contradiction
        progress = report.progress or progress
        if not follow(progress):
            raise Cancelled
        if time.monotonic() > ends:
            raise SolvingFailed(f"it took longer than the {bounds.seconds:.0f} seconds it may")
        used = group_megabytes(child.pid)
        if used > bounds.megabytes:
            raise SolvingFailed(f"it used {used} MB of the {bounds.megabytes} MB it may")
    raise AssertionError("unreachable: the lines only end with None")


def _lines(lines: queue.Queue[bytes | None], heartbeat: float) -> Iterator[bytes | None]:
    """Each line as it comes; an empty one when nothing came for a heartbeat."""
    while True:
        try:
            yield lines.get(timeout=heartbeat)
        except queue.Empty:
            yield b""


def _read(child: subprocess.Popen[bytes], lines: queue.Queue[bytes | None]) -> None:
    assert child.stdout is not None
    for line in child.stdout:
        lines.put(line)
    lines.put(None)


def _send(child: subprocess.Popen[bytes], job: Job) -> None:
    """Standard input stays open: its end is how the child learns that we are gone."""
    assert child.stdin is not None
    with contextlib.suppress(BrokenPipeError, ValueError):
        child.stdin.write(job.model_dump_json().encode() + b"\n")
        child.stdin.flush()


def _last_words(child: subprocess.Popen[bytes], errors: IO[bytes]) -> str:
    code = child.wait()
    errors.seek(0)
    said = errors.read()[-LONGEST_ERROR:].decode(errors="replace").strip()
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    last = said.splitlines()[-1] if said else "it said nothing"
    return f"the solver's process ended with {how}: {last}"


def end_group(child: subprocess.Popen[bytes]) -> None:
    """Ends the child's whole process group at once and waits for the child."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    for pipe in (child.stdin, child.stdout):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


def group_megabytes(group: int) -> int:
    """Memory that the processes of a group hold, shared pages counted for each; 0 where the
    system does not tell."""
    page = os.sysconf("SC_PAGE_SIZE")
    return sum(pages * page for pages in _resident(group)) // MEGABYTE


def _resident(group: int) -> Iterator[int]:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # The second field is the program's name in brackets, which may hold anything.
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[2]) == group:
                yield int(fields[21])
