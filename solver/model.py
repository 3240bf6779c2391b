"""The decisions of a day as variables over candidate sessions, and the questions rules ask."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from schemas.base import BlockId, CompetencyId, OfferingId, RoomId, SessionId, StaffId, StudentId
from schemas.plan import Duty, Unplaced
from solver.facts import Facts, PersonKind
from solver.logic import Logic
from solver.rows import ONE, ZERO, Expr, total
from solver.rules.base import Rule


@dataclass(frozen=True)
class Slot:
    """A candidate session: offering and blocks are settled, the rest is open as far as listed.

    A slot that is `settled` runs in its only room, with exactly the duties and students listed.
    """

    id: SessionId
    offering: OfferingId
    blocks: tuple[BlockId, ...]
    rooms: tuple[RoomId, ...]
    duties: tuple[Duty, ...]
    students: tuple[StudentId, ...]
    serves: tuple[CompetencyId | None, ...] = ()
    """For a settled slot: what each student's placement serves."""
    settled: bool = False


class Model(Logic):
    """Variables and rows for some slots of a day. Settled slots are constants in every question.

    `unplaced` are entries that stay: they count where their students have nothing open.
    """

    def __init__(
        self, facts: Facts, slots: Sequence[Slot], unplaced: Sequence[Unplaced] = ()
    ) -> None:
        self.facts = facts
        self.slots = tuple(slots)
        self.open_slots: tuple[Slot, ...] = tuple(s for s in self.slots if not s.settled)
        super().__init__()
        self._slot = {slot.id: slot for slot in slots}
        self._open: dict[SessionId, Expr] = {}
        self._room: dict[tuple[SessionId, RoomId], Expr] = {}
        self._duty: dict[tuple[SessionId, Duty], Expr] = {}
        self._seat: dict[tuple[StudentId, SessionId], Expr] = {}
        self._serves: dict[tuple[StudentId, SessionId, CompetencyId], Expr] = {}
        self._home: dict[tuple[StudentId, BlockId], list[tuple[str, Expr]]] = {}
        self._slots_of_student: dict[StudentId, list[Slot]] = defaultdict(list)
        self._seats_at: dict[tuple[StudentId, BlockId], list[tuple[Slot, Expr]]] = defaultdict(list)
        self._slots_of_staff: dict[StaffId, list[tuple[Slot, Duty]]] = defaultdict(list)
        self._slots_of_room: dict[tuple[RoomId, BlockId], list[Slot]] = defaultdict(list)
        self._slots_of_offering: dict[OfferingId, list[Slot]] = defaultdict(list)
        self._rule: Rule | None = None
        """The rule that is being enforced, if one is."""
        self._left_open: Collection[str] = ()
        for slot in self.slots:
            self._decide(slot)
        self.students: tuple[StudentId, ...] = tuple(
            student.id
            for student in facts.problem.students
            if any(not slot.settled for slot in self._slots_of_student[student.id])
        )
        """The students with something open, in the order of the Problem."""
        for student in self.students:
            self._decide_homes(student)
        moving = set(self.students)
        self._homed = Counter(entry.home for entry in unplaced if entry.student not in moving)
        self._cache: dict[tuple[str, ...], Expr] = {}
        self._spots: dict[tuple[str, ...], dict[str, Expr]] = {}

    def _decide(self, slot: Slot) -> None:
        settled = slot.settled
        self._slots_of_offering[slot.offering].append(slot)
        is_open = self._open[slot.id] = ONE if settled else self.rows.variable()
        alone = len(slot.rooms) == 1
        for room in slot.rooms:
            self._room[slot.id, room] = is_open if alone else self.rows.variable()
            for block in slot.blocks:
                self._slots_of_room[room, block].append(slot)
        if not alone:
            self.rows.add(total(self._room[slot.id, r] for r in slot.rooms) - is_open, 0, 0)
        for duty in slot.duties:
            self._duty[slot.id, duty] = ONE if settled else self._within(is_open)
            self._slots_of_staff[duty.staff].append((slot, duty))
        taught = self.facts.offerings[slot.offering].competencies
        for i, student in enumerate(slot.students):
            seat = self._seat[student, slot.id] = ONE if settled else self._within(is_open)
            self._slots_of_student[student].append(slot)
            for block in slot.blocks:
                self._seats_at[student, block].append((slot, seat))
            if settled:
                for competency in taught:
                    served = bool(slot.serves) and slot.serves[i] == competency
                    self._serves[student, slot.id, competency] = ONE if served else ZERO
            elif taught:
                self._decide_served(student, slot, seat, taught)

    def _decide_served(
        self, student: StudentId, slot: Slot, seat: Expr, taught: tuple[CompetencyId, ...]
    ) -> None:
        choices = [self.rows.variable() for _ in taught]
        for competency, choice in zip(taught, choices, strict=True):
            self._serves[student, slot.id, competency] = choice
        self.rows.add(total(choices) - seat, high=0)

    def _decide_homes(self, student: StudentId) -> None:
        for home in self.facts.problem.homes:
            if home.block in self.facts.free_blocks(student):
                self._home.setdefault((student, home.block), []).append(
                    (home.id, self.rows.variable())
                )

    def _within(self, outer: Expr) -> Expr:
        inner = self.rows.variable()
        self.rows.add(inner - outer, high=0)
        return inner

    # --- questions: each answer is 0 or 1 in a plan -------------------------------------------

    @cached_property
    def open_rooms(self) -> tuple[tuple[RoomId, BlockId], ...]:
        """The rooms and blocks that an open slot could take."""
        return tuple(
            dict.fromkeys(
                (r, b) for slot in self.open_slots for r in slot.rooms for b in slot.blocks
            )
        )

    @cached_property
    def open_staff(self) -> tuple[StaffId, ...]:
        """The adults whom an open slot could take."""
        return tuple(dict.fromkeys(d.staff for slot in self.open_slots for d in slot.duties))

    def slots_at(self, offering: OfferingId, block: BlockId) -> list[Slot]:
        """The slots of an offering in a block."""
        return [s for s in self.slots_for(offering) if block in s.blocks]

    def slots_for(self, offering: OfferingId) -> list[Slot]:
        """The slots of an offering."""
        return self._slots_of_offering.get(offering, [])

    def slot(self, slot: SessionId) -> Slot:
        return self._slot[slot]

    def runs(self, slot: Slot) -> Expr:
        """Whether the slot becomes a session."""
        return self._open[slot.id]

    def in_room(self, slot: Slot, room: RoomId) -> Expr:
        """Whether it runs in the room."""
        return self._room.get((slot.id, room), ZERO)

    def slots_in_room(self, room: RoomId, block: BlockId) -> list[Slot]:
        """The slots that could be in the room in the block."""
        return self._slots_of_room.get((room, block), [])

    def on_duty(self, slot: Slot, duty: Duty) -> Expr:
        """Whether the adult holds that role in it."""
        return self._duty.get((slot.id, duty), ZERO)

    def duties_of(self, staff: StaffId) -> list[tuple[Slot, Duty, Expr]]:
        """Every duty the adult could hold."""
        return [
            (slot, duty, self._duty[slot.id, duty])
            for slot, duty in self._slots_of_staff.get(staff, [])
        ]

    def works_in(self, slot: Slot, staff: StaffId) -> list[Expr]:
        """The duties the adult could hold in the slot."""
        return [self._duty[slot.id, duty] for duty in slot.duties if duty.staff == staff]

    def sits(self, student: StudentId, slot: Slot) -> Expr:
        """Whether the student is placed in it."""
        return self._seat.get((student, slot.id), ZERO)

    def seats(self, slot: Slot) -> Iterator[tuple[StudentId, Expr]]:
        """The students that could be placed in the slot."""
        for student in slot.students:
            yield student, self._seat[student, slot.id]

    def slots_of(self, student: StudentId) -> list[Slot]:
        """The slots the student could be placed in."""
        return self._slots_of_student.get(student, [])

    def open_blocks(self, student: StudentId) -> list[BlockId]:
        """The blocks in which something is open for the student."""
        return [
            block
            for block in self.facts.blocks
            if (student, block) in self._home
            or any(seat.terms for _, seat in self._seats_at.get((student, block), ()))
        ]

    def placed(self, student: StudentId, block: BlockId) -> Expr:
        """In how many sessions the student is during the block."""
        return total(seat for _, seat in self._seats_at.get((student, block), ()))

    def serves(self, student: StudentId, slot: Slot, competency: CompetencyId) -> Expr:
        """Whether the placement serves the competency."""
        return self._serves.get((student, slot.id, competency), ZERO)

    def leads(self, slot: Slot, staff: StaffId) -> Expr:
        """Whether the adult leads it."""
        return self.on_duty(slot, Duty(staff=staff, role="lead"))

    def works(self, slot: Slot, staff: StaffId) -> Expr:
        """Whether the adult has any duty in it."""
        key = ("works", slot.id, staff)
        if key not in self._cache:
            self._cache[key] = self.either(self.works_in(slot, staff))
        return self._cache[key]

    def somewhere(self, kind: PersonKind, person: str, block: BlockId) -> Expr:
        """Whether a student or an adult is in any session during the block."""
        key = ("somewhere", kind, person, block)
        if key not in self._cache:
            there = [expr for _, expr in self.presences(kind, person, block)]
            self._cache[key] = self.either(there)
        return self._cache[key]

    def attendance(self, slot: Slot) -> Expr:
        """How many students are placed in it."""
        return total(self._seat[student, slot.id] for student in slot.students)

    def attendance_in(self, slot: Slot, room: RoomId) -> Expr:
        """How many students are placed in it, if it runs in the room; else 0."""
        if len(slot.rooms) == 1:
            return self.attendance(slot) if room in slot.rooms else ZERO
        key = ("attendance", slot.id, room)
        if key not in self._cache:
            self._share_out(slot)
        return self._cache.get(key, ZERO)

    def _share_out(self, slot: Slot) -> None:
        most = len(slot.students)
        shares = [self.rows.variable(0, most) for _ in slot.rooms]
        for room, share in zip(slot.rooms, shares, strict=True):
            self.rows.add(share - self.in_room(slot, room) * most, high=0)
            self._cache["attendance", slot.id, room] = share
        self.rows.add(total(shares) - self.attendance(slot), 0, 0)

    def sits_in(self, student: StudentId, slot: Slot, rooms: Collection[RoomId]) -> Expr:
        """Whether the student is placed in it and it runs in one of the rooms."""
        key = ("sits", student, slot.id, *sorted(rooms))
        if key not in self._cache:
            self._cache[key] = self.within(self.sits(student, slot), slot, rooms)
        return self._cache[key]

    def placed_in(self, student: StudentId, slot: Slot, rooms: Collection[RoomId]) -> Expr:
        """An expression whose excess is 1 where `sits_in` is 1, else 0, without a variable."""
        chosen = [room for room in slot.rooms if room in rooms]
        if len(chosen) == len(slot.rooms):
            return self.sits(student, slot)
        there = total(self.in_room(slot, room) for room in chosen)
        return self.meets(self.sits(student, slot), there) if chosen else ZERO

    def within(self, flag: Expr, slot: Slot, rooms: Collection[RoomId]) -> Expr:
        """A 0-or-1 expression that needs the slot to run, where it runs in one of the rooms."""
        chosen = [room for room in slot.rooms if room in rooms]
        if len(chosen) == len(slot.rooms):
            return flag
        return self.both(flag, total(self.in_room(slot, room) for room in chosen))

    def spots(
        self, kind: PersonKind, person: str, block: BlockId, by: Literal["room", "building"]
    ) -> dict[str, Expr]:
        """For each room or building a student or an adult could be in during the block: whether
        they are."""
        key = (kind, person, block, by)
        if key not in self._spots:
            self._spots[key] = self._spots_of(self.presences(kind, person, block), by)
        return self._spots[key]

    def _spots_of(
        self, presences: list[tuple[Slot, Expr]], by: Literal["room", "building"]
    ) -> dict[str, Expr]:
        found: dict[str, list[Expr]] = {}
        for slot, present in presences:
            groups: dict[str, list[RoomId]] = {}
            for room in slot.rooms:
                spot = room if by == "room" else self.facts.rooms[room].building
                groups.setdefault(spot, []).append(room)
            for spot, rooms in groups.items():
                found.setdefault(spot, []).append(self.within(present, slot, rooms))
        return {spot: self.either(parts) for spot, parts in found.items()}

    def counting(self, slot: Slot) -> list[tuple[Duty, Expr]]:
        """The duties that would count: accepted, qualified, and not held elsewhere."""
        may_hold = self.facts.may_hold
        return [
            (duty, self._duty[slot.id, duty])
            for duty in slot.duties
            if may_hold(duty, slot.offering, slot.blocks)
        ]

    def adults(self, slot: Slot) -> Expr:
        """How many distinct adults have a duty that counts."""
        held: dict[StaffId, list[Expr]] = {}
        for duty, expr in self.counting(slot):
            held.setdefault(duty.staff, []).append(expr)
        return total(self.either(duties) for duties in held.values())

    def presences(self, kind: PersonKind, person: str, block: BlockId) -> list[tuple[Slot, Expr]]:
        """The slots a student or an adult could be in during a block, and whether they are."""
        if kind == "student":
            return self._seats_at.get((person, block), [])
        found = {slot.id: slot for slot, _ in self._slots_of_staff.get(person, [])}
        return [(s, self.works(s, person)) for s in found.values() if block in s.blocks]

    def homed_already(self, home: str) -> int:
        """Seats of a home place that students with nothing open take."""
        return self._homed[home]

    def homes(self, student: StudentId, block: BlockId) -> list[tuple[str, Expr]]:
        """The home places that could take the student in."""
        return self._home.get((student, block), [])

    # --- what rules build ---------------------------------------------------------------------

    def excess(self, expr: Expr, /, *others: Expr, cause: str = "", **subjects: str) -> Expr:
        """max(0, expr, others): how much a promise is broken. Every amount goes through here:
        under an enforced rule it is forbidden, unless an override covers its subjects, beyond
        what is settled or can't be helped. Subjects and cause are those of the finding that
        `check` would report."""
        exprs = [(e, *self.rows.range_of(e)) for e in (expr, *others)]
        settled = max(0, *(least for _, least, _ in exprs))
        exprs = [(e, least, most) for e, least, most in exprs if e.terms and most > settled]
        if not exprs:
            return Expr((), settled)
        if self._rule is not None and not self._covered(self._rule, cause, subjects):
            for e, _, _ in exprs:
                self.rows.add(e, high=settled)
            return Expr((), settled)
        if len(exprs) == 1 and exprs[0][1] >= settled:
            return exprs[0][0]
        amount = self.rows.variable(settled, max(most for _, _, most in exprs))
        for e, _, _ in exprs:
            self.rows.add(amount - e, low=0)
        return amount

    def _covered(self, rule: Rule, cause: str, subjects: dict[str, str]) -> bool:
        return cause in self._left_open or any(
            rule.covers(o, cause, subjects) for o in self.facts.problem.overrides
        )

    # --- rules --------------------------------------------------------------------------------

    def measure(self, rule: Rule) -> Expr:
        """The rule's amount over the open part of the day, as an expression."""
        return rule.encode(self)

    def enforce(self, rule: Rule, but: Collection[str] = ()) -> None:
        """Forbids every finding of a hard rule but those that overrides cover, and those of the
        causes that are left open."""
        self._rule, self._left_open = rule, but
        rule.encode(self)
        self._rule, self._left_open = None, ()
