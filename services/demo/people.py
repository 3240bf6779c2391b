"""The invented school's adults, students and families, and what is owed to some of them."""

from __future__ import annotations

from random import Random

from schemas.school import (
    Accommodation,
    ClassSection,
    GuardianLink,
    Relation,
    Room,
    Service,
    StaffMember,
    Student,
)
from services.demo.names import full_names

STUDENTS = 400
GRADES = ("06", "07", "08")
ADVISORIES = 20
CLASSES = 17
TEACHERS = {"math": 10, "reading": 9, "science": 6, "arts": 7}
"""How many teachers hold each qualification first."""

NAMED_STAFF = (
    StaffMember(
        id="okafor",
        given_name="Ruth",
        family_name="Okafor",
        access_roles=("scheduler",),
        available_blocks=(),
    ),
    StaffMember(
        id="marsh",
        given_name="Theo",
        family_name="Marsh",
        access_roles=("admin", "scheduler"),
        available_blocks=(),
    ),
    StaffMember(
        id="lindqvist",
        given_name="Ida",
        family_name="Lindqvist",
        access_roles=("coordinator",),
        available_blocks=(),
    ),
    StaffMember(id="vega", given_name="Lucia", family_name="Vega", qualifications=("speech",)),
    StaffMember(
        id="holm", given_name="Anders", family_name="Holm", qualifications=("reading_support",)
    ),
    StaffMember(
        id="sato", given_name="Keiko", family_name="Sato", qualifications=("language_support",)
    ),
    StaffMember(id="brooks", given_name="Otis", family_name="Brooks"),
    StaffMember(id="duarte", given_name="Carmen", family_name="Duarte"),
)
"""Those who plan, those who give support, and the two adults of the home place."""

SUPPORT = {
    "alcove-vega": ("speech", 8),
    "study-holm": ("reading_support", 12),
    "study-sato": ("language_support", 10),
}
"""By offering: the qualification, and how many students are owed it."""


def staff(random: Random) -> tuple[StaffMember, ...]:
    """Teachers of a first subject, a third of them of a second one too, and the named adults."""
    subjects = [subject for subject, count in TEACHERS.items() for _ in range(count)]
    names = full_names(len(subjects), random)
    teachers = [
        StaffMember(
            id=f"t{number:02}",
            given_name=given,
            family_name=family,
            qualifications=_qualifications(subject, number, random),
            planning_blocks=2,
            most_preparations=4,
        )
        for number, (subject, (given, family)) in enumerate(
            zip(subjects, names, strict=True), start=1
        )
    ]
    return (*NAMED_STAFF, *teachers)


def _qualifications(subject: str, number: int, random: Random) -> tuple[str, ...]:
    if number % 3:
        return (subject,)
    return (subject, random.choice([other for other in TEACHERS if other != subject]))


def students(random: Random) -> tuple[Student, ...]:
    """400 students in three grades; some owed support, some needing step-free rooms."""
    names = full_names(STUDENTS, random)
    groups = _support_groups(random)
    return tuple(
        Student(
            id=f"s{number:03}",
            given_name=given,
            family_name=family,
            grade=GRADES[number % len(GRADES)],
            groups=groups.get(number, ()),
            language="es" if random.random() < 0.15 else "en",
            needs_features=("step_free",) if number % 130 == 7 else (),
            off_campus_consent=random.random() < 0.7,
        )
        for number, (given, family) in enumerate(names, start=1)
    )


def _support_groups(random: Random) -> dict[int, tuple[str, ...]]:
    owed = random.sample(range(1, STUDENTS + 1), sum(count for _, count in SUPPORT.values()))
    offerings = [offering for offering, (_, count) in SUPPORT.items() for _ in range(count)]
    return {number: (offering,) for number, offering in zip(owed, offerings, strict=True)}


def guardians(students: tuple[Student, ...], random: Random) -> tuple[GuardianLink, ...]:
    """One adult per student; every tenth shares one with the student before them."""
    links: list[GuardianLink] = []
    for number, student in enumerate(students):
        shares = number % 10 == 9
        given = links[-1].given_name if shares else full_names(1, random)[0][0]
        family = links[-1].family_name if shares else student.family_name
        links.append(
            GuardianLink(
                guardian=links[-1].guardian if shares else f"g-{student.id}",
                student=student.id,
                given_name=given,
                family_name=family,
                may_decide=True,
                language=student.language,
            )
        )
    return tuple(links)


def sections(
    staff: tuple[StaffMember, ...], students: tuple[Student, ...], rooms: tuple[Room, ...]
) -> tuple[ClassSection, ...]:
    """Advisories, and two fixed classes a day: half of the teachers hold each."""
    teachers = [adult for adult in staff if adult.planning_blocks]
    halves = teachers[::2], teachers[1::2]
    return (
        *_sections("advisory", "Advisory", ("advisory",), teachers[:ADVISORIES], students, rooms),
        *_sections("humanities", "Humanities", ("class1",), halves[0], students, rooms),
        *_sections("arts", "Arts and movement", ("class2",), halves[1], students[::-1], rooms),
    )


def _sections(
    course: str,
    title: str,
    blocks: tuple[str, ...],
    leads: list[StaffMember],
    students: tuple[Student, ...],
    rooms: tuple[Room, ...],
) -> list[ClassSection]:
    return [
        ClassSection(
            id=f"{course}-{number + 1}",
            course=course,
            title=f"{title} {number + 1}",
            room=rooms[number].id,
            blocks=blocks,
            staff=(lead.id,),
            students=tuple(student.id for student in students[number :: len(leads)]),
        )
        for number, lead in enumerate(leads)
    ]


def services(students: tuple[Student, ...]) -> tuple[Service, ...]:
    """90 minutes a week for everybody who is in a support group."""
    return tuple(
        Service(
            id=f"service-{student.id}",
            student=student.id,
            kind="support",
            minutes=90,
            period="week",
            qualification=SUPPORT[group][0],
            largest_group=5,
        )
        for student in students
        for group in student.groups
    )


def accommodations(students: tuple[Student, ...]) -> tuple[Accommodation, ...]:
    """Small groups for some, extra time for others."""
    found = []
    for number, student in enumerate(students):
        if number % 40 == 11:
            found.append(
                Accommodation(
                    id=f"a{number}", student=student.id, kind="group_size", group_size=20,
                    modalities=("instruction", "collaboration"),
                )
            )  # fmt: skip
        if number % 67 == 5:
            found.append(Accommodation(id=f"a{number}", student=student.id, kind="extra_time"))
    return tuple(found)


def relations(students: tuple[Student, ...], random: Random) -> tuple[Relation, ...]:
    """Ten pairs kept apart, six kept together."""
    ids = [student.id for student in students]
    pairs = [random.sample(ids, 2) for _ in range(16)]
    return tuple(
        Relation(
            id=f"r{number}",
            kind="apart" if number < 10 else "together",
            student=pair[0],
            other=pair[1],
        )
        for number, pair in enumerate(pairs)
    )
