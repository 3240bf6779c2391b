"""How a process is watched: is it alive, may it be given work, what has it counted; over HTTP."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import REGISTRY

from services.measures import WhatWaits
from services.settings import Settings
from services.store import Store, StoreError

Alive = Callable[[], str | None]
"""Says what is wrong with a process that should be started anew; None while all is well."""


class Pulse:
    """Whether a loop still turns: it is told each turn, and silent for too long means stuck."""

    def __init__(self, name: str, longest: float) -> None:
        self._name, self._longest = name, longest
        self._last = time.monotonic()

    def beat(self) -> None:
        self._last = time.monotonic()

    def __call__(self) -> str | None:
        silent = time.monotonic() - self._last
        return f"{self._name} has not turned for {silent:.0f} s" if silent > self._longest else None


def ready(store: Store) -> str | None:
    """Why a process may not be given work now: the record is away, or not fit to be served."""
    try:
        store.check()
    except StoreError as error:
        return str(error)
    return None


@contextmanager
def watched(
    settings: Settings, store: Store, alive: Alive = lambda: None, started: Alive = lambda: None
) -> Iterator[None]:
    """Answers /healthz, /readyz and /metrics on the watch port, while the block lasts; without a
    watch port nothing is opened. `started` says what is not up yet of a process that lives."""
    if not settings.watch_port:
        yield
        return
    registry = CollectorRegistry()
    registry.register(WhatWaits(store))

    def figures() -> bytes:
        return generate_latest(REGISTRY) + generate_latest(registry)

    class Answering(_Answering):
        checks = {"/healthz": alive, "/readyz": lambda: started() or ready(store)}  # noqa: RUF012
        metrics = staticmethod(figures)

    server = ThreadingHTTPServer((settings.watch_host, settings.watch_port), Answering)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, name="watching", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()


class _Answering(BaseHTTPRequestHandler):
    checks: dict[str, Alive]
    metrics: Callable[[], bytes]

    def do_GET(self) -> None:
        if self.path == "/metrics":
            self._answer(200, type(self).metrics(), CONTENT_TYPE_LATEST)
        elif self.path in self.checks:
            wrong = self.checks[self.path]()
            body = json.dumps({"status": "ok"} if wrong is None else {"wrong": wrong})
            self._answer(200 if wrong is None else 503, body.encode(), "application/json")
        else:
            self._answer(404, b"", "text/plain")

    def _answer(self, status: int, body: bytes, media: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Says nothing: it is asked every few seconds."""
