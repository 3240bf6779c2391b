"""What a what-if changes, as a person writes it down, and how it is laid over a day's Problem."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import yaml
from pydantic import ValidationError

from schemas.base import BlockId, RoomId, StaffId
from schemas.problem import DayStaff, HomePlace, Problem
from schemas.scenario import AdultAbsent, Changes, RoomClosed, Size
from schemas.school import Offering
from services.scenarios.blocks import without_blocks
from solver.facts import Facts
from solver.rules import RULES


class ChangesRefused(ValueError):
    """The changes cannot be laid over the day: what, where, and how to mend it."""


def read_changes(fields: Any) -> Changes:
    """Raises: ChangesRefused, naming the field that is unknown or out of range."""
    if not isinstance(fields, dict):
        raise ChangesRefused("a what-if is a table of changes, such as `adults_absent: [...]`")
    try:
        return Changes.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        known = ", ".join(Changes.model_fields)
        raise ChangesRefused(f"{where}: {first['msg']}; it may hold {known}") from error


def read_yaml(text: str) -> Changes:
    """Raises: ChangesRefused, naming the place that cannot be read."""
    try:
        return read_changes(yaml.safe_load(text))
    except yaml.YAMLError as error:
        raise ChangesRefused(f"this is not YAML: {error}") from error


def lay_over(problem: Problem, changes: Changes) -> Problem:
    """The Problem as it would be with the changes.

    Raises:
        ChangesRefused: they name something the day does not have, or do not hold together.
    """
    refusals = list(_refusals(problem, changes))
    if refusals:
        raise ChangesRefused("; ".join(refusals))
    changed = without_blocks(problem, frozenset(changes.blocks_dropped))
    fields = {
        "staff": (*_staff(changed, changes), *changes.adults_added),
        "rooms": (*changed.rooms, *changes.rooms_added),
        "closures": _closures(changed, changes),
        "offerings": _resized(changed, changes),
        "policy": changed.policy.model_copy(
            update={"weights": changed.policy.weights | changes.weights}
        ),
    }
    try:
        laid = Problem.model_validate({**dict(changed), **fields})
        return Problem.model_validate({**dict(laid), "homes": _homes(laid)})
    except ValidationError as error:
        raise ChangesRefused(str(error.errors()[0]["msg"])) from error


def _refusals(problem: Problem, changes: Changes) -> Iterator[str]:
    blocks = {block.id for block in problem.blocks}
    staff = {adult.id for adult in problem.staff}
    rooms = {room.id for room in problem.rooms}
    offerings = {offering.id for offering in problem.offerings}
    named: list[tuple[str, Iterable[str], set[str]]] = [
        ("adults_absent", [one.staff for one in changes.adults_absent], staff),
        ("rooms_closed", [one.room for one in changes.rooms_closed], rooms),
        ("sizes", [one.offering for one in changes.sizes], offerings),
        ("blocks_dropped", changes.blocks_dropped, blocks),
    ]
    absences: tuple[AdultAbsent | RoomClosed, ...] = (
        *changes.adults_absent,
        *changes.rooms_closed,
    )
    named.append(("blocks", [block for one in absences for block in one.blocks], blocks))
    for where, ids, known in named:
        for one in ids:
            if one not in known:
                yield f"{where}: the day has no {one!r}; it has {_some(known)}"
    for added, known, where in (
        ([one.id for one in changes.adults_added], staff, "adults_added"),
        ([one.id for one in changes.rooms_added], rooms, "rooms_added"),
    ):
        for one in added:
            if one in known:
                yield f"{where}: {one!r} is there already; give the new one an id of its own"
    for rule_id, weight in changes.weights.items():
        rule = RULES.get(rule_id)
        if rule is None or rule.kind != "soft":
            yield f"weights: {rule_id!r} is no soft rule; hard rules cannot be switched off"
        elif weight > rule.most_weight:
            yield f"weights: {rule_id} may weigh {rule.most_weight} at most"


def _some(known: set[str]) -> str:
    shown = sorted(known)[:5]
    return ", ".join(shown) + (" and others" if len(known) > len(shown) else "")


def _staff(problem: Problem, changes: Changes) -> Iterator[DayStaff]:
    every = tuple(block.id for block in problem.blocks)
    gone: dict[StaffId, set[BlockId]] = {}
    for one in changes.adults_absent:
        gone.setdefault(one.staff, set()).update(one.blocks or every)
    for adult in problem.staff:
        away = {*adult.away, *gone.get(adult.id, ())}
        yield adult.model_copy(update={"away": tuple(b for b in every if b in away)})


def _closures(problem: Problem, changes: Changes) -> tuple[tuple[RoomId, BlockId], ...]:
    every = tuple(block.id for block in problem.blocks)
    closed = {(one.room, block) for one in changes.rooms_closed for block in one.blocks or every}
    known = {block.id for block in problem.blocks}
    return tuple(sorted((r, b) for r, b in {*problem.closures, *closed} if b in known))


def _resized(problem: Problem, changes: Changes) -> tuple[Offering, ...]:
    sizes = {one.offering: one for one in changes.sizes}
    return tuple(_with_size(offering, sizes.get(offering.id)) for offering in problem.offerings)


def _with_size(offering: Offering, size: Size | None) -> Offering:
    if size is None:
        return offering
    asked = size.model_dump(exclude={"offering"}, exclude_none=True)
    try:
        return Offering.model_validate({**offering.model_dump(), **asked})
    except ValidationError as error:
        raise ChangesRefused(f"sizes: {error.errors()[0]['msg']}") from error


def _homes(problem: Problem) -> tuple[HomePlace, ...]:
    """The home places that still stand; one that lost its adult or room gets another."""
    facts = Facts(problem.model_copy(update={"homes": ()}))
    by_size = sorted(facts.rooms.values(), key=lambda room: -room.seats)
    rooms = [room.id for room in by_size if room.kind == "room"]
    staffed: set[tuple[StaffId, BlockId]] = set()
    housed = set(facts.closed)
    found = []
    for home in problem.homes:
        block = home.block
        adults = (
            one
            for one in (home.staff, *facts.staff)
            if (one, block) not in staffed and not facts.staff_held(one, block)
        )
        places = (one for one in (home.room, *rooms) if (one, block) not in housed)
        staff, room = next(adults, None), next(places, None)
        if staff is not None and room is not None:
            staffed.add((staff, block))
            housed.add((room, block))
            seats = home.seats if room == home.room else facts.rooms[room].seats
            found.append(home.model_copy(update={"staff": staff, "room": room, "seats": seats}))
    return tuple(found)
