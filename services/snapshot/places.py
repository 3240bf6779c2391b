"""Blocks, rooms, closures and home places of a day."""

from __future__ import annotations

import math
from collections.abc import Iterator, Set
from dataclasses import dataclass
from datetime import timedelta

from schemas.base import BlockId, RoomId, StaffId
from schemas.problem import DayBlock, DayStaff, HomePlace
from schemas.school import Block
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
    """The school's home places for every flex block; or, where it names none, those of the plan
    to stay close to, and for blocks without one those of a default rule.

    `heads` is the number of students who are there at all.
    """
    free = Free(
        rooms={(room.id, block) for room in day.rooms for block in day.flex}.difference(closed),
        staff={
            (adult.id, block)
            for adult in staff
            for block in day.flex
            if block not in adult.away and all(block not in c.blocks for c in adult.commitments)
        },
    )
    if day.settings.homes:
        return tuple(_named_homes(day, free))
    kept = tuple(_kept_homes(day, free))
    covered = {home.block for home in kept}
    wanted = math.ceil(heads * day.settings.home_share)
    return (*kept, *_default_homes(day, free, covered, wanted))


@dataclass(frozen=True)
class Free:
    """Which rooms and adults nothing holds, by block."""

    rooms: Set[tuple[RoomId, BlockId]]
    staff: Set[tuple[StaffId, BlockId]]

    def both(self, room: RoomId, staff: StaffId, block: BlockId) -> bool:
        return (room, block) in self.rooms and (staff, block) in self.staff


def _named_homes(day: Sources, free: Free) -> Iterator[HomePlace]:
    seats = {room.id: room.seats for room in day.rooms}
    for rule in day.settings.homes:
        for block in day.flex:
            if rule.blocks is not None and block not in rule.blocks:
                continue
            if not free.both(rule.room, rule.staff, block):
                day.note("home.not_available", room=rule.room, staff=rule.staff, block=block)
                continue
            has = seats[rule.room]
            yield _home(block, rule.room, rule.staff, has if rule.seats is None else rule.seats)


def _home(block: BlockId, room: RoomId, staff: StaffId, seats: int) -> HomePlace:
    return HomePlace(id=f"home:{block}:{room}", block=block, room=room, staff=staff, seats=seats)


def _kept_homes(day: Sources, free: Free) -> Iterator[HomePlace]:
    like = day.published or day.beside
    for home in day.tx.problem(like.problem_digest).homes if like else ():
        if free.both(home.room, home.staff, home.block):
            yield home


def _default_homes(
    day: Sources, free: Free, covered: Set[BlockId], wanted: int
) -> Iterator[HomePlace]:
    """Per block the largest free rooms, until they seat as many as wanted, each with the free
    adult least in demand: fewest turns today, then fewest qualifications."""
    rooms = sorted(
        (room for room in day.rooms if room.kind == "room" and room.zones == 1 and room.seats),
        key=lambda room: (-room.seats, room.id),
    )
    turns: dict[StaffId, int] = {adult.id: 0 for adult in day.staff}
    skills = {adult.id: len(adult.qualifications) for adult in day.staff}
    for block in day.flex:
        if block in covered:
            continue
        seats = 0
        free_rooms = [room for room in rooms if (room.id, block) in free.rooms]
        free_adults = [adult for adult in turns if (adult, block) in free.staff]
        while free_rooms and free_adults and (seats == 0 or seats < wanted):
            adult = min(free_adults, key=lambda one: (turns[one], skills[one], one))
            free_adults.remove(adult)
            room = free_rooms.pop(0)
            turns[adult] += 1
            seats += room.seats
            day.note("home.chosen", room=room.id, staff=adult, block=block)
            yield _home(block, room.id, adult, room.seats)
        if seats == 0:
            day.note("home.none", block=block)
