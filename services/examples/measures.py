"""How tight a day is, measured on a Problem and a full placement of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import coo_array

from schemas.plan import Plan
from schemas.problem import Problem
from schemas.school import Offering
from solver.facts import Facts


@dataclass(frozen=True)
class Tightness:
    """What makes a day tight; every figure but the last two is a share or a ratio."""

    adults: float
    """Duty blocks of those adults may work: flex blocks in which nothing holds them, less the
    protected blocks they are owed there."""
    seats: float
    """Seats taken of those in running sessions, per block; a session has as many as its offering,
    its room and the adults' ratio allow."""
    needs: float
    """Servable needs (as defined for rule unmet-need) over the most that any plan could serve."""
    crowd: float
    """Share of the first choices that fall on the most wanted fifth of all offerings on ballots."""
    crowding: float
    """First choices on that fifth over its seats (sections allowed times largest)."""
    servable: int
    most_served: int


def tightness(problem: Problem, plan: Plan) -> Tightness:
    """Measure a day; `plan` is a full placement, such as the planted one."""
    facts = Facts(problem)
    servable = Counter[str]()
    at_most = 0
    for student in problem.students:
        found = facts.servable_needs(student.id)
        servable.update(need.competency for need in found)
        at_most += min(len(found), len(facts.free_blocks(student.id)))
    may = blocks_open_to_adults(facts)
    worked = {(duty.staff, block) for s in plan.sessions for duty in s.duties for block in s.blocks}
    leads = {
        adult: [
            o.id
            for o in problem.offerings
            if o.competencies and facts.fills(adult, o.id, o.roles[0])
        ]
        for adult in may
    }
    most = most_served(servable, at_most, problem.offerings, may, leads)
    first, seats = _crowd(problem)
    return Tightness(
        adults=len(worked) / max(1, sum(may.values())),
        seats=_seats_taken(facts, plan),
        needs=sum(servable.values()) / max(1, most),
        crowd=first / max(1, len(problem.ballots)),
        crowding=first / max(1, seats),
        servable=sum(servable.values()),
        most_served=most,
    )


def blocks_open_to_adults(facts: Facts) -> dict[str, int]:
    """For each adult the flex blocks in which they may have a duty."""
    flex = set(facts.flex)
    may = {
        adult.id: sum(not facts.staff_held(adult.id, block) for block in facts.flex)
        for adult in facts.problem.staff
    }
    for time in facts.problem.protected:
        if flex.issuperset(time.blocks):
            for staff in time.staff:
                may[staff] = max(0, may[staff] - time.at_least)
    return may


def most_served(
    servable: Mapping[str, int],
    at_most: int,
    offerings: Sequence[Offering],
    may_work: Mapping[str, int],
    leads: Mapping[str, Sequence[str]],
) -> int:
    """An upper bound on the needs that any plan can serve.

    `servable` counts students per competency, `at_most` caps the sum over students, `may_work`
    gives each adult's open blocks and `leads` the offerings each may lead. It is the optimum of a
    linear programme over sections (broken ones allowed) with adults' time, sizes and sections
    limits; rooms, clashes in time and second adults are left out.
    """
    teaching = [o for o in offerings if o.competencies and o.most_sections != 0]
    if not teaching or not servable:
        return 0
    served = [(c, n) for n, o in enumerate(teaching) for c in o.competencies if servable.get(c)]
    number = {o.id: n for n, o in enumerate(teaching)}
    pairs = [(a, number[o]) for a, led in leads.items() for o in led if o in number]
    competencies = {c: n for n, c in enumerate(sorted({c for c, _ in served}))}
    adults = {a: n for n, a in enumerate(dict.fromkeys(a for a, _ in pairs))}
    width, first_pair = len(served) + len(teaching), len(served) + len(teaching)
    rows: list[tuple[int, int, float]] = []
    limits: list[float] = []
    for c, row in competencies.items():
        limits.append(servable[c])
        rows += [(row, i, 1.0) for i, (other, _) in enumerate(served) if other == c]
    for n, offering in enumerate(teaching):
        row = len(limits)
        rows += [(row, i, 1.0) for i, (_, o) in enumerate(served) if o == n]
        rows.append((row, len(served) + n, -float(offering.largest)))
        rows.append((row + 1, len(served) + n, float(offering.length)))
        rows += [(row + 1, first_pair + i, -1.0) for i, (_, o) in enumerate(pairs) if o == n]
        limits += [0.0, 0.0]
    for a in adults:
        rows += [(len(limits), first_pair + i, 1.0) for i, (b, _) in enumerate(pairs) if b == a]
        limits.append(may_work[a])
    rows += [(len(limits), i, 1.0) for i in range(len(served))]
    limits.append(at_most)
    width += len(pairs)
    heights, columns, values = zip(*rows, strict=True)
    matrix = coo_array((values, (heights, columns)), shape=(len(limits), width)).tocsr()
    bounds = [(0, None)] * len(served) + [(0, o.most_sections) for o in teaching]
    price = np.zeros(width)
    price[: len(served)] = -1.0
    answer = linprog(
        price, A_ub=matrix, b_ub=limits, bounds=bounds + [(0, None)] * len(pairs), method="highs"
    )
    return int(-answer.fun + 1e-6)


def _seats_taken(facts: Facts, plan: Plan) -> float:
    students = Counter(placement.session for placement in plan.placements)
    taken = seats = 0
    for session in plan.sessions:
        offering = facts.offerings[session.offering]
        room_for = min(offering.largest, facts.rooms[session.room].seats)
        if offering.students_per_adult is not None:
            adults = len({duty.staff for duty in session.duties})
            room_for = min(room_for, adults * offering.students_per_adult)
        taken += students[session.id] * len(session.blocks)
        seats += room_for * len(session.blocks)
    return taken / max(1, seats)


def _crowd(problem: Problem) -> tuple[int, int]:
    """First choices on the most wanted fifth of the offerings on ballots, and its seats."""
    first = Counter(ballot.ranking[0] for ballot in problem.ballots if ballot.ranking)
    listed = {offering for ballot in problem.ballots for offering in ballot.ranking}
    wanted = sorted(listed, key=lambda o: (-first[o], o))[: max(1, round(len(listed) / 5))]
    by_id = {offering.id: offering for offering in problem.offerings}
    seats = sum((by_id[o].most_sections or 0) * by_id[o].largest for o in wanted)
    return sum(first[o] for o in wanted), seats
