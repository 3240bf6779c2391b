"""The command that shows and saves a school's own settings."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from services.cli.records import Database, open_store
from services.cli.schools import OneSchool, chosen


def register(app: typer.Typer) -> None:
    """Adds the command of this module to the one command."""
    app.command()(settings)


def settings(
    file: Annotated[
        Path | None, typer.Argument(help="TOML with [day] and [mastery]; without it, show")
    ] = None,
    school: OneSchool = None,
    db: Database = None,
) -> None:
    """Save a school's settings from a file, table by table, or show them as JSON."""
    from services.day_settings import SettingsRefused
    from services.school_settings import read_tables, save
    from services.viewer import Viewer

    try:
        tables = read_tables(file.read_text("utf-8")) if file else {}
    except (SettingsRefused, OSError, UnicodeDecodeError) as error:
        typer.echo(f"{file}: {error}", err=True)
        raise typer.Exit(2) from error
    with open_store(db) as store:
        shown = {}
        for each in chosen(store, school):
            viewer = Viewer.machine(each, "settings")
            if tables:
                changed = save(store, viewer, tables)
                typer.echo(
                    f"{each}: saved {', '.join(tables)}; {changed} states of mastery changed"
                )
            with store.read(viewer) as tx:
                shown[each] = tx.settings()
        if not tables:
            typer.echo(json.dumps(shown, indent=1))
