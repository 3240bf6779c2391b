"""Events in: each counts once, what cannot count says why, and nothing sinks its neighbours."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any

import pytest

from schemas.school import Service
from services import handlers
from services.folding import verify
from services.handlers import Outcome, handle, handle_batch, release_parked, replay_quarantined
from services.store import Store
from services.viewer import Viewer
from tests.conftest import NOW
from tests.services.small_school import (
    DAY,
    EAST,
    STARTED,
    enrol,
    event,
    evidence,
    roster,
    student,
)

LOCK = {
    "target": "room", "id": "l1", "owner": "kim", "reason": "concert", "room": "r1", "block": "b1",
}  # fmt: skip

ONE_OF_EACH: list[tuple[dict[str, Any], str]] = [
    (event("staff.absent", "a", staff="vega", day=DAY), "staff.presence"),
    (event("staff.returned", "b", staff="vega", day=DAY), "staff.presence"),
    (event("student.absent", "c", student="ada", day=DAY, blocks=["b1"]), "student.presence"),
    (event("student.arrived", "d", student="ada", day=DAY), "student.presence"),
    (event("room.closed", "e", room="r1", day=DAY), "room.presence"),
    (event("room.reopened", "f", room="r1", day=DAY, blocks=["b2"]), "room.presence"),
    (
        event("choice.ranked", "g", student="ada", day=DAY, blocks=["b1"], ranking=["study"]),
        "ballot",
    ),
    (
        event(
            "request.made", "h", request="q1", staff="vega", student="ben", day=DAY,
            offerings=["ratios"], blocks=["b1"], priority=5,
        ),
        "request",
    ),
    (event("lock.set", "i", day=DAY) | {"data": {"day": str(DAY), "lock": LOCK}}, "lock"),
    (event("lock.released", "j", day=DAY, lock="l1"), "lock"),
    (
        event("attendance.taken", "k", student="ada", day=DAY, block="b1", status="late"),
        "attendance",
    ),
    (event("need.flagged", "l", student="ada", competency="c1", staff="vega"), "flag"),
    (event("credit.confirmed", "m", student="ada", competency="c1", staff="vega"), "credit"),
    (
        event("guardian.changed", "n") | {"data": {"link": {"guardian": "pat", "student": "cy"}}},
        "guardian",
    ),
]  # fmt: skip


def take(store: Store, *events: Any, viewer: Viewer = EAST) -> list[str]:
    return [outcome.status for outcome in handle_batch(store, viewer, events)]


def state(store: Store) -> dict[str, tuple[float | None, int]]:
    with store.read(EAST) as tx:
        return {f"{m.student} {m.competency}": (m.estimate, m.evidence_count) for m in tx.mastery()}


def test_evidence_becomes_mastery_a_log_entry_and_a_message(store: Store) -> None:
    enrol(store)
    assert handle(store, EAST, evidence("e1")) == Outcome("accepted", "tests", "e1")
    assert state(store) == {"ada c1": (0.8, 1)}
    with store.begin(EAST) as tx:
        (row,) = tx.log("ada")
        assert (row.seq, row.name, row.student, row.competency) == (
            1, "evidence.recorded", "ada", "c1",
        )  # fmt: skip
        (message,) = tx.unsent()
        assert message.type == "mastery.changed"
        assert json.loads(message.payload)["mastery"]["estimate"] == 0.8


@pytest.mark.parametrize(("sent", "kind"), ONE_OF_EACH, ids=lambda value: str(value)[-20:])
def test_every_kind_of_event_leaves_its_fact(store: Store, sent: dict[str, Any], kind: str) -> None:
    enrol(store)
    assert take(store, sent) == ["accepted"]
    with store.read(EAST) as tx:
        assert len(tx.facts(kind)) == 1
    assert all(comparison.same for comparison in verify(store, "east"))


def test_minutes_delivered_are_added_up_not_replaced(store: Store) -> None:
    enrol(
        store,
        services=(Service(id="sp", student="ada", kind="speech", minutes=30, qualification="slp"),),
    )
    sent = [
        event("minutes.delivered", f"m{n}", service="sp", student="ada", day=DAY, minutes=10)
        for n in range(2)
    ]
    assert take(store, *sent, sent[0]) == ["accepted", "accepted", "duplicate"]
    with store.read(EAST) as tx:
        assert [fact["body"]["minutes"] for fact in tx.facts("minutes")] == [10, 10]


# --- counting once --------------------------------------------------------------------------


def test_the_same_event_sent_again_is_a_duplicate_and_counts_once(store: Store) -> None:
    enrol(store)
    assert take(store, evidence("e1"), evidence("e1")) == ["accepted", "duplicate"]
    assert take(store, evidence("e1")) == ["duplicate"]
    assert state(store) == {"ada c1": (0.8, 1)}
    with store.read(EAST) as tx:
        assert tx.position() == 1


def test_spacing_zone_and_passing_attributes_do_not_make_another_event(store: Store) -> None:
    enrol(store)
    sent = evidence("e1")
    again = sent | {"traceparent": "00-1", "time": "2026-09-01T10:00:00-05:00"}
    assert take(store, sent, json.dumps(again, indent=3).encode()) == ["accepted", "duplicate"]


def test_the_same_id_with_other_content_is_a_conflict_and_the_first_stands(store: Store) -> None:
    enrol(store)
    take(store, evidence("e1", 0.8))
    outcome = handle(store, EAST, evidence("e1", 0.1))
    assert outcome.status == "conflict"
    assert outcome.mend
    assert state(store) == {"ada c1": (0.8, 1)}
    with store.read(EAST) as tx:
        assert [row.action for row in tx.audit_rows()] == ["event.conflict"]


def test_the_same_id_from_another_source_is_another_event(store: Store) -> None:
    enrol(store)
    other = evidence("e1") | {"source": "elsewhere"}
    assert take(store, evidence("e1"), other) == ["accepted", "accepted"]


def test_log_positions_have_no_gaps(store: Store) -> None:
    enrol(store)
    take(store, evidence("e1"), {"not": "an event"}, evidence("e2"), evidence("e1"), evidence("e3"))
    with store.read(EAST) as tx:
        assert [row.seq for row in tx.events_since(0)] == [1, 2, 3]
        assert [row.event_id for row in tx.events_since(1, kinds=["evidence.recorded"])] == [
            "e2", "e3",
        ]  # fmt: skip


def test_many_senders_of_the_same_events_at_once_count_each_once(store: Store) -> None:
    enrol(store)
    sent = [evidence(f"e{n}", minute=n, student=["ada", "ben"][n % 2]) for n in range(40)]

    def send(seed: int) -> Counter[str]:
        mine = Random(seed).sample(sent, len(sent))
        batches = [mine[start : start + 8] for start in range(0, len(mine), 8)]
        return Counter(status for batch in batches for status in take(store, *batch))

    with ThreadPoolExecutor(4) as pool:
        told = sum(pool.map(send, range(4)), Counter[str]())
    assert told == {"accepted": 40, "duplicate": 120}
    with store.read(EAST) as tx:
        assert [row.seq for row in tx.events_since(0)] == list(range(1, 41))
    assert [count for _, count in state(store).values()] == [20, 20]
    assert all(comparison.same for comparison in verify(store, "east"))


# --- what cannot count ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b'{"a": NaN}', "not JSON"),
        (b'"\\ud800"', "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"[" * 60 + b"]" * 60, "deeper than 32"),
        (b"[]", "an event is a JSON object"),
        (b"{}", "type"),
        (b"7", "an event is a JSON object"),
        (evidence("e", 7.5), "less than or equal to 1"),
        (evidence("e\x00"), "control characters"),
        (evidence("e") | {"time": "never"}, "time"),
        (evidence("e") | {"type": "org.flexday.evidence.recorded.v9"}, "type"),
        (evidence("e") | {"time": "0001-01-01T00:00:00+14:00"}, "before 1970"),
    ],
    ids=lambda value: str(value)[:25],
)
def test_what_is_no_event_is_put_aside_with_its_reason(store: Store, raw: Any, reason: str) -> None:
    enrol(store)
    outcome = handle(store, EAST, raw)
    assert outcome.status == "quarantined"
    assert reason in outcome.reason
    assert outcome.mend
    with store.read(EAST) as tx:
        (row,) = tx.quarantined()
        assert (row.reason, row.mend) == (outcome.reason, outcome.mend)
        assert tx.position() == 0


def test_an_event_from_the_future_is_put_aside_but_a_fast_clock_is_forgiven(store: Store) -> None:
    enrol(store)
    minutes = int((NOW - STARTED).total_seconds() // 60)
    assert take(store, evidence("e1", minute=minutes + 4)) == ["accepted"]
    outcome = handle(store, EAST, evidence("e2", minute=minutes + 6))
    assert outcome.status == "quarantined"
    assert "future" in outcome.reason


def test_the_same_poison_is_kept_once_and_only_its_beginning(store: Store) -> None:
    enrol(store)
    poison = b"x" * 100_000
    assert take(store, poison, poison) == ["quarantined", "quarantined"]
    with store.read(EAST) as tx:
        (row,) = tx.quarantined()
        assert len(row.raw) == 64 * 1024


def test_an_event_of_a_school_never_imported_is_put_aside(store: Store) -> None:
    nowhere = Viewer.machine("nowhere")
    assert take(store, evidence("e1"), viewer=nowhere) == ["quarantined"]
    with store.read(nowhere) as tx:
        assert len(tx.quarantined()) == 1


def test_poison_does_not_sink_its_neighbours(store: Store) -> None:
    enrol(store)
    sent = [
        evidence("e1"),
        b"poison",
        7,
        None,
        evidence("e2", competency="nothing"),
        evidence("e3"),
    ]
    assert take(store, *sent) == [
        "accepted", "quarantined", "quarantined", "quarantined", "parked", "accepted",
    ]  # fmt: skip


def test_an_event_our_own_code_trips_over_does_not_sink_its_neighbours(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrol(store)
    real = handlers.refold

    def trip(tx: Any, keys: Any, logged: Any) -> int:
        if ("ben", "c1") in keys:
            raise ZeroDivisionError
        return real(tx, keys, logged)

    monkeypatch.setattr(handlers, "refold", trip)
    sent = [evidence("e1"), evidence("e2", student="ben"), evidence("e3", minute=1)]
    assert take(store, *sent) == ["accepted", "quarantined", "accepted"]
    assert list(state(store)) == ["ada c1"]
    with store.read(EAST) as tx:
        assert [row.seq for row in tx.events_since(0)] == [1, 2]
    monkeypatch.undo()
    assert [outcome.status for outcome in replay_quarantined(store, EAST)] == ["accepted"]
    assert list(state(store)) == ["ada c1", "ben c1"]
    with store.read(EAST) as tx:
        assert tx.quarantined() == []


# --- parked ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "waits_for"),
    [
        (evidence("e1", student="eve"), "student eve"),
        (evidence("e1", competency="9.X"), "competency 9.X"),
        (event("staff.absent", "e1", staff="zoe", day=DAY), "staff member zoe"),
        (event("room.closed", "e1", room="r9", day=DAY), "room r9"),
        (event("student.absent", "e1", student="ada", day=DAY, blocks=["b9"]), "block b9"),
        (
            event("choice.ranked", "e1", student="ada", day=DAY, blocks=["b1"], ranking=["art"]),
            "offering art",
        ),
    ],
    ids=lambda value: str(value)[-12:],
)
def test_an_event_that_names_somebody_unknown_waits(
    store: Store, sent: Any, waits_for: str
) -> None:
    enrol(store)
    outcome = handle(store, EAST, sent)
    assert outcome.status == "parked"
    assert outcome.reason == f"{waits_for} is not known yet"
    assert take(store, sent) == ["duplicate"]
    with store.read(EAST) as tx:
        assert tx.tally()["parked"] == 1
        assert tx.position() == 0


def test_parked_evidence_counts_once_the_student_is_imported(store: Store) -> None:
    enrol(store)
    take(store, evidence("e1", student="eve"), evidence("e2", student="fay"))
    with store.begin(EAST) as tx:
        tx.apply_roster(roster(students=(*roster().students, student("eve"))))
        assert release_parked(tx) == 1
        assert release_parked(tx) == 0
    assert state(store) == {"eve c1": (0.8, 1)}
    assert take(store, evidence("e1", student="eve")) == ["duplicate"]
    with store.read(EAST) as tx:
        assert tx.tally() == {"accepted": 1, "parked": 1, "quarantined": 0}


def test_the_adult_named_in_evidence_holds_nothing_up(store: Store) -> None:
    enrol(store)
    assert take(store, evidence("e1", staff="an outside grader")) == ["accepted"]


def test_a_competency_may_be_named_by_its_code(store: Store) -> None:
    enrol(store)
    by_code = evidence("e1", competency="6.RP.A.1")
    assert take(store, by_code, by_code) == ["accepted", "duplicate"]
    assert state(store) == {"ada c1": (0.8, 1)}
