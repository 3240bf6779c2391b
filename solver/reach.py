"""What is within reach whatever the rest of the day looks like: rooms, adults and students of
each offering, once and for all."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from itertools import pairwise
from typing import NamedTuple

from schemas.base import (
    BlockId,
    BuildingId,
    CompetencyId,
    OfferingId,
    RoomId,
    StaffId,
    StudentId,
)
from schemas.problem import ProtectedTime
from schemas.school import MinuteKind, RoleNeed, Room
from solver.facts import Facts
from solver.lawful import Lawful
from solver.worth import Worth


class Audience(NamedTuple):
    """The grades and groups that something is for; None stands for all."""

    grades: tuple[str, ...] | None
    groups: tuple[str, ...] | None

    def has(self, grade: str | None, groups: tuple[str, ...]) -> bool:
        """Whether it is for a student of that grade and those groups."""
        return (self.grades is None or grade in self.grades) and (
            self.groups is None or any(group in self.groups for group in groups)
        )


class Reach:
    """Look-ups that the day program, its bound and the construction share.

    Where an override may cover a finding, the rule counts as waived: everything here admits at
    least what a lawful plan could do.
    """

    def __init__(self, facts: Facts, lawful: Lawful, worth: Worth) -> None:
        self.facts, self.lawful, self.worth = facts, lawful, worth
        self.classes_for = cache(self._classes_for)
        self.staffing = cache(self._staffing)
        self.size_waived = cache(self._size_waived)
        self.interests = cache(self._interests)
        self.admitted = cache(self._admitted)

    def waived(self, rule: str, **known: str) -> bool:
        """Whether an override of the rule could cover a finding on the known subjects."""
        return any(
            override.rule == rule
            and all(known.get(what, name) == name for what, name in override.subjects.items())
            for override in self.facts.problem.overrides
        )

    # --- rooms --------------------------------------------------------------------------------

    @cached_property
    def quarters(self) -> dict[BuildingId, int]:
        """Buildings by number, the same for those from which the same others are too far to be
        reached within the shortest pause between two blocks."""
        blocks = self.facts.problem.blocks
        pause = min((later.start - one.end for one, later in pairwise(blocks)), default=0)
        buildings = dict.fromkeys(room.building for room in self.facts.problem.rooms)
        far = {
            here: frozenset(b for b in buildings if self.facts.travel(here, b) > pause)
            for here in buildings
        }
        numbers = {away: number for number, away in enumerate(dict.fromkeys(far.values()))}
        return {here: numbers[away] for here, away in far.items()}

    def far_from(self, quarter: int, block: BlockId, after: BlockId) -> tuple[int, ...]:
        """The quarters that cannot be reached from one between two blocks."""
        blocks, here = self.facts.blocks, self.corners[quarter].building
        pause = blocks[after].start - blocks[block].end
        return tuple(
            other
            for other, corner in self.corners.items()
            if self.facts.travel(here, corner.building) > pause
        )

    def too_far_apart(
        self, places: Mapping[tuple[BlockId, int], list[int]]
    ) -> Iterator[tuple[int, ...]]:
        """Of what somebody could do by block and quarter: what excludes each other, as the way
        between two blocks in a row is too long."""
        for (block, here), mine in places.items():
            for after in self._next_to(block):
                far = [
                    column
                    for there in self.far_from(here, block, after)
                    for column in places.get((after, there), ())
                    if column not in mine
                ]
                if far:
                    yield (*mine, *far)

    def _next_to(self, block: BlockId) -> tuple[BlockId, ...]:
        """The flex block that follows, if one does."""
        place = self.facts.position[block] + 1
        return tuple(b for b in self.facts.flex if self.facts.position[b] == place)

    def in_a_row(self, block: BlockId) -> tuple[BlockId, ...]:
        """The flex blocks that follow one another without a break, of which one is given."""
        position = self.facts.position
        row = [block]
        for later in self.facts.flex:
            if position[later] == position[row[-1]] + 1:
                row.append(later)
        for earlier in reversed(self.facts.flex):
            if position[earlier] == position[row[0]] - 1:
                row.insert(0, earlier)
        return tuple(row)

    @cached_property
    def is_spread_out(self) -> bool:
        """Whether there are places between which a pause is too short to walk."""
        return len(set(self.quarters.values())) > 1

    @cached_property
    def corners(self) -> dict[int, Room]:
        """A room of each quarter, to ask whether somebody can get there."""
        return {self.quarters[room.building]: room for room in self.facts.problem.rooms}

    @cached_property
    def room_classes(self) -> tuple[tuple[Room, ...], ...]:
        """Rooms alike in building, kind and zones, in the features that students need, and in how
        many students of each offering they hold."""
        alike: dict[tuple[object, ...], list[Room]] = defaultdict(list)
        for room in self.facts.problem.rooms:
            features = tuple(sorted(self._needed_features.intersection(room.features)))
            holds = tuple(
                min(offering.largest, room.seats)
                if room in self._suited[offering.id]
                or self.size_waived(offering.id)
                or self.waived("room-kit", offering=offering.id)
                else 0
                for offering in self.facts.problem.offerings
            )
            alike[room.building, room.kind, room.zones, features, holds].append(room)
        return tuple(tuple(rooms) for rooms in alike.values())

    @cached_property
    def class_of(self) -> dict[RoomId, int]:
        """The class of each room, by position in `room_classes`."""
        return {room.id: number for number, rooms in enumerate(self.room_classes) for room in rooms}

    @cached_property
    def _suited(self) -> dict[OfferingId, frozenset[Room]]:
        return {o: frozenset(self.lawful.rooms_for(o)) for o in self.facts.offerings}

    @cached_property
    def _needed_features(self) -> frozenset[str]:
        """The features that some student needs of a room."""
        needed = {f for student in self.facts.problem.students for f in student.needs_features}
        needed.update(a.feature for a in self.facts.problem.accommodations if a.feature)
        return frozenset(needed)

    def _classes_for(self, offering: OfferingId) -> tuple[int, ...]:
        """The classes of rooms the offering could be in, by position in `room_classes`."""
        if self.waived("room-kit", offering=offering) or self.size_waived(offering):
            return tuple(range(len(self.room_classes)))
        suited = set(self.lawful.rooms_for(offering))
        return tuple(i for i, rooms in enumerate(self.room_classes) if rooms[0] in suited)

    def _size_waived(self, offering: OfferingId) -> bool:
        return self.waived("group-size", offering=offering)

    def most(self, offering: OfferingId, room_class: int) -> int:
        """The most students of one section in a room of the class."""
        if self.size_waived(offering):
            return max(1, len(self.facts.students))
        return min(self.facts.offerings[offering].largest, self.room_classes[room_class][0].seats)

    def least(self, offering: OfferingId) -> int:
        """The fewest students of one section."""
        return 0 if self.size_waived(offering) else self.facts.offerings[offering].smallest

    # --- adults -------------------------------------------------------------------------------

    def _staffing(self, offering: OfferingId) -> tuple[tuple[RoleNeed, tuple[StaffId, ...]], ...]:
        """Per role the offering asks for, the adults who fill it. A role that a named person may
        have waived asks for nobody, as long as somebody supervises who accepted the offering, in
        whatever role."""
        needs = self.facts.offerings[offering].roles
        if self.waived("role-cover", offering=offering):
            anybody = tuple(a for a in self.facts.staff if self.facts.accepts(a, offering))
            return ((needs[0].model_copy(update={"count": 1}), anybody),)
        return tuple(
            (need, tuple(a for a in self.facts.staff if self.facts.fills(a, offering, need)))
            for need in needs
        )

    @cached_property
    def leads(self) -> Counter[StaffId]:
        """How many offerings each adult could lead."""
        return Counter(
            staff
            for offering in self.facts.offerings
            for need, adults in self.staffing(offering)
            if need.role == "lead"
            for staff in adults
        )

    @cached_property
    def protected(self) -> tuple[ProtectedTime, ...]:
        """The protected times that no override waives for one of their adults."""
        return tuple(
            time
            for time in self.facts.problem.protected
            if not any(self.waived("planning-time", staff=staff) for staff in time.staff)
        )

    # --- students -----------------------------------------------------------------------------

    def may_come(self, student: StudentId, offering: OfferingId) -> bool:
        """Whether the student could lawfully attend the offering at some time."""
        return (
            self.lawful.may_take(student, offering)
            or self.waived("not-eligible", student=student, offering=offering)
            or self.waived("repeat-guard", student=student, offering=offering)
        )

    def may_serve(self, student: StudentId, offering: OfferingId, competency: CompetencyId) -> bool:
        """Whether a placement there could lawfully serve the competency."""
        return not self.facts.missing(student, competency) or self.waived(
            "not-ready", student=student, offering=offering, competency=competency
        )

    def _interests(self, student: StudentId) -> dict[OfferingId, tuple[CompetencyId | None, ...]]:
        """What of the day's offerings could lower the cost for a student, and by serving what."""
        found: dict[OfferingId, dict[CompetencyId | None, None]] = defaultdict(dict)
        for need in self.facts.needs[student]:
            for offering in self.facts.teaching.get(need, ()):
                if self.may_serve(student, offering, need):
                    found[offering][need] = None
        for offering in self._wished(student):
            found[offering][None] = None
        return {o: tuple(serving) for o, serving in found.items() if self.may_come(student, o)}

    def _wished(self, student: StudentId) -> dict[OfferingId, None]:
        worth, wished = self.worth, dict[OfferingId, None]()
        for ballot in worth.ballots[student]:
            wished.update(dict.fromkeys(o for o in ballot.ranking if o in self.facts.offerings))
        for request in worth.requests[student]:
            wished.update(dict.fromkeys(o for o in request.offerings if o in self.facts.offerings))
        for service in worth.services[student]:
            wished.update(dict.fromkeys(o for o in self._delivering(service.id)))
        for block in self.facts.free_blocks(student):
            old = worth.before.get((student, block))
            if old is not None and old.offering in self.facts.offerings:
                wished[old.offering] = None
        return wished

    def _delivering(self, service: str) -> tuple[OfferingId, ...]:
        return self._deliveries[service]

    @cached_property
    def _deliveries(self) -> dict[str, tuple[OfferingId, ...]]:
        return {
            service.id: tuple(o for o in self.facts.offerings if self.worth.delivers(service, o))
            for service in self.facts.problem.services
        }

    def audience(self, offering: OfferingId) -> Audience:
        """The grades and groups that an offering is for."""
        wanted = self.facts.offerings[offering]
        return Audience(wanted.grades, wanted.groups)

    @cached_property
    def floored(self) -> frozenset[MinuteKind]:
        """The kinds of minutes, choice apart, of which some student has a floor."""
        kinds: tuple[MinuteKind, ...] = ("live_teacher", "enrichment")
        students = self.facts.problem.students
        return frozenset(k for k in kinds if any(getattr(s.floors, k) for s in students))

    def _admitted(self, offering: OfferingId) -> int:
        """At most so many of the day's students may attend the offering."""
        if any(o.rule == "not-eligible" for o in self.facts.problem.overrides):
            return len(self.facts.students)
        audience = self.audience(offering)
        return sum(count for kind, count in self._alike.items() if audience.has(*kind))

    @cached_property
    def _alike(self) -> Counter[tuple[str | None, tuple[str, ...]]]:
        return Counter((s.grade, s.groups) for s in self.facts.problem.students)
