"""A school day from cut-off to change notices, with the solver in its own process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli import app
from services.planner import Planner
from services.store import Store
from services.workflow import approve, review
from tests.services.school_day import (
    KIM,
    MACHINE,
    STUDENTS,
    TEACHERS,
    WEDNESDAY,
    Clock,
    open_school,
    tell,
)

pytestmark = pytest.mark.parametrize("address", ["sqlite"], indirect=True)

DAY = WEDNESDAY.isoformat()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def east(open_store: Callable[..., Store], clock: Clock) -> Store:
    store = open_store(clock)
    open_school(store)
    return store


def test_a_day_from_cut_off_to_a_teacher_missing_in_the_morning(east: Store, clock: Clock) -> None:
    planner = Planner(east)
    clock.leap("2026-11-24T23:00+00:00")  # 17:00 in Chicago, the evening before
    planner.keep_appointments("east")
    assert planner.step()
    with east.read(MACHINE) as tx:
        (draft,) = tx.plans(WEDNESDAY, "draft")
    shown = review(east, KIM, draft.id)
    assert shown.verdict.safe
    assert (shown.verdict.present, shown.verdict.unplaced) == (6, 0)
    assert {need.competency for need in draft.plan.placements} >= {"c1"}
    published = approve(east, KIM, draft.id, draft.etag)

    clock.leap("2026-11-25T12:30+00:00")  # 06:30 on the day
    missing = next(d.staff for s in published.plan.sessions for d in s.duties)
    tell(east, "staff.absent", "sick", staff=missing, day=WEDNESDAY)
    assert planner.step()
    with east.read(MACHINE) as tx:
        (repaired,) = tx.plans(WEDNESDAY, "draft")
    after = review(east, KIM, repaired.id)
    assert after.verdict.safe
    assert all(duty.staff != missing for s in repaired.plan.sessions for duty in s.duties)
    reasons = {reason.id for moved in after.moves for _, reason in moved.changes}
    assert "adult_absent" in reasons

    final = approve(east, KIM, repaired.id, repaired.etag)
    moved = {moved.person for moved in after.moves}
    with east.read(MACHINE) as tx:
        told = {person for person in (*STUDENTS, *TEACHERS) if tx.notices(person)}
        assert tx.published(WEDNESDAY) == final
    assert told == moved


def flexday(address: str, *words: str | Path) -> str:
    done = CliRunner().invoke(app, [*map(str, words), "--db", address])
    assert done.exit_code == 0, done.output
    return done.output


def test_the_command_line_plans_publishes_and_questions_a_day(
    east: Store, address: str, tmp_path: Path
) -> None:
    said = flexday(address, "plan", DAY, "--school", "east", "--approve-as", "kim")
    assert "(published): safe to approve" in said
    with east.read(MACHINE) as tx:
        live = tx.published(WEDNESDAY)
    assert live is not None
    assert live.approved_by == "kim"
    assert "published" in flexday(address, "day", DAY)

    what = tmp_path / "what.yaml"
    what.write_text(f"day: {DAY}\nadults_absent: [{{staff: vega}}, {{staff: lee}}]\n")
    assert "people would be somewhere else" in flexday(address, "whatif", what)
    with east.read(MACHINE) as tx:
        assert tx.published(WEDNESDAY) == live


def test_a_what_if_file_that_cannot_be_read_says_where(
    east: Store, address: str, tmp_path: Path
) -> None:
    what = tmp_path / "what.yaml"
    what.write_text("rooms: [r1]\n")
    done = CliRunner().invoke(app, ["whatif", str(what), "--db", address])
    assert done.exit_code == 2
    assert "it may hold" in done.output


def test_planning_a_closed_day_says_why_not(east: Store, address: str) -> None:
    done = CliRunner().invoke(app, ["plan", "2026-11-26", "--db", address])
    assert done.exit_code == 1
    assert "closed" in done.output


PLANNER = """
import sys
from services.planner import Planner
from services.store import Store
Planner(Store(sys.argv[1]), lease_seconds=0.01).step()
"""


def solvers(parent: int) -> list[int]:
    """The living children of a process."""
    try:
        listed = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    except FileNotFoundError:
        return []
    return [int(word) for word in listed.split()]


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks for children in /proc")
def test_a_planner_killed_while_it_solves_leaves_no_process_and_no_half_draft(
    open_store: Callable[..., Store], address: str
) -> None:
    store = open_store()
    open_school(store, {"work": 100_000.0})
    with store.begin(KIM) as tx:
        run = tx.queue_run(WEDNESDAY, "person", asked_by="kim")
    planner = subprocess.Popen([sys.executable, "-c", PLANNER, address])
    children: list[int] = []
    for _ in range(400):
        children = solvers(planner.pid)
        if children or planner.poll() is not None:
            break
        time.sleep(0.05)
    planner.send_signal(signal.SIGKILL)
    planner.wait()
    assert children
    assert all(_ends(child) for child in children)
    open_school(store)
    later = open_store(Clock("2100-01-01T00:00+00:00"))
    Planner(later).step()
    with store.read(MACHINE) as tx:
        assert tx.run(run).status == "done"
        assert len(tx.plans(WEDNESDAY)) == 1


def _ends(process: int) -> bool:
    """Whether a process is gone within ten seconds."""
    for _ in range(200):
        try:
            os.kill(process, 0)
            if " Z " in Path(f"/proc/{process}/stat").read_text():
                return True
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.05)
    return False
