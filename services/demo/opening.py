"""Opens the invented school: its records, three weeks of evidence, past days, and tomorrow."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from itertools import islice

from schemas.events import AnyEvent
from services import handlers
from services.demo import evidence, places, school
from services.planner import Planner
from services.store import Store
from services.viewer import Viewer
from services.workflow import approve

PAST_DAYS = 1
"""Days up to today that are planned and published, so that the next one has a past."""
PAST_WORK = 2.0
"""Units of work for a past day, each about a second of one core."""
BATCH = 500
APPROVER = Viewer.staff(school.SCHOOL, "scheduler", "okafor", "demo")
MACHINE = Viewer.machine(school.SCHOOL, "demo")

Told = Callable[[str], None]


class NotPlanned(Exception):
    """A day of the invented school could not be planned."""


def open_school(
    store: Store, today: date, planner: Planner, told: Told = lambda line: None
) -> date:
    """Fills an empty, migrated store; returns the day that waits for approval.

    Raises:
        NotPlanned: names the day and why.
    """
    told("the school: 400 students, 40 adults, 77 offerings")
    roster = school.roster(today)
    with store.begin(MACHINE) as tx:
        tx.apply_roster(roster)
        tx.save_settings(school.settings())
    told("three weeks of evidence")
    _take_in(store, evidence.evidence(roster, today, school.SEED))
    _take_in(store, evidence.judgements(roster, today, school.SEED))
    for day in [day for day in places.school_days(today) if day <= today][-PAST_DAYS:]:
        told(f"{day}, planned and published")
        _publish(store, planner, day)
    following = places.next_school_day(today)
    _take_in(store, evidence.support(roster, today, following))
    _take_in(store, evidence.wishes(roster, following, today, school.SEED))
    told(f"{following}, to be approved")
    _plan(store, planner, following, None)
    with store.begin(MACHINE) as tx:
        tx.schedule_run(following, "cutoff", "done")
    return following


def _take_in(store: Store, events: Iterable[AnyEvent]) -> None:
    stream = iter(events)
    while batch := list(islice(stream, BATCH)):
        handlers.handle_batch(store, MACHINE, batch)


def _publish(store: Store, planner: Planner, day: date) -> None:
    plan = _plan(store, planner, day, PAST_WORK)
    with store.read(APPROVER) as tx:
        row = tx.plan(plan)
    approve(store, APPROVER, plan, row.etag)


def _plan(store: Store, planner: Planner, day: date, work: float | None) -> str:
    with store.begin(MACHINE) as tx:
        run = tx.queue_run(day, "person", "okafor", work=work)
    planner.step_in(school.SCHOOL)
    with store.read(MACHINE) as tx:
        done = tx.run(run)
        if done.status != "done":
            raise NotPlanned(f"{day}: {done.status}: {done.error}")
        return next(row.id for row in reversed(tx.plans(day)) if row.run == run)
