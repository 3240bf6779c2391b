"""The kinds of roster entries, and the key that each is kept under."""

from __future__ import annotations

from typing import Any, get_args

from schemas.base import Frozen
from schemas.school import Roster
from services.canonical import composite

KINDS: dict[str, type[Frozen]] = {
    name: get_args(field.annotation)[0]
    for name, field in Roster.model_fields.items()
    if name != "school"
}
"""The kinds of roster entries, by the field of schemas.school.Roster that holds them."""

ENTERED = "entered"
"""The origin of what a school enters itself."""

OF_STUDENTS = {"students": "id", "services": "student", "accommodations": "student"}
"""Kinds that are records of one student, with the field that names the student."""


def entry_key(kind: str, entry: Any) -> str:
    """The key an entry of a kind is kept under."""
    if kind == "guardians":
        return composite(entry.guardian, entry.student)
    if kind == "travel":
        return composite(*sorted((entry.a, entry.b)))
    if kind == "calendar":
        return str(entry.date.isoformat())
    return str(entry.id)
