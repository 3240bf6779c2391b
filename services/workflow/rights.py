"""Who may decide on a plan, and whether they saw what they decide on."""

from __future__ import annotations

from datetime import date

from schemas.plan import PlanStatus
from services.day_settings import Approvers, DaySettings
from services.store import PlanRow, Tx
from services.viewer import Viewer
from services.workflow.refused import Refused, stale

PLANNERS = frozenset({"scheduler", "admin"})


def may_plan(viewer: Viewer) -> None:
    """Raises: Refused (403) unless the viewer plans the school's days."""
    if viewer.access_role not in PLANNERS:
        raise Refused(
            403,
            "not_entitled",
            f"a {viewer.access_role} does not decide on plans",
            "ask the school's scheduler",
        )


def may_approve(tx: Tx, day: date) -> None:
    """Raises: Refused (403) unless the viewer answers for days of this kind: its approver, their
    deputy, or an admin; any scheduler where nobody is named."""
    may_plan(tx.viewer)
    named = approvers(tx, day)
    if named.approver is None or tx.viewer.access_role == "admin":
        return
    if tx.viewer.person not in (named.approver, named.deputy):
        raise Refused(
            403,
            "not_the_approver",
            "plans of this kind of day are approved by somebody else",
            "ask the approver or the deputy named in the settings",
        )


def approvers(tx: Tx, day: date) -> Approvers:
    """Who answers for a day, by its bell schedule."""
    return DaySettings.of(tx.settings()).approvers_of(bell_schedule_of(tx, day))


def bell_schedule_of(tx: Tx, day: date) -> str | None:
    """The bell schedule the calendar gives a day."""
    schedules = (entry.bell_schedule for entry in tx.roster("calendar") if entry.date == day)
    return next(schedules, None)


def seen(tx: Tx, plan: str, if_match: str | None, *allowed: PlanStatus) -> PlanRow:
    """The plan, provided that it is the very content and state that the viewer saw.

    Raises:
        NotFound: no such plan.
        Refused: 428 without an ETag, 412 for an old one, 409 in a state other than `allowed`.
    """
    if not if_match:
        raise Refused(
            428, "no_etag", "what you decide on was not named", "send the plan's ETag as If-Match"
        )
    row = tx.plan(plan)
    if row.etag != if_match.strip('"'):
        raise stale()
    if row.status not in allowed:
        raise Refused(
            409,
            "wrong_state",
            f"the plan is {row.status}",
            f"this can be done with a plan that is {' or '.join(allowed)}",
        )
    return row
