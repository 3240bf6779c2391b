"""What `flexday plan`, `day` and `whatif` do: runs asked for and answered at once, and tables of
what came of them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table

from services.planner import Planner
from services.solving import Bounds, Follow, solve_in_child
from services.store import PlanRow, RunRow, Store
from services.viewer import Viewer
from services.workflow import Review, review

if TYPE_CHECKING:
    from schemas.plan import Contradiction, Plan
    from services.child import Job
    from services.scenarios import Comparison

LISTED = 8
"""Entries shown of a list; the pages show all."""


def answer(store: Store, run: str, viewer: Viewer) -> RunRow:
    """Answers queued runs of the viewer's school until `run` is decided, showing progress."""
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), console=Console(stderr=True)
    ) as shown:
        task = shown.add_task("reading the school's records")

        def solver(job: Job, bounds: Bounds, follow: Follow) -> Plan | Contradiction:
            def told(progress: dict[str, object]) -> bool:
                if progress:
                    shown.update(task, description=_line(progress))
                return follow(progress)

            return solve_in_child(job, bounds, told)

        planner = Planner(store, solver=solver)
        while True:
            with store.read(viewer) as tx:
                row = tx.run(run)
            if row.status in ("done", "failed", "cancelled"):
                return row
            planner.step_in(viewer.school)


def _line(progress: dict[str, object]) -> str:
    figures = {"cost": progress.get("cost"), "bound": progress.get("bound")}
    gap = progress.get("gap")
    figures["gap"] = f"{gap:.2%}" if isinstance(gap, float) else None
    return "solving: " + ", ".join(f"{name} {value}" for name, value in figures.items() if value)


def show_review(store: Store, viewer: Viewer, row: PlanRow) -> None:
    """Prints what a scheduler would see first."""
    told, console = review(store, viewer, row.id), Console()
    verdict = told.verdict
    word = "safe to approve" if verdict.safe else "NOT safe to approve"
    console.print(f"[bold]{told.day} ({told.status}): {word}[/bold]")
    table = Table(show_header=False)
    for name, figure in _figures(told).items():
        table.add_row(name, str(figure))
    console.print(table)
    for one in told.exceptions:
        if one.kind == "hard":
            console.print(f"hard: {one.rule} x {one.amount} ({one.blocking} blocking)")
    console.print(f"plan {told.plan}")


def _figures(told: Review) -> dict[str, object]:
    sessions = {card.session for row in told.board for cell in row.cells for card in cell}
    verdict = told.verdict
    return {
        "students present": verdict.present,
        "sessions": len(sessions),
        "student-blocks unplaced": verdict.unplaced,
        "unsupervised": verdict.unsupervised,
        "over cap": verdict.over_cap,
        "services at risk": verdict.services_at_risk,
        "events since": verdict.since,
        "people moved": len(told.moves),
        "cost": told.cost,
        "bound": told.bound,
        "gap": None if told.gap is None else f"{told.gap:.2%}",
    }


def show_day(store: Store, viewer: Viewer, day: date) -> None:
    """Prints the plans and runs of a day."""
    with store.read(viewer) as tx:
        plans, runs = tx.plans(day), tx.runs(day)
    table = Table("plan", "status", "made", "by", "approved by", "publication", title=str(day))
    for plan in plans:
        if plan.status != "scenario":
            table.add_row(
                plan.id,
                plan.status,
                f"{plan.created_at:%Y-%m-%d %H:%M}Z",
                plan.created_by,
                plan.approved_by or "",
                str(plan.pub_seq or ""),
            )
    console = Console()
    console.print(table)
    for run in runs:
        console.print(f"run {run.id}: {run.kind}, {run.status} {run.error or ''}")


def show_comparison(found: Comparison) -> None:
    """Prints a what-if beside the live plan, with what is behind each difference."""
    console = Console()
    table = Table("", "live", "what if", "only live", "only what if")
    for measure in found.measures:
        table.add_row(
            measure.id.replace("_", " "),
            str(measure.live),
            str(measure.scenario),
            _some(measure.only_live),
            _some(measure.only_scenario),
        )
    console.print(table)
    costs = Table("rule", "live", "what if", title="cost by rule (amount, for hard rules)")
    for cost in found.costs:
        costs.add_row(cost.rule, str(cost.live), str(cost.scenario))
    console.print(costs)
    moved = {(change.person_kind, change.person) for change in found.moves}
    console.print(f"{len(moved)} people would be somewhere else at some time of the day")


def _some(listed: tuple[str, ...]) -> str:
    more = f", and {len(listed) - LISTED} more" if len(listed) > LISTED else ""
    return ", ".join(listed[:LISTED]) + more
