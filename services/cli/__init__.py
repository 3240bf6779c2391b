"""The one command, flexday: each subject's commands live in their own module, imported here."""

from __future__ import annotations

import typer

from services.cli import (
    access,
    examining,
    judging,
    keeping,
    records,
    running,
    serving,
    settling,
    solving,
    streaming,
    telling,
)

app = typer.Typer(
    name="flexday",
    help="Plans the flexible school day from evidence of mastery.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


@app.callback()
def flexday() -> None:
    """Plans the flexible school day from evidence of mastery."""


solving.register(app)
judging.register(app)
records.register(app)
running.register(app)
serving.register(app)
settling.register(app)
streaming.register(app)
access.register(app)
examining.register(app)
keeping.register(app)
telling.register(app)


def main() -> None:
    """The console script."""
    app()
