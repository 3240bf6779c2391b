"""Commands on streams: taking events in, topics, stopped partitions, what was passed over."""

from __future__ import annotations

from typing import Annotated

import typer

from services.cli.processes import process, settings_of_process
from services.cli.records import Database, open_store
from services.cli.schools import OneSchool, chosen

Partition = Annotated[str, typer.Argument(help="as TOPIC/NUMBER, such as flexday.evidence.v1/3")]


def register(app: typer.Typer) -> None:
    """Adds the commands of this module to the one command."""
    app.command()(stream)
    app.command()(relay)
    app.command()(topics)
    app.command()(partitions)
    app.command("let-on")(let_on)
    app.command()(quarantine)
    app.command()(reconcile)


def stream(
    counts: Annotated[
        bool, typer.Option("--counts", help="keep each school's live counts instead")
    ] = False,
    db: Database = None,
) -> None:
    """Take events in from Kafka, until told to stop. Run it as often as there is work for."""
    from services.stream import views, worker
    from services.watching import watched

    chosen = settings_of_process(db)
    _need_brokers()
    with process("stream", chosen) as store, watched(chosen, store):
        (views.run if counts else worker.run)(chosen, store)


def relay(db: Database = None) -> None:
    """Send to Kafka what changed, until told to stop; of several, one at a time serves a school."""
    from services.stream import relay as relaying
    from services.watching import watched

    chosen = settings_of_process(db)
    _need_brokers()
    with process("relay", chosen) as store, watched(chosen, store):
        relaying.run(chosen, store)


def topics() -> None:
    """Make the Kafka topics that are missing."""
    import asyncio

    from services.settings import settings
    from services.stream.topics import declare

    _need_brokers()
    made = asyncio.run(declare(settings()))
    typer.echo("\n".join(f"made {name}" for name in made) or "every topic is there")


def partitions(db: Database = None) -> None:
    """List how far each partition was read, which are stopped and why, and what was passed over."""
    from services.stream.intake import NOBODY
    from services.viewer import Viewer

    with open_store(db) as store, store.read(Viewer.machine(NOBODY, "partitions")) as tx:
        for at in tx.positions():
            stopped = f"  stopped {at.stopped_at}: {at.stopped_for}" if at.stopped_at else ""
            typer.echo(f"{at.topic}/{at.partition}  {at.next_offset}{stopped}")
        for gap in tx.gaps():
            offsets = f"{gap.first_offset} to {gap.last_offset}"
            typer.echo(f"{gap.topic}/{gap.partition}  offsets {offsets} were passed over unread")


def let_on(partition: Partition, db: Database = None) -> None:
    """Let a stopped partition be read again."""
    from services.stream.intake import NOBODY
    from services.viewer import Viewer

    topic, _, number = partition.rpartition("/")
    with open_store(db) as store, store.begin(Viewer.machine(NOBODY, "partitions")) as tx:
        if not (topic and number.isdigit() and tx.let_on(topic, int(number))):
            typer.echo(f"{partition} is not stopped; see `flexday partitions`", err=True)
            raise typer.Exit(2)
    typer.echo(f"{partition} is read again within seconds")


def quarantine(
    replay: Annotated[bool, typer.Option("--replay", help="offer all of it again")] = False,
    school: OneSchool = None,
    db: Database = None,
) -> None:
    """List events that could not be read, with how to mend each; or offer them again."""
    from collections import Counter

    from services.handlers import replay_quarantined
    from services.viewer import Viewer

    with open_store(db) as store:
        for each in chosen(store, school):
            viewer = Viewer.machine(each, "quarantine")
            if replay:
                told = Counter(outcome.status for outcome in replay_quarantined(store, viewer))
                became = ", ".join(f"{count} {status}" for status, count in told.items())
                typer.echo(f"{each}: {became or 'nothing is in quarantine'}")
                continue
            with store.read(viewer) as tx:
                for row in tx.quarantined():
                    typer.echo(f"{each}  {row.id[:12]}  {row.reason}; {row.mend}")


def reconcile(
    mend: Annotated[bool, typer.Option("--mend", help="take in what is missing")] = False,
    db: Database = None,
) -> None:
    """Look in the record for every event that Kafka holds and says was read: exit 1 if one lacks.

    To be run each hour: it finds what no alarm told of.
    """
    from services.settings import settings
    from services.stream.reconciling import reconcile as compare

    _need_brokers()
    with open_store(db) as store:
        done = compare(settings(), store, mend)
    for record in done.missing:
        typer.echo(f"{record.topic}/{record.partition} offset {record.offset} was never taken in")
    typer.echo(
        f"{done.compared} compared, {len(done.missing)} missing, {done.mended} taken in now, "
        f"{done.gaps_closed} gaps closed"
    )
    if len(done.missing) > done.mended:
        raise typer.Exit(1)


def _need_brokers() -> None:
    from services.settings import settings

    if not settings().brokers:
        typer.echo("no brokers: set FLEXDAY_BROKERS to HOST:PORT,...", err=True)
        raise typer.Exit(2)
