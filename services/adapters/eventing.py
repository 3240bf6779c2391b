"""Makes events out of imported records, with ids that are the same at every import."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from schemas.events import AnyEvent, Facts, new
from services.adapters.report import Ledger

_LONGEST_ID = 200


def event_id(*parts: str) -> str:
    """An id made of what identifies the record; a digest of it where that is too long."""
    name = ":".join(parts)
    if len(name) <= _LONGEST_ID:
        return name
    return hashlib.sha256(name.encode()).hexdigest()


def make_event(
    event_type: str,
    facts: type[Facts],
    fields: dict[str, Any],
    *,
    id: str,
    source: str,
    time: datetime,
    file: str,
    row: int,
    ledger: Ledger,
) -> AnyEvent | None:
    """An event, or None with the refusal of what its facts refuse; `time` has a zone."""
    data = ledger.build(facts, fields, file=file, row=row)
    if data is None:
        return None
    try:
        return new(event_type, id=id, source=source, time=time, data=data)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False)[0]
        ledger.refuse(
            file,
            f"{event_type}: {fault['msg']}",
            "correct this row and import again",
            row=row,
            column=str(fault["loc"][-1]),
            value=id,
        )
        return None
