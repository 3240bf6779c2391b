"""Events that arrive while others of the same sender are being committed share the next commit."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from services.handlers import Outcome, Raw, handle_batch
from services.store import Store
from services.viewer import Viewer

MOST_TOGETHER = 200
"""Events in one commit: more would hold up whoever else writes to the school."""


@dataclass(eq=False)
class _Waiting:
    """An event at the door, and the thread that waits for what becomes of it."""

    raw: Raw
    told: threading.Event = field(default_factory=threading.Event)
    outcome: Outcome | None = None
    fault: BaseException | None = None


class Gathering:
    """Takes in events that many threads bring, one each. A sender's first event is committed at
    once; those that come meanwhile wait for it and are then committed together, so that nobody
    waits for company, and a rush needs a commit for many events where it needed one for each.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._queues: dict[Viewer, deque[_Waiting]] = {}
        """A queue for each sender of whom something is being committed."""

    def handle(self, viewer: Viewer, raw: Raw) -> Outcome:
        """Takes in one event; returns when it has been committed.

        Raises:
            Unavailable: nothing was written; the sender is to try again.
        """
        mine = _Waiting(raw)
        with self._lock:
            queue = self._queues.get(viewer)
            if queue is not None:
                queue.append(mine)
            else:
                self._queues[viewer] = deque()
        if queue is not None:
            mine.told.wait()
            if mine.outcome is None and mine.fault is None:
                self._lead(viewer, self._company(viewer, mine))
        else:
            self._lead(viewer, [mine])
        if mine.fault is not None:
            raise mine.fault
        assert mine.outcome is not None
        return mine.outcome

    def _company(self, viewer: Viewer, mine: _Waiting) -> list[_Waiting]:
        with self._lock:
            queue = self._queues[viewer]
            return [mine, *(queue.popleft() for _ in range(min(len(queue), MOST_TOGETHER - 1)))]

    def _lead(self, viewer: Viewer, company: Sequence[_Waiting]) -> None:
        """Commits what came together, then lets the next of those that wait lead."""
        try:
            outcomes = handle_batch(self._store, viewer, [each.raw for each in company])
            for each, outcome in zip(company, outcomes, strict=True):
                each.outcome = outcome
        except BaseException as fault:
            for each in company:
                each.fault = fault
        finally:
            with self._lock:
                if queue := self._queues[viewer]:
                    queue.popleft().told.set()
                else:
                    del self._queues[viewer]
            for each in company:
                each.told.set()
