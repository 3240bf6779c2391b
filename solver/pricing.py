"""Finds prices that prove how many students must be left without a session, by linear programming.

Sections are counted by offering, run of blocks and kind of room, students by what is open to them
in a block; the price of each row is what a proof says of every room, adult and seat in it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from math import ceil, floor
from typing import TypeVar

from schemas.base import BlockId, OfferingId, StaffId, StudentId
from schemas.plan import LeastUnplaced
from schemas.school import Room
from solver.effort import ENTRY_WORK
from solver.linear import OPEN, LinearProgram, Matrix
from solver.openings import AtMost, Openings, Run
from solver.shortage import Shortage

TOLD_APART = 2000
"""Students and blocks up to which everybody is counted by what is open to them; beyond that, those
of one grade and the same groups as alike, which takes half the time for 1,100 students in nine
blocks and proves as much there."""

MOST_PROVEN = 10_000
"""Students and blocks beyond which nothing is proven, so that a plan's end is not held up: with
1,100 students in nine blocks a proof takes 9 s of a core, and with 3,000 in eight listing what is
open to everybody alone takes 11 s."""

PARTS = (1, 2, 3, 4, 6, 12, 60, 1 << 20)
"""In so many parts of a student-block prices are tried, the plainest first."""

NEAR = 1e-4
"""So many parts an engine's price may be from the one it means."""

Crew = frozenset[int]
"""Kinds of adults any of whom could take a post."""
K = TypeVar("K", bound=Hashable)


def least_unplaced(openings: Openings) -> tuple[LeastUnplaced | None, float]:
    """The best proof found that somebody must be left, re-checked, if the day is not too large
    for one; and the units of work."""
    if len(openings.facts.students) * len(openings.facts.flex) > MOST_PROVEN:
        return None, 0.0
    program = _Program(openings)
    linear = LinearProgram(program.matrix)
    values = linear.solve_through()
    work = linear.work + len(program.matrix.coefficient) * ENTRY_WORK
    if values is None:
        return None, work
    prices = [max(0.0, -price) for price in linear.prices().tolist()]
    most = ceil(sum(values[column] for column in program.left) - NEAR)
    best: LeastUnplaced | None = None
    for parts in PARTS if most > 0 else ():
        proof = program.proof(prices, parts)
        shortage = Shortage(openings, proof)
        if shortage.amount > (best.amount if best else 0) and shortage.is_paid:
            best = proof.model_copy(update={"amount": shortage.amount})
        if best and best.amount >= most:
            break
    return best, work


