"""The real application on a real port, for tests that kill it."""

from __future__ import annotations

import uvicorn

from services.logs import configure
from services.settings import Settings
from services.store import Store
from services.web.app import create_app


def serve(database: str, port: int) -> None:
    """Serves a migrated database."""
    configure("tests", quiet=True)
    app = create_app(Settings(_env_file=None), Store(database))
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error")
