"""What follows from a Problem alone and is looked up often, computed once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from typing import Literal

from schemas.base import (
    BlockId,
    BuildingId,
    CompetencyId,
    LockId,
    OfferingId,
    RoomId,
    StaffId,
    StudentId,
    digest,
)
from schemas.plan import Duty
from schemas.problem import DayService, DayStaff, DayStudent, Lock, Need, Problem
from schemas.school import (
    Accommodation,
    MinuteKind,
    Modality,
    Offering,
    Relation,
    Role,
    RoleNeed,
    Room,
)
from solver import standing
from solver.day import Day

PersonKind = Literal["student", "staff"]


class Facts(Day):
    """Look-ups on one Problem, beyond those on its time."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.rooms: dict[RoomId, Room] = {room.id: room for room in problem.rooms}
        self.staff: dict[StaffId, DayStaff] = {adult.id: adult for adult in problem.staff}
        self.students: Mapping[StudentId, DayStudent] = {s.id: s for s in problem.students}
        self.competencies = {c.id: c for c in problem.competencies}
        self.closed: frozenset[tuple[RoomId, BlockId]] = frozenset(problem.closures)
        self.homes = {home.id: home for home in problem.homes}
        self._student_held = {s.id: _held(s) for s in problem.students}
        self._staff_held = {adult.id: _held(adult) for adult in problem.staff}
        self._kinds: tuple[tuple[PersonKind, Collection[str]], ...] = (
            ("student", self.students),
            ("staff", self.staff),
        )
        self._home_staff = {(home.staff, home.block) for home in problem.homes}
        self._home_rooms = {(home.room, home.block) for home in problem.homes}
        self._committed = {
            (adult.id, block)
            for adult in problem.staff
            for c in adult.commitments
            for block in c.blocks
        }
        self._mastered = {s.id: frozenset(s.mastered) for s in problem.students}
        self._free = {
            student: tuple(block for block in self.flex if block not in held)
            for student, held in self._student_held.items()
        }
        self.missing = cache(self._missing)
        self.may_attend = cache(self._may_attend)
        self.kit_missing = cache(self._kit_missing)
        self.features_missing = cache(self._features_missing)
        self.qualified = cache(self._qualified)
        self.servable = cache(self._servable)
        self.runs_for = cache(self._runs_for)

    @cached_property
    def digest(self) -> str:
        """The content hash of the Problem, which plans name."""
        return digest(self.problem)

    # --- time -------------------------------------------------------------------------------

    def student_held(self, student: StudentId, block: BlockId) -> bool:
        """Whether an absence or a commitment holds the student in the block."""
        return block in self._student_held[student]

    def staff_held(self, staff: StaffId, block: BlockId) -> bool:
        """Whether an absence, a commitment or a home place holds the adult in the block."""
        return block in self._staff_held[staff] or (staff, block) in self._home_staff

    def room_held(self, room: RoomId, block: BlockId) -> bool:
        """Whether a closure or a home place holds the room in the block."""
        return (room, block) in self.closed or (room, block) in self._home_rooms

    def zones(self, room: RoomId, block: BlockId) -> int:
        """How many sessions the room may hold in the block."""
        return 0 if self.room_held(room, block) else self.rooms[room].zones

    def free_blocks(self, student: StudentId) -> tuple[BlockId, ...]:
        """The flex blocks in which a plan must say where the student is."""
        return self._free[student]

    def is_free(self, student: StudentId, block: BlockId) -> bool:
        """Whether a plan must say where the student is in the block."""
        return block in self._free[student]

    def staff_committed(self, staff: StaffId, block: BlockId) -> bool:
        """Whether a commitment or a home place, absence apart, takes up the adult's block."""
        return (staff, block) in self._committed or (staff, block) in self._home_staff

    @cached_property
    def committed_at(self) -> dict[tuple[PersonKind, str, BlockId], frozenset[BuildingId]]:
        """Where commitments hold people, as far as they name a building."""
        found: dict[tuple[PersonKind, str, BlockId], frozenset[BuildingId]] = {}
        for kind, person in self.people():
            for held in person.commitments:
                if held.building is not None:
                    for block in held.blocks:
                        key = (kind, person.id, block)
                        found[key] = found.get(key, frozenset()) | {held.building}
        return found

    def people(self) -> Iterator[tuple[PersonKind, DayStudent | DayStaff]]:
        """Everybody; a student and an adult may have the same id."""
        for student in self.problem.students:
            yield "student", student
        for adult in self.problem.staff:
            yield "staff", adult

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

    @cached_property
    def repeats(self) -> frozenset[tuple[StudentId, OfferingId]]:
        """What students are not to be given again without new evidence."""
        return frozenset((repeat.student, repeat.offering) for repeat in self.problem.repeats)

    @cached_property
    def accommodations(self) -> dict[StudentId, tuple[Accommodation, ...]]:
        """The requirements of each student who has some."""
        found: dict[StudentId, tuple[Accommodation, ...]] = {}
        for need in self.problem.accommodations:
            found[need.student] = (*found.get(need.student, ()), need)
        return found

    @staticmethod
    def applies(accommodation: Accommodation, offering: Offering) -> bool:
        """Whether a requirement counts in the offering's modality."""
        return not accommodation.modalities or offering.modality in accommodation.modalities

    def _runs_for(
        self, student: StudentId, offering: OfferingId
    ) -> tuple[tuple[BlockId, ...], ...]:
        """The runs of blocks in which the offering is open to the student, by what does not depend
        on a plan: who may come, consent, listed repeats, extra time, and when they are free."""
        wanted = self.offerings[offering]
        asked = [a for a in self.accommodations.get(student, ()) if self.applies(a, wanted)]
        if (
            not self.may_attend(student, offering)
            or (student, offering) in self.repeats
            or (wanted.needs_consent and not self.students[student].off_campus_consent)
            or any(a.kind == "extra_time" and not wanted.extra_time for a in asked)
        ):
            return ()
        barred = {block for a in asked if a.kind == "time" for block in a.blocks}
        hours = set(self.free_blocks(student)) - barred
        return tuple(run for run in self.starts(offering) if hours.issuperset(run))

    def welcomed(
        self, student: StudentId, offerings: Iterable[OfferingId], blocks: Iterable[BlockId]
    ) -> bool:
        """Whether one of the offerings is open to the student in one of the blocks."""
        wanted = set(blocks)
        return any(
            not wanted.isdisjoint(run)
            for offering in offerings
            if offering in self.offerings
            for run in self.runs_for(student, offering)
        )

    def servable_needs(self, student: StudentId) -> tuple[Need, ...]:
        """The student's needs that some offering could serve today."""
        return tuple(
            n for n in self.needs[student].values() if self.servable(student, n.competency)
        )

    def _servable(self, student: StudentId, competency: CompetencyId) -> bool:
        """Whether some offering teaches the competency in blocks the student has, with the
        student's own hard rules kept."""
        return self.missing(student, competency) == 0 and any(
            self.runs_for(student, offering) for offering in self.teaching.get(competency, ())
        )

    @cached_property
    def tried(self) -> dict[tuple[StudentId, CompetencyId, Modality], tuple[StaffId | None, ...]]:
        """By whom each student was taught each competency in ways that did not work."""
        found: dict[tuple[StudentId, CompetencyId, Modality], tuple[StaffId | None, ...]] = {}
        for way in self.problem.stuck:
            key = (way.student, way.competency, way.modality)
            found[key] = (*found.get(key, ()), way.lead)
        return found

    def gives(self, student: StudentId, offering: OfferingId, kind: MinuteKind) -> bool:
        """Whether minutes in the offering are of the kind for the student: choice is what stands
        on the student's ballots, the others are as the offering says."""
        if kind == "choice":
            return offering in self.wishes.get(student, ())
        return kind in self.offerings[offering].minute_kinds

    @cached_property
    def wishes(self) -> dict[StudentId, frozenset[OfferingId]]:
        """All offerings on each student's ballots."""
        found: dict[StudentId, frozenset[OfferingId]] = {}
        for ballot in self.problem.ballots:
            found[ballot.student] = found.get(ballot.student, frozenset()).union(ballot.ranking)
        return found

    @cached_property
    def apart(self) -> tuple[tuple[Relation, PersonKind], ...]:
        """Whom to keep apart, as far as both are in the Problem, and what the other one is."""
        return tuple(
            (relation, kind)
            for relation in self.problem.relations
            if relation.kind == "apart" and relation.student in self.students
            for kind, people in self._kinds
            if relation.other in people
        )

    @cached_property
    def together(self) -> tuple[tuple[StudentId, StudentId, tuple[BlockId, ...]], ...]:
        """Students to keep together, and the blocks in which both are free."""
        return tuple(
            (relation.student, relation.other, shared)
            for relation in self.problem.relations
            if relation.kind == "together"
            and relation.student in self.students
            and relation.other in self.students
            for theirs in [self.free_blocks(relation.other)]
            for shared in [tuple(b for b in self.free_blocks(relation.student) if b in theirs)]
        )

    # --- rooms ------------------------------------------------------------------------------

    def _kit_missing(self, offering: OfferingId, room: RoomId) -> int:
        """1 for a kind of room the offering may not use, and 1 for each feature it lacks."""
        wanted, found = self.offerings[offering], self.rooms[room]
        wrong_kind = found.kind not in wanted.room_kinds
        return wrong_kind + len(set(wanted.features).difference(found.features))

    def _features_missing(self, student: StudentId, room: RoomId) -> int:
        """How many features the student needs and the room lacks."""
        return len(set(self.students[student].needs_features).difference(self.rooms[room].features))

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

    def may_hold(self, duty: Duty, offering: OfferingId, blocks: Sequence[BlockId]) -> bool:
        """Whether a duty counts towards roles, ratios and supervision: the adult accepted the
        offering, is qualified for the role if the offering asks for it, and nothing holds them."""
        return self.qualified(duty.staff, duty.role, offering) and self.available(
            duty.staff, blocks
        )

    def _qualified(self, staff: StaffId, role: Role, offering: OfferingId) -> bool:
        asked = [need for need in self.offerings[offering].roles if need.role == role]
        if not asked:
            return self.accepts(staff, offering)
        return any(self.fills(staff, offering, need) for need in asked)

    @cached_property
    def services(self) -> tuple[DayService, ...]:
        """The services with minutes due today."""
        return tuple(service for service in self.problem.services if service.minutes_due)

    def not_to_be_missed(self, service: DayService) -> tuple[OfferingId, ...]:
        """The offerings that the service may not take the student from."""
        return tuple(
            offering
            for offering in service.not_from_offerings
            if offering in self.offerings and self.may_attend(service.student, offering)
        )

    # --- locks and what is published ------------------------------------------------------------

    @cached_property
    def released_locks(self) -> dict[LockId, str]:
        """Locks that facts have broken, and by what: student, staff, room, offering or expiry."""
        found = {lock.id: standing.broken_by(self, lock) for lock in self.problem.locks}
        return {lock: cause for lock, cause in found.items() if cause}

    @cached_property
    def locks(self) -> tuple[Lock, ...]:
        """The locks that facts have not broken."""
        return tuple(lock for lock in self.problem.locks if lock.id not in self.released_locks)

    @cached_property
    def published_places(self) -> tuple[standing.PublishedPlace, ...]:
        """Where each student who is free was to be, by flex block, as published."""
        return standing.published_places(self)

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


def _held(person: DayStudent | DayStaff) -> frozenset[BlockId]:
    """The blocks in which an absence or a commitment holds somebody."""
    return frozenset(person.away).union(*(held.blocks for held in person.commitments))
