"""The processes that serve the pages and plan the days: both in one, or each apart."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
import uvicorn

from services.memory import settle
from services.planner import Planner
from services.settings import Settings, Unfit
from services.store import Store
from services.watching import watched
from services.web.app import create_app

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
SECONDS_TO_STOP = 10.0

log = structlog.get_logger()


def serve(
    settings: Settings,
    store: Store,
    host: str,
    port: int,
    once_up: Callable[[str], None] = lambda address: None,
    plans: bool = True,
) -> None:
    """Serves until told to stop, then lets requests end and the planner go. `plans` tells whether
    this process plans too, as the only one does.

    `once_up` is told the address when it answers.

    Raises:
        Unfit: the role picker could be reached from outside.
    """
    if settings.role_picker and host not in LOOPBACK and not settings.secret:
        raise Unfit(
            f"the role picker lets anybody be anybody, and {host} can be reached from outside; "
            "serve on 127.0.0.1, or set FLEXDAY_SECRET if that is what you want"
        )
    config = uvicorn.Config(
        create_app(settings, store),
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=int(SECONDS_TO_STOP),
    )
    server = _Telling(config, lambda: once_up(f"http://{host}:{port}/"))
    planner = Planner(store, lease_seconds=settings.lease) if plans else None
    alive = planner.alive if planner else lambda: None
    settle()
    with planning(planner), watched(settings, store, alive, server.listens), _ended_by_signal():
        server.run()


def plan(settings: Settings, store: Store) -> None:
    """Plans days until told to stop: any number of these share the work."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    planner = Planner(store, lease_seconds=settings.lease)
    with watched(settings, store, planner.alive):
        log.info("planning", planner=planner.owner)
        planner.run_forever(stop)
        log.info("stopped planning", planner=planner.owner)


@contextmanager
def planning(planner: Planner | None) -> Iterator[None]:
    """A planner, if any, at work in a thread of its own, for as long as the block lasts."""
    if planner is None:
        yield
        return
    stop = threading.Event()
    worker = threading.Thread(target=planner.run_forever, args=(stop,), name="planner", daemon=True)
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

    def listens(self) -> str | None:
        """What a request would meet: nobody, until the port is open."""
        return None if self.started else "the server does not listen yet"
