"""Blocks, rooms, closures and home places of a day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from schemas.base import BlockId, RoomId, StaffId
from schemas.problem import DayBlock, DayStaff, HomePlace
from schemas.school import Block, Room
from services.day_settings import HomeRule
from services.snapshot.sources import Sources
from services.timer import instant_at

FARTHEST = 1
"""The moved factor of a block that is hours away."""


def day_blocks(day: Sources) -> tuple[DayBlock, ...]:
    """The blocks of the bell schedule: frozen near the bell, once the day is published."""
    return tuple(_day_block(day, block) for block in day.schedule.blocks)


def _day_block(day: Sources, block: Block) -> DayBlock:
    starts = instant_at(day.day, block.start, day.zone)
    away = starts - day.now
    limits = day.settings.near_minutes
    steps = sum(1 for limit in limits if away <= timedelta(minutes=limit))
    near = away <= timedelta(minutes=day.settings.freeze_minutes)
    return DayBlock(
        **block.model_dump(),
        moved_factor=FARTHEST + steps,
        frozen=day.published is not None and near,
    )


def closures(day: Sources) -> tuple[tuple[RoomId, BlockId], ...]:
    """Rooms that events closed, and rooms that fixed classes hold, by block."""
    known = {room.id for room in day.rooms}
    found = {(room, block) for room, blocks in day.rooms_closed.items() for block in blocks}
    for section in day.sections:
        if section.room is not None:
            found.update((section.room, block) for block in section.blocks if block in day.blocks)
    return tuple(sorted((room, block) for room, block in found if room in known))


def home_places(
    day: Sources,
    staff: tuple[DayStaff, ...],
    closed: tuple[tuple[RoomId, BlockId], ...],
    heads: int,
) -> tuple[HomePlace, ...]:
    """The school's home places for every flex block, or those of a default rule.

    `heads` is the number of students who are there at all.
    """
    held = {
        (adult.id, block)
        for adult in staff
        for block in (*adult.away, *(b for c in adult.commitments for b in c.blocks))
    }
    if day.settings.homes:
        return tuple(_named_homes(day, held, set(closed)))
    return tuple(_default_homes(day, held, set(closed), heads))


def _named_homes(
    day: Sources, held: set[tuple[StaffId, BlockId]], closed: set[tuple[RoomId, BlockId]]
) -> Iterator[HomePlace]:
    rooms = {room.id: room for room in day.rooms}
    adults = {adult.id for adult in day.staff}
    for rule in day.settings.homes:
        for block in day.flex if rule.blocks is None else rule.blocks:
            if block not in day.flex:
                continue
            if rule.room not in rooms or rule.staff not in adults:
                day.note("home.unknown", room=rule.room, staff=rule.staff, block=block)
            elif (rule.staff, block) in held or (rule.room, block) in closed:
                day.note("home.not_available", room=rule.room, staff=rule.staff, block=block)
            else:
                yield _home(rule, block, rooms[rule.room])


def _home(rule: HomeRule, block: BlockId, room: Room) -> HomePlace:
    seats = room.seats if rule.seats is None else min(rule.seats, room.seats)
    return HomePlace(
        id=f"home:{block}:{room.id}", block=block, room=room.id, staff=rule.staff, seats=seats
    )


def _default_homes(
    day: Sources,
    held: set[tuple[StaffId, BlockId]],
    closed: set[tuple[RoomId, BlockId]],
    heads: int,
) -> Iterator[HomePlace]:
    """Per flex block the largest free rooms, until they seat the asked share of the students,
    each with the free adult least in demand: fewest qualifications, then fewest turns today."""
    wanted = -(-heads * day.settings.home_share // 1)
    rooms = sorted(
        (room for room in day.rooms if room.kind == "room" and room.zones == 1 and room.seats),
        key=lambda room: (-room.seats, room.id),
    )
    turns: dict[StaffId, int] = {adult.id: 0 for adult in day.staff}
    skills = {adult.id: len(adult.qualifications) for adult in day.staff}
    for block in day.flex:
        seats = 0.0
        free_rooms = [room for room in rooms if (room.id, block) not in closed]
        free_adults = [adult for adult in turns if (adult, block) not in held]
        while free_rooms and free_adults and (seats == 0 or seats < wanted):
            adult = min(free_adults, key=lambda one: (turns[one], skills[one], one))
            free_adults.remove(adult)
            room = free_rooms.pop(0)
            turns[adult] += 1
            seats += room.seats
            day.note("home.chosen", room=room.id, staff=adult, block=block)
            yield _home(HomeRule(room=room.id, staff=adult), block, room)
        if seats == 0:
            day.note("home.none", block=block)
