"""Students, staff and guardians of a OneRoster package, by school."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from schemas.school import AccessRole, GuardianLink, StaffMember, Student
from services.adapters.grades import grade_of
from services.adapters.oneroster.package import Package
from services.adapters.report import Ledger
from services.adapters.tables import Row

_STAFF: dict[str, tuple[AccessRole, ...]] = {
    "teacher": ("teacher",),
    "aide": ("teacher",),
    "proctor": ("teacher",),
    "counselor": ("teacher",),
    "administrator": ("admin",),
    "principal": ("admin",),
    "siteAdministrator": ("admin",),
}
_GUARDIANS = ("guardian", "parent", "relative")
_ELSEWHERE = ("districtAdministrator", "systemAdministrator")


@dataclass
class Person:
    """A user with the roles held at each school."""

    row: Row
    roles: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    @property
    def id(self) -> str:
        return self.row["sourcedId"]

    @property
    def enabled(self) -> bool:
        return self.row.cell("enabledUser").lower() != "false"

    def has(self, school: str, roles: Iterable[str]) -> bool:
        return bool(self.roles.get(school, set()) & set(roles))

    def is_guardian(self) -> bool:
        return any(role in _GUARDIANS for held in self.roles.values() for role in held)


def read_people(package: Package, ledger: Ledger) -> dict[str, Person]:
    """Every user by id, with roles from users.csv (1.1) or roles.csv (1.2)."""
    people = {row["sourcedId"]: Person(row) for row in package.rows("users")}
    orgs = {row["sourcedId"] for row in package.rows("orgs")}
    for row, user, role, org in _roles(package):
        if user not in people:
            row.refuse("userSourcedId", "no such user in users.csv", "add the user, or drop this")
        elif org not in orgs:
            column = "orgSourcedId" if "orgSourcedId" in row else "orgSourcedIds"
            row.refuse(column, "no such org in orgs.csv", "add the org, or drop this")
        elif role not in ("student", *_STAFF, *_GUARDIANS, *_ELSEWHERE) and role[:4] != "ext:":
            row.refuse("role", "not a role of OneRoster", "write student, teacher, ...")
        else:
            people[user].roles[org].add(role)
    idle = sum(not person.roles for person in people.values())
    ledger.warn("users without a role at any org", file="users.csv", count=idle)
    disabled = sum(not person.enabled for person in people.values())
    ledger.warn("users without access (enabledUser false), kept", file="users.csv", count=disabled)
    return people


def _roles(package: Package) -> Iterable[tuple[Row, str, str, str]]:
    if package.version == "1.2":
        for row in package.rows("roles"):
            yield row, row["userSourcedId"], row["role"], row["orgSourcedId"]
    else:
        for row in package.rows("users"):
            for org in row.listed("orgSourcedIds"):
                yield row, row["sourcedId"], row["role"], org


def students_of(
    school: str, people: dict[str, Person], guardians: dict[str, set[str]], ledger: Ledger
) -> tuple[Student, ...]:
    """The school's students; `guardians` are ids by student."""
    students = []
    for person in people.values():
        if not person.has(school, ("student",)):
            continue
        fields = _name(person.row) | {
            "id": person.id,
            "grade": _grade(person.row, ledger),
            "guardians": tuple(sorted(guardians.get(person.id, ()))),
        }
        student = ledger.build(
            Student, fields, file=person.row.file, row=person.row.number, columns=_COLUMNS
        )
        students += [student] if student else []
    return tuple(students)


def staff_of(school: str, people: dict[str, Person], ledger: Ledger) -> tuple[StaffMember, ...]:
    """The school's adults. Administrators hold no duties until their blocks are entered."""
    staff = []
    for person in people.values():
        held = [role for role in _STAFF if person.has(school, (role,))]
        if not held:
            continue
        access = dict.fromkeys(role for name in held for role in _STAFF[name])
        fields = _name(person.row) | {"id": person.id}
        fields["access_roles"] = tuple(access) if person.enabled else ()
        if tuple(access) == ("admin",):
            fields |= {"available_blocks": (), "assumed_fields": ("available_blocks",)}
            ledger.assume("StaffMember.available_blocks", "administrators hold no duties")
        adult = ledger.build(
            StaffMember, fields, file=person.row.file, row=person.row.number, columns=_COLUMNS
        )
        staff += [adult] if adult else []
    return tuple(staff)


def guardians_by_student(people: dict[str, Person], ledger: Ledger) -> dict[str, set[str]]:
    """Guardian ids by student, from agentSourcedIds on either side."""
    links: dict[str, set[str]] = defaultdict(set)
    for person in people.values():
        for agent in person.row.listed("agentSourcedIds"):
            other = people.get(agent)
            if other is None:
                ledger.warn("agents that are not in the file, left out", file=person.row.file)
            elif other.is_guardian():
                links[person.id].add(agent)
            elif person.is_guardian():
                links[agent].add(person.id)
    return links


def links_of(
    students: tuple[Student, ...], people: dict[str, Person], ledger: Ledger
) -> tuple[GuardianLink, ...]:
    """A link per student and guardian: it may see and be told; OneRoster does not say who
    decides, so nobody may until the school enters it."""
    links = []
    for student in students:
        for guardian in student.guardians:
            row = people[guardian].row
            fields = _name(row) | {"guardian": guardian, "student": student.id}
            link = ledger.build(
                GuardianLink, fields, file=row.file, row=row.number, columns=_COLUMNS
            )
            links += [link] if link else []
    return tuple(links)


_COLUMNS = {"id": "sourcedId", "given_name": "givenName", "family_name": "familyName"}


def _name(row: Row) -> dict[str, object]:
    return {
        "given_name": row.cell("preferredGivenName") or row["givenName"],
        "family_name": row.cell("preferredFamilyName") or row["familyName"],
    }


def _grade(row: Row, ledger: Ledger) -> str | None:
    named = row.listed("grades")
    known = [grade for text in named if (grade := grade_of(text))]
    if len(named) > 1:
        ledger.warn("students with several grades; the first is taken", file=row.file)
    if named and not known:
        ledger.warn(f"grade {named[0]!r} is no CEDS code, left open", file=row.file)
    return known[0] if known else None
