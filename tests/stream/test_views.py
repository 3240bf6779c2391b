"""Live counts of a school: absolute and versioned, so that what comes twice counts once."""

from __future__ import annotations

import json
import random
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.handlers import handle
from services.store import Counts, Store, Told
from services.stream.views import Seen, Tallies
from tests.conftest import NOW
from tests.services.small_school import EAST, enrol, event
from tests.stream.installation import Installation, wait_until

CHICAGO = ZoneInfo("America/Chicago")
TODAY = date(2026, 11, 24)


def message(sequence: int, key: str, reached: bool = False, stuck: bool = False) -> dict[str, Any]:
    return {
        "sequence": f"{sequence:020}",
        "source": "/flexday/east",
        "data": {
            "seq": sequence,
            "stuck": stuck,
            "mastery": {
                "student": key.split("/")[0],
                "reached": reached,
                "last_progress_at": NOW.isoformat(),
            },
        },
    }


MESSAGES = [
    ("ada/c1", message(1, "ada/c1")),
    ("ada/c1", message(2, "ada/c1", reached=True)),
    ("ben/c1", message(3, "ben/c1", stuck=True)),
    ("ben/c2", message(4, "ben/c2", stuck=True)),
    ("cy/c1", message(5, "cy/c1", reached=True)),
    ("cy/c1", message(6, "cy/c1", stuck=True)),
]
"""Cy's mastery did not last; ben is one student, though stuck twice."""


@given(st.randoms(use_true_random=False), st.lists(st.sampled_from(MESSAGES)))
def test_however_messages_are_shuffled_and_repeated_the_counts_are_the_same(
    chance: random.Random, again: list[Any]
) -> None:
    order = [*MESSAGES, *again]
    chance.shuffle(order)
    tallies = Tallies()
    for key, told in order:
        tallies.put("east", key, Seen.of(told))
    counted = tallies.counts("east", TODAY, CHICAGO)
    assert counted == Counts(6, 6, mastered_today=1, stuck_students=2, day=TODAY)


def test_what_was_mastered_on_another_day_of_the_school_is_not_of_today() -> None:
    tallies = Tallies()
    tallies.put("east", "ada/c1", Seen.of(message(1, "ada/c1", reached=True)))
    assert tallies.counts("east", date(2026, 11, 25), CHICAGO).mastered_today == 0


def test_older_counts_never_take_the_place_of_newer_ones(store: Store) -> None:
    enrol(store)
    newer, older = Counts(9, 9, 3, 1, TODAY), Counts(8, 8, 2, 1, TODAY)
    with store.begin(EAST) as tx:
        assert tx.counts() is None
        assert tx.save_counts(newer)
        assert not tx.save_counts(older)
        told = tx.counts()
    assert told is not None
    assert told.counts == newer


@pytest.mark.parametrize("address", ["postgresql"], indirect=True)
def test_live_counts_follow_what_happens_and_are_the_same_when_made_anew(
    installation: Installation,
) -> None:
    store = installation.store
    enrol(store)
    tell(installation, "ada", [0.9, 0.95, 1.0])
    tell(installation, "ben", [0.2] * 10)
    installation.start("relay")
    counting = installation.start("stream", "--counts")
    first = wait_until(lambda: counted(store, 13))
    assert (first.counts.mastered_today, first.counts.stuck_students) == (1, 1)
    tell(installation, "cy", [0.9, 0.95, 1.0])
    second = wait_until(lambda: counted(store, 16))
    assert second.counts.mastered_today == 2
    counting.kill()

    with store.begin(EAST) as tx:
        tx.save_counts(second.counts._replace(mastered_today=99))
    installation.more["FLEXDAY_VIEWS_VERSION"] = "2"
    installation.flexday("topics")
    installation.start("stream", "--counts")
    again = wait_until(lambda: (told := counted(store, 16)) and told.counts == second.counts)
    assert again


def tell(installation: Installation, student: str, scores: list[float]) -> None:
    """Evidence of today, by the clock that the workers go by."""
    now = installation.store.clock()
    for number, score in enumerate(scores):
        facts = {"student": student, "competency": "c1", "score": score}
        told = event("evidence.recorded", f"{student}{number}", now, **facts)
        assert handle(installation.store, EAST, json.dumps(told).encode()).status == "accepted"


def counted(store: Store, events: int) -> Told | None:
    with store.read(EAST) as tx:
        told = tx.counts()
    return told if told and told.counts.events == events and told.behind == 0 else None
