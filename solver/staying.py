"""Rooms and leads that students keep as published, for a bound that counts all that moves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Literal

from schemas.base import BlockId, OfferingId
from schemas.school import Offering
from solver.daylp import DayProgram
from solver.standing import PublishedPlace

What = Literal["room", "lead"]
Key = tuple[What, str, BlockId]


class Staying:
    """Rows for a day program whose periods are single blocks: a room, and a lead, is kept by
    students of one offering at a time, or by those who are placed for no gain. Looked at `closely`,
    by no more of them than it takes, and an offering is in no more rooms of a size than it has
    sections."""

    def __init__(self, program: DayProgram, closely: bool) -> None:
        self.program, self.matrix, self.facts = program, program.matrix, program.facts
        self._price, self._closely = program.worth.price["moved"], closely
        self._seats: dict[tuple[str, BlockId], dict[Offering, list[int]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for seat in program.seats:
            for block in seat.option.runs[0]:
                self._seats[seat.student, block][seat.option.offering].append(seat.column)
        self._sections: dict[tuple[OfferingId, BlockId], dict[int, list[int]]] = defaultdict(
            lambda: defaultdict(list)
        )
        """The columns that count sections, by how many students they hold."""
        for room in program.sections.rooms:
            for block in room.option.runs[0]:
                sections = self._sections[room.option.offering.id, block]
                sections[room.most].append(room.column)
        self._held: dict[Key, dict[OfferingId, int]] = defaultdict(dict)
        self._one_at_a_time: dict[Key, int] = {}
        self._running: dict[tuple[str, OfferingId, BlockId], int] = {}
        self._seated: dict[tuple[Key, OfferingId], int] = {}

    def build(self) -> int:
        """Adds the rows; what all rooms and leads that change would cost."""
        at_most = 0
        for place in self.facts.published_places:
            price = self._price * self.facts.blocks[place.block].moved_factor
            for key in _kept(place) if price else ():
                at_most += price
                ways = [self._by(place, key, o) for o in self._suited(place, key)]
                ways += self._elsewhere(place, key)
                kept = self.matrix.column(-price)
                self.matrix.row(((kept, 1), *((way, -1) for way in ways)), high=0)
        return at_most

    def hosts(self) -> list[int]:
        """The columns of which offering a room, or a lead, has at a time."""
        return [column for held in self._held.values() for column in held.values()]

    def _suited(self, place: PublishedPlace, key: Key) -> list[Offering]:
        """What the student could do in that room, or with that lead, who may come to a session
        beside those who are qualified for it."""
        what, name, _ = key
        offered = self._seats[place.student, place.block]
        return [o for o in offered if self._could_host(what, name, o)]

    def _could_host(self, what: What, name: str, offering: Offering) -> bool:
        reach = self.program.reach
        return what == "lead" or reach.class_of[name] in reach.classes_for(offering.id)

    def _by(self, place: PublishedPlace, key: Key, offering: Offering) -> int:
        """Whether the student stays in the room, or with the lead, in the offering."""
        way = self.matrix.column()
        seats = self._seats[place.student, place.block][offering]
        self.matrix.row(((way, 1), *((seat, -1) for seat in seats)), high=0)
        host = self._hosts(key, offering)
        self.matrix.row(((way, 1), (host, -1)), high=0)
        if self._closely:
            self.matrix.put(self._seated_row(key, offering, host), way, 1)
        return way

    def _hosts(self, key: Key, offering: Offering) -> int:
        """Whether the room, or the lead, has the offering then: one at a time, and no more of them
        than sections run that hold as many as the room."""
        if offering.id not in self._held[key]:
            what, name, block = key
            column = self._held[key][offering.id] = self.matrix.column()
            if key not in self._one_at_a_time:
                zones = self.facts.zones(name, block) if what == "room" else 1
                self._one_at_a_time[key] = self.matrix.row(high=zones)
            self.matrix.put(self._one_at_a_time[key], column, 1)
            self.matrix.put(self._running_row(key, offering), column, 1)
        return self._held[key][offering.id]

    def _running_row(self, key: Key, offering: Offering) -> int:
        """The row in which the room takes a section of the offering, of those that hold as many as
        it does, or the lead any; where looked at closely, together with all rooms that hold as
        many. Leads stay apart, as a section may have more of them than are asked for."""
        what, name, block = key
        by_size = self._sections[offering.id, block]
        sizes = [self._size(name, offering)] if what == "room" else list(by_size)
        alike = str(sizes[0]) if what == "room" and self._closely else name
        row = alike, offering.id, block
        if row not in self._running:
            sections = ((column, -1) for size in sizes for column in by_size[size])
            self._running[row] = self.matrix.row(sections, high=0)
        return self._running[row]

    def _seated_row(self, key: Key, offering: Offering, host: int) -> int:
        """The row of the students who stay in the room, or with the lead, in the offering."""
        if (key, offering.id) not in self._seated:
            most = self._most_in(key, offering)
            self._seated[key, offering.id] = self.matrix.row(((host, -most),), high=0)
        return self._seated[key, offering.id]

    def _most_in(self, key: Key, offering: Offering) -> int:
        """The most students in the room, or with the lead, in the offering."""
        what, name, block = key
        if what == "lead":
            return max(self._sections[offering.id, block], default=0)
        return self._size(name, offering) * max(1, self.facts.zones(name, block))

    def _size(self, room: str, offering: Offering) -> int:
        """How many students of a section the room holds."""
        reach = self.program.reach
        return reach.most(offering.id, reach.class_of[room])

    def _elsewhere(self, place: PublishedPlace, key: Key) -> Iterator[int]:
        """Whether the student stays while placed for no gain: not where the room, or the lead, has
        an offering then of which the program knows whenever the student is there."""
        program = self.program
        period = program.sections.period_of[place.block]
        there = program.elsewhere.get((place.student, period), ())
        if there:
            way = self.matrix.column()
            self.matrix.row(((way, 1), *((one.column, -1) for one in there)), high=0)
            if key[0] == "lead" or self.facts.zones(key[1], key[2]) == 1:
                known = self.program.reach.interests(place.student)
                suited = self._suited(place, key)
                hosts = [self._hosts(key, o) for o in suited if None in known[o.id]]
                self.matrix.row(((way, 1), *((host, 1) for host in hosts)), high=1)
            yield way


def _kept(place: PublishedPlace) -> Iterator[Key]:
    """What of a published place, its offering apart, can be kept."""
    if place.room is not None:
        yield "room", place.room, place.block
    if place.lead is not None:
        yield "lead", place.lead, place.block
