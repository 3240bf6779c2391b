"""Which schools a command acts on: the named one, the installation's own, or all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from services.store import Store

OneSchool = Annotated[
    str | None, typer.Option("--school", help="this school only; else FLEXDAY_SCHOOL, or all")
]


def chosen(store: Store, named: str | None) -> list[str]:
    """Raises: typer.Exit (2) where the named school is not known, or none is."""
    from services.settings import settings

    wanted, known = named or settings().school, store.schools()
    if not known or (wanted is not None and wanted not in known):
        lacking = f"school {wanted} is not known" if known else "no school is known"
        has = f"; known are {', '.join(known)}" if known else "; import a roster first"
        typer.echo(lacking + has, err=True)
        raise typer.Exit(2)
    return [wanted] if wanted else known
