"""Ends a worker that has fallen silent: records wait for it, and it takes none in."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Collection, Mapping
from typing import NoReturn, Protocol

import structlog

from services.settings import Settings
from services.stream.looking import Looking, Place

FELL_SILENT = 75
"""Exit status of a worker that was ended because it took nothing in."""

log = structlog.get_logger()


class HasPlaces(Protocol):
    @property
    def places(self) -> Collection[Place]: ...


class Silence:
    """Whether anything has waited for too long: a pure reckoning over what is seen."""

    def __init__(self, longest: float) -> None:
        self._longest = longest
        self._since: dict[Place, tuple[int, float]] = {}

    def see(self, now: float, waiting: Mapping[Place, tuple[int, int]]) -> list[tuple[Place, int]]:
        """Notes how far each partition was read and where it ends; those, with how far, in which
        records have waited for `longest` seconds while none was read."""
        behind = {place: read for place, (read, end) in waiting.items() if read < end}
        self._since = {
            place: (read, now)
            if self._since.get(place, (-1, now))[0] != read
            else self._since[place]
            for place, read in behind.items()
        }
        return [
            (place, read)
            for place, (read, since) in self._since.items()
            if now - since >= self._longest
        ]


class Watchdog:
    """Watches from a thread and over a connection of its own, as what it watches may hang."""

    def __init__(
        self, settings: Settings, stopped: HasPlaces, end: Callable[[int], NoReturn]
    ) -> None:
        self._settings, self._stopped, self._end = settings, stopped, end
        self._between = min(5.0, settings.stream_silent / 6)
        self._silence = Silence(settings.stream_silent)

    def start(self, assigned: Callable[[], Collection[Place]]) -> None:
        """Begins to watch the partitions that are assigned at each look."""
        watch = threading.Thread(target=self._run, args=(assigned,), name="watchdog", daemon=True)
        watch.start()

    def _run(self, assigned: Callable[[], Collection[Place]]) -> None:
        while True:
            time.sleep(self._between)
            try:
                silent = asyncio.run(self._look(assigned()))
            except (Exception, asyncio.CancelledError) as error:
                # A broker that is away says nothing about this worker. The client's tasks are
                # cancelled where it cannot be closed in order, which must not end the watch.
                log.warning("the watchdog cannot ask the broker", reason=str(error))
                continue
            if silent:
                log.error("fell silent; ending, nothing is lost", partitions=silent)
                self._end(FELL_SILENT)

    async def _look(self, assigned: Collection[Place]) -> list[Place]:
        watched = [place for place in assigned if place not in self._stopped.places]
        async with Looking(self._settings) as looking:
            waiting = await looking.waiting(watched)
            suspects = self._silence.see(time.monotonic(), waiting)
            return [place for place, read in suspects if await looking.is_there(place, read)]
