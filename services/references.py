"""What an event names that has to be known first: people, places, competencies, offerings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from schemas.events import AnyEvent
from schemas.school import BellSchedule
from services.store import Tx

NAMED_ONE = {"student": "students", "room": "rooms", "service": "services"}
NAMED_MANY = {"offerings": "offerings", "ranking": "offerings", "blocks": "blocks"}
IN_LOCKS = {
    "student": "students",
    "staff": "staff",
    "lead": "staff",
    "room": "rooms",
    "offering": "offerings",
    "block": "blocks",
}
EVIDENCE = ("evidence.recorded", "evidence.corrected", "evidence.retracted")

Reference = tuple[str, str]
"""(kind of roster entry, id); blocks count as a kind of their own."""


def references(event: AnyEvent) -> Iterator[Reference]:
    """What must be known for an event to be counted; a competency is looked up apart. The adult
    named in evidence is a remark, and holds nothing up."""
    facts = event.data
    told = vars(facts)
    for name, kind in NAMED_ONE.items():
        if named := told.get(name):
            yield kind, named
    if event.name not in EVIDENCE and (staff := told.get("staff")):
        yield "staff", staff
    for name, kind in NAMED_MANY.items():
        for named in told.get(name, ()):
            yield kind, named
    if event.name == "attendance.taken":
        yield "blocks", facts.block  # type: ignore[union-attr]
    if event.name == "guardian.changed":
        yield "students", facts.link.student  # type: ignore[union-attr]
    if event.name == "lock.set":
        yield from _in_lock(facts.lock)  # type: ignore[union-attr]


def _in_lock(lock: Any) -> Iterator[Reference]:
    for name, kind in IN_LOCKS.items():
        if named := getattr(lock, name, None):
            yield kind, named


class Known:
    """What a school knows of all that some events name, asked for at once."""

    def __init__(self, tx: Tx, events: Iterable[AnyEvent]) -> None:
        named = {reference for event in events for reference in references(event)}
        codes = {code for event in events if (code := vars(event.data).get("competency"))}
        self._known = tx.knows({*named, *(("competencies", code) for code in codes)})
        self._coded = tx.competencies_coded(
            {code for code in codes if ("competencies", code) not in self._known}
        )
        if any(kind == "blocks" for kind, _ in named):
            self._known |= _blocks(tx)

    def first_unknown(self, event: AnyEvent) -> Reference | None:
        """The first thing an event names that the school does not know."""
        return next((named for named in references(event) if named not in self._known), None)

    def competency(self, id_or_code: str) -> str | None:
        """The id of the competency of this id, or else of this code; None when there is none, or
        several of the code."""
        if ("competencies", id_or_code) in self._known:
            return id_or_code
        coded = self._coded.get(id_or_code, [])
        return coded[0] if len(coded) == 1 else None


def _blocks(tx: Tx) -> set[Reference]:
    schedules: list[BellSchedule] = tx.roster("bell_schedules")
    return {("blocks", block.id) for schedule in schedules for block in schedule.blocks}
