"""Tables for the terminal: what an import did, and whether state and log agree."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from schemas.imports import ImportReport
from services.folding import Comparison


def show(reports: Sequence[ImportReport], as_json: bool) -> None:
    """Prints import reports."""
    if as_json:
        typer.echo(json.dumps([report.model_dump(mode="json") for report in reports], indent=1))
        return
    console = Console()
    for report in reports:
        if report.refused:
            console.print(_refusals(report))
        else:
            console.print(_changes(report))
        _remarks(console, report)


def _changes(report: ImportReport) -> Table:
    table = _table(f"{report.format}: {', '.join(report.files)}")
    for name in ("", "added", "changed", "unchanged", "ended"):
        table.add_column(name, justify="right" if name else "left")
    for kind, changes in report.changes.items():
        table.add_row(kind, *(str(count) for count in changes.model_dump().values()))
    return table


def _refusals(report: ImportReport) -> Table:
    table = _table(f"{report.format}: refused, nothing was taken in ({report.refused_count})")
    for name in ("file", "row", "column", "value", "reason", "mend"):
        table.add_column(name, overflow="fold")
    for refusal in report.refused:
        table.add_row(*(escape("" if v is None else str(v)) for v in dict(refusal).values()))
    return table


def _remarks(console: Console, report: ImportReport) -> None:
    for assumed in report.assumptions:
        console.print(
            f"  assumed {assumed.count} x {escape(assumed.field)}: {escape(assumed.rule)}"
        )
    for notice in report.warnings:
        where = f"{escape(notice.file)}: " if notice.file else ""
        times = f" ({notice.count})" if notice.count > 1 else ""
        console.print(f"  [yellow]note[/] {where}{escape(notice.message)}{times}")


def show_comparisons(compared: Mapping[str, Sequence[Comparison]], as_json: bool) -> None:
    """Prints, per school and table, whether what is held is what the log says."""
    rows = [
        (school, comparison) for school, of_school in compared.items() for comparison in of_school
    ]
    if as_json:
        told: list[dict[str, Any]] = [
            {"school": school, **vars(comparison), "same": comparison.same}
            for school, comparison in rows
        ]
        typer.echo(json.dumps(told, indent=1))
        return
    table = _table("state against log")
    for name in ("school", "table", "rows", "hash", ""):
        table.add_column(name)
    for school, comparison in rows:
        verdict = "[green]same[/]" if comparison.same else "[red]differs[/]"
        table.add_row(
            school, comparison.table, str(comparison.rows), comparison.from_log[:16], verdict
        )
    Console().print(table)


def _table(title: str) -> Table:
    return Table(title=escape(title), title_justify="left", box=None, pad_edge=False)
