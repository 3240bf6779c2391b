"""Many at once, held up, or with a clock that jumps: one wins, and nothing happens twice."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.plan import Plan
from schemas.school import CalendarDay
from services import planner as planning
from services.child import Job
from services.clockwork import tick
from services.planner import Planner
from services.solving import Bounds, Follow
from services.store import Store, Unavailable, tables
from services.store.runs import Runs
from services.workflow import Refused, approve
from tests.services.school_day import (
    KIM,
    LEE,
    MACHINE,
    WEDNESDAY,
    Clock,
    open_school,
    plan_day,
    school,
    stand_in,
)

BY_WHOM = (KIM, LEE)


def at_once(many: int, act: Callable[[int], None]) -> None:
    """Lets many threads go at the same moment, and waits for all."""
    ready = threading.Barrier(many)

    def go(number: int) -> None:
        ready.wait()
        act(number)

    threads = [threading.Thread(target=go, args=(number,)) for number in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


# --- approvals ----------------------------------------------------------------------------------


def approve_at_once(store: Store, many: int) -> Counter[str]:
    """What many who approve the same draft at the same moment are told."""
    draft = plan_day(store)
    told: Counter[str] = Counter()
    guard = threading.Lock()

    def one(number: int) -> None:
        answer = ""
        while not answer:
            try:
                approve(store, BY_WHOM[number % 2], draft.id, draft.etag)
                answer = "won"
            except Refused as refused:
                answer = str(refused.status)
            except Unavailable:  # 503: the writer's turn did not come in time; ask again
                continue
        with guard:
            told[answer] += 1

    at_once(many, one)
    return told


def publications(store: Store) -> tuple[int, int, int]:
    """How often the day was published: by the record, the audit, and what goes out."""
    with store.read(MACHINE) as tx:
        audited = sum(row.action == "plan.published" for row in tx.audit_rows())
        told = sum(row.type == "plan.published" for row in tx.unsent(10_000))
        return len(tx.publications(WEDNESDAY)), audited, told


@pytest.mark.parametrize(
    ("many", "rounds"), [(100, 2), pytest.param(100, 100, marks=pytest.mark.soak)]
)
def test_of_a_hundred_who_approve_at_once_exactly_one_wins(
    open_store: Callable[..., Store], many: int, rounds: int
) -> None:
    store = open_store(Clock())
    open_school(store)
    for done in range(1, rounds + 1):
        told = approve_at_once(store, many)
        assert told["won"] == 1, told
        assert set(told) <= {"won", "409", "412"}
        assert publications(store) == (done, done, done)


# --- planners -----------------------------------------------------------------------------------

LEASE = 0.15


def dawdles(chance: random.Random) -> Callable[[Job, Bounds, Follow], Plan]:
    """A solver that is often held up beyond its lease, saying nothing meanwhile."""

    def solve(job: Job, bounds: Bounds, follow: Follow) -> Plan:
        answer = stand_in(job, bounds, follow)
        time.sleep(chance.choice([0.0, LEASE / 2, LEASE * 1.5, LEASE * 3]))
        return answer

    return solve


def race(store: Store, planners: int, rounds: int) -> list[int]:
    """Lets planners race for one run a round; how many drafts each round's run left."""
    chance = random.Random(rounds)
    drafts = []
    for _ in range(rounds):
        with store.begin(KIM) as tx:
            run = tx.queue_run(WEDNESDAY, "person", "kim")
        crew = [
            Planner(store, solver=dawdles(chance), lease_seconds=LEASE) for _ in range(planners)
        ]

        def work(number: int, crew: list[Planner] = crew, run: str = run) -> None:
            until = time.monotonic() + 30
            while time.monotonic() < until:
                crew[number].step_in("east")
                with store.read(MACHINE) as tx:
                    if tx.run(run).status == "done":
                        return
                time.sleep(LEASE / 4)

        at_once(planners, work)
        with store.read(MACHINE) as tx:
            drafts.append(sum(row.run == run for row in tx.plans(WEDNESDAY)))
    return drafts


