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
    number = {o.id: n for n, o in enumerate(teaching)}
    served = [(c, n) for n, o in enumerate(teaching) for c in o.competencies if servable.get(c)]
    pairs = [(a, number[o]) for a, led in leads.items() for o in led if o in number]
    wanted = {c: n for n, c in enumerate(dict.fromkeys(c for c, _ in served))}
    adults = {a: n for n, a in enumerate(dict.fromkeys(a for a, _ in pairs))}
    sections, leading = len(served), len(served) + len(teaching)
    seats_row, time_row = len(wanted), len(wanted) + len(teaching)
    adult_row, last_row = time_row + len(teaching), time_row + len(teaching) + len(adults)
    entries = [(wanted[c], i, 1) for i, (c, _) in enumerate(served)]
    entries += [(seats_row + n, i, 1) for i, (_, n) in enumerate(served)]
    entries += [(seats_row + n, sections + n, -o.largest) for n, o in enumerate(teaching)]
    entries += [(time_row + n, sections + n, o.length) for n, o in enumerate(teaching)]
    entries += [(time_row + n, leading + i, -1) for i, (_, n) in enumerate(pairs)]
    entries += [(adult_row + adults[a], leading + i, 1) for i, (a, _) in enumerate(pairs)]
    entries += [(last_row, i, 1) for i in range(len(served))]
    limits = [servable[c] for c in wanted] + [0] * (2 * len(teaching))
    limits += [may_work[a] for a in adults] + [at_most]
    rows, columns, values = zip(*entries, strict=True)
    price = np.zeros(leading + len(pairs))
    price[:sections] = -1
    answer = linprog(
        price,
        A_ub=coo_array((values, (rows, columns)), shape=(len(limits), len(price))).tocsr(),
        b_ub=limits,
        bounds=[(0, None)] * sections
        + [(0, o.most_sections) for o in teaching]
        + [(0, None)] * len(pairs),
        method="highs",
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
