"""The real application on a real port, for tests that kill it: python -m tests.e2e.event_server
DATABASE PORT KEY SCHOOL."""

from __future__ import annotations

import sys

import uvicorn

from services.canonical import sha256
from services.settings import Settings
from services.store import Store
from services.web import api
from services.web.app import create_app


def main(database: str, port: str, key: str, school: str) -> None:
    store = Store(database)
    app = create_app(Settings(_env_file=None, api_keys={sha256(key): school}), store)
    if not any(getattr(route, "path", "") == "/api/events" for route in app.routes):
        app.include_router(api.router)
    uvicorn.run(app, host="127.0.0.1", port=int(port), log_level="error")


if __name__ == "__main__":
    main(*sys.argv[1:])
