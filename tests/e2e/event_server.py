"""The real application on a real port, for tests that kill it."""

from __future__ import annotations

import uvicorn

from services.canonical import sha256
from services.settings import Settings
from services.store import Store
from services.web.app import create_app


def serve(database: str, port: int, key: str, school: str) -> None:
    """Serves a migrated database; `key` lets its bearer send events to `school`."""
    settings = Settings(_env_file=None, api_keys={sha256(key): school})
    app = create_app(settings, Store(database))
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error")
