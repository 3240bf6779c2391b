"""Commands that tell of a day: its rosters and schedules on paper, its figures in a table."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from services.cli.records import AsJson, Database, open_store
from services.cli.schools import OneSchool, chosen

if TYPE_CHECKING:
    from services.insights import DayFigures, NeedCount
    from services.store import PlanRow, Store, Tx

Day = Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="the school day")]

NOTHING_PUBLISHED = 1
"""Exit status where a school has no published plan for the day."""


def register(app: typer.Typer) -> None:
    """Adds the commands of this module to the one command."""
    app.command()(roster)
    app.command("day-report")(day_report)


def roster(
    day: Day,
    school: OneSchool = None,
    out: Annotated[
        Path, typer.Option(file_okay=False, help="the folder that the files go into")
    ] = Path("rosters"),
    db: Database = None,
) -> None:
    """Write a published day to files for the printer: rosters, adults' days, students' days."""
    from services.web.printing import printed

    with open_store(db) as store:
        for tx, row in _published(store, chosen(store, school), day):
            folder = out / tx.viewer.school
            folder.mkdir(parents=True, exist_ok=True)
            for name, page in printed(tx, row):
                path = folder / f"{row.day}-{name}.html"
                path.write_text(page, "utf-8")
                typer.echo(str(path))


def day_report(
    day: Day,
    school: OneSchool = None,
    db: Database = None,
    as_json: AsJson = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="a table for documents")] = False,
) -> None:
    """Count what a published day does: students, needs served, sessions, findings, seconds."""
    from services.insights import day_figures

    with open_store(db) as store:
        schools = chosen(store, school)
        found = [day_figures(tx, row) for tx, row in _published(store, schools, day)]
    if as_json:
        typer.echo(json.dumps([each.model_dump(mode="json") for each in found], indent=1))
    elif as_markdown:
        _print_markdown(found)
    else:
        table = Table(*_COLUMNS, title=f"{day:%Y-%m-%d}")
        for each in found:
            table.add_row(*_cells(each))
        Console(width=None if Console().is_terminal else 200).print(table)


def _published(store: Store, schools: list[str], day: datetime) -> Iterator[tuple[Tx, PlanRow]]:
    """The published plan of the day in each school, to be read while it is held.

    Raises: typer.Exit, after the others are told, where a school has none.
    """
    from services.viewer import Viewer

    lacking = []
    for school in schools:
        with store.read(Viewer.machine(school, "report")) as tx:
            row = tx.published(day.date())
            if row is None:
                lacking.append(school)
            else:
                yield tx, row
    for school in lacking:
        typer.echo(f"{school}: nothing is published for {day:%Y-%m-%d}", err=True)
    if lacking:
        raise typer.Exit(NOTHING_PUBLISHED)


_COLUMNS = (
    "school", "students", "flex blocks", "needs (evidenced + assumed)", "sessions", "placements",
    "unplaced", "needs served (evidenced + assumed)", "hard findings", "seconds",
)  # fmt: skip


def _cells(figures: DayFigures) -> tuple[str, ...]:
    reasons = ", ".join(f"{count} {reason}" for reason, count in figures.unplaced.items())
    seconds = "" if figures.seconds is None else f"{figures.seconds:.0f}"
    return (
        figures.title,
        f"{figures.students:,}",
        str(figures.blocks),
        _needs(figures.needs),
        f"{figures.sessions:,}",
        f"{figures.placements:,}",
        reasons or "0",
        _needs(figures.served),
        str(figures.hard),
        seconds,
    )


def _needs(needs: NeedCount) -> str:
    return f"{needs.all:,} ({needs.evidenced:,} + {needs.assumed:,})"


def _print_markdown(found: list[DayFigures]) -> None:
    typer.echo(f"| {' | '.join(_COLUMNS)} |")
    typer.echo(f"|---|{'---:|' * (len(_COLUMNS) - 1)}")
    for each in found:
        typer.echo(f"| {' | '.join(_cells(each))} |")
