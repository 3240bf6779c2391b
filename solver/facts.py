"""What follows from a Problem alone and is looked up often, computed once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache, cached_property
from itertools import pairwise

from schemas.base import BlockId, BuildingId, CompetencyId, OfferingId, RoomId, StaffId, StudentId
from schemas.problem import DayBlock, DayService, DayStaff, DayStudent, Need, Problem
from schemas.school import Offering, RoleNeed, Room


class Facts:
    """Look-ups on one Problem. Blocks are compared by their position in the day."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.blocks: dict[BlockId, DayBlock] = {block.id: block for block in problem.blocks}
        self.position: dict[BlockId, int] = {b.id: i for i, b in enumerate(problem.blocks)}
        self.flex: tuple[BlockId, ...] = tuple(b.id for b in problem.blocks if b.kind == "flex")
        self.rooms: dict[RoomId, Room] = {room.id: room for room in problem.rooms}
        self.offerings: dict[OfferingId, Offering] = {o.id: o for o in problem.offerings}
        self.staff: dict[StaffId, DayStaff] = {adult.id: adult for adult in problem.staff}
        self.students: dict[StudentId, DayStudent] = {s.id: s for s in problem.students}
        self.competencies = {c.id: c for c in problem.competencies}
        self.closed: frozenset[tuple[RoomId, BlockId]] = frozenset(problem.closures)
        self.homes = {home.id: home for home in problem.homes}
        people: Sequence[DayStudent | DayStaff] = (*problem.students, *problem.staff)
        self._held: dict[str, frozenset[BlockId]] = {
            person.id: frozenset(person.away).union(*(c.blocks for c in person.commitments))
            for person in people
        }
        self._home_staff = {(home.staff, home.block) for home in problem.homes}
        self._home_rooms = {(home.room, home.block) for home in problem.homes}
        self._travel: dict[tuple[BuildingId, BuildingId], int] = {}
        for hop in problem.travel:
            self._travel[hop.a, hop.b] = self._travel[hop.b, hop.a] = hop.minutes
        self._mastered = {s.id: frozenset(s.mastered) for s in problem.students}
        self.missing = cache(self._missing)
        self.may_attend = cache(self._may_attend)
        self.starts = cache(self._starts)

    # --- time -------------------------------------------------------------------------------

    def student_held(self, student: StudentId, block: BlockId) -> bool:
        """Whether an absence or a commitment holds the student in the block."""
        return block in self._held[student]

    def staff_held(self, staff: StaffId, block: BlockId) -> bool:
        """Whether an absence, a commitment or a home place holds the adult in the block."""
        return block in self._held[staff] or (staff, block) in self._home_staff

    def room_held(self, room: RoomId, block: BlockId) -> bool:
        """Whether a closure or a home place holds the room in the block."""
        return (room, block) in self.closed or (room, block) in self._home_rooms

    def free_blocks(self, student: StudentId) -> tuple[BlockId, ...]:
        """The flex blocks in which a plan must say where the student is."""
        held = self._held[student]
        return tuple(block for block in self.flex if block not in held)

    def consecutive(self, earlier: BlockId, later: BlockId) -> bool:
        """Whether nothing lies between two blocks of the day."""
        return self.position[later] == self.position[earlier] + 1

    def _starts(self, offering: OfferingId) -> tuple[tuple[BlockId, ...], ...]:
        """Every run of blocks the offering may take up, in order of time."""
        wanted = self.offerings[offering]
        runs = []
        for i, first in enumerate(self.flex):
            run = self.flex[i : i + wanted.length]
            unbroken = len(run) == wanted.length and all(
                self.consecutive(a, b) for a, b in pairwise(run)
            )
            if unbroken and (wanted.starts is None or first in wanted.starts):
                runs.append(run)
        return tuple(runs)

    def travel(self, a: BuildingId, b: BuildingId) -> int:
        """Minutes from one building to another; none within one or where none is stated."""
        return 0 if a == b else self._travel.get((a, b), 0)

    # --- students ---------------------------------------------------------------------------

    def _missing(self, student: StudentId, competency: CompetencyId) -> int:
        """How many prerequisites of the competency the student has not mastered."""
        mastered = self._mastered[student]
        return sum(
            1
            for choices in self.competencies[competency].prerequisites
            if not mastered.intersection(choices)
        )

    def _may_attend(self, student: StudentId, offering: OfferingId) -> bool:
        """Whether grade, groups and block list admit the student (consent is apart)."""
        person, wanted = self.students[student], self.offerings[offering]
        return (
            (wanted.grades is None or person.grade in wanted.grades)
            and (wanted.groups is None or bool(set(wanted.groups).intersection(person.groups)))
            and student not in wanted.barred
        )

    def lacks_consent(self, student: StudentId, offering: OfferingId, room: RoomId) -> bool:
        """Whether being there needs a consent that is not on file."""
        needs = self.offerings[offering].needs_consent or self.rooms[room].kind == "off_campus"
        return needs and not self.students[student].off_campus_consent

    @cached_property
    def needs(self) -> dict[StudentId, dict[CompetencyId, Need]]:
        """Each student's needs by competency."""
        return {s.id: {need.competency: need for need in s.needs} for s in self.problem.students}

    @cached_property
    def teaching(self) -> dict[CompetencyId, tuple[OfferingId, ...]]:
        """The offerings that teach each competency."""
        found: dict[CompetencyId, list[OfferingId]] = {}
        for offering in self.problem.offerings:
            for competency in offering.competencies:
                found.setdefault(competency, []).append(offering.id)
        return {competency: tuple(offerings) for competency, offerings in found.items()}

    # --- adults -----------------------------------------------------------------------------

    def accepts(self, staff: StaffId, offering: OfferingId) -> bool:
        """Whether the adult has not declined the offering."""
        return offering not in self.staff[staff].declined

    def fills(self, staff: StaffId, offering: OfferingId, role: RoleNeed) -> bool:
        """Whether the adult is qualified for the role and accepted the offering."""
        qualified = (
            role.qualification is None or role.qualification in self.staff[staff].qualifications
        )
        return qualified and self.accepts(staff, offering)

    def available(self, staff: StaffId, blocks: Iterable[BlockId]) -> bool:
        """Whether nothing holds the adult in any of the blocks."""
        return not any(self.staff_held(staff, block) for block in blocks)

    # --- services ---------------------------------------------------------------------------

    def delivers(self, service: DayService, offering: OfferingId) -> bool:
        """Whether minutes in the offering count for the service, blocks apart: it asks for the
        service's qualification and, pulled out, is a service session within the largest group;
        pushed in, is anything but a service session."""
        held = self.offerings[offering]
        if all(role.qualification != service.qualification for role in held.roles):
            return False
        if service.setting == "push_in":
            return held.modality != "service"
        return held.modality == "service" and held.largest <= service.largest_group
