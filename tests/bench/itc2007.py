"""ITC-2007 track 2, post-enrolment timetabling, as days of 45 blocks: read, posed, judged.

Format and rules: R. Lewis, B. Paechter, B. McCollum, Post Enrolment based Course Timetabling: A
Description of the Problem Model used for Track Two of the Second International Timetabling
Competition, Cardiff University, 2007.

    python -m tests.bench itc --time 600 [--only comp-2007-2-1]

A student's events are their needs, an event is an offering that runs once with everybody who
attends it or not at all, and every event has an adult of its own, as the competition has none.
Weights are 0 but for unmet needs, so that the cost is the competition's distance to feasibility
times `PRICE`.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import combinations
from pathlib import Path

from schemas.plan import Plan
from schemas.problem import (
    DayBlock,
    DayCompetency,
    DayStaff,
    DayStudent,
    HomePlace,
    Need,
    Order,
    Policy,
    Problem,
)
from schemas.school import Building, Offering, RoleNeed, Room
from solver.rules import RULES

DAYS, HOURS = 5, 9
SLOTS = DAYS * HOURS
MINUTES = 30
"""Length of a block: 45 of them fit into one day of ours."""

PRICE = 10
"""Cost of one student missing one event."""


@dataclass(frozen=True)
class Instance:
    """One instance. Events, rooms, students and slots are numbered from 0."""

    seats: tuple[int, ...]
    """Per room."""
    attends: tuple[tuple[int, ...], ...]
    """Per student, the events."""
    has: tuple[frozenset[int], ...]
    """Per room, its features."""
    asks: tuple[frozenset[int], ...]
    """Per event, the features it needs."""
    slots: tuple[tuple[int, ...], ...]
    """Per event, when it may be."""
    before: tuple[tuple[int, int], ...]
    """(a, b): a in an earlier slot than b."""

    @cached_property
    def attendance(self) -> tuple[int, ...]:
        """Students per event."""
        counts = [0] * len(self.asks)
        for events in self.attends:
            for event in events:
                counts[event] += 1
        return tuple(counts)

    def suits(self, event: int, room: int) -> bool:
        """Whether the room has the seats and features that the event needs."""
        return self.attendance[event] <= self.seats[room] and self.asks[event] <= self.has[room]


def load(path: Path) -> Instance:
    """Reads a `.tim` file, gzipped or not.

    Raises:
        ValueError: it holds too few or too many numbers; says how many.
    """
    raw = path.read_bytes()
    numbers = [
        int(word) for word in (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).split()
    ]
    events, rooms, features, students = numbers[:4]
    wanted = 4 + rooms + events * (students + features + SLOTS + events) + rooms * features
    if len(numbers) != wanted:
        raise ValueError(f"{path.name}: {len(numbers)} numbers, where its head asks for {wanted}")
    rest = iter(numbers[4:])

    def table(rows: int, columns: int) -> list[list[int]]:
        return [[next(rest) for _ in range(columns)] for _ in range(rows)]

    def ones(row: list[int]) -> tuple[int, ...]:
        return tuple(i for i, value in enumerate(row) if value == 1)

    (seats,) = table(1, rooms)
    attends = [ones(row) for row in table(students, events)]
    has = [frozenset(ones(row)) for row in table(rooms, features)]
    asks = [frozenset(ones(row)) for row in table(events, features)]
    slots = [ones(row) for row in table(events, SLOTS)]
    order = table(events, events)
    # 1 at (a, b) says a before b, and -1 that it is after: both are written, either suffices.
    before = {(a, b) for a in range(events) for b in ones(order[a])}
    before |= {(b, a) for a in range(events) for b in range(events) if order[a][b] == -1}
    return Instance(
        tuple(seats), tuple(attends), tuple(has), tuple(asks), tuple(slots), tuple(sorted(before))
    )


# --- as a Problem ---------------------------------------------------------------------------------


def pose(instance: Instance, name: str) -> Problem:
    """The instance as one school day. A student in no event of a slot is in the hall, a home
    place; an event that nobody attends gets one stand-in, so that it counts."""
    slots, events = range(SLOTS), range(len(instance.asks))
    weights = {rule.id: 0 for rule in RULES.values() if rule.kind == "soft"}
    needed = [tuple(event_id(event) for event in attended) for attended in instance.attends]
    needed += [(event_id(event),) for event in events if not instance.attendance[event]]
    return Problem(
        school=name,
        day=date(2007, 10, 1),
        zone="Europe/London",
        buildings=(Building(id="university", title="University"),),
        blocks=tuple(
            DayBlock(
                id=slot_id(slot),
                title=f"Day {slot // HOURS + 1}, hour {slot % HOURS + 1}",
                kind="flex",
                start=slot * MINUTES,
                end=(slot + 1) * MINUTES,
            )
            for slot in slots
        ),
        rooms=(*(_room(instance, room) for room in range(len(instance.seats))), _hall(needed)),
        competencies=tuple(DayCompetency(id=event_id(event)) for event in events),
        offerings=tuple(_offering(instance, event) for event in events),
        staff=(
            *(DayStaff(id=event_id(event), qualifications=(event_id(event),)) for event in events),
            DayStaff(id="porter"),
        ),
        students=tuple(
            DayStudent(
                id=f"student-{number:04d}",
                groups=attended,
                needs=tuple(Need(competency=event, urgency=1) for event in attended),
            )
            for number, attended in enumerate(needed)
        ),
        homes=tuple(
            HomePlace(
                id=slot_id(slot), block=slot_id(slot), room="hall", staff="porter",
                seats=len(needed),
            )
            for slot in slots
        ),
        orders=tuple(
            Order(first=event_id(a), then=event_id(b), whole_offering=True)
            for a, b in instance.before
        ),
        policy=Policy(weights=weights | {"unmet-need": PRICE}),
    )  # fmt: skip


def _room(instance: Instance, room: int) -> Room:
    return Room(
        id=room_id(room),
        title=f"Room {room}",
        building="university",
        seats=instance.seats[room],
        features=tuple(f"feature-{feature}" for feature in sorted(instance.has[room])),
    )


def _hall(students: list[tuple[str, ...]]) -> Room:
    return Room(id="hall", title="Hall", building="university", kind="remote", seats=len(students))


def _offering(instance: Instance, event: int) -> Offering:
    size = max(1, instance.attendance[event])
    return Offering(
        id=event_id(event),
        title=f"Event {event}",
        modality="instruction",
        competencies=(event_id(event),),
        smallest=size,
        largest=size,
        starts=tuple(slot_id(slot) for slot in instance.slots[event]),
        most_sections=1,
        roles=(RoleNeed(role="lead", qualification=event_id(event)),),
        features=tuple(f"feature-{feature}" for feature in sorted(instance.asks[event])),
        groups=(event_id(event),),
    )


def event_id(event: int) -> str:
    """The id of an event's offering, competency, group and adult."""
    return f"event-{event:03d}"


