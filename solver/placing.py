"""Places students in seats that stand open, opens sections for those left, and drops sessions
that stay too small."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.base import BlockId, CompetencyId, OfferingId, StudentId
from schemas.school import Offering, Room
from solver.board import Board, OpenSession
from solver.naming import Naming, Section
from solver.reach import Reach
from solver.trading import staff_by_trade


class Placing:
    """Lawful changes to a board, one student or session at a time, the dearest gain first."""

    def __init__(self, reach: Reach, board: Board) -> None:
        self.reach, self.board = reach, board
        self.lawful, self.worth, self.facts = reach.lawful, reach.worth, reach.facts
        self.steps = 0
        """Questions asked so far, for counting work."""

    def fill(self, block: BlockId) -> None:
        """Seats the students who are still unplaced in a block, in sessions too small first."""
        for student in self.facts.students:
            if self._waits(student, block):
                self.place(student, block)

    def finish(self) -> None:
        """Brings every session to its minimum or drops it, then places whoever is left by moving
        others aside or opening sections, until nothing more helps."""
        self._settle_sizes()
        self.place_the_rest()
        self._settle_sizes()
        self.place_the_rest()
        self.serve_more()

    def _waits(self, student: StudentId, block: BlockId) -> bool:
        return self.facts.is_free(student, block) and (student, block) not in self.board.at

    # --- one student --------------------------------------------------------------------------

    def place(self, student: StudentId, block: BlockId, quarter: int | None = None) -> bool:
        """Seats a student in the block where it saves most, within a quarter if one is given;
        whether there was a seat."""
        best: tuple[int, OpenSession, CompetencyId | None] | None = None
        for session in self.board.in_block[block]:
            self.steps += 1
            elsewhere = quarter not in (None, self.reach.quarters[session.room.building])
            if not elsewhere and self.lawful.may_sit(self.board, student, session):
                worth, competency = self.best_use(student, session)
                if len(session.seats) < session.offering.smallest:
                    worth += self.worth.price["unplaced"]
                if best is None or worth > best[0]:
                    best = (worth, session, competency)
        if best is not None:
            self.board.seat(student, best[1], best[2])
        return best is not None

    def best_use(self, student: StudentId, session: OpenSession) -> tuple[int, CompetencyId | None]:
        """What a seat would save at best, and by serving what."""
        uses: list[tuple[int, CompetencyId | None]] = [
            (self.worth.seat(self.board, student, session, competency), competency)
            for competency in (*self.lawful.serves(self.board, student, session), None)
        ]
        return max(uses, key=lambda use: use[0])

    def place_the_rest(self) -> None:
        """Open seats first, then new sections, and others moved aside, which takes most, last."""
        for student, block in self.board.unplaced():
            if self._waits(student, block):
                self.place(student, block)
        for block in self.facts.flex:
            self._move_to_larger_rooms(block)
            self._open_for_the_rest(block)
        for student, block in self.board.unplaced():
            if self._waits(student, block):
                _ = (
                    self.place(student, block)
                    or self._go_elsewhere(student, block)
                    or self._move_aside(student, block)
                )

    def _go_elsewhere(self, student: StudentId, block: BlockId) -> bool:
        """Where ways are long, seats a student anew in all blocks in a row around one in which no
        seat can be reached, in one quarter; whether that leaves fewer of them without a seat."""
        if not self.reach.is_spread_out:
            return False
        stretch = self.reach.in_a_row(block)
        held = [
            (session, session.seats[student])
            for session in self.board.sessions_of(student)
            if set(stretch).issuperset(session.blocks) and student not in session.pinned_students
        ]
        waited = sum(self._waits(student, b) for b in stretch)
        for session, _ in held:
            self.board.unseat(student, session)
        for quarter in self.reach.corners:
            seated = self._fill_stretch(student, stretch, quarter)
            if sum(self._waits(student, b) for b in stretch) < waited:
                return True
            for session in seated:
                self.board.unseat(student, session)
        for session, competency in held:
            self.board.seat(student, session, competency)
        return False

    def _fill_stretch(
        self, student: StudentId, stretch: tuple[BlockId, ...], quarter: int
    ) -> list[OpenSession]:
        """Seats a student in each of some blocks within a quarter, as far as seats are open; in
        which sessions."""
        return [
            self.board.at[student, block]
            for block in stretch
            if self._waits(student, block) and self.place(student, block, quarter)
        ]

    def _move_aside(self, student: StudentId, block: BlockId) -> bool:
        """Seats a student where another can go to a different session instead, who loses least."""
        found = []
        for number, session in enumerate(self.board.in_block[block]):
            self.steps += 1
            if self.lawful.may_join(self.board, student, session):
                for place, (other, competency) in enumerate(session.seats.items()):
                    if other not in session.pinned_students:
                        loss = self.worth.seat(self.board, other, session, competency)
                        found.append((loss, number, place, other, session))
        self.steps += len(found)
        return any(
            self._swap_in(student, other, session) for _, _, _, other, session in sorted(found)
        )

    def _swap_in(self, student: StudentId, other: StudentId, session: OpenSession) -> bool:
        competency = self.board.unseat(other, session)
        self.steps += 1
        if self.lawful.may_sit(self.board, student, session):
            self.board.seat(student, session, self.best_use(student, session)[1])
            if all(self._sits_again(other, block) for block in session.blocks):
                return True
            for block in session.blocks:
                elsewhere = self.board.at.get((other, block))
                if elsewhere is not None:
                    self.board.unseat(other, elsewhere)
            self.board.unseat(student, session)
        self.board.seat(other, session, competency)
        return False

    def _sits_again(self, student: StudentId, block: BlockId) -> bool:
        return (student, block) in self.board.at or self.place(student, block)

    # --- sessions too small, and new ones -----------------------------------------------------

    def fill_pinned(self) -> None:
        """Brings the sessions to their minimum that are to run whatever they are worth."""
        for session in self.board.sessions.values():
            if session.pinned and self._lacks(session) > 0:
                _ = self._draw_in(session) or self._draw_in(session, idle=False)

    def _settle_sizes(self) -> None:
        self.fill_pinned()
        small = [s for s in self.board.sessions.values() if self._lacks(s) > 0 and not s.pinned]
        for session in sorted(small, key=self._lacks):
            if self._lacks(session) <= 0 or self._draw_in(session):
                continue
            left = self.board.close(session)
            for student in left:
                for block in session.blocks:
                    if self._waits(student, block):
                        self.place(student, block)

    @staticmethod
    def _lacks(session: OpenSession) -> int:
        return session.offering.smallest - len(session.seats)

    def _draw_in(self, session: OpenSession, idle: bool = True) -> bool:
        """Fills a session to its minimum with students from sessions that can spare them, those
        whom it serves nothing where `idle`; undone when there are too few."""
        drawn: list[tuple[StudentId, OpenSession, CompetencyId | None]] = []
        for student in list(self.facts.students):
            if self._lacks(session) <= 0:
                return True
            donor = self._donor(student, session, idle)
            if donor is not None:
                competency = self.board.unseat(student, donor)
                if self.lawful.may_sit(self.board, student, session):
                    self.board.seat(student, session, self.best_use(student, session)[1])
                    drawn.append((student, donor, competency))
                else:
                    self.board.seat(student, donor, competency)
        if self._lacks(session) <= 0:
            return True
        for student, donor, competency in drawn:
            self.board.unseat(student, session)
            self.board.seat(student, donor, competency)
        return False

    def _donor(self, student: StudentId, session: OpenSession, idle: bool) -> OpenSession | None:
        """The session a student could leave for this one: it runs in the same blocks, can spare
        them, and, where `idle`, serves them nothing."""
        now = self.board.at.get((student, session.blocks[0]))
        if now is None or now is session or now.blocks != session.blocks:
            return None
        spare = len(now.seats) > now.offering.smallest and student not in now.pinned_students
        free = now.seats[student] is None or not idle
        suits = self.lawful.may_take(student, session.offering.id)
        return now if spare and free and suits else None

    def _open_for_the_rest(self, block: BlockId) -> None:
        """Opens sections for students unplaced in a block, the one that takes most of them first,
        as long as one takes enough."""
        takes = self._takers(block)
        while takes:
            run, suited = max(takes.items(), key=lambda entry: len(entry[1]))
            if not self._open_for(self.facts.offerings[run[0]], run[1], suited):
                takes = {other: them for other, them in takes.items() if other[0] != run[0]}
                continue
            left = {
                other: [s for s in them if self._waits(s, block)] for other, them in takes.items()
            }
            takes = {other: them for other, them in left.items() if them}

    def _takers(
        self, block: BlockId
    ) -> dict[tuple[OfferingId, tuple[BlockId, ...]], list[StudentId]]:
        """What could be opened in a block, with the students unplaced in it who could join."""
        waiting = [student for student in self.facts.students if self._waits(student, block)]
        found = {}
        for offering in self.facts.problem.offerings if waiting else ():
            for run in self.facts.starts(offering.id):
                suited = [s for s in waiting if block in run and self._could_join(s, offering, run)]
                if suited:
                    found[offering.id, run] = suited
        return found

    def _open_for(
        self, offering: Offering, run: tuple[BlockId, ...], suited: list[StudentId]
    ) -> bool:
        """Opens a section for some students; whether there was room, an adult, and enough of
        them."""
        session = self._open(offering, run)
        if session is None and len(suited) >= max(1, offering.smallest):
            session = self._open_by_trade(offering, run)
        if session is None:
            return False
        for student in suited:
            if self.lawful.may_sit(self.board, student, session):
                self.board.seat(student, session, self.best_use(student, session)[1])
        if self._lacks(session) > 0 and not self._draw_in(session):
            self.board.close(session)
            return False
        return True

    def _could_join(self, student: StudentId, offering: Offering, run: tuple[BlockId, ...]) -> bool:
        self.steps += 1
        return (
            self.lawful.may_take(student, offering.id)
            and self.lawful.in_time(student, offering, run)
            and not any((student, b) in self.board.at for b in run)
        )

    def _open(self, offering: Offering, run: tuple[BlockId, ...]) -> OpenSession | None:
        naming = Naming(self.reach, self.board)
        rooms = sorted(self.lawful.rooms_for(offering.id), key=lambda room: -room.seats)
        for room in rooms:
            self.steps += 1
            if self.lawful.room_is_free(self.board, room, offering.id, run):
                session = naming.open_one(Section(offering, run, (room,)), {})
                if session is not None:
                    return session
        return None

    def _open_by_trade(self, offering: Offering, run: tuple[BlockId, ...]) -> OpenSession | None:
        """Opens a section for which an adult is found only as others take over their posts."""
        room = next(self._free_rooms(offering, run), None)
        if (
            room is None
            or not self.lawful.one_more(self.board, offering)
            or not self.lawful.in_day_order(self.board, offering.id, run)
        ):
            return None
        session = self.board.open(offering, run, room, ())
        staffed, asked = staff_by_trade(self.reach, self.board, session)
        self.steps += asked
        if staffed:
            return session
        self.board.close(session)
        return None

    def _free_rooms(self, offering: Offering, run: tuple[BlockId, ...]) -> Iterator[Room]:
        """Rooms that could take a session more, those first that seat most of the offering's
        students, and of these the smallest, as others may need the larger."""
        rooms = self.lawful.rooms_for(offering.id)
        self.steps += len(rooms)
        for room in sorted(rooms, key=lambda r: (-min(r.seats, offering.largest), r.seats)):
            if self.lawful.room_is_free(self.board, room, offering.id, run):
                yield room

    # --- larger rooms -------------------------------------------------------------------------

    def _move_to_larger_rooms(self, block: BlockId) -> None:
        """Moves sessions that only their room makes full, as long as that seats somebody."""
        for session in list(self.board.in_block[block]):
            waiting = [s for s in self.facts.students if self._waits(s, block)]
            if not waiting:
                return
            full = session.room.zones == 1 and len(session.seats) >= session.room.seats
            if full and not session.pinned and len(session.seats) < session.offering.largest:
                self._move_for(session, waiting)

    def _move_for(self, session: OpenSession, waiting: list[StudentId]) -> None:
        """Moves a session to a larger room that suits everybody in it, if that seats some of those
        who wait."""
        before, size = session.room, len(session.seats)
        for room in self._free_rooms(session.offering, session.blocks):
            if room.seats > before.seats and self.lawful.could_be_in(self.board, session, room):
                self.board.move(session, room)
                for student in waiting:
                    self.steps += 1
                    if self.lawful.may_sit(self.board, student, session):
                        self.board.seat(student, session, self.best_use(student, session)[1])
                if len(session.seats) > size:
                    return
                self.board.move(session, before)

    # --- better use of the seats taken --------------------------------------------------------

    def serve_more(self) -> None:
        """Lets each placement serve the dearest need it can."""
        for session in self.board.sessions.values():
            for student, serving in list(session.seats.items()):
                if serving is None:
                    worth, competency = self.best_use(student, session)
                    if competency is not None and worth > 0:
                        self.board.seat(student, session, competency)
