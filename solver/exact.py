"""The day program in whole numbers for a few blocks: sections, adults and seats at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import highspy
import numpy as np

from schemas.base import OfferingId, StaffId
from schemas.school import Role
from solver.daylp import DayProgram, SeatColumn
from solver.linear import Reals, highs, load
from solver.proposals import Fixed
from solver.sections import Option, RoomColumn, Run

NEAR_ENOUGH = 0.002
"""A solution within this share of the bound ends the search."""

CHECKS = 60
"""HiGHS is stopped at so many of the moments at which it asks whether to stop: a count, so that
every run ends alike."""

ITERATION_WORK = 7e-8
"""Units of work per simplex iteration and row inside branch and bound."""

NODE_WORK = 0.02
"""Units of work per node, for the cuts and heuristics around it."""


@dataclass(frozen=True)
class Decision:
    """What a solution in whole numbers says: sections by option and class of room, adults by
    option and role, seats."""

    sections: tuple[tuple[RoomColumn, int], ...]
    adults: dict[tuple[Option, Role], list[StaffId]]
    seats: tuple[SeatColumn, ...]


class Exact:
    """Solves a day program whose periods are single blocks."""

    def __init__(self, program: DayProgram, seed: int) -> None:
        self.program = program
        self.work = 0.0
        """Units of work done."""
        sections = program.sections
        self._whole = [
            *(room.column for room in sections.rooms),
            *(duty.column for duty in sections.duties),
            *(seat.column for seat in program.seats),
        ]
        self._engine = highs(seed)
        load(self._engine, program.matrix, self._whole)
        self._engine.setOptionValue("mip_rel_gap", NEAR_ENOUGH)
        self._engine.setOptionValue("mip_heuristic_run_root_reduced_cost", False)

    def start_from(self, sessions: Iterable[Fixed]) -> None:
        """Offers the engine sessions as they stood, as far as the program has a place for them."""
        values: dict[int, int] = defaultdict(int)
        sections = self.program.sections
        options = {(o.offering.id, o.runs[0]): o for o in sections.enters if o.session is None}
        standing = {o.session.id: o for o in sections.enters if o.session is not None}
        rooms = {(c.option, room.id): c.column for c in sections.rooms for room in c.rooms}
        duties = {(d.option, d.role, d.staff): d.column for d in sections.duties}
        seats = {(s.student, s.option, s.competency): s.column for s in self.program.seats}
        for session in sessions:
            option = standing.get(session.id) or options.get(_place(session))
            if option is None:
                continue
            if option.session is None and (option, session.room) in rooms:
                values[rooms[option, session.room]] += 1
                for duty in session.duties:
                    column = duties.get((option, duty.role, duty.staff))
                    if column is not None:
                        values[column] += 1
            for student, serving in session.seats:
                seat = seats.get((student, option, serving))
                if seat is not None:
                    values[seat] = 1
        self._engine.setSolution(
            len(self._whole),
            np.asarray(self._whole, np.int32),
            np.asarray([values[column] for column in self._whole], float),
        )

    def solve(self) -> Decision | None:
        """The best solution found; None where there is none."""
        asked = 0

        def stop(event: highspy.highs.HighsCallbackEvent) -> None:
            nonlocal asked
            asked += 1
            if asked > CHECKS:
                event.interrupt()

        self._engine.cbMipInterrupt += stop
        self._engine.run()
        info = self._engine.getInfo()
        iterations = max(0, info.simplex_iteration_count)
        self.work += iterations * len(self.program.matrix.row_low) * ITERATION_WORK
        self.work += (max(0, info.mip_node_count) + 1) * NODE_WORK
        if info.primal_solution_status != 2:
            return None
        return self._read(np.rint(np.asarray(self._engine.getSolution().col_value)))

    def _read(self, values: Reals) -> Decision:
        sections = self.program.sections
        adults: dict[tuple[Option, Role], list[StaffId]] = defaultdict(list)
        for duty in sections.duties:
            adults[duty.option, duty.role].extend([duty.staff] * int(values[duty.column]))
        return Decision(
            tuple((room, int(values[room.column])) for room in sections.rooms),
            adults,
            tuple(seat for seat in self.program.seats if values[seat.column] > 0),
        )


def _place(session: Fixed) -> tuple[OfferingId, Run]:
    return session.offering, session.blocks
