"""From a board to a judged plan: home places and reasons for those left, and a last look for
anything unlawful."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from schemas.base import BlockId, StudentId
from schemas.plan import Engine, Plan, Unplaced, UnplacedReason
from solver.board import Board, write
from solver.effort import JUDGING_WORK
from solver.layout import Layout
from solver.reach import Reach
from solver.score import finish, judge


class Judged(NamedTuple):
    """How much a plan breaks hard rules, overrides apart, and its cost; the first counts before
    the second."""

    breaches: int
    cost: int


@dataclass(frozen=True)
class Finisher:
    """Writes boards of one Problem down as plans."""

    reach: Reach

    def plan(self, board: Board, bound: int | None, engine: Engine | None = None) -> Plan:
        """The judged plan."""
        written = write(board, self._unplaced(board))
        return finish(
            self.reach.facts,
            written.sessions,
            written.placements,
            written.unplaced,
            bound=bound,
            engine=engine,
        )

    @staticmethod
    def work(board: Board) -> float:
        """The units of work of judging a board."""
        return len(board.at) * JUDGING_WORK

    def judged(self, board: Board) -> Judged:
        """How the board would do as a plan."""
        written = write(board, self._homed(board))
        layout = Layout(self.reach.facts, written.sessions, written.placements, written.unplaced)
        judged = judge(layout)
        return Judged(sum(finding.amount for finding in judged.blocking), judged.cost)

    def _unplaced(self, board: Board) -> list[Unplaced]:
        """Everybody without a session, with the reason."""
        return [
            entry.model_copy(update={"reason": self._reason(board, entry.student, entry.block)})
            for entry in self._homed(board)
        ]

    def _homed(self, board: Board) -> list[Unplaced]:
        """Everybody without a session, in a home place of the block that has seats left, or in
        the one with most where none has."""
        taken: Counter[str] = Counter()
        found = []
        for student, block in board.unplaced():
            homes = [home for home in self.reach.facts.problem.homes if home.block == block]
            home = max(homes, key=lambda home: home.seats - taken[home.id], default=None)
            if home is not None:
                taken[home.id] += 1
            place = home.id if home else None
            found.append(Unplaced(student=student, block=block, reason="no_seat", home=place))
        return found

    def _reason(self, board: Board, student: StudentId, block: BlockId) -> UnplacedReason:
        facts, lawful = self.reach.facts, self.reach.lawful
        suited = [
            (offering, run)
            for offering in facts.problem.offerings
            if lawful.may_take(student, offering.id)
            for run in facts.starts(offering.id)
            if block in run and lawful.in_time(student, offering, run)
        ]
        if not suited:
            return "not_eligible"
        running = {session.offering.id for session in board.in_block[block]}
        if any(offering.id in running for offering, _ in suited):
            return "no_seat"
        if not any(
            lawful.room_is_free(board, room, offering.id, run)
            for offering, run in suited
            for room in lawful.rooms_for(offering.id)
        ):
            return "no_room"
        staffed = any(
            all(
                any(
                    facts.fills(staff, offering.id, need)
                    and facts.available(staff, run)
                    and not any((staff, b) in board.on_duty for b in run)
                    for staff in facts.staff
                )
                for need in offering.roles
            )
            for offering, run in suited
        )
        return "no_seat" if staffed else "no_adult"
