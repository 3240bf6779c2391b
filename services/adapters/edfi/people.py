"""Staff, students and guardians of an Ed-Fi district."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from schemas.school import AccessRole, Grade, GuardianLink, StaffMember, Student
from services.adapters.edfi.document import Documents, Record
from services.adapters.edfi.placing import Known, Placed
from services.adapters.grades import grade_of
from services.adapters.report import Ledger

_ACCESS: dict[str, tuple[AccessRole, ...]] = {
    "Teacher": ("teacher",),
    "Instructional Aide": ("teacher",),
    "Substitute Teacher": ("teacher",),
    "Counselor": ("teacher",),
    "Principal": ("admin",),
    "Assistant Principal": ("admin",),
    "School Administrator": ("admin",),
}
_TEACHING = ("Teacher", "Instructional Aide", "Substitute Teacher", "Counselor")
_STUDENT = "StudentReference/StudentIdentity/StudentUniqueId"
_STAFF = "StaffReference/StaffIdentity/StaffUniqueId"
_ORGANISATION = (
    "EducationOrganizationReference/EducationOrganizationIdentity/EducationOrganizationId"
)
_WITH_SCHOOL = (
    "StudentSchoolAssociation",
    "StudentSectionAssociation",
    "StudentSchoolAttendanceEvent",
    "StudentSectionAttendanceEvent",
)
"""Records that show a student at a school, the most binding first."""


def student_of(record: Record) -> str:
    return record.text(_STUDENT)


def staff_member_of(record: Record) -> str:
    return record.text(_STAFF)


def known_students(documents: Documents, ledger: Ledger) -> list[Known]:
    """What the data says about each student's birth, school and grade."""
    schools = _schools_by_student(documents)
    grades = _grades_by_student(documents)
    known = []
    seen: set[str] = set()
    for record in documents.all("Student"):
        student = record.text("StudentUniqueId")
        if student in seen:
            record.refuse("StudentUniqueId", "this student stands twice", "keep one of the two")
        seen.add(student)
        born = record.day("BirthData/BirthDate")
        known.append(Known(student, born, schools.get(student), grades.get(student)))
    strangers = (set(schools) | set(grades)) - seen
    ledger.warn("students named in associations but not in Student.xml", count=len(strangers))
    return known


def _schools_by_student(documents: Documents) -> dict[str, str]:
    found: dict[str, str] = {}
    for record in documents.all(*_WITH_SCHOOL):
        found.setdefault(student_of(record), record.anywhere("SchoolId"))
    entries = {
        record.text("GradebookEntryIdentifier"): record.anywhere("SchoolId")
        for record in documents.all("GradebookEntry")
    }
    path = "GradebookEntryReference/GradebookEntryIdentity/GradebookEntryIdentifier"
    for record in documents.all("StudentGradebookEntry"):
        if school := entries.get(record.text(path)):
            found.setdefault(student_of(record), school)
    return {student: school for student, school in found.items() if school}


def _grades_by_student(documents: Documents) -> dict[str, Grade]:
    """From enrolment, else from the grade a student was assessed in in the same school year."""
    found: dict[str, Grade] = {}
    for record in documents.all("StudentSchoolAssociation", "StudentAssessment"):
        path = (
            "EntryGradeLevel"
            if record.kind == "StudentSchoolAssociation"
            else ("WhenAssessedGradeLevel")
        )
        grade = grade_of(record.text(path))
        if grade:
            found.setdefault(student_of(record), grade)
    return found


def students_of(
    documents: Documents,
    school: str,
    placed: dict[str, Placed],
    groups: dict[str, set[str]],
    guardians: dict[str, list[str]],
    ledger: Ledger,
) -> tuple[Student, ...]:
    """The students placed in a school; `groups` and `guardians` are by student."""
    students = []
    for record in documents.all("Student"):
        place = placed.get(record.text("StudentUniqueId"))
        if place is None or place.school != school:
            continue
        fields = _name(record) | {
            "id": record.text("StudentUniqueId"),
            "grade": place.grade,
            "groups": tuple(sorted(groups.get(record.text("StudentUniqueId"), ()))),
            "guardians": tuple(guardians.get(record.text("StudentUniqueId"), ())),
            "assumed_fields": place.assumed,
        }
        student = ledger.build(
            Student, fields, file=record.file, row=record.number, columns=_STUDENT_COLUMNS
        )
        students += [student] if student else []
    return tuple(students)


_STUDENT_COLUMNS = {"id": "StudentUniqueId"}


