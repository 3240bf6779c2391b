"""Who asks: every question put to the store carries the asker's school, access role and purpose."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from typing import Literal

from schemas.events import AnyEvent
from schemas.school import AccessRole

ViewerRole = AccessRole | Literal["machine", "system"]
"""Beside people's roles: the system itself, and another system that sends events by a key."""

WHOLE_SCHOOL: frozenset[str] = frozenset({"scheduler", "admin", "coordinator", "machine"})
"""Roles whose work needs the records of every student of their school."""

ANY_SOURCE = "*"

OF_TEACHERS = frozenset(
    {
        "evidence.recorded",
        "evidence.corrected",
        "evidence.retracted",
        "judgement.recorded",
        "need.flagged",
        "credit.confirmed",
        "attendance.taken",
        "minutes.delivered",
        "request.made",
        "staff.absent",
        "staff.returned",
    }
)
OF_GUARDIANS = frozenset({"student.absent", "student.arrived"})
OF_STUDENTS = frozenset({"choice.ranked"})


@dataclass(frozen=True, slots=True)
class Sender:
    """What a key lets another system say: events of its `source` (* for any), of the `types` (begun
    with the prefix, without version; none: all)."""

    source: str
    types: frozenset[str]

    def may_send(self, event: AnyEvent) -> bool:
        return self.source in (event.source, ANY_SOURCE) and (
            not self.types or event.type.rsplit(".", 1)[0] in self.types
        )


@dataclass(frozen=True, slots=True)
class Viewer:
    """A person, or a part of the system, asking in one school for one purpose.

    `person` is the id of the student, staff member or guardian; for a machine, the name of the
    part that asks. `purpose` is written into the audit rows that a read leaves. `sender` narrows
    what may be sent to what a key stands for.
    """

    school: str
    access_role: ViewerRole
    person: str
    purpose: str
    sender: Sender | None = None

    @classmethod
    def machine(cls, school: str, purpose: str = "planning") -> Viewer:
        """The system itself at work for a school: workers, imports, the stream."""
        return cls(school=school, access_role="machine", person="flexday", purpose=purpose)

    @classmethod
    def staff(
        cls, school: str, access_role: AccessRole, person: str, purpose: str = "school day"
    ) -> Viewer:
        """A signed-in adult of the school in one of their access roles."""
        return cls(school=school, access_role=access_role, person=person, purpose=purpose)

    @classmethod
    def student(cls, school: str, person: str) -> Viewer:
        return cls(school=school, access_role="student", person=person, purpose="own day")

    @classmethod
    def guardian(cls, school: str, person: str) -> Viewer:
        return cls(school=school, access_role="guardian", person=person, purpose="child's day")

    @property
    def sees_whole_school(self) -> bool:
        return self.access_role in WHOLE_SCHOOL


def may_see(viewer: Viewer, student: str, tied: Container[str]) -> bool:
    """The one policy on a student's records.

    Scheduler, admin, coordinator and the system see their school's students, a student sees
    themself, a teacher or a guardian those in `tied`: the students of the teacher's own classes
    and sessions, or the children a guardian link names today. Another system sees nobody's.
    """
    if viewer.sees_whole_school:
        return True
    if viewer.access_role == "student":
        return viewer.person == student
    return student in tied


def may_send(viewer: Viewer, event: AnyEvent, tied: Container[str]) -> bool:
    """The one policy on who may say what.

    Those who see the whole school may say anything; students rank their own choices; guardians
    say when their child is away; teachers speak in their own name, and of students in `tied`, but
    may ask for any student. Another system says what its key stands for.
    """
    if viewer.sender is not None and not viewer.sender.may_send(event):
        return False
    if viewer.access_role == "system":
        return viewer.sender is not None
    if viewer.sees_whole_school:
        return True
    student = getattr(event.data, "student", None)
    if viewer.access_role == "student":
        return event.name in OF_STUDENTS and student == viewer.person
    if viewer.access_role == "guardian":
        return event.name in OF_GUARDIANS and student in tied
    in_own_name = getattr(event.data, "staff", None) in (None, viewer.person)
    about_own = student is None or student in tied or event.name == "request.made"
    return event.name in OF_TEACHERS and in_own_name and about_own