@pytest.fixture
def raced(address: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store with the clock of the day, on which a run may be claimed as often as it takes."""
    monkeypatch.setattr(planning, "MOST_CLAIMS", 1000)
    store = Store(address)
    open_school(store)
    yield store
    store.close()


@pytest.mark.parametrize(
    ("planners", "rounds"), [(5, 6), pytest.param(5, 500, marks=pytest.mark.soak)]
)
def test_of_planners_held_up_beyond_their_leases_one_files_the_draft(
    raced: Store, planners: int, rounds: int
) -> None:
    assert race(raced, planners, rounds) == [1] * rounds


def test_without_the_fence_several_would_file_it(
    raced: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def held_by_anybody(self: Runs, run: str, fence: int, values: dict[str, Any]) -> bool:
        self.connection.execute(tables.run.update().where(tables.run.c.id == run).values(**values))
        return True

    monkeypatch.setattr(Runs, "_held", held_by_anybody)
    assert max(race(raced, planners=5, rounds=4)) > 1


# --- clocks -------------------------------------------------------------------------------------


def open_month(store: Store) -> None:
    """The school open every day of a month with a change of clocks."""
    days = [datetime(2027, 3, 1, tzinfo=UTC) + timedelta(days=n) for n in range(20)]
    calendar = tuple(CalendarDay(date=d.date(), bell_schedule="regular") for d in days)
    open_school(store, calendar=calendar)
    assert school().school.zone == "America/Chicago"


@contextmanager
def counting(store: Store) -> Iterator[Counter[tuple[str, str]]]:
    """How often each cut-off was acted on, by the runs it queued."""
    counted: Counter[tuple[str, str]] = Counter()
    yield counted
    with store.read(MACHINE) as tx:
        counted.update(str(run.day) for run in tx.runs() if run.kind == "cutoff")
        counted.update(
            f"queued {row.object}" for row in tx.audit_rows() if row.action == "run.queued"
        )


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(n, marks=pytest.mark.soak) for n in range(2, 12))]
)
def test_a_clock_that_jumps_makes_no_cut_off_come_twice_or_go_unmarked(
    open_store: Callable[..., Store], seed: int
) -> None:
    clock, chance = Clock("2027-02-28T12:00+00:00"), random.Random(seed)
    store = open_store(clock)
    open_month(store)
    now, end = clock.now, datetime(2027, 3, 21, 6, tzinfo=UTC)
    with counting(store) as counted:
        while now < end:
            now += timedelta(hours=3)
            step = chance.choice([0, 0, 0, 1, -1, 24, -24]) if now < end - timedelta(days=3) else 0
            clock.leap((now + timedelta(hours=step)).isoformat())
            at_once(2, lambda number: tick(store, "east"))
    days = {f"2027-03-{n:02}" for n in range(1, 21)}
    queued = {day: counted[f"queued {day}"] for day in days}
    assert max(queued.values()) == 1
    with store.read(MACHINE) as tx:
        for day in sorted(days):
            marks = tx.scheduled(datetime.fromisoformat(day).date())
            assert marks["cutoff"] == ("done" if queued[day] else "missed"), day
            assert set(marks) == {"cutoff", "deadline", "fallback"}


def test_after_three_days_down_each_day_has_one_run_or_is_marked_missed(
    open_store: Callable[..., Store],
) -> None:
    clock = Clock("2027-03-08T12:00+00:00")
    store = open_store(clock)
    open_month(store)
    tick(store, "east")
    clock.leap("2027-03-11T15:00+00:00")
    at_once(3, lambda number: tick(store, "east"))
    with store.read(MACHINE) as tx:
        marks = {
            n: tx.scheduled(datetime(2027, 3, n).date()).get("cutoff") for n in (9, 10, 11, 12)
        }
        runs = Counter(str(run.day) for run in tx.runs())
    assert marks == {9: "missed", 10: "missed", 11: "done", 12: None}
    assert runs == {"2027-03-08": 1, "2027-03-11": 1}
