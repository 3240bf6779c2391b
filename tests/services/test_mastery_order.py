"""Whatever order events come in, and however often: the state is the same to the bit."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.mastery.fold import fold
from services.mastery.settings import MasterySettings
from tests.services.mastery_events import correction, evidence, judgement, retraction

SCHOOLS = tuple(
    MasterySettings.from_toml(text)
    for text in (
        "",
        '[mastery.default]\nmethod = "decaying_average"\n[mastery.kind.item]\nmethod = "bkt"',
        '[mastery.default]\nmethod = "power_law"\n[mastery.kind.item]\nmethod = "n_in_a_row"',
        '[mastery.default]\nmethod = "average"\n[mastery.kind.item]\nmethod = "n_mastery"\nn = 2',
        '[mastery.default]\nmethod = "levels"\n[mastery.kind.item]\nmethod = "highest"',
    )
)


@st.composite
def histories(draw, most):
    """Events that name each other, many at the same moment, some naming what never comes."""
    rng = random.Random(draw(st.integers(0, 2**32)))
    events = []
    for number in range(draw(st.integers(1, most))):
        name, day, of = f"e{number}", rng.randrange(12), f"e{rng.randrange(most)}"
        kind, score = rng.choice(["item", "assessment", "observation"]), rng.random()
        weight = rng.choice([0.5, 1.0, 2.0])
        events.append(
            rng.choices(
                [
                    evidence(name, day, score, kind, weight=weight, modality="project"),
                    correction(name, day, of, score, kind),
                    retraction(name, day, of),
                    judgement(name, day, rng.choice(["attempted", "proficient", "mastered"])),
                ],
                [8, 2, 1, 1],
            )[0]
        )
    return events


def stays_the_same(events, rng):
    for school in SCHOOLS:
        expected = fold(events, school).model_dump_json()
        for _ in range(2):
            again = [*events, *rng.choices(events, k=rng.randrange(len(events) + 1))]
            rng.shuffle(again)
            assert fold(again, school).model_dump_json() == expected


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories(60), st.randoms(use_true_random=False))
def test_events_in_any_order_and_doubled_give_the_same_state(events, rng):
    stays_the_same(events, rng)


@pytest.mark.soak
@settings(
    max_examples=2000,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(histories(200), st.randoms(use_true_random=False))
def test_long_histories_in_any_order_and_doubled_give_the_same_state(events, rng):
    stays_the_same(events, rng)


def test_two_contents_under_one_name_are_still_told_apart_without_regard_to_order():
    one, other = evidence("a", 0, 0.2), evidence("a", 0, 0.9)
    assert fold([one, other], SCHOOLS[0]) == fold([other, one], SCHOOLS[0])
