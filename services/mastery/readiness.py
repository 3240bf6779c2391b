"""What a student is ready for and needs next, from their states of mastery.

Assumption: a competency whose level is below the student's grade counts as mastered while there is
no evidence on it. Evidence that does not reach mastery refutes that for this competency alone: what
builds on it directly is not ready, but what lies further on stays assumed, for one low score must
not close a student's whole grade; each further competency is refuted by evidence of its own.

Evidence on a group speaks for those of its competencies that have none of their own.

Urgency of a need, in points (settings `mastery.needs`), cut off at 1 and 100:
at_grade; plus per_level_behind for each level below the student's grade, at most most_behind (or
minus per_level_ahead for each level above); plus per_week_waiting for each full week since the
estimate last rose to a new best, at most most_waiting; plus per_day_unserved for each school day
in a row on which the student was there and worked on no need, at most most_unserved; plus
credit_lacking if it belongs to a course of the student and credit is not had yet; plus flagged if a
teacher flagged it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from schemas.base import CompetencyId
from schemas.mastery import Mastery, StudentNeed
from schemas.problem import Need
from schemas.school import Grade, Student
from services.mastery.graph import Graph
from services.mastery.settings import MasterySettings, NeedSettings

GRADES: tuple[Grade, ...] = ("PK", "KG", *(f"{year:02}" for year in range(1, 14)))
"""In order; UG (ungraded) and no grade at all stand in no order, so nothing follows from them."""

READINESS_UNKNOWN = 50


@dataclass(frozen=True)
class Standpoint:
    """Where a student stands: what counts as mastered, what of it is only assumed, the states."""

    student: Student
    states: Mapping[CompetencyId, Mastery]
    """The state that speaks for a competency: its own, or that of the nearest group above."""
    mastered: frozenset[CompetencyId]
    assumed: frozenset[CompetencyId]

    def state(self, competency: CompetencyId) -> Mastery:
        """The state to show for a competency: from evidence, assumed, or blank."""
        if competency in self.states:
            return self.states[competency]
        blank = Mastery(student=self.student.id, competency=competency)
        if competency not in self.assumed:
            return blank
        return blank.model_copy(update={"assumed": True, "reached": True, "level": "proficient"})


@dataclass(frozen=True)
class Circumstances:
    """What bears on the urgency of a student's needs besides mastery."""

    flagged: Collection[CompetencyId] = ()
    lacking_credit: Collection[CompetencyId] = ()
    """Competencies of the student's courses for which credit is not had yet."""
    unserved_days: int = 0
    """School days in a row, up to the newest one planned, on which the student was there and worked
    on no need."""


def grades_behind(level: Grade | None, grade: Grade | None) -> int:
    """How many grades a level is below a grade (negative when above, 0 when either is open)."""
    if level not in GRADES or grade not in GRADES:
        return 0
    return GRADES.index(grade) - GRADES.index(level)


