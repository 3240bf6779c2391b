"""What mastery says of the day: competencies in play, needs, what is mastered, what got stuck."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from schemas.base import CompetencyId, StudentId
from schemas.mastery import Mastery
from schemas.problem import DayCompetency, Need, Repeat, Stuck
from schemas.school import Modality, Offering, Student
from services.folding import mastery_settings
from services.mastery.credit import CreditOffice
from services.mastery.graph import Graph
from services.mastery.readiness import Circumstances, Readiness, Standpoint
from services.mastery.settings import MasterySettings
from services.mastery.stuck import not_again, stuck
from services.snapshot.history import Past, unserved_days
from services.snapshot.sources import Sources

ONCE_UNTIL_NEW_EVIDENCE: frozenset[Modality] = frozenset({"demonstration"})
"""Showing mastery again is of use only when something was learnt in between."""


@dataclass(frozen=True)
class Learning:
    """Everything a Problem says of learning, by student where it is theirs."""

    competencies: tuple[DayCompetency, ...]
    needs: dict[StudentId, tuple[Need, ...]]
    mastered: dict[StudentId, tuple[CompetencyId, ...]]
    stuck: tuple[Stuck, ...]
    repeats: tuple[Repeat, ...]


def learning(day: Sources, offerings: Iterable[Offering], past: Past) -> Learning:
    """Reads every student's mastery and draws from it what today's offerings can serve."""
    graph = Graph(day.competencies)
    settings = mastery_settings(day.tx)
    taught = {one for offering in offerings for one in offering.competencies}
    in_play = _in_play(graph, taught)
    states = _states(day)
    standpoints = _standpoints(day, graph, settings, states)
    return Learning(
        competencies=tuple(_day_competency(graph, one, taught) for one in in_play),
        needs=_needs(day, graph, settings, standpoints, taught, unserved_days(past)),
        mastered={
            student: tuple(one for one in in_play if one in standpoint.mastered)
            for student, standpoint in standpoints.items()
        },
        stuck=tuple(_stuck(day, states, settings, taught)),
        repeats=_repeats(day, states, past),
    )


def _in_play(graph: Graph, taught: set[CompetencyId]) -> tuple[CompetencyId, ...]:
    """What is taught today and what must be mastered before it, in the school's order."""
    wanted = set(taught)
    for one in taught:
        for clause in graph.prerequisites(one):
            wanted.update(clause)
    return tuple(one for one in graph.competencies if one in wanted)


def _day_competency(graph: Graph, one: CompetencyId, taught: set[CompetencyId]) -> DayCompetency:
    known = graph.competencies[one]
    return DayCompetency(
        id=one,
        title=known.code or known.title,
        subject=known.subject,
        level=known.level or "",
        prerequisites=graph.prerequisites(one) if one in taught else (),
    )


def _states(day: Sources) -> dict[StudentId, list[Mastery]]:
    found: dict[StudentId, list[Mastery]] = defaultdict(list)
    for state in day.tx.mastery():
        found[state.student].append(state)
    return found


def _standpoints(
    day: Sources,
    graph: Graph,
    settings: MasterySettings,
    states: dict[StudentId, list[Mastery]],
) -> dict[StudentId, Standpoint]:
    readiness = Readiness(graph, settings)
    return {
        student.id: readiness.standpoint(student, states.get(student.id, ()))
        for student in day.students
    }


def _needs(
    day: Sources,
    graph: Graph,
    settings: MasterySettings,
    standpoints: dict[StudentId, Standpoint],
    taught: set[CompetencyId],
    unserved: Counter[StudentId],
) -> dict[StudentId, tuple[Need, ...]]:
    """The most urgent needs that an offering of today teaches, as many as the school allows."""
    readiness = Readiness(graph, settings)
    office = CreditOffice(graph, day.tx.roster("courses"), day.sections, settings)
    credited = _listed(day, "credit", "confirmed")
    flagged = _listed(day, "flag", "raised")
    found = {}
    for student, standpoint in standpoints.items():
        around = Circumstances(
            flagged=flagged[student],
            lacking_credit=office.lacking(student, credited[student]),
            unserved_days=unserved[student],
        )
        needs = readiness.needs(standpoint, day.begins, around, among=taught)
        found[student] = tuple(entry.need for entry in needs)
    return found


def _listed(day: Sources, kind: str, holds: str) -> defaultdict[StudentId, set[CompetencyId]]:
    """The competencies for which a student's flag is raised, or credit confirmed."""
    found: defaultdict[StudentId, set[CompetencyId]] = defaultdict(set)
    for body in day.facts(kind):
        if body[holds]:
            found[body["student"]].add(body["competency"])
    return found


def _stuck(
    day: Sources,
    states: dict[StudentId, list[Mastery]],
    settings: MasterySettings,
    taught: set[CompetencyId],
) -> Iterable[Stuck]:
    known: list[Student] = day.students
    for student in known:
        for state in states.get(student.id, ()):
            found = stuck(state, settings) if state.competency in taught else None
            if found is not None:
                yield from not_again(found)


def _repeats(
    day: Sources, states: dict[StudentId, list[Mastery]], past: Past
) -> tuple[Repeat, ...]:
    """Demonstrations a student was in, on a competency without any evidence since that day."""
    modality = {offering.id: offering.modality for offering in day.offerings}
    known = {student.id for student in day.students}
    newest = {
        (state.student, state.competency): state.last_evidence_at
        for student in states.values()
        for state in student
    }
    found = set()
    for earlier in past.days:
        sessions = earlier.sessions
        for placement in earlier.plan.placements:
            offering = sessions[placement.session].offering
            again = modality.get(offering) in ONCE_UNTIL_NEW_EVIDENCE
            if not again or placement.competency is None or placement.student not in known:
                continue
            at = newest.get((placement.student, placement.competency))
            if at is None or at.astimezone(day.zone).date() < earlier.day:
                found.add((placement.student, offering))
    return tuple(Repeat(student=s, offering=o) for s, o in sorted(found))
