"""The command that looks an installation over."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from services.cli.records import AsJson, Database

MARKS = {"ok": "  ok  ", "warn": " look ", "fail": " FAIL "}


def register(app: typer.Typer) -> None:
    """Adds the command of this module to the one command."""
    app.command()(doctor)


def doctor(
    deep: Annotated[
        bool, typer.Option("--deep", help="also compare all state with the log, and the audit")
    ] = False,
    db: Database = None,
    as_json: AsJson = False,
) -> None:
    """Look the installation over: settings, record, clock, isolation; exit 1 if anything fails."""
    from services.doctor import examine
    from services.settings import settings
    from services.store import Store

    chosen = settings().model_copy(update={"database": db or settings().database})
    store = Store(chosen.database)
    try:
        found = list(examine(chosen, store, deep))
    finally:
        store.close()
    if as_json:
        typer.echo(json.dumps([sign._asdict() for sign in found], indent=1))
    for sign in [] if as_json else found:
        typer.echo(f"[{MARKS[sign.verdict]}] {sign.about}: {sign.told}")
    if any(sign.verdict == "fail" for sign in found):
        raise typer.Exit(1)
