"""Order, repetition and delay have no bearing; the state held is what the log says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import text

from services.folding import rebuild, refold_all, verify
from services.handlers import handle_batch
from services.store import Store
from tests.services.small_school import DAY, EAST, STARTED, enrol, event, evidence

PAIRS = [("ada", "c1"), ("ada", "c2"), ("ben", "c1")]


def history(seed: int, size: int) -> list[dict[str, Any]]:
    """A year of invented events, some at the same moment, in the order they happened."""
    random = Random(seed)
    return [_one(random, number) for number in range(size)]


def _one(random: Random, number: int) -> dict[str, Any]:
    at = STARTED + timedelta(minutes=random.randrange(60))
    student, competency = random.choice(PAIRS)
    id, about = f"n{number}", {"student": student, "competency": competency}
    earlier = f"n{random.randrange(number + 1)}"
    return random.choice(
        [
            lambda: event("evidence.recorded", id, at, **about, score=random.randrange(11) / 10),
            lambda: event(
                "evidence.recorded", id, at, **about, kind="item", correct=random.random() < 0.6
            ),
            lambda: event(
                "evidence.corrected", id, at, **about, score=random.randrange(11) / 10,
                corrects_source="tests", corrects_id=earlier,
            ),
            lambda: event(
                "evidence.retracted", id, at, **about, retracts_source="tests", retracts_id=earlier
            ),
            lambda: event(
                "judgement.recorded", id, at, **about, level="proficient", staff="vega"
            ),
            lambda: event("staff.absent", id, at, staff="vega", day=DAY, blocks=["b1"]),
            lambda: event("staff.returned", id, at, staff="vega", day=DAY),
            lambda: event(
                "attendance.taken", id, at, student=student, day=DAY, block="b1",
                status=random.choice(["present", "late", "absent"]),
            ),
        ]
    )()  # fmt: skip


def state_of(store: Store) -> list[str]:
    """The whole folded state but the log positions, which tell of the order of arrival."""
    with store.read(EAST) as tx:
        rows = [*tx.state_rows("mastery"), *tx.state_rows("fact")]
    return [str({name: value for name, value in row.items() if name != "seq"}) for row in rows]


def empty(store: Store) -> None:
    with store.begin(EAST) as tx:
        for table in ("inbox", "event_log", "outbox", "mastery", "fact"):
            tx.connection.execute(text(f"DELETE FROM {table}"))
        tx.connection.execute(text("UPDATE school SET last_seq = 0"))


def arrive(store: Store, events: list[dict[str, Any]], batch: int) -> None:
    for start in range(0, len(events), batch):
        handle_batch(store, EAST, events[start : start + batch])


def any_order_gives_one_state(store: Store, seed: int, size: int) -> None:
    random, sent = Random(seed), history(seed, size)
    empty(store)
    arrive(store, sent, batch=size)
    in_order = state_of(store)
    assert in_order
    shuffled = sent * 2 + random.sample(sent, size // 3)
    random.shuffle(shuffled)
    empty(store)
    arrive(store, shuffled, batch=random.choice([7, 50, 500]))
    assert state_of(store) == in_order
    assert all(comparison.same for comparison in verify(store, "east"))


@pytest.mark.parametrize("seed", range(5))
def test_shuffled_doubled_and_late_events_give_the_same_state(store: Store, seed: int) -> None:
    enrol(store)
    any_order_gives_one_state(store, seed, size=40)


@pytest.mark.soak
def test_two_thousand_histories_of_two_hundred_events_in_any_order(store: Store) -> None:
    enrol(store)
    for seed in range(2000):
        any_order_gives_one_state(store, seed, size=200)


def test_a_rebuild_brings_back_what_was_lost_or_spoilt(store: Store) -> None:
    enrol(store)
    arrive(store, history(1, 60), batch=60)
    with store.read(EAST) as tx:
        before = [*tx.state_rows("mastery"), *tx.state_rows("fact")]
    with store.begin(EAST) as tx:
        tx.connection.execute(text("UPDATE mastery SET body = '{}' WHERE student = 'ada'"))
        tx.connection.execute(text("DELETE FROM fact WHERE kind = 'attendance'"))
    assert not any(comparison.same for comparison in verify(store, "east"))
    made = rebuild(store, "east")
    with store.read(EAST) as tx:
        assert [*tx.state_rows("mastery"), *tx.state_rows("fact")] == before
    assert sum(made.values()) == len(before)
    assert all(comparison.same for comparison in verify(store, "east"))


def test_another_method_refolds_every_state_from_the_log(store: Store) -> None:
    enrol(store)
    scores = [evidence(f"e{n}", score, minute=n) for n, score in enumerate([0.2, 0.4, 1.0])]
    arrive(store, scores, batch=3)
    with store.begin(EAST) as tx:
        tx.save_settings({"mastery": {"default": {"method": "highest", "cut": 0.75}}})
        assert refold_all(tx) == 1
        assert refold_all(tx) == 0
        assert [state.estimate for state in tx.mastery()] == [1.0]


def test_both_databases_fold_to_the_same_bytes(
    open_store: Callable[..., Store], tmp_path: Path, migrated_file: Path
) -> None:
    store = open_store()
    reference = Store(f"sqlite:///{tmp_path}/reference.db", clock=store.clock)
    reference.migrate()
    for each in (store, reference):
        enrol(each)
        arrive(each, history(5, 80), batch=80)
    assert verify(store, "east") == verify(reference, "east")
    reference.close()


def test_an_erased_body_is_passed_over(store: Store) -> None:
    enrol(store)
    arrive(store, [evidence("e1", 0.2), evidence("e2", 0.9, minute=1)], batch=2)
    with store.begin(EAST) as tx:
        tx.connection.execute(text("UPDATE event_log SET body = NULL WHERE event_id = 'e1'"))
    rebuild(store, "east")
    with store.read(EAST) as tx:
        assert [state.evidence_count for state in tx.mastery("ada")] == [1]
