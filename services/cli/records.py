"""Commands on a school's records: importing, replaying events, rebuilding."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from services.importing import Format, Source
    from services.store import Store

Database = Annotated[
    str | None, typer.Option("--db", help="address of the database; default FLEXDAY_DATABASE")
]
AsJson = Annotated[bool, typer.Option("--json", help="print JSON instead of tables")]


def register(app: typer.Typer) -> None:
    """Adds the commands of this module to the one command."""
    app.command("import")(import_paths)
    app.command()(replay)
    app.command()(rebuild)
    app.command()(migrate)


@contextmanager
def open_store(address: str | None) -> Iterator[Store]:
    """The record at an address, or where the settings say, fit to be served; closed at the end."""
    with _store_at(address) as store:
        store.make_ready()
        yield store


@contextmanager
def _store_at(address: str | None) -> Iterator[Store]:
    from services.settings import settings
    from services.store import Store, StoreError

    store = Store(address or settings().database)
    try:
        yield store
    except StoreError as error:
        raise _fail(str(error)) from error
    finally:
        store.close()


def import_paths(
    paths: Annotated[list[Path], typer.Argument(help="files, folders or zips")],
    format: Annotated[
        str | None, typer.Option(help="case, framework, oneroster, edfi or csv; else by the files")
    ] = None,
    school: Annotated[
        list[str] | None, typer.Option(help="take in only these schools (repeat for several)")
    ] = None,
    zone: Annotated[str, typer.Option(help="time zone of schools that are new")] = "UTC",
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="the day whose classes count")
    ] = None,
    seed: Annotated[int, typer.Option(help="for rules that fill what the files leave open")] = 0,
    fill: Annotated[
        bool, typer.Option(help="add by labelled rules what a flexible day needs")
    ] = False,
    db: Database = None,
    as_json: AsJson = False,
) -> None:
    """Take rosters, competencies and results into the record, all or nothing."""
    from services.adapters.report import ImportRefused
    from services.cli import reports
    from services.importing import Terms, import_files
    from services.settings import settings
    from services.viewer import Viewer

    named = tuple(school or filter(None, [settings().school]))
    terms = Terms(zone, day.date() if day else None, seed, named, fill)
    try:
        sources = [_source(path, format) for path in paths]
        with open_store(db) as store:
            viewer = Viewer.machine(named[0] if named else "", "import")
            done = import_files(store, viewer, sources, terms)
    except ImportRefused as refused:
        reports.show([refused.report], as_json)
        raise typer.Exit(1) from refused
    reports.show(done, as_json)


def _source(path: Path, format: str | None) -> Source:
    from services.adapters.archive import open_path
    from services.adapters.report import Ledger
    from services.importing import FORMATS, Source, detect

    known: Format | None = next((each for each in FORMATS if each == format), None)
    if format is not None and known is None:
        raise typer.BadParameter(f"give one of {', '.join(FORMATS)}", param_hint="--format")
    found = known or detect(open_path(path, Ledger("import")).names(""))
    if found is None:
        raise _fail(f"{path}: cannot tell its format; name it with --format")
    return Source(found, lambda ledger: open_path(path, ledger))


def replay(
    recording: Annotated[Path, typer.Argument(help="CSV or TSV of recorded answers")],
    mapping: Annotated[Path, typer.Option(help="what its columns mean (TOML or YAML)")],
    speed: Annotated[
        float, typer.Option(min=0, help="recorded seconds per second; 0: as fast as it goes")
    ] = 0,
    school: Annotated[str | None, typer.Option(help="the school, with --db")] = None,
    url: Annotated[str | None, typer.Option(help="a running server, in place of --db")] = None,
    key: Annotated[
        str, typer.Option(envvar="FLEXDAY_KEY", help="the key that the server knows")
    ] = "",
    db: Database = None,
) -> None:
    """Send recorded answers as events; stop and start again as you like, nothing counts twice."""
    from services.cli import replaying

    with replaying.target(url, key, db, school) as target:
        replaying.run(recording, mapping, speed, target)


def rebuild(
    verify: Annotated[
        bool, typer.Option("--verify", help="only compare: exit 1 if state and log differ")
    ] = False,
    school: Annotated[str | None, typer.Option(help="this school only; else all")] = None,
    db: Database = None,
    as_json: AsJson = False,
) -> None:
    """Fold the state again from the log, or prove that it is what the log says."""
    from services import folding
    from services.cli import reports

    with open_store(db) as store:
        schools = [school] if school else store.schools()
        if not verify:
            for each in schools:
                folding.rebuild(store, each)
        compared = {each: folding.verify(store, each) for each in schools}
    reports.show_comparisons(compared, as_json)
    if not all(comparison.same for table in compared.values() for comparison in table):
        raise typer.Exit(1)


def migrate(
    db: Database = None,
    serve_as: Annotated[
        str, typer.Option(envvar="FLEXDAY_SERVING_ROLE", help="the PostgreSQL role to let serve")
    ] = "",
    password: Annotated[
        str,
        typer.Option(
            envvar="FLEXDAY_SERVING_PASSWORD", help="makes that role; better from the environment"
        ),
    ] = "",
) -> None:
    """Bring the database's tables up to what this version needs."""
    with _store_at(db) as store:
        store.migrate()
        if serve_as:
            store.let_serve(serve_as, password)
            typer.echo(f"{serve_as} may serve it")
        typer.echo(f"{store.shown_address} is up to date")


def _fail(reason: str) -> typer.Exit:
    typer.echo(reason, err=True)
    return typer.Exit(1)
