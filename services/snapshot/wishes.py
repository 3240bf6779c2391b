"""What people asked for: ballots, requests, locks and overrides, as far as they still hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter

from schemas.base import BlockId, StudentId
from schemas.plan import Override
from schemas.problem import Ballot, Lock, Request
from services.snapshot.sources import Sources

_LOCK: TypeAdapter[Lock] = TypeAdapter(Lock)


def day_ballots(
    day: Sources, present: Sequence[StudentId], credits: Mapping[StudentId, int]
) -> tuple[Ballot, ...]:
    """The newest ballots for the day's flex blocks, of students who are there."""
    return tuple(_ballots(day, frozenset(present), credits))


def _ballots(
    day: Sources, there: frozenset[StudentId], credits: Mapping[StudentId, int]
) -> Iterator[Ballot]:
    offered = {offering.id for offering in day.offerings}
    for body in day.facts("ballot", day=day.day):
        blocks = tuple(block for block in day.flex if block in body["blocks"])
        ranking = tuple(dict.fromkeys(one for one in body["ranking"] if one in offered))
        if body["student"] in there and blocks and ranking:
            yield Ballot(
                id=f"{body['student']}:{'+'.join(blocks)}",
                student=body["student"],
                blocks=blocks,
                ranking=ranking,
                credit=credits.get(body["student"], 1),
            )


def day_requests(day: Sources, present: Sequence[StudentId]) -> tuple[Request, ...]:
    """Teachers' requests for the day that were not taken back."""
    return tuple(_requests(day, frozenset(present)))


def _requests(day: Sources, there: frozenset[StudentId]) -> Iterator[Request]:
    offered = {offering.id for offering in day.offerings}
    for body in day.facts("request", day=day.day):
        blocks = tuple(block for block in day.flex if block in body["blocks"])
        offerings = tuple(one for one in body["offerings"] if one in offered)
        if body["withdrawn"] or body["student"] not in there:
            continue
        if not blocks or not offerings:
            day.note("request.not_today", request=body["request"])
            continue
        yield Request(
            id=body["request"],
            staff=body["staff"],
            student=body["student"],
            offerings=offerings,
            blocks=blocks,
            priority=body["priority"],
        )


def day_locks(day: Sources, present: Sequence[StudentId]) -> tuple[Lock, ...]:
    """The locks that hold today; those that expired or that facts have broken are released and
    noted with the cause."""
    return tuple(_locks(day, frozenset(present)))


def _locks(day: Sources, there: frozenset[StudentId]) -> Iterator[Lock]:
    for body in day.facts("lock", day=day.day):
        if body["lock"] is None:
            continue
        lock = _LOCK.validate_python(body["lock"])
        cause = _released_by(day, lock, there)
        if cause:
            day.note("lock.released", lock=lock.id, owner=lock.owner, cause=cause)
        else:
            yield lock


def _released_by(day: Sources, lock: Lock, there: frozenset[StudentId]) -> str:
    """Why a lock no longer holds, in one word; empty while it does."""
    named = lock.model_dump()
    causes = {
        "expired": lock.expires is not None and lock.expires < day.day,
        "block": lock.block not in day.blocks,
        "offering": _unknown(named.get("offering"), [one.id for one in day.offerings]),
        "room": _unknown(named.get("room"), [one.id for one in day.rooms]),
        "staff": any(
            _unknown(named.get(who), [one.id for one in day.staff]) for who in ("staff", "lead")
        ),
        "student": _unknown(named.get("student"), there),
        "absent": _absent(day, named, lock.block),
        "closed": lock.block in day.rooms_closed.get(named.get("room") or "", ()),
    }
    return next((cause for cause, holds in causes.items() if holds), "")


def _unknown(name: str | None, among: Sequence[str] | frozenset[str]) -> bool:
    return name is not None and name not in among


def _absent(day: Sources, named: Mapping[str, Any], block: BlockId) -> bool:
    adults = [named.get("lead"), named.get("staff") if named.get("offering") else None]
    away = (day.staff_away.get(adult or "", ()) for adult in adults)
    student = day.students_away.get(named.get("student") or "", ())
    return block in student or any(block in blocks for blocks in away)


def day_overrides(day: Sources) -> tuple[Override, ...]:
    """Named persons' exceptions for the day that were not taken back."""
    bodies = (body["override"] for body in day.facts("override", day=day.day))
    return tuple(Override.model_validate(body) for body in bodies if body is not None)
