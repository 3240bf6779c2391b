"""Greedy by priority: opens the session that saves most for those it would take, seats them, and
goes on; then everybody left takes the best seat there is, those with most at stake first."""

from __future__ import annotations

from heapq import nlargest

from schemas.base import OfferingId, StudentId
from schemas.plan import Plan
from schemas.problem import Problem
from schemas.school import Offering
from solver.board import OpenSession
from tests.bench.peers.office import Office, Run


def plan(problem: Problem) -> Plan:
    """A day by priority."""
    office = Office(problem)
    office.keep_locks()
    keen = _keen(office)

    def value(offering: Offering, run: Run) -> float:
        saved = _savings(office, keen, OpenSession("", offering, run, office.problem.rooms[0], ()))
        fill = office.fill_price(offering, run)
        return fill + sum(worth for worth, _ in saved) if fill or saved else 0.0

    def seat_the_keen(session: OpenSession) -> None:
        for _, student in _savings(office, keen, session):
            office.seat(student, session)

    for session in list(office.board.sessions.values()):
        seat_the_keen(session)
    office.open_by(value, seat_the_keen)
    order = sorted(office.students, key=lambda student: -_at_stake(office, student))
    office.take_in(order)
    return office.plan()


def _keen(office: Office) -> dict[OfferingId, list[StudentId]]:
    """Per offering: the students to whom it is worth something, whatever the day looks like."""
    facts, worth = office.facts, office.worth
    found: dict[OfferingId, list[StudentId]] = {offering: [] for offering in facts.offerings}
    delivering = {
        service.id: [o for o in facts.offerings if worth.delivers(service, o)]
        for service in facts.services
    }
    for student in office.students:
        wanted = {o for need in facts.needs[student] for o in facts.teaching.get(need, ())}
        wanted |= facts.wishes.get(student, frozenset())
        wanted |= {o for request in worth.requests[student] for o in request.offerings}
        wanted |= {o for s in worth.services[student] for o in delivering.get(s.id, ())}
        for offering in wanted & found.keys():
            if office.lawful.may_take(student, offering):
                found[offering].append(student)
    return found


def _savings(
    office: Office, keen: dict[OfferingId, list[StudentId]], session: OpenSession
) -> list[tuple[int, StudentId]]:
    """Those who would gain most from a seat, as many as there are, and what each would save."""
    free = [
        student
        for student in keen[session.offering.id]
        if all(
            office.facts.is_free(student, block) and (student, block) not in office.board.at
            for block in session.blocks
        )
    ]
    worths = [(office.serving(student, session)[0], student) for student in free]
    return nlargest(session.offering.largest, [pair for pair in worths if pair[0] > 0])


def _at_stake(office: Office, student: StudentId) -> int:
    return sum(office.worth.need(student, need) for need in office.facts.needs[student])
