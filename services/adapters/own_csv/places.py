"""Rooms, buildings, travel times, bell schedules and calendars from our own CSVs."""

from __future__ import annotations

from collections import defaultdict

from schemas.school import BellSchedule, Block, Building, CalendarDay, Room, Roster, TravelTime
from services.adapters.own_csv.shapes import CALENDAR, ROOMS, TRAVEL
from services.adapters.report import Ledger
from services.adapters.tables import Row


def add_rooms(rows: list[Row], roster: Roster, ledger: Ledger) -> Roster:
    """Rooms by code: those named are taken as the table says, all others stay. A building that is
    not known yet is added; a room without one lies in the first."""
    buildings = {building.title: building for building in roster.buildings}
    if not buildings:
        buildings[roster.school.title] = Building(id="main", title=roster.school.title)
    rooms = {room.id: room for room in roster.rooms}
    for row in rows:
        name = row.cell("BuildingName") or next(iter(buildings))
        if name not in buildings:
            building = ledger.build(
                Building, {"id": name, "title": name}, file=row.file, row=row.number
            )
            if building is None:
                continue
            buildings[name] = building
        before = rooms.get(row["ClassroomIdentificationCode"])
        title = row.cell("RoomTitle") or (before.title if before else "")
        room = ROOMS.record(
            row,
            ledger,
            building=buildings[name].id,
            title=title or row["ClassroomIdentificationCode"],
        )
        if isinstance(room, Room):
            rooms[room.id] = room
    return roster.model_copy(
        update={"buildings": tuple(buildings.values()), "rooms": tuple(rooms.values())}
    )


def set_travel(rows: list[Row], roster: Roster, ledger: Ledger) -> Roster:
    ids = {building.title: building.id for building in roster.buildings}
    travel = []
    for row in rows:
        ends = {"a": "FromBuildingName", "b": "ToBuildingName"}
        unknown = [column for column in ends.values() if row[column] not in ids]
        for column in unknown:
            row.refuse(column, "no such building", "name it in rooms.csv first")
        if not unknown:
            found = {name: ids[row[column]] for name, column in ends.items()}
            hop = TRAVEL.record(row, ledger, **found)
            travel += [hop] if isinstance(hop, TravelTime) else []
    return roster.model_copy(update={"travel": tuple(travel)})


def set_bell_schedules(rows: list[Row], roster: Roster, ledger: Ledger) -> Roster:
    """All bell schedules; a class period of the same name is the same block in each of them."""
    blocks: dict[str, list[Block]] = defaultdict(list)
    first: dict[str, Row] = {}
    for row in rows:
        fields = {
            "id": row["ClassPeriodName"],
            "title": row["ClassPeriodName"],
            "kind": row["BlockKind"],
            "start": row.minute("StartTime"),
            "end": row.minute("EndTime"),
        }
        block = ledger.build(Block, fields, file=row.file, row=row.number, columns=_BLOCK_COLUMNS)
        first.setdefault(row["BellScheduleName"], row)
        blocks[row["BellScheduleName"]] += [block] if block else []
    schedules = []
    for name, held in blocks.items():
        ordered = tuple(sorted(held, key=lambda block: block.start))
        if len({block.id for block in held}) < len(held):
            first[name].refuse("ClassPeriodName", f"a period twice in {name}", "keep one of them")
        schedule = ledger.build(
            BellSchedule,
            {"id": name, "title": name, "blocks": ordered},
            file=first[name].file,
            row=first[name].number,
            columns={"id": "BellScheduleName", "blocks": "StartTime"},
        )
        schedules += [schedule] if schedule else []
    return roster.model_copy(update={"bell_schedules": tuple(schedules)})


_BLOCK_COLUMNS = {
    "id": "ClassPeriodName",
    "kind": "BlockKind",
    "start": "StartTime",
    "end": "EndTime",
}


def set_calendar(rows: list[Row], roster: Roster, ledger: Ledger) -> Roster:
    """Each date with the bell schedule it follows; closed where that is empty."""
    known = {schedule.id for schedule in roster.bell_schedules}
    days: dict[object, CalendarDay] = {}
    for row in rows:
        name = row.cell("BellScheduleName") or None
        if name and name not in known:
            row.refuse("BellScheduleName", "no such bell schedule", "add it to bell_schedules.csv")
            continue
        day = CALENDAR.record(row, ledger, bell_schedule=name)
        if not isinstance(day, CalendarDay):
            continue
        if day.date in days:
            row.refuse("Date", "this date stands twice", "keep one row per date")
        days[day.date] = day
    return roster.model_copy(update={"calendar": tuple(days.values())})
