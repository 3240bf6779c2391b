"""The day for Timefold Solver for Python, with its own idea of a model: candidate sessions that get
a room and adults, and one seat per student and block that gets a session.

Needs the package `timefold` and a JDK 17. Constraints are Python functions that the package
compiles to Java; its makers say that this reaches about a quarter of Java's speed. It starts
from the greedy plan: its own construction heuristic, tried first, does not get through the
candidate sessions of 300 students in a minute. The rest is its local search as it comes. Left to
the making of the plan are the small prices on company (spread, remix, ideal sizes) and language
support.
"""

# Annotations stay objects here: the package reads them when the classes are made.

import time
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise, product
from typing import Annotated, Any

from timefold.solver import SolverFactory
from timefold.solver.config import (
    Duration,
    EnvironmentMode,
    ScoreDirectorFactoryConfig,
    SolverConfig,
    TerminationConfig,
)
from timefold.solver.domain import (
    PlanningEntityCollectionProperty,
    PlanningId,
    PlanningScore,
    PlanningVariable,
    ProblemFactCollectionProperty,
    ValueRangeProvider,
    planning_entity,
    planning_solution,
)
from timefold.solver.score import (
    ConstraintCollectors,
    ConstraintFactory,
    HardSoftScore,
    Joiners,
    constraint_provider,
)

from schemas.plan import Duty, Plan
from schemas.problem import DutyLock, PlacementLock, Problem, SessionLock
from schemas.school import Offering
from solver.board import OpenSession
from tests.bench.peers import greedy
from tests.bench.peers.office import Office, Run, Wanted

UNPLACED = 10_000
"""Price of a seat without a session, as by default."""

LOCAL_SEARCH = "<solver><localSearch/></solver>"
"""Which phases to run, the rest of the settings left alone."""


# --- what is given --------------------------------------------------------------------------------


@dataclass
class Hall:
    """A room, or one zone of a shared one: `place` is the room's number."""

    id: Annotated[int, PlanningId]
    place: int
    seats: int
    shared: bool


@dataclass
class Adult:
    id: Annotated[int, PlanningId]
    fair: int
    most_students: int
    most_preparations: int


@dataclass
class Candidate:
    """A session that may run. `first` and `after` are positions of blocks."""

    id: Annotated[int, PlanningId]
    offering: int
    first: int
    after: int
    length: int
    zone: int
    smallest: int
    largest: int
    most_sections: int
    """Of its offering, in all the day."""
    missing_price: int
    """Per student below the minimum: less in all than one seat is worth."""


@dataclass
class Way:
    """A placement in an offering reaches a goal as far as `gain`; a goal counts its best way."""

    id: Annotated[int, PlanningId]
    key: int
    """student x offerings + offering"""
    goal: int
    gain: int


@dataclass
class DatedWay:
    """The same, where the block matters too."""

    id: Annotated[int, PlanningId]
    key: int
    """(student x offerings + offering) x blocks + block"""
    goal: int
    gain: int


@dataclass
class Owed:
    """Minutes of an offering that count for a service or a floor."""

    id: Annotated[int, PlanningId]
    key: int
    goal: int
    minutes: int
    due: int
    price: int


@dataclass
class Apart:
    id: Annotated[int, PlanningId]
    student: int
    other: int


@dataclass
class Window:
    """Blocks of which an adult may be on duty in at most so many."""

    id: Annotated[int, PlanningId]
    adult: int
    first: int
    after: int
    most: int


# --- what is decided ------------------------------------------------------------------------------


@planning_entity
@dataclass
class Running:
    """Where a candidate would run; nowhere, if it does not."""

    id: Annotated[int, PlanningId]
    candidate: Candidate
    must: bool
    rooms: Annotated[list[Hall], ValueRangeProvider]
    room: Annotated[Hall | None, PlanningVariable(allows_unassigned=True)] = field(default=None)


@planning_entity
@dataclass
class Post:
    """A role of a candidate."""

    id: Annotated[int, PlanningId]
    candidate: Candidate
    lead: bool
    able: Annotated[list[Adult], ValueRangeProvider]
    staff: Annotated[Adult | None, PlanningVariable(allows_unassigned=True)] = field(default=None)


