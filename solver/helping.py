"""Adults who come along with a student: an aide, or somebody who speaks a language, beside those
whom an offering asks for."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.base import CompetencyId, StaffId, StudentId
from schemas.plan import Duty
from schemas.school import Accommodation, Role, RoleNeed
from solver.board import Board, OpenSession, beyond_asked
from solver.effort import STEP_WORK
from solver.placing import Placing
from solver.reach import Reach

ROLES: dict[str, Role] = {"aide": "aide", "language": "support"}
"""The role in which somebody meets each kind of accommodation that asks for an adult."""


def who_ask(reach: Reach) -> list[StudentId]:
    """The students who need an adult of their own in some sessions."""
    accommodations = reach.facts.accommodations
    return [
        s for s in reach.facts.students if any(a.kind in ROLES for a in accommodations.get(s, ()))
    ]


def send_home(reach: Reach, board: Board) -> None:
    """Takes out of sessions whoever came along and is no longer needed there."""
    for session in board.sessions.values():
        for duty in beyond_asked(session):
            if duty.staff in session.pinned_staff:
                continue
            before = session.duties
            board.staff(session, [one for one in before if one != duty])
            asked = (reach.lawful.helpers_asked(student, session) for student in session.seats)
            if len(session.seats) > session.most or any(any(True for _ in one) for one in asked):
                board.staff(session, before)


class Helping:
    """Brings helpers to the sessions on a board that would save most for one student."""

    def __init__(self, reach: Reach, board: Board) -> None:
        self.reach, self.board = reach, board
        self.lawful, self.facts = reach.lawful, reach.facts
        self._placing = Placing(reach, board)
        self.work = 0.0
        """Units of work done."""

    def bring(self, student: StudentId) -> list[OpenSession]:
        """Takes a student out of all sessions that nothing pins; those, at most one in each
        block, that would save most and now have whom the student needs, the dearest first."""
        for session in self.board.sessions_of(student):
            if student not in session.pinned_students:
                self.board.unseat(student, session)
        ready: list[OpenSession] = []
        served: set[CompetencyId | None] = set()
        for _, competency, session in sorted(self._wished(student), key=lambda wish: -wish[0]):
            taken = {block for other in ready for block in other.blocks}
            if (
                competency not in served
                and taken.isdisjoint(session.blocks)
                and self._has_help(student, session)
            ):
                ready.append(session)
                served |= {competency} - {None}
        self.work += (self._placing.steps + len(self.board.sessions)) * STEP_WORK
        return ready

    def _wished(self, student: StudentId) -> Iterator[tuple[int, CompetencyId | None, OpenSession]]:
        """The sessions that could be the student's, helpers and seats apart, with what each would
        save, and by serving what."""
        for session in self.board.sessions.values():
            if self.lawful.may_join(self.board, student, session):
                worth, competency = self._placing.best_use(student, session)
                if worth > 0:
                    yield worth, competency, session

    def _has_help(self, student: StudentId, session: OpenSession) -> bool:
        """Brings whom the student needs in a session; whether all of them can come."""
        before = session.duties
        for asked in list(self.lawful.helpers_asked(student, session)):
            helper = self._helper(student, asked, session)
            if helper is None:
                self.board.staff(session, before)
                return False
            self.board.staff(session, (*session.duties, helper))
        return True

    def _helper(
        self, student: StudentId, asked: Accommodation, session: OpenSession
    ) -> Duty | None:
        """Whoever is free, suits everybody there, and could lead the fewest offerings."""
        role = ROLES[asked.kind]
        named = (need for need in session.offering.roles if need.role == role)
        need = next(named, RoleNeed(role=role))
        able = [
            staff
            for staff in self.facts.staff
            if self._speaks(staff, asked)
            and self.lawful.may_meet(staff, (*session.seats, student))
            and self.lawful.may_serve(
                self.board, staff, need, session.offering, session.blocks, session.room
            )
        ]
        staff = min(able, key=lambda one: self.reach.leads[one], default=None)
        return None if staff is None else Duty(staff=staff, role=role)

    def _speaks(self, staff: StaffId, asked: Accommodation) -> bool:
        """Whether the adult speaks the language asked for, if it is one."""
        qualifications = self.facts.staff[staff].qualifications
        return asked.kind != "language" or asked.qualification in qualifications