class Readiness:
    """Answers for the students of a school, one after the other."""

    def __init__(self, graph: Graph, settings: MasterySettings) -> None:
        self.graph = graph
        self.settings = settings
        self._below = {grade: frozenset(self._assumable(grade)) for grade in GRADES}

    def standpoint(self, student: Student, states: Iterable[Mastery]) -> Standpoint:
        """Where a student stands, given all their states that rest on evidence."""
        known = {state.competency: state for state in states if state.evidence_count}
        speaking: dict[CompetencyId, Mastery] = {}
        groups = [competency for competency in known if self.graph.is_group(competency)]
        for group in sorted(groups, key=lambda one: len(self.graph.groups_above(one))):
            speaking.update((single, known[group]) for single in self.graph.singles_of(group))
        speaking |= known
        reached = {one for one, state in speaking.items() if state.reached}
        assumed = self._below.get(student.grade or "UG", frozenset()) - speaking.keys()
        return Standpoint(student, speaking, frozenset(reached | assumed), assumed)

    def ready(self, standpoint: Standpoint) -> tuple[CompetencyId, ...]:
        """The competencies not mastered whose prerequisites are, in the school's order."""
        mastered = standpoint.mastered
        return tuple(
            single
            for single in self.graph.singles
            if single not in mastered and self.graph.is_ready(mastered, single)
        )

    def needs(
        self,
        standpoint: Standpoint,
        as_of: datetime,
        circumstances: Circumstances | None = None,
        among: Collection[CompetencyId] | None = None,
    ) -> tuple[StudentNeed, ...]:
        """The most urgent needs, most urgent first; equal ones in the school's order. With
        `among`, only needs of those competencies, such as the ones that are taught on a day."""
        around = circumstances or Circumstances()
        found = []
        for single in self.ready(standpoint):
            if among is not None and single not in among:
                continue
            parts = dict(self._urgency(standpoint, single, as_of, around))
            found.append((min(100, max(1, sum(parts.values()))), single, parts))
        found.sort(key=lambda need: -need[0])
        return tuple(
            self._need(standpoint, single, urgency, parts)
            for urgency, single, parts in found[: self.settings.needs.limit]
        )

    def _assumable(self, grade: Grade) -> Iterator[CompetencyId]:
        if self.settings.assume_below_grade:
            for single in self.graph.singles:
                if grades_behind(self.graph.competencies[single].level, grade) > 0:
                    yield single

    def _need(
        self, standpoint: Standpoint, single: CompetencyId, urgency: int, parts: dict[str, int]
    ) -> StudentNeed:
        need = Need(
            competency=single,
            urgency=urgency,
            readiness=self._readiness(standpoint, single),
            evidenced=self._is_evidenced(standpoint, single),
        )
        return StudentNeed(student=standpoint.student.id, need=need, parts=parts)

    def _urgency(
        self, standpoint: Standpoint, single: CompetencyId, as_of: datetime, around: Circumstances
    ) -> Iterator[tuple[str, int]]:
        points = self.settings.needs
        yield "at_grade", points.at_grade
        level = self.graph.competencies[single].level
        yield from _pace(points, grades_behind(level, standpoint.student.grade))
        state = standpoint.states.get(single)
        if state is not None and state.last_progress_at is not None:
            weeks = max(0, (as_of - state.last_progress_at).days // 7)
            if weeks:
                yield "waiting", min(points.most_waiting, weeks * points.per_week_waiting)
        if around.unserved_days:
            yield (
                "unserved",
                min(points.most_unserved, around.unserved_days * points.per_day_unserved),
            )
        if single in around.lacking_credit:
            yield "credit_lacking", points.credit_lacking
        if single in around.flagged:
            yield "flagged", points.flagged

    def _readiness(self, standpoint: Standpoint, single: CompetencyId) -> int:
        """0-100: with evidence the estimate; without, half of how well the prerequisites went."""
        state = standpoint.states.get(single)
        if state is not None and state.estimate is not None:
            return round(100 * state.estimate)
        estimates = [
            estimate
            for before in self._before(single)
            if (known := standpoint.states.get(before)) and (estimate := known.estimate) is not None
        ]
        if not estimates:
            return READINESS_UNKNOWN
        return round(50 * sum(estimates) / len(estimates))

    def _is_evidenced(self, standpoint: Standpoint, single: CompetencyId) -> bool:
        return any(one in standpoint.states for one in (single, *self._before(single)))

    def _before(self, single: CompetencyId) -> tuple[CompetencyId, ...]:
        clauses = self.graph.prerequisites(single)
        return tuple(dict.fromkeys(before for clause in clauses for before in clause))


def _pace(points: NeedSettings, behind: int) -> Iterator[tuple[str, int]]:
    if behind > 0:
        yield "behind", min(points.most_behind, behind * points.per_level_behind)
    elif behind < 0:
        yield "ahead", behind * points.per_level_ahead
