"""One process that serves the pages and plans the days: the embedded deployment."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn

from services.planner import Planner
from services.settings import Settings
from services.store import Store
from services.web.app import create_app

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
SECONDS_TO_STOP = 10.0


class NotSafeToServe(Exception):
    """The installation would be open to anybody."""


def serve(
    settings: Settings,
    store: Store,
    host: str,
    port: int,
    once_up: Callable[[str], None] = lambda address: None,
) -> None:
    """Serves until told to stop, then lets requests end and the planner go.

    `once_up` is told the address when it answers.

    Raises:
        NotSafeToServe: the role picker would be reachable from other machines.
    """
    if settings.role_picker and host not in LOOPBACK and not settings.secret:
        raise NotSafeToServe(
            f"the role picker lets anybody be anybody, and {host} can be reached from outside; "
            "serve on 127.0.0.1, or set FLEXDAY_SECRET if that is what you want"
        )
    config = uvicorn.Config(
        create_app(settings, store),
        host=host,
        port=port,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=int(SECONDS_TO_STOP),
    )
    server = _Telling(config, lambda: once_up(f"http://{host}:{port}/"))
    with planning(store), _ended_by_signal():
        server.run()


@contextmanager
def planning(store: Store) -> Iterator[None]:
    """A planner at work in a thread of its own, for as long as the block lasts."""
    stop = threading.Event()
    worker = threading.Thread(
        target=Planner(store).run_forever, args=(stop,), name="planner", daemon=True
    )
    worker.start()
    try:
        yield
    finally:
        stop.set()
        worker.join(SECONDS_TO_STOP)


@contextmanager
def _ended_by_signal() -> Iterator[None]:
    """Lets SIGTERM and Ctrl-C end the block as an ordinary end, so that what is open is closed."""

    def end(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    except KeyboardInterrupt:
        return
    finally:
        signal.signal(signal.SIGTERM, before)


class _Telling(uvicorn.Server):
    """A server that says when it is up."""

    def __init__(self, config: uvicorn.Config, once_up: Callable[[], None]) -> None:
        super().__init__(config)
        self._once_up = once_up

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(sockets)  # type: ignore[arg-type]
        if self.started:
            self._once_up()
