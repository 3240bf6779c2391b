"""Reads the files that commands are given, or says what is wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import typer
from pydantic import ValidationError

from schemas.base import Model, loads

UNREADABLE = 2
"""Exit status for a file that is missing or is not what it should be."""


def read(model: type[Model], path: Path) -> Model:
    """A problem or plan from its file; ends the command with a message where it is neither."""
    try:
        return loads(model, path.read_bytes())
    except OSError as error:
        refuse(f"{path}: {error.strerror}; name a file that can be read")
    except ValidationError as error:
        faults = [
            f"{'.'.join(str(part) for part in fault['loc']) or 'file'}: {fault['msg']}"
            for fault in error.errors(include_url=False, include_context=False)
        ]
        more = [f"and {len(faults) - 10} more"] if len(faults) > 10 else []
        refuse(f"{path}: is no {model.__name__.lower()}:\n  " + "\n  ".join(faults[:10] + more))


def refuse(message: str) -> NoReturn:
    """Ends the command with a message and the status for unreadable files."""
    typer.echo(message, err=True)
    raise typer.Exit(UNREADABLE)
