"""Recorded answers of a whole school year: states are plausible, and quick to compute.

The answers are those of the KDD Cup 2010 (Algebra I 2005-2006, PSLC DataShop).
"""

from __future__ import annotations

import csv
import time
from datetime import timedelta

import pytest

from schemas.events import EvidenceFacts, EvidenceRecorded
from services.mastery.fold import fold
from services.mastery.settings import MasterySettings
from tests.services.import_samples import DATA
from tests.services.mastery_events import START, series

ANSWERS = DATA / "events/algebra05_test.tsv"
SECONDS_FOR_A_YEAR = 20
"""Several times what it takes, so that only a change of order of magnitude fails here."""


def recorded_keys(most=None):
    """Events by (student, competency)."""
    by_key = {}
    with ANSWERS.open() as file:
        for number, row in enumerate(csv.DictReader(file, delimiter="\t")):
            if number == most:
                break
            key = row["user_id"], row["skill_id"]
            facts = EvidenceFacts(
                student=key[0], competency=key[1], kind="item", correct=row["correct"] == "1"
            )
            event = EvidenceRecorded(
                type="org.flexday.evidence.recorded.v1",
                id=str(number),
                source="tutor",
                time=START + timedelta(seconds=int(row["timestamp"])),
                data=facts,
            )
            by_key.setdefault(key, []).append(event)
    return by_key


def seconds_to_fold(keys):
    began = time.perf_counter()
    states = [fold(events, MasterySettings()) for events in keys.values()]
    return time.perf_counter() - began, states


def test_two_hundred_events_of_one_key_fold_in_a_few_milliseconds():
    events = series([0.2, 0.9, 0.4, 0.7] * 50, "item")
    fastest = min(seconds_to_fold({"key": events})[0] for _ in range(5))
    assert fastest < 0.005


@pytest.mark.skipif(not ANSWERS.exists(), reason=f"no {ANSWERS} (see FLEXDAY_DATA)")
def test_who_reaches_four_of_five_answers_right_more_often_than_who_does_not():
    """On a sample: states after all answers but the last say something about the last."""
    keys = [events for events in recorded_keys(20_000).values() if len(events) >= 6]
    right = {True: [0, 0], False: [0, 0]}
    for events in keys:
        *before, last = sorted(events, key=lambda event: (event.time, event.id))
        counts = right[fold(before, MasterySettings()).reached]
        counts[0] += bool(last.data.correct)
        counts[1] += 1
    assert right[True][0] / right[True][1] > right[False][0] / right[False][1] + 0.1


@pytest.mark.soak
@pytest.mark.skipif(not ANSWERS.exists(), reason=f"no {ANSWERS} (see FLEXDAY_DATA)")
def test_a_recorded_school_year_folds_in_seconds():
    keys = recorded_keys()
    assert sum(map(len, keys.values())) == 129_998
    seconds, states = seconds_to_fold(keys)
    assert seconds < SECONDS_FOR_A_YEAR
    assert 0 < sum(state.reached for state in states) < len(states)
