"""Live pages: tells a browser when something about a day has changed, so that it asks again."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.concurrency import run_in_threadpool
from sse_starlette import EventSourceResponse, ServerSentEvent

from services.canonical import canonical, sha256
from services.web.pages import Asker, asking

router = APIRouter(include_in_schema=False)
Planner = Annotated[Asker, Depends(asking("scheduler", "admin"))]
MOST_CONNECTIONS = 64
SECONDS_BETWEEN_LOOKS = 1.0
LOOKS = 600
"""After so many looks a connection ends; the browser opens another."""

_places = threading.BoundedSemaphore(MOST_CONNECTIONS)


@router.get("/live/days/{day}", response_model=None)
def follow_day(request: Request, asker: Planner, day: date) -> EventSourceResponse:
    """An event `changed` at once and at each change of the day's runs, plans or news; `over` at
    once where too many pages are followed already, so that this one stays as it is."""
    return EventSourceResponse(_changes(request, asker, day), ping=15)


async def _changes(request: Request, asker: Asker, day: date) -> AsyncIterator[ServerSentEvent]:
    if not _places.acquire(blocking=False):
        yield ServerSentEvent(event="over", data="")
        return
    try:
        known = ""
        for _ in range(LOOKS):
            if await request.is_disconnected():
                return
            state = await run_in_threadpool(_state, asker, day)
            if state != known:
                known = state
                yield ServerSentEvent(event="changed", data=state)
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
    finally:
        _places.release()


def _state(asker: Asker, day: date) -> str:
    """A hash over all that a page about the day shows live."""
    with asker.read() as tx:
        runs = [[run.id, run.status, run.progress.get("seconds")] for run in tx.runs(day)]
        plans = [[plan.id, plan.version] for plan in tx.plans(day)]
        return sha256(canonical([tx.position(), runs, plans]))
