"""Events that arrive while others of the same sender are being committed share the next commit."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from fastapi.concurrency import run_in_threadpool

from services.handlers import Outcome, Raw, handle_batch
from services.store import Store
from services.viewer import Viewer

MOST_TOGETHER = 200
"""Events in one commit: more would hold up whoever else writes to the school."""


class _Waiting(NamedTuple):
    """An event at the door, and where what becomes of it is told."""

    raw: Raw
    told: asyncio.Future[Outcome]


class Gathering:
    """Takes in events that many requests bring, one each. A sender's first event is committed at
    once; those that come meanwhile wait for it and are then committed together, so that nobody
    waits for company, and a rush needs a commit, and a thread, for many events where it needed
    one for each. For one event loop."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._queues: dict[Viewer, deque[_Waiting]] = {}
        """A queue for each sender of whom something is being committed."""
        self._at_work: set[asyncio.Task[None]] = set()

    async def handle(self, viewer: Viewer, raw: Raw) -> Outcome:
        """Takes in one event; returns when it has been committed.

        Raises:
            Unavailable: nothing was written; the sender is to try again.
        """
        mine = _Waiting(raw, asyncio.get_running_loop().create_future())
        if viewer in self._queues:
            self._queues[viewer].append(mine)
        else:
            self._queues[viewer] = deque([mine])
            # A task of its own: whoever brought the first may leave before it is committed.
            work = asyncio.create_task(self._commit_all(viewer))
            self._at_work.add(work)
            work.add_done_callback(self._at_work.discard)
        return await mine.told

    async def _commit_all(self, viewer: Viewer) -> None:
        """Commits a sender's events, as many at a time as came together, until none waits."""
        queue = self._queues[viewer]
        while queue:
            company = [queue.popleft() for _ in range(min(len(queue), MOST_TOGETHER))]
            await self._commit(viewer, company)
        del self._queues[viewer]

    async def _commit(self, viewer: Viewer, company: Sequence[_Waiting]) -> None:
        try:
            raws = [each.raw for each in company]
            outcomes = await run_in_threadpool(handle_batch, self._store, viewer, raws)
        except Exception as fault:
            for each in company:
                if not each.told.done():
                    each.told.set_exception(fault)
            return
        for each, outcome in zip(company, outcomes, strict=True):
            if not each.told.done():
                each.told.set_result(outcome)
