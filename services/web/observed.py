"""Counts and logs each request by its address as it is registered, so that no log holds whom it
was about; gives it an id that its answer carries."""

from __future__ import annotations

import time
import uuid

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services import measures

SLOW_SECONDS = 1.0
QUIET = frozenset({"/healthz", "/readyz", "/static"})
"""Asked for so often that only trouble is worth a line."""

log = structlog.get_logger()


class Observed:
    """Wraps the application."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500
        request_id = uuid.uuid4().hex
        structlog.contextvars.bind_contextvars(request=request_id)

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        finally:
            self._note(scope, status, time.perf_counter() - began)
            structlog.contextvars.unbind_contextvars("request")

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = _registered(scope)
        measures.REQUESTS.labels(scope["method"], route, str(status)).observe(seconds)
        if status >= 500 or route not in QUIET:
            told = {"method": scope["method"], "route": route, "status": status}
            log.info("request", **told, ms=round(seconds * 1000, 1), slow=seconds > SLOW_SECONDS)


def _registered(scope: Scope) -> str:
    """The address with its places left open; one word for whatever is not ours."""
    if scope["path"].startswith("/static/"):
        return "/static"
    route = scope.get("route")
    return str(getattr(route, "path", "")) or "unknown"
