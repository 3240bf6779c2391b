"""Commands on files alone: example problems, solving, judging, the rules, the schemas."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Word(StrEnum):
    """What `flexday schema` can describe."""

    problem = "problem"
    plan = "plan"
    event = "event"


class Shape(StrEnum):
    """The families of school that `flexday example` invents."""

    lab = "lab"
    win = "win"
    flex6 = "flex6"
    mods = "mods"
    xl = "xl"


def register(app: typer.Typer) -> None:
    app.command()(schema)
    app.command()(example)
    app.command()(solve)


def schema(
    word: Annotated[Word, typer.Argument(help="problem, plan or event")],
    type: Annotated[
        str | None, typer.Option(help="one type of event, such as evidence.recorded")
    ] = None,
) -> None:
    """Print the JSON Schema of a problem, a plan or an event."""
    from schemas import events, plan, problem

    try:
        described = {
            Word.problem: problem.Problem.model_json_schema,
            Word.plan: plan.Plan.model_json_schema,
            Word.event: lambda: events.json_schema(type),
        }[word]()
    except KeyError as error:
        named = ", ".join(name.removeprefix(events.PREFIX) for name in events.TYPES)
        raise typer.BadParameter(f"there is no {type}; there are {named}") from error
    typer.echo(json.dumps(described, indent=2))


def example(
    family: Annotated[Shape, typer.Argument(help="the shape of the school day")],
    out: Annotated[Path, typer.Option(help="the file to write the problem to")],
    students: Annotated[
        int | None, typer.Option(help="how many; the family's own number when not given")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="another seed, another school")] = 0,
    tight: Annotated[
        float, typer.Option(min=0, max=1, help="0 loose, 0.5 as real schools, 1 full")
    ] = 0.5,
    overfull: Annotated[
        bool, typer.Option("--overfull", help="too few seats: some students must go unplaced")
    ] = False,
) -> None:
    """Write a day of an invented school as a problem file."""
    from schemas.base import dumps
    from services import examples

    try:
        problem = examples.example(family.value, students, seed, tight, overfull)
        out.write_text(dumps(problem), encoding="utf-8", newline="\n")
    except (ValueError, OSError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error


def solve(
    problem: Annotated[Path, typer.Argument(help="a problem file")],
    out: Annotated[Path, typer.Option(help="the file to write the plan to")],
    seconds: Annotated[
        float | None, typer.Option("--time", min=0, help="seconds to stop after; 60 if no --work")
    ] = None,
    work: Annotated[
        float | None,
        typer.Option(min=0, help="units to stop after, each about a second of one core"),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="another seed, another search")] = 0,
    workers: Annotated[int, typer.Option(min=1, max=64, help="processes to search with")] = 1,
) -> None:
    """Plan a day. With --work alone, the same problem, seed and work give the same plan file, to
    the byte, with any number of workers. Exits 3 where locks contradict one another: the file then
    names the smallest set of them."""
    from services.cli.finding import find

    find(problem, out, seconds, work, seed, workers)
