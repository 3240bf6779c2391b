"""What a scheduler looks at before approving: is it safe, exceptions first, board and moves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from typing import Any

from schemas.base import BlockId, Id, RoomId, SessionId
from schemas.plan import Finding, Plan, Session
from schemas.problem import Problem
from schemas.schedule import Reason
from services.store import PlanRow, Store, Tx
from services.viewer import Viewer
from services.workflow.present import Standing, as_machine, present_problem, stand
from services.workflow.refused import refusing
from services.workflow.reviewed import (
    BoardRow,
    Card,
    Exceptions,
    Moved,
    News,
    Review,
    Verdict,
)
from services.workflow.revision import SOURCE
from services.workflow.rights import may_plan
from solver.changes import Badge, Change, PersonKind, changes, day_of, session_changes
from solver.explain import gains
from solver.facts import Facts
from solver.mending import Mended
from solver.reasons import adults_moved, seats, why_changed
from solver.rules import RULES
from solver.tally import by_rule

AT_RISK = ("unplaced", "service-short", "stuck", "request-missed", "choice-missed")
"""Soft rules by which somebody in particular loses out, the gravest first."""
USUAL = ("moved", "unmet-need")
"""Who moves is told apart, and there is always more to learn than a day can serve: these come
last."""


def review(store: Store, viewer: Viewer, plan: str) -> Review:
    """The review of a plan by somebody who plans the school's days.

    Raises:
        Refused: 403 without the right, 404 when there is no such plan, 409 on a closed day.
    """
    may_plan(viewer)
    with refusing(), store.read(viewer) as tx:
        row = tx.plan(plan)
        tx.disclose("plan.reviewed", f"plan {row.id}")
        with as_machine(tx):
            problem = tx.problem(row.problem_digest)
            known = _known(tx, row, problem)
            standing = stand(present_problem(tx, row.day, beside=row), row.plan)
            return _review(tx, row, problem, known, standing)


def since(tx: Tx, row: PlanRow) -> tuple[News, ...]:
    """The events since a plan's snapshot that bear on its day, but for those of its own edits."""
    return tuple(
        News(seq=entry.seq, name=entry.name, at=entry.occurred_at, subject=_subject(entry.event))
        for entry in tx.events_since(row.as_of)
        if entry.source != SOURCE and _bears_on(entry.event, row.day)
    )


def _bears_on(event: Any, day: date) -> bool:
    """Events of another day do not; those without a day, such as evidence, may."""
    return event is None or getattr(event.data, "day", day) == day


def _subject(event: Any) -> str | None:
    for name in ("student", "staff", "room"):
        if found := getattr(getattr(event, "data", None), name, None):
            return str(found)
    return None


def _known(tx: Tx, row: PlanRow, problem: Problem) -> PlanRow | None:
    """What the plan is shown against: what is published for the day, or else the plan that its
    own question started from, where that is one of the same day."""
    published = tx.published(row.day)
    if published is not None and published.id != row.id:
        return published
    if problem.published is None or problem.published.plan == row.id:
        return None
    beside = tx.plan(problem.published.plan)
    return beside if beside.day == row.day else None


def _review(
    tx: Tx, row: PlanRow, problem: Problem, known: PlanRow | None, standing: Standing
) -> Review:
    plan, facts = row.plan, Facts(problem)
    news = since(tx, row)
    badges, gone = _badges(plan, known)
    told = tx.run(row.run).progress if row.run else {}
    return Review(
        plan=row.id,
        day=row.day,
        status=row.status,
        etag=row.etag,
        created_at=row.created_at,
        created_by=row.created_by,
        publish_at=row.publish_at,
        newer=_newer(tx, row),
        verdict=_verdict(facts, plan, standing, len(news)),
        breaches=standing.breaches,
        exceptions=_exceptions(problem, plan),
        blocks=facts.flex,
        board=_board(facts, plan, badges),
        gone=gone,
        unplaced=plan.unplaced,
        against=known.status if known else None,
        moves=_moves(tx, standing.problem, problem, plan, known),
        cost=plan.cost,
        bound=plan.bound,
        gap=plan.gap,
        costs=by_rule(problem, plan.findings),
        locks=problem.locks,
        since=news,
        notes=tuple(told.get("notes", ())),
        mended=tuple(Mended.model_validate(one) for one in told.get("mended", ())),
    )


def _newer(tx: Tx, row: PlanRow) -> str | None:
    drafts = [one for one in tx.plans(row.day, "draft") if one.created_at > row.created_at]
    return drafts[-1].id if drafts else None


def _verdict(facts: Facts, plan: Plan, standing: Standing, news: int) -> Verdict:
    findings = (*standing.breaches, *(f for f in plan.findings if f.kind == "soft"))
    return Verdict(
        safe=not standing.breaches,
        present=sum(1 for student in facts.students if facts.free_blocks(student)),
        unplaced=len(plan.unplaced),
        least_unplaced=plan.least_unplaced.amount if plan.least_unplaced else None,
        unsupervised=_amount(findings, "role-cover", {"supervision"}),
        over_cap=_amount(findings, "group-size", {"over", "seats", "home"}),
        services_at_risk=sum(1 for f in findings if f.rule == "service-short"),
        since=news,
    )


