"""What locks and the freeze window demand, settled before anything else."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from schemas.base import BlockId, OfferingId, RoomId, SessionId, StaffId, StudentId
from schemas.plan import Duty
from schemas.problem import Lock
from schemas.school import Offering, Role
from solver.board import Board
from solver.engines import Answer, Name, ask
from solver.facts import Facts
from solver.model import Model, Slot
from solver.reach import Reach
from solver.rows import Expr, total
from solver.rules import RULES
from solver.slots import bring, duties_for, outcomes
from solver.standing import PublishedPlace

Choice = TypeVar("Choice")

WORK = 10.0
"""Units of work an engine may spend on what is pinned."""

SPARE = 20
"""Students considered, beyond those locked, to bring a locked session to its minimum."""

BROKEN = 10_000
"""What a frozen place that can't be kept costs beside the other aims here."""


@dataclass(frozen=True)
class Demand:
    """What locks ask of one offering in one block."""

    offering: Offering
    block: BlockId
    locks: tuple[Lock, ...]

    @property
    def students(self) -> tuple[StudentId, ...]:
        return tuple(dict.fromkeys(k.student for k in self.locks if k.target == "placement"))

    @property
    def rooms(self) -> tuple[RoomId, ...]:
        named = (k.room for k in self.locks if k.target in ("placement", "session"))
        return tuple(dict.fromkeys(room for room in named if room is not None))

    @property
    def staff(self) -> tuple[StaffId, ...]:
        leads = [k.lead for k in self.locks if k.target == "session"]
        named = [*leads, *(k.staff for k in self.locks if k.target == "duty")]
        return tuple(dict.fromkeys(staff for staff in named if staff is not None))

    @property
    def sections(self) -> int:
        """As many sections as the demand takes if the people in it can be together."""
        seats = -(-len(self.students) // self.offering.largest)
        return max(1, seats, len(self.rooms) + bool(self.staff), len(self.staff))


def demands(facts: Facts) -> list[Demand]:
    """The locks that ask for a session, by offering and block, in the Problem's order."""
    found: dict[tuple[OfferingId, BlockId], list[Lock]] = defaultdict(list)
    for lock in facts.locks:
        if lock.target != "room" and lock.offering is not None:
            found[lock.offering, lock.block].append(lock)
    return [
        Demand(facts.offerings[offering], block, tuple(locks))
        for (offering, block), locks in found.items()
    ]


def frozen_sessions(facts: Facts) -> dict[SessionId, list[PublishedPlace]]:
    """The published places that the freeze window holds, by session."""
    found: dict[SessionId, list[PublishedPlace]] = defaultdict(list)
    for place in facts.published_places:
        if place.stands and facts.blocks[place.block].frozen:
            found[place.session].append(place)
    return found


class _LockedModel(Model):
    """Notes whether a lock is broken before anything is decided, as nothing could ever keep it."""

    hopeless = False

    def excess(self, expr: Expr, /, *others: Expr, cause: str = "", **subjects: str) -> Expr:
        result = super().excess(expr, *others, cause=cause, **subjects)
        rule = self._rule
        if rule is not None and rule.id == "lock" and not self._covered(rule, cause, subjects):
            self.hopeless |= result.constant > 0
        return result


class PinnedModel:
    """A model of the sessions that locks and the freeze demand, and of nothing else: a part of
    the day, so that where it can't hold, no whole day can.

    With `everybody`, all students who could fill a session to its minimum are considered, so
    that its impossibility is the day's. With `few`, only so many rooms, and adults for each role,
    are considered for a session, which is enough for most days and asked in a moment.
    """

    def __init__(
        self,
        reach: Reach,
        *,
        everybody: bool,
        few: int | None = None,
        without: Collection[str] = (),
    ) -> None:
        self.reach, self.facts = reach, reach.facts
        self._everybody, self._few = everybody, few
        self._any_run = "whole-session" in without
        self._asked: Counter[StudentId] = Counter()
        """How many sessions each student could help to their minimum."""
        self._dealt = 0
        self.demands = demands(self.facts)
        self.frozen = frozen_sessions(self.facts)
        self.model = _LockedModel(self.facts, [*self._frozen_slots(), *self._locked_slots()])
        for rule in RULES.values():
            if rule.kind == "hard" and rule.id not in without:
                self.model.enforce(rule, but=("supervision",))
        model = self.model
        model.rows.cost = total(
            model.runs(slot) * 50
            + total(model.on_duty(slot, duty) for duty in slot.duties) * 5
            + total(model.in_room(slot, room) * self._lacking(slot, room) for room in slot.rooms)
            + model.attendance(slot)
            for slot in model.open_slots
        )
        if "freeze" in without:
            model.rows.cost += model.measure(RULES["freeze"]) * BROKEN

    def _lacking(self, slot: Slot, room: RoomId) -> int:
        """The seats that a room lacks for as many students as the offering takes."""
        return max(0, self.facts.offerings[slot.offering].largest - self.facts.rooms[room].seats)

    def solve(self, engine: Name, seed: int = 0) -> Answer:
        """One engine's answer."""
        if self.model.hopeless:
            return Answer(None, optimal=False, impossible=True, work=0.0)
        return ask(self.model.rows, engine, work=WORK, seed=seed)

    def bring(self, board: Board, answer: Answer) -> None:
        """Opens the pinned sessions on a board, with those whom a lock or the freeze names."""
        locked = {
            (lock.student, lock.offering, lock.block)
            for lock in self.facts.locks
            if lock.target == "placement"
        }
        held = {(p.student, p.session) for places in self.frozen.values() for p in places}
        for outcome in outcomes(self.model, answer.values or ()):
            session = bring(board, outcome)
            slot = outcome.slot
            session.pinned = True
            session.pinned_students = frozenset(
                student
                for student in session.seats
                if (student, slot.id) in held
                or any((student, slot.offering, block) in locked for block in slot.blocks)
            )
            session.pinned_staff = self._named(slot)
            session.pinned_room = slot.id in self.frozen or session.room.id in self._rooms_named(
                slot
            )
            for student in [s for s in session.seats if s not in session.pinned_students]:
                board.unseat(student, session)

    def _named(self, slot: Slot) -> frozenset[StaffId]:
        """The adults that the freeze or a lock names for a session."""
        if slot.id in self.frozen:
            return frozenset(duty.staff for duty in slot.duties)
        return frozenset(staff for demand in self._behind(slot) for staff in demand.staff)

    def _rooms_named(self, slot: Slot) -> frozenset[RoomId]:
        return frozenset(room for demand in self._behind(slot) for room in demand.rooms)

    def _behind(self, slot: Slot) -> list[Demand]:
        """What is asked of a slot's offering while it lasts."""
        return [
            demand
            for demand in self.demands
            if demand.offering.id == slot.offering and demand.block in slot.blocks
        ]

    # --- slots --------------------------------------------------------------------------------

    def _frozen_slots(self) -> Iterator[Slot]:
        published = self.facts.problem.published
        for session in published.sessions if published else ():
            places = self.frozen.get(session.id)
            if places and session.offering in self.facts.offerings:
                offering = self.facts.offerings[session.offering]
                staff = [duty.staff for duty in session.duties if duty.staff in self.facts.staff]
                duties = self._duties(offering, session.blocks, tuple(staff))
                students = tuple(dict.fromkeys(place.student for place in places))
                rooms = (session.room,)
                yield Slot(session.id, offering.id, session.blocks, rooms, duties,
                           self._with_spare(students, offering, session.blocks, rooms))  # fmt: skip

    def _locked_slots(self) -> Iterator[Slot]:
        for number, demand in enumerate(self.demands):
            for run in self._runs(demand):
                copies = len(demand.locks) if self._everybody else demand.sections
                for copy in range(copies):
                    name = f"lock.{number}.{run[0]}.{copy}"
                    yield self._locked_slot(name, demand, run)

    def _runs(self, demand: Demand) -> list[tuple[BlockId, ...]]:
        runs = [run for run in self.facts.starts(demand.offering.id) if demand.block in run]
        return runs or ([(demand.block,)] if self._any_run else [])

    def _locked_slot(self, name: str, demand: Demand, run: tuple[BlockId, ...]) -> Slot:
        offering = demand.offering
        suited = tuple(room.id for room in self.reach.lawful.rooms_for(offering.id))
        if self._everybody and self.reach.waived("room-kit", offering=offering.id):
            suited = tuple(self.facts.rooms)
        rooms = tuple(dict.fromkeys((*demand.rooms, *self._some(suited))))
        duties = self._duties(offering, run, demand.staff)
        students = self._with_spare(demand.students, offering, run, rooms)
        return Slot(name, offering.id, run, rooms, duties, students)

    def _some(self, choices: Sequence[Choice]) -> Sequence[Choice]:
        """All choices; where few are enough, some that differ from session to session."""
        if self._few is None or len(choices) <= self._few:
            return choices
        self._dealt += 1
        first = self._dealt * self._few % len(choices)
        return [*choices[first:], *choices[:first]][: self._few]

    def _duties(
        self, offering: Offering, run: tuple[BlockId, ...], named: tuple[StaffId, ...]
    ) -> tuple[Duty, ...]:
        roles = [lock.role for lock in self.facts.locks if lock.target == "duty" and lock.role]
        asked = dict.fromkeys([*(need.role for need in offering.roles), *roles])
        meant = [Duty(staff=staff, role=role) for staff in named for role in asked]
        able = tuple(
            duty
            for need in offering.roles
            for duty in self._some(
                [
                    duty
                    for duty in duties_for(self.facts, offering, run, self.facts.staff)
                    if duty.role == need.role
                ]
            )
        )
        if self._everybody:
            helping: tuple[Role, ...] = ("aide", "support")
            anybody = (Duty(staff=a, role=role) for a in self.facts.staff for role in helping)
            able += tuple(d for d in anybody if self.facts.may_hold(d, offering.id, run))
        return tuple(dict.fromkeys((*meant, *able)))

    def _with_spare(
        self,
        students: tuple[StudentId, ...],
        offering: Offering,
        run: tuple[BlockId, ...],
        rooms: tuple[RoomId, ...],
    ) -> tuple[StudentId, ...]:
        """Those named, and others who could bring the session to its minimum."""
        if not self._everybody and len(students) >= offering.smallest:
            return students
        others = (
            student
            for student in sorted(self.facts.students, key=self._asked.__getitem__)
            if student not in students
            and self.reach.may_come(student, offering.id)
            and self.reach.lawful.in_time(student, offering, run)
            and self._could_reach(student, run, rooms)
        )
        if self._everybody:
            return (*students, *others)
        wanted = 2 * offering.smallest - len(students) + SPARE
        spare = list(islice(others, wanted))
        self._asked.update(spare)
        return (*students, *spare)

    def _could_reach(
        self, student: StudentId, run: tuple[BlockId, ...], rooms: tuple[RoomId, ...]
    ) -> bool:
        if any(o.rule in ("travel", "room-kit") for o in self.facts.problem.overrides):
            return True
        lawful = self.reach.lawful
        return any(lawful.could_reach(student, self.facts.rooms[room], run) for room in rooms)