def staff_of(documents: Documents, school: str, ledger: Ledger) -> tuple[StaffMember, ...]:
    """The adults assigned to a school. Qualifications are credential fields, the subjects they are
    assigned to and those of the courses they teach; administrators and clerks hold no duties
    until their blocks are entered."""
    roles = _classifications(documents, school)
    subjects: dict[str, list[str]] = defaultdict(list)
    for record in documents.all("StaffSchoolAssociation"):
        if documents.school_of(record) == school:
            subjects[staff_member_of(record)] += record.words("AcademicSubject")
    for who, subject in _subjects_taught(documents, school):
        subjects[who].append(subject)
    credentials = _credential_fields(documents)
    staff = []
    for record in documents.all("Staff"):
        id = record.text("StaffUniqueId")
        if id not in roles and id not in subjects:
            continue
        held = roles.get(id, ["Teacher"])
        certified = [f for c in _credentials(record) if (f := credentials.get(c))]
        named = [role for role in held if role != "Teacher"]
        fields = _name(record) | {
            "id": id,
            "qualifications": _distinct(certified + subjects[id] + named),
            "access_roles": tuple(dict.fromkeys(a for r in held for a in _ACCESS.get(r, ()))),
        }
        if not set(held) & set(_TEACHING):
            fields |= {"available_blocks": (), "assumed_fields": ("available_blocks",)}
            ledger.assume(
                "StaffMember.available_blocks", "administrators and clerks hold no duties"
            )
        adult = ledger.build(StaffMember, fields, file=record.file, row=record.number)
        staff += [adult] if adult else []
    return tuple(staff)


def warn_of_unassigned(documents: Documents, assigned: set[str], ledger: Ledger) -> None:
    """Count staff who belong to the district rather than to a school."""
    every = {record.text("StaffUniqueId") for record in documents.all("Staff")}
    ledger.warn("staff assigned to no school, left out", count=len(every - assigned))


def _classifications(documents: Documents, school: str) -> dict[str, list[str]]:
    roles: dict[str, list[str]] = defaultdict(list)
    for record in documents.all("StaffEducationOrganizationAssignmentAssociation"):
        if record.text(_ORGANISATION) == school and not record.text("EndDate"):
            roles[staff_member_of(record)].append(record.word("StaffClassification"))
    return roles


def _subjects_taught(documents: Documents, school: str) -> Iterator[tuple[str, str]]:
    """Staff member and subject of each course taught at a school."""
    subjects = {
        record.text("CourseCode"): record.word("AcademicSubject")
        for record in documents.all("Course")
        if record.text(_ORGANISATION) == school
    }
    offering = "SectionReference/SectionIdentity/CourseOfferingReference/CourseOfferingIdentity"
    for record in documents.all("StaffSectionAssociation"):
        if record.text(f"{offering}/SchoolReference/SchoolIdentity/SchoolId") == school:
            yield (
                staff_member_of(record),
                subjects.get(record.text(f"{offering}/LocalCourseCode"), ""),
            )


def _distinct(names: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name not in ("", "Other")))


def _credential_fields(documents: Documents) -> dict[str, str]:
    return {
        record.text("CredentialIdentifier"): record.word("CredentialField")
        for record in documents.all("Credential")
    }


def _credentials(record: Record) -> list[str]:
    return record.texts("CredentialReference/CredentialIdentity/CredentialIdentifier")


def guardian_links(documents: Documents, ledger: Ledger) -> list[GuardianLink]:
    """A link per student and contact. Only legal guardians decide; a contact with restrictions
    sees nothing until a person has looked at them."""
    contacts = {record.text("ContactUniqueId"): record for record in documents.all("Contact")}
    links: dict[tuple[str, str], GuardianLink] = {}
    for record in documents.all("StudentContactAssociation"):
        contact = _contact(documents, contacts, record)
        if contact is None:
            record.refuse("ContactReference", "no such contact", "add the contact")
            continue
        restricted = bool(record.text("ContactRestrictions"))
        fields = _name(contact) | {
            "guardian": contact.text("ContactUniqueId"),
            "student": student_of(record),
            "may_see": not restricted,
            "may_be_told": not restricted,
            "may_decide": record.flag("LegalGuardian") and not restricted,
            "court_restricted": restricted,
        }
        link = ledger.build(GuardianLink, fields, file=record.file, row=record.number)
        if link:
            links.setdefault((link.guardian, link.student), link)
    return list(links.values())


def _contact(documents: Documents, contacts: dict[str, Record], record: Record) -> Record | None:
    named = record.text("ContactReference/ContactIdentity/ContactUniqueId")
    return contacts.get(named) or documents.by_reference(record.reference("ContactReference"))


def guardians_by_student(links: list[GuardianLink]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for link in links:
        found[link.student].append(link.guardian)
    return found


def _name(record: Record) -> dict[str, object]:
    return {
        "given_name": record.text("Name/PreferredFirstName") or record.text("Name/FirstName"),
        "family_name": record.text("Name/PreferredLastSurname") or record.text("Name/LastSurname"),
    }
