"""Large supervised places, where no source names any."""

from __future__ import annotations

from schemas.school import Building, Room, Roster
from services.adapters.report import Ledger

LARGE = "large-space"
"""The feature of rooms where a whole year group can work under one adult's eyes."""
GYM = "gym"
_LARGE_SEATS = 75
_LIBRARY_SEATS = 60
_CAFETERIA_SHARE = 3


def fill_rooms(roster: Roster, ledger: Ledger) -> Roster:
    """Marks gyms and large rooms, and adds a library and a cafeteria where there is neither.

    The cafeteria seats a third of the students, rounded up to tens.
    """
    buildings = roster.buildings or (Building(id="main", title=roster.school.title),)
    rooms = [_marked(room, ledger) for room in roster.rooms]
    known = {room.id for room in rooms}
    seats = -(-max(len(roster.students), 1) // (_CAFETERIA_SHARE * 10)) * 10
    for added in (
        _assumed("library", "Library", buildings[0].id, _LIBRARY_SEATS, ("quiet", LARGE)),
        _assumed("cafeteria", "Cafeteria", buildings[0].id, seats, (LARGE,)),
    ):
        if added.id in known or not _has_any(rooms, added.title):
            rooms = [room for room in rooms if room.id != added.id] + [added]
            ledger.assume(
                "Room", f"a {added.title.lower()} with {added.seats} seats, as none is named"
            )
    return roster.model_copy(update={"buildings": buildings, "rooms": tuple(rooms)})


def _marked(room: Room, ledger: Ledger) -> Room:
    gym = room.title.upper().startswith("GYM")
    wanted = [GYM] if gym else []
    wanted += [LARGE] if gym or room.seats >= _LARGE_SEATS else []
    missing = tuple(feature for feature in wanted if feature not in room.features)
    if not missing:
        return room
    ledger.assume("Room.features", f"gym by name, {LARGE} from {_LARGE_SEATS} seats")
    return room.model_copy(update={"features": (*room.features, *missing)})


def _assumed(name: str, title: str, building: str, seats: int, features: tuple[str, ...]) -> Room:
    return Room(
        id=f"assumed-{name}", title=title, building=building, seats=seats, features=features
    )


def _has_any(rooms: list[Room], title: str) -> bool:
    return any(title.lower() in room.title.lower() for room in rooms)
