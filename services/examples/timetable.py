"""The sessions of a planted day as they are drawn, and what they leave open."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from schemas.plan import Duty
from schemas.problem import DayBlock
from schemas.school import Offering, Room
from services.examples.drawing import Draw
from services.examples.people import Adult
from services.examples.places import Places


@dataclass
class PlantedSession:
    """A session of the planted day: `first` is its first flex block by position, `seated` its
    students by position with the competency each is there for."""

    id: str
    offering: Offering
    first: int
    room: Room
    duties: tuple[Duty, ...]
    capacity: int
    seated: dict[int, str | None] = field(default_factory=dict)

    @property
    def span(self) -> range:
        """Its flex blocks by position."""
        return range(self.first, self.first + self.offering.length)

    @property
    def flex(self) -> list[int]:
        """The same as a list, to index with."""
        return list(self.span)


class Clock:
    """Whether the time between two flex blocks is enough for the way between two buildings."""

    def __init__(self, places: Places, flex: list[DayBlock]) -> None:
        self._flex = flex
        self._minutes: dict[tuple[str, str], int] = {}
        for hop in places.travel:
            self._minutes[hop.a, hop.b] = self._minutes[hop.b, hop.a] = hop.minutes

    def minutes(self, a: str, b: str) -> int:
        return 0 if a == b else self._minutes.get((a, b), 0)

    def reaches(self, a: str, left: int, b: str, arrives: int) -> bool:
        """From building `a` after flex block `left` to `b` before flex block `arrives`."""
        return self.minutes(a, b) <= self._flex[arrives].start - self._flex[left].end


class Timetable:
    """Sessions drawn so far and what they leave open."""

    def __init__(self, places: Places, flex: list[DayBlock]) -> None:
        self.places, self.flex, self.clock = places, flex, Clock(places, flex)
        self.sessions: list[PlantedSession] = []
        self.starts: dict[str, list[int]] = {}
        """Flex blocks by position in which each offering may start."""
        self.sections: dict[str, int] = defaultdict(int)
        self.on_duty: dict[tuple[str, int], PlantedSession] = {}
        self._zones: dict[tuple[str, int], int] = defaultdict(int)
        self._seats: dict[tuple[str, int], int] = defaultdict(int)
        homes = {room.id for room in places.home_rooms}
        self._usable = [room for room in places.rooms if room.id not in homes]
        self._fitting: dict[str, list[Room]] = {}

    def capacity(self, block: int) -> int:
        """Seats of the sessions that run in a block."""
        return sum(s.capacity for s in self.sessions if block in s.span)

    def room_for(self, draw: Draw, offering: Offering, first: int, adults: list[Adult]) -> Room:
        """A free room that suits the offering and that its adults can reach, one of the smallest.

        Raises:
            LookupError: there is none.
        """
        if offering.id not in self._fitting:
            self._fitting[offering.id] = sorted(
                (
                    room
                    for room in self._usable
                    if room.kind in offering.room_kinds
                    and room.seats >= offering.largest
                    and set(offering.features) <= set(room.features)
                ),
                key=lambda room: (room.kind == "remote", room.seats, room.id),
            )
        blocks = range(first, first + offering.length)
        open_rooms: list[Room] = []
        for room in self._fitting[offering.id]:
            if self._has_place(room, offering, blocks) and all(
                self._reachable(adult, room.building, blocks) for adult in adults
            ):
                open_rooms.append(room)
                if len(open_rooms) == 4:
                    break
        if not open_rooms:
            raise LookupError(offering.id)
        return draw.one(open_rooms, [1 / (n + 1) for n in range(len(open_rooms))])

    def _has_place(self, room: Room, offering: Offering, blocks: range) -> bool:
        return all(
            self._zones[room.id, at] < room.zones
            and self._seats[room.id, at] + offering.largest <= room.seats
            and (room.id, self.flex[at].id) not in self.places.closures
            for at in blocks
        )

    def _reachable(self, adult: Adult, building: str, blocks: range) -> bool:
        for at in range(blocks[0] - 1, -1, -1):
            if (adult.id, at) in self.on_duty:
                before = self.on_duty[adult.id, at].room.building
                if not self.clock.reaches(before, at, building, blocks[0]):
                    return False
                break
        for at in range(blocks[-1] + 1, len(self.flex)):
            if (adult.id, at) in self.on_duty:
                after = self.on_duty[adult.id, at].room.building
                return self.clock.reaches(building, blocks[-1], after, at)
        return True

    def free(self, adult: Adult, blocks: range) -> bool:
        """Whether the adult works in all the blocks and has no duty there yet."""
        return all(at in adult.working and (adult.id, at) not in self.on_duty for at in blocks)

    def add(self, session: PlantedSession) -> None:
        self.sessions.append(session)
        self.sections[session.offering.id] += 1
        for at in session.span:
            self._zones[session.room.id, at] += 1
            self._seats[session.room.id, at] += session.capacity
            for duty in session.duties:
                self.on_duty[duty.staff, at] = session

    def remove(self, session: PlantedSession) -> None:
        self.sessions.remove(session)
        self.sections[session.offering.id] -= 1
        for at in session.span:
            self._zones[session.room.id, at] -= 1
            self._seats[session.room.id, at] -= session.capacity
            for duty in session.duties:
                del self.on_duty[duty.staff, at]