@planning_entity
@dataclass
class Seat:
    """A student in a block. `offset` is student x offerings; old_* is what was published."""

    id: Annotated[int, PlanningId]
    student: int
    offset: int
    block: int
    blocks: int
    old_room: int
    old_lead: int
    factor: int
    options: Annotated[list[Candidate], ValueRangeProvider]
    session: Annotated[Candidate | None, PlanningVariable(allows_unassigned=True)] = field(
        default=None
    )


@planning_solution
@dataclass
class Day:
    candidates: Annotated[list[Candidate], ProblemFactCollectionProperty]
    halls: Annotated[list[Hall], ProblemFactCollectionProperty]
    adults: Annotated[list[Adult], ProblemFactCollectionProperty]
    ways: Annotated[list[Way], ProblemFactCollectionProperty]
    dated: Annotated[list[DatedWay], ProblemFactCollectionProperty]
    owed: Annotated[list[Owed], ProblemFactCollectionProperty]
    apart: Annotated[list[Apart], ProblemFactCollectionProperty]
    windows: Annotated[list[Window], ProblemFactCollectionProperty]
    running: Annotated[list[Running], PlanningEntityCollectionProperty]
    posts: Annotated[list[Post], PlanningEntityCollectionProperty]
    seats: Annotated[list[Seat], PlanningEntityCollectionProperty]
    score: Annotated[HardSoftScore | None, PlanningScore] = field(default=None)


# --- what is promised -----------------------------------------------------------------------------


@constraint_provider
def promises(factory: ConstraintFactory) -> list[Any]:
    """The rules; prices are the defaults, which the examples keep."""
    return [
        *_rooms_and_adults(factory),
        *_sessions(factory),
        *_students(factory),
        *_wishes(factory),
    ]


def _rooms_and_adults(factory: ConstraintFactory) -> list[Any]:
    return [
        factory.for_each_unique_pair(
            Running,
            Joiners.equal(lambda r: r.room.id),
            Joiners.overlapping(lambda r: r.candidate.first, lambda r: r.candidate.after),
        )
        .penalize(HardSoftScore.ONE_HARD)
        .as_constraint("room-clash"),
        factory.for_each_unique_pair(
            Post,
            Joiners.equal(lambda p: p.staff.id),
            Joiners.overlapping(lambda p: p.candidate.first, lambda p: p.candidate.after),
        )
        .penalize(HardSoftScore.ONE_HARD)
        .as_constraint("staff-clash"),
        factory.for_each(Running).reward(HardSoftScore.ONE_SOFT).as_constraint("a room is ready"),
        factory.for_each(Running)
        .group_by(
            lambda r: r.candidate.offering,
            lambda r: r.candidate.most_sections,
            ConstraintCollectors.count(),
        )
        .filter(lambda offering, most, count: count > most)
        .penalize(HardSoftScore.ONE_HARD, lambda offering, most, count: count - most)
        .as_constraint("sections of an offering"),
        factory.for_each_including_unassigned(Running)
        .filter(lambda r: r.must and r.room is None)
        .penalize(HardSoftScore.ONE_HARD, lambda r: 1)
        .as_constraint("lock"),
        factory.for_each(Post)
        .join(Running, Joiners.equal(lambda p: p.candidate.id, lambda r: r.candidate.id))
        .reward(HardSoftScore.ONE_SOFT)
        .as_constraint("an adult is ready where there is a room"),
        factory.for_each(Window)
        .join(
            Post,
            Joiners.equal(lambda w: w.adult, lambda p: p.staff.id),
            Joiners.overlapping(
                lambda w: w.first,
                lambda w: w.after,
                lambda p: p.candidate.first,
                lambda p: p.candidate.after,
            ),
        )
        .group_by(
            lambda w, p: w,
            ConstraintCollectors.sum(
                lambda w, p: min(w.after, p.candidate.after) - max(w.first, p.candidate.first)
            ),
        )
        .filter(lambda w, busy: busy > w.most)
        .penalize(HardSoftScore.ONE_HARD, lambda w, busy: busy - w.most)
        .as_constraint("planning-time and blocks in a row"),
        factory.for_each(Post)
        .filter(lambda p: p.lead)
        .group_by(
            lambda p: p.staff, ConstraintCollectors.count_distinct(lambda p: p.candidate.offering)
        )
        .filter(lambda adult, count: count > adult.most_preparations)
        .penalize(HardSoftScore.ONE_HARD, lambda adult, count: count - adult.most_preparations)
        .as_constraint("preparations"),
        factory.for_each(Post)
        .group_by(lambda p: p.staff, ConstraintCollectors.sum(lambda p: p.candidate.length))
        .filter(lambda adult, blocks: blocks > adult.fair)
        .penalize(HardSoftScore.of_soft(20), lambda adult, blocks: blocks - adult.fair)
        .as_constraint("uneven-load"),
    ]


