"""A plan against the facts of now: what of it still stands, and which hard rules it would break."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from schemas.plan import Finding, Placement, Plan, Session, Unplaced
from schemas.problem import Problem
from services.snapshot import snapshot
from services.store import PlanRow, Store, Tx
from services.viewer import Viewer
from solver.facts import Facts
from solver.layout import Layout
from solver.score import finish, judge


@dataclass(frozen=True)
class Standing:
    """A plan as it stands now. People who have gone since are out of it: an absence is no breach,
    nor is a group that it leaves below its smallest size."""

    problem: Problem
    sessions: tuple[Session, ...]
    placements: tuple[Placement, ...]
    unplaced: tuple[Unplaced, ...]
    breaches: tuple[Finding, ...]
    """Hard findings that no override covers."""


@contextmanager
def as_machine(tx: Tx) -> Iterator[Tx]:
    """The system's own look at a whole day on behalf of a viewer with the right to decide on it:
    no disclosure to a person, and back to the viewer after."""
    viewer = tx.viewer
    tx.as_viewer(Viewer.machine(viewer.school))
    try:
        yield tx
    finally:
        tx.as_viewer(viewer)


def present_problem(tx: Tx, day: date, beside: PlanRow | None = None) -> Problem:
    """The day's Problem as of now, for a look at a plan beside it.

    Raises:
        NoSchoolDay: there is nothing to plan on this day.
    """
    with as_machine(tx):
        return snapshot(tx, day, beside=beside).problem


def against_present(tx: Tx, row: PlanRow) -> Standing:
    """Judges a filed plan by what is known now.

    Raises:
        NoSchoolDay: the day is closed by now.
    """
    return stand(present_problem(tx, row.day, beside=row), row.plan)


@dataclass(frozen=True)
class Look:
    """A plan as it stood a moment ago, and the state of the records it was held against."""

    standing: Standing
    records: tuple[object, ...]


def look(store: Store, viewer: Viewer, plan: str) -> Look:
    """Judges a plan while others go on writing, so that the transaction that decides is short.

    Raises:
        NotFound: no such plan.
        NoSchoolDay: the day is closed by now.
    """
    with store.read(viewer) as tx:
        row = tx.plan(plan)
        return Look(against_present(tx, row), _records(tx, row))


def standing_now(tx: Tx, row: PlanRow, looked: Look) -> Standing:
    """What the look found, if the records are still the same; else judged again."""
    if looked.records == _records(tx, row):
        return looked.standing
    return against_present(tx, row)


def _records(tx: Tx, row: PlanRow) -> tuple[object, ...]:
    """Everything a day's Problem follows from, by version."""
    published = tx.published(row.day)
    before = tx.last_published(row.day)
    return (
        row.etag,
        tx.position(),
        tx.roster_version(),
        tx.settings(),
        published and published.etag,
        before and before.etag,
    )


def stand(problem: Problem, plan: Plan) -> Standing:
    """What of a plan stands under a Problem that may not be its own."""
    facts = Facts(problem)
    sessions = {session.id: session for session in _sessions(facts, plan)}
    placements = tuple(_placements(facts, plan, sessions))
    unplaced = tuple(_unplaced(facts, plan))
    layout = Layout(facts, sessions.values(), placements, unplaced)
    breaches = tuple(f for f in judge(layout).blocking if not _by_absence(f))
    return Standing(problem, tuple(sessions.values()), placements, unplaced, breaches)


def rewritten(standing: Standing) -> Plan:
    """The plan as it stands, as an answer to the Problem it was held against."""
    facts = Facts(standing.problem)
    return finish(facts, standing.sessions, standing.placements, standing.unplaced)


def _by_absence(finding: Finding) -> bool:
    return finding.rule == "group-size" and finding.cause == "under"


def _sessions(facts: Facts, plan: Plan) -> Iterator[Session]:
    """Sessions whose offering, room and blocks there are, with the adults there are: whoever is
    left without a place or a lead by that shows in the judgement."""
    for session in plan.sessions:
        known = session.offering in facts.offerings and session.room in facts.rooms
        if known and all(block in facts.blocks for block in session.blocks):
            duties = tuple(duty for duty in session.duties if duty.staff in facts.staff)
            yield session.model_copy(update={"duties": duties})


def _placements(facts: Facts, plan: Plan, sessions: dict[str, Session]) -> Iterator[Placement]:
    for placement in plan.placements:
        session = sessions.get(placement.session)
        student = facts.students.get(placement.student)
        if session is None or student is None or set(session.blocks).intersection(student.away):
            continue
        taught = facts.offerings[session.offering].competencies
        serves = placement.competency if placement.competency in taught else None
        yield placement.model_copy(update={"competency": serves})


def _unplaced(facts: Facts, plan: Plan) -> Iterator[Unplaced]:
    for entry in plan.unplaced:
        if entry.student in facts.students and entry.block in facts.free_blocks(entry.student):
            home = entry.home if entry.home in facts.homes else None
            yield entry.model_copy(update={"home": home})
