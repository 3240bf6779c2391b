"""Seats every free student of a planted day lawfully, block by block, by maximum flows."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

from schemas.school import Offering
from services.examples.competencies import Flags
from services.examples.drawing import Draw
from services.examples.timetable import PlantedSession, Timetable

Counts = NDArray[np.int64]
LONG_AGO = -10_000
"""Minutes before midnight at which whoever has been nowhere yet has left there."""


def seat_by_flow(draw: Draw, allowed: Flags, seats: Counts) -> Counts:
    """For each student (row of `allowed`) a column, or -1: as many seated as possible at all."""
    students, columns = allowed.shape
    answer = np.full(students, -1, dtype=np.int64)
    if not allowed.any():
        return answer
    rows, cols = draw.rng.permutation(students), draw.rng.permutation(columns)
    people, places = np.nonzero(allowed[np.ix_(rows, cols)])
    source, sink = students + columns, students + columns + 1
    tails = np.concatenate(
        [np.full(students, source), people, np.arange(students, students + columns)]
    )
    heads = np.concatenate([np.arange(students), places + students, np.full(columns, sink)])
    room = np.concatenate([np.ones(students + len(people)), np.maximum(seats[cols], 0)])
    graph = csr_array(
        (room.astype(np.int32), (tails.astype(np.int32), heads.astype(np.int32))),
        shape=(sink + 1, sink + 1),
    )
    flow = maximum_flow(graph, source, sink).flow.tocoo()
    seated = (flow.data > 0) & (flow.row < students)
    answer[rows[flow.row[seated]]] = cols[flow.col[seated] - students]
    return answer


class Seating:
    """Who sits where so far. `could` is students x offerings (by position): who may come."""

    def __init__(
        self,
        draw: Draw,
        timetable: Timetable,
        offerings: list[Offering],
        free: Flags,
        ready: Flags,
        could: Flags,
        index: dict[str, int],
        filled: float,
    ) -> None:
        self.draw, self.timetable, self.filled = draw, timetable, filled
        self.column = {offering.id: n for n, offering in enumerate(offerings)}
        self.waiting = free.copy()
        self.free, self.could, self.index = free, could, index
        self.unserved = ready.copy()
        """Students x competencies: ready for, and not yet met today."""
        self.left_over: list[tuple[int, int]] = []
        """Students and blocks for whom no lawful seat was found."""
        self.groups: dict[int, list[str]] = defaultdict(list)
        self._been = np.zeros_like(could)
        self._buildings = [building.id for building in timetable.places.buildings]
        self._in = np.zeros(len(free), dtype=np.int64)
        self._since = np.full(len(free), LONG_AGO, dtype=np.int64)
        """In which building each student was last, by position, and until when."""

    def fill(self, block: int) -> None:
        """Seats everybody who waits in the block: services first, then competency sessions up to
        their share, then the rest, then anywhere."""
        starting = [s for s in self.timetable.sessions if s.first == block]
        room_in = self._room_in(starting, block)
        for n, session in enumerate(starting):
            if session.offering.modality == "service":
                self._seat_service(session)
                room_in[n] = 0
        teaching = np.array([bool(s.offering.competencies) for s in starting], dtype=bool)
        shares = np.clip(self.filled + self.draw.rng.uniform(-0.12, 0.12, len(starting)), 0.2, 1)
        some = np.rint(room_in * shares).astype(np.int64)
        self._seat(block, starting, np.where(teaching, some, 0))
        for last in (False, True):
            left = self._left(room_in, starting)
            waiting = int(self.waiting[:, block].sum())
            if not waiting:
                break
            if not last:
                others = np.where(teaching, 0, left)
                part = min(1.0, 1.02 * waiting / max(1, int(others.sum())))
                left = np.minimum(others, np.ceil(others * part).astype(np.int64))
            self._seat(block, starting, left)
        if self.waiting[:, block].any():
            self._seat_again(block, starting, room_in)
        for student in np.flatnonzero(self.waiting[:, block]):
            self.left_over.append((int(student), block))
        self.waiting[:, block] = False

    def _room_in(self, starting: list[PlantedSession], block: int) -> Counts:
        """Seats of each session, lowered where later blocks of the same run have fewer seats in
        a building that cannot be left in between."""
        seats = np.array([s.capacity for s in starting], dtype=np.int64)
        clock = self.timetable.clock
        buildings = sorted({s.room.building for s in self.timetable.sessions})
        for building in buildings:
            fewest = here = self._seats_in(building, block)
            for later in range(block + 1, len(self.timetable.flex)):
                bound = any(
                    not clock.reaches(building, later - 1, other, later)
                    for other in buildings
                    if clock.minutes(building, other) and other != building
                    and self._seats_in(other, later)
                )  # fmt: skip
                if not bound:
                    break
                fewest = min(fewest, self._seats_in(building, later))
            if 0 < fewest < here:
                for n, session in enumerate(starting):
                    if session.room.building == building:
                        seats[n] = seats[n] * fewest // here
        return seats

    def _seats_in(self, building: str, block: int) -> int:
        return sum(
            s.capacity
            for s in self.timetable.sessions
            if block in s.span and s.room.building == building
        )

    def _left(self, room_in: Counts, starting: list[PlantedSession]) -> Counts:
        taken = [len(s.seated) for s in starting]
        return np.maximum(0, room_in - np.array(taken, dtype=np.int64))

    def _allowed(self, block: int, starting: list[PlantedSession]) -> tuple[Counts, Flags]:
        """The students who wait, and which of the sessions each may lawfully join."""
        students = np.flatnonzero(self.waiting[:, block])
        allowed = np.zeros((len(students), len(starting)), dtype=bool)
        for n, session in enumerate(starting):
            offering = session.offering
            if offering.modality == "service":
                continue
            may = self.could[students, self.column[offering.id]].copy()
            if offering.modality != "independent":
                may &= ~self._been[students, self.column[offering.id]]
            if offering.competencies:
                taught = [self.index[c] for c in offering.competencies]
                may &= self.unserved[students][:, taught].any(axis=1)
            allowed[:, n] = may & self._can_come(students, session)
        return students, allowed

    def _can_come(self, students: Counts, session: PlantedSession) -> Flags:
        """Which of the students are free throughout the session and reach it in time."""
        clock, building = self.timetable.clock, session.room.building
        ways = np.array([clock.minutes(other, building) for other in self._buildings])
        there = self._since[students] + ways[self._in[students]]
        in_time = there <= self.timetable.flex[session.first].start
        here = self.waiting[students][:, session.flex].all(axis=1)
        return np.asarray(here & in_time, dtype=np.bool_)

    def _seat(self, block: int, starting: list[PlantedSession], seats: Counts) -> None:
        if not seats.any():
            return
        students, allowed = self._allowed(block, starting)
        chosen = seat_by_flow(self.draw, allowed, seats)
        for row in np.flatnonzero(chosen >= 0):
            self._place(int(students[row]), starting[chosen[row]])

    def _seat_again(self, block: int, starting: list[PlantedSession], room_in: Counts) -> None:
        """All of the block's new seats given out afresh, for want of a seat for some."""
        for session in starting:
            if session.offering.modality != "service":
                for student in session.seated:
                    self._remove(student, session)
                session.seated = {}
        full = np.array([s.capacity for s in starting], dtype=np.int64)
        self._seat(block, starting, np.maximum(room_in, 0))
        self._seat(block, starting, self._left(full, starting))

    def _place(self, student: int, session: PlantedSession) -> None:
        open_for = [
            c for c in session.offering.competencies if self.unserved[student, self.index[c]]
        ]
        served = self.draw.one(open_for) if open_for else None
        session.seated[student] = served
        if served is not None:
            self.unserved[student, self.index[served]] = False
        self.waiting[student, session.flex] = False
        self._been[student, self.column[session.offering.id]] = True
        self._leave(student, session)

    def _remove(self, student: int, session: PlantedSession) -> None:
        served = session.seated[student]
        if served is not None:
            self.unserved[student, self.index[served]] = True
        self.waiting[student, session.flex] = self.free[student, session.flex]
        before = [
            s for s in self.timetable.sessions if s.first < session.first and student in s.seated
        ]
        been = any(s.offering.id == session.offering.id for s in before)
        self._been[student, self.column[session.offering.id]] = been
        self._since[student] = LONG_AGO
        if before:
            self._leave(student, max(before, key=lambda s: s.first))

    def _leave(self, student: int, session: PlantedSession) -> None:
        self._in[student] = self._buildings.index(session.room.building)
        self._since[student] = self.timetable.flex[session.span[-1]].end

    def _seat_service(self, session: PlantedSession) -> None:
        """A few students get this support: each joins the group that the offering is for."""
        students = np.flatnonzero(self.waiting[:, session.first])
        coming = students[self._can_come(students, session)]
        able = [int(student) for student in coming if int(student) not in self.groups]
        wanted = max(2, round(session.capacity * self.filled))
        for student in self.draw.some(able, min(session.capacity, wanted)):
            self._place(student, session)
            self.groups[student].extend(session.offering.groups or ())