def _sessions(factory: ConstraintFactory) -> list[Any]:
    return [
        factory.for_each(Seat)
        .group_by(lambda s: s.session, ConstraintCollectors.count_distinct(lambda s: s.student))
        .filter(lambda session, count: count > session.largest)
        .penalize(HardSoftScore.ONE_HARD, lambda session, count: count - session.largest)
        .as_constraint("group-size over"),
        factory.for_each(Seat)
        .group_by(lambda s: s.session, ConstraintCollectors.count_distinct(lambda s: s.student))
        .filter(lambda session, count: count < session.smallest)
        .penalize(
            HardSoftScore.ONE_SOFT,
            lambda session, count: (session.smallest - count) * session.missing_price,
        )
        .as_constraint("group-size under"),
        factory.for_each(Seat)
        .join(Running, Joiners.equal(lambda s: s.session.id, lambda r: r.candidate.id))
        .filter(lambda s, r: not r.room.shared)
        .group_by(lambda s, r: r, ConstraintCollectors.count_distinct(lambda s, r: s.student))
        .filter(lambda r, count: count > r.room.seats)
        .penalize(HardSoftScore.ONE_HARD, lambda r, count: count - r.room.seats)
        .as_constraint("seats of a room"),
        factory.for_each(Seat)
        .join(Running, Joiners.equal(lambda s: s.session.id, lambda r: r.candidate.id))
        .filter(lambda s, r: r.room.shared)
        .group_by(
            lambda s, r: r.room.place,
            lambda s, r: s.block,
            lambda s, r: r.room.seats,
            ConstraintCollectors.count_bi(),
        )
        .filter(lambda place, block, seats, count: count > seats)
        .penalize(HardSoftScore.ONE_HARD, lambda place, block, seats, count: count - seats)
        .as_constraint("seats of a shared room"),
        factory.for_each(Seat)
        .if_not_exists(Running, Joiners.equal(lambda s: s.session.id, lambda r: r.candidate.id))
        .penalize(HardSoftScore.ONE_HARD)
        .as_constraint("a session without a room"),
        factory.for_each_including_unassigned(Post)
        .filter(lambda p: p.staff is None)
        .join(Seat, Joiners.equal(lambda p: p.candidate.id, lambda s: s.session.id))
        .penalize(HardSoftScore.ONE_HARD)
        .as_constraint("role-cover"),
        factory.for_each(Seat)
        .join(Post, Joiners.equal(lambda s: s.session.id, lambda p: p.candidate.id))
        .filter(lambda s, p: p.lead and p.staff.most_students < 10_000)
        .group_by(
            lambda s, p: p.staff,
            ConstraintCollectors.count_distinct(lambda s, p: s.student * 100_000 + s.session.id),
        )
        .filter(lambda adult, count: count > adult.most_students)
        .penalize(HardSoftScore.ONE_HARD, lambda adult, count: count - adult.most_students)
        .as_constraint("students of a lead"),
    ]


