"""What the published past says of today: who was together, who lost a wish, who carried what."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import combinations

from schemas.base import BlockId, OfferingId, StaffId, StudentId
from schemas.plan import Plan, Session
from schemas.problem import Ballot, Problem, Published, RecentPair
from schemas.school import Modality
from services.snapshot.sources import Sources
from services.store import PlanRow
from solver.facts import Facts

STAYS_TOGETHER: frozenset[Modality] = frozenset({"project", "advisory", "service", "work_based"})
"""Groups that are meant to stay: being in one again is no tracking."""
LARGEST_GROUP = 40
"""Students in a session beyond which it is a crowd, not a group."""
MOST_CREDIT = 10
CREDIT_A_LOSS = 3
"""By the third ballot after a loss credit is at its most: that is how soon a lost wish is to be
made good, and at one more for each loss an ordinary need would outweigh it for longer."""


@dataclass(frozen=True)
class PastDay:
    """A published day as it was asked and answered."""

    day: date
    problem: Problem
    plan: Plan

    @property
    def sessions(self) -> dict[str, Session]:
        return {session.id: session for session in self.plan.sessions}


@dataclass(frozen=True)
class Past:
    """The published days before, newest first, and what adds up over them."""

    days: tuple[PastDay, ...]
    loads: Counter[StaffId] = field(default_factory=Counter)
    """Duty blocks of each adult over the days."""
    covers: Counter[StaffId] = field(default_factory=Counter)

    def fair_blocks(self, staff: StaffId) -> int | None:
        """Today's fair share of duty blocks: what brings the adult level with the others."""
        return self._share(self.loads, staff)

    def fair_cover(self, staff: StaffId) -> int | None:
        return self._share(self.covers, staff)

    def _share(self, carried: Counter[StaffId], staff: StaffId) -> int | None:
        if not self.days or staff not in self.loads:
            return None
        a_day = sum(carried.values()) / len(self.loads) / len(self.days)
        return max(0, round(a_day * (len(self.days) + 1) - carried[staff]))


def past(day: Sources) -> Past:
    """Reads the published days that the school's settings let bear on today."""
    days = tuple(
        PastDay(row.day, day.tx.problem(row.problem_digest), row.plan) for row in day.past()
    )
    found = Past(days)
    for earlier in days:
        covers = {adult.id: set(adult.covers) for adult in earlier.problem.staff}
        for session in earlier.plan.sessions:
            for staff in {duty.staff for duty in session.duties}:
                found.loads[staff] += len(session.blocks)
                if session.offering in covers.get(staff, ()):
                    found.covers[staff] += len(session.blocks)
    return found


def unserved_days(past: Past) -> Counter[StudentId]:
    """The published days in a row, up to the newest, on which a student was there, had a need and
    was placed for none; days on which they were away or needed nothing neither count nor end it."""
    found: Counter[StudentId] = Counter()
    over: set[StudentId] = set()
    for earlier in past.days:
        served = {seat.student for seat in earlier.plan.placements if seat.competency is not None}
        over |= served
        found.update(
            student.id
            for student in earlier.problem.students
            if student.needs and student.id not in over
        )
    return found


def recent_pairs(past: Past, students: Iterable[StudentId], limit: int) -> tuple[RecentPair, ...]:
    """Students who shared a group on more than `limit` of the past days."""
    known = frozenset(students)
    shared: Counter[tuple[StudentId, StudentId]] = Counter()
    for earlier in past.days:
        shared.update(set(_pairs(earlier, known)))
    often = sorted(pair for pair, days in shared.items() if days > limit)
    return tuple(RecentPair(a=a, b=b, days=shared[a, b]) for a, b in often)


def _pairs(earlier: PastDay, known: frozenset[str]) -> Iterator[tuple[StudentId, StudentId]]:
    modality = {offering.id: offering.modality for offering in earlier.problem.offerings}
    sessions = earlier.sessions
    groups: dict[str, list[StudentId]] = defaultdict(list)
    for placement in earlier.plan.placements:
        if placement.student in known:
            groups[placement.session].append(placement.student)
    for session, students in groups.items():
        stays = modality[sessions[session].offering] in STAYS_TOGETHER
        if not stays and len(students) <= LARGEST_GROUP:
            yield from combinations(sorted(students), 2)


def credits(past: Past, term_begins: date | None) -> dict[StudentId, int]:
    """Fairness credit, 1-10: more for each past day a lawful first wish was lost, back to 1 when
    one was granted; what was lost before the term began is forgotten."""
    found: dict[StudentId, int] = {}
    for earlier in reversed(past.days):
        if term_begins is not None and earlier.day < term_begins:
            continue
        facts = Facts(earlier.problem)
        placed = _offerings_of(earlier)
        for ballot in earlier.problem.ballots:
            wish = first_lawful(facts, ballot)
            if wish is None:
                continue
            granted = any((block, wish) in placed[ballot.student] for block in ballot.blocks)
            lost = found.get(ballot.student, 1) + CREDIT_A_LOSS
            found[ballot.student] = 1 if granted else min(MOST_CREDIT, lost)
    return found


def _offerings_of(earlier: PastDay) -> dict[StudentId, set[tuple[BlockId, OfferingId]]]:
    sessions = earlier.sessions
    found: dict[StudentId, set[tuple[BlockId, OfferingId]]] = defaultdict(set)
    for placement in earlier.plan.placements:
        session = sessions[placement.session]
        found[placement.student].update((block, session.offering) for block in session.blocks)
    return found


def first_lawful(facts: Facts, ballot: Ballot) -> OfferingId | None:
    """The highest wish of a ballot that is open to the student in one of its blocks."""
    return next((w for w in ballot.ranking if _is_open(facts, ballot, w)), None)


def _is_open(facts: Facts, ballot: Ballot, wish: OfferingId) -> bool:
    return facts.welcomed(ballot.student, (wish,), ballot.blocks)


def like_day(day: Sources) -> PlanRow | None:
    """What is published for the day; or else the plan to stay close to, or what was published
    for the last day of the same bell schedule."""
    if day.published or day.beside:
        return day.published or day.beside
    alike = (row for row in day.past() if day.calendar.get(row.day) == day.schedule.id)
    return next(alike, None)


def still_known(
    row: PlanRow,
    blocks: Sequence[BlockId],
    offerings: Iterable[OfferingId],
    rooms: Iterable[str],
    students: Iterable[StudentId],
) -> Published:
    """What of a published plan today's Problem can still speak of."""
    offered, placed, roomed, held = set(offerings), set(students), set(rooms), set(blocks)
    sessions = tuple(
        session
        for session in row.plan.sessions
        if session.offering in offered
        and session.room in roomed
        and held.issuperset(session.blocks)
    )
    running = {session.id for session in sessions}
    placements = tuple(
        placement
        for placement in row.plan.placements
        if placement.session in running and placement.student in placed
    )
    return Published(plan=row.id, sessions=sessions, placements=placements)
