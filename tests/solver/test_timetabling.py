"""Events find slots and rooms by driving one another out, and never clash."""

from __future__ import annotations

from itertools import combinations
from random import Random

import numpy as np
import pytest

from solver.effort import Effort, Limits
from solver.timetabling import Question, place

SEEDS = range(5)
every_seed = pytest.mark.parametrize("seed", SEEDS)


def question(
    rooms: list[list[int]],
    clashes: tuple[tuple[int, int], ...] = (),
    before: tuple[tuple[int, int], ...] = (),
) -> Question:
    """Rooms by slot and event, as bits."""
    events = len(rooms[0])
    matrix = np.zeros((events, events), dtype=np.bool_)
    for a, b in clashes:
        matrix[a, b] = matrix[b, a] = True
    return Question(matrix, before, np.array(rooms, dtype=np.int64))


def placed(asked: Question, seed: int = 0, work: float = 1.0) -> dict[int, tuple[int, int]]:
    return place(asked, seed, Effort(Limits(work=work)))


def breaches(asked: Question, found: dict[int, tuple[int, int]]) -> int:
    """What a timetable breaks, counted pair by pair."""
    wrong = sum(not asked.rooms[s, e] >> room & 1 for e, (s, room) in found.items())
    wrong += len(found) - len(set(found.values()))
    wrong += sum(found[a][0] == found[b][0] and bool(asked.clashes[a, b])
                 for a, b in combinations(found, 2))  # fmt: skip
    return wrong + sum(
        found[a][0] >= found[b][0] for a, b in asked.before if a in found and b in found
    )


def planted(seed: int) -> Question:
    """Twelve slots with four rooms, all of them taken in a timetable that was there first."""
    random, events = Random(seed), 48
    clashes = tuple(
        pair
        for pair in combinations(range(events), 2)
        if pair[0] // 4 != pair[1] // 4 and random.random() < 0.4
    )
    before = tuple(
        pair for pair in clashes if pair[0] // 4 < pair[1] // 4 and random.random() < 0.05
    )
    fits = [1 << (e % 4) | (random.getrandbits(4) & random.getrandbits(4)) for e in range(events)]
    rooms = [
        [fits[e] if e // 4 == slot or random.random() < 0.5 else 0 for e in range(events)]
        for slot in range(12)
    ]
    return question(rooms, clashes, before)


@every_seed
def test_a_full_timetable_is_found_again_and_breaks_nothing(seed: int) -> None:
    asked = planted(seed)
    found = placed(asked, seed, work=5)
    assert len(found) == 48
    assert breaches(asked, found) == 0


@every_seed
def test_everybody_finds_a_slot_where_each_must_give_way_to_the_one_before(seed: int) -> None:
    events = range(8)
    rooms = [[int(slot in (event - 1, event)) for event in events] for slot in events]
    assert placed(question(rooms), seed) == {event: (event, 0) for event in events}


@every_seed
def test_events_stand_in_their_order_one_slot_after_another(seed: int) -> None:
    before = tuple((event, event + 1) for event in range(7))
    found = placed(question([[1] * 8] * 8, before=before), seed)
    assert found == {event: (event, 0) for event in range(8)}


@every_seed
def test_rooms_are_exchanged_within_a_slot_for_the_one_that_can_have_but_one(seed: int) -> None:
    chain = [0b001, 0b011, 0b110]
    assert placed(question([chain]), seed) == {0: (0, 0), 1: (0, 1), 2: (0, 2)}


def test_those_who_clash_are_in_different_slots() -> None:
    pairs = ((0, 1), (0, 2), (1, 2))
    found = placed(question([[0b111] * 3] * 3, clashes=pairs))
    assert sorted(slot for slot, _ in found.values()) == [0, 1, 2]


def test_what_has_no_room_is_left_out_and_the_search_ends() -> None:
    found = place(question([[1, 1, 0]]), 0, Effort(Limits()))
    assert len(found) == 1
    assert 2 not in found


def test_the_search_stops_at_its_limit_and_counts_what_it_did() -> None:
    effort = Effort(Limits(work=0.2))
    found = place(question([[1] * 40] * 30), 0, effort)
    assert len(found) == 30
    assert 0.2 <= effort.work < 0.3


def test_the_same_seed_finds_the_same_and_another_seed_another() -> None:
    asked = question([[1] * 10] * 10)
    assert placed(asked, 3) == placed(asked, 3)
    assert placed(asked, 3) != placed(asked, 4)
