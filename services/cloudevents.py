"""Reads CloudEvents 1.0 JSON from anybody, trusting nothing: every refusal says how to mend it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from pydantic import ValidationError
from pydantic_core import from_json

from schemas.base import ID_PATTERN
from schemas.events import AnyEvent, Event, decode
from services.canonical import canonical, sha256

DEEPEST_JSON = 32
NUL_ESCAPED = b"\\u0000"
"""How JSON writes the one character that PostgreSQL cannot keep."""
LEAD = timedelta(minutes=5)
"""How far a sender's clock may be ahead of ours."""
OLDEST = datetime(1970, 1, 1, tzinfo=UTC)
MOST_FAULTS_TOLD = 5


@dataclass(frozen=True)
class Unreadable(Exception):
    """Something that is no event: why, and what would mend it."""

    reason: str
    mend: str

    def __str__(self) -> str:
        return f"{self.reason}; {self.mend}"


def read_json(raw: bytes, deepest: int = DEEPEST_JSON) -> Any:
    """Parses JSON in UTF-8, without NaN, lone surrogates or bottomless nesting.

    Raises:
        Unreadable: it is not that.
    """
    try:
        value = from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        raise Unreadable(f"this is not JSON in UTF-8: {error}", "send valid JSON") from error
    if _depth(value) > deepest:
        raise Unreadable(f"nested deeper than {deepest} levels", "send plain CloudEvents")
    return value


def read_event(raw: Any) -> AnyEvent:
    """One event: from structured-mode CloudEvents JSON, the same parsed, or an event as it is.

    Raises:
        Unreadable: names each attribute that is missing, unknown or out of range.
    """
    if isinstance(raw, Event):
        return _storable(cast(AnyEvent, raw))
    fields = read_json(raw) if isinstance(raw, bytes) else raw
    if not isinstance(fields, dict):
        raise Unreadable("an event is a JSON object", "send one object, or a list as a batch")
    try:
        event = decode(fields)
    except ValidationError as error:
        raise Unreadable(in_words(error), "correct what is named and send it again") from error
    written_so = not isinstance(raw, bytes) or NUL_ESCAPED in raw
    return _storable(event) if written_so else event


def check_time(event: AnyEvent, now: datetime) -> None:
    """Raises: Unreadable when an event claims a time that cannot be."""
    if event.time > now + LEAD:
        raise Unreadable(
            f"time {event.time.isoformat()} lies in the future",
            "set the sender's clock, or send it again when the time has come",
        )
    if event.time < OLDEST:
        raise Unreadable(f"time {event.time.isoformat()} is before 1970", "give the real time")


def in_words(error: ValidationError) -> str:
    """The first few faults that validation found, each with where it stands."""
    faults = error.errors(include_url=False, include_input=False)
    told = [f"{'.'.join(_path(fault['loc']))}: {_said(fault)}" for fault in faults]
    more = f"; and {len(told) - MOST_FAULTS_TOLD} more" if len(told) > MOST_FAULTS_TOLD else ""
    return "; ".join(told[:MOST_FAULTS_TOLD]) + more


def _said(fault: Mapping[str, Any]) -> str:
    """What is wrong with one field, in words where the library would show a pattern."""
    if fault.get("ctx", {}).get("pattern") == ID_PATTERN:
        return "take out control characters, and spaces at either end"
    return str(fault["msg"])


def content_hash(event: AnyEvent) -> str:
    """One hash for one content, however its JSON was spaced or its time written; attributes that
    are read past, such as a trace id that differs with every try, do not count."""
    fields = event.model_dump(mode="json", exclude_none=True)
    return sha256(canonical({**fields, "time": event.time.astimezone(UTC).isoformat()}))


def _storable(event: AnyEvent) -> AnyEvent:
    """PostgreSQL keeps no NUL in text, so no id may have one."""
    if NUL_ESCAPED.decode() in event.model_dump_json():
        raise Unreadable("a NUL character in the text", "take it out and send it again")
    return event


def _path(location: tuple[int | str, ...]) -> list[str]:
    """Where a fault stands, without the tag that only says which kind of event it is."""
    return [str(step) for step in location if not str(step).startswith("org.flexday.")] or ["event"]


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level:
        depth += 1
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return depth
