"""A school's office without an optimiser: opens sessions one by one while adults, rooms and
students are left for them, and finds seats for those left over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
import numpy.typing as npt

from schemas.base import BlockId, CompetencyId, OfferingId, StudentId
from schemas.plan import Duty, Plan, Unplaced
from schemas.problem import DutyLock, PlacementLock, Problem, SessionLock
from schemas.school import Offering, Room
from solver.board import Board, OpenSession, write
from solver.facts import Facts
from solver.lawful import Lawful
from solver.score import finish
from solver.worth import Worth

Run = tuple[BlockId, ...]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Wanted:
    """What a locked session must have."""

    offering: OfferingId
    block: BlockId
    room: str | None = None
    duty: Duty | None = None


class Office:
    """One day's board with the questions an office asks of it."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.facts = Facts(problem)
        self.lawful = Lawful(self.facts)
        self.worth = Worth(self.facts)
        self.board = Board(self.facts)
        self.students = tuple(self.facts.students)
        self.price = self.worth.price["unplaced"]
        position = {student: at for at, student in enumerate(self.students)}
        self.at_large: dict[BlockId, Flags] = {
            block: np.array([self.facts.is_free(s, block) for s in self.students], dtype=bool)
            for block in self.facts.flex
        }
        """Per block: who is free and has no seat."""
        self._position = position
        self._admitted: dict[OfferingId, Flags] = {}
        self.spare: Counter[BlockId] = Counter()
        """Per block: seats open and not taken."""
        self.locked: set[str] = set()
        """The sessions that locks keep open, by id."""

    # --- who could come -----------------------------------------------------------------------

    def admitted(self, offering: OfferingId) -> Flags:
        """Who may take the offering."""
        if offering not in self._admitted:
            self._admitted[offering] = np.array(
                [self.lawful.may_take(student, offering) for student in self.students], dtype=bool
            )
        return self._admitted[offering]

    def could_come(self, offering: Offering, run: Run) -> Flags:
        """Who may take the offering and has no seat in any of the blocks."""
        found = self.admitted(offering.id).copy()
        for block in run:
            found &= self.at_large[block]
        return found

    def uncovered(self, run: Run) -> int:
        """How many more seats the blocks of a run need, at most, for everybody to sit."""
        return max(0, *(int(self.at_large[b].sum()) - self.spare[b] for b in run))

    # --- seats --------------------------------------------------------------------------------

    def serving(self, student: StudentId, session: OpenSession) -> tuple[int, CompetencyId | None]:
        """The most that a seat saves the student, and what it then serves."""
        served = self.lawful.serves(self.board, student, session)
        ways = [(self.worth.seat(self.board, student, session, c), c) for c in (*served, None)]
        return max(ways, key=lambda way: way[0])

    def seat(self, student: StudentId, session: OpenSession) -> bool:
        """Seats a student where that is lawful; whether it was."""
        if not self.lawful.may_sit(self.board, student, session):
            return False
        self.board.seat(student, session, self.serving(student, session)[1])
        for block in session.blocks:
            self.at_large[block][self._position[student]] = False
            self.spare[block] -= 1
        return True

    def best_seat(self, student: StudentId, block: BlockId) -> OpenSession | None:
        """The session that runs in the block and is worth most to the student, of those that
        start then or in which the student is free throughout."""
        open_to = [
            session
            for session in self.board.in_block[block]
            if self.lawful.may_sit(self.board, student, session)
        ]
        return max(open_to, key=lambda s: self._per_block(student, s), default=None)

    def _per_block(self, student: StudentId, session: OpenSession) -> float:
        return self.serving(student, session)[0] / len(session.blocks)

    def fill(self, order: Iterable[StudentId]) -> None:
        """Gives everybody without a seat the best one left, student by student."""
        for student in order:
            for block in self.facts.free_blocks(student):
                if (student, block) not in self.board.at:
                    session = self.best_seat(student, block)
                    if session is not None:
                        self.seat(student, session)

    # --- sessions -----------------------------------------------------------------------------

    def open(
        self, offering: Offering, run: Run, wanted: Wanted | None = None
    ) -> OpenSession | None:
        """Opens a session in the smallest free room that has seats for all who could come, else
        in the largest, with the adults who can do least else; None where that can't be."""
        if not self.lawful.one_more(self.board, offering) or not self.lawful.in_day_order(
            self.board, offering.id, run
        ):
            return None
        for room in self._rooms(offering, run, wanted):
            duties = self._duties(offering, run, room, wanted)
            if duties is not None:
                return self.open_as(offering, run, room, duties)
        return None

    def open_as(
        self, offering: Offering, run: Run, room: Room, duties: Iterable[Duty]
    ) -> OpenSession:
        """Opens a session with its room and adults given."""
        session = self.board.open(offering, run, room, duties)
        for block in run:
            self.spare[block] += session.most
        return session

    def open_exactly(
        self, offering: Offering, run: Run, room: Room, duties: Sequence[Duty]
    ) -> OpenSession | None:
        """The same, where rules allow it; None where they don't."""
        alone = len({duty.staff for duty in duties}) == len(duties)
        if (
            not alone
            or not self.lawful.one_more(self.board, offering)
            or not self.lawful.in_day_order(self.board, offering.id, run)
            or not self.lawful.room_is_free(self.board, room, offering.id, run)
            or not all(self._may_hold(duty, offering, run, room) for duty in duties)
        ):
            return None
        return self.open_as(offering, run, room, duties)

    def _rooms(self, offering: Offering, run: Run, wanted: Wanted | None) -> Iterator[Room]:
        free = [
            room
            for room in self.lawful.rooms_for(offering.id)
            if (wanted is None or wanted.room in (None, room.id))
            and self.lawful.room_is_free(self.board, room, offering.id, run)
        ]
        size = min(offering.largest, int(self.could_come(offering, run).sum()))
        return iter(sorted(free, key=lambda room: (room.seats < size, abs(room.seats - size))))

    def _duties(
        self, offering: Offering, run: Run, room: Room, wanted: Wanted | None
    ) -> list[Duty] | None:
        duties = [wanted.duty] if wanted is not None and wanted.duty is not None else []
        if not all(self._may_hold(duty, offering, run, room) for duty in duties):
            return None
        for need in offering.roles:
            held = sum(duty.role == need.role for duty in duties)
            for _ in range(held, need.count):
                taken = {duty.staff for duty in duties}
                able = [
                    staff
                    for staff in self.facts.staff
                    if staff not in taken
                    and self.lawful.may_serve(self.board, staff, need, offering, run, room)
                ]
                if not able:
                    return None
                duties.append(Duty(staff=min(able, key=self._versatility), role=need.role))
        return duties

    def _may_hold(self, duty: Duty, offering: Offering, run: Run, room: Room) -> bool:
        return any(
            need.role == duty.role
            and self.lawful.may_serve(self.board, duty.staff, need, offering, run, room)
            for need in offering.roles
        )

    def _versatility(self, staff: str) -> int:
        return len(self.facts.staff[staff].qualifications)

    def close(self, session: OpenSession) -> None:
        """Cancels a session; its students are without a seat."""
        for block in session.blocks:
            self.spare[block] -= session.most - len(session.seats)
        for student in self.board.close(session):
            for block in session.blocks:
                self.at_large[block][self._position[student]] = True

    # --- the steps of a day -------------------------------------------------------------------

    def keep_locks(self) -> None:
        """Opens and staffs what locks name, and seats whom they name."""
        for lock in self.facts.locks:
            if isinstance(lock, SessionLock):
                duty = None if lock.lead is None else Duty(staff=lock.lead, role="lead")
                self._keep(Wanted(lock.offering, lock.block, lock.room, duty))
            elif isinstance(lock, DutyLock) and lock.offering is not None:
                role = lock.role or self.facts.offerings[lock.offering].roles[0].role
                duty = Duty(staff=lock.staff, role=role)
                self._keep(Wanted(lock.offering, lock.block, None, duty))
        for lock in self.facts.locks:
            if isinstance(lock, PlacementLock):
                self._keep_place(lock)

    def _keep_place(self, lock: PlacementLock) -> None:
        """Seats a locked student, in another session of the offering where the first won't do."""
        rooms = [lock.room] if lock.room is not None else [None, *self.facts.rooms]
        for session in self.board.in_block[lock.block]:
            alike = session.offering.id == lock.offering and session.room.id in (*rooms, lock.room)
            if alike and self.seat(lock.student, session):
                self.locked.add(session.id)
                return
        for room in rooms:
            opened = self._open_wanted(Wanted(lock.offering, lock.block, room))
            if opened is not None and self.seat(lock.student, opened):
                self.locked.add(opened.id)
                return
            if opened is not None:
                self.close(opened)

    def _keep(self, wanted: Wanted) -> None:
        """Makes sure that a locked session runs."""
        for session in self.board.in_block[wanted.block]:
            if (
                session.offering.id == wanted.offering
                and wanted.room in (None, session.room.id)
                and (wanted.duty is None or wanted.duty in session.duties)
            ):
                self.locked.add(session.id)
                return
        opened = self._open_wanted(wanted)
        if opened is not None:
            self.locked.add(opened.id)

    def _open_wanted(self, wanted: Wanted) -> OpenSession | None:
        offering = self.facts.offerings[wanted.offering]
        for run in self.facts.starts(offering.id):
            if wanted.block in run:
                session = self.open(offering, run, wanted)
                if session is not None:
                    return session
        return None

    def open_by(
        self,
        value: Callable[[Offering, Run], float],
        opened: Callable[[OpenSession], None] = lambda _: None,
    ) -> None:
        """Opens sessions, the one of greatest value per adult and block first, until none has a
        value or none can be had. Values may only fall as sessions open: lazy greedy, after
        M. Minoux, Accelerated greedy algorithms for maximizing submodular functions, 1978."""
        numbers = count()
        queue = {
            (offering.id, run): (self._rate(value, offering, run), next(numbers))
            for offering in self.problem.offerings
            for run in self.facts.starts(offering.id)
        }
        while queue:
            key = max(queue, key=lambda k: (queue[k][0], -queue[k][1]))
            offering = self.facts.offerings[key[0]]
            rate = self._rate(value, offering, key[1])
            if rate <= 0:
                del queue[key]
            elif rate < queue[key][0]:
                queue[key] = (rate, queue[key][1])
            else:
                session = self.open(offering, key[1])
                if session is None:
                    del queue[key]
                else:
                    opened(session)

    @staticmethod
    def _rate(value: Callable[[Offering, Run], float], offering: Offering, run: Run) -> float:
        adults = sum(need.count for need in offering.roles)
        return value(offering, run) / (adults * len(run))

    def fill_price(self, offering: Offering, run: Run) -> float:
        """What a new session saves by giving seats to students for whom there are none yet; a
        session whose minimum can't come is worth nothing."""
        could_come = int(self.could_come(offering, run).sum())
        if could_come < max(1, offering.smallest):
            return 0.0
        return self.price * len(run) * min(offering.largest, could_come, self.uncovered(run))

    def take_in(self, order: Iterable[StudentId]) -> None:
        """Seats whom it can, opens sessions for those left while adults and rooms are, and settles
        sizes."""
        students = tuple(order)
        self.fill(students)
        self.open_by(self._price_of_those_left)
        self.fill(students)
        self.settle_sizes(students)

    def _price_of_those_left(self, offering: Offering, run: Run) -> float:
        """What a new session saves by taking in students whom no open seat suits."""
        could_come = int(self.could_come(offering, run).sum())
        if could_come < max(1, offering.smallest):
            return 0.0
        standing = sum(
            session.most - len(session.seats)
            for session in self.board.in_block[run[0]]
            if session.offering == offering
        )
        return self.price * len(run) * max(0, min(offering.largest, could_come) - standing)

    def settle_sizes(self, order: Iterable[StudentId]) -> None:
        """Cancels sessions that stay below their minimum, the emptiest first, and seats their
        students elsewhere, until none is left."""
        students = tuple(order)
        while True:
            small = [
                session
                for session in self.board.sessions.values()
                if len(session.seats) < max(1, session.offering.smallest)
                and session.id not in self.locked
            ]
            if not small:
                return
            self.close(min(small, key=lambda session: len(session.seats)))
            self.fill(students)

    def plan(self) -> Plan:
        """The day as a judged plan; those without a seat are in home places, as seats allow."""
        left = dict.fromkeys(self.board.unplaced())
        room = {home.id: home.seats for home in self.problem.homes}
        unplaced = []
        for student, block in left:
            homes = [home.id for home in self.problem.homes if home.block == block]
            home = max(homes, key=room.__getitem__, default=None)
            if home is not None:
                room[home] -= 1
            unplaced.append(Unplaced(student=student, block=block, reason="no_seat", home=home))
        written = write(self.board, unplaced)
        return finish(self.facts, written.sessions, written.placements, written.unplaced)
