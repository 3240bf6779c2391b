"""Commands on how long records are kept: purging, erasing a student, copies against loss."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NoReturn

import typer

from services.cli.records import Database, open_store
from services.cli.schools import OneSchool, chosen


def register(app: typer.Typer) -> None:
    """Adds the commands of this module to the one command."""
    app.command()(purge)
    app.command()(erase)
    app.command()(backup)


def purge(
    evidence: Annotated[
        int, typer.Option(min=1, help="days after a student's newest on the same competency")
    ] = 730,
    days: Annotated[int, typer.Option(min=1, help="days after the day that something is of")] = 365,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="only count what would go")] = False,
    school: OneSchool = None,
    db: Database = None,
) -> None:
    """Take bodies of events that are past their term; states stay, in a checkpoint."""
    from services.retention import Terms
    from services.retention import purge as purge_school

    with open_store(db) as store:
        for each in chosen(store, school):
            done = purge_school(store, each, Terms(evidence=evidence, days=days), dry_run)
            verb = "would go" if dry_run else "went"
            typer.echo(
                f"{each}: {done.evidence} pieces of evidence and {done.of_days} events of old days "
                f"{verb}; {done.checkpoints} states in the checkpoint; {done.rows} rows dropped"
            )


def erase(
    student: Annotated[str, typer.Argument(help="the student's id on the roster")],
    reason: Annotated[str, typer.Option(help="who asked, and by what right")],
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
    school: OneSchool = None,
    db: Database = None,
) -> None:
    """Erase a student: bodies, roster, wishes and words go; digests and counts stay."""
    from services.retention import erase_student

    with open_store(db) as store:
        schools = chosen(store, school)
        if len(schools) > 1:
            _fail(f"name the school: --school {' or '.join(schools[:5])}", code=2)
        if not yes:
            typer.confirm(f"erase {student} from {schools[0]} for good?", abort=True)
        try:
            done = erase_student(store, schools[0], student, reason)
        except LookupError as error:
            _fail(str(error))
    typer.echo(
        f"erased: {done.events} events, words of {done.audit_entries} audit entries; "
        f"{done.pseudonym} stands in their place. Take them off the rosters you import as well, "
        "and let old backups run out."
    )


def backup(
    to: Annotated[Path, typer.Argument(help="the copy; it must not be there yet")],
    db: Database = None,
) -> None:
    """Copy an SQLite record while it is in use, whole and checked."""
    with open_store(db) as store:
        if to.exists():
            _fail(f"{to} is there already; name another file", code=2)
        try:
            store.copy_to(to)
        except ValueError as error:
            _fail(str(error), code=2)
    typer.echo(
        f"{to} is whole; `flexday rebuild --verify --db sqlite:///{to}` compares it with its log"
    )


def _fail(message: str, code: int = 1) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(code)
