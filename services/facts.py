"""What an event says, as facts: each kind keyed so that the newest event on a key is what holds.

| kind             | key                       | body                                         |
|------------------|---------------------------|----------------------------------------------|
| staff.presence   | day, staff, block or *    | id, block (null: whole day), away, reason    |
| student.presence | day, student, block or *  | the same                                     |
| room.presence    | day, room, block or *     | the same                                     |
| ballot           | day, student, blocks      | facts of choice.ranked                       |
| request          | request                   | facts of request.made                        |
| lock             | day, lock                 | lock (null once released), reason            |
| override         | day, override             | override (null once lifted), reason          |
| attendance       | day, student, block       | facts of attendance.taken                    |
| minutes          | source, event id          | facts of minutes.delivered                   |
| flag             | student, competency       | facts of need.flagged                        |
| credit           | student, competency       | facts of credit.confirmed                    |
| guardian         | guardian, student         | link                                         |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from schemas.base import BlockId
from schemas.events import AnyEvent
from services.canonical import composite

PRESENCE = {"staff": "staff.presence", "student": "student.presence", "room": "room.presence"}
WHOLE_DAY = "*"


@dataclass(frozen=True)
class Fact:
    """One thing that holds until a newer event on the same kind and key says otherwise."""

    kind: str
    key: str
    body: Mapping[str, Any] = field(hash=False)
    day: date | None = None
    student: str | None = None


def facts_of(event: AnyEvent) -> list[Fact]:
    """The facts an event states; none for evidence, which is folded into mastery instead."""
    maker = _MAKERS.get(event.name)
    return maker(event) if maker else []


def away(
    facts: Iterable[Mapping[str, Any]], blocks: Sequence[BlockId]
) -> dict[str, tuple[BlockId, ...]]:
    """Who is away (or closed) in which of the day's `blocks`, from a day's presence facts as the
    store gives them: of what was said of the whole day and of a block, the newer holds."""
    said: dict[str, dict[str | None, Mapping[str, Any]]] = {}
    for fact in facts:
        said.setdefault(fact["body"]["id"], {})[fact["body"]["block"]] = fact
    found = {
        who: tuple(block for block in blocks if _is_away(by_block, block))
        for who, by_block in sorted(said.items())
    }
    return {who: blocks_away for who, blocks_away in found.items() if blocks_away}


def _is_away(by_block: Mapping[str | None, Mapping[str, Any]], block: BlockId) -> bool:
    candidates = [by_block[at] for at in (None, block) if at in by_block]
    newest = max(
        candidates, key=lambda f: (f["occurred_at"], f["source"], f["event_id"]), default=None
    )
    return newest is not None and bool(newest["body"]["away"])


def _presence(who: str, is_away: bool) -> Callable[[AnyEvent], list[Fact]]:
    def make(event: AnyEvent) -> list[Fact]:
        facts: Any = event.data
        person = getattr(facts, who)
        return [
            Fact(
                kind=PRESENCE[who],
                key=composite(facts.day, person, WHOLE_DAY if block is None else f"block {block}"),
                body={"id": person, "block": block, "away": is_away, "reason": facts.reason},
                day=facts.day,
                student=person if who == "student" else None,
            )
            for block in (facts.blocks or (None,))
        ]

    return make


def _stated(kind: str, words: Callable[[Any, AnyEvent], tuple[object, ...]]) -> Any:
    """A maker of one fact whose body is the event's own facts."""

    def make(event: AnyEvent) -> list[Fact]:
        facts: Any = event.data
        return [
            Fact(
                kind=kind,
                key=composite(*words(facts, event)),
                body=facts.model_dump(mode="json"),
                day=getattr(facts, "day", None),
                student=getattr(facts, "student", None),
            )
        ]

    return make


def _lock_set(event: AnyEvent) -> list[Fact]:
    facts: Any = event.data
    body = {"lock": facts.lock.model_dump(mode="json"), "reason": facts.lock.reason}
    return [Fact("lock", composite(facts.day, facts.lock.id), body, facts.day)]


def _lock_released(event: AnyEvent) -> list[Fact]:
    facts: Any = event.data
    body = {"lock": None, "reason": facts.reason}
    return [Fact("lock", composite(facts.day, facts.lock), body, facts.day)]


def _override_set(event: AnyEvent) -> list[Fact]:
    facts: Any = event.data
    override = facts.override
    body = {"override": override.model_dump(mode="json"), "reason": override.reason}
    return [Fact("override", composite(facts.day, override.id), body, facts.day)]


def _override_lifted(event: AnyEvent) -> list[Fact]:
    facts: Any = event.data
    body = {"override": None, "reason": facts.reason}
    return [Fact("override", composite(facts.day, facts.override), body, facts.day)]


def _guardian(event: AnyEvent) -> list[Fact]:
    facts: Any = event.data
    link = facts.link
    body = facts.model_dump(mode="json")
    return [Fact("guardian", composite(link.guardian, link.student), body, student=link.student)]


_MAKERS: dict[str, Callable[[AnyEvent], list[Fact]]] = {
    "staff.absent": _presence("staff", is_away=True),
    "staff.returned": _presence("staff", is_away=False),
    "student.absent": _presence("student", is_away=True),
    "student.arrived": _presence("student", is_away=False),
    "room.closed": _presence("room", is_away=True),
    "room.reopened": _presence("room", is_away=False),
    "choice.ranked": _stated("ballot", lambda f, e: (f.day, f.student, *sorted(f.blocks))),
    "request.made": _stated("request", lambda f, e: (f.request,)),
    "lock.set": _lock_set,
    "lock.released": _lock_released,
    "override.set": _override_set,
    "override.lifted": _override_lifted,
    "attendance.taken": _stated("attendance", lambda f, e: (f.day, f.student, f.block)),
    "minutes.delivered": _stated("minutes", lambda f, e: (e.source, e.id)),
    "need.flagged": _stated("flag", lambda f, e: (f.student, f.competency)),
    "credit.confirmed": _stated("credit", lambda f, e: (f.student, f.competency)),
    "guardian.changed": _guardian,
}
