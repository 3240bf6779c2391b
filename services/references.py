"""What an event names that has to be known first: people, places, competencies, offerings."""

from __future__ import annotations

from collections.abc import Iterator
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
    for name, kind in NAMED_ONE.items():
        if named := getattr(facts, name, None):
            yield kind, named
    if event.name not in EVIDENCE and (staff := getattr(facts, "staff", None)):
        yield "staff", staff
    for name, kind in NAMED_MANY.items():
        for named in getattr(facts, name, ()):
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
    """What a school knows, asked for once in a transaction."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self._answers: dict[Reference, bool] = {}
        self._competencies: dict[str, str | None] = {}
        self._blocks: set[str] | None = None

    def first_unknown(self, event: AnyEvent) -> Reference | None:
        """The first thing an event names that the school does not know."""
        return next((named for named in references(event) if not self._knows(named)), None)

    def competency(self, id_or_code: str) -> str | None:
        """The id of the competency of this id, or else of this code; None when there is none, or
        several of the code."""
        if id_or_code not in self._competencies:
            found = self._tx.knows("competencies", {id_or_code})
            ids = list(found) or self._tx.competency_ids(id_or_code)
            self._competencies[id_or_code] = ids[0] if len(ids) == 1 else None
        return self._competencies[id_or_code]

    def _knows(self, named: Reference) -> bool:
        if named not in self._answers:
            kind, id = named
            if kind == "blocks":
                self._answers[named] = id in self._all_blocks()
            else:
                self._answers[named] = bool(self._tx.knows(kind, {id}))
        return self._answers[named]

    def _all_blocks(self) -> set[str]:
        if self._blocks is None:
            schedules: list[BellSchedule] = self._tx.roster("bell_schedules")
            self._blocks = {block.id for schedule in schedules for block in schedule.blocks}
        return self._blocks
