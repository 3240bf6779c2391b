"""Courses, fixed classes and the rooms they name in a OneRoster package."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from schemas.school import Building, ClassSection, Course, Room, Roster
from services.adapters.oneroster.package import Package
from services.adapters.oneroster.people import Person
from services.adapters.report import Ledger
from services.adapters.tables import Row

SEATS = 30
"""Seats assumed for a room of which only the name is known."""

SEATS_RULE = (
    f"{SEATS} seats, or the largest class that meets there; rooms.csv gives the real number"
)
_SCHOOL_ROLES = {"student": "students", "teacher": "staff", "administrator": "", "proctor": ""}


@dataclass
class Members:
    """Who is enrolled in one class; the primary teacher first."""

    students: list[str] = field(default_factory=list)
    staff: list[str] = field(default_factory=list)


def read_members(
    package: Package, people: dict[str, Person], day: date | None, ledger: Ledger
) -> dict[str, Members]:
    """Members by class, of enrolments that hold on `day` (all, where no day is given).

    An enrolment makes its user a member of the class's school as well.
    """
    classes = {row["sourcedId"]: row for row in package.rows("classes")}
    members: dict[str, Members] = defaultdict(Members)
    for row in package.rows("enrollments"):
        klass, person = classes.get(row["classSourcedId"]), people.get(row["userSourcedId"])
        begins, ends = row.day("beginDate"), row.day("endDate")
        if klass is None:
            row.refuse("classSourcedId", "no such class in classes.csv", "add the class")
        elif person is None:
            row.refuse("userSourcedId", "no such user in users.csv", "add the user")
        elif row["role"] not in _SCHOOL_ROLES:
            row.refuse("role", "not an enrolment role", "write student or teacher")
        elif day is None or ((begins or day) <= day and day < (ends or date.max)):
            _enrol(members[klass["sourcedId"]], row, person, klass["schoolSourcedId"], ledger)
    return members


def _enrol(members: Members, row: Row, person: Person, school: str, ledger: Ledger) -> None:
    kind = _SCHOOL_ROLES[row["role"]]
    if not kind:
        ledger.warn(f"enrolments as {row['role']}, left out", file=row.file)
        return
    role = "student" if kind == "students" else "teacher"
    if not person.has(school, (role,)):
        ledger.warn(
            f"users enrolled as {role} at a school that their roles do not name", file=row.file
        )
        person.roles[school].add(role)
    listed = members.students if kind == "students" else members.staff
    if person.id in listed:
        return
    if row.cell("primary").lower() == "true":
        listed.insert(0, person.id)
    else:
        listed.append(person.id)


def courses_of(school: str, package: Package, ledger: Ledger) -> tuple[Course, ...]:
    """Courses of the school, and those of other orgs that its classes follow."""
    used = {r["courseSourcedId"] for r in package.rows("classes") if r["schoolSourcedId"] == school}
    courses = []
    for row in package.rows("courses"):
        if row["orgSourcedId"] == school or row["sourcedId"] in used:
            fields = {
                "id": row["sourcedId"],
                "title": row["title"],
                "credit_area": ", ".join(row.listed("subjects")),
            }
            course = ledger.build(Course, fields, file=row.file, row=row.number)
            courses += [course] if course else []
    return tuple(courses)


def sections_of(
    school: str,
    package: Package,
    members: Mapping[str, Members],
    day: date | None,
    known: Roster | None,
    ledger: Ledger,
) -> tuple[ClassSection, ...]:
    """Fixed classes held on `day`; `periods` become blocks of the same id or title."""
    courses = {row["sourcedId"] for row in package.rows("courses")}
    terms = {row["sourcedId"]: row for row in package.rows("academicSessions")}
    blocks = _blocks_by_label(known)
    sections = []
    for row in package.rows("classes"):
        if row["schoolSourcedId"] != school or not _meets(row, terms, day):
            continue
        if row["courseSourcedId"] not in courses:
            row.refuse("courseSourcedId", "no such course in courses.csv", "add the course")
        enrolled = members.get(row["sourcedId"], Members())
        fields = {
            "id": row["sourcedId"],
            "course": row["courseSourcedId"],
            "title": row["title"],
            "room": row.cell("location") or None,
            "blocks": tuple(blocks.get(label, label) for label in row.listed("periods")),
            "staff": tuple(enrolled.staff),
            "students": tuple(enrolled.students),
        }
        section = ledger.build(
            ClassSection, fields, file=row.file, row=row.number, columns=_COLUMNS
        )
        sections += [section] if section else []
    _warn_of_gaps(sections, blocks, ledger)
    return tuple(sections)


_COLUMNS = {"id": "sourcedId", "course": "courseSourcedId", "room": "location", "blocks": "periods"}


def _meets(row: Row, terms: Mapping[str, Row], day: date | None) -> bool:
    """Whether one of the class's terms holds `day`; terms that are not there bind nothing."""
    named = [terms[term] for term in row.listed("termSourcedIds") if term in terms]
    if day is None or not named:
        return True
    spans = [(term.day("startDate"), term.day("endDate")) for term in named]
    return any((begins or day) <= day <= (ends or day) for begins, ends in spans)


def _blocks_by_label(known: Roster | None) -> dict[str, str]:
    schedules = known.bell_schedules if known else ()
    return {
        label: block.id
        for schedule in schedules
        for block in schedule.blocks
        for label in (block.title, block.id)
    }


def _warn_of_gaps(sections: list[ClassSection], blocks: Mapping[str, str], ledger: Ledger) -> None:
    file = "classes.csv"
    ledger.warn("classes without a period", file=file, count=sum(not s.blocks for s in sections))
    ledger.warn("classes without a location", file=file, count=sum(not s.room for s in sections))
    labels = {block for section in sections for block in section.blocks} - set(blocks.values())
    if labels:
        ledger.warn(
            "periods without times until bell_schedules.csv names them: "
            + ", ".join(sorted(labels)),
            file=file,
            count=len(labels),
        )


def rooms_of(
    sections: tuple[ClassSection, ...], building: Building, known: Roster | None, ledger: Ledger
) -> tuple[Room, ...]:
    """A room per location named; OneRoster knows neither seats nor features."""
    before = {room.id: room for room in known.rooms} if known else {}
    largest: dict[str, int] = defaultdict(int)
    for section in sections:
        if section.room:
            largest[section.room] = max(largest[section.room], len(section.students))
    rooms = dict(before)
    for name in sorted(set(largest) - set(before)):
        seats = max(SEATS, largest[name])
        rooms[name] = Room(id=name, title=name, building=building.id, seats=seats)
        ledger.assume("Room.seats", SEATS_RULE)
    return tuple(rooms[name] for name in sorted(rooms))
