"""Approving exactly what was seen, rejecting, rolling back, and publishing when the hour comes."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from schemas.plan import Finding
from services.day_settings import DaySettings
from services.store import PlanRow, Store, Tx
from services.timer import instant
from services.viewer import Viewer
from services.workflow.present import Standing, against_present, look, rewritten, standing_now
from services.workflow.publishing import publish
from services.workflow.refused import Refused, refusing, stale
from services.workflow.rights import approvers, bell_schedule_of, may_approve, may_plan, seen


def approve(
    store: Store,
    viewer: Viewer,
    plan: str,
    if_match: str | None,
    publish_at: datetime | None = None,
    then_repair: bool = False,
) -> PlanRow:
    """Approves a draft as seen, and publishes it now, or at `publish_at`, or at the hour the
    school set for the day. With `then_repair`, a new run takes in what came since.

    Raises:
        Refused: 428 without an ETag, 412 when it is no longer what was seen, 409 when it is no
            draft or breaks a hard rule by now, 403 without the right, 404 when there is none.
    """
    may_plan(viewer)
    with refusing():
        looked = look(store, viewer, plan)
    with refusing(), store.begin(viewer) as tx:
        row = seen(tx, plan, if_match, "draft")
        may_approve(tx, row.day)
        _refuse_breaches(standing_now(tx, row, looked).breaches)
        approved = _approve(tx, row, publish_at or _publish_hour(tx, row))
        if then_repair:
            tx.queue_run(row.day, "upset", asked_by=viewer.person)
        return approved


def reject(store: Store, viewer: Viewer, plan: str, if_match: str | None, reason: str) -> PlanRow:
    """Rejects a draft, or an approved plan that waits for its hour.

    Raises:
        Refused: as for `approve`.
    """
    with refusing(), store.begin(viewer) as tx:
        may_plan(viewer)
        row = seen(tx, plan, if_match, "draft", "approved")
        if not tx.set_plan_status(row.id, row.version, row.status, "rejected"):
            raise stale()
        tx.audit("plan.rejected", row.id, reason=reason, before=row.digest)
        return tx.plan(row.id)


def roll_back(store: Store, viewer: Viewer, plan: str, if_match: str | None) -> PlanRow:
    """Publishes an earlier plan of the day again: what of it stands today is judged anew, filed
    as a plan of its own, approved and published in one step.

    Raises:
        Refused: as for `approve`; 409 also when it was never published.
    """
    with refusing(), store.begin(viewer) as tx:
        may_plan(viewer)
        earlier = seen(tx, plan, if_match, "superseded")
        may_approve(tx, earlier.day)
        if earlier.published_at is None:
            raise Refused(
                409,
                "never_published",
                "this plan was never published, so there is nothing to go back to",
                "approve a draft instead",
            )
        standing = against_present(tx, earlier)
        _refuse_breaches(standing.breaches)
        row = file_standing(tx, standing)
        tx.audit("plan.rolled_back", row.id, before=earlier.id, after=row.digest)
        return _approve(tx, row, None)


def reopen(store: Store, viewer: Viewer, plan: str) -> PlanRow:
    """Files what of a plan stands today as a new draft, to be edited by hand.

    Raises:
        Refused: 403 without the right, 404 when there is no such plan.
    """
    with refusing(), store.begin(viewer) as tx:
        may_plan(viewer)
        earlier = tx.plan(plan)
        row = file_standing(tx, against_present(tx, earlier))
        tx.audit("plan.reopened", row.id, before=earlier.id, after=row.digest)
        return row


def name_fallback(store: Store, viewer: Viewer, plan: str, if_match: str | None) -> None:
    """Approves a plan beforehand as the one that stands in, on days of its bell schedule, when
    nothing is published in time; the viewer answers for it.

    Raises:
        Refused: as for `approve`; 409 when the plan was never approved.
    """
    with refusing(), store.begin(viewer) as tx:
        may_plan(viewer)
        row = seen(tx, plan, if_match, "approved", "published", "superseded")
        may_approve(tx, row.day)
        if row.approved_by is None:
            raise Refused(409, "not_approved", "nobody approved this plan", "approve one first")
        schedule = bell_schedule_of(tx, row.day)
        if schedule is None:
            raise Refused(409, "no_school_day", f"{row.day} is closed", "choose another plan")
        tx.save_fallback(schedule, row.id, viewer.person, approvers(tx, row.day).deputy)
        tx.audit("fallback.named", row.id, after=schedule)


def publish_waiting(tx: Tx, row: PlanRow) -> bool:
    """Publishes an approved plan whose hour has come, unless facts broke it since: then it is a
    draft again, and whoever approved it is told. True when it was published."""
    breaches = against_present(tx, row).breaches
    by = row.approved_by or row.created_by
    if not breaches:
        publish(tx, row, by)
        return True
    if tx.set_plan_status(row.id, row.version, "approved", "draft", publish_at=None):
        tx.audit("plan.returned", row.id, reason=breaches[0].rule, before=row.digest)
        body = {"alert": "plan.returned", "plan": row.id, "rules": _rules(breaches)}
        for person in {by, *_named(tx, row)}:
            tx.add_notice("staff", person, row.day, 0, body, about=f"returned {row.etag}")
    return False


def file_standing(tx: Tx, standing: Standing, fallback_for: str | None = None) -> PlanRow:
    """Files what of an earlier plan stands as a draft, answering the Problem of now: the first of
    its revisions."""
    tx.save_problem(standing.problem)
    return tx.file_plan(
        standing.problem.day,
        None,
        rewritten(standing),
        standing.problem.as_of,
        created_by=tx.viewer.person,
        fallback_for=fallback_for,
    )


def _approve(tx: Tx, row: PlanRow, publish_at: datetime | None) -> PlanRow:
    """Draft to approved, in place of an earlier approval of the day; published unless it waits."""
    waits = publish_at is not None and publish_at > tx.clock()
    for other in tx.plans(row.day, "approved"):
        tx.set_plan_status(other.id, other.version, "approved", "superseded")
    columns = {
        "approved_by": tx.viewer.person,
        "approved_at": tx.clock(),
        "publish_at": publish_at if waits else None,
    }
    if not tx.set_plan_status(row.id, row.version, "draft", "approved", **columns):
        raise stale()
    tx.audit("plan.approved", row.id, after=row.digest)
    approved = tx.plan(row.id)
    return approved if waits else publish(tx, approved, tx.viewer.person)


def _publish_hour(tx: Tx, row: PlanRow) -> datetime | None:
    hour = DaySettings.of(tx.settings()).publish
    return None if hour is None else instant(row.day, hour, ZoneInfo(tx.school().zone))


def _refuse_breaches(breaches: tuple[Finding, ...]) -> None:
    if breaches:
        raise Refused(
            409,
            "breaks_hard_rules",
            f"by what is known now the plan breaks {', '.join(_rules(breaches))}",
            "mend it, override what may be overridden, or plan again",
            breaches,
        )


def _rules(breaches: tuple[Finding, ...]) -> list[str]:
    return list(dict.fromkeys(finding.rule for finding in breaches))


def _named(tx: Tx, row: PlanRow) -> set[str]:
    named = approvers(tx, row.day)
    return {person for person in (named.approver, named.deputy) if person is not None}
