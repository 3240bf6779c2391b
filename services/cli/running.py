"""Commands that run flexday: serving the pages, planning days, what-ifs, the demo."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from services.cli.records import AsJson, Database, open_store
from services.cli.schools import OneSchool, chosen

Day = Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="the school day")]
Seconds = Annotated[
    float | None, typer.Option("--time", min=0, help="seconds of search; else as the school set")
]


def register(app: typer.Typer) -> None:
    """Adds the commands of this module to the one command."""
    app.command()(plan)
    app.command("day")(show)
    app.command()(whatif)


def plan(
    day: Day,
    school: OneSchool = None,
    db: Database = None,
    time: Seconds = None,
    approve_as: Annotated[
        str | None, typer.Option(help="approve and publish it under this person's name")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Plan a day from the record: a draft, or with --approve-as a published day."""
    from services.cli.days import answer, figures, show_figures
    from services.viewer import Viewer
    from services.workflow import approve

    with open_store(db) as store, _refusals_told():
        for each in chosen(store, school):
            viewer = Viewer.staff(each, "admin", approve_as or "flexday", "planning")
            with store.begin(viewer) as tx:
                run = tx.queue_run(day.date(), "person", viewer.person, time_limit=time)
            done = answer(store, run, viewer)
            if done.status != "done":
                _fail(f"{each}, {day:%Y-%m-%d}: the run {done.status}: {done.error or ''}")
            with store.read(viewer) as tx:
                draft = next(row for row in tx.plans(day.date()) if row.run == run)
            if approve_as:
                draft = approve(store, viewer, draft.id, draft.etag)
            found = figures(store, viewer, draft)
            if as_json:
                typer.echo(found.model_dump_json())
            else:
                show_figures(found)


def show(day: Day, school: OneSchool = None, db: Database = None) -> None:
    """List the plans and runs of a day."""
    from services.cli.days import show_day
    from services.viewer import Viewer

    with open_store(db) as store:
        for each in chosen(store, school):
            show_day(store, Viewer.staff(each, "admin", "flexday", "planning"), day.date())


def whatif(
    file: Annotated[Path, typer.Argument(help="YAML: day, and what is changed on it")],
    school: OneSchool = None,
    db: Database = None,
    time: Seconds = None,
    as_json: AsJson = False,
) -> None:
    """Solve a day with changes laid over it, and compare it with the live plan, which stays."""
    from services.cli.days import answer, show_comparison
    from services.scenarios import ChangesRefused, comparison, read_yaml, start
    from services.viewer import Viewer

    try:
        changes = read_yaml(file.read_text("utf-8"))
    except (ChangesRefused, OSError, UnicodeDecodeError) as error:
        _fail(f"{file}: {error}", code=2)
    if changes.day is None:
        _fail(f"{file}: day: is missing; write `day: {date.today()}`", code=2)
    with open_store(db) as store, _refusals_told():
        for each in chosen(store, school):
            viewer = Viewer.staff(each, "admin", "flexday", "what-if")
            scenario = start(store, viewer, changes.day, changes, time_limit=time)
            with store.read(viewer) as tx:
                run = tx.scenario(scenario).run
            done = answer(store, run or "", viewer)
            if done.status != "done":
                _fail(f"{each}: the run {done.status}: {done.error or ''}")
            found = comparison(store, viewer, scenario)
            if found is not None and as_json:
                typer.echo(found.model_dump_json(indent=1))
            elif found is not None:
                show_comparison(found)


@contextmanager
def _refusals_told() -> Iterator[None]:
    from services.workflow import Refused

    try:
        yield
    except Refused as refused:
        _fail(str(refused))


def _fail(message: str, code: int = 1) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(code)