def _amount(findings: Iterable[Finding], rule: str, causes: set[str]) -> int:
    return sum(f.amount for f in findings if f.rule == rule and f.cause in causes)


def _exceptions(problem: Problem, plan: Plan) -> tuple[Exceptions, ...]:
    """Findings by rule: those that block first, then other hard ones, then those by which somebody
    loses out, then the dearest."""
    costs = by_rule(problem, plan.findings)
    listed: dict[str, list[Finding]] = defaultdict(list)
    for finding in plan.findings:
        listed[finding.rule].append(finding)
    found = [
        Exceptions(
            rule=rule,
            kind=RULES[rule].kind,
            blocking=sum(1 for f in findings if f.kind == "hard" and f.covered_by is None),
            amount=sum(f.amount for f in findings),
            cost=costs.get(rule, 0) if RULES[rule].kind == "soft" else 0,
            findings=tuple(findings),
        )
        for rule, findings in listed.items()
    ]
    return tuple(sorted(found, key=_gravity))


def _gravity(one: Exceptions) -> tuple[int, str, int, int, str]:
    rank = AT_RISK.index(one.rule) if one.rule in AT_RISK else len(AT_RISK)
    rank += USUAL.index(one.rule) + 1 if one.rule in USUAL else 0
    return -one.blocking, one.kind, rank, -one.cost, one.rule


def _badges(
    plan: Plan, known: PlanRow | None
) -> tuple[dict[SessionId, Badge], tuple[Session, ...]]:
    if known is None:
        return {}, ()
    found, gone = session_changes(known.plan.sessions, plan.sessions)
    before = {session.id: session for session in known.plan.sessions}
    return {one.session: one.badge for one in found}, tuple(before[one] for one in gone)


def _board(facts: Facts, plan: Plan, badges: dict[SessionId, Badge]) -> tuple[BoardRow, ...]:
    """Rooms that hold a session today, in the order of the school."""
    held: dict[tuple[RoomId, BlockId], list[Card]] = defaultdict(list)
    for card in _cards(facts, plan, badges):
        for block in card.blocks:
            held[card.room, block].append(card)
    used = {room for room, _ in held}
    return tuple(
        BoardRow(
            room=room.id,
            title=room.title,
            cells=tuple(tuple(held[room.id, block]) for block in facts.flex),
        )
        for room in facts.problem.rooms
        if room.id in used
    )


def _cards(facts: Facts, plan: Plan, badges: dict[SessionId, Badge]) -> Iterable[Card]:
    students: dict[SessionId, list[Id]] = defaultdict(list)
    for placement in plan.placements:
        students[placement.session].append(placement.student)
    findings: dict[str, list[Finding]] = defaultdict(list)
    for finding in plan.findings:
        findings[finding.subjects.get("session", "")].append(finding)
    for session in plan.sessions:
        offering = facts.offerings[session.offering]
        yield Card(
            session=session.id,
            offering=offering.id,
            title=offering.title,
            modality=offering.modality,
            competencies=offering.competencies,
            blocks=session.blocks,
            room=session.room,
            duties=session.duties,
            students=tuple(students[session.id]),
            most=seats(facts, session),
            locks=tuple(_locks(facts, session, students[session.id])),
            badge=badges.get(session.id),
            findings=tuple(findings[session.id]),
        )


def _locks(facts: Facts, session: Session, students: list[Id]) -> Iterable[Id]:
    """The locks that hold something of a session: its students, adults, room or itself."""
    adults = [duty.staff for duty in session.duties]
    for lock in facts.problem.locks:
        named = lock.model_dump(include={"student", "staff", "offering", "room"})
        if (
            lock.block in session.blocks
            and named.get("offering") in (None, session.offering)
            and named.get("room") in (None, session.room)
            and named.get("student") in (None, *students)
            and named.get("staff") in (None, *adults)
        ):
            yield lock.id


def _moves(
    tx: Tx, present: Problem, problem: Problem, plan: Plan, known: PlanRow | None
) -> tuple[Moved, ...]:
    if known is None:
        return ()
    earlier = tx.problem(known.problem_digest)
    found = changes(
        day_of(known.plan, earlier.homes, known.plan.unplaced),
        day_of(plan, problem.homes, plan.unplaced),
        [block.id for block in problem.blocks],
    )
    facts, adults = Facts(present), adults_moved(found)
    gained = gains(problem, known.plan.findings, plan.findings, entitled=True)
    by_person: dict[tuple[PersonKind, Id], list[tuple[Change, Reason]]] = defaultdict(list)
    for change in found:
        reason = why_changed(facts, change, adults)
        by_person[change.person_kind, change.person].append((change, reason))
    return tuple(
        Moved(
            person_kind=kind,
            person=person,
            changes=tuple(theirs),
            gain=gained.get((kind, person), 0),
        )
        for (kind, person), theirs in by_person.items()
    )
