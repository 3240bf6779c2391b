"""Plants a whole day: places, people, sessions and seats that keep every rule, told to nobody."""

from __future__ import annotations

from dataclasses import dataclass, replace

from schemas.problem import DayBlock, HomePlace, ProtectedTime
from schemas.school import Offering
from services.examples.competencies import Flags, Graph, draw_graph, draw_mastery, ready
from services.examples.drawing import Draw
from services.examples.families import Family
from services.examples.offerings import draw_offerings
from services.examples.people import (
    Adult,
    Students,
    draw_adults,
    draw_homes,
    draw_protected,
    draw_students,
    draw_work,
)
from services.examples.places import Places, draw_places
from services.examples.seating import Seating
from services.examples.sessions import SessionDraw, could_attend
from services.examples.timetable import PlantedSession, Timetable


@dataclass
class PlantedDay:
    """A lawful day with everybody seated; what a Problem says is drawn around it."""

    draw: Draw
    family: Family
    tight: float
    blocks: tuple[DayBlock, ...]
    flex: list[DayBlock]
    places: Places
    graph: Graph
    mastered: Flags
    ready: Flags
    students: Students
    adults: list[Adult]
    homes: list[HomePlace]
    protected: list[ProtectedTime]
    offerings: dict[str, Offering]
    could: Flags
    """Students x offerings, in the order of `offerings`."""
    timetable: Timetable
    groups: dict[int, list[str]]

    @property
    def sessions(self) -> list[PlantedSession]:
        return self.timetable.sessions

    def block_ids(self, session: PlantedSession) -> tuple[str, ...]:
        return tuple(self.flex[at].id for at in session.span)

    def sessions_by_student(self) -> list[list[PlantedSession]]:
        """Each student's sessions in order of time."""
        found: list[list[PlantedSession]] = [[] for _ in self.students.ids]
        for session in sorted(self.sessions, key=lambda s: (s.first, s.id)):
            for student in session.seated:
                found[student].append(session)
        return found


def plant(family: Family, count: int, draw: Draw, tight: float) -> PlantedDay:
    """A day at about the tightness asked for (`wanted_work`, `wanted_fill`); below 0.5 the school
    also has up to a fifth more adults."""
    blocks = family.bell()
    flex = [block for block in blocks if block.kind == "flex"]
    places = draw_places(draw, family, count, flex)
    graph = draw_graph(draw, family)
    students = draw_students(draw, family, count, len(flex))
    mastered = draw_mastery(draw, family, graph, list(students.grades))
    able = ready(graph, mastered)
    more = 1 + 0.4 * max(0.0, 0.5 - tight)
    adults = draw_adults(draw, family, round(more * family.adults.at(count)), len(flex))
    homes = draw_homes(draw, places, adults, flex)
    protected = draw_protected(draw, family, adults, blocks)
    draw_work(draw, adults, len(flex), wanted_work(tight))
    offerings = draw_offerings(draw, family, count, blocks, graph, able.sum(axis=0).astype(float))
    could = could_attend(offerings, students.grades, students.consent, able, graph.index)
    timetable = _draw_sessions(
        draw, family, places, flex, adults, offerings, could, students, wanted_fill(tight)
    )
    seating = Seating(
        draw, timetable, offerings, students.free, able, could, graph.index, wanted_fill(tight)
    )
    for at in range(len(flex)):
        seating.fill(at)
    timetable.sessions[:] = [s for s in timetable.sessions if s.seated]
    return PlantedDay(
        draw, family, tight, blocks, flex, places, graph, mastered, able,
        _excuse(students, seating.left_over), adults, homes, protected,
        _settle(draw, offerings, timetable), could, timetable, seating.groups,
    )  # fmt: skip


def wanted_work(tight: float) -> float:
    """The share of the blocks they may that adults are to work: 81 to 99 %."""
    return 0.81 + 0.18 * tight


def wanted_fill(tight: float) -> float:
    """The share of the seats that is to be taken: 69 to 97 %."""
    return 0.69 + 0.28 * tight


def _draw_sessions(
    draw: Draw,
    family: Family,
    places: Places,
    flex: list[DayBlock],
    adults: list[Adult],
    offerings: list[Offering],
    could: Flags,
    students: Students,
    share: float,
) -> Timetable:
    drawn = SessionDraw(draw, family, places, flex, adults, offerings, could)
    for at in range(len(flex)):
        drawn.fill(at, round(int(students.free[:, at].sum()) / share))
    return drawn.timetable


def _excuse(students: Students, left_over: list[tuple[int, int]]) -> Students:
    """Those for whom there was no lawful seat have an appointment instead."""
    busy = students.busy.copy()
    for student, block in left_over:
        busy[student, block] = True
    return replace(students, busy=busy)


def _settle(draw: Draw, offerings: list[Offering], timetable: Timetable) -> dict[str, Offering]:
    """Says how small a session may be and how many may run, so that the planted ones are within:
    at most one section more than planted for most."""
    sizes: dict[str, list[int]] = {}
    for session in timetable.sessions:
        sizes.setdefault(session.offering.id, []).append(len(session.seated))
    settled = {}
    for offering in offerings:
        planted = sizes.get(offering.id, [])
        spare = (0, 0, 1, 1, 2) if planted else (0, 1, 1, 2) if offering.competencies else (1, 1, 2)
        more = draw.one(spare)
        limit = {
            "smallest": min([offering.smallest, *planted]),
            "most_sections": len(planted) + more,
        }
        settled[offering.id] = offering.model_copy(update=limit)
    return settled


def work_done(day: PlantedDay) -> float:
    """Blocks worked of those that may be worked."""
    may = sum(adult.may_work(at) for adult in day.adults for at in range(len(day.flex)))
    return sum(len(s.duties) * len(s.span) for s in day.sessions) / max(1, may)


def seats_taken(day: PlantedDay) -> float:
    """Seats taken of those that the sessions have, per block."""
    seats = sum(s.capacity * len(s.span) for s in day.sessions)
    return sum(len(s.seated) * len(s.span) for s in day.sessions) / max(1, seats)
