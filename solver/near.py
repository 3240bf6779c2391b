"""The part of a layout that a change touches, so that judging it looks at nothing else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from schemas.base import BlockId, OfferingId, RoomId, SessionId, StaffId, StudentId
from schemas.plan import Session
from schemas.problem import DayStaff, DayStudent, Lock
from solver.facts import Facts, PersonKind
from solver.layout import Layout

K = TypeVar("K")
V = TypeVar("V")
T = TypeVar("T")


@dataclass(frozen=True)
class Touched:
    """What a change touches: the students and adults whose own day it alters, its sessions with
    all their adults, the rooms they are in before or after, the offerings that run more, less or
    otherwise, and the blocks in which home places take in more or fewer."""

    students: frozenset[StudentId]
    staff: frozenset[StaffId]
    leading: frozenset[StaffId]
    sessions: frozenset[SessionId]
    rooms: frozenset[RoomId]
    offerings: frozenset[OfferingId]
    home_blocks: frozenset[BlockId]


class Part(Mapping[K, V]):
    """A mapping that answers for all its keys and goes through some of them only."""

    def __init__(self, whole: Mapping[K, V], keys: Iterable[K]) -> None:
        self._whole, self._keys = whole, tuple(key for key in keys if key in whole)

    def __getitem__(self, key: K) -> V:
        return self._whole[key]

    def __contains__(self, key: object) -> bool:
        return key in self._whole

    def __iter__(self) -> Iterator[K]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


class ByPerson:
    """A Problem's entries by the people (or offerings) they are about."""

    def __init__(self, facts: Facts) -> None:
        self.facts, problem = facts, facts.problem
        self.order = {student: n for n, student in enumerate(facts.students)}
        self.ballots = _by(problem.ballots, lambda one: (one.student,))
        self.requests = _by(problem.requests, lambda one: (one.student,))
        self.services = _by(facts.services, lambda one: (one.student,))
        self.pairs = _by(problem.recent_pairs, lambda one: (one.a, one.b))
        self.apart = _by(facts.apart, lambda one: (one[0].student, one[0].other))
        self.together = _by(facts.together, lambda one: one[:2])
        self.places = _by(facts.published_places, lambda one: (one.student,))
        self.frozen_leads = _by(
            (place for place in facts.published_places if facts.blocks[place.block].frozen),
            lambda one: (one.lead,) if one.lead else (),
        )
        self.missed = _by(facts.services, facts.not_to_be_missed)
        self.homes = _by(problem.homes, lambda one: (one.block,))
        self.locks = _by(facts.locks, _bears_on)
        self.protected = _by(problem.protected, lambda one: one.staff)
        # Everything that rules look up has to be worked out on the whole, not on a part.
        _ = (facts.needs, facts.teaching, facts.repeats, facts.wishes, facts.tried, facts.locks)
        _ = (facts.accommodations, facts.committed_at, facts.crossings)

    def part(self, whole: Layout, touched: Touched) -> PartOfDay:
        """What judging a change looks at, before it is made and after: whoever joins or leaves a
        session is touched, so the company of its students is the same at both times."""
        company = {student for one in touched.sessions for student in whole.students_in(one)}
        return PartOfDay(touched, _NarrowFacts(self, touched, company))


@dataclass(frozen=True)
class PartOfDay:
    """What a change touches, and the facts that go through what is about it and no more."""

    touched: Touched
    facts: Facts


class _NarrowFacts(Facts):
    """Facts that go through some of the people only, and look up all. `company` are the students
    in the sessions touched."""

    def __init__(self, index: ByPerson, touched: Touched, company: Collection[StudentId]) -> None:
        whole = index.facts
        self.__dict__.update(whole.__dict__)
        students = sorted(touched.students, key=index.order.__getitem__)
        self.students = Part(whole.students, students)
        self.problem = whole.problem.model_copy(
            update={
                "students": tuple(whole.students[one] for one in students),
                "staff": tuple(whole.staff[one] for one in whole.staff if one in touched.leading),
                "ballots": _of(index.ballots, students),
                "requests": _of(index.requests, students),
                "recent_pairs": _of(index.pairs, students),
                "protected": _of(index.protected, touched.staff),
                "offerings": tuple(whole.offerings[one] for one in touched.offerings),
                "homes": _of(index.homes, touched.home_blocks),
            }
        )
        people = (*students, *touched.staff)
        things = (*people, *touched.rooms, *touched.offerings)
        needing = {*touched.students, *company}.intersection(whole.accommodations)
        # The names are those of Facts' own look-ups, so that rules find these in their place.
        owed = (*_of(index.services, students), *_of(index.missed, touched.offerings))
        self.__dict__["services"] = tuple({service.id: service for service in owed}.values())
        self.__dict__["locks"] = _of(index.locks, things)
        self.__dict__["apart"] = _of(index.apart, people)
        self.__dict__["together"] = _of(index.together, students)
        self.__dict__["accommodations"] = {one: whole.accommodations[one] for one in needing}
        places = (*_of(index.places, students), *_of(index.frozen_leads, touched.staff))
        self.__dict__["published_places"] = tuple(dict.fromkeys(places))
        self._moving = touched.staff

    def people(self) -> Iterator[tuple[PersonKind, DayStudent | DayStaff]]:
        for kind, person in super().people():
            if kind == "student" or person.id in self._moving:
                yield kind, person


class Near(Layout):
    """A layout in which rules go through what a change touches and look up everything. It shows
    the layout as it is at each moment, through later changes too."""

    def __init__(self, whole: Layout, part: PartOfDay) -> None:
        self.__dict__.update(whole.__dict__)
        self.facts, self._touched = part.facts, part.touched
        self.sessions = Part(whole.sessions, part.touched.sessions)
        self.placements = Part(
            whole.placements,
            [(one, held.id) for one in self.facts.students for held in whole.sessions_of(one)],
        )

    def rooms_in_use(self) -> Iterator[tuple[RoomId, BlockId, list[Session]]]:
        for room in self._touched.rooms:
            for block in self.facts.blocks:
                yield room, block, self.in_room(room, block)

    def staff_at_work(self) -> Iterator[tuple[StaffId, BlockId, list[Session]]]:
        for staff in self._touched.staff:
            for block in self.facts.blocks:
                yield staff, block, self.working(staff, block)


def _bears_on(lock: Lock) -> Iterable[str]:
    """What a lock speaks of: it can only be broken or kept by a change to one of them."""
    named = lock.model_dump(include={"student", "staff", "lead", "room", "offering"})
    return [name for name in named.values() if name is not None]


def _by(entries: Iterable[T], about: Callable[[T], Iterable[str]]) -> dict[str, list[T]]:
    found: dict[str, list[T]] = defaultdict(list)
    for entry in entries:
        for one in dict.fromkeys(about(entry)):
            found[one].append(entry)
    return found


def _of(index: Mapping[str, Sequence[T]], names: Iterable[str]) -> tuple[T, ...]:
    """The entries about any of the names, each once."""
    found = {id(entry): entry for one in names for entry in index.get(one, ())}
    return tuple(found.values())
