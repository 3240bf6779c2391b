"""However events are repeated, shuffled and late, what they come to is the same to the bit."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from typing import Any

import pytest

from services.store import Store
from services.stream.intake import Intake, Record
from services.viewer import Viewer
from tests.services.small_school import STARTED, enrol, event

pytestmark = pytest.mark.parametrize("address", ["sqlite"], indirect=True)
EVENTS = 200
LATE = timedelta(days=90)


def some_event(chance: random.Random, number: int) -> Any:
    student, competency = chance.choice(["ada", "ben", "cy"]), chance.choice(["c1", "c2"])
    at = STARTED + timedelta(minutes=number)
    if chance.random() < 0.3:
        at -= chance.random() * LATE
    if chance.random() < 0.2:
        away = chance.choice(["staff.absent", "staff.returned"])
        return event(away, f"e{number}", at, staff=chance.choice(["vega", "kim"]), day="2026-11-25")
    if chance.random() < 0.1:
        level = chance.choice(["attempted", "mastered"])
        about = {"student": student, "competency": competency}
        return event("judgement.recorded", f"e{number}", at, **about, level=level, staff="vega")
    about = {"student": student, "competency": competency, "score": chance.randrange(11) / 10}
    return event("evidence.recorded", f"e{number}", at, **about)


def state_after(store: Store, school: str, events: list[Any], chance: random.Random) -> list[Any]:
    """What a school's state says once the events came in batches of any size."""
    enrol(store, school)
    intake, offset = Intake(store), 0
    while offset < len(events):
        some = events[offset : offset + chance.randrange(1, 120)]
        records = [
            Record(school, 0, offset + place, school.encode(), json.dumps(told).encode())
            for place, told in enumerate(some)
        ]
        assert intake.take_in(records) == []
        offset += len(some)
    with store.read(Viewer.machine(school)) as tx:
        tables = [list(tx.state_rows(table)) for table in ("mastery", "fact")]
    kept = ("student", "competency", "kind", "key", "body", "occurred_at", "source", "event_id")
    return [[{name: row.get(name) for name in kept} for row in table] for table in tables]


@pytest.mark.parametrize("cases", [4, pytest.param(2000, marks=pytest.mark.soak)])
def test_events_three_times_shuffled_and_late_come_to_what_they_come_to_in_order(
    store: Store, cases: int
) -> None:
    for case in range(cases):
        chance = random.Random(case)
        events = [some_event(chance, number) for number in range(EVENTS)]
        in_order = sorted(events, key=lambda told: (told["time"], told["id"]))
        shuffled = events * 3
        chance.shuffle(shuffled)
        straight = state_after(store, f"straight-{case}", in_order, chance)
        assert state_after(store, f"shuffled-{case}", shuffled, chance) == straight
        assert straight[0]
