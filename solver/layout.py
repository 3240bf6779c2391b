"""A plan laid out for looking up: who is where, in which room, with which adults."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from schemas.base import BlockId, BuildingId, OfferingId, RoomId, SessionId, StaffId, StudentId
from schemas.plan import Duty, Placement, Session, Unplaced
from solver.facts import Facts, PersonKind

T = TypeVar("T")


class Layout:
    """Sessions, placements and unplaced students of one day, lawful or not.

    It can be changed in place, piece by piece, by those who judge one change after another.

    Raises:
        ValueError: a session, placement or unplaced entry names what the Problem does not have,
            or the same placement stands twice.
    """

    def __init__(
        self,
        facts: Facts,
        sessions: Iterable[Session],
        placements: Iterable[Placement],
        unplaced: Iterable[Unplaced] = (),
    ) -> None:
        self.facts = facts
        self._sessions: dict[SessionId, Session] = {}
        self._placements: dict[tuple[StudentId, SessionId], Placement] = {}
        self.sessions: Mapping[SessionId, Session] = self._sessions
        self.placements: Mapping[tuple[StudentId, SessionId], Placement] = self._placements
        self.unplaced: dict[tuple[StudentId, BlockId], Unplaced] = {}
        self._in_session: dict[SessionId, list[StudentId]] = defaultdict(list)
        self._of_student: dict[StudentId, list[Session]] = defaultdict(list)
        self._at: dict[tuple[StudentId, BlockId], list[Session]] = defaultdict(list)
        self._in_home: dict[str, list[StudentId]] = defaultdict(list)
        self._of_offering: dict[OfferingId, list[Session]] = defaultdict(list)
        self._in_room: dict[tuple[RoomId, BlockId], list[Session]] = defaultdict(list)
        self._of_staff: dict[StaffId, list[tuple[Session, Duty]]] = defaultdict(list)
        self._busy: dict[tuple[StaffId, BlockId], list[Session]] = defaultdict(list)
        for session in sessions:
            self.add(session)
        for placement in placements:
            self.seat(placement)
        for absence in unplaced:
            self.leave_out(absence)

    # --- changes ------------------------------------------------------------------------------

    def add(self, session: Session) -> None:
        """Adds a session without students. Raises: ValueError, as above."""
        facts, where = self.facts, f"sessions.{session.id}"
        if session.id in self.sessions:
            raise ValueError(f"{where}: stands twice; give each session its own id")
        _known(where, "offering", session.offering, facts.offerings)
        _known(where, "room", session.room, facts.rooms)
        if not session.blocks or len(set(session.blocks)) != len(session.blocks):
            raise ValueError(f"{where}: name each of its blocks once")
        for block in session.blocks:
            _known(where, "block", block, facts.blocks)
            self._in_room[session.room, block].append(session)
        if len(set(session.duties)) != len(session.duties):
            raise ValueError(f"{where}: name each of its duties once")
        for duty in session.duties:
            _known(where, "staff member", duty.staff, facts.staff)
            self._of_staff[duty.staff].append((session, duty))
        for adult in dict.fromkeys(duty.staff for duty in session.duties):
            for block in session.blocks:
                self._busy[adult, block].append(session)
        self._sessions[session.id] = session
        self._of_offering[session.offering].append(session)

    def drop(self, session: SessionId) -> None:
        """Takes away a session that has no students."""
        gone = self._sessions.pop(session)
        for duty in gone.duties:
            self._of_staff[duty.staff].remove((gone, duty))
        for block in gone.blocks:
            _take(self._in_room[gone.room, block], gone)
            for adult in {duty.staff for duty in gone.duties}:
                _take(self._busy[adult, block], gone)
        _take(self._of_offering[gone.offering], gone)

    def seat(self, placement: Placement) -> None:
        """Places a student in a session. Raises: ValueError, as above."""
        where = f"placements.{placement.student}"
        _known(where, "student", placement.student, self.facts.students)
        _known(where, "session", placement.session, self.sessions)
        key = (placement.student, placement.session)
        if key in self.placements:
            raise ValueError(f"{where}: is placed twice in {placement.session}; leave one out")
        if placement.competency is not None:
            offered = self.facts.offerings[self.sessions[placement.session].offering].competencies
            if placement.competency not in offered:
                raise ValueError(f"{where}: {placement.session} does not teach its competency")
        self._placements[key] = placement
        self._in_session[placement.session].append(placement.student)
        session = self.sessions[placement.session]
        self._of_student[placement.student].append(session)
        for block in session.blocks:
            self._at[placement.student, block].append(session)

    def unseat(self, student: StudentId, session: SessionId) -> Placement:
        """Takes a student out of a session; the placement it was. Raises: ValueError, as above."""
        if (student, session) not in self._placements:
            raise ValueError(f"placements.{student}: is not in session {session!r}")
        held = self._sessions[session]
        self._in_session[session].remove(student)
        _take(self._of_student[student], held)
        for block in held.blocks:
            _take(self._at[student, block], held)
        return self._placements.pop((student, session))

    def leave_out(self, absence: Unplaced) -> None:
        """Lists a student as unplaced in a block. Raises: ValueError, as above."""
        where = f"unplaced.{absence.student}"
        _known(where, "student", absence.student, self.facts.students)
        _known(where, "block", absence.block, self.facts.blocks)
        if absence.home is not None:
            _known(where, "home place", absence.home, self.facts.homes)
        if (absence.student, absence.block) in self.unplaced:
            raise ValueError(f"{where}: is unplaced twice in {absence.block}; leave one out")
        self.unplaced[absence.student, absence.block] = absence
        if self.home_of(absence.student, absence.block) is not None:
            self._in_home[absence.home or ""].append(absence.student)

    def take_back(self, student: StudentId, block: BlockId) -> Unplaced:
        """Takes a student off the list of the unplaced in a block; the entry it was. Raises:
        ValueError, as above."""
        if (student, block) not in self.unplaced:
            raise ValueError(f"unplaced.{student}: is not unplaced in {block!r}")
        home = self.home_of(student, block)
        if home is not None:
            self._in_home[home].remove(student)
        return self.unplaced.pop((student, block))

    # --- questions ----------------------------------------------------------------------------

    def students_in(self, session: SessionId) -> list[StudentId]:
        """The students placed in a session, in the order of the plan."""
        return self._in_session.get(session, [])

    def sessions_of(self, student: StudentId) -> list[Session]:
        """All sessions a student is placed in."""
        return self._of_student.get(student, [])

    def at(self, student: StudentId, block: BlockId) -> list[Session]:
        """The sessions a student is placed in during a block: one, in a lawful plan."""
        return self._at.get((student, block), [])

    def home_of(self, student: StudentId, block: BlockId) -> str | None:
        """The home place of the block that takes the unplaced student in, if one does."""
        entry = self.unplaced.get((student, block))
        if entry is None or entry.home is None or not self.facts.is_free(student, block):
            return None
        return entry.home if self.facts.homes[entry.home].block == block else None

    def in_home(self, home: str) -> list[StudentId]:
        """The students a home place takes in."""
        return self._in_home.get(home, [])

    def sessions_for(self, offering: OfferingId) -> list[Session]:
        """The sessions of an offering."""
        return self._of_offering.get(offering, [])

    def in_room(self, room: RoomId, block: BlockId) -> list[Session]:
        """The sessions held in a room during a block."""
        return self._in_room.get((room, block), [])

    def duties_of(self, staff: StaffId) -> list[tuple[Session, Duty]]:
        """All duties of an adult with the session each stands in."""
        return self._of_staff.get(staff, [])

    def sessions_with(self, kind: PersonKind, person: str, block: BlockId) -> list[Session]:
        """The sessions a student is placed in, or an adult has a duty in, during a block."""
        return self.at(person, block) if kind == "student" else self.working(person, block)

    def working(self, staff: StaffId, block: BlockId) -> list[Session]:
        """The distinct sessions an adult has a duty in during a block."""
        return self._busy.get((staff, block), [])

    def rooms_in_use(self) -> Iterator[tuple[RoomId, BlockId, list[Session]]]:
        """Each room and block with the sessions held there."""
        for (room, block), sessions in self._in_room.items():
            yield room, block, sessions

    def staff_at_work(self) -> Iterator[tuple[StaffId, BlockId, list[Session]]]:
        """Each adult and block with the distinct sessions in which the adult has a duty."""
        for (staff, block), sessions in self._busy.items():
            yield staff, block, sessions

    def buildings(self, kind: PersonKind, person: str, block: BlockId) -> frozenset[BuildingId]:
        """The buildings in which sessions or commitments need the person during a block."""
        committed = self.facts.committed_at.get((kind, person, block), frozenset())
        sessions = self.sessions_with(kind, person, block)
        return committed.union(self.facts.rooms[session.room].building for session in sessions)

    def led_by(self, staff: StaffId) -> list[Session]:
        """The sessions the adult leads."""
        return [session for session, duty in self.duties_of(staff) if duty.role == "lead"]

    def counting(self, session: Session) -> list[Duty]:
        """The duties of a session that count: accepted, qualified, and not held elsewhere."""
        may_hold = self.facts.may_hold
        return [d for d in session.duties if may_hold(d, session.offering, session.blocks)]


def _take(listed: list[T], one: T) -> None:
    """Takes exactly this thing, not merely an equal one, out of a list."""
    del listed[next(i for i, other in enumerate(listed) if other is one)]


def _known(where: str, what: str, name: str, among: object) -> None:
    if name not in among:  # type: ignore[operator]
        raise ValueError(f"{where}: there is no {what} {name!r} in the problem")
