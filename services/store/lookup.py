"""Looks things up in the roster for the system's own work: who and what is known, by id or code."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import bindparam, select

from schemas.base import loads
from services.store.kinds import KINDS
from services.store.part import batched
from services.store.sight import Sight
from services.store.tables import roster_entry as entry_table

_OF_SCHOOL = (entry_table.c.school_id == bindparam("school"), entry_table.c.ended_at.is_(None))
_CURRENT = (*_OF_SCHOOL, entry_table.c.kind == bindparam("kind"))
_SOME = entry_table.c.id.in_(bindparam("ids", expanding=True))
_ALL_IDS = select(entry_table.c.id).where(*_CURRENT).order_by(entry_table.c.id)
_NAMED = select(entry_table.c.kind, entry_table.c.id).where(
    *_OF_SCHOOL, entry_table.c.kind.in_(bindparam("kinds", expanding=True)), _SOME
)
_BODIES = select(entry_table.c.id, entry_table.c.body).where(*_CURRENT, _SOME)
_CODED = select(entry_table.c.id, entry_table.c.code).where(
    *_CURRENT, entry_table.c.code.in_(bindparam("codes", expanding=True))
)


class Lookup(Sight):
    def knows(self, named: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        """Which of some (kind, id) are current entries."""
        found = set()
        for some in batched(named):
            kinds, ids = ([*dict.fromkeys(words)] for words in zip(*some, strict=True))
            found |= {(row.kind, row.id) for row in self._ask(_NAMED, kinds=kinds, ids=ids)}
        return found & set(named)

    def ids(self, kind: str) -> list[str]:
        """The ids of a kind's current entries, in order."""
        return [row.id for row in self._ask(_ALL_IDS, kind=kind)]

    def competencies_coded(self, codes: Collection[str]) -> dict[str, list[str]]:
        """The ids of current competencies by code, which outside systems use in their place."""
        found: dict[str, list[str]] = {}
        for some in batched(codes):
            for row in self._ask(_CODED, kind="competencies", codes=some):
                found.setdefault(row.code, []).append(row.id)
        return found

    def entry(self, kind: str, id: str) -> Any | None:
        """One current entry of a kind, as its model, or None."""
        return self.entries(kind, [id]).get(id)

    def entries(self, kind: str, ids: Collection[str]) -> dict[str, Any]:
        """Some current entries of a kind, as their models, by id."""
        return {
            row.id: loads(KINDS[kind], row.body)
            for some in batched(ids)
            for row in self._ask(_BODIES, kind=kind, ids=some)
        }
