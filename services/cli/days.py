"""What `flexday plan`, `day` and `whatif` do: runs asked for and answered at once, and tables of
what came of them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table

from services.insights import DayFigures, day_figures
from services.planner import Planner
from services.solving import Bounds, Follow, solve_in_child
from services.store import PlanRow, RunRow, Store
from services.viewer import Viewer
from services.workflow import review

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


class Figures(DayFigures):
    """What a planned day comes to, and what a scheduler asks before approving it."""

    safe: bool
    services_at_risk: int
    people_moved: int


def figures(store: Store, viewer: Viewer, row: PlanRow) -> Figures:
    """Counts a plan for somebody who plans the school's days."""
    told = review(store, viewer, row.id)
    with store.read(viewer) as tx:
        counted = day_figures(tx, row)
    return Figures(
        **counted.model_dump(),
        safe=told.verdict.safe,
        services_at_risk=told.verdict.services_at_risk,
        people_moved=len(told.moves),
    )


def show_figures(found: Figures) -> None:
    """Prints what a scheduler would see first."""
    word = "safe to approve" if found.safe else "NOT safe to approve"
    table, console = Table(show_header=False), Console()
    told = found.model_dump(exclude={"school", "title", "day", "status", "safe"})
    told["unplaced"] = ", ".join(f"{n} {why}" for why, n in found.unplaced.items()) or 0
    for name, needs in (("needs", found.needs), ("served", found.served)):
        told[name] = f"{needs.evidenced} evidenced, {needs.assumed} assumed"
    told["gap"] = None if found.gap is None else f"{found.gap:.2%}"
    for name, figure in told.items():
        table.add_row(name.replace("_", " "), str(figure))
    console.print(f"[bold]{found.title}, {found.day} ({found.status}): {word}[/bold]")
    console.print(table)


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
