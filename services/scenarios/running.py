"""Running a what-if beside the live plan, and promoting it to a draft."""

from __future__ import annotations

from datetime import date

from schemas.plan import Plan
from schemas.problem import Problem
from schemas.scenario import Changes
from services.scenarios.changes import ChangesRefused, lay_over
from services.scenarios.compare import Comparison, compare
from services.snapshot import snapshot
from services.store import PlanRow, ScenarioRow, Store, Tx
from services.viewer import Viewer
from services.workflow.approval import file_standing
from services.workflow.present import as_machine, present_problem, stand
from services.workflow.refused import Refused, refusing
from services.workflow.rights import may_plan


def start(
    store: Store,
    viewer: Viewer,
    day: date,
    changes: Changes,
    work: float | None = None,
    time_limit: float | None = None,
) -> str:
    """Saves a what-if for a day and queues the run that answers it; returns its id.

    Raises:
        Refused: 403 without the right, 409 on a closed day, 422 when the changes cannot be laid
            over the day.
    """
    may_plan(viewer)
    with refusing(), store.read(viewer) as tx, as_machine(tx):
        problem = snapshot(tx, day).problem
    try:
        lay_over(problem, changes)
    except ChangesRefused as error:
        raise Refused(422, "changes", str(error), "correct the changes") from error
    with store.begin(viewer) as tx:
        fields = changes.model_dump(mode="json", exclude_defaults=True)
        title = changes.title or "What if"
        scenario = tx.save_scenario(title, day, fields, created_by=viewer.person)
        run = tx.queue_run(
            day, "scenario", viewer.person, work=work, time_limit=time_limit, scenario=scenario
        )
        tx.set_scenario(scenario, "queued", run=run, plan=None)
        tx.audit("scenario.started", scenario)
        return scenario


def comparison(store: Store, viewer: Viewer, scenario: str) -> Comparison | None:
    """The what-if beside the live plan of its day; None until it is answered.

    Raises:
        Refused: 403 without the right, 404 when there is none, 409 when the day has no plan to
            compare with.
    """
    may_plan(viewer)
    with refusing(), store.read(viewer) as tx:
        row = tx.scenario(scenario)
        tx.disclose("scenario.compared", f"scenario {row.id}")
        with as_machine(tx):
            if row.plan is None:
                return None
            live = live_plan(tx, row.day)
            if live is None:
                raise Refused(
                    409, "no_plan", f"{row.day} has no plan to compare with", "plan the day first"
                )
            return compare(
                _asked_and_answered(tx, live), _asked_and_answered(tx, tx.plan(row.plan))
            )


def live_plan(tx: Tx, day: date) -> PlanRow | None:
    """What is published for a day, or else its newest draft or approved plan."""
    waiting = [row for row in tx.plans(day) if row.status in ("draft", "approved")]
    return tx.published(day) or (waiting[-1] if waiting else None)


def _asked_and_answered(tx: Tx, row: PlanRow) -> tuple[Problem, Plan]:
    return tx.problem(row.problem_digest), row.plan


def promote(store: Store, viewer: Viewer, scenario: str) -> PlanRow:
    """Files a what-if's plan as a draft of its day, judged by the facts as they are: what was only
    supposed (an added adult, say) and what nobody may override is held against it.

    Raises:
        Refused: 403 without the right, 404 when there is none, 409 when it is not answered yet or
            breaks a hard rule on the real day.
    """
    may_plan(viewer)
    with refusing(), store.begin(viewer) as tx:
        row: ScenarioRow = tx.scenario(scenario)
        if row.plan is None:
            raise Refused(409, "not_answered", f"the what-if is {row.status}", "wait for its plan")
        answer = tx.plan(row.plan)
        standing = stand(present_problem(tx, row.day, beside=answer), answer.plan)
        if standing.breaches:
            rules = ", ".join(dict.fromkeys(finding.rule for finding in standing.breaches))
            raise Refused(
                409,
                "breaks_hard_rules",
                f"on the day as it is the plan breaks {rules}",
                "make what was supposed real first, or plan the day again",
                standing.breaches,
            )
        draft = file_standing(tx, standing)
        tx.set_scenario(row.id, "promoted", run=row.run, plan=row.plan)
        tx.audit("scenario.promoted", row.id, after=draft.id)
        return draft
