"""Runs: claimed once, answered under a fence, cancelled, failed for a reason, safe from crashes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine

from schemas.plan import Contradiction, Plan
from schemas.problem import Problem
from schemas.school import School
from services.child import Job
from services.planner import MOST_CLAIMS, Planner
from services.solving import Bounds, Cancelled, Follow, SolvingFailed, solve_in_child
from services.store import RunRow, Store
from services.viewer import Viewer
from services.workflow import approve
from tests.services.school_day import (
    KIM,
    MACHINE,
    MONDAY,
    THURSDAY,
    TUESDAY,
    WEDNESDAY,
    Clock,
    open_school,
    plan_day,
    published_day,
    school,
    stand_in,
    tell,
)

BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.soak)]
on_databases = pytest.mark.parametrize("address", BOTH, indirect=True)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def east(open_store: Callable[..., Store], clock: Clock) -> Store:
    store = open_store(clock)
    open_school(store)
    return store


def queue(store: Store, **more: Any) -> str:
    with store.begin(KIM) as tx:
        return tx.queue_run(more.pop("day", WEDNESDAY), "person", asked_by="kim", **more)


def run(store: Store, id: str) -> RunRow:
    with store.read(MACHINE) as tx:
        return tx.run(id)


def drafts(store: Store) -> int:
    with store.read(MACHINE) as tx:
        return len(tx.plans(WEDNESDAY, "draft"))


# --- answering runs -----------------------------------------------------------------------------


@on_databases
def test_a_queued_run_becomes_a_draft(east: Store) -> None:
    waiting = queue(east)
    assert Planner(east, solver=stand_in).step()
    done = run(east, waiting)
    assert (done.status, done.as_of) == ("done", 0)
    assert done.problem_digest is not None
    assert drafts(east) == 1
    assert [note["kind"] for note in done.progress["notes"]] == ["home.chosen", "home.chosen"]


@on_databases
def test_nothing_is_done_when_no_run_waits(east: Store) -> None:
    assert not Planner(east, solver=stand_in).step()


@on_databases
def test_of_two_planners_only_one_answers_a_run(east: Store) -> None:
    queue(east)
    assert Planner(east, solver=stand_in).step()
    assert not Planner(east, solver=stand_in).step()
    assert drafts(east) == 1


@on_databases
def test_a_closed_day_fails_its_run_with_the_reason(east: Store) -> None:
    waiting = queue(east, day=THURSDAY)
    Planner(east, solver=stand_in).step()
    assert run(east, waiting).status == "failed"
    assert "closed on 2026-11-26" in (run(east, waiting).error or "")


@on_databases
def test_a_failed_run_leaves_what_is_published(east: Store) -> None:
    before = published_day(east)

    def fails(job: Job, bounds: Bounds, follow: Follow) -> Plan:
        raise SolvingFailed("out of memory")

    waiting = queue(east)
    Planner(east, solver=fails).step()
    assert run(east, waiting).error == "out of memory"
    with east.read(MACHINE) as tx:
        assert tx.published(WEDNESDAY) == before


@on_databases
def test_a_fault_of_ours_fails_the_run_and_spares_the_planner(east: Store) -> None:
    def has_a_fault(job: Job, bounds: Bounds, follow: Follow) -> Plan:
        raise KeyError("b7")

    waiting = queue(east)
    assert Planner(east, solver=has_a_fault).step()
    assert run(east, waiting).status == "failed"
    assert "KeyError" in (run(east, waiting).error or "")


@on_databases
def test_contradicting_locks_are_named_in_the_failed_run(east: Store) -> None:
    def contradicts(job: Job, bounds: Bounds, follow: Follow) -> Contradiction:
        return Contradiction(problem="p", locks=("k1", "k2"))

    waiting = queue(east)
    Planner(east, solver=contradicts).step()
    assert "k1, k2" in (run(east, waiting).error or "")
    assert run(east, waiting).progress["contradiction"]["locks"] == ["k1", "k2"]


@on_databases
def test_an_answer_to_another_question_is_not_filed(east: Store) -> None:
    def answers_something_else(job: Job, bounds: Bounds, follow: Follow) -> Plan:
        return stand_in(job, bounds, follow).model_copy(update={"problem": "another"})

    waiting = queue(east)
    Planner(east, solver=answers_something_else).step()
    assert run(east, waiting).status == "failed"
    assert drafts(east) == 0


@on_databases
def test_a_cancelled_run_files_nothing(east: Store) -> None:
    waiting = queue(east)

    def is_cancelled_meanwhile(job: Job, bounds: Bounds, follow: Follow) -> Plan:
        with east.begin(KIM) as tx:
            tx.cancel_run(waiting)
        return stand_in(job, bounds, follow)

    assert Planner(east, solver=is_cancelled_meanwhile).step()
    assert run(east, waiting).status == "cancelled"
    assert drafts(east) == 0


@on_databases
def test_a_planner_held_up_past_its_lease_files_nothing(east: Store, clock: Clock) -> None:
    waiting = queue(east)

    def is_overtaken(job: Job, bounds: Bounds, follow: Follow) -> Plan:
        answer = stand_in(job, bounds, follow)
        clock.leap("2026-11-24T15:00+00:00")
        assert Planner(east, solver=stand_in).step()
        return answer

    assert Planner(east, solver=is_overtaken).step()
    assert (run(east, waiting).status, run(east, waiting).fence) == ("done", 2)
    assert drafts(east) == 1


@on_databases
def test_a_run_that_ends_every_planner_is_given_up(east: Store, clock: Clock) -> None:
    waiting = queue(east)
    for n in range(MOST_CLAIMS):
        with east.begin(MACHINE) as tx:
            assert tx.claim_run(f"crashing {n}", 1.0)
        clock.leap(f"2026-11-24T15:0{n}+00:00")
    Planner(east, solver=stand_in).step()
    assert "given up" in (run(east, waiting).error or "")


@on_databases
def test_an_upset_asks_for_a_draft_that_stays_close_to_what_is_published(east: Store) -> None:
    before = published_day(east)
    lead = before.plan.sessions[0].duties[0].staff
    tell(east, "staff.absent", "1", staff=lead, day=WEDNESDAY)
    seen: list[Problem] = []

    def looks(job: Job, bounds: Bounds, follow: Follow) -> Plan:
        seen.append(job.problem)
        return stand_in(job, bounds, follow)

    assert Planner(east, solver=looks).step()
    (asked,) = seen
    assert asked.published is not None
    assert asked.published.plan == before.id


@on_databases
def test_after_an_upset_less_time_is_spent_as_people_wait(
    open_store: Callable[..., Store], clock: Clock
) -> None:
    store = open_store(clock)
    open_school(store, {"work": 30.0, "upset_work": 3.0})
    spent: list[float | None] = []

    def notes_work(job: Job, bounds: Bounds, follow: Follow) -> Plan:
        spent.append(job.work)
        return stand_in(job, bounds, follow)

    queue(store)
    assert Planner(store, solver=notes_work).step()
    tell(store, "room.closed", "1", room="r2", day=WEDNESDAY)
    assert Planner(store, solver=notes_work).step()
    assert spent == [30.0, 3.0]


@on_databases
def test_a_draft_under_review_is_what_a_new_one_stays_close_to(east: Store) -> None:
    draft = plan_day(east)
    again = plan_day(east)
    with east.read(MACHINE) as tx:
        published = tx.problem(again.problem_digest).published
    assert published is not None
    assert published.plan == draft.id


# --- many schools -------------------------------------------------------------------------------


def open_west(store: Store) -> Viewer:
    viewer = Viewer.machine("west")
    with store.begin(viewer) as tx:
        west = School(id="west", title="West", zone="America/Chicago")
        tx.apply_roster(school(school=west))
        tx.save_settings({"day": {"work": 0.2}})
    return viewer


def test_a_school_with_many_runs_does_not_keep_another_waiting(east: Store) -> None:
    west = open_west(east)
    for day in (TUESDAY, WEDNESDAY, MONDAY):
        queue(east, day=day)
    with east.begin(west) as tx:
        tx.queue_run(WEDNESDAY, "person", "kim")
    served: list[str] = []
    planner = Planner(
        east, solver=lambda job, *rest: served.append(job.problem.school) or stand_in(job, *rest)
    )
    while planner._step_in_any():
        continue
    assert served == ["east", "west", "east", "east"]


def test_planners_share_schools_those_with_nobody_at_work_first(east: Store) -> None:
    west = open_west(east)
    for day in (TUESDAY, WEDNESDAY):
        queue(east, day=day)
    with east.begin(west) as tx:
        tx.queue_run(WEDNESDAY, "person", "kim")
    with east.begin(MACHINE) as tx:
        assert tx.claim_run("another planner", 60.0)
    assert east.schools_with_runs() == ["west", "east"]


def test_one_schools_slow_search_makes_no_appointment_late(
    open_store: Callable[..., Store], clock: Clock
) -> None:
    store = open_store(clock)
    open_school(store)
    open_west(store)
    searching, stop = threading.Event(), threading.Event()

    def never_ends(job: Job, bounds: Bounds, follow: Follow) -> Plan:
        searching.set()
        while follow({}):
            time.sleep(0.02)
        raise Cancelled

    queue(store)
    planner = Planner(store, solver=never_ends, between_looks=0.05)
    thread = threading.Thread(target=planner.run_forever, args=(stop, 0.01))
    thread.start()
    try:
        assert searching.wait(20)
        clock.leap("2026-11-24T23:30+00:00")  # past the cut-off for Wednesday
        until = time.monotonic() + 20
        decided: dict[str, str] = {}
        while "cutoff" not in decided and time.monotonic() < until:
            with store.read(Viewer.machine("west")) as tx:
                decided = tx.scheduled(WEDNESDAY)
    finally:
        stop.set()
        thread.join(20)
    assert decided["cutoff"] == "done"
    assert not thread.is_alive()


def test_of_several_planners_one_looks_at_a_schools_appointments(
    open_store: Callable[..., Store], clock: Clock
) -> None:
    store = open_store(clock)
    open_school(store)
    looked: list[str] = []
    crew = [Planner(store, between_looks=10.0) for _ in range(3)]
    for planner in crew:
        planner.keep_appointments = looked.append  # type: ignore[method-assign]
        planner._keep_each()
    assert looked == ["east"]
    clock.leap("2026-11-24T15:00+00:00")
    crew[1]._keep_each()
    clock.leap("2026-11-24T13:00+00:00")
    crew[2]._keep_each()
    assert looked == ["east"] * 3, "a clock put back delays no look"


@pytest.mark.parametrize("address", ["postgresql"], indirect=True)
def test_leases_go_by_the_databases_clock_not_by_a_planners_own(address: str) -> None:
    store = Store(address)
    open_school(store)
    queue(store)
    with store.begin(MACHINE) as tx:
        assert tx.claim_run("first", 60.0)
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=2)), store.begin(MACHINE) as tx:
        assert tx.claim_run("with a clock that is fast", 60.0) is None
    store.close()


def test_an_upset_is_answered_before_runs_nobody_waits_for(east: Store) -> None:
    queue(east, day=MONDAY)
    with east.begin(KIM) as tx:
        upset = tx.queue_run(WEDNESDAY, "upset", "staff.absent")
        claimed = tx.claim_run("me", 60.0)
    assert claimed is not None
    assert claimed.id == upset


# --- crashes ------------------------------------------------------------------------------------

STEPS = ("claimed", "frozen", "solved", "filed")


class Crash(BaseException):
    """Stands for a kill: nothing that the planner catches."""


@on_databases
@pytest.mark.parametrize("step", STEPS)
def test_a_crash_after_any_step_loses_nothing_and_files_one_draft(
    east: Store, clock: Clock, step: str
) -> None:
    waiting = queue(east)

    def crash(reached: str) -> None:
        if reached == step:
            raise Crash

    with pytest.raises(Crash):
        Planner(east, solver=stand_in, reached=crash).step()
    clock.leap("2026-11-24T15:00+00:00")
    assert Planner(east, solver=stand_in).step() == (step != "filed")
    assert run(east, waiting).status == "done"
    assert drafts(east) == 1


KILLED_PLANNER = """
import os, signal, sys
from services.planner import Planner
from services.store import Store
from tests.services.school_day import stand_in

