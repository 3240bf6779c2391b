"""Whole schools from Ed-Fi XML: people, rooms with seats, class periods, sections, programs, and
the results of assessments as evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from schemas.imports import ImportResult, SchoolImport
from schemas.school import Competency, GuardianLink, Roster, School
from services.adapters.archive import Files
from services.adapters.checking import refuse_doubles
from services.adapters.edfi.classes import courses_of, sections_of
from services.adapters.edfi.document import Documents
from services.adapters.edfi.evidence import Assessments, absences_of
from services.adapters.edfi.people import (
    guardian_links,
    guardians_by_student,
    known_students,
    staff_of,
    students_of,
    warn_of_unassigned,
)
from services.adapters.edfi.places import (
    bell_schedules_of,
    building_of,
    calendar_of,
    rooms_of,
    schools_of,
    term_on,
    terms_of,
)
from services.adapters.edfi.placing import Placed, place_students
from services.adapters.edfi.programs import groups_by_student
from services.adapters.merging import keep_known, keep_known_day
from services.adapters.report import Ledger
from services.adapters.standards import StandardsIndex

KINDS = (
    "buildings", "rooms", "bell_schedules", "calendar", "students", "staff", "guardians",
    "courses", "sections",
)  # fmt: skip


def read_edfi(
    files: Files,
    ledger: Ledger,
    *,
    zone: str,
    day: date | None = None,
    seed: int = 0,
    competencies: Iterable[Competency] = (),
    known: Mapping[str, Roster] | None = None,
) -> ImportResult:
    """One roster per school of the district, with evidence and absences as events.

    `day` chooses the term whose sections count (the first, where none holds it). `competencies`
    are those that results can be evidence of; results on other standards are counted and left
    out. Grades and schools that the data leaves open follow the seeded rule of
    `edfi.placing`, and are marked in `Student.assumed_fields`.

    Raises:
        ImportRefused: any record that matters is wrong.
    """
    documents = Documents(files, ledger)
    district = _read_district(documents, zone, day, seed, competencies, known or {}, ledger)
    parts = tuple(_school(district, school) for school in district.schools)
    assigned = {adult.id for part in parts for adult in part.roster.staff}
    warn_of_unassigned(documents, assigned, ledger)
    documents.warn_of_unread()
    if not district.schools:
        ledger.refuse("", "no School among the interchanges", "add EducationOrganization.xml")
    for part in parts:
        refuse_doubles(part, ledger)
    ledger.stop_if_refused()
    return ImportResult(schools=parts, report=ledger.report())


@dataclass(frozen=True)
class _District:
    """What is read once for all schools."""

    documents: Documents
    schools: list[School]
    placed: dict[str, Placed]
    groups: dict[str, set[str]]
    links: list[GuardianLink]
    assessments: Assessments
    day: date | None
    known: Mapping[str, Roster]
    ledger: Ledger


def _read_district(
    documents: Documents,
    zone: str,
    day: date | None,
    seed: int,
    competencies: Iterable[Competency],
    known: Mapping[str, Roster],
    ledger: Ledger,
) -> _District:
    schools = schools_of(documents, zone, dict(known), ledger)
    terms = [term for school in schools for term in terms_of(documents, school.id)]
    first = min(terms, key=lambda term: term.begins, default=None)
    term = next((t for t in terms if day is not None and t.holds(day)), first)
    begins = first.begins if first else day
    if begins is None:
        raise ledger.refuse_now(
            "", "no Session says when the school year begins", "give the day the import is for"
        )
    placed = place_students(known_students(documents, ledger), schools, begins.year, seed, ledger)
    return _District(
        documents=documents,
        schools=schools,
        placed=placed,
        groups=groups_by_student(documents, term, ledger),
        links=guardian_links(documents, ledger),
        assessments=Assessments(documents, StandardsIndex(competencies), ledger),
        day=day,
        known=known,
        ledger=ledger,
    )


def _school(district: _District, school: School) -> SchoolImport:
    documents, ledger = district.documents, district.ledger
    terms = terms_of(documents, school.id)
    rooms = rooms_of(documents, school.id, ledger)
    schedules = bell_schedules_of(documents, school.id, ledger)
    guardians = guardians_by_student(district.links)
    students = students_of(
        documents, school.id, district.placed, district.groups, guardians, ledger
    )
    ids = {student.id for student in students}
    staff = staff_of(documents, school.id, ledger)
    roster = Roster(
        school=school,
        buildings=(building_of(school),),
        rooms=rooms,
        bell_schedules=schedules,
        calendar=calendar_of(documents, school.id, terms, schedules, ledger),
        students=students,
        staff=staff,
        guardians=tuple(link for link in district.links if link.student in ids),
        courses=courses_of(documents, school.id, ledger),
        sections=sections_of(
            documents,
            school.id,
            term_on(terms, district.day, ledger),
            ids,
            {room.id for room in rooms},
            ledger,
        ),
    )
    adults = {adult.id for adult in staff}
    events = district.assessments.evidence_of(ids, school.zone)
    events += absences_of(documents, adults, terms, school.zone, ledger)
    before = district.known.get(school.id)
    merged = keep_known_day(keep_known(roster, before, KINDS), before)
    return SchoolImport(roster=merged, kinds=KINDS, events=tuple(events))
