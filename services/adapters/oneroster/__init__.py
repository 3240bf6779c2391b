"""Rosters, fixed classes and results from OneRoster 1.1 and 1.2 CSV packages (bulk only)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from schemas.imports import ImportResult, SchoolImport
from schemas.school import Building, Roster, School
from services.adapters.archive import Files
from services.adapters.checking import refuse_doubles
from services.adapters.grades import ORDER
from services.adapters.merging import keep_known
from services.adapters.oneroster.classes import (
    Members,
    courses_of,
    read_members,
    rooms_of,
    sections_of,
)
from services.adapters.oneroster.package import Package
from services.adapters.oneroster.people import (
    Person,
    guardians_by_student,
    links_of,
    read_people,
    staff_of,
    students_of,
)
from services.adapters.oneroster.results import check_results, evidence_of
from services.adapters.report import Ledger
from services.adapters.tables import Row

KINDS = ("buildings", "rooms", "students", "staff", "guardians", "courses", "sections")


def read_oneroster(
    files: Files,
    ledger: Ledger,
    *,
    zone: str,
    day: date | None = None,
    known: Mapping[str, Roster] | None = None,
) -> ImportResult:
    """One roster per org of type school.

    `day` keeps only the classes and enrolments that hold on it. `known` are the schools as they
    stand: they keep what OneRoster does not carry (seats, qualifications, ...).

    Raises:
        ImportRefused: any row that matters is wrong; dangling agents, empty periods and locations
            and filled status columns only warn.
    """
    package = Package(files, ledger)
    for name in ("orgs", "users", "roles", "courses", "classes", "academicSessions"):
        package.rows(name)
    ledger.stop_if_refused()
    people = read_people(package, ledger)
    members = read_members(package, people, day, ledger)
    guardians = guardians_by_student(people, ledger)
    check_results(package, frozenset(people), ledger)
    schools = [
        _school(row, package, people, members, guardians, zone, day, known or {}, ledger)
        for row in package.rows("orgs")
        if row["type"] == "school"
    ]
    if not schools:
        ledger.refuse("orgs.csv", "no org of type school", "export the schools too")
    if package.rows("academicSessions"):
        ledger.warn(
            "terms bound classes only: OneRoster has no bell schedule, so calendar days come with "
            "calendar.csv",
            file="academicSessions.csv",
        )
    parts = tuple(part for part in schools if part)
    for part in parts:
        refuse_doubles(part, ledger)
    ledger.stop_if_refused()
    return ImportResult(schools=parts, report=ledger.report())


def _school(
    row: Row,
    package: Package,
    people: dict[str, Person],
    members: dict[str, Members],
    guardians: dict[str, set[str]],
    zone: str,
    day: date | None,
    known: Mapping[str, Roster],
    ledger: Ledger,
) -> SchoolImport | None:
    before = known.get(row["sourcedId"])
    fields = {"id": row["sourcedId"], "title": row["name"]}
    fields["zone"] = before.school.zone if before else zone
    if not before:
        ledger.assume("School.zone", f"{zone}, as OneRoster carries no time zone")
    school = ledger.build(School, fields, file=row.file, row=row.number)
    if school is None:
        return None
    building = Building(id="main", title=school.title)
    sections = sections_of(school.id, package, members, day, before, ledger)
    students = students_of(school.id, people, guardians, ledger)
    grades = sorted({s.grade for s in students if s.grade}, key=ORDER.index)
    roster = Roster(
        school=school.model_copy(update={"grades": tuple(grades)}),
        buildings=(building,),
        rooms=rooms_of(sections, building, before, ledger),
        students=students,
        staff=staff_of(school.id, people, ledger),
        guardians=links_of(students, people, ledger),
        courses=courses_of(school.id, package, ledger),
        sections=sections,
    )
    ids = frozenset(student.id for student in students)
    return SchoolImport(
        roster=keep_known(roster, before, KINDS),
        kinds=KINDS,
        events=evidence_of(package, ids, school.zone, ledger),
    )
