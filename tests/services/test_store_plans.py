"""Runs and plans: claimed by one, approved by one, published one at a time."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from services.store import (
    Store,
    WrongState,
)
from services.viewer import Viewer
from tests.services.small_school import (
    DAY,
    EAST,
    SCHEDULER,
    Clock,
    enrol,
    file_draft,
    publish,
)

NEXT_DAY = DAY + timedelta(days=1)


def test_asking_twice_for_the_same_run_queues_it_once(store: Store) -> None:
    enrol(store)
    with store.begin(EAST) as tx:
        run = tx.queue_run(DAY, "upset", "tests", seed=1)
        assert tx.queue_run(DAY, "upset", "tests") == run
        tx.claim_run("me", 60)
        assert tx.queue_run(DAY, "person", "tests") != run
        assert tx.queue_run(DAY, "upset", "tests") != run, "one under way has its snapshot"


def test_whoever_lost_a_run_can_change_nothing_in_it(open_store: Callable[..., Store]) -> None:
    clock = Clock()
    store = open_store(clock)
    enrol(store)
    with store.begin(EAST) as tx:
        tx.queue_run(DAY, "person", "tests")
        slow = tx.claim_run("slow", lease_seconds=30)
        assert slow is not None
        assert tx.claim_run("other", lease_seconds=30) is None
    clock.now += timedelta(seconds=31)
    with store.begin(EAST) as tx:
        quick = tx.claim_run("quick", lease_seconds=30)
        assert quick is not None
        assert (quick.id, quick.fence) == (slow.id, slow.fence + 1)
        assert not tx.progress(slow.id, slow.fence, {"cost": 1})
        assert not tx.finish_run(slow.id, slow.fence, "done")
        assert tx.finish_run(quick.id, quick.fence, "done")
        assert tx.run(quick.id).status == "done"


def test_a_cancelled_run_tells_its_owner_at_the_next_progress(store: Store) -> None:
    enrol(store)
    with store.begin(EAST) as tx:
        tx.queue_run(DAY, "person", "tests")
        run = tx.claim_run("me", 60)
        assert run is not None
        assert tx.progress(run.id, run.fence, {"cost": 5})
        assert tx.cancel_run(run.id)
        assert not tx.progress(run.id, run.fence, {"cost": 4})
        assert tx.run(run.id).progress == {"cost": 5}


def test_many_planners_never_claim_the_same_run(store: Store) -> None:
    enrol(store)
    with store.begin(EAST) as tx:
        for offset in range(8):
            tx.queue_run(DAY + timedelta(days=offset), "person", "tests")

    def claim(owner: int) -> list[str]:
        claimed = []
        for _ in range(8):
            with store.begin(EAST) as tx:
                if run := tx.claim_run(str(owner), 60):
                    claimed.append(run.id)
        return claimed

    with ThreadPoolExecutor(4) as pool:
        claimed = [run for runs in pool.map(claim, range(4)) for run in runs]
    assert len(claimed) == len(set(claimed)) == 8


def test_a_cut_off_is_decided_once(store: Store) -> None:
    enrol(store)
    with store.begin(EAST) as tx:
        assert tx.schedule_run(DAY, "cutoff", "done")
        assert not tx.schedule_run(DAY, "cutoff", "missed")
        assert tx.scheduled(DAY) == {"cutoff": "done"}


def test_a_plan_reads_back_as_it_was_filed(store: Store) -> None:
    enrol(store)
    with store.read(EAST) as tx:
        position = tx.position()
    draft = file_draft(store, cost=7)
    with store.read(EAST) as tx:
        row = tx.plan(draft)
        assert (row.status, row.version, row.as_of, row.plan.cost) == ("draft", 1, position, 7)
        assert row.etag == f"{draft}:1:{row.digest}"
        assert tx.problem(row.problem_digest).day == DAY


def test_only_an_approved_plan_is_published(store: Store) -> None:
    enrol(store)
    draft = file_draft(store)
    with pytest.raises(WrongState, match="only an approved plan"), store.begin(SCHEDULER) as tx:
        tx.publish(draft, "kim")


def test_a_plan_moves_on_only_from_what_was_seen(store: Store) -> None:
    enrol(store)
    draft = file_draft(store)
    with store.begin(SCHEDULER) as tx:
        assert not tx.set_plan_status(draft, 2, "draft", "approved"), "another version"
        assert not tx.set_plan_status(draft, 1, "approved", "published"), "another status"
        assert tx.set_plan_status(draft, 1, "draft", "approved", approved_by="kim")
        assert not tx.set_plan_status(draft, 1, "draft", "approved"), "twice"
        row = tx.plan(draft)
    assert (row.status, row.version, row.approved_by) == ("approved", 2, "kim")


def test_a_publication_takes_the_place_of_the_last_and_counts_on(store: Store) -> None:
    enrol(store)
    first, second = file_draft(store, cost=1), file_draft(store, cost=2)
    assert [publish(store, first), publish(store, second)] == [1, 2]
    with store.begin(EAST) as tx:
        current = tx.published(DAY)
        assert current is not None
        assert (current.id, current.pub_seq) == (second, 2)
        assert tx.plan(first).status == "superseded"
        assert tx.publications(DAY) == [(1, first), (2, second)]
        before = tx.last_published(NEXT_DAY)
        assert before is not None
        assert before.id == second
        assert tx.last_published(DAY) is None
        for kind in ("plan.published", "schedule.published"):
            waiting = [row for row in tx.unsent() if row.type == kind]
            assert [json.loads(row.payload)["pub_seq"] for row in waiting] == [1, 2]
            assert {row.aggregateid for row in waiting} == {f"east|{DAY}"}
        assert len({row.id for row in tx.unsent()}) == 4


def test_the_database_itself_refuses_a_second_published_plan(store: Store) -> None:
    enrol(store)
    publish(store, file_draft(store, cost=1))
    second = file_draft(store, cost=2)
    with pytest.raises(Exception, match=r"(?i)unique"), store.begin(EAST) as tx:
        tx.set_plan_status(second, 1, "draft", "published")


def _approvals_at_once(store: Store, draft: str, approvers: int) -> int:
    ready = threading.Barrier(approvers)

    def approve(number: int) -> bool:
        ready.wait()
        with store.begin(Viewer.staff("east", "scheduler", f"p{number}")) as tx:
            won = tx.set_plan_status(draft, 1, "draft", "approved", approved_by=f"p{number}")
            if won:
                tx.audit("plan.approved", draft)
            return won

    with ThreadPoolExecutor(approvers) as pool:
        return sum(pool.map(approve, range(approvers)))


@pytest.mark.parametrize("rounds", [20, pytest.param(100, marks=pytest.mark.soak)])
def test_of_many_approvals_at_once_exactly_one_wins(store: Store, rounds: int) -> None:
    enrol(store)
    for number in range(rounds):
        draft = file_draft(store, DAY + timedelta(days=number))
        assert _approvals_at_once(store, draft, approvers=100) == 1
    with store.read(EAST) as tx:
        approved = [row for row in tx.audit_rows() if row.action == "plan.approved"]
        assert len(approved) == rounds
        assert list(tx.audit_faults()) == []
