"""What events bring about: facts of which the newest holds, new drafts, and who may say what."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest

from schemas.school import StaffMember
from services.facts import away
from services.handlers import handle_batch, replay_quarantined
from services.store import Store
from services.viewer import Viewer
from tests.conftest import NOW
from tests.services.small_school import (
    DAY,
    EAST,
    enrol,
    event,
    evidence,
    file_draft,
    roster,
)

LOCK = {
    "target": "room", "id": "l1", "owner": "kim", "reason": "concert", "room": "r1", "block": "b1",
}  # fmt: skip


def take(store: Store, *events: Any, viewer: Viewer = EAST) -> list[str]:
    return [outcome.status for outcome in handle_batch(store, viewer, events)]


# --- the newest fact holds ------------------------------------------------------------------


def test_a_late_absence_does_not_undo_a_later_return(store: Store) -> None:
    enrol(store)
    hour = timedelta(hours=1)
    returned = event("staff.returned", "b", NOW - hour, staff="vega", day=DAY)
    absent = event("staff.absent", "a", NOW - 2 * hour, staff="vega", day=DAY)
    take(store, returned, absent)
    with store.read(EAST) as tx:
        assert away(tx.facts("staff.presence", DAY), ["b1", "b2"]) == {}


def test_away_all_day_but_back_for_one_block(store: Store) -> None:
    enrol(store)
    hour = timedelta(hours=1)
    absent = event("student.absent", "a", NOW - 2 * hour, student="ada", day=DAY)
    back = event("student.arrived", "b", NOW - hour, student="ada", day=DAY, blocks=["b2"])
    take(store, back, absent)
    with store.read(EAST) as tx:
        assert away(tx.facts("student.presence", DAY), ["b1", "b2"]) == {"ada": ("b1",)}


def test_a_released_lock_no_longer_holds(store: Store) -> None:
    enrol(store)
    locked = event("lock.set", "a") | {"data": {"day": str(DAY), "lock": LOCK}}
    take(store, locked, event("lock.released", "b", NOW, day=DAY, lock="l1", reason="over"))
    with store.read(EAST) as tx:
        (fact,) = tx.facts("lock", DAY)
        assert fact["body"] == {"lock": None, "reason": "over"}


def test_a_guardian_link_ends_at_once_when_it_changes(store: Store) -> None:
    enrol(store)
    link = {"guardian": "pat", "student": "ben", "may_see": False}
    change = event("guardian.changed", "g", NOW + timedelta(seconds=1)) | {"data": {"link": link}}
    take(store, change)
    with store.read(Viewer.guardian("east", "pat")) as tx:
        assert tx.roster("students") == []


# --- upsets ---------------------------------------------------------------------------------


def _upset_runs(store: Store, *sent: Any) -> int:
    take(store, *sent)
    with store.read(EAST) as tx:
        return sum(run.kind == "upset" for run in tx.runs())


def test_an_absent_teacher_on_a_planned_day_asks_for_a_new_draft_once(store: Store) -> None:
    enrol(store)
    file_draft(store)
    sent = [
        event("staff.absent", "a", staff="vega", day=DAY),
        event("staff.absent", "a", staff="vega", day=DAY),
        event("room.closed", "b", room="r1", day=DAY),
    ]
    assert _upset_runs(store, *sent) == 1


def test_an_absence_on_a_day_without_a_plan_or_in_the_past_asks_for_nothing(store: Store) -> None:
    enrol(store)
    past = date(2026, 11, 2)
    file_draft(store, past)
    sent = [
        event("staff.absent", "a", staff="vega", day=DAY),
        event("staff.absent", "b", staff="vega", day=past),
    ]
    assert _upset_runs(store, *sent) == 0


# --- who may say what -----------------------------------------------------------------------

BALLOT = event("choice.ranked", "x", student="ada", day=DAY, blocks=["b1"], ranking=["study"])
VEGA = Viewer.staff("east", "teacher", "vega")


@pytest.mark.parametrize(
    ("viewer", "sent", "status"),
    [
        (Viewer.student("east", "ada"), BALLOT, "accepted"),
        (Viewer.student("east", "ben"), BALLOT, "refused"),
        (Viewer.student("east", "ada"), evidence("x"), "refused"),
        (VEGA, evidence("x"), "accepted"),
        (VEGA, evidence("x", student="ben"), "refused"),
        (VEGA, event("staff.absent", "x", staff="vega", day=DAY), "accepted"),
        (VEGA, event("staff.absent", "x", staff="kim", day=DAY), "refused"),
        (VEGA, event("room.closed", "x", room="r1", day=DAY), "refused"),
        (
            Viewer.guardian("east", "pat"),
            event("student.absent", "x", student="ben", day=DAY),
            "accepted",
        ),
        (
            Viewer.guardian("east", "pat"),
            event("student.absent", "x", student="ada", day=DAY),
            "refused",
        ),
    ],
    ids=lambda value: value.person if isinstance(value, Viewer) else str(value)[-30:],
)
def test_nobody_speaks_for_others(store: Store, viewer: Viewer, sent: Any, status: str) -> None:
    enrol(store)
    assert take(store, sent, viewer=viewer) == [status]
    with store.read(EAST) as tx:
        assert tx.position() == (1 if status == "accepted" else 0)


def test_a_replay_from_quarantine_has_only_the_rights_of_whoever_sent_it(store: Store) -> None:
    enrol(store)
    early = event("staff.absent", "x", NOW + timedelta(hours=1), staff="zoe", day=DAY)
    with store.begin(Viewer.student("east", "ada")) as tx:
        tx.set_aside(json.dumps(early | {"time": NOW.isoformat()}).encode(), "told", "mend")
    assert [outcome.status for outcome in replay_quarantined(store, EAST)] == ["refused"]
    with store.begin(EAST) as tx:
        tx.apply_roster(roster(staff=(StaffMember(id="zoe", given_name="Z", family_name="Z"),)))
        assert tx.facts("staff.presence") == []
