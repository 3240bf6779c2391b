"""What sections a day could have and who could sit in them, one by one: at least everything that
a lawful plan could do."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache, cached_property
from typing import NamedTuple

from schemas.base import BlockId, OfferingId, RoomId, StaffId, StudentId
from schemas.problem import DayStaff
from schemas.school import RoleNeed, Room
from solver.facts import Facts
from solver.lawful import Lawful
from solver.reach import Reach
from solver.worth import Worth

Run = tuple[BlockId, ...]


class Post(NamedTuple):
    """So many adults that a section asks for, and who could take it."""

    number: int
    adults: tuple[StaffId, ...]


class AtMost(NamedTuple):
    """In no more than so many of some blocks an adult could be on duty."""

    blocks: frozenset[BlockId]
    most: int


class Openings:
    """Questions on a Problem alone. Where an override may cover a finding, its rule counts as
    waived; whatever depends on who else is where is left out."""

    def __init__(self, reach: Reach) -> None:
        self.reach, self.facts, self._lawful = reach, reach.facts, reach.lawful
        self._locks_waived = reach.waived("lock")
        self.rooms = cache(self._rooms)
        self.posts = cache(self._posts)
        self.could_run = cache(self._could_run)
        self._sorts_of_room = cache(self._sorts)
        self._could_come = cache(self._runs_of)

    @classmethod
    def of(cls, facts: Facts) -> Openings:
        """The openings of a Problem."""
        return cls(Reach(facts, Lawful(facts), Worth(facts)))

    # --- sections -----------------------------------------------------------------------------

    def sections(self) -> Iterator[tuple[OfferingId, Run]]:
        """Every offering with each run of blocks that a section of it could take up."""
        for offering in self.facts.offerings:
            for run in self.facts.starts(offering):
                if self.could_run(offering, run):
                    yield offering, run

    def most_sections(self, offering: OfferingId) -> int | None:
        """How many sections the offering may have in the day; None where nothing limits them."""
        waived = self.reach.size_waived(offering)
        return None if waived else self.facts.offerings[offering].most_sections

    def _could_run(self, offering: OfferingId, run: Run) -> bool:
        """Whether there are a room, adults and students enough for a section."""
        return (
            self.most_sections(offering) != 0
            and bool(self.rooms(offering, run))
            and all(len(post.adults) >= post.number for post in self.posts(offering, run))
            and self._comers[offering, run] >= max(1, self.reach.least(offering))
        )

    def _rooms(self, offering: OfferingId, run: Run) -> tuple[tuple[Room, int], ...]:
        """The rooms a section could be in, and how many students it could have there."""
        return tuple(
            (room, most)
            for number in self.reach.classes_for(offering)
            for most in [self.reach.most(offering, number)]
            for room in self.reach.room_classes[number]
            if not any(self.facts.room_held(room.id, block) for block in run)
            and (self._locks_waived or self._lawful.room_allowed(room, offering, run))
        )

    def counts_seats(self, room: RoomId) -> bool:
        """Whether sections share the room, and no person lets more in than it has seats."""
        shared = self.facts.rooms[room].zones > 1
        return shared and not self.reach.waived("group-size", room=room)

    def _posts(self, offering: OfferingId, run: Run) -> tuple[Post, ...]:
        """The adults a section asks for. One may do for two needs of the same role, so only the
        greater one counts; where a person may have a role waived, anybody supervises."""
        free = tuple(a for a in self.facts.problem.staff if self._is_free(a, offering, run))
        if self.reach.waived("role-cover", offering=offering):
            accepting = (a.id for a in free if self.facts.accepts(a.id, offering))
            return (Post(1, tuple(accepting)),)
        needs = sorted(self.facts.offerings[offering].roles, key=lambda need: need.count)
        return tuple(
            Post(need.count, tuple(a.id for a in free if self._could_take(a, offering, need)))
            for need in {need.role: need for need in needs}.values()
        )

    def _could_take(self, adult: DayStaff, offering: OfferingId, need: RoleNeed) -> bool:
        """Whether the adult fills the role, and may lead as many as come at least if it is that."""
        if not self.facts.fills(adult.id, offering, need):
            return False
        if need.role != "lead" or self.reach.waived("prep-limit", staff=adult.id):
            return True
        students = adult.most_students
        enough = students is None or students >= max(1, self.reach.least(offering))
        return enough and adult.most_preparations != 0

    def _is_free(self, adult: DayStaff, offering: OfferingId, run: Run) -> bool:
        return self.facts.available(adult.id, run) and (
            self._locks_waived or self._lawful.duty_allowed(adult.id, None, offering, run)
        )

    # --- adults -------------------------------------------------------------------------------

    @cached_property
    def duty_limits(self) -> dict[StaffId, tuple[AtMost, ...]]:
        """What protected time and agreed breaks leave of each adult's flex blocks."""
        flex = frozenset(self.facts.flex)
        found: dict[StaffId, list[AtMost]] = defaultdict(list)
        for time in self.reach.protected:
            committed = self.facts.staff_committed
            kept = [b for b in time.blocks if not any(committed(a, b) for a in time.staff)]
            for staff in time.staff:
                most = max(0, len(kept) - time.at_least)
                found[staff].append(AtMost(flex.intersection(kept), most))
        for adult in self.facts.problem.staff:
            found[adult.id].extend(self._breaks(adult))
        return {
            staff: tuple(limit for limit in limits if len(limit.blocks) > limit.most)
            for staff, limits in found.items()
        }

    def _breaks(self, adult: DayStaff) -> Iterator[AtMost]:
        """Every stretch of the day that is one block longer than the adult may be on duty."""
        most, day = adult.most_consecutive_blocks, tuple(self.facts.blocks)
        if most is not None and not self.reach.waived("prep-limit", staff=adult.id):
            for first in range(len(day) - most):
                stretch = frozenset(day[first : first + most + 1])
                if stretch.issubset(self.facts.flex):
                    yield AtMost(stretch, most)

    def most_led(self, staff: StaffId) -> int | None:
        """How many students the adult may lead in the day; None where nothing limits them."""
        waived = self.reach.waived("prep-limit", staff=staff)
        return None if waived else self.facts.staff[staff].most_students

    def leads(self, offering: OfferingId, run: Run) -> tuple[StaffId, ...]:
        """The adults one of whom leads each section, where all of them are limited in how many
        students they lead; none for a session of several blocks, which counts its students once."""
        if len(run) > 1 or self.reach.waived("role-cover", offering=offering):
            return ()
        needs = [need for need in self.facts.offerings[offering].roles if need.role == "lead"]
        if not needs:
            return ()
        crew = tuple(
            adult.id
            for adult in self.facts.problem.staff
            if self._is_free(adult, offering, run) and self._could_take(adult, offering, needs[0])
        )
        return crew if all(self.most_led(staff) is not None for staff in crew) else ()

    # --- students -----------------------------------------------------------------------------

    def open_to(self, student: StudentId, block: BlockId) -> frozenset[OfferingId]:
        """The offerings that the student could be in during the block."""
        return self._open_to[self._stands_for[student]][block]

    @cached_property
    def demand(self) -> dict[BlockId, Counter[frozenset[OfferingId]]]:
        """How many students need a place in each block, by what is open to them."""
        return {
            block: Counter(
                self.open_to(student, block)
                for student in self.facts.students
                if self.facts.is_free(student, block)
            )
            for block in self.facts.flex
        }

    @cached_property
    def _open_to(self) -> dict[StudentId, dict[BlockId, frozenset[OfferingId]]]:
        found = {}
        for student in self._alike:
            blocks: dict[BlockId, set[OfferingId]] = {b: set() for b in self.facts.flex}
            for offering in self.facts.offerings:
                for run in self._could_come(student, offering):
                    if self.could_run(offering, run):
                        for block in run:
                            blocks[block].add(offering)
            found[student] = {block: frozenset(offerings) for block, offerings in blocks.items()}
        return found

    @cached_property
    def _comers(self) -> dict[tuple[OfferingId, Run], int]:
        """How many students could come to an offering in a run of blocks."""
        found: dict[tuple[OfferingId, Run], int] = defaultdict(int)
        for student, alike in self._alike.items():
            for offering in self.facts.offerings:
                for run in self._could_come(student, offering):
                    found[offering, run] += len(alike)
        return found

    @cached_property
    def _alike(self) -> dict[StudentId, list[StudentId]]:
        """Students of whom the same holds, by the first of them."""
        problem = self.facts.problem
        named = {name for override in problem.overrides for name in override.subjects.values()}
        named.update(each.student for each in problem.accommodations)
        named.update(repeat.student for repeat in problem.repeats)
        named.update(student for offering in problem.offerings for student in offering.barred)
        first: dict[tuple[object, ...], StudentId] = {}
        found: dict[StudentId, list[StudentId]] = defaultdict(list)
        for one in problem.students:
            key = (
                one.grade,
                one.groups,
                one.needs_features,
                one.off_campus_consent,
                self.facts.free_blocks(one.id),
                one.id if one.id in named else None,
            )
            found[first.setdefault(key, one.id)].append(one.id)
        return found

    @cached_property
    def _stands_for(self) -> dict[StudentId, StudentId]:
        """The first student of whom the same holds as of each."""
        return {other: first for first, alike in self._alike.items() for other in alike}

    def _runs_of(self, student: StudentId, offering: OfferingId) -> tuple[Run, ...]:
        """The runs in which nothing about the student forbids the offering."""
        if not self.reach.may_come(student, offering) or not self._small_enough(student, offering):
            return ()
        wanted = self.facts.offerings[offering]
        return tuple(
            run
            for run in self.facts.starts(offering)
            if self._lawful.in_time(student, wanted, run)
            and self._finds_a_room(student, offering, run)
        )

    def _small_enough(self, student: StudentId, offering: OfferingId) -> bool:
        wanted = self.facts.offerings[offering]
        return all(
            need.group_size is None or need.group_size >= self.reach.least(offering)
            for need in self.facts.accommodations.get(student, ())
            if need.kind == "group_size" and self.facts.applies(need, wanted)
        )

    def _finds_a_room(self, student: StudentId, offering: OfferingId, run: Run) -> bool:
        person, wanted = self.facts.students[student], self.facts.offerings[offering]
        features = {
            need.feature
            for need in self.facts.accommodations.get(student, ())
            if need.kind == "place" and need.feature and self.facts.applies(need, wanted)
        }
        if not self.reach.waived("room-kit", student=student):
            features.update(person.needs_features)
        return any(
            features <= having and (person.off_campus_consent or not away)
            for having, away in self._sorts_of_room(offering, run)
        )

    def _sorts(self, offering: OfferingId, run: Run) -> frozenset[tuple[frozenset[str], bool]]:
        """The features of the rooms a section could be in, and whether they are off campus."""
        return frozenset(
            (frozenset(room.features), room.kind == "off_campus")
            for room, _ in self.rooms(offering, run)
        )
