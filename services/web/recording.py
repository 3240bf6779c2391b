"""What people say through a page becomes an event like any other, by the one way in."""

from __future__ import annotations

import uuid

from fastapi import HTTPException

from schemas.events import Facts, new
from services.handlers import Outcome, handle
from services.web.pages import Asker

SOURCE = "flexday/pages"
COUNTED = ("accepted", "duplicate")


def record(asker: Asker, name: str, facts: Facts, id: str = "") -> Outcome:
    """Takes in an event said by the asker now. An `id` given twice counts once.

    Raises:
        HTTPException: 403 if the asker may not say so, 422 if it cannot count as it is.
    """
    event = new(
        name,
        id=id or uuid.uuid4().hex,
        source=SOURCE,
        time=asker.store.clock(),
        data=facts,
    )
    outcome = handle(asker.store, asker.viewer, event)
    if outcome.status == "refused":
        raise HTTPException(403, f"{outcome.reason}; {outcome.mend}.")
    if outcome.status not in COUNTED:
        raise HTTPException(422, f"{outcome.reason}; {outcome.mend}.")
    return outcome
