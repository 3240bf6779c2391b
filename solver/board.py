"""A plan in the making: sessions, adults, rooms and seats that can still change."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from schemas.base import BlockId, CompetencyId, RoomId, StaffId, StudentId
from schemas.plan import Duty, Placement, Session, Unplaced
from schemas.school import Offering, Role, Room
from solver.facts import Facts


@dataclass(eq=False)
class OpenSession:
    """A session that can still change. What locks and the freeze hold in it is `pinned`."""

    id: str
    offering: Offering
    blocks: tuple[BlockId, ...]
    room: Room
    duties: tuple[Duty, ...]
    seats: dict[StudentId, CompetencyId | None] = field(default_factory=dict)
    pinned: bool = False
    pinned_students: frozenset[StudentId] = frozenset()
    pinned_staff: frozenset[StaffId] = frozenset()
    pinned_room: bool = False

    @property
    def lead(self) -> StaffId | None:
        """The first adult in role lead, or None."""
        return next((duty.staff for duty in self.duties if duty.role == "lead"), None)

    @property
    def most(self) -> int:
        """The most students the offering, the room and the adults' ratio allow."""
        return self._most_with(0)

    @property
    def most_staffed(self) -> int:
        """The same once every post that lacks an adult has one."""
        return self._most_with(sum(need.count for need in self.offering.roles))

    def _most_with(self, least_adults: int) -> int:
        most = min(self.offering.largest, self.room.seats)
        if self.offering.students_per_adult is not None:
            adults = max(least_adults, len({duty.staff for duty in self.duties}))
            most = min(most, self.offering.students_per_adult * adults)
        return most


class Board:
    """Who is where so far. Nothing here asks what is lawful: see solver.lawful."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.sessions: dict[str, OpenSession] = {}
        self.at: dict[tuple[StudentId, BlockId], OpenSession] = {}
        self.in_room: dict[tuple[RoomId, BlockId], list[OpenSession]] = defaultdict(list)
        self.on_duty: dict[tuple[StaffId, BlockId], OpenSession] = {}
        self.in_block: dict[BlockId, list[OpenSession]] = {block: [] for block in facts.flex}
        self.served: dict[StudentId, dict[CompetencyId, OpenSession]] = defaultdict(dict)
        self.led: dict[StaffId, list[OpenSession]] = defaultdict(list)
        self._opened = 0

    def open(
        self,
        offering: Offering,
        blocks: tuple[BlockId, ...],
        room: Room,
        duties: Iterable[Duty],
        pinned: bool = False,
    ) -> OpenSession:
        """Adds an empty session."""
        session = OpenSession(self._new_name(), offering, blocks, room, (), pinned=pinned)
        self.sessions[session.id] = session
        for block in blocks:
            self.in_block[block].append(session)
        self._enter(session, room)
        self.staff(session, duties)
        return session

    def close(self, session: OpenSession) -> tuple[StudentId, ...]:
        """Takes a session away; the students it leaves without a place."""
        left = tuple(session.seats)
        for student in left:
            self.unseat(student, session)
        self.staff(session, ())
        self._leave(session)
        for block in session.blocks:
            self.in_block[block].remove(session)
        del self.sessions[session.id]
        return left

    def move(self, session: OpenSession, room: Room) -> None:
        """Takes a session to another room."""
        self._leave(session)
        self._enter(session, room)

    def staff(self, session: OpenSession, duties: Iterable[Duty]) -> None:
        """Puts other adults on duty."""
        for duty in session.duties:
            for block in session.blocks:
                self.on_duty.pop((duty.staff, block), None)
            if duty.role == "lead" and session in self.led[duty.staff]:
                self.led[duty.staff].remove(session)
        session.duties = tuple(duties)
        for duty in session.duties:
            for block in session.blocks:
                self.on_duty[duty.staff, block] = session
            if duty.role == "lead":
                self.led[duty.staff].append(session)

    def seat(
        self, student: StudentId, session: OpenSession, competency: CompetencyId | None = None
    ) -> None:
        """Places a student."""
        session.seats[student] = competency
        for block in session.blocks:
            self.at[student, block] = session
        if competency is not None:
            self.served[student][competency] = session

    def unseat(self, student: StudentId, session: OpenSession) -> CompetencyId | None:
        """Takes a student out; what the placement served."""
        competency = session.seats.pop(student)
        for block in session.blocks:
            del self.at[student, block]
        if competency is not None and self.served[student].get(competency) is session:
            del self.served[student][competency]
        return competency

    def _enter(self, session: OpenSession, room: Room) -> None:
        session.room = room
        for block in session.blocks:
            self.in_room[room.id, block].append(session)

    def _leave(self, session: OpenSession) -> None:
        for block in session.blocks:
            self.in_room[session.room.id, block].remove(session)

    def unplaced(self) -> list[tuple[StudentId, BlockId]]:
        """Each free block of each student that names no session yet, in the Problem's order."""
        return [
            (student.id, block)
            for student in self.facts.problem.students
            for block in self.facts.free_blocks(student.id)
            if (student.id, block) not in self.at
        ]

    def sessions_of(self, student: StudentId) -> list[OpenSession]:
        """The student's sessions in order of time."""
        found: list[OpenSession] = []
        for block in self.facts.flex:
            session = self.at.get((student, block))
            if session is not None and session not in found:
                found.append(session)
        return found

    def duties_of(self, staff: StaffId) -> list[OpenSession]:
        """The sessions an adult is on duty in, in order of time."""
        found: list[OpenSession] = []
        for block in self.facts.flex:
            session = self.on_duty.get((staff, block))
            if session is not None and session not in found:
                found.append(session)
        return found

    def copy(self) -> Board:
        """An independent board that stands the same; sessions keep their ids."""
        twin = Board(self.facts)
        twin._opened = self._opened
        for session in self.sessions.values():
            twin.adopt(session)
        return twin

    def adopt(self, session: OpenSession) -> OpenSession:
        """Adds a session as it stands on another board, under the same id where that is free."""
        name = session.id if session.id not in self.sessions else self._new_name()
        self._opened = max(self._opened, int(name))
        mine = OpenSession(
            name,
            session.offering,
            session.blocks,
            session.room,
            (),
            pinned=session.pinned,
            pinned_students=session.pinned_students,
            pinned_staff=session.pinned_staff,
            pinned_room=session.pinned_room,
        )
        self.sessions[name] = mine
        for block in mine.blocks:
            self.in_block[block].append(mine)
        self._enter(mine, session.room)
        self.staff(mine, session.duties)
        for student, competency in session.seats.items():
            self.seat(student, mine, competency)
        return mine

    def _new_name(self) -> str:
        self._opened += 1
        return f"{self._opened:05d}"


