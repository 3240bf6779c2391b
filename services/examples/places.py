"""Invents the places of a school: two buildings, a site off campus, a remote place, rooms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from schemas.problem import DayBlock
from schemas.school import Building, Room, RoomKind, TravelTime
from services.examples.drawing import Draw
from services.examples.families import Family

SITE_MINUTES = 15
"""From either building to the site off campus."""
HOME_SEATS = 500
"""A home place takes in at most about so many."""


@dataclass(frozen=True)
class Places:
    """Everything about where; `home_rooms` hold the home places all day."""

    buildings: tuple[Building, ...]
    travel: tuple[TravelTime, ...]
    rooms: tuple[Room, ...]
    home_rooms: tuple[Room, ...]
    closures: frozenset[tuple[str, str]]


def draw_places(draw: Draw, family: Family, students: int, flex: list[DayBlock]) -> Places:
    """Rooms for a school of so many students; about three in a hundred room-blocks are closed."""
    main, annex, site, remote = (draw.new_id("b") for _ in range(4))
    buildings = (
        Building(id=main, title="Main building"),
        Building(id=annex, title="Annex"),
        Building(id=site, title="Community site"),
        Building(id=remote, title="Remote"),
    )
    travel = (
        TravelTime(a=main, b=annex, minutes=family.annex_minutes),
        TravelTime(a=main, b=site, minutes=SITE_MINUTES),
        TravelTime(a=annex, b=site, minutes=SITE_MINUTES),
    )
    count = family.rooms.at(students)
    specs = list(_space(count, students) if family.one_space else _wing(draw, count))
    rooms = [
        _room(draw, n, spec, annex if draw.chance(0.2) and not family.one_space else main)
        for n, spec in enumerate(specs, start=101)
    ]
    halls = max(1, -(-students // HOME_SEATS))
    homes = [
        Room(
            id=draw.new_id("r"),
            title=f"Hall {n}",
            building=main,
            seats=-(-students // halls),
            features=("step_free",),
        )
        for n in range(1, halls + 1)
    ]
    away = [
        _elsewhere(draw, "Community workshop", site, "off_campus", 24, 1),
        _elsewhere(draw, "Care centre", site, "off_campus", 16, 1),
        _elsewhere(draw, "Online room", remote, "remote", max(40, students // 20), 12),
    ]
    closable = [(room.id, block.id) for room in rooms for block in flex if room.zones == 1]
    closures = frozenset(draw.some(closable, len(closable) * 3 // 100))
    return Places(buildings, travel, (*rooms, *homes, *away), tuple(homes), closures)


Spec = tuple[str, int, int, tuple[str, ...]]
"""Title, seats, zones, features."""


def _space(count: int, students: int) -> Iterator[Spec]:
    """One large space with six zones and a few rooms around it."""
    yield (
        "Learning space",
        max(60, students * 6 // 5),
        6,
        ("study", "screen", "movable_desks", "step_free"),
    )
    yield "Studio", 36, 1, ("studio", "tools", "gym", "step_free")
    for _ in range(max(1, count - 5)):
        yield "Seminar room", 30, 1, ("screen", "lab", "step_free", "hearing_loop")
    yield "Corner room", 10, 1, ("quiet", "step_free")


def _wing(draw: Draw, count: int) -> Iterator[Spec]:
    left = count
    special: tuple[tuple[str, int, tuple[int, int], int, tuple[str, ...]], ...] = (
        ("Gym", 30, (110, 150), 3, ("gym",)),
        ("Library", 22, (120, 160), 2, ("study", "screen", "quiet")),
        ("Commons", 26, (140, 190), 3, ("study", "movable_desks")),
        ("Lecture room", 16, (50, 80), 1, ("stage", "screen")),
        ("Science room", 9, (24, 28), 1, ("lab", "screen")),
        ("Workshop", 20, (22, 26), 1, ("tools",)),
        ("Studio", 22, (24, 30), 1, ("studio",)),
        ("Small room", 6, (6, 10), 1, ("quiet",)),
    )
    for title, one_in, (low, high), zones, features in special:
        for _ in range(max(1, count // one_in)):
            left -= 1
            yield title, draw.whole(low, high), zones, features
    for _ in range(max(2, left)):
        features = tuple(f for f in ("screen", "movable_desks") if draw.chance(0.7))
        yield "Room", draw.whole(24, 32), 1, features


def _room(draw: Draw, number: int, spec: Spec, building: str) -> Room:
    title, seats, zones, features = spec
    extra = [f for f, share in (("step_free", 0.85), ("hearing_loop", 0.4)) if draw.chance(share)]
    return Room(
        id=draw.new_id("r"),
        title=f"{title} {number}",
        building=building,
        seats=seats,
        zones=zones,
        features=(*features, *(f for f in extra if f not in features)),
    )


def _elsewhere(
    draw: Draw, title: str, building: str, kind: RoomKind, seats: int, zones: int
) -> Room:
    return Room(
        id=draw.new_id("r"),
        title=title,
        building=building,
        kind=kind,
        seats=seats,
        zones=zones,
        features=("step_free",),
    )
