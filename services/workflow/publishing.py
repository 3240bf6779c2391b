"""Publishing: one plan per day, and each person told once of what changed for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date

from schemas.base import Id
from schemas.plan import Plan
from schemas.problem import Problem
from schemas.school import GuardianLink
from services.store import PlanRow, Tx
from services.workflow.present import as_machine
from solver.changes import Change, Day, PersonKind, changes, day_of
from solver.facts import Facts
from solver.reasons import AdultsMoved, adults_moved, why_changed


def publish(tx: Tx, row: PlanRow, by: str) -> PlanRow:
    """Publishes an approved plan in place of what is published for its day, and leaves notices.

    Raises:
        WrongState: the plan is not approved.
    """
    with as_machine(tx):
        before = tx.published(row.day)
        problem = tx.problem(row.problem_digest)
    number = tx.publish(row.id, by)
    if before is not None:
        with as_machine(tx):
            earlier = tx.problem(before.problem_digest)
            _tell(tx, row.day, number, problem, changed(earlier, before.plan, problem, row.plan))
    return tx.plan(row.id)


def changed(earlier: Problem, before: Plan, problem: Problem, after: Plan) -> tuple[Change, ...]:
    """What differs for whom between two plans of a day."""
    blocks = [block.id for block in problem.blocks]
    return changes(_day(earlier, before), _day(problem, after), blocks)


def _day(problem: Problem, plan: Plan) -> Day:
    return day_of(plan, problem.homes, plan.unplaced)


def _tell(tx: Tx, day: date, number: int, problem: Problem, found: tuple[Change, ...]) -> None:
    """Leaves a notice for each person with a change, and for those who are told for a student."""
    facts, adults = Facts(problem), adults_moved(found)
    by_person: dict[tuple[PersonKind, Id], list[Change]] = defaultdict(list)
    for change in found:
        by_person[change.person_kind, change.person].append(change)
    told_for = _guardians(tx, day)
    for (kind, person), theirs in by_person.items():
        body = {
            "about": {"kind": kind, "person": person},
            "changes": [_told(facts, change, adults) for change in theirs],
        }
        tx.add_notice(kind, person, day, number, body)
        if kind == "student":
            for guardian in told_for[person]:
                tx.add_notice("guardian", guardian, day, number, body, about=person)
        tx.outbox(
            "notices",
            f"{tx.viewer.school}|{kind}|{person}",
            "schedule.changed",
            {
                "school": tx.viewer.school,
                "day": day.isoformat(),
                "person": person,
                "kind": kind,
                "pub_seq": number,
            },
        )


def _told(facts: Facts, change: Change, adults: AdultsMoved) -> Mapping[str, object]:
    return {
        **change.model_dump(mode="json", exclude={"person_kind", "person"}),
        "why": why_changed(facts, change, adults).model_dump(mode="json"),
    }


def _guardians(tx: Tx, day: date) -> defaultdict[Id, list[Id]]:
    """Who is told for each student on the day."""
    found: defaultdict[Id, list[Id]] = defaultdict(list)
    for link in _links_on(tx, day):
        found[link.student].append(link.guardian)
    return found


def _links_on(tx: Tx, day: date) -> Iterator[GuardianLink]:
    links: list[GuardianLink] = tx.roster("guardians")
    for link in links:
        begun = link.begins is None or link.begins <= day
        ended = link.ends is not None and link.ends < day
        if link.may_be_told and not link.court_restricted and begun and not ended:
            yield link
