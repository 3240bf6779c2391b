"""The process a day is solved in: one job in on standard input, progress and the answer out.

Started as `python -m services.child` by services.solving, in a process group of its own, which its
own children share. It ends with the group when whoever started it is gone.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from typing import IO, Any

from pydantic import Field

from schemas.base import Frozen
from schemas.plan import Contradiction, Plan
from schemas.problem import Problem
from solver.ways import WayKind

GIVES_WAY = 10
"""How much nicer (nice(2)) a search is than the processes that answer people and take events in,
where they share a machine; a repair, for which a person waits, is not."""


class Job(Frozen):
    """A Problem and how hard to search: `work` in units of about a second of one core, `time` in
    seconds; or, with `repair`, only what is broken in the published plan to mend."""

    problem: Problem
    time: float | None = None
    work: float | None = None
    seed: int = 0
    workers: int = 1
    repair: bool = False
    prefer: dict[str, WayKind] = Field(default_factory=dict)
    """For a repair: the way to take, by the key of the trouble."""
    new_requests: tuple[str, ...] = ()
    """For a repair: the requests that the published plan did not know of."""


class Report(Frozen):
    """One line from the child: progress, or at last the answer."""

    progress: dict[str, Any] | None = None
    plan: Plan | None = None
    contradiction: Contradiction | None = None


def main() -> None:
    """Reads a job, solves it, reports."""
    out = _own_output()
    job = Job.model_validate_json(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if not job.repair:
        os.nice(GIVES_WAY)
    answer = _answer(job, out)
    if isinstance(answer, Plan):
        _say(out, Report(plan=answer))
    else:
        _say(out, Report(contradiction=answer))


def _own_output() -> IO[bytes]:
    """Standard output for reports alone: what a library prints goes to standard error."""
    own = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return own


def _end_with_parent() -> None:
    """Standard input ends when the parent does, however it went. It is read past Python's own
    buffer, whose lock a thread would still hold when the interpreter ends."""
    while os.read(0, 4096):
        pass
    os.killpg(0, signal.SIGKILL)


def _answer(job: Job, out: IO[bytes]) -> Plan | Contradiction:
    from solver.solve import Limits, Progress, solve

    if job.repair:
        return _repaired(job, out)

    def told(progress: Progress) -> None:
        _say(
            out,
            Report(
                progress={
                    "cost": progress.cost,
                    "bound": progress.bound,
                    "gap": progress.gap,
                    "seconds": progress.elapsed,
                    "work": progress.work_done,
                }
            ),
        )

    limits = Limits(time=job.time, work=job.work, seed=job.seed, workers=job.workers)
    with _pool(job.workers) as pool:
        return solve(job.problem, limits, clock=time.monotonic, pool=pool, progress=told)


def _repaired(job: Job, out: IO[bytes]) -> Plan | Contradiction:
    """The repaired plan; every trouble with the ways to mend it is told before."""
    from solver.repair import repair

    answer = repair(job.problem, job.prefer, job.new_requests)
    if isinstance(answer, Contradiction):
        return answer
    mended = [trouble.model_dump(mode="json") for trouble in answer.mended]
    told = {"cost": answer.plan.cost, "mended": mended, "searched": answer.searched}
    _say(out, Report(progress=told))
    return answer.plan


def _pool(workers: int) -> AbstractContextManager[Executor | None]:
    return ProcessPoolExecutor(workers) if workers > 1 else nullcontext(None)


def _say(out: IO[bytes], report: Report) -> None:
    out.write(report.model_dump_json(exclude_defaults=True).encode() + b"\n")
    out.flush()


if __name__ == "__main__":
    main()
