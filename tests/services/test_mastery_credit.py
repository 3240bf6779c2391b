"""Credit is proposed by evidence, confirmed by the teacher of record, and never taken back."""

from __future__ import annotations

import itertools

import pytest

from schemas.school import ClassSection, Competency, Course
from services.mastery.credit import CreditOffice, credit
from services.mastery.fold import fold
from services.mastery.graph import Graph
from services.mastery.settings import MasterySettings
from tests.services.mastery_events import (
    COMPETENCY,
    STUDENT,
    TEACHER,
    credit_word,
    evidence,
    judgement,
    retraction,
    series,
)

DEFAULTS = MasterySettings()


def office(settings=DEFAULTS, staff=(TEACHER, "t2"), students=(STUDENT,)):
    graph = Graph(
        [
            Competency(id="group", title=""),
            Competency(id=COMPETENCY, title="", parent="group"),
            Competency(id="c2", title=""),
        ]
    )
    courses = [Course(id="math6", title="", competencies=("group", "c2"))]
    sections = [ClassSection(id="x", course="math6", title="", staff=staff, students=students)]
    return CreditOffice(graph, courses, sections, settings)


def mastered(*more):
    return fold([*series([0.8, 0.8]), *more], DEFAULTS)


def test_reaching_the_level_proposes_credit_with_its_evidence_to_the_teacher_of_record():
    proposal = office().propose(mastered())
    assert proposal is not None
    assert proposal.courses == ("math6",)
    assert proposal.teacher == TEACHER
    assert proposal.evidence == (("quiz", "assessment1"), ("quiz", "assessment0"))


def test_without_mastery_or_below_the_schools_level_no_credit_is_proposed():
    assert office().propose(fold([evidence("a", 0, 1.0)], DEFAULTS)) is None
    strict = MasterySettings.from_toml('[mastery]\ncredit_level = "mastered"')
    assert office(strict).propose(mastered()) is None
    assert office(strict).propose(mastered(judgement("j", 9, "mastered"))) is not None


def test_assumption_alone_earns_no_credit():
    assumed = fold([retraction("r", 0, "a")], DEFAULTS).model_copy(
        update={"assumed": True, "reached": True, "level": "proficient"}
    )
    assert office().propose(assumed) is None


def test_a_student_without_a_section_of_the_course_has_no_teacher_of_record():
    proposal = office(students=("somebody else",)).propose(mastered())
    assert proposal is not None
    assert proposal.teacher is None
    assert office(staff=()).teacher_of_record(STUDENT, COMPETENCY) is None


def test_confirmed_credit_is_not_proposed_again():
    confirmed = credit([credit_word("k", 5)])
    assert office().propose(mastered(), confirmed) is None
    assert office().propose(mastered(evidence("z", 6, 0.9)), confirmed) is None


def test_declined_credit_is_proposed_again_only_on_newer_evidence():
    declined = credit([credit_word("k", 5, confirmed=False)])
    assert office().propose(mastered(), declined) is None
    assert office().propose(mastered(evidence("z", 6, 0.9)), declined) is not None


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_a_later_decline_never_revokes_confirmed_credit(order):
    words = [
        credit_word("a", 1, confirmed=False),
        credit_word("b", 2),
        credit_word("c", 3, confirmed=False),
    ]
    said = credit([words[place] for place in (*order, *order)])
    assert said is not None
    assert said.confirmed


def test_nobody_said_anything_is_no_credit():
    assert credit([]) is None


def test_a_course_lacks_the_credit_not_had_yet_for_all_it_is_about():
    assert office().lacking(STUDENT, credited=()) == {"group", COMPETENCY, "c2"}
    assert office().lacking(STUDENT, credited={"c2"}) == {"group", COMPETENCY}
    assert office().lacking("somebody else", credited=()) == frozenset()
