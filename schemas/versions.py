"""Older versions of events, brought one step at a time to the one that is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Fields = Mapping[str, Any]
Step = Callable[[Fields], Fields]

STEPS: dict[str, Step] = {}
"""By type, such as org.flexday.minutes.delivered.v1: what makes the next version of such an event.
Empty while no type has a second version. A version that was once taken in stays readable for ever,
as the log keeps events as they were sent."""


def brought_up(fields: Fields, steps: Mapping[str, Step] | None = None) -> Fields:
    """An event in the newest version of its type; one of an unknown type is left as it is.

    Raises:
        ValueError: a step makes nothing of another version.
    """
    known, seen = STEPS if steps is None else steps, set[str]()
    while isinstance(named := fields.get("type"), str) and (step := known.get(named)) is not None:
        if named in seen:
            raise ValueError(f"the step from {named} leads back to it")
        seen.add(named)
        fields = step(fields)
    return fields
