"""Credit: reaching a level proposes it, the teacher of record confirms it, nothing takes it back.

Who may confirm is asked when the event comes in, not here: the teacher of record changes with the
rosters, and credit given by a former one must outlive that.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC

from schemas.base import CompetencyId, Id, StaffId, StudentId
from schemas.events import CreditConfirmed
from schemas.mastery import Credit, CreditProposal, Mastery
from schemas.school import ClassSection, Course
from services.mastery.answers import LEVELS
from services.mastery.graph import Graph
from services.mastery.settings import MasterySettings


def credit(events: Iterable[CreditConfirmed]) -> Credit | None:
    """Where credit for one student and competency stands, whatever the order of events.

    The earliest confirmation counts for good; without any, the latest decline.
    """
    ordered = sorted(events, key=lambda event: (event.time, event.source, event.id))
    if not ordered:
        return None
    confirmed = [event for event in ordered if event.data.confirmed]
    event = confirmed[0] if confirmed else ordered[-1]
    return Credit(
        student=event.data.student,
        competency=event.data.competency,
        confirmed=event.data.confirmed,
        staff=event.data.staff,
        at=event.time.astimezone(UTC),
    )


class CreditOffice:
    """Proposes credit by the school's courses and their sections."""

    def __init__(
        self,
        graph: Graph,
        courses: Iterable[Course],
        sections: Iterable[ClassSection],
        settings: MasterySettings,
    ) -> None:
        self._least = LEVELS.index(settings.credit_level)
        self._competencies = {course.id: _with_parts(graph, course) for course in courses}
        self._courses: dict[CompetencyId, tuple[Id, ...]] = {}
        for course, competencies in self._competencies.items():
            for competency in competencies:
                self._courses[competency] = (*self._courses.get(competency, ()), course)
        self._taken: dict[StudentId, dict[Id, StaffId | None]] = {}
        for section in sections:
            teacher = section.staff[0] if section.staff else None
            for student in section.students:
                taken = self._taken.setdefault(student, {})
                taken[section.course] = taken.get(section.course) or teacher

    def courses_of(self, competency: CompetencyId) -> tuple[Id, ...]:
        """The courses a competency counts towards."""
        return self._courses.get(competency, ())

    def teacher_of_record(self, student: StudentId, competency: CompetencyId) -> StaffId | None:
        """The first adult of the section in which the student takes a course it counts towards."""
        taken = self._taken.get(student, {})
        teachers = (taken.get(course) for course in self.courses_of(competency))
        return next((teacher for teacher in teachers if teacher is not None), None)

    def lacking(
        self, student: StudentId, credited: Collection[CompetencyId]
    ) -> frozenset[CompetencyId]:
        """Competencies of the student's courses for which credit is not had yet."""
        return frozenset(
            competency
            for course in self._taken.get(student, ())
            for competency in self._competencies.get(course, ())
            if competency not in credited
        )

    def propose(self, mastery: Mastery, said: Credit | None = None) -> CreditProposal | None:
        """Credit for a mastered competency that evidence took to the school's level.

        Never on assumption alone, nor again once confirmed, and after a decline only when there
        is evidence newer than it.
        """
        if not mastery.reached or mastery.estimate is None or mastery.last_evidence_at is None:
            return None
        if LEVELS.index(mastery.level) < self._least:
            return None
        if said is not None and (said.confirmed or mastery.last_evidence_at <= said.at):
            return None
        return CreditProposal(
            student=mastery.student,
            competency=mastery.competency,
            courses=self.courses_of(mastery.competency),
            teacher=self.teacher_of_record(mastery.student, mastery.competency),
            level=mastery.level,
            estimate=mastery.estimate,
            asserted=mastery.asserted,
            evidence=tuple((used.source, used.id) for used in mastery.why),
        )


def _with_parts(graph: Graph, course: Course) -> tuple[CompetencyId, ...]:
    """What a course is about: its competencies, and those below each that is a group."""
    named = ((one, *graph.singles_of(one)) for one in course.competencies)
    return tuple(dict.fromkeys(one for names in named for one in names))
