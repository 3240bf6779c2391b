"""The work of `flexday replay`: where to, with a bar to watch and a tally at the end."""

from __future__ import annotations

import json
import urllib.request
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from services.handlers import Outcome
from services.replay import BadRow, MappingRefused, read_mapping, read_recording
from services.replay.sending import Refused, Sink, into_store, send, tally, to_server
from services.store import Unavailable
from services.viewer import Viewer

BAD_ROWS_TOLD = 10


@dataclass(frozen=True)
class Target:
    """Where events go, and the ids there that recorded people and skills can stand for."""

    sink: Sink
    students: Sequence[str]
    competencies: Sequence[str]


@contextmanager
def target(url: str | None, key: str, db: str | None, school: str | None) -> Iterator[Target]:
    """A running server, or a school in a database."""
    if url:
        yield Target(
            to_server(url, key), _ids_at(url, key, "students"), _ids_at(url, key, "competencies")
        )
        return
    from services.cli.records import open_store

    with open_store(db) as store:
        known = store.schools()
        chosen = school or (known[0] if len(known) == 1 else None)
        if chosen not in known:
            raise _fail(f"name one of the schools with --school: {', '.join(known) or 'none yet'}")
        viewer = Viewer.machine(chosen, "replay")
        with store.read(viewer) as tx:
            students, competencies = tx.ids("students"), tx.ids("competencies")
        yield Target(into_store(store, viewer), students, competencies)


def run(recording: Path, mapping_file: Path, speed: float, to: Target) -> None:
    """Sends a recording and prints what became of it."""
    bad: list[BadRow] = []
    ends: Counter[str] = Counter()
    examples: dict[str, Outcome] = {}
    try:
        recorded = read_recording(
            recording,
            read_mapping(mapping_file),
            students=to.students,
            competencies=to.competencies,
            refused=bad.append,
        )
        with _bar() as bar:
            task = bar.add_task(recording.name, total=_rows(recording), ends="")
            for outcomes in send(recorded, to.sink, speed):
                ends += tally(outcomes)
                examples |= {each.status: each for each in outcomes if each.reason}
                bar.update(task, completed=ends.total() + len(bad), ends=_said(ends))
    except (MappingRefused, Refused, Unavailable, OSError) as error:
        raise _fail(str(error)) from error
    typer.echo(_said(ends) or "nothing was sent")
    for status, outcome in sorted(examples.items()):
        typer.echo(f"{status}, for example: {outcome.reason}; {outcome.mend}", err=True)
    for row in bad[:BAD_ROWS_TOLD]:
        typer.echo(f"row {row.row}: {row.reason}", err=True)
    if len(bad) > BAD_ROWS_TOLD:
        typer.echo(f"and {len(bad) - BAD_ROWS_TOLD} more rows without an event", err=True)


def _said(ends: Counter[str]) -> str:
    return ", ".join(f"{count} {end}" for end, count in sorted(ends.items()))


def _rows(recording: Path) -> int:
    with recording.open("rb") as stream:
        return max(0, sum(1 for _ in stream) - 1)


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[ends]}"),
        console=Console(stderr=True),
    )


def _ids_at(url: str, key: str, kind: str) -> list[str]:
    request = urllib.request.Request(
        f"{url.rstrip('/')}/api/roster/{kind}/ids", headers={"Authorization": f"Bearer {key}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            ids: list[str] = json.load(answer)
    except (OSError, ValueError) as error:
        raise _fail(f"{url} does not answer as it should: {error}") from error
    return ids


def _fail(reason: str) -> typer.Exit:
    typer.echo(reason, err=True)
    return typer.Exit(1)
