"""What a long-lived process begins with: logs, settings that make sense, a record fit to serve."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import typer

from services.cli.records import open_store

if TYPE_CHECKING:
    from services.settings import Settings
    from services.store import Store


@contextmanager
def process(name: str, chosen: Settings) -> Iterator[Store]:
    """The record, for a process of a name, which is watched where the settings say so; or else an
    end with a sentence and a status that say what is wrong."""
    from services.logs import configure
    from services.settings import Unfit

    configure(name)
    if found := list(chosen.faults(signs_in=name == "serve")):
        _refuse("; ".join(found))
    with open_store(chosen.database) as store:
        try:
            yield store
        except Unfit as error:
            _refuse(str(error))


def settings_of_process(db: str | None) -> Settings:
    """The settings of this process; --db outranks them. A misspelt name is told, not passed by."""
    from services.settings import settings, unknown_names

    if unknown := unknown_names(os.environ):
        _refuse(f"no such setting: {', '.join(unknown)}; docs/operations.md has those there are")
    return settings().model_copy(update={"database": db or settings().database})


def _refuse(why: str) -> NoReturn:
    typer.echo(why, err=True)
    raise typer.Exit(2)