def _students(factory: ConstraintFactory) -> list[Any]:
    return [
        factory.for_each_including_unassigned(Seat)
        .filter(lambda s: s.session is None)
        .penalize(HardSoftScore.of_soft(UNPLACED))
        .as_constraint("unplaced"),
        factory.for_each(Seat)
        .filter(lambda s: s.session.length > 1)
        .group_by(lambda s: s.session, lambda s: s.student, ConstraintCollectors.count())
        .filter(lambda session, student, count: count < session.length)
        .penalize(HardSoftScore.ONE_HARD)
        .as_constraint("whole-session"),
        factory.for_each_unique_pair(
            Seat,
            Joiners.equal(lambda s: s.student),
            Joiners.filtering(
                lambda a, b: (
                    a.session.zone != b.session.zone
                    and (a.block - b.block == 1 or b.block - a.block == 1)
                )
            ),
        )
        .penalize(HardSoftScore.ONE_HARD)
        .as_constraint("travel"),
        factory.for_each(Apart)
        .join(Seat, Joiners.equal(lambda a: a.student, lambda s: s.student))
        .join(
            Seat,
            Joiners.equal(lambda a, s: a.other, lambda o: o.student),
            Joiners.equal(lambda a, s: s.session.id, lambda o: o.session.id),
            Joiners.equal(lambda a, s: s.block, lambda o: o.block),
        )
        .penalize(HardSoftScore.ONE_HARD)
        .as_constraint("keep-apart"),
    ]


def _wishes(factory: ConstraintFactory) -> list[Any]:
    return [
        factory.for_each(Seat)
        .join(Way, Joiners.equal(lambda s: s.offset + s.session.offering, lambda w: w.key))
        .group_by(lambda s, w: w.goal, ConstraintCollectors.max(lambda s, w: w.gain))
        .reward(HardSoftScore.ONE_SOFT, lambda goal, gain: gain)
        .as_constraint("needs and requests"),
        factory.for_each(Seat)
        .join(
            DatedWay,
            Joiners.equal(
                lambda s: (s.offset + s.session.offering) * s.blocks + s.block, lambda w: w.key
            ),
        )
        .group_by(lambda s, w: w.goal, ConstraintCollectors.max(lambda s, w: w.gain))
        .reward(HardSoftScore.ONE_SOFT, lambda goal, gain: gain)
        .as_constraint("choices and what is published"),
        factory.for_each(Seat)
        .join(Owed, Joiners.equal(lambda s: s.offset + s.session.offering, lambda o: o.key))
        .group_by(
            lambda s, o: o.goal,
            lambda s, o: o.due,
            lambda s, o: o.price,
            ConstraintCollectors.sum(lambda s, o: o.minutes),
        )
        .reward(
            HardSoftScore.ONE_SOFT,
            lambda goal, due, price, minutes: min(minutes, due) * price,
        )
        .as_constraint("services and floors"),
        factory.for_each(Seat)
        .filter(lambda s: s.old_room >= 0)
        .join(Running, Joiners.equal(lambda s: s.session.id, lambda r: r.candidate.id))
        .filter(lambda s, r: s.old_room == r.room.place)
        .reward(HardSoftScore.ONE_SOFT, lambda s, r: s.factor)
        .as_constraint("room as published"),
        factory.for_each(Seat)
        .filter(lambda s: s.old_lead >= 0)
        .join(
            Post,
            Joiners.equal(lambda s: s.session.id, lambda p: p.candidate.id),
            Joiners.equal(lambda s: s.old_lead, lambda p: p.staff.id),
        )
        .filter(lambda s, p: p.lead)
        .reward(HardSoftScore.ONE_SOFT, lambda s, p: s.factor)
        .as_constraint("lead as published"),
    ]


# --- from a Problem and back ----------------------------------------------------------------------