def room_id(room: int) -> str:
    return f"room-{room:02d}"


def slot_id(slot: int) -> str:
    return f"slot-{slot:02d}"


# --- as the competition judges it -----------------------------------------------------------------


@dataclass(frozen=True)
class Timetable:
    """Where and when each placed event is: event to (slot, room)."""

    places: dict[int, tuple[int, int]]


def timetable(instance: Instance, plan: Plan) -> Timetable:
    """The timetable that a plan amounts to; an event that runs without some of those who attend
    it does not count as placed."""
    slots = {slot_id(slot): slot for slot in range(SLOTS)}
    rooms = {room_id(room): room for room in range(len(instance.seats))}
    events = {event_id(event): event for event in range(len(instance.asks))}
    seated: dict[str, int] = {}
    for placement in plan.placements:
        seated[placement.session] = seated.get(placement.session, 0) + 1
    return Timetable(
        {
            events[session.offering]: (slots[session.blocks[0]], rooms[session.room])
            for session in plan.sessions
            if seated.get(session.id, 0) >= instance.attendance[events[session.offering]]
        }
    )


@dataclass(frozen=True)
class Verdict:
    """The competition's own: `distance` is the students of the events left out, `broken` counts
    hard constraints that placed events break. Feasible means both are 0."""

    unplaced: int
    """Events."""
    distance: int
    broken: int


def judge(instance: Instance, found: Timetable) -> Verdict:
    """Judges a timetable from the instance alone, by nothing of ours."""
    places = found.places
    left = [event for event in range(len(instance.asks)) if event not in places]
    broken = sum(
        not instance.suits(event, room) or slot not in instance.slots[event]
        for event, (slot, room) in places.items()
    )
    broken += len(places) - len(set(places.values()))
    broken += sum(
        a in places and b in places and places[a][0] >= places[b][0] for a, b in instance.before
    )
    broken += sum(
        a in places and b in places and places[a][0] == places[b][0]
        for attended in instance.attends
        for a, b in combinations(attended, 2)
    )
    return Verdict(len(left), sum(instance.attendance[event] for event in left), broken)
