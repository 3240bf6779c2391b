"""What every answer carries and no request may exceed: headers, body limits."""

from __future__ import annotations

from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
PUBLIC = "/static/"
"""Where nothing personal is, so that browsers may keep it."""


class SecureHeaders:
    """Adds the security headers to every answer, and forbids keeping anything but static files."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if scope["scheme"] == "https":
                    headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
                keeps = "max-age=3600" if scope["path"].startswith(PUBLIC) else "no-store"
                headers.setdefault("Cache-Control", keeps)
            await send(message)

        await self.app(scope, receive, send_with_headers)


class TooLarge(Exception):
    """A body is longer than its address takes."""


class BodyLimit:
    """Refuses bodies longer than `limit_of(path)` bytes: at once where the length is declared,
    else as soon as more has come in, whatever the application makes of the broken body."""

    def __init__(self, app: ASGIApp, limit_of: Callable[[str], int]) -> None:
        self.app = app
        self.limit_of = limit_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self.limit_of(scope["path"])
        if _declared(scope) > limit:
            await _refuse(send, limit)
            return
        taken, started = 0, False

        async def receive_within() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > limit:
                raise TooLarge
            return message

        async def send_unless_over(message: Message) -> None:
            nonlocal started
            if taken <= limit or started:
                started = True
                await send(message)

        try:
            await self.app(scope, receive_within, send_unless_over)
        except TooLarge:
            if started:
                raise
        if taken > limit and not started:
            await _refuse(send, limit)


def _declared(scope: Scope) -> int:
    """The declared length of the body in bytes; 0 where none, or nonsense, is declared."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


async def _refuse(send: Send, limit: int) -> None:
    body = (
        f'{{"status":413,"title":"Too large","detail":"the body is above {limit} bytes",'
        f'"mend":"send it in smaller parts"}}'
    ).encode()
    headers = [(b"content-type", b"application/problem+json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