class Translation:
    """A Problem as a Day, and a Day as a plan."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.office = Office(problem)
        self.facts, self.worth = self.office.facts, self.office.worth
        self.block_at = self.facts.position
        self.offering_at = {offering.id: at for at, offering in enumerate(problem.offerings)}
        self.adults = [
            Adult(
                at,
                10_000 if adult.fair_blocks is None else adult.fair_blocks,
                10_000 if adult.most_students is None else adult.most_students,
                10_000 if adult.most_preparations is None else adult.most_preparations,
            )
            for at, adult in enumerate(problem.staff)
        ]
        self.adult_at = {adult.id: at for at, adult in enumerate(problem.staff)}
        self.room_at = {room.id: at for at, room in enumerate(problem.rooms)}
        self.halls = [
            Hall(at * 100 + zone, at, room.seats, room.zones > 1)
            for at, room in enumerate(problem.rooms)
            for zone in range(room.zones)
        ]
        self.zone_of = self._zones()
        self.wanted = self._locked()
        self.candidates: list[Candidate] = []
        self.running: list[Running] = []
        self.posts: list[Post] = []
        self._list_candidates()
        self.goals: dict[object, int] = {}

    def _zones(self) -> dict[str, int]:
        """Per offering: where it may run, by number; between two of them one may be late."""
        far: dict[str, int] = {}
        for room in self.problem.rooms:
            near = [
                zone
                for other, zone in far.items()
                if self.facts.travel(room.building, other) <= self._pause()
            ]
            far.setdefault(room.building, near[0] if near else len(far))
        return far

    def _pause(self) -> int:
        flex = [self.facts.blocks[block] for block in self.facts.flex]
        return min((b.start - a.end for a, b in pairwise(flex)), default=0)

    def _locked(self) -> list[Wanted]:
        """What has to run, each once."""
        found = []
        for lock in self.facts.locks:
            if isinstance(lock, SessionLock):
                duty = None if lock.lead is None else Duty(staff=lock.lead, role="lead")
                found.append(Wanted(lock.offering, lock.block, lock.room, duty))
            elif isinstance(lock, DutyLock) and lock.offering is not None:
                role = lock.role or self.facts.offerings[lock.offering].roles[0].role
                duty = Duty(staff=lock.staff, role=role)
                found.append(Wanted(lock.offering, lock.block, None, duty))
            elif isinstance(lock, PlacementLock) and lock.room is not None:
                found.append(Wanted(lock.offering, lock.block, lock.room))
        return found

    def _list_candidates(self) -> None:
        """Every section that could run, those first that take most students per adult."""
        lawful = self.office.lawful
        for offering in sorted(self.problem.offerings, key=self._held, reverse=True):
            rooms = lawful.rooms_for(offering.id)
            zones = sorted({self.zone_of[room.building] for room in rooms})
            sections = 3 if offering.most_sections is None else offering.most_sections
            for section, run in product(range(sections), self.facts.starts(offering.id)):
                zone = zones[section % len(zones)] if zones else 0
                halls = [
                    hall
                    for hall in self.halls
                    for room in [self.problem.rooms[hall.place]]
                    if room in rooms
                    and self.zone_of[room.building] == zone
                    and lawful.room_allowed(room, offering.id, run)
                ]
                if halls:
                    self._list_one(offering, run, zone, halls)

    def _held(self, offering: Offering) -> tuple[float, int]:
        """How many a session holds per adult and block, and how many ask for it."""
        admitted = int(self.office.admitted(offering.id).sum())
        adults = sum(need.count for need in offering.roles)
        asking = sum(
            offering.id in self.facts.wishes.get(student, ())
            or any(need in self.facts.needs[student] for need in offering.competencies)
            for student in self.office.students
        )
        return min(offering.largest, admitted) / (adults * offering.length), asking

    def _list_one(self, offering: Offering, run: Run, zone: int, halls: list[Hall]) -> None:
        number = len(self.candidates)
        first = self.block_at[run[0]]
        ratio = 10_000 if offering.students_per_adult is None else offering.students_per_adult
        able = [
            [
                self.adults[self.adult_at[staff]]
                for staff in self.facts.staff
                if self.office.lawful.may_work(self.office.board, staff, need, offering, run)
            ]
            for need in offering.roles
            for _ in range(need.count)
        ]
        if not all(able):
            return
        lock = next((w for w in self.wanted if w.offering == offering.id and w.block in run), None)
        if lock is not None:
            self.wanted.remove(lock)
            if lock.room is not None:
                halls = [h for h in halls if h.place == self.room_at[lock.room]] or halls
        candidate = Candidate(
            number,
            self.offering_at[offering.id],
            first,
            first + len(run),
            len(run),
            zone,
            max(1, offering.smallest),
            min(offering.largest, ratio * len(able)),
            10_000 if offering.most_sections is None else offering.most_sections,
            UNPLACED // max(1, offering.smallest),
        )
        self.candidates.append(candidate)
        self.running.append(Running(number, candidate, lock is not None, halls))
        roles = [need.role for need in offering.roles for _ in range(need.count)]
        for place, (role, adults) in enumerate(zip(roles, able, strict=True)):
            if lock is not None and lock.duty is not None and lock.duty.role == role:
                wanted = self.adult_at[lock.duty.staff]
                adults = [adult for adult in adults if adult.id == wanted] or adults
            self.posts.append(Post(number * 10 + place, candidate, role == "lead", adults))

    def day(self, start: Plan) -> Day:
        """The day as the package wants it, standing as in a plan."""
        ways, dated, owed = self._ways()
        seats = self._seats()
        self._stand_as(start, seats)
        return Day(
            self.candidates,
            self.halls,
            self.adults,
            ways,
            dated,
            owed,
            [
                Apart(at, self._student(a.student), self._student(a.other))
                for at, (a, kind) in enumerate(self.facts.apart)
                if kind == "student"
            ],
            self._windows(),
            self.running,
            self.posts,
            seats,
        )

    def _stand_as(self, start: Plan, seats: list[Seat]) -> None:
        """Gives candidates rooms and adults, and seats sessions, as they are in a plan."""
        free: dict[tuple[int, int], list[Candidate]] = defaultdict(list)
        for candidate in reversed(self.candidates):
            free[candidate.offering, candidate.first].append(candidate)
        posts: dict[int, list[Post]] = defaultdict(list)
        for post in self.posts:
            posts[post.candidate.id].append(post)
        used: set[tuple[int, str]] = set()
        chosen: dict[str, Candidate] = {}
        for session in start.sessions:
            alike = free[self.offering_at[session.offering], self.block_at[session.blocks[0]]]
            halls = [
                hall
                for hall in self.halls
                if hall.place == self.room_at[session.room]
                and not any((hall.id, block) in used for block in session.blocks)
            ]
            if alike and halls:
                chosen[session.id] = candidate = alike.pop()
                self.running[candidate.id].room = halls[0]
                used.update((halls[0].id, block) for block in session.blocks)
                for post, duty in zip(posts[candidate.id], session.duties, strict=False):
                    post.staff = self.adults[self.adult_at[duty.staff]]
        held = {
            (placement.student, block): chosen[session.id]
            for session in start.sessions
            if session.id in chosen
            for placement in start.placements
            if placement.session == session.id
            for block in session.blocks
        }
        blocks = list(self.facts.blocks)
        for seat in seats:
            seat.session = held.get((self.office.students[seat.student], blocks[seat.block]))

    def _student(self, student: str) -> int:
        return self.office.students.index(student)

    def _seats(self) -> list[Seat]:
        at_block: dict[str, list[Candidate]] = defaultdict(list)
        blocks = list(self.facts.blocks)
        for candidate in self.candidates:
            for block in blocks[candidate.first : candidate.after]:
                at_block[block].append(candidate)
        locks = {
            (lock.student, lock.block): self.offering_at[lock.offering]
            for lock in self.facts.locks
            if isinstance(lock, PlacementLock)
        }
        seats = []
        for student, name in enumerate(self.office.students):
            for block in self.facts.free_blocks(name):
                options = [
                    candidate
                    for candidate in at_block[block]
                    if locks.get((name, block), candidate.offering) == candidate.offering
                    and self._suits(name, candidate, blocks)
                ]
                old = self.worth.before.get((name, block))
                room = self.room_at.get(old.room or "", -1) if old is not None else -1
                lead = self.adult_at.get(old.lead or "", -1) if old is not None else -1
                factor = self.facts.blocks[block].moved_factor * self.worth.price["moved"]
                seats.append(
                    Seat(
                        len(seats), student, student * len(self.offering_at),
                        self.block_at[block], len(blocks), room, lead, factor, options,
                    )
                )  # fmt: skip
        return seats

    def _suits(self, student: str, candidate: Candidate, blocks: list[str]) -> bool:
        offering = self.problem.offerings[candidate.offering]
        run = tuple(blocks[candidate.first : candidate.after])
        needs = [
            need
            for need in self.facts.accommodations.get(student, ())
            if self.facts.applies(need, offering)
        ]
        rooms = [self.problem.rooms[h.place] for h in self.running[candidate.id].rooms]
        return (
            self.office.lawful.may_take(student, offering.id)
            and self.office.lawful.in_time(student, offering, run)
            and all(self.office.lawful.could_reach(student, room, run) for room in rooms[:1])
            and all(
                need.kind != "group_size" or (need.group_size or 0) >= offering.largest
                for need in needs
            )
            and all(
                need.kind != "aide" or any(role.role == "aide" for role in offering.roles)
                for need in needs
            )
        )

    def _goal(self, *name: object) -> int:
        return self.goals.setdefault(name, len(self.goals))

    def _ways(self) -> tuple[list[Way], list[DatedWay], list[Owed]]:
        ways: list[Way] = []
        dated: list[DatedWay] = []
        owed: list[Owed] = []
        worth, facts, price = self.worth, self.facts, self.worth.price
        for at, student in enumerate(self.office.students):
            offset = at * len(self.offering_at)

            def way(offering: str, gain: int, *goal: object, offset: int = offset) -> None:
                if gain > 0:
                    key = offset + self.offering_at[offering]
                    ways.append(Way(len(ways), key, self._goal(*goal), gain))

            def on(
                offering: str, block: str, gain: int, *goal: object, offset: int = offset
            ) -> None:
                key = (offset + self.offering_at[offering]) * len(facts.blocks)
                key += self.block_at[block]
                dated.append(DatedWay(len(dated), key, self._goal(*goal), gain))

            best: dict[str, tuple[int, str]] = {}
            for need in facts.needs[student]:
                for offering in facts.teaching.get(need, ()):
                    best[offering] = max(
                        best.get(offering, (0, "")), (worth.need(student, need), need)
                    )
            for offering, (gain, need) in best.items():
                way(offering, gain, "need", student, need)
            for ballot in worth.ballots[student]:
                for rank, offering in enumerate(ballot.ranking):
                    gain = (len(ballot.ranking) - rank) * ballot.credit * price["choice-missed"]
                    for block in ballot.blocks:
                        if offering in self.offering_at:
                            on(offering, block, gain, "ballot", ballot.id)
            for request in worth.requests[student]:
                for offering in request.offerings:
                    for block in request.blocks:
                        if offering in self.offering_at:
                            gain = request.priority * price["request-missed"]
                            on(offering, block, gain, "request", request.id)
            for block in facts.free_blocks(student):
                old = worth.before.get((student, block))
                if old is not None and old.offering in self.offering_at:
                    gain = facts.blocks[block].moved_factor * price["moved"]
                    on(old.offering or "", block, gain, "moved", student, block)
            self._owe(student, offset, owed)
        return ways, dated, owed

    def _owe(self, student: str, offset: int, owed: list[Owed]) -> None:
        worth, facts = self.worth, self.facts
        minutes = min(facts.blocks[block].minutes for block in facts.flex)
        for service in worth.services[student]:
            for offering, at in self.offering_at.items():
                if worth.delivers(service, offering):
                    goal = self._goal("service", service.id)
                    price = worth.price["service-short"]
                    owed.append(
                        Owed(len(owed), offset + at, goal, minutes, service.minutes_due, price)
                    )
        floors = facts.students[student].floors
        for kind in ("live_teacher", "choice", "enrichment"):
            due = getattr(floors, kind)
            for offering, at in self.offering_at.items():
                if due and facts.gives(student, offering, kind):  # type: ignore[arg-type]
                    goal = self._goal("floor", student, kind)
                    price = worth.price["equity-floor"]
                    owed.append(Owed(len(owed), offset + at, goal, minutes, due, price))

    def _windows(self) -> list[Window]:
        found: list[Window] = []
        last = len(self.facts.blocks)
        for at, adult in enumerate(self.problem.staff):
            longest = adult.most_consecutive_blocks
            if longest is not None:
                found += [
                    Window(len(found) + n, at, first, first + longest + 1, longest)
                    for n, first in enumerate(range(last - longest))
                ]
            for kept_free in self.problem.protected:
                places = sorted(self.block_at[block] for block in kept_free.blocks)
                alone = kept_free.staff == (adult.id,)
                if alone and places[-1] - places[0] == len(places) - 1:
                    kept = sum(
                        not self.facts.staff_committed(adult.id, block)
                        for block in kept_free.blocks
                    )
                    most = max(0, kept - kept_free.at_least)
                    found.append(Window(len(found), at, places[0], places[-1] + 1, most))
        return found

    def plan(self, day: Day) -> Plan:
        """The day as a plan, made lawful where it is not."""
        office = Office(self.problem)
        blocks = list(self.facts.blocks)
        sitting: dict[int, list[str]] = defaultdict(list)
        for seat in day.seats:
            if seat.session is not None:
                student = office.students[seat.student]
                if student not in sitting[seat.session.id]:
                    sitting[seat.session.id].append(student)
        rooms = {r.candidate.id: r.room for r in day.running if r.room is not None}
        posts: dict[int, list[Post]] = defaultdict(list)
        for post in day.posts:
            posts[post.candidate.id].append(post)
        must = {running.id for running in day.running if running.must}
        opened: dict[int, OpenSession | None] = {}
        for candidate in sorted(day.candidates, key=lambda c: c.id not in must):
            held = [post.staff for post in posts[candidate.id]]
            used = candidate.id in sitting or candidate.id in must
            hall = rooms.get(candidate.id)
            if used and hall is not None and all(adult is not None for adult in held):
                offering = self.problem.offerings[candidate.offering]
                run = tuple(blocks[candidate.first : candidate.after])
                roles = [need.role for need in offering.roles for _ in range(need.count)]
                duties = [
                    Duty(staff=self.problem.staff[adult.id].id, role=role)
                    for role, adult in zip(roles, held, strict=True)
                    if adult is not None
                ]
                opened[candidate.id] = office.open_exactly(
                    offering, run, self.problem.rooms[hall.place], duties
                )
        office.keep_locks()
        for number, students in sitting.items():
            session = opened.get(number)
            for student in students:
                if session is not None:
                    office.seat(student, session)
        office.take_in(office.students)
        return office.plan()


def solve(problem: Problem, seconds: float) -> Plan:
    """The best plan within some seconds, of which the start takes its part, and never worse than
    the start; loading Java and compiling do not count."""
    translation = Translation(problem)
    began = time.monotonic()
    start = greedy.plan(problem)
    left = max(1, round(seconds - (time.monotonic() - began)))
    solver = SolverFactory.create(
        SolverConfig(
            xml_source_text=LOCAL_SEARCH,
            solution_class=Day,
            entity_class_list=[Running, Post, Seat],
            environment_mode=EnvironmentMode.NO_ASSERT,
            score_director_factory_config=ScoreDirectorFactoryConfig(
                constraint_provider_function=promises
            ),
            termination_config=TerminationConfig(spent_limit=Duration(seconds=left)),
        )
    ).build_solver()
    found = translation.plan(solver.solve(translation.day(start)))
    return min(found, start, key=_badness)


def _badness(plan: Plan) -> tuple[int, int]:
    hard = sum(f.amount for f in plan.findings if f.kind == "hard" and f.covered_by is None)
    return hard, plan.cost
