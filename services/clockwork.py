"""Acts on what a school's clock brings: cut-offs, publish hours, deadlines, fallback plans."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from schemas.plan import Unplaced
from schemas.school import BellSchedule, CalendarDay
from services.day_settings import DaySettings
from services.snapshot import NoSchoolDay
from services.store import PlanRow, Store, Tx
from services.timer import DAYS_LOOKED_BACK, Due, SchoolDay, due
from services.viewer import Viewer
from services.workflow.approval import file_standing, publish_waiting
from services.workflow.present import Standing, present_problem, stand
from services.workflow.publishing import publish
from services.workflow.rights import approvers, bell_schedule_of
from solver.facts import Facts


def tick(store: Store, school: str) -> None:
    """Acts once on everything that has come for a school. Each action and the mark that it was
    done are one transaction, so that any number may tick side by side and none acts twice."""
    viewer = Viewer.machine(school, purpose="appointed hour")
    with store.read(viewer) as tx:
        appointments = _due(tx)
        waiting = [row.id for row in tx.plans(status="approved") if _hour_has_come(tx, row)]
    for plan in waiting:
        with store.begin(viewer) as tx:
            row = tx.plan(plan)
            if row.status == "approved" and _hour_has_come(tx, row):
                publish_waiting(tx, row)
    for appointment in appointments:
        with store.begin(viewer) as tx:
            _keep(tx, appointment)


def _keep(tx: Tx, appointment: Due) -> None:
    missed = appointment.missed
    first = tx.schedule_run(appointment.day, appointment.kind, "missed" if missed else "done")
    if first and not missed:
        _act(tx, appointment)


def _hour_has_come(tx: Tx, row: PlanRow) -> bool:
    return row.publish_at is not None and row.publish_at <= tx.clock()


def _due(tx: Tx) -> list[Due]:
    days = _school_days(tx)
    today = tx.today()
    looked_at = [day for day in days if abs((day.day - today).days) <= DAYS_LOOKED_BACK]
    decided = {day.day: tx.scheduled(day.day) for day in looked_at}
    zone = ZoneInfo(tx.school().zone)
    return due(looked_at, DaySettings.of(tx.settings()), zone, decided, tx.clock())


def _school_days(tx: Tx) -> list[SchoolDay]:
    """The open days of the calendar, each with the end of its last block."""
    calendar: list[CalendarDay] = tx.roster("calendar")
    schedules: list[BellSchedule] = tx.roster("bell_schedules")
    ends = {one.id: max((block.end for block in one.blocks), default=0) for one in schedules}
    return [
        SchoolDay(entry.date, ends[entry.bell_schedule])
        for entry in calendar
        if entry.bell_schedule in ends
    ]


def _act(tx: Tx, appointment: Due) -> None:
    if appointment.kind == "cutoff":
        tx.queue_run(appointment.day, "cutoff", asked_by="cut-off")
        tx.audit("run.queued", appointment.day.isoformat(), reason="cut-off")
    elif tx.published(appointment.day) is None and not _is_approved(tx, appointment):
        if appointment.kind == "deadline":
            _alert(tx, appointment, "deadline.passed")
        else:
            _fall_back(tx, appointment)


def _is_approved(tx: Tx, appointment: Due) -> bool:
    """Whether a plan waits for an hour that is still to come."""
    return bool(tx.plans(appointment.day, "approved"))


def _alert(tx: Tx, appointment: Due, alert: str) -> None:
    """Tells the approver and the deputy, in their notices and to whatever reads the outbox."""
    named = approvers(tx, appointment.day)
    drafts = tx.plans(appointment.day, "draft")
    body = {"alert": alert, "plan": drafts[-1].id if drafts else None}
    for person in (named.approver, named.deputy):
        if person is not None:
            tx.add_notice("staff", person, appointment.day, 0, body, about=alert)
    day = appointment.day.isoformat()
    tx.outbox("alerts", f"{tx.viewer.school}|{day}", alert, {"day": day, **body})
    tx.audit(alert, day)


def _fall_back(tx: Tx, appointment: Due) -> None:
    """Publishes the fallback plan of the day's bell schedule under its approver's name, with all
    that it breaks listed as findings; where there is none, alerts."""
    schedule = bell_schedule_of(tx, appointment.day)
    named = tx.fallback(schedule) if schedule else None
    if named is None:
        _alert(tx, appointment, "fallback.none")
        return
    earlier = tx.plan(named.plan)
    try:
        problem = present_problem(tx, appointment.day, beside=earlier)
    except NoSchoolDay as error:
        tx.audit("fallback.impossible", appointment.day.isoformat(), reason=str(error))
        return
    standing = _everybody_somewhere(stand(problem, earlier.plan))
    row = file_standing(tx, standing, fallback_for=schedule)
    tx.set_plan_status(
        row.id,
        row.version,
        "draft",
        "approved",
        approved_by=named.approver,
        approved_at=tx.clock(),
    )
    tx.audit("fallback.published", row.id, reason=f"approved beforehand by {named.approver}")
    publish(tx, tx.plan(row.id), named.approver)
    _alert(tx, appointment, "fallback.published")


def _everybody_somewhere(standing: Standing) -> Standing:
    """Sends each student whom an old plan does not know of to the home place of the block."""
    facts = Facts(standing.problem)
    blocks = {session.id: session.blocks for session in standing.sessions}
    placed = {(p.student, block) for p in standing.placements for block in blocks[p.session]}
    listed = {(entry.student, entry.block) for entry in standing.unplaced}
    homes = {home.block: home.id for home in reversed(standing.problem.homes)}
    added = [
        Unplaced(student=student, block=block, reason="no_seat", home=homes.get(block))
        for student in facts.students
        for block in facts.free_blocks(student)
        if (student, block) not in placed and (student, block) not in listed
    ]
    return Standing(
        standing.problem,
        standing.sessions,
        standing.placements,
        (*standing.unplaced, *added),
        standing.breaches,
    )
