"""Sections, adults and seats of a few blocks at once, in whole numbers, by CP-SAT."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from ortools.sat.python import cp_model

from schemas.base import StaffId
from schemas.plan import Duty
from schemas.school import RoleNeed
from solver.board import OpenSession
from solver.daylp import DayProgram
from solver.linear import OPEN, LinearProgram
from solver.options import Option, RoomColumn
from solver.proposals import Fixed

NEAR_ENOUGH = 0.001
"""A solution within this share of the bound ends the search."""

MOST = 1.5
"""Units of CP-SAT's deterministic time after which the search ends."""

WORK = 1.4
"""Units of work per unit of deterministic time: solving alone took 0.7 to 0.9 s of a core
on days of 150 and 850 students, with building and presolving the model about as much again."""


@dataclass(frozen=True)
class Decision:
    """What is to be opened."""

    sections: tuple[tuple[RoomColumn, int], ...]
    """How many, by option and size of room."""
    posts: dict[Option, list[tuple[RoleNeed, StaffId]]]
    """Who is to take the posts of an option's sections."""


class Deciding:
    """Solves a day program that names adults and whose periods are single blocks.

    HiGHS is as fast, but its presolve (1.16.0) was seen not to end on one in about a hundred of
    these programs, whatever its time limit.
    """

    def __init__(self, program: DayProgram, seed: int) -> None:
        self.program = program
        self.work = 0.0
        """Units of work done."""
        matrix = program.matrix
        self._model = cp_model.CpModel()
        self._columns = [
            self._model.new_int_var(low, high, "")
            for low, high in zip(matrix.low, matrix.high, strict=True)
        ]
        terms: dict[int, tuple[list[cp_model.IntVar], list[int]]] = defaultdict(lambda: ([], []))
        for row, column, coefficient in zip(
            matrix.row_of, matrix.column_of, matrix.coefficient, strict=True
        ):
            terms[row][0].append(self._columns[column])
            terms[row][1].append(coefficient)
        for row, (columns, coefficients) in terms.items():
            reached = cp_model.LinearExpr.weighted_sum(columns, coefficients)
            low, high = matrix.row_low[row], matrix.row_high[row]
            self._model.add_linear_constraint(reached, max(low, -OPEN), min(high, OPEN))
        self._model.minimize(cp_model.LinearExpr.weighted_sum(self._columns, matrix.cost))
        self._engine = cp_model.CpSolver()
        self._engine.parameters.num_workers = 1
        self._engine.parameters.linearization_level = 2
        self._engine.parameters.random_seed = seed % (1 << 31)
        self._engine.parameters.relative_gap_limit = NEAR_ENOUGH
        self._engine.parameters.max_deterministic_time = MOST

    def start_from(
        self,
        sessions: Iterable[Fixed],
        standing: Iterable[tuple[OpenSession, tuple[Duty, ...]]],
        wholly: bool,
    ) -> dict[int, int]:
        """Offers the engine sessions as they stood, as far as the program has a place for them,
        and the adults whom those had that stand; the values of all columns that go with them
        where they are offered `wholly` and the program allows it."""
        sections = self.program.sections
        hints: dict[int, int] = {column.column: 0 for column in sections.rooms}
        posts = sections.posts.columns if sections.posts is not None else ()
        held = {(p.option, p.need.role, p.staff): p.column for p in posts}
        seats = {(s.student, s.option, s.competency): s.column for s in self.program.seats}
        hints.update(dict.fromkeys((*held.values(), *seats.values()), 0))
        for session, room in sections.as_before(sessions):
            hints[room.column] += 1
            for duty in session.duties:
                hints[held.get((room.option, duty.role, duty.staff), -1)] = 1
            for student, competency in session.seats:
                hints[seats.get((student, room.option, competency), -1)] = 1
        options = {option.session: option for option, _, _ in held if option.session is not None}
        for one, duties in standing:
            if one in options:
                for duty in duties:
                    hints[held.get((options[one], duty.role, duty.staff), -1)] = 1
        hints.pop(-1, None)
        completed = self._completed(hints) if wholly else hints
        for column, value in completed.items():
            self._model.add_hint(self._columns[column], value)
        return completed

    def _completed(self, hints: dict[int, int]) -> dict[int, int]:
        """Hints with values of all other columns that go with them best: the engine takes up at
        once what is complete; 300 students in three blocks it was seen to leave worse off by 6 %
        of what is at stake where it was not."""
        matrix = replace(
            self.program.matrix,
            low=list(self.program.matrix.low),
            high=list(self.program.matrix.high),
        )
        for column, value in hints.items():
            matrix.low[column] = matrix.high[column] = min(value, matrix.high[column])
        linear = LinearProgram(matrix)
        values = linear.solve()
        self.work += linear.work
        return hints if values is None else dict(enumerate(np.rint(values).astype(int).tolist()))

    def decide(self) -> Decision | None:
        """The best solution found; None where there is none."""
        status = self._engine.solve(self._model)
        self.work += self._engine.response_proto.deterministic_time * WORK
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return None
        sections = self.program.sections
        posts: dict[Option, list[tuple[RoleNeed, StaffId]]] = defaultdict(list)
        for post in sections.posts.columns if sections.posts is not None else ():
            if self._value(post.column):
                posts[post.option].append((post.need, post.staff))
        counts = ((room, self._value(room.column)) for room in sections.rooms)
        return Decision(tuple((room, count) for room, count in counts if count), posts)

    def _value(self, column: int) -> int:
        return self._engine.value(self._columns[column])
