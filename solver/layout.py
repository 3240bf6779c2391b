"""A plan laid out for looking up: who is where, in which room, with which adults."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from schemas.base import BlockId, RoomId, SessionId, StaffId, StudentId
from schemas.plan import Duty, Placement, Session, Unplaced
from solver.facts import Facts


class Layout:
    """Sessions, placements and unplaced students of one day, lawful or not.

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
        self.sessions: dict[SessionId, Session] = {}
        self.placements: dict[tuple[StudentId, SessionId], Placement] = {}
        self.unplaced: dict[tuple[StudentId, BlockId], Unplaced] = {}
        self._in_session: dict[SessionId, list[StudentId]] = defaultdict(list)
        self._of_student: dict[StudentId, list[Session]] = defaultdict(list)
        self._in_room: dict[tuple[RoomId, BlockId], list[Session]] = defaultdict(list)
        self._of_staff: dict[StaffId, list[tuple[Session, Duty]]] = defaultdict(list)
        for session in sessions:
            self._add_session(session)
        for placement in placements:
            self._add_placement(placement)
        for absence in unplaced:
            self._add_unplaced(absence)

    def _add_session(self, session: Session) -> None:
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
        for duty in session.duties:
            _known(where, "staff member", duty.staff, facts.staff)
            self._of_staff[duty.staff].append((session, duty))
        self.sessions[session.id] = session

    def _add_placement(self, placement: Placement) -> None:
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
        self.placements[key] = placement
        self._in_session[placement.session].append(placement.student)
        self._of_student[placement.student].append(self.sessions[placement.session])

    def _add_unplaced(self, absence: Unplaced) -> None:
        where = f"unplaced.{absence.student}"
        _known(where, "student", absence.student, self.facts.students)
        _known(where, "block", absence.block, self.facts.blocks)
        if absence.home is not None:
            _known(where, "home place", absence.home, self.facts.homes)
        self.unplaced[absence.student, absence.block] = absence

    def students_in(self, session: SessionId) -> list[StudentId]:
        """The students placed in a session, in the order of the plan."""
        return self._in_session.get(session, [])

    def sessions_of(self, student: StudentId) -> list[Session]:
        """All sessions a student is placed in."""
        return self._of_student.get(student, [])

    def at(self, student: StudentId, block: BlockId) -> list[Session]:
        """The sessions a student is placed in during a block: one, in a lawful plan."""
        return [session for session in self.sessions_of(student) if block in session.blocks]

    def in_room(self, room: RoomId, block: BlockId) -> list[Session]:
        """The sessions held in a room during a block."""
        return self._in_room.get((room, block), [])

    def duties_of(self, staff: StaffId) -> list[tuple[Session, Duty]]:
        """All duties of an adult with the session each stands in."""
        return self._of_staff.get(staff, [])

    def lead_of(self, session: Session) -> StaffId | None:
        """The first adult in role lead, or None."""
        return next((duty.staff for duty in session.duties if duty.role == "lead"), None)


def _known(where: str, what: str, name: str, among: object) -> None:
    if name not in among:  # type: ignore[operator]
        raise ValueError(f"{where}: there is no {what} {name!r} in the problem")
