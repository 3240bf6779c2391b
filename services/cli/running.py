"""Commands that run flexday: serving the pages, planning days, what-ifs, the demo."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Adds the commands of this module to the one command."""
