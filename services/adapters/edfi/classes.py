"""Courses and fixed classes of an Ed-Fi school in one term."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable

from schemas.school import ClassSection, Course
from services.adapters.edfi.document import Documents, Record
from services.adapters.edfi.people import staff_member_of, student_of
from services.adapters.edfi.places import Term, periods_of
from services.adapters.report import Ledger

_OFFERING = "CourseOfferingReference/CourseOfferingIdentity"
_ORGANISATION = (
    "EducationOrganizationReference/EducationOrganizationIdentity/EducationOrganizationId"
)
Key = tuple[str, str, str]
"""SectionIdentifier, LocalCourseCode and SessionName: what Ed-Fi identifies a section by."""


def courses_of(documents: Documents, school: str, ledger: Ledger) -> tuple[Course, ...]:
    courses = []
    for record in documents.all("Course"):
        if record.text(_ORGANISATION) == school:
            fields = {
                "id": record.text("CourseCode"),
                "title": record.text("CourseTitle"),
                "credit_area": record.word("AcademicSubject"),
            }
            course = ledger.build(Course, fields, file=record.file, row=record.number)
            courses += [course] if course else []
    return tuple(courses)


def sections_of(
    documents: Documents,
    school: str,
    term: Term | None,
    students: set[str],
    rooms: set[str],
    ledger: Ledger,
) -> tuple[ClassSection, ...]:
    """The school's classes of the term, with those of its staff and students who are in them."""
    records = [
        record
        for record in documents.all("Section")
        if record.text(f"{_OFFERING}/SchoolReference/SchoolIdentity/SchoolId") == school
        and (term is None or _key(record)[2] == term.name)
    ]
    staff = _members(documents, ("StaffSectionAssociation",), staff_member_of)
    enrolled = _members(
        documents,
        ("StudentSectionAssociation", "StudentSectionAttendanceEvent"),
        student_of,
    )
    _add_gradebook(documents, enrolled)
    codes, titles = _course_codes(documents, school), _titles(documents, school)
    repeated = Counter(_key(record)[0] for record in records)
    sections = []
    for record in records:
        key = _key(record)
        id = key[0] if repeated[key[0]] == 1 else f"{key[0]}-{key[1]}"
        fields = {
            "id": id,
            "course": codes.get(key[1], key[1]),
            "title": record.text("SectionName") or titles.get(codes.get(key[1], key[1]), key[1]),
            "room": _room(record, rooms, ledger),
            "blocks": periods_of(documents, record),
            "staff": tuple(staff.get(key, ())),
            "students": tuple(s for s in enrolled.get(key, ()) if s in students),
        }
        section = ledger.build(ClassSection, fields, file=record.file, row=record.number)
        sections += [section] if section else []
    _warn_of_doubles(sections, ledger)
    return tuple(sections)


def _course_codes(documents: Documents, school: str) -> dict[str, str]:
    """CourseCode by LocalCourseCode."""
    return {
        record.text("LocalCourseCode"): record.text("CourseReference/CourseIdentity/CourseCode")
        for record in documents.all("CourseOffering")
        if documents.school_of(record) == school
    }


def _titles(documents: Documents, school: str) -> dict[str, str]:
    """Course title by CourseCode."""
    return {
        record.text("CourseCode"): record.text("CourseTitle")
        for record in documents.all("Course")
        if record.text(_ORGANISATION) == school
    }


def _key(record: Record, prefix: str = "") -> Key:
    offering = f"{prefix}{_OFFERING}"
    return (
        record.text(f"{prefix}SectionIdentifier"),
        record.text(f"{offering}/LocalCourseCode"),
        record.text(f"{offering}/SessionReference/SessionIdentity/SessionName"),
    )


def _members(
    documents: Documents, kinds: tuple[str, ...], who: Callable[[Record], str]
) -> dict[Key, list[str]]:
    found: dict[Key, dict[str, None]] = defaultdict(dict)
    for record in documents.all(*kinds):
        found[_key(record, "SectionReference/SectionIdentity/")][who(record)] = None
    return {key: list(members) for key, members in found.items()}


def _add_gradebook(documents: Documents, enrolled: dict[Key, list[str]]) -> None:
    """Who has marks in a class is in it."""
    entries = {
        record.text("GradebookEntryIdentifier"): _key(record, "SectionReference/SectionIdentity/")
        for record in documents.all("GradebookEntry")
    }
    path = "GradebookEntryReference/GradebookEntryIdentity/GradebookEntryIdentifier"
    for record in documents.all("StudentGradebookEntry"):
        key = entries.get(record.text(path))
        if key and student_of(record) not in enrolled.setdefault(key, []):
            enrolled[key].append(student_of(record))


def _room(record: Record, rooms: set[str], ledger: Ledger) -> str | None:
    room = record.text("LocationReference/LocationIdentity/ClassroomIdentificationCode")
    if room and room not in rooms:
        ledger.warn("classes in a room that is not among the locations; room left open")
        return None
    return room or None


def _warn_of_doubles(sections: list[ClassSection], ledger: Ledger) -> None:
    """Rooms and adults that the master schedule itself books twice."""
    rooms = Counter((s.room, block) for s in sections if s.room for block in s.blocks)
    adults = Counter((who, block) for s in sections for who in s.staff for block in s.blocks)
    ledger.warn(
        "rooms with two classes in a block", count=sum(count > 1 for count in rooms.values())
    )
    ledger.warn(
        "adults with two classes in a block", count=sum(count > 1 for count in adults.values())
    )
