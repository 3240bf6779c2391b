"""A whole day as one model in whole numbers, for CP-SAT or for HiGHS as they come.

As a modeller would write it who knows that rooms and sections are alike: for every offering, run
of blocks and part of the campus it counts sections by class of room, says which adults are on duty
and which students come for something they need, wish for or are owed; students who come for
nothing in particular are counted by grade. Everything that binds is in it, but for company within
a section (it is not known who shares one) and a few small prices.
A solution becomes a plan as an office would do it: sections get rooms and adults, students the
seats they were meant for, whoever can't have theirs the best one left.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from schemas.base import BlockId, CompetencyId, StaffId, StudentId
from schemas.plan import Duty, Plan
from schemas.problem import DutyLock, PlacementLock, Problem, RoomLock, SessionLock
from schemas.school import MinuteKind, Offering, Role, Room
from solver.board import OpenSession
from solver.linear import Matrix
from solver.worth import loss, meets
from tests.bench.peers.office import Office, Run

Term = tuple[int, int]
Grade = str | None
KINDS: tuple[MinuteKind, ...] = ("live_teacher", "choice", "enrichment")


@dataclass(eq=False)
class Option:
    """An offering in a run of blocks and a part of the campus within which nobody is late."""

    offering: Offering
    run: Run
    zone: int
    rooms: list[tuple[tuple[Room, ...], int]] = field(default_factory=list)
    """Rooms that are alike, and the column that counts sections in them."""
    duties: dict[tuple[Role, StaffId], int] = field(default_factory=dict)
    """The column of each duty an adult could hold."""
    seats: dict[tuple[StudentId, CompetencyId | None], int] = field(default_factory=dict)
    """The column of each student who comes for something, and of what it serves."""
    others: dict[Grade, int] = field(default_factory=dict)
    """The columns that count students who come for nothing in particular."""

    def of(self, student: StudentId) -> list[int]:
        """The columns of one student."""
        return [column for (name, _), column in self.seats.items() if name == student]


class DayModel:
    """The rows of a day. Columns are whole numbers; the cost is what placements save, negated."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.office = Office(problem)
        self.facts, self.worth, self.lawful = (
            self.office.facts, self.office.worth, self.office.lawful,
        )  # fmt: skip
        self.matrix = Matrix()
        self.zone_of = self._zones()
        self.options: list[Option] = []
        self.seated: dict[StudentId, list[tuple[Option, CompetencyId | None, int]]] = defaultdict(
            list
        )
        self._busy: dict[tuple[StaffId, BlockId], list[int]] = defaultdict(list)
        self._build_options()
        self._build_students()
        self._build_rooms()
        self._build_adults()
        self._build_locks()
        self._build_company()

    # --- sections -----------------------------------------------------------------------------

    def _zones(self) -> dict[str, int]:
        """Buildings by number, those alike between which nobody can be late."""
        flex = [self.facts.blocks[block] for block in self.facts.flex]
        pause = min((b.start - a.end for a, b in pairwise(flex)), default=0)
        zone: dict[str, int] = {}
        for building in self.problem.buildings:
            near = [
                z for other, z in zone.items() if self.facts.travel(building.id, other) <= pause
            ]
            zone[building.id] = near[0] if near else len(zone)
        return zone

    def _build_options(self) -> None:
        for offering in self.problem.offerings:
            columns: list[int] = []
            for run in self.facts.starts(offering.id):
                for option in self._options_in(offering, run):
                    self.options.append(option)
                    columns += [column for _, column in option.rooms]
            if offering.most_sections is not None and columns:
                self.matrix.row([(c, 1) for c in columns], high=offering.most_sections)

    def _options_in(self, offering: Offering, run: Run) -> Iterator[Option]:
        alike: dict[tuple[object, ...], list[Room]] = defaultdict(list)
        for room in self.lawful.rooms_for(offering.id):
            if self.lawful.room_allowed(room, offering.id, run):
                kind = (room.building, room.kind, room.seats, tuple(sorted(room.features)))
                alike[(*kind, room.zones, room.id if room.zones > 1 else "")].append(room)
        for zone in sorted({self.zone_of[rooms[0].building] for rooms in alike.values()}):
            option = Option(offering, run, zone)
            if self._staffed(option):
                for rooms in alike.values():
                    if self.zone_of[rooms[0].building] == zone:
                        most = sum(room.zones for room in rooms)
                        option.rooms.append((tuple(rooms), self.matrix.column(high=most)))
                self._count_roles(option)
                yield option

    def _staffed(self, option: Option) -> bool:
        """Whether every role finds its adults; their columns."""
        for need in option.offering.roles:
            able = [
                staff
                for staff in self.facts.staff
                if self.lawful.may_work(self.office.board, staff, need, option.offering, option.run)
            ]
            if len(able) < need.count:
                return False
            for staff in able:
                if (need.role, staff) not in option.duties:
                    column = self.matrix.column()
                    option.duties[need.role, staff] = column
                    for block in option.run:
                        self._busy[staff, block].append(column)
        return True

    def _count_roles(self, option: Option) -> None:
        sections = [(column, 1) for _, column in option.rooms]
        for need in option.offering.roles:
            able = [
                (column, 1)
                for (role, staff), column in option.duties.items()
                if role == need.role and self.facts.fills(staff, option.offering.id, need)
            ]
            self.matrix.row([*able, *_times(sections, -need.count)], low=0)
        for role in {role for role, _ in option.duties}:
            asked = sum(n.count for n in option.offering.roles if n.role == role)
            held = [(column, 1) for (r, _), column in option.duties.items() if r == role]
            self.matrix.row([*held, *_times(sections, -asked)], high=0)

    # --- students -----------------------------------------------------------------------------

    def _build_students(self) -> None:
        by_offering: dict[str, list[Option]] = defaultdict(list)
        for option in self.options:
            by_offering[option.offering.id].append(option)
        aside: dict[tuple[BlockId, Grade], list[int]] = defaultdict(list)
        for student in self.office.students:
            self._seat_columns(student, by_offering)
            self._one_place(student, aside)
            self._needs_once(student)
            self._wishes(student)
            self._owed(student)
            self._staying(student)
            self._on_time(student)
            self._in_order(student)
        self._others(aside)
        for option in self.options:
            self._sizes(option)

    def _seat_columns(self, student: StudentId, by_offering: dict[str, list[Option]]) -> None:
        facts = self.facts
        needs: dict[str, list[CompetencyId | None]] = defaultdict(list)
        for need in facts.needs[student]:
            if not facts.missing(student, need):
                for offering in facts.teaching.get(need, ()):
                    needs[offering].append(need)
        for wish in self._wished(student):
            needs[wish].append(None)
        for name, serving in needs.items():
            if not self.lawful.may_take(student, name):
                continue
            for option in by_offering[name]:
                if self._could_sit(student, option):
                    for competency in serving:
                        column = self.matrix.column(cost=-self._worth(student, option, competency))
                        option.seats[student, competency] = column
                        self.seated[student].append((option, competency, column))

    def _wished(self, student: StudentId) -> set[str]:
        worth, facts = self.worth, self.facts
        wished = {o for ballot in worth.ballots[student] for o in ballot.ranking}
        wished |= {o for request in worth.requests[student] for o in request.offerings}
        wished |= {
            offering
            for service in worth.services[student]
            for offering in facts.offerings
            if worth.delivers(service, offering)
        }
        for block in facts.free_blocks(student):
            old = worth.before.get((student, block))
            if old is not None and old.offering is not None:
                wished.add(old.offering)
        for lock in facts.locks:
            if isinstance(lock, PlacementLock) and lock.student == student:
                wished.add(lock.offering)
        return wished & facts.offerings.keys()

    def _could_sit(self, student: StudentId, option: Option) -> bool:
        rooms = [rooms[0] for rooms, _ in option.rooms]
        return (
            all(self.facts.is_free(student, block) for block in option.run)
            and self.lawful.in_time(student, option.offering, option.run)
            and any(self.lawful.could_reach(student, room, option.run) for room in rooms)
            and all(self._suits(need, option) for need in self._asks(student, option))
        )

    def _asks(self, student: StudentId, option: Option) -> list[object]:
        return [
            need
            for need in self.facts.accommodations.get(student, ())
            if self.facts.applies(need, option.offering)
        ]

    @staticmethod
    def _suits(need: object, option: Option) -> bool:
        kind = getattr(need, "kind", "")
        if kind == "place":
            feature = getattr(need, "feature", None)
            return any(feature in rooms[0].features for rooms, _ in option.rooms)
        if kind == "aide":
            return any(role == "aide" for role, _ in option.duties)
        return True

    def _worth(self, student: StudentId, option: Option, competency: CompetencyId | None) -> int:
        """What a seat saves apart from what depends on other seats."""
        tried = self.facts.tried.get((student, competency or "", option.offering.modality), ())
        worth = self.worth.need(student, competency) if competency else 0
        worth -= self.worth.price["stuck"] * (None in tried)
        for block in option.run:
            old = self.worth.before.get((student, block))
            if old is not None and old.offering == option.offering.id:
                worth += self.worth.price["moved"] * self.facts.blocks[block].moved_factor
        return worth

    def _one_place(self, student: StudentId, aside: dict[tuple[BlockId, Grade], list[int]]) -> None:
        grade = self.facts.students[student].grade
        for block in self.facts.free_blocks(student):
            unplaced = self.matrix.column(cost=self.worth.price["unplaced"])
            elsewhere = self.matrix.column()
            aside[block, grade].append(elsewhere)
            here = [(column, 1) for o, _, column in self.seated[student] if block in o.run]
            self.matrix.row([*here, (unplaced, 1), (elsewhere, 1)], 1, 1)

    def _needs_once(self, student: StudentId) -> None:
        times: dict[CompetencyId, list[Term]] = defaultdict(list)
        for _, competency, column in self.seated[student]:
            if competency is not None:
                times[competency].append((column, 1))
        for columns in times.values():
            if len(columns) > 1:
                self.matrix.row(columns, high=1)

    def _wishes(self, student: StudentId) -> None:
        price = self.worth.price
        for ballot in self.worth.ballots[student]:
            granted: list[Term] = []
            for rank, offering in enumerate(ballot.ranking):
                ways = [
                    (column, -1)
                    for option, _, column in self.seated[student]
                    if option.offering.id == offering
                    and loss(ballot, offering, option.run) < len(ballot.ranking)
                ]
                if ways:
                    saved = (len(ballot.ranking) - rank) * ballot.credit * price["choice-missed"]
                    best = self.matrix.column(cost=-saved)
                    self.matrix.row([(best, 1), *ways], high=0)
                    granted.append((best, 1))
            self.matrix.row(granted, high=1)
        for request in self.worth.requests[student]:
            ways = [
                (column, -1)
                for option, _, column in self.seated[student]
                if meets(request, option.offering.id, option.run)
            ]
            met = self.matrix.column(cost=-request.priority * price["request-missed"])
            self.matrix.row([(met, 1), *ways], high=0)

    def _owed(self, student: StudentId) -> None:
        """Minutes of services and floors."""
        for service in self.worth.services[student]:
            ways = [
                (column, self.worth.delivered(service, option.offering.id, option.run))
                for option, _, column in self.seated[student]
            ]
            self._reward("service-short", service.minutes_due, ways)
        floors = self.facts.students[student].floors
        for kind in KINDS:
            ways = [
                (column, self.facts.minutes(option.run))
                for option, _, column in self.seated[student]
                if self.facts.gives(student, option.offering.id, kind)
            ]
            self._reward("equity-floor", getattr(floors, kind), ways)

    def _reward(self, rule: str, minutes: int, ways: list[Term]) -> None:
        ways = [(column, given) for column, given in ways if given]
        if minutes and ways:
            got = self.matrix.column(cost=-self.worth.price[rule], high=minutes)
            self.matrix.row([(got, 1), *_times(ways, -1)], high=0)

    def _staying(self, student: StudentId) -> None:
        """Keeping the lead as published."""
        for block in self.facts.free_blocks(student):
            old = self.worth.before.get((student, block))
            if old is None or old.lead is None:
                continue
            for option, _, column in self.seated[student]:
                duty = option.duties.get(("lead", old.lead))
                if duty is not None and block in option.run and option.offering.id == old.offering:
                    factor = self.facts.blocks[block].moved_factor
                    kept = self.matrix.column(cost=-self.worth.price["moved"] * factor)
                    self.matrix.row(((kept, 1), (column, -1)), high=0)
                    self.matrix.row(((kept, 1), (duty, -1)), high=0)

    def _on_time(self, student: StudentId) -> None:
        """Nobody goes to another part of the campus without a pause long enough."""
        mine = self.seated[student]
        zones = {option.zone for option, _, _ in mine}
        if len(zones) < 2:
            return
        for i, j, _ in self.facts.crossings:
            for zone in zones:
                before = [(c, 1) for o, _, c in mine if o.run[-1] == i and o.zone == zone]
                after = [(c, 1) for o, _, c in mine if o.run[0] == j and o.zone != zone]
                if before and after:
                    self.matrix.row([*before, *after], high=1)

    def _in_order(self, student: StudentId) -> None:
        mine = self.seated[student]
        for order in self.problem.orders:
            first = [(o, c) for o, _, c in mine if o.offering.id == order.first]
            then = [(o, c) for o, _, c in mine if o.offering.id == order.then]
            for a, one in first:
                for b, other in then:
                    if not self.facts.ends_before(a.run, b.run):
                        self.matrix.row(((one, 1), (other, 1)), high=1)

    def _others(self, aside: dict[tuple[BlockId, Grade], list[int]]) -> None:
        """Students who come for nothing in particular, counted by grade."""
        counted: dict[tuple[BlockId, Grade], list[Term]] = defaultdict(list)
        grades = {grade: len(columns) for (_, grade), columns in aside.items()}
        for option in self.options:
            offering = option.offering
            if offering.groups is not None or offering.needs_consent:
                continue
            for grade, most in grades.items():
                if offering.grades is None or grade in offering.grades:
                    column = self.matrix.column(high=most)
                    option.others[grade] = column
                    for block in option.run:
                        counted[block, grade].append((column, -1))
        for (block, grade), columns in aside.items():
            self.matrix.row([*((c, 1) for c in columns), *counted[block, grade]], 0, 0)

    def _sizes(self, option: Option) -> None:
        """Seats by rooms, minima, ratio, and what single students ask of a section."""
        offering = option.offering
        seats = [(c, 1) for c in (*option.seats.values(), *option.others.values())]
        caps = [(c, -min(offering.largest, rooms[0].seats)) for rooms, c in option.rooms]
        small = [
            (column, offering.largest - (need.group_size or 0))
            for (student, _), column in option.seats.items()
            for need in self.facts.accommodations.get(student, ())
            if need.kind == "group_size" and self.facts.applies(need, offering)
            if (need.group_size or 0) < offering.largest
        ]
        self.matrix.row([*seats, *small, *caps], high=0)
        if offering.smallest > 0:
            self.matrix.row([*seats, *((c, -offering.smallest) for _, c in option.rooms)], low=0)
        if offering.students_per_adult is not None:
            duties = [(c, -offering.students_per_adult) for c in option.duties.values()]
            self.matrix.row([*seats, *duties], high=0)
        for (student, _), column in option.seats.items():
            for need in self.facts.accommodations.get(student, ()):
                if not self.facts.applies(need, offering) or need.kind not in ("aide", "language"):
                    continue
                helps = [
                    (duty, -1)
                    for (role, staff), duty in option.duties.items()
                    if (need.kind == "aide" and role == "aide")
                    or (
                        need.kind == "language"
                        and need.qualification in self.facts.staff[staff].qualifications
                    )
                ]
                self.matrix.row([(column, 1), *helps], high=0)

    # --- rooms and adults -----------------------------------------------------------------------

    def _build_rooms(self) -> None:
        """No more sections at once than rooms: for every set of rooms that some section could
        take, sections that can only be in it."""
        used: dict[BlockId, dict[frozenset[str], list[int]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for option in self.options:
            for rooms, column in option.rooms:
                for block in option.run:
                    used[block][frozenset(room.id for room in rooms)].append(column)
        for block, sets in used.items():
            for alike in sets:
                inside = [(c, 1) for other, cs in sets.items() if other <= alike for c in cs]
                most = sum(self.facts.zones(room, block) for room in alike)
                self.matrix.row(inside, high=most)
                (first, *more) = alike
                if not more and self.facts.rooms[first].zones > 1:
                    self._shared_seats(self.facts.rooms[first], block)

    def _shared_seats(self, room: Room, block: BlockId) -> None:
        """A shared room's seats hold all who are in its sections, as far as it is known who is:
        those beyond what the option's other rooms can take."""
        row: list[Term] = []
        for option in self.options:
            columns = [c for rooms, c in option.rooms if rooms[0] is room]
            if block not in option.run or not columns:
                continue
            seats = [(c, 1) for c in (*option.seats.values(), *option.others.values())]
            inside = self.matrix.column(high=room.seats)
            others = [
                (c, -min(option.offering.largest, rooms[0].seats))
                for rooms, c in option.rooms
                if rooms[0] is not room
            ]
            self.matrix.row([*seats, *others, (inside, -1)], high=0)
            row.append((inside, 1))
        self.matrix.row(row, high=room.seats)

    def _build_adults(self) -> None:
        for columns in self._busy.values():
            self.matrix.row([(column, 1) for column in columns], high=1)
        for time in self.problem.protected:
            self._protect(time.staff, time.blocks, time.at_least)
        for adult in self.problem.staff:
            self._agreed(adult.id)
        whole = [order for order in self.problem.orders if order.whole_offering]
        for order in whole:
            first = [o for o in self.options if o.offering.id == order.first]
            then = [o for o in self.options if o.offering.id == order.then]
            for a in first:
                for b in then:
                    if not self.facts.ends_before(a.run, b.run):
                        flags = [self._runs(a), self._runs(b)]
                        self.matrix.row([(flag, 1) for flag in flags], high=1)

    def _runs(self, option: Option) -> int:
        """A column that is 1 where the option has a section."""
        flag = self.matrix.column()
        most = sum(len(rooms) * rooms[0].zones for rooms, _ in option.rooms)
        self.matrix.row([*((c, 1) for _, c in option.rooms), (flag, -most)], high=0)
        return flag

    def _protect(self, staff: Iterable[StaffId], blocks: Iterable[BlockId], least: int) -> None:
        free: list[Term] = []
        for block in blocks:
            if not any(self.facts.staff_committed(adult, block) for adult in staff):
                kept = self.matrix.column()
                free.append((kept, 1))
                for adult in staff:
                    busy = [(c, 1) for c in self._busy.get((adult, block), ())]
                    self.matrix.row([*busy, (kept, 1)], high=1)
        self.matrix.row(free, low=min(least, len(free)))

    def _agreed(self, staff: StaffId) -> None:
        adult = self.facts.staff[staff]
        blocks = list(self.facts.blocks)
        busy = {block: [(c, 1) for c in self._busy.get((staff, block), ())] for block in blocks}
        if adult.most_consecutive_blocks is not None:
            longest = adult.most_consecutive_blocks
            for at in range(len(blocks) - longest):
                window = blocks[at : at + longest + 1]
                if all(busy[block] for block in window):
                    terms = [term for block in window for term in busy[block]]
                    self.matrix.row(terms, high=longest)
        if adult.most_preparations is not None:
            prepared: list[Term] = []
            led: dict[str, list[int]] = defaultdict(list)
            for option in self.options:
                if ("lead", staff) in option.duties:
                    led[option.offering.id].append(option.duties["lead", staff])
            for columns in led.values():
                flag = self.matrix.column()
                prepared.append((flag, 1))
                for column in columns:
                    self.matrix.row(((column, 1), (flag, -1)), high=0)
            self.matrix.row(prepared, high=adult.most_preparations)
        if adult.fair_blocks is not None:
            over = self.matrix.column(cost=self.worth.price["uneven-load"], high=len(blocks))
            taken = [term for block in blocks for term in busy[block]]
            self.matrix.row([*taken, (over, -1)], high=adult.fair_blocks)
        if adult.most_students is not None:
            self._limit_students(staff, adult.most_students)
        mine = [
            (option, column)
            for option in self.options
            for (_, name), column in option.duties.items()
            if name == staff
        ]
        for i, j, _ in self.facts.crossings:
            for zone in {option.zone for option, _ in mine}:
                before = [(c, 1) for o, c in mine if o.run[-1] == i and o.zone == zone]
                after = [(c, 1) for o, c in mine if o.run[0] == j and o.zone != zone]
                if before and after:
                    self.matrix.row([*before, *after], high=1)

    def _limit_students(self, staff: StaffId, most: int) -> None:
        """What a lead's sections must hold when the other sections of their options are full."""
        led: list[Term] = []
        for option in self.options:
            duty = option.duties.get(("lead", staff))
            if duty is not None:
                full = option.offering.largest
                seats = [(c, 1) for c in (*option.seats.values(), *option.others.values())]
                sections = [(column, -full) for _, column in option.rooms]
                share = self.matrix.column(high=full)
                self.matrix.row([*seats, *sections, (duty, full), (share, -1)], high=0)
                led.append((share, 1))
        self.matrix.row(led, high=most)

    # --- locks and people kept apart ------------------------------------------------------------

    def _build_locks(self) -> None:
        for lock in self.facts.locks:
            match lock:
                case PlacementLock():
                    ways = [
                        (column, 1)
                        for option, _, column in self.seated[lock.student]
                        if option.offering.id == lock.offering and lock.block in option.run
                    ]
                    if ways:
                        self.matrix.row(ways, low=1)
                        self._run_in(lock.offering, lock.block, lock.room)
                case SessionLock():
                    self._run_in(lock.offering, lock.block, lock.room)
                    if lock.lead is not None:
                        self._hold(self._at(lock.offering, lock.block), lock.lead, "lead")
                case DutyLock(offering=offering) if offering is not None:
                    self._hold(self._at(offering, lock.block), lock.staff, lock.role)
                case DutyLock() | RoomLock():
                    pass  # `lawful` leaves no option that would break them

    def _run_in(self, offering: str, block: BlockId, room: str | None) -> None:
        """A section runs in the block, in the room where one is named."""
        sections = [
            (column, 1)
            for option in self._at(offering, block)
            for rooms, column in option.rooms
            if room is None or any(other.id == room for other in rooms)
        ]
        if sections:
            self.matrix.row(sections, low=1)

    def _at(self, offering: str, block: BlockId) -> list[Option]:
        return [o for o in self.options if o.offering.id == offering and block in o.run]

    def _hold(self, options: list[Option], staff: StaffId, role: Role | None) -> None:
        held = [
            (column, 1)
            for option in options
            for (r, name), column in option.duties.items()
            if name == staff and role in (None, r)
        ]
        if held:
            self.matrix.row(held, low=1)

    def _build_company(self) -> None:
        """Two people to be kept apart are in one option only where it has two sections."""
        apart = [relation for relation, _ in self.facts.apart]
        for option in self.options:
            sections = [(column, -1) for _, column in option.rooms]
            for relation in apart:
                mine = [(column, 1) for column in option.of(relation.student)]
                theirs = [(column, 1) for column in option.of(relation.other)]
                theirs += [(c, 1) for (_, s), c in option.duties.items() if s == relation.other]
                if mine and theirs:
                    self.matrix.row([*mine, *theirs, *sections], high=0)

    # --- from a solution to a plan ----------------------------------------------------------------

    def plan(self, values: list[int]) -> Plan:
        """The plan that a solution amounts to, made lawful where it is not."""
        office = Office(self.problem)
        opened = {
            option: list(self._opened(office, option, values))
            for option in sorted(self.options, key=lambda option: -len(option.run))
        }
        office.keep_locks()
        for option, sessions in opened.items():
            seats = [s for (s, _), column in option.seats.items() if values[column]]
            for student in seats:
                for session in sorted(sessions, key=lambda session: len(session.seats)):
                    if office.seat(student, session):
                        break
        order = sorted(office.students, key=lambda s: -len(self.seated[s]))
        office.take_in(order)
        return office.plan()

    def _opened(self, office: Office, option: Option, values: list[int]) -> Iterator[OpenSession]:
        """The option's sessions, in rooms that locks name before others that are alike."""
        offering, run = option.offering, option.run
        named = {
            lock.room
            for lock in self.facts.locks
            if isinstance(lock, PlacementLock | SessionLock)
            and lock.offering == offering.id
            and lock.block in run
        }
        on_duty: dict[Role, list[StaffId]] = defaultdict(list)
        for (role, staff), column in option.duties.items():
            if values[column]:
                on_duty[role].append(staff)
        for alike, column in option.rooms:
            for _ in range(values[column]):
                free = [
                    room
                    for room in sorted(alike, key=lambda room: room.id not in named)
                    if self.lawful.room_is_free(office.board, room, offering.id, run)
                ]
                duties = list(_dealt(offering, on_duty))
                if free and len(duties) == sum(need.count for need in offering.roles):
                    yield office.open_as(offering, run, free[0], duties)


def _dealt(offering: Offering, on_duty: dict[Role, list[StaffId]]) -> Iterator[Duty]:
    for need in offering.roles:
        for _ in range(need.count):
            if on_duty[need.role]:
                yield Duty(staff=on_duty[need.role].pop(0), role=need.role)


def _times(terms: Iterable[Term], factor: int) -> list[Term]:
    return [(column, coefficient * factor) for column, coefficient in terms]
