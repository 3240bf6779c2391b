"""The commands that serve the pages: a school's own record, or the invented school."""

from __future__ import annotations

import shutil
import tempfile
import time
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from services.cli.processes import process, settings_of_process
from services.cli.records import Database, open_store

Host = Annotated[str, typer.Option(help="address to listen on")]
Port = Annotated[int, typer.Option(min=1, max=65535, help="port to listen on")]
DEMO_FILE = "demo.sqlite"


def register(app: typer.Typer) -> None:
    """Adds the commands of this module to the one command."""
    app.command()(serve)
    app.command()(planner)
    app.command()(demo)


def serve(
    db: Database = None,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    role_picker: Annotated[
        bool, typer.Option(help="let whoever reaches the pages be anybody: for trials only")
    ] = False,
    planning: Annotated[
        bool | None, typer.Option(help="plan in this process too; else only on SQLite")
    ] = None,
) -> None:
    """Serve the pages; on SQLite, or with --planning, plan the days in the same process."""
    from services.serving import serve as serve_pages

    chosen = settings_of_process(db)
    chosen = chosen.model_copy(update={"role_picker": role_picker or chosen.role_picker})
    plans = not chosen.serves_several if planning is None else planning
    with process("serve", chosen) as store:
        serve_pages(
            chosen, store, host, port, lambda address: typer.echo(f"at {address}"), plans=plans
        )


def planner(db: Database = None) -> None:
    """Plan the days of every school, until told to stop. Run as many as there is work for."""
    from services.serving import plan

    chosen = settings_of_process(db)
    with process("planner", chosen) as store:
        plan(chosen, store)


def demo(
    port: Port = 8000,
    folder: Annotated[
        Path | None, typer.Option(help="where to keep the invented school; else it goes at the end")
    ] = None,
) -> None:
    """Open an invented school: its past, tomorrow's plan, and pages to try it all out."""
    place = folder or Path(tempfile.mkdtemp(prefix="flexday-demo-"))
    place.mkdir(parents=True, exist_ok=True)
    try:
        _open_and_serve(place / DEMO_FILE, port)
    finally:
        if folder is None:
            shutil.rmtree(place, ignore_errors=True)


def _open_and_serve(file: Path, port: int) -> None:
    from services.access import make_key
    from services.demo.opening import NotPlanned, open_school
    from services.demo.school import SCHOOL, ZONE
    from services.logs import configure
    from services.planner import Planner
    from services.serving import serve as serve_pages
    from services.settings import Settings
    from services.viewer import ANY_SOURCE, Viewer

    configure("demo", quiet=True)
    began, is_new = time.monotonic(), not file.exists()
    with open_store(f"sqlite:///{file}") as store:
        if is_new:
            try:
                open_school(store, _today(ZONE), Planner(store), typer.echo)
            except NotPlanned as error:
                typer.echo(f"the invented school could not be opened: {error}", err=True)
                raise typer.Exit(1) from error

        with store.begin(Viewer.machine(SCHOOL, "demo")) as tx:
            key = make_key(tx, "demo", ANY_SOURCE, (), office=True, lasts=timedelta(days=1))

        def tell(address: str) -> None:
            typer.echo(f"\nLarkfield School is open after {time.monotonic() - began:.0f} s:")
            typer.echo(f"  pages       {address}")
            typer.echo(f"  send events {address}api/events  (Authorization: Bearer {key})")
            typer.echo("Stop with Ctrl-C.")

        settings = Settings(role_picker=True)
        serve_pages(settings, store, "127.0.0.1", port, tell)


def _today(zone: str) -> date:
    return datetime.now(ZoneInfo(zone)).date()
