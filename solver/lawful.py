"""What the hard rules still allow on a board, asked before each change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import pairwise

from schemas.base import BlockId, BuildingId, CompetencyId, OfferingId, RoomId, StaffId, StudentId
from schemas.problem import DayStaff, DayStudent, DutyLock, ProtectedTime, RoomLock
from schemas.school import Accommodation, Offering, Role, RoleNeed, Room
from solver.board import Board, OpenSession
from solver.facts import Facts


class Lawful:
    """The hard rules as questions. Overrides are left to the engines: here every rule binds."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        problem = facts.problem
        self.accommodations: dict[StudentId, list[Accommodation]] = defaultdict(list)
        for accommodation in problem.accommodations:
            self.accommodations[accommodation.student].append(accommodation)
        self.apart: dict[StudentId, list[tuple[str, bool]]] = defaultdict(list)
        for relation in problem.relations:
            if relation.kind == "apart":
                room = relation.scope == "room"
                self.apart[relation.student].append((relation.other, room))
                self.apart[relation.other].append((relation.student, room))
        self.protected: dict[StaffId, list[ProtectedTime]] = defaultdict(list)
        for time in problem.protected:
            for staff in time.staff:
                self.protected[staff].append(time)
        self._committed = {(home.staff, home.block) for home in problem.homes} | {
            (adult.id, block)
            for adult in problem.staff
            for commitment in adult.commitments
            for block in commitment.blocks
        }
        self._repeats = {(repeat.student, repeat.offering) for repeat in problem.repeats}
        self._before: dict[OfferingId, list[tuple[OfferingId, bool]]] = defaultdict(list)
        self._after: dict[OfferingId, list[tuple[OfferingId, bool]]] = defaultdict(list)
        for order in problem.orders:
            self._before[order.then].append((order.first, order.whole_offering))
            self._after[order.first].append((order.then, order.whole_offering))
        self._need_small_groups = dict.fromkeys(
            accommodation.student
            for accommodation in problem.accommodations
            if accommodation.kind == "group_size"
        )
        self._committed_to = {s.id: _committed_to(s) for s in problem.students} | {
            adult.id: _committed_to(adult) for adult in problem.staff
        }
        self._room_locks: dict[tuple[RoomId, BlockId], list[OfferingId | None]] = defaultdict(list)
        self._duty_locks: dict[tuple[StaffId, BlockId], list[DutyLock]] = defaultdict(list)
        for lock in facts.locks:
            if isinstance(lock, RoomLock):
                self._room_locks[lock.room, lock.block].append(lock.offering)
            elif isinstance(lock, DutyLock):
                self._duty_locks[lock.staff, lock.block].append(lock)
        self.may_take = cache(self._may_take)
        self.rooms_for = cache(self._rooms_for)

    # --- a student and an offering ------------------------------------------------------------

    def _may_take(self, student: StudentId, offering: OfferingId) -> bool:
        """Whether nothing about the two alone forbids it."""
        facts, wanted = self.facts, self.facts.offerings[offering]
        consent = facts.students[student].off_campus_consent
        return (
            facts.may_attend(student, offering)
            and (consent or not wanted.needs_consent)
            and (student, offering) not in self._repeats
            and all(
                wanted.extra_time for a in self._applying(student, wanted) if a.kind == "extra_time"
            )
        )

    def _applying(self, student: StudentId, offering: Offering) -> Iterator[Accommodation]:
        for accommodation in self.accommodations.get(student, ()):
            if not accommodation.modalities or offering.modality in accommodation.modalities:
                yield accommodation

    def in_time(self, student: StudentId, offering: Offering, blocks: tuple[BlockId, ...]) -> bool:
        """Whether the student is free of absences and commitments in the blocks, and no
        accommodation keeps them for something else."""
        facts = self.facts
        return not any(facts.student_held(student, block) for block in blocks) and not (
            student in self.accommodations
            and any(
                block in accommodation.blocks
                for accommodation in self._applying(student, offering)
                if accommodation.kind == "time"
                for block in blocks
            )
        )

    # --- a student and a session --------------------------------------------------------------

    def may_sit(self, board: Board, student: StudentId, session: OpenSession) -> bool:
        """Whether a student could be added to a session, whatever it would serve."""
        return len(session.seats) < session.most and self.suits(board, student, session)

    def suits(self, board: Board, student: StudentId, session: OpenSession) -> bool:
        """The same as if a session had seats enough of its own."""
        return (
            self.may_join(board, student, session)
            and self._room_has_a_seat(board, session)
            and self._company_suits(board, student, session)
            and self._lead_can_take_more(board, session)
        )

    def may_join(self, board: Board, student: StudentId, session: OpenSession) -> bool:
        """Whether nothing but those who are in a session keeps a student out of it."""
        return (
            not any((student, block) in board.at for block in session.blocks)
            and self.may_take(student, session.offering.id)
            and self.in_time(student, session.offering, session.blocks)
            and self.room_suits(student, session.room)
            and self._in_order(board, student, session)
            and self.student_arrives(board, student, session)
        )

    def serves(
        self, board: Board, student: StudentId, session: OpenSession
    ) -> tuple[CompetencyId, ...]:
        """What of the session's competencies the student needs, is ready for, and has not got."""
        served, needs = board.served[student], self.facts.needs[student]
        return tuple(
            competency
            for competency in session.offering.competencies
            if competency in needs
            and competency not in served
            and not self.facts.missing(student, competency)
        )

    def room_suits(self, student: StudentId, room: Room) -> bool:
        """Whether the student may be in the room: consent for a place off campus, and whatever
        they need every room to have."""
        person = self.facts.students[student]
        consent = room.kind != "off_campus" or person.off_campus_consent
        return consent and all(feature in room.features for feature in person.needs_features)

    def could_reach(self, student: StudentId, room: Room, blocks: tuple[BlockId, ...]) -> bool:
        """Whether commitments leave the student time to get to the room and back."""
        return self.room_suits(student, room) and self._arrives(student, {}, blocks, room)

    def could_be_in(self, board: Board, session: OpenSession, room: Room) -> bool:
        """Whether everybody in a session could be in another room instead, whose seats, locks and
        kit are another question. Nobody who is kept apart from a person by room is brought among
        neighbours."""
        people = (*session.seats, *(duty.staff for duty in session.duties))
        near = room.building == session.room.building
        return (
            all(self._place_suits(student, session.offering, room) for student in session.seats)
            and (near or all(self.gets_to(board, s, room, session.blocks) for s in session.seats))
            and (
                near
                or all(
                    self._adult_arrives(board, duty.staff, session.blocks, room)
                    for duty in session.duties
                )
            )
            and (
                room.zones == 1
                or room is session.room
                or not any(
                    by_room for person in people for _, by_room in self.apart.get(person, ())
                )
            )
        )

    def _place_suits(self, student: StudentId, offering: Offering, room: Room) -> bool:
        """Whether the student may be in a room for an offering."""
        return self.room_suits(student, room) and all(
            needed.feature in room.features
            for needed in self._applying(student, offering)
            if needed.kind == "place"
        )

    def _room_has_a_seat(self, board: Board, session: OpenSession) -> bool:
        room = session.room
        if room.zones == 1:
            return True
        return all(
            sum(len(other.seats) for other in board.in_room[room.id, block]) < room.seats
            for block in session.blocks
        )

    def _company_suits(self, board: Board, student: StudentId, session: OpenSession) -> bool:
        """Group size, aide, language and place that this student needs, and the others who need
        a small group; nobody to be kept apart from."""
        size = len(session.seats) + 1
        for accommodation in self._applying(student, session.offering):
            if not self._suits(accommodation, session, size):
                return False
        return size <= self.most_beside(session) and not any(
            self._meets(board, other, session, by_room) for other, by_room in self.apart[student]
        )

    def most_beside(self, session: OpenSession) -> int:
        """How many students a session may have for the sake of those in it who need a small
        group."""
        needing = self._need_small_groups.keys() & session.seats.keys()
        asked = (a.group_size for s in needing for a in self._applying(s, session.offering))
        return min((size for size in asked if size is not None), default=len(self.facts.students))

    def helpers_asked(self, student: StudentId, session: OpenSession) -> Iterator[Accommodation]:
        """What a student needs of the adults in a session that none of them is there for."""
        for needed in self._applying(student, session.offering):
            if needed.kind in ("aide", "language") and not self._suits(needed, session, 0):
                yield needed

    def may_meet(self, staff: StaffId, students: Iterable[StudentId]) -> bool:
        """Whether an adult need not be kept apart from any of the students."""
        return not any(other == staff for s in students for other, _ in self.apart[s])

    def _suits(self, needed: Accommodation, session: OpenSession, size: int) -> bool:
        if needed.kind == "place":
            return needed.feature in session.room.features
        if needed.kind == "group_size":
            return needed.group_size is not None and size <= needed.group_size
        if needed.kind == "aide":
            return any(duty.role == "aide" for duty in session.duties)
        if needed.kind == "language":
            return any(
                needed.qualification in self.facts.staff[duty.staff].qualifications
                for duty in session.duties
            )
        return True

    def likely_to_suit(self, student: StudentId, offering: Offering) -> bool:
        """Whether a session of the offering could meet what the student needs of every session:
        an aide, a small group, a place."""
        return all(
            any(need.role == "aide" for need in offering.roles)
            if needed.kind == "aide"
            else (needed.group_size or 0) >= max(1, offering.smallest)
            if needed.kind == "group_size"
            else any(needed.feature in room.features for room in self.rooms_for(offering.id))
            if needed.kind == "place"
            else True
            for needed in self._applying(student, offering)
        )

    def _meets(self, board: Board, other: str, session: OpenSession, by_room: bool) -> bool:
        if other in session.seats or any(duty.staff == other for duty in session.duties):
            return True
        return by_room and any(
            other in neighbour.seats or any(duty.staff == other for duty in neighbour.duties)
            for block in session.blocks
            for neighbour in board.in_room[session.room.id, block]
        )

    def may_lead_more(self, board: Board, staff: StaffId, students: int) -> bool:
        """Whether an adult may lead so many students more that day."""
        most = self.facts.staff[staff].most_students
        return most is None or most >= students + sum(len(one.seats) for one in board.led[staff])

    def _lead_can_take_more(self, board: Board, session: OpenSession) -> bool:
        return all(
            self.may_lead_more(board, duty.staff, 1)
            for duty in session.duties
            if duty.role == "lead"
        )

    def _in_order(self, board: Board, student: StudentId, session: OpenSession) -> bool:
        earlier, later = self._before[session.offering.id], self._after[session.offering.id]
        if not earlier and not later:
            return True
        before, after = {first for first, _ in earlier}, {then for then, _ in later}
        position = self.facts.position
        start, end = position[session.blocks[0]], position[session.blocks[-1]]
        return not any(
            (other.offering.id in before and position[other.blocks[-1]] >= start)
            or (other.offering.id in after and position[other.blocks[0]] <= end)
            for other in board.sessions_of(student)
        )

    # --- ways between places ------------------------------------------------------------------

    def student_arrives(self, board: Board, student: StudentId, session: OpenSession) -> bool:
        """Whether the student gets there from the place before and to the place after in time."""
        return self.gets_to(board, student, session.room, session.blocks)

    def gets_to(
        self, board: Board, student: StudentId, room: Room, blocks: tuple[BlockId, ...]
    ) -> bool:
        """The same of a room in some blocks."""
        if not self.facts.crossings:
            return True
        places = {b: board.at[student, b].room for b in self.facts.flex if (student, b) in board.at}
        return self._arrives(student, places, blocks, room)

    def _adult_arrives(
        self, board: Board, staff: StaffId, blocks: tuple[BlockId, ...], room: Room
    ) -> bool:
        if not self.facts.crossings:
            return True
        places = {
            b: board.on_duty[staff, b].room for b in self.facts.flex if (staff, b) in board.on_duty
        }
        return self._arrives(staff, places, blocks, room)

    def _arrives(
        self, person: str, rooms: dict[BlockId, Room], blocks: tuple[BlockId, ...], room: Room
    ) -> bool:
        facts = self.facts
        stops = {block: held.building for block, held in rooms.items()}
        stops |= self._committed_to[person]
        stops |= dict.fromkeys(blocks, room.building)
        if len(set(stops.values())) == 1:
            return True
        order = sorted(stops, key=facts.position.__getitem__)
        for earlier, later in pairwise(order):
            minutes = facts.travel(stops[earlier], stops[later])
            if minutes > facts.blocks[later].start - facts.blocks[earlier].end:
                return False
        return True

    # --- adults and rooms ---------------------------------------------------------------------

    def may_serve(
        self,
        board: Board,
        staff: StaffId,
        need: RoleNeed,
        offering: Offering,
        blocks: tuple[BlockId, ...],
        room: Room,
    ) -> bool:
        """Whether an adult could take on a role in a session not yet on the board."""
        return self.may_work(board, staff, need, offering, blocks) and self._adult_arrives(
            board, staff, blocks, room
        )

    def may_work(
        self,
        board: Board,
        staff: StaffId,
        need: RoleNeed,
        offering: Offering,
        blocks: tuple[BlockId, ...],
    ) -> bool:
        """The same wherever the session may be."""
        return (
            self.facts.fills(staff, offering.id, need)
            and self.facts.available(staff, blocks)
            and not any((staff, block) in board.on_duty for block in blocks)
            and self.duty_allowed(staff, need.role, offering.id, blocks)
            and self._planning_kept(board, staff, blocks)
            and self._within_agreement(board, staff, need, offering, blocks)
        )

    def duty_allowed(
        self,
        staff: StaffId,
        role: Role | None,
        offering: OfferingId,
        blocks: tuple[BlockId, ...],
    ) -> bool:
        """Whether no lock keeps the adult for something else, or out of the role; None stands for
        whichever role is left to them."""
        return all(
            _leaves(lock, role, offering)
            for block in blocks
            for lock in self._duty_locks.get((staff, block), ())
        )

    def kept_free(self, staff: StaffId, blocks: Iterable[BlockId]) -> bool:
        """Whether a lock keeps the adult free of any duty in one of the blocks."""
        return any(
            lock.offering is None and lock.role is None
            for block in blocks
            for lock in self._duty_locks.get((staff, block), ())
        )

    def _planning_kept(self, board: Board, staff: StaffId, blocks: tuple[BlockId, ...]) -> bool:
        return all(
            sum(
                1
                for block in time.blocks
                if block not in blocks
                and all(self._at_leisure(board, adult, block) for adult in time.staff)
            )
            >= time.at_least
            for time in self.protected.get(staff, ())
            if any(block in time.blocks for block in blocks)
        )

    def _at_leisure(self, board: Board, staff: StaffId, block: BlockId) -> bool:
        return (staff, block) not in board.on_duty and not self.committed(staff, block)

    def committed(self, staff: StaffId, block: BlockId) -> bool:
        """Whether a commitment or a home place takes up the adult's block (an absence doesn't)."""
        return (staff, block) in self._committed

    def _within_agreement(
        self,
        board: Board,
        staff: StaffId,
        need: RoleNeed,
        offering: Offering,
        blocks: tuple[BlockId, ...],
    ) -> bool:
        person = self.facts.staff[staff]
        if need.role == "lead" and person.most_preparations is not None:
            led = {session.offering.id for session in board.led[staff]} | {offering.id}
            if len(led) > person.most_preparations:
                return False
        return person.most_consecutive_blocks is None or (
            self._longest_run(board, staff, blocks) <= person.most_consecutive_blocks
        )

    def _longest_run(self, board: Board, staff: StaffId, blocks: tuple[BlockId, ...]) -> int:
        longest = run = 0
        for block in self.facts.blocks:
            busy = block in blocks or (staff, block) in board.on_duty
            run = run + 1 if busy else 0
            longest = max(longest, run)
        return longest

    def _rooms_for(self, offering: OfferingId) -> tuple[Room, ...]:
        """The rooms of a kind and with the features that the offering asks for."""
        wanted = self.facts.offerings[offering]
        return tuple(
            room
            for room in self.facts.problem.rooms
            if room.kind in wanted.room_kinds
            and set(wanted.features) <= set(room.features)
            and min(room.seats, wanted.largest) >= max(1, wanted.smallest)
        )

    def room_is_free(
        self, board: Board, room: Room, offering: OfferingId, blocks: tuple[BlockId, ...]
    ) -> bool:
        """Whether a room could take one more session of the offering."""
        return self.room_allowed(room, offering, blocks) and all(
            len(board.in_room[room.id, block]) < room.zones for block in blocks
        )

    def room_allowed(self, room: Room, offering: OfferingId, blocks: tuple[BlockId, ...]) -> bool:
        """Whether no closure, home place or lock keeps the room from the offering."""
        return all(
            not self.facts.room_held(room.id, block)
            and all(held == offering for held in self._room_locks.get((room.id, block), ()))
            for block in blocks
        )

    def one_more(self, board: Board, offering: Offering) -> bool:
        """Whether the offering may have another section today."""
        return offering.most_sections is None or offering.most_sections > sum(
            1 for session in board.sessions.values() if session.offering.id == offering.id
        )

    def in_day_order(self, board: Board, offering: OfferingId, blocks: Iterable[BlockId]) -> bool:
        """Whether a session then would stand in the order that whole offerings keep."""
        before = {first for first, whole in self._before[offering] if whole}
        after = {then for then, whole in self._after[offering] if whole}
        if not before and not after:
            return True
        position = self.facts.position
        places = [position[block] for block in blocks]
        return not any(
            (other.offering.id in before and position[other.blocks[-1]] >= min(places))
            or (other.offering.id in after and position[other.blocks[0]] <= max(places))
            for other in board.sessions.values()
        )


def _leaves(lock: DutyLock, role: Role | None, offering: OfferingId) -> bool:
    """Whether a lock on an adult leaves a role in an offering to them."""
    if lock.offering is None:
        return lock.role is not None and lock.role != role
    return lock.offering == offering and (role is None or lock.role in (None, role))


def _committed_to(person: DayStudent | DayStaff) -> dict[BlockId, BuildingId]:
    """Where commitments keep a person, by block, as far as that is stated."""
    return {
        block: commitment.building
        for commitment in person.commitments
        if commitment.building is not None
        for block in commitment.blocks
    }
