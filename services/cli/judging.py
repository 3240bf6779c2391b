"""Commands that judge: the catalogue of rules, and any plan by them, without loading an engine."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from schemas.base import digest
from schemas.plan import Finding, Plan
from schemas.problem import Problem
from services.cli import leaving
from services.cli.files import read, refuse
from solver.facts import Facts
from solver.layout import Layout
from solver.openings import Openings
from solver.rules import RULES, Rule
from solver.score import Score, judge, refuse_overflow


def register(app: typer.Typer) -> None:
    """Adds the commands of this module to the one command."""
    app.command()(rules)
    app.command()(check)


def rules(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON list.")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="A table for documents.")] = False,
) -> None:
    """List every rule: what it promises, its amount, and its override or default weight."""
    if as_json:
        typer.echo(json.dumps([_described(rule) for rule in RULES.values()], indent=2))
    elif as_markdown:
        typer.echo(rules_markdown(), nl=False)
    else:
        _print_rules()


def rules_markdown() -> str:
    """The catalogue as a Markdown table, one row per rule."""
    rows = ["| rule | promise | amount | override or weight |", "|---|---|---|---|"]
    rows += [
        f"| {rule.id} | {rule.sentence} | {rule.amount} | {_price(rule)} |"
        for rule in RULES.values()
    ]
    return "\n".join(rows) + "\n"


def _price(rule: Rule) -> str:
    if rule.kind == "soft":
        return f"weight {rule.weight:,}"
    if rule.never_causes:
        return f"{rule.override} (never: {', '.join(rule.never_causes)})"
    return rule.override


def _described(rule: Rule) -> dict[str, object]:
    return {
        "id": rule.id,
        "kind": rule.kind,
        "promise": rule.sentence,
        "amount": rule.amount,
        "override": rule.override or None,
        "never_causes": rule.never_causes,
        "weight": rule.weight,
        "most_weight": rule.most_weight if rule.kind == "soft" else 0,
        "audience": rule.audience,
    }


def _print_rules() -> None:
    table = Table("rule", "promise", "amount", "override or weight")
    for rule in RULES.values():
        table.add_row(rule.id, rule.sentence, rule.amount, _price(rule))
    Console().print(table)


def check(
    problem: Annotated[Path, typer.Argument(help="A problem file.")],
    plan: Annotated[Path, typer.Argument(help="A plan file, ours or anybody's.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Judge a plan by every rule. Exits 1 on a hard finding that no override covers, 2 on a file
    that cannot be read."""
    question, answer = read(Problem, problem), read(Plan, plan)
    facts = Facts(question)
    try:
        refuse_overflow(facts)
        judged = judge(Layout(facts, answer.sessions, answer.placements, answer.unplaced))
    except ValueError as error:
        refuse(f"{plan}: does not fit {problem}: {error}")
    if answer.problem != digest(question):
        typer.echo(
            f"{plan}: was made for another problem than {problem}; judged all the same", err=True
        )
    if answer.cost != judged.cost:
        typer.echo(f"{plan}: says cost {answer.cost:,}, is {judged.cost:,}", err=True)
    openings = Openings.of(facts)
    least, said = leaving.least(openings, answer), answer.least_unplaced
    if said is not None and least is None:
        typer.echo(
            f"{plan}: says that {said.amount:,} student-blocks must be left over; its proof does "
            "not hold",
            err=True,
        )
    if as_json:
        left = {"unplaced": len(answer.unplaced), "least_unplaced": least}
        typer.echo(json.dumps(_verdict(judged, facts) | left, indent=2))
    else:
        _print_verdict(judged, facts)
        told = leaving.told(openings, answer)
        if told is not None:
            typer.echo(told)
    raise typer.Exit(1 if judged.blocking else 0)


def _verdict(judged: Score, facts: Facts) -> dict[str, object]:
    return {
        "lawful": not judged.blocking,
        "cost": judged.cost,
        "hard": sum(finding.kind == "hard" for finding in judged.findings),
        "covered": sum(finding.covered_by is not None for finding in judged.findings),
        "findings": [finding.model_dump(mode="json") for finding in judged.findings],
        "released_locks": facts.released_locks,
    }


def _print_verdict(judged: Score, facts: Facts) -> None:
    console = Console(width=None if sys.stdout.isatty() else 160)
    hard = [finding for finding in judged.findings if finding.kind == "hard"]
    if hard:
        table = Table("hard finding", "amount", "cause", "where", "covered by")
        for finding in hard:
            where = ", ".join(f"{kind} {name}" for kind, name in finding.subjects.items())
            covered = finding.covered_by or ""
            cells = (finding.rule, str(finding.amount), finding.cause, where, covered)
            table.add_row(*(Text(cell) for cell in cells))
        console.print(table)
    soft = [finding for finding in judged.findings if finding.kind == "soft"]
    if soft:
        console.print(_soft_table(soft))
    for lock, cause in facts.released_locks.items():
        console.print(f"lock {lock} is released: {cause}", markup=False)
    verdict = f"{len(judged.blocking)} blocking" if judged.blocking else "none blocking"
    console.print(f"{len(hard)} hard findings, {verdict}; cost {judged.cost:,}", markup=False)


def _soft_table(findings: list[Finding]) -> Table:
    table = Table("soft rule", "findings", "amount")
    for rule in RULES.values():
        amounts = [finding.amount for finding in findings if finding.rule == rule.id]
        if amounts:
            table.add_row(rule.id, str(len(amounts)), f"{sum(amounts):,}")
    return table
