"""Program memberships that form groups, and silence about all others.

Special education, Section 504, migrant, homeless, food service, Title I and neglected-student
programs are counted together and then forgotten: no group, label or trace of them is kept. What a
student is owed (minutes, accommodations) is entered by the school's coordinator.
"""

from __future__ import annotations

from collections import defaultdict

from services.adapters.edfi.document import Documents
from services.adapters.edfi.people import student_of
from services.adapters.edfi.places import Term
from services.adapters.report import Ledger

LANGUAGE_SUPPORT = "language-support"
ADVANCED_WORK = "advanced-work"
CAREER = "career-technical"

_GROUPS = {
    "Bilingual": LANGUAGE_SUPPORT,
    "English as a Second Language (ESL)": LANGUAGE_SUPPORT,
    "Gifted and Talented": ADVANCED_WORK,
    "Career and Technical Education": CAREER,
}
_KINDS = (
    "StudentProgramAssociation",
    "StudentLanguageInstructionProgramAssociation",
    "StudentCTEProgramAssociation",
    "StudentSpecialEducationProgramAssociation",
    "StudentSection504ProgramAssociation",
    "StudentTitleIPartAProgramAssociation",
    "StudentMigrantEducationProgramAssociation",
    "StudentHomelessProgramAssociation",
    "StudentNeglectedOrDelinquentProgramAssociation",
    "StudentSchoolFoodServiceProgramAssociation",
)


def groups_by_student(
    documents: Documents, term: Term | None, ledger: Ledger
) -> dict[str, set[str]]:
    """Groups of memberships that overlap the term (all, where there is none)."""
    groups: dict[str, set[str]] = defaultdict(set)
    for record in documents.all(*_KINDS):
        program = record.word("ProgramReference/ProgramIdentity/ProgramType")
        group = _GROUPS.get(program)
        begins, ends = record.day("BeginDate"), record.day("EndDate")
        if group is None:
            ledger.warn("memberships of confidential programs, of which nothing is kept")
        elif term and ((begins and begins > term.ends) or (ends and ends < term.begins)):
            ledger.warn("program memberships outside the term, left out")
        else:
            groups[student_of(record)].add(group)
    return groups
