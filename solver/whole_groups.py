"""Gives offerings that run once, with everybody who may take them or not at all, their places in
the day before the rest of it is planned around them.

Whom such an offering has is known beforehand, so that times and rooms are all there is to find,
for all of them at once; block by block, those that clash with what stands would find nothing left.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from schemas.base import BlockId, CompetencyId, OfferingId, StaffId, StudentId
from schemas.school import Offering, Room
from solver.board import Board, OpenSession
from solver.effort import Effort
from solver.naming import Naming, Section
from solver.reach import Reach
from solver.timetabling import MOST_ROOMS, Question, place

FEW, MOSTLY = 20, 0.5
"""Fewer whole groups than this, or a smaller share of all offerings, are planned like everything
else: a school may have lessons for one student each, and these are best fitted in with the rest."""


@dataclass(frozen=True, eq=False)
class WholeGroup:
    """An offering of one block, and the students without all of whom it does not run."""

    offering: Offering
    students: tuple[StudentId, ...]


def place_whole_groups(reach: Reach, board: Board, effort: Effort) -> int:
    """Opens and fills as many whole groups as can be placed beside what stands on the board; how
    many. Where a day has few of them, none."""
    return _Placement(reach, board).carry_out(effort)


class _Placement:
    """The whole groups of one board, and where they could be."""

    def __init__(self, reach: Reach, board: Board) -> None:
        self._reach, self._board, self._lawful = reach, board, reach.lawful

    def carry_out(self, effort: Effort) -> int:
        """Finds places for all groups at once, and opens what is lawful there."""
        offerings = len(self._reach.facts.offerings)
        if len(self._groups) < max(FEW, MOSTLY * offerings):
            return 0
        self._fill_standing()
        question = Question(self._clashes(), self._before(), self._suited())
        found = place(question, effort.limits.seed, effort)
        meant: dict[int, list[tuple[WholeGroup, Room]]] = defaultdict(list)
        for number, (slot, room) in found.items():
            meant[slot].append((self._groups[number], self._rooms[room]))
        flex = self._reach.facts.flex
        return sum(self._open(flex[slot], meant[slot]) for slot in sorted(meant))

    # --- which they are -----------------------------------------------------------------------

    @cached_property
    def _groups(self) -> list[WholeGroup]:
        """The whole groups that have no session yet, in the Problem's order."""
        standing = {session.offering.id for session in self._board.sessions.values()}
        groups = []
        for offering in self._reach.facts.problem.offerings:
            if offering.length == 1 and offering.id not in standing:
                students = self._everybody(offering)
                if students:
                    groups.append(WholeGroup(offering, students))
        return groups

    def _everybody(self, offering: Offering) -> tuple[StudentId, ...]:
        """All who may take the offering if it runs with no fewer and they all gain by it, else
        nobody."""
        takers: list[StudentId] = []
        for student in self._candidates(offering):
            if self._lawful.may_take(student, offering.id):
                takers.append(student)
                if len(takers) > offering.smallest:
                    return ()
        if len(takers) < offering.smallest or not all(self._gains(s, offering) for s in takers):
            return ()
        return tuple(takers)

    def _candidates(self, offering: Offering) -> Iterator[StudentId]:
        """Those whom the offering's groups do not rule out."""
        if offering.groups is None:
            return iter(self._reach.facts.students)
        members = (self._members.get(group, ()) for group in offering.groups)
        return iter(dict.fromkeys(chain.from_iterable(members)))

    @cached_property
    def _members(self) -> dict[str, list[StudentId]]:
        found: dict[str, list[StudentId]] = defaultdict(list)
        for student in self._reach.facts.problem.students:
            for group in student.groups:
                found[group].append(student.id)
        return found

    def _gains(self, student: StudentId, offering: Offering) -> bool:
        return offering.id in self._reach.interests(student)

    # --- what keeps them apart ----------------------------------------------------------------

    def _clashes(self) -> NDArray[np.bool_]:
        """Which groups share a student, or an adult whom neither can do without."""
        people: dict[tuple[str, str], list[int]] = defaultdict(list)
        for number, group in enumerate(self._groups):
            for student in group.students:
                people["student", student].append(number)
            for adult in self._indispensable(group.offering):
                people["staff", adult].append(number)
        clashes = np.zeros((len(self._groups), len(self._groups)), dtype=np.bool_)
        for numbers in people.values():
            clashes[np.ix_(numbers, numbers)] = True
        np.fill_diagonal(clashes, False)
        return clashes

    def _indispensable(self, offering: Offering) -> set[StaffId]:
        """The adults without any of whom a role in the offering stays empty."""
        return {
            adult
            for need in offering.roles
            for able in [self._able(offering, need.qualification)]
            if len(able) <= need.count
            for adult in able
        }

    def _able(self, offering: Offering, qualification: str | None) -> list[StaffId]:
        """The adults who could hold a role that asks for a qualification."""
        accepting = self._qualified.get(qualification, ())
        return [adult for adult in accepting if self._reach.facts.accepts(adult, offering.id)]

    @cached_property
    def _qualified(self) -> dict[str | None, list[StaffId]]:
        """The adults of each qualification; those of None are all."""
        found: dict[str | None, list[StaffId]] = defaultdict(list)
        for adult in self._reach.facts.problem.staff:
            for qualification in (None, *dict.fromkeys(adult.qualifications)):
                found[qualification].append(adult.id)
        return found

    def _before(self) -> tuple[tuple[int, int], ...]:
        """Which group is to come before which: for all, or for students in both."""
        numbers = {group.offering.id: number for number, group in enumerate(self._groups)}
        found: dict[tuple[int, int], None] = {}
        for order in self._reach.facts.problem.orders:
            first, then = numbers.get(order.first), numbers.get(order.then)
            if first is None or then is None:
                continue
            shared = set(self._groups[first].students) & set(self._groups[then].students)
            if order.whole_offering or shared:
                found[first, then] = None
        return tuple(found)

    # --- where they could be ------------------------------------------------------------------

    @cached_property
    def _rooms(self) -> list[Room]:
        """The rooms that suit some group, the first of them where they are too many to count."""
        suiting = {
            room.id for group in self._groups for room in self._lawful.rooms_for(group.offering.id)
        }
        rooms = [room for room in self._reach.facts.problem.rooms if room.id in suiting]
        return rooms[:MOST_ROOMS]

    def _suited(self) -> NDArray[np.int64]:
        """Per block and group, a bit for each room in which it could be then."""
        flex = self._reach.facts.flex
        suited = np.zeros((len(flex), len(self._groups)), dtype=np.int64)
        for number, group in enumerate(self._groups):
            bits = self._room_bits(group)
            runs = set(self._reach.facts.starts(group.offering.id))
            for slot, block in enumerate(flex):
                if (block,) in runs and self._may_be(group, block):
                    suited[slot, number] = sum(
                        bit
                        for room, bit in bits
                        if self._lawful.room_is_free(self._board, room, group.offering.id, (block,))
                    )
        return suited

    def _room_bits(self, group: WholeGroup) -> list[tuple[Room, int]]:
        """The rooms that suit the offering and each of its students, and the bit of each."""
        suiting = set(self._lawful.rooms_for(group.offering.id))
        return [
            (room, 1 << number)
            for number, room in enumerate(self._rooms)
            if room in suiting
            and room.seats >= len(group.students)
            and all(self._lawful.room_suits(student, room) for student in group.students)
        ]

    def _may_be(self, group: WholeGroup, block: BlockId) -> bool:
        """Whether students and adults can be there in a block as the board stands."""
        offering, run = group.offering, (block,)
        return (
            self._lawful.in_day_order(self._board, offering.id, run)
            and all(
                (student, block) not in self._board.at
                and self._lawful.in_time(student, offering, run)
                for student in group.students
            )
            and all(
                need.count
                <= sum(
                    self._lawful.may_work(self._board, adult, need, offering, run)
                    for adult in self._able(offering, need.qualification)
                )
                for need in offering.roles
            )
        )

    # --- opening them -------------------------------------------------------------------------

    def _open(self, block: BlockId, meant: list[tuple[WholeGroup, Room]]) -> int:
        """Opens groups in a block, with everybody seated; how many could be."""
        students: dict[OfferingId, tuple[StudentId, ...]] = {}
        sections = []
        for group, room in meant:
            students[group.offering.id] = group.students
            sections.append(Section(group.offering, (block,), (room,)))
        count = 0
        for session in Naming(self._reach, self._board).open(sections, {}):
            if self._seat(session, students[session.offering.id]):
                count += 1
            else:
                self._board.close(session)
        return count

    def _fill_standing(self) -> None:
        """Seats everybody in whole groups that already have a session, such as a locked one, so
        that they are placed nowhere else then."""
        for session in self._board.sessions.values():
            self._seat(session, self._everybody(session.offering))

    def _seat(self, session: OpenSession, students: tuple[StudentId, ...]) -> bool:
        """Seats all of a group, or nobody more where somebody can't be in the session."""
        seated: list[StudentId] = []
        for student in students:
            if student in session.seats:
                continue
            if not self._lawful.may_sit(self._board, student, session):
                for other in seated:
                    self._board.unseat(other, session)
                return False
            self._board.seat(student, session, self._served(student, session))
            seated.append(student)
        return True

    def _served(self, student: StudentId, session: OpenSession) -> CompetencyId | None:
        """The dearest of the student's needs that the session serves."""
        could = self._lawful.serves(self._board, student, session)
        return max(could, key=lambda c: self._reach.worth.need(student, c), default=None)
