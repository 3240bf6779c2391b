"""What locks ask for, as rows of a day program that is a bound."""

from __future__ import annotations

from collections import defaultdict

from schemas.base import BlockId, OfferingId
from schemas.problem import Lock, PlacementLock
from solver.daylp import DayProgram
from solver.options import Option
from solver.reach import Reach


class Locked:
    """Rows that have sections of locked offerings run, and locked students in them; an override
    that could cover a broken lock sets it free."""

    def __init__(self, program: DayProgram) -> None:
        self.program, self.matrix = program, program.matrix

    def build(self) -> None:
        """Adds the rows."""
        blocks: dict[OfferingId, dict[BlockId, None]] = defaultdict(dict)
        for lock in self.program.facts.locks:
            if (
                lock.target != "room"
                and lock.offering is not None
                and not _may_break(self.program.reach, lock)
            ):
                blocks[lock.offering][lock.block] = None
                if lock.target == "placement":
                    self._hold(lock)
        for offering, named in blocks.items():
            for block in named:
                self._run(offering, block)
            self._run_often_enough(offering, len(named))

    def _hold(self, lock: PlacementLock) -> None:
        """Has a student in the offering, or placed for no gain, which may be in it."""
        period = self.program.sections.period_of.get(lock.block, -1)
        ways = [
            seat.column
            for seat in self.program.seats
            if seat.student == lock.student
            and seat.option.offering.id == lock.offering
            and _covers(seat.option, lock.block)
        ]
        ways += [there.column for there in self.program.elsewhere.get((lock.student, period), ())]
        self.matrix.row(((way, 1) for way in ways), low=min(1, len(ways)))

    def _run(self, offering: OfferingId, block: BlockId) -> None:
        sections = [
            column
            for option in self.program.sections.of_offering[offering]
            if _covers(option, block)
            for column in self.program.sections.columns[option]
        ]
        self.matrix.row(((column, 1) for column in sections), low=min(1, len(sections)))

    def _run_often_enough(self, offering: OfferingId, blocks: int) -> None:
        """Has sections that take up as many blocks as are locked, whichever those are."""
        takes = [
            (column, max(len(run) for run in option.runs))
            for option in self.program.sections.of_offering[offering]
            for column in self.program.sections.columns[option]
        ]
        self.matrix.row(takes, low=blocks if takes else 0)


def _may_break(reach: Reach, lock: Lock) -> bool:
    return reach.waived("lock", cause=lock.target, lock=lock.id, block=lock.block)


def _covers(option: Option, block: BlockId) -> bool:
    return any(block in run for run in option.runs)
