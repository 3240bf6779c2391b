"""The decisions of a day as variables over candidate sessions, and the questions rules ask."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from schemas.base import BlockId, CompetencyId, OfferingId, RoomId, SessionId, StaffId, StudentId
from schemas.plan import Duty
from solver.facts import Facts
from solver.rows import ONE, ZERO, Expr, Rows, total
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


class Model:
    """Variables and rows for some slots of a day. Settled slots are constants in every question."""

    def __init__(self, facts: Facts, slots: Sequence[Slot]) -> None:
        self.facts = facts
        self.slots = tuple(slots)
        self.rows = Rows()
        self._slot = {slot.id: slot for slot in slots}
        self._open: dict[SessionId, Expr] = {}
        self._room: dict[tuple[SessionId, RoomId], Expr] = {}
        self._duty: dict[tuple[SessionId, Duty], Expr] = {}
        self._seat: dict[tuple[StudentId, SessionId], Expr] = {}
        self._serves: dict[tuple[StudentId, SessionId, CompetencyId], Expr] = {}
        self._home: dict[tuple[StudentId, BlockId], list[tuple[str, Expr]]] = {}
        self._slots_of_student: dict[StudentId, list[Slot]] = defaultdict(list)
        self._slots_of_staff: dict[StaffId, list[tuple[Slot, Duty]]] = defaultdict(list)
        self._slots_of_room: dict[tuple[RoomId, BlockId], list[Slot]] = defaultdict(list)
        self._rule: Rule | None = None
        """The rule that is being enforced, if one is."""
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

    def _decide(self, slot: Slot) -> None:
        settled = slot.settled
        is_open = self._open[slot.id] = ONE if settled else self.rows.variable()
        for room in slot.rooms:
            self._room[slot.id, room] = ONE if settled else self.rows.variable()
            for block in slot.blocks:
                self._slots_of_room[room, block].append(slot)
        if not settled:
            self.rows.add(total(self._room[slot.id, r] for r in slot.rooms) - is_open, 0, 0)
        for duty in slot.duties:
            self._duty[slot.id, duty] = ONE if settled else self._within(is_open)
            self._slots_of_staff[duty.staff].append((slot, duty))
        taught = self.facts.offerings[slot.offering].competencies
        for i, student in enumerate(slot.students):
            seat = self._seat[student, slot.id] = ONE if settled else self._within(is_open)
            self._slots_of_student[student].append(slot)
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

    def placed(self, student: StudentId, block: BlockId) -> Expr:
        """In how many sessions the student is during the block."""
        return total(
            self._seat[student, slot.id] for slot in self.slots_of(student) if block in slot.blocks
        )

    def serves(self, student: StudentId, slot: Slot, competency: CompetencyId) -> Expr:
        """Whether the placement serves the competency."""
        return self._serves.get((student, slot.id, competency), ZERO)

    def homes(self, student: StudentId, block: BlockId) -> list[tuple[str, Expr]]:
        """The home places that could take the student in."""
        return self._home.get((student, block), [])

    # --- what rules build ---------------------------------------------------------------------

    def excess(self, expr: Expr, cause: str = "", **subjects: str) -> Expr:
        """max(0, expr): how much a promise is broken. Every amount goes through here: under an
        enforced rule it is forbidden, unless an override covers its subjects or nothing in it is
        open. Subjects and cause are those of the finding that `check` would report."""
        least, most = self.rows.range_of(expr)
        if most <= 0:
            return ZERO
        if not expr.terms:
            return expr
        if self._rule is not None and not self._covered(self._rule, cause, subjects):
            self.rows.add(expr, high=0)
            return ZERO
        if least >= 0:
            return expr
        amount = self.rows.variable(0, most)
        self.rows.add(amount - expr, low=0)
        return amount

    def both(self, a: Expr, b: Expr) -> Expr:
        """1 when two 0-or-1 expressions are 1, else 0."""
        if not a.terms:
            return b if a.constant else ZERO
        if not b.terms:
            return a if b.constant else ZERO
        result = self.rows.variable()
        self.rows.add(a - result, low=0)
        self.rows.add(b - result, low=0)
        self.rows.add(a + b - result, high=1)
        return result

    def either(self, parts: Sequence[Expr]) -> Expr:
        """1 when one of several 0-or-1 expressions is 1, else 0."""
        if any(not part.terms and part.constant for part in parts):
            return ONE
        open_parts = [part for part in parts if part.terms]
        if len(open_parts) <= 1:
            return open_parts[0] if open_parts else ZERO
        result = self.rows.variable()
        for part in open_parts:
            self.rows.add(result - part, low=0)
        self.rows.add(total(open_parts) - result, low=0)
        return result

    def _covered(self, rule: Rule, cause: str, subjects: dict[str, str]) -> bool:
        return any(rule.covers(o, cause, subjects) for o in self.facts.problem.overrides)

    # --- rules --------------------------------------------------------------------------------

    def measure(self, rule: Rule) -> Expr:
        """The rule's amount over the open part of the day, as an expression."""
        return rule.encode(self)

    def enforce(self, rule: Rule) -> None:
        """Forbids every finding of a hard rule but those that overrides cover."""
        self._rule = rule
        rule.encode(self)
        self._rule = None
