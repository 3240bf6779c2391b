"""A Problem without some of its blocks: everything that spoke of them lets go of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from schemas.base import BlockId
from schemas.problem import (
    Ballot,
    DayStaff,
    DayStudent,
    Problem,
    ProtectedTime,
    Published,
    Request,
)
from schemas.school import Offering

Person = TypeVar("Person", DayStudent, DayStaff)
Wish = TypeVar("Wish", Ballot, Request)


def without_blocks(problem: Problem, dropped: frozenset[BlockId]) -> Problem:
    """The Problem of the same day with some blocks struck out. Offerings that could start in
    those alone, and wishes, locks and home places for those alone, go with them."""
    if not dropped:
        return problem
    offerings = tuple(_offerings(problem, dropped))
    running = {offering.id for offering in offerings}
    return Problem.model_validate(
        {
            **dict(problem),
            "blocks": tuple(block for block in problem.blocks if block.id not in dropped),
            "closures": tuple(c for c in problem.closures if c[1] not in dropped),
            "offerings": offerings,
            "staff": tuple(_person(adult, dropped) for adult in problem.staff),
            "students": tuple(_person(student, dropped) for student in problem.students),
            "homes": tuple(home for home in problem.homes if home.block not in dropped),
            "protected": tuple(_protected(problem, dropped)),
            "ballots": _narrowed(problem.ballots, dropped, running),
            "requests": _narrowed(problem.requests, dropped, running),
            "accommodations": tuple(
                one.model_copy(update={"blocks": left(one.blocks, dropped)})
                for one in problem.accommodations
                if one.kind != "time" or left(one.blocks, dropped)
            ),
            "orders": tuple(o for o in problem.orders if {o.first, o.then} <= running),
            "repeats": tuple(one for one in problem.repeats if one.offering in running),
            "locks": tuple(
                lock
                for lock in problem.locks
                if lock.block not in dropped and (lock.offering is None or lock.offering in running)
            ),
            "published": _published(problem.published, dropped, running),
        }
    )


def left(blocks: Iterable[BlockId], dropped: frozenset[BlockId]) -> tuple[BlockId, ...]:
    """What remains of some blocks."""
    return tuple(block for block in blocks if block not in dropped)


def _offerings(problem: Problem, dropped: frozenset[BlockId]) -> Iterable[Offering]:
    for offering in problem.offerings:
        starts = None if offering.starts is None else left(offering.starts, dropped)
        if starts != ():
            yield offering.model_copy(update={"starts": starts})


def _person(person: Person, dropped: frozenset[BlockId]) -> Person:
    held = (
        commitment.model_copy(update={"blocks": left(commitment.blocks, dropped)})
        for commitment in person.commitments
    )
    return person.model_copy(
        update={
            "away": left(person.away, dropped),
            "commitments": tuple(one for one in held if one.blocks),
        }
    )


def _protected(problem: Problem, dropped: frozenset[BlockId]) -> Iterable[ProtectedTime]:
    """A shorter day protects as much as it still can."""
    busy = {adult.id: {b for c in adult.commitments for b in c.blocks} for adult in problem.staff}
    for time in problem.protected:
        blocks = left(time.blocks, dropped)
        free = [block for block in blocks if not any(block in busy[one] for one in time.staff)]
        if free:
            least = min(time.at_least, len(free))
            yield time.model_copy(update={"blocks": blocks, "at_least": least})


def _narrowed(
    wishes: Iterable[Wish], dropped: frozenset[BlockId], running: set[str]
) -> tuple[Wish, ...]:
    found = []
    for wish in wishes:
        field = "ranking" if isinstance(wish, Ballot) else "offerings"
        offerings = tuple(one for one in getattr(wish, field) if one in running)
        blocks = left(wish.blocks, dropped)
        if blocks and offerings:
            found.append(wish.model_copy(update={"blocks": blocks, field: offerings}))
    return tuple(found)


def _published(
    published: Published | None, dropped: frozenset[BlockId], running: set[str]
) -> Published | None:
    if published is None:
        return None
    sessions = tuple(
        session
        for session in published.sessions
        if not dropped.intersection(session.blocks) and session.offering in running
    )
    kept = {session.id for session in sessions}
    placements = tuple(one for one in published.placements if one.session in kept)
    return published.model_copy(update={"sessions": sessions, "placements": placements})
