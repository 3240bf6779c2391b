"""Commands on a school's records: importing, replaying events, rebuilding."""

from __future__ import annotations

import typer


def register(app: typer.Typer) -> None:
    """Adds the commands of this module to the one command."""