def die(reached):
    if reached == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)

Planner(Store(sys.argv[1]), solver=stand_in, lease_seconds=0.01, reached=die).step()
"""


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
@pytest.mark.parametrize("step", ["frozen", pytest.param("solved", marks=pytest.mark.soak)])
def test_a_planner_killed_outright_leaves_its_run_to_the_next(
    open_store: Callable[..., Store], address: str, step: str
) -> None:
    store = open_store()
    open_school(store)
    waiting = queue(store)
    killed = subprocess.run([sys.executable, "-c", KILLED_PLANNER, address, step], check=False)
    assert killed.returncode == -signal.SIGKILL
    later = open_store(Clock("2100-01-01T00:00+00:00"))
    assert Planner(later, solver=stand_in).step()
    assert run(store, waiting).status == "done"
    draft_row = plan_rows(store)
    assert len(draft_row) == 1


def plan_rows(store: Store) -> list[Any]:
    with store.read(MACHINE) as tx:
        return tx.plans(WEDNESDAY)


@on_databases
def test_run_forever_keeps_appointments_answers_runs_and_stops_when_told(
    east: Store, clock: Clock
) -> None:
    clock.leap("2026-11-24T23:00+00:00")
    stop = threading.Event()
    planner = Planner(east, solver=stand_in)
    thread = threading.Thread(target=planner.run_forever, args=(stop, 0.01))
    thread.start()
    for _ in range(500):
        if drafts(east):
            break
        time.sleep(0.02)
    stop.set()
    thread.join(timeout=10)
    assert not thread.is_alive()
    assert drafts(east) == 1


@on_databases
def test_a_draft_of_a_run_can_be_approved_only_as_it_was_filed(east: Store) -> None:
    draft = plan_day(east)
    assert approve(east, KIM, draft.id, draft.etag).digest == draft.digest


# --- the child process --------------------------------------------------------------------------


def job() -> Job:
    return Job(
        problem=Problem(
            school="s", day=WEDNESDAY, zone="UTC", buildings=(), blocks=(), rooms=(), offerings=(),
            staff=(), students=(),
        )
    )  # fmt: skip


def child(program: str) -> tuple[str, ...]:
    return (sys.executable, "-c", program)


def solve(program: str, bounds: Bounds, follow: Follow = lambda progress: True) -> Any:
    return solve_in_child(job(), bounds, follow, command=child(program))


QUICK = Bounds(seconds=20, megabytes=4000, heartbeat=0.05)


def alive(pid: int) -> bool:
    """Whether a process runs, one that has ended but was not waited for being none."""
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


def test_progress_reaches_whoever_follows() -> None:
    program = (
        "import json, sys; sys.stdin.readline()\n"
        "print(json.dumps({'progress': {'cost': 7}}), flush=True)\n"
        "print(json.dumps({'contradiction': {'problem': 'p', 'locks': ['k']}}), flush=True)"
    )
    heard: list[dict[str, Any]] = []
    answer = solve(program, QUICK, lambda progress: heard.append(progress) or True)
    assert answer.locks == ("k",)
    assert {"cost": 7} in heard


def test_a_child_that_dies_is_reported_with_its_last_words() -> None:
    with pytest.raises(SolvingFailed, match="exit code 1: ValueError: no such thing"):
        solve("raise ValueError('no such thing')", QUICK)


def test_a_child_that_takes_too_long_is_ended() -> None:
    with pytest.raises(SolvingFailed, match="longer than"):
        solve("import time; time.sleep(60)", Bounds(seconds=0.3, heartbeat=0.05))


def test_a_child_that_takes_too_much_memory_is_ended() -> None:
    program = "import time; held = bytearray(300_000_000); time.sleep(60)"
    with pytest.raises(SolvingFailed, match="MB of the 200 MB"):
        solve(program, Bounds(seconds=30, megabytes=200, heartbeat=0.05))


def test_cancelling_ends_the_child_and_the_children_it_has(tmp_path: Path) -> None:
    noted = tmp_path / "grandchild"
    program = (
        "import subprocess, sys, time\n"
        "inner = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(noted)!r}, 'w').write(str(inner.pid))\n"
        "time.sleep(60)"
    )
    with pytest.raises(Cancelled):
        solve(program, QUICK, lambda progress: not noted.exists() or not noted.read_text())
    for _ in range(100):
        if not alive(int(noted.read_text())):
            break
        time.sleep(0.02)
    assert not alive(int(noted.read_text()))


ORPHANED = """
import sys, threading, time
sys.path.insert(0, {root!r})
from services.child import _end_with_parent
sys.stdin.buffer.readline()
threading.Thread(target=_end_with_parent, daemon=True).start()
time.sleep(60)
"""


def test_a_child_ends_by_itself_when_its_parent_is_gone() -> None:
    program = ORPHANED.format(root=os.getcwd())
    process = subprocess.Popen(child(program), stdin=subprocess.PIPE, start_new_session=True)
    assert process.stdin is not None
    process.stdin.write(b"{}\n")
    process.stdin.close()
    assert process.wait(timeout=20) == -signal.SIGKILL
