"""Offerings from our own CSV."""

from __future__ import annotations

from typing import Any

from schemas.school import Roster
from services.adapters.own_csv.shapes import OFFERINGS, words
from services.adapters.report import Ledger
from services.adapters.tables import Row


def set_offerings(rows: list[Row], roster: Roster, ledger: Ledger) -> Roster:
    """All offerings of the school. Competencies are named by id or code; a role is written as
    `lead`, `lead:Mathematics` (with a qualification) or `2 aide` (with a count)."""
    competencies = {c.code: c.id for c in roster.competencies if c.code} | {
        c.id: c.id for c in roster.competencies
    }
    offerings = []
    for row in rows:
        changed: dict[str, Any] = {"competencies": _competencies(row, competencies)}
        changed |= _ideal(row)
        roles = [_role(row, text) for text in words(row, "Roles")]
        if roles:
            changed["roles"] = tuple(role for role in roles if role)
        offering = OFFERINGS.record(row, ledger, **changed)
        offerings += [offering] if offering else []
    return roster.model_copy(update={"offerings": tuple(offerings)})


def _competencies(row: Row, known: dict[str, str]) -> tuple[str, ...]:
    named = words(row, "Competencies")
    for name in named:
        if name not in known:
            row.refuse("Competencies", f"{name!r} is no competency", "import its framework first")
    return tuple(known[name] for name in named if name in known)


def _ideal(row: Row) -> dict[str, Any]:
    low, high = row.whole("IdealSmallest"), row.whole("IdealLargest")
    if (low is None) != (high is None):
        row.refuse("IdealLargest", "half of an ideal range", "fill in both ends, or neither")
    return {"ideal": None if low is None or high is None else (low, high)}


def _role(row: Row, text: str) -> dict[str, Any] | None:
    count, _, rest = text.partition(" ") if text[:1].isdigit() else ("1", "", text)
    role, _, qualification = rest.partition(":")
    if not count.isdecimal() or len(count) > 2:
        row.refuse("Roles", f"{text!r} is no role", "write lead, lead:Mathematics or 2 aide")
        return None
    return {
        "role": role.strip(),
        "qualification": qualification.strip() or None,
        "count": int(count),
    }