def beyond_asked(session: OpenSession) -> Iterator[Duty]:
    """The duties of a session that its offering doesn't ask for."""
    left: Counter[Role] = Counter()
    for need in session.offering.roles:
        left[need.role] += need.count
    for duty in session.duties:
        left[duty.role] -= 1
        if left[duty.role] < 0:
            yield duty


@dataclass(frozen=True)
class Written:
    """A board put down as a plan's lists."""

    sessions: tuple[Session, ...]
    placements: tuple[Placement, ...]
    unplaced: tuple[Unplaced, ...]


def write(board: Board, unplaced: Iterable[Unplaced]) -> Written:
    """Puts a board down, each session under the id it was published under where there is one
    like it, else under one made of its offering, first block and number."""
    names = _names(board)
    sessions = tuple(
        Session(id=names[s.id], offering=s.offering.id, blocks=s.blocks, room=s.room.id,
                duties=s.duties)
        for s in board.sessions.values()
    )  # fmt: skip
    placements = tuple(
        Placement(student=student, session=names[s.id], competency=competency)
        for s in board.sessions.values()
        for student, competency in s.seats.items()
    )
    return Written(sessions, placements, tuple(unplaced))


def _names(board: Board) -> dict[str, str]:
    published = board.facts.problem.published
    before = defaultdict(list)
    for old in published.sessions if published else ():
        before[old.offering, old.blocks, old.room].append(old.id)
    names: dict[str, str] = {}
    for session in board.sessions.values():
        alike = before[session.offering.id, session.blocks, session.room.id]
        if alike:
            names[session.id] = alike.pop(0)
    taken = set(names.values())
    counts: dict[str, int] = defaultdict(int)
    for session in board.sessions.values():
        while session.id not in names:
            key = f"{session.offering.id}.{session.blocks[0]}"[:180]
            counts[key] += 1
            name = f"{key}.{counts[key]}"
            if name not in taken:
                names[session.id] = name
                taken.add(name)
    return names
