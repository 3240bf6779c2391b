"""Commands on files alone: example problems, solving, judging, the rules, the schemas."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated

import typer


class Word(StrEnum):
    """What `flexday schema` can describe."""

    problem = "problem"
    plan = "plan"
    event = "event"


def register(app: typer.Typer) -> None:
    app.command()(schema)


def schema(word: Annotated[Word, typer.Argument(help="problem, plan or event")]) -> None:
    """Print the JSON Schema of a problem, a plan or an event."""
    from schemas import events, plan, problem

    described = {
        Word.problem: problem.Problem.model_json_schema,
        Word.plan: plan.Plan.model_json_schema,
        Word.event: events.json_schema,
    }[word]()
    typer.echo(json.dumps(described, indent=2))