class _Program:
    """As many students as can be seated: every row an upper limit, so that its price is what one
    unit more of it would seat."""

    def __init__(self, openings: Openings) -> None:
        self.openings, self.facts, self.matrix = openings, openings.facts, Matrix()
        self._rooms = _grouped({r.id: self._room_key(r) for r in self.facts.rooms.values()})
        self._room_group = _group_of(self._rooms)
        self._adults = _grouped(self._adult_keys())
        self._adult_group = _group_of(self._adults)
        self._seat_rows: dict[tuple[OfferingId, BlockId], int] = {}
        self._room_rows: dict[tuple[int, BlockId], int] = {}
        self._shared_rows: dict[tuple[int, BlockId], int] = {}
        self._section_rows: dict[OfferingId, int] = {}
        self._adult_rows: dict[tuple[int, BlockId], int] = {}
        self._limit_rows: dict[tuple[int, AtMost], int] = {}
        self._crew_rows: dict[tuple[Crew, BlockId], int] = {}
        self._led_rows: dict[int, int] = {}
        self._lead_rows: dict[Crew, int] = {}
        self._leads: dict[tuple[OfferingId, BlockId], Crew] = {}
        self.left: list[int] = []
        """The columns that count who is left."""
        for offering, run in openings.sections():
            self._build(offering, run)
        self._seat()

    # --- rooms and adults alike ---------------------------------------------------------------

    def _room_key(self, room: Room) -> Hashable:
        named = any(lock.target == "room" and lock.room == room.id for lock in self.facts.locks)
        held = tuple(self.facts.room_held(room.id, block) for block in self.facts.flex)
        seats = room.seats if self.openings.counts_seats(room.id) else None
        return self.openings.reach.class_of[room.id], seats, held, room.id if named else None

    def _adult_keys(self) -> dict[StaffId, Hashable]:
        """What adults alike share: the posts they could take, and what limits them."""
        numbers: dict[tuple[StaffId, ...], int] = {}
        takes: dict[StaffId, list[int]] = defaultdict(list)
        for offering, run in self.openings.sections():
            crews = [post.adults for post in self.openings.posts(offering, run)]
            for crew in (*crews, self.openings.leads(offering, run)):
                if crew not in numbers:
                    numbers[crew] = len(numbers)
                    for staff in crew:
                        takes[staff].append(numbers[crew])
        return {
            staff: (
                tuple(takes[staff]),
                tuple(self.facts.staff_held(staff, block) for block in self.facts.flex),
                self.openings.duty_limits.get(staff, ()),
                self.openings.most_led(staff),
            )
            for staff in self.facts.staff
        }

    # --- sections -----------------------------------------------------------------------------

    def _build(self, offering: OfferingId, run: Run) -> None:
        """Columns that count sections of an offering in a run, one for each kind of room."""
        kinds = {
            self._room_group[room.id]: most for room, most in self.openings.rooms(offering, run)
        }
        crews = [
            (post.number, self._crew(post.adults)) for post in self.openings.posts(offering, run)
        ]
        for kind, most in kinds.items():
            column = self.matrix.column(high=OPEN)
            for block in run:
                self.matrix.put(self._room_row(kind, block), column, 1)
                for count, crew in crews:
                    self.matrix.put(self._crew_row(crew, block), column, count)
            if self.openings.most_sections(offering) is not None:
                self.matrix.put(self._section_row(offering), column, 1)
            self._open_seats(offering, run, kind, most, column)
        leads = self.openings.leads(offering, run)
        if leads:
            self._leads[offering, run[0]] = self._crew(leads)

    def _open_seats(
        self, offering: OfferingId, run: Run, kind: int, most: int, column: int
    ) -> None:
        """Gives a section's seats to its offering, out of those of its room where it shares one."""
        shared = self.openings.counts_seats(self._rooms[kind][0])
        for block in run:
            seats = column
            if shared:
                seats = self.matrix.column(high=OPEN)
                self.matrix.row(((seats, 1), (column, -most)), high=0)
                self.matrix.put(self._shared_row(kind, block), seats, 1)
            self.matrix.put(self._seat_row(offering, block), seats, -1 if shared else -most)

    def _crew(self, adults: Iterable[StaffId]) -> Crew:
        return frozenset(self._adult_group[staff] for staff in adults)

    # --- students -----------------------------------------------------------------------------

    def _seat(self) -> None:
        """Columns that seat students, kind by kind."""
        told_apart = len(self.facts.students) * len(self.facts.flex) <= TOLD_APART
        for block in self.facts.flex:
            kinds = self.openings.demand[block] if told_apart else self._alike(block)
            for offerings, students in kinds.items():
                left = self.matrix.column(cost=1, high=OPEN)
                self.left.append(left)
                row = self.matrix.row(((left, 1),), students, students)
                for offering in self.facts.offerings:
                    if offering in offerings:
                        self._seat_kind(row, offering, block)

    def _alike(self, block: BlockId) -> Counter[frozenset[OfferingId]]:
        """The students of a block, as if whatever is open to one of them were to all of the same
        grade and groups."""
        kinds: dict[Hashable, list[StudentId]] = defaultdict(list)
        for student in self.facts.problem.students:
            if self.facts.is_free(student.id, block):
                kinds[student.grade, student.groups].append(student.id)
        found: Counter[frozenset[OfferingId]] = Counter()
        for alike in kinds.values():
            found[frozenset().union(*(self.openings.open_to(s, block) for s in alike))] += len(
                alike
            )
        return found

    def _seat_kind(self, row: int, offering: OfferingId, block: BlockId) -> None:
        column = self.matrix.column(high=OPEN)
        self.matrix.put(row, column, 1)
        self.matrix.put(self._seat_row(offering, block), column, 1)
        leads = self._leads.get((offering, block))
        if leads is not None:
            self.matrix.put(self._lead_row(leads), column, 1)

    # --- rows, each made when it is first asked for -------------------------------------------

    def _seat_row(self, offering: OfferingId, block: BlockId) -> int:
        return _made(self._seat_rows, (offering, block), lambda: self.matrix.row(high=0))

    def _room_row(self, kind: int, block: BlockId) -> int:
        zones = sum(self.facts.zones(room, block) for room in self._rooms[kind])
        return _made(self._room_rows, (kind, block), lambda: self.matrix.row(high=zones))

    def _shared_row(self, kind: int, block: BlockId) -> int:
        seats = sum(self.facts.rooms[room].seats for room in self._rooms[kind])
        return _made(self._shared_rows, (kind, block), lambda: self.matrix.row(high=seats))

    def _section_row(self, offering: OfferingId) -> int:
        most = self.openings.most_sections(offering)
        return _made(self._section_rows, offering, lambda: self.matrix.row(high=most or 0))

    def _crew_row(self, crew: Crew, block: BlockId) -> int:
        """The row that gives a crew's adults to sections."""
        key = (crew, block)
        if key not in self._crew_rows:
            row = self._crew_rows[key] = self.matrix.row(high=0)
            for kind in sorted(crew):
                column = self.matrix.column(high=OPEN)
                self.matrix.put(row, column, -1)
                self.matrix.put(self._adult_row(kind, block), column, 1)
                for limit in self._limits(kind):
                    if block in limit.blocks:
                        self.matrix.put(self._limit_row(kind, limit), column, 1)
        return self._crew_rows[key]

    def _adult_row(self, kind: int, block: BlockId) -> int:
        free = len(self._adults[kind]) * (not self.facts.staff_held(self._adults[kind][0], block))
        return _made(self._adult_rows, (kind, block), lambda: self.matrix.row(high=free))

    def _limits(self, kind: int) -> tuple[AtMost, ...]:
        return self.openings.duty_limits.get(self._adults[kind][0], ())

    def _limit_row(self, kind: int, limit: AtMost) -> int:
        most = len(self._adults[kind]) * limit.most
        return _made(self._limit_rows, (kind, limit), lambda: self.matrix.row(high=most))

    def _lead_row(self, crew: Crew) -> int:
        """The row that gives the students whom a crew may lead to offerings."""
        if crew not in self._lead_rows:
            row = self._lead_rows[crew] = self.matrix.row(high=0)
            for kind in sorted(crew):
                column = self.matrix.column(high=OPEN)
                self.matrix.put(row, column, -1)
                self.matrix.put(self._led_row(kind), column, 1)
        return self._lead_rows[crew]

    def _led_row(self, kind: int) -> int:
        most = self.openings.most_led(self._adults[kind][0]) or 0
        students = most * len(self._adults[kind])
        return _made(self._led_rows, kind, lambda: self.matrix.row(high=students))

    # --- prices -------------------------------------------------------------------------------

    def proof(self, prices: list[float], parts: int) -> LeastUnplaced:
        """The proof that prices of rows make, in so many parts: what a seat is worth is rounded
        down, and what is paid for it up."""
        return LeastUnplaced(
            amount=1,
            parts=parts,
            seats=self._seats(prices, parts),
            rooms=self._each(self._room_rows, self._rooms, prices, parts),
            shared=self._each(self._shared_rows, self._rooms, prices, parts),
            adults=self._wages(prices, parts),
            sections=tuple(
                (offering, price)
                for offering, row in self._section_rows.items()
                for price in [_up(prices[row], parts)]
                if price
            ),
            leads=tuple(
                (staff, price)
                for kind, row in self._led_rows.items()
                for price in [_up(prices[row], parts)]
                if price
                for staff in self._adults[kind]
            ),
        )

    def _seats(
        self, prices: list[float], parts: int
    ) -> tuple[tuple[OfferingId, BlockId, int], ...]:
        found = []
        for (offering, block), row in self._seat_rows.items():
            leads = self._leads.get((offering, block))
            led = prices[self._lead_rows[leads]] if leads in self._lead_rows else 0.0
            worth = floor(min(1.0, prices[row] + led) * parts + NEAR)
            if worth:
                found.append((offering, block, worth))
        return tuple(found)

    @staticmethod
    def _each(
        rows: Mapping[tuple[int, BlockId], int],
        members: list[list[str]],
        prices: list[float],
        parts: int,
    ) -> tuple[tuple[str, BlockId, int], ...]:
        """The price of a row for each of those it counts."""
        return tuple(
            (name, block, price)
            for (kind, block), row in rows.items()
            for price in [_up(prices[row], parts)]
            if price
            for name in members[kind]
        )

    def _wages(self, prices: list[float], parts: int) -> tuple[tuple[StaffId, BlockId, int], ...]:
        """What adults are paid in a block, with what their breaks make their time worth."""
        found: list[tuple[StaffId, BlockId, int]] = []
        for (kind, block), row in self._adult_rows.items():
            breaks = (
                prices[self._limit_rows[kind, limit]]
                for limit in self._limits(kind)
                if block in limit.blocks and (kind, limit) in self._limit_rows
            )
            price = _up(prices[row] + sum(breaks), parts)
            if price:
                found.extend((staff, block, price) for staff in self._adults[kind])
        return tuple(found)


def _made(rows: dict[K, int], key: K, make: Callable[[], int]) -> int:
    if key not in rows:
        rows[key] = make()
    return rows[key]


def _up(price: float, parts: int) -> int:
    return ceil(price * parts - NEAR)


def _grouped(keys: Mapping[str, Hashable]) -> list[list[str]]:
    groups: dict[Hashable, list[str]] = defaultdict(list)
    for name, key in keys.items():
        groups[key].append(name)
    return list(groups.values())


def _group_of(groups: list[list[str]]) -> dict[str, int]:
    return {name: number for number, names in enumerate(groups) for name in names}
