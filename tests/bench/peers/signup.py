"""First come, first served, as most tools for flexible blocks do it: the office opens sessions by
demand, teachers' requests and owed services go first, then students take the best seat left."""

from __future__ import annotations

from collections import Counter
from random import Random

from schemas.base import OfferingId, StudentId
from schemas.plan import Plan
from schemas.problem import Problem
from schemas.school import Offering
from tests.bench.peers.office import Office, Run


def plan(problem: Problem, seed: int = 0) -> Plan:
    """A day by sign-up; `seed` shuffles who comes first."""
    office = Office(problem)
    office.keep_locks()
    _open_by_demand(office)
    order = list(office.students)
    Random(seed).shuffle(order)
    _seat_those_asked_for(office)
    office.take_in(order)
    return office.plan()


def _open_by_demand(office: Office) -> None:
    """Opens what most students asked for or need, as long as seats for it are fewer."""
    asking: Counter[OfferingId] = Counter()
    for student in office.students:
        asking.update(_asked_for(office, student))

    def demand(offering: Offering, run: Run) -> float:
        seats = sum(s.most for s in office.board.sessions.values() if s.offering == offering)
        wish = min(offering.largest, max(0, asking[offering.id] - seats))
        return office.fill_price(offering, run) + wish

    office.open_by(demand)


def _asked_for(office: Office, student: StudentId) -> set[OfferingId]:
    """What stands on the student's ballots, and what teaches a need."""
    teaching = office.facts.teaching
    needs = {o for need in office.facts.needs[student] for o in teaching.get(need, ())}
    asked = needs | office.facts.wishes.get(student, frozenset())
    return {offering for offering in asked if office.lawful.may_take(student, offering)}


def _seat_those_asked_for(office: Office) -> None:
    """Services, then requests by priority: tools let teachers book before sign-up opens."""
    asked = [
        (
            service.student,
            tuple(o for o in office.facts.offerings if office.worth.delivers(service, o)),
        )
        for service in office.facts.services
    ]
    requests = sorted(office.problem.requests, key=lambda request: -request.priority)
    asked += [(request.student, request.offerings) for request in requests]
    for student, offerings in asked:
        for session in office.board.sessions.values():
            if session.offering.id in offerings and office.seat(student, session):
                break
