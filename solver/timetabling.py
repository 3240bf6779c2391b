"""Finds a slot and a room for each of many events that clash, by moving one event at a time.

An event that is out is put where that drives out the cheapest others, rooms being exchanged freely
within a slot; what was driven out may not come back for a while; and whoever stays out gets dearer
to drive out the next time. Sources: S. L. Goh, G. Kendall, N. R. Sabar, Improved local search
approaches to solve the post enrolment course timetabling problem, EJOR 261, 2017, for tabu search
over partial timetables; Y. Nagata, O. Bräysy, A powerful route minimization heuristic, OR Letters
37, 2009, for the rising prices of those left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray

from solver.effort import MOVE_WORK, Effort

MOST_ROOMS = 62
"""Rooms are the bits of a whole number of numpy's."""

FORBIDDEN, RECENT = 1 << 28, 1 << 27
"""Prices above all that moves cost: of a slot that an event may not have, and of one that it was
driven out of a short while ago."""

RISE = 20
"""Moves without fewer left out than ever, after which these get dearer by 1. Measured on four
instances of ITC-2007 and four fuller ones: 20 and 50 do all in 12 s, 100 and 400 do not."""

STAY_AWAY = (10, 1.5)
"""For how many moves an event may not go back: any number below the first, and the second for each
event that is out. With 0.6 three of the four fuller instances are not done in 12 s, with 1.5 all
are."""

PATIENCE = 20
"""Moves for each event and slot, without fewer left out than ever, before a search is given up:
full timetables of 440 events and 45 slots were found after a tenth to two thirds of it in all."""

ROUNDS = 10
"""How often a search that was given up begins from nothing again."""

GLANCE = 500
"""Moves between two looks at the limits."""


@dataclass(frozen=True)
class Question:
    """What is to be placed. Events, slots and rooms are numbered from 0, slots in order of time."""

    clashes: NDArray[np.bool_]
    """Per event and event, whether they may not share a slot."""
    before: tuple[tuple[int, int], ...]
    """(a, b): a in an earlier slot than b."""
    rooms: NDArray[np.int64]
    """Per slot and event, a bit for each room that it may have then."""


def place(question: Question, seed: int, effort: Effort) -> dict[int, tuple[int, int]]:
    """The slot and room of as many events as could be placed at once, within the limits."""
    possible = int((question.rooms != 0).any(axis=0).sum())
    best: dict[int, tuple[int, int]] = {}
    for number in range(ROUNDS):
        found = _Timetable(question, Random(f"{seed}.{number}")).fill(effort)
        if len(found) > len(best):
            best = found
        if len(best) == possible or effort.exhausted():
            break
    return best


class _Housing:
    """The rooms of one slot and who is in them."""

    def __init__(self, suited: list[int], rooms: int) -> None:
        self.suited = suited
        self.occupants: list[int | None] = [None] * rooms
        self.room: dict[int, int] = {}
        self.free = (1 << rooms) - 1

    def openings(self) -> tuple[int, dict[int, int]]:
        """The rooms of which one more event could be given any, when others change rooms for it;
        and those more of which it could if an event left, by event. An event that leaves makes way
        exactly for what could be given one of these, as alternating ways from free rooms go on in
        the same manner wherever they begin (Berge)."""
        held = [(event, 1 << room, self.suited[event]) for event, room in self.room.items()]
        now = _grown(self.free, held)
        return now, {e: now if now & bit else _grown(now | bit, held) for e, bit, _ in held}

    def take_in(self, event: int, random: Random) -> bool:
        """Gives the event a room, others changing rooms for it if need be; or changes nothing."""
        seen = 0
        ways: list[tuple[int, tuple[tuple[int, int], ...]]] = [(event, ())]
        for mover, way in ways:
            fit = self.suited[mover]
            if fit & self.free:
                rooms = list(_bits(fit & self.free))
                chosen = rooms[0] if len(rooms) == 1 else random.choice(rooms)
                self.free &= ~(1 << chosen)
                for one, room in (*way, (mover, chosen)):
                    self.occupants[room] = one
                    self.room[one] = room
                return True
            for room in _bits(fit & ~seen):
                holder = self.occupants[room]
                if holder is not None:
                    ways.append((holder, (*way, (mover, room))))
            seen |= fit
        return False

    def let_go(self, event: int) -> None:
        """Frees the event's room."""
        room = self.room.pop(event)
        self.occupants[room] = None
        self.free |= 1 << room


def _grown(rooms: int, held: list[tuple[int, int, int]]) -> int:
    """Rooms, and those whose holders could change into one of them, and so on."""
    before = 0
    while rooms != before:
        before = rooms
        for _, bit, suited in held:
            if not rooms & bit and suited & rooms:
                rooms |= bit
    return rooms


def _bits(mask: int) -> Iterator[int]:
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


