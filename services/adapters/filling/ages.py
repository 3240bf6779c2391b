"""Which grades meet in one session, where no source says."""

from __future__ import annotations

from typing import NamedTuple

from schemas.school import Grade, Roster
from services.adapters.grades import ORDER

Grades = tuple[Grade, ...]

_BANDS: tuple[Grades, ...] = (
    ("PK", "KG", "01", "02"),
    ("03", "04", "05"),
    ("06", "07", "08"),
    ("09", "10", "11", "12", "13"),
)
_YEARS_UNDER, _YEARS_OVER = 1, 2


class Band(NamedTuple):
    """Grades of a school that practise and do projects together; None means everybody."""

    grades: Grades | None = None

    @property
    def suffix(self) -> str:
        return f"-{self.grades[0]}" if self.grades else ""

    @property
    def words(self) -> str:
        if not self.grades:
            return ""
        first, last = (grade.lstrip("0") for grade in (self.grades[0], self.grades[-1]))
        return f", grade {first}" if first == last else f", grades {first}-{last}"

    def may_work_at(self, level: Grade | None) -> bool:
        """Levels up to the one after the oldest grade's own."""
        if not self.grades or level is None:
            return True
        return ORDER.index(level) <= ORDER.index(self.grades[-1]) + 1


def bands(roster: Roster) -> tuple[Band, ...]:
    """The school's grades in bands of about three years; one for all where it has no more."""
    own = set(roster.school.grades)
    found = [tuple(grade for grade in band if grade in own) for band in _BANDS]
    filled = [Band(grades) for grades in found if grades]
    return tuple(filled) if len(filled) > 1 and _every_grade_known(roster) else (Band(),)


def of_lesson(roster: Roster, level: Grade) -> Grades | None:
    """The grades for which a lesson at a level is right: from the year before to two years after.

    None, for everybody, where a student's grade is unknown, the level stands in no order, or none
    of the school's grades is near it.
    """
    return _within(roster, level, _YEARS_OVER)


def of_workshop(roster: Roster, level: Grade) -> Grades | None:
    """As of a lesson, but however much older: a few students catch up here."""
    return _within(roster, level, len(ORDER))


def _within(roster: Roster, level: Grade, years_over: int) -> Grades | None:
    if level not in ORDER[:-1] or not _every_grade_known(roster):
        return None
    # a framework gives high school as a whole its last year
    begins = "09" if level == "12" else level
    youngest, oldest = ORDER.index(begins) - _YEARS_UNDER, ORDER.index(level) + years_over
    own = roster.school.grades
    return tuple(grade for grade in own if youngest <= ORDER.index(grade) <= oldest) or None


def _every_grade_known(roster: Roster) -> bool:
    return all(student.grade in ORDER[:-1] for student in roster.students)