class _Timetable:
    """A partial timetable in which nothing clashes, and what it would cost to place any event."""

    def __init__(self, question: Question, random: Random) -> None:
        slots, events = question.rooms.shape
        self._random = random
        self._clashes, self._suited = question.clashes.copy(), question.rooms
        self._after: list[list[int]] = [[] for _ in range(events)]
        self._earlier: list[list[int]] = [[] for _ in range(events)]
        for first, then in question.before:
            self._clashes[first, then] = self._clashes[then, first] = True
            self._after[first].append(then)
            self._earlier[then].append(first)
        self._clashing = [set(np.flatnonzero(row).tolist()) for row in self._clashes]
        rooms = int(question.rooms.max(initial=0)).bit_length()
        self._housing = [_Housing(row.tolist(), rooms) for row in question.rooms]
        self._slot: dict[int, int] = {}
        self._price = np.ones(events, dtype=np.int32)
        self._barred = np.where(question.rooms == 0, FORBIDDEN, 0).astype(np.int32)
        self._clash_costs = np.zeros((slots, events), dtype=np.int32)
        """Per slot and event, the prices of those placed whom it would drive out of their slots."""
        self._room_costs = self._barred.copy()
        """The same of the one more whose room it would need."""
        self._back_from = np.zeros((slots, events), dtype=np.int64)
        """From which move on an event may go back."""
        self._out = [event for event in range(events) if question.rooms[:, event].any()]
        random.shuffle(self._out)

    def fill(self, effort: Effort) -> dict[int, tuple[int, int]]:
        """Moves events until all that have a slot are placed, a limit is reached or nothing helps;
        how they stood when fewest were left out."""
        fewest, idle, move, best = len(self._out) + 1, 0, 0, self._places()
        patience = PATIENCE * self._suited.size
        while self._out and idle < patience:
            if move % GLANCE == 0 and move:
                effort.spend(GLANCE * MOVE_WORK)
                if effort.exhausted():
                    break
            move += 1
            self._place_cheapest(move)
            idle += 1
            if len(self._out) < fewest:
                fewest, idle = len(self._out), 0
                best = self._places()
            elif idle % RISE == 0:
                self._price[self._out] += 1
        effort.spend(move % GLANCE * MOVE_WORK)
        return best

    def _places(self) -> dict[int, tuple[int, int]]:
        return {e: (s, self._housing[s].room[e]) for e, s in sorted(self._slot.items())}

    def _place_cheapest(self, move: int) -> None:
        """Places the event whose coming in, at the price it has itself, costs least."""
        out = self._out
        costs = self._clash_costs[:, out] + self._room_costs[:, out] - self._price[out]
        costs[self._back_from[:, out] > move] += RECENT
        least = np.flatnonzero(costs == costs.min()).tolist()
        slot, number = divmod(least[self._random.randrange(len(least))], len(out))
        driven_out = self._place(out[number], slot)
        some, each = STAY_AWAY
        for event, old in driven_out:
            away = int(each * len(out)) + self._random.randrange(some)
            self._back_from[old, event] = move + away

    def _place(self, event: int, slot: int) -> list[tuple[int, int]]:
        """Places an event; whom it drove out, and of which slots."""
        housing = self._housing[slot]
        driven_out = [(other, self._slot[other]) for other in self._in_the_way(event, slot)]
        for other, _ in driven_out:
            self._take_out(other)
        if not housing.take_in(event, self._random):
            other = self._cheapest_to_house(event, housing)
            driven_out.append((other, slot))
            self._take_out(other)
            housing.take_in(event, self._random)
        self._out.remove(event)
        self._slot[event] = slot
        self._count(event, slot, int(self._price[event]))
        for changed in dict.fromkeys((slot, *(old for _, old in driven_out))):
            self._ask_for_rooms(changed)
        return driven_out

    def _in_the_way(self, event: int, slot: int) -> list[int]:
        """Those placed who clash with the event in a slot or would be out of order."""
        found = [other for other in self._housing[slot].room if other in self._clashing[event]]
        found += [o for o in self._after[event] if self._slot.get(o, slot) < slot]
        found += [o for o in self._earlier[event] if self._slot.get(o, slot) > slot]
        return found

    def _cheapest_to_house(self, event: int, housing: _Housing) -> int:
        """Who has to leave so that the event gets a room."""
        _, openings = housing.openings()
        able = [other for other, rooms in openings.items() if rooms & housing.suited[event]]
        least = min(self._price[other] for other in able)
        return self._random.choice([other for other in able if self._price[other] == least])

    def _take_out(self, event: int) -> None:
        slot = self._slot.pop(event)
        self._housing[slot].let_go(event)
        self._count(event, slot, -int(self._price[event]))
        self._out.append(event)

    def _count(self, event: int, slot: int, price: int) -> None:
        """Adds a placed event's price wherever others would drive it out."""
        self._clash_costs[slot] += self._clashes[event] * np.int32(price)
        for other in self._after[event]:
            self._clash_costs[:slot, other] += price
        for other in self._earlier[event]:
            self._clash_costs[slot + 1 :, other] += price

    def _ask_for_rooms(self, slot: int) -> None:
        """Counts anew, for every event, whether it needs one more to leave for a room in a slot:
        nobody where a room can be had, or can be once those are gone with whom it clashes."""
        housing, suited = self._housing[slot], self._suited[slot]
        now, openings = housing.openings()
        costs = self._room_costs[slot]
        costs[:] = self._barred[slot]
        if not openings:
            return
        inside = list(openings)
        opened = np.array(list(openings.values()), dtype=np.int64)
        helps = (suited[None, :] & opened[:, None]) != 0
        leave_anyway = (helps & self._clashes[inside]).any(axis=0)
        cheapest = np.where(helps, self._price[inside][:, None], FORBIDDEN).min(axis=0)
        costs += np.where(leave_anyway | ((suited & now) != 0), 0, cheapest)
