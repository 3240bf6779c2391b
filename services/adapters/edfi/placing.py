"""In which grade and school a student is, where the data does not say: a labelled, seeded rule."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from schemas.school import Grade, School
from services.adapters.grades import ORDER
from services.adapters.report import Ledger

_LAGS = (5, 4, 6)
"""Grade = year the school year begins - birth year - lag. First the usual one: six-year-olds of
that year are in grade 1. Ties go to the earlier one."""


@dataclass(frozen=True)
class Known:
    """What the data says of one student; None where it is silent."""

    student: str
    born: date | None
    school: str | None = None
    grade: Grade | None = None


@dataclass(frozen=True)
class Placed:
    """Where a student was put, and which of `grade` and `school` are assumed."""

    school: str
    grade: Grade
    assumed: tuple[str, ...]


def place_students(
    known: Sequence[Known], schools: Sequence[School], year: int, seed: int, ledger: Ledger
) -> dict[str, Placed]:
    """School and grade by student.

    What the data says stays. A missing grade follows from the birth year with the lag that agrees
    with most students whose school or grade is known; a missing school is the one that teaches
    the grade. Where there is no birth date, or several schools teach the grade, the seed draws.
    `year` is the calendar year the school year begins in. Students whom no school teaches are
    left out with a warning.
    """
    by_id = {school.id: school for school in schools}
    lag, agreeing, compared = _best_lag(known, by_id, year)
    rule = (
        f"school year {year} - birth year - {lag}, which agrees with {agreeing} of the {compared}"
        " students whose grade or school is known"
    )
    placed = {}
    for student in known:
        draw = random.Random(f"{seed}:{student.student}")
        grade = student.grade or _guess(student, by_id, year, lag, draw)
        school = student.school if student.school in by_id else _teaching(grade, schools, draw)
        if grade is None or school is None:
            ledger.warn("students whom none of the schools teaches, left out")
            continue
        assumed = [] if student.grade else ["grade"]
        assumed += [] if student.school == school else ["school"]
        ledger.assume("Student.grade", rule, int("grade" in assumed))
        ledger.assume(
            "Student.school", "the school that teaches the grade", int("school" in assumed)
        )
        placed[student.student] = Placed(school, grade, tuple(assumed))
    return placed


def _best_lag(
    known: Iterable[Known], schools: Mapping[str, School], year: int
) -> tuple[int, int, int]:
    """The lag, how many known students agree with it, and how many there are to compare."""
    witnesses = [
        (student, student.born)
        for student in known
        if student.born and (student.grade or student.school in schools)
    ]

    def agreeing(lag: int) -> int:
        return sum(
            _grade(year - born.year - lag) in _possible(student, schools)
            for student, born in witnesses
        )

    best = max(_LAGS, key=agreeing)
    return best, agreeing(best), len(witnesses)


def _possible(student: Known, schools: Mapping[str, School]) -> tuple[Grade, ...]:
    if student.grade:
        return (student.grade,)
    return schools[student.school].grades if student.school else ()


def _guess(
    student: Known, schools: Mapping[str, School], year: int, lag: int, draw: random.Random
) -> Grade | None:
    taught = schools[student.school].grades if student.school in schools and student.school else ()
    if student.born is None:
        every = taught or tuple(sorted({g for school in schools.values() for g in school.grades}))
        return draw.choice(every) if every else None
    grade = _grade(year - student.born.year - lag)
    if not taught or grade in taught:
        return grade
    position = ORDER.index(grade) if grade else 0
    return min(taught, key=lambda other: (abs(ORDER.index(other) - position), other))


def _grade(number: int) -> Grade | None:
    if number == 0:
        return "KG"
    return f"{number:02}" if 1 <= number <= 12 else None


def _teaching(grade: Grade | None, schools: Sequence[School], draw: random.Random) -> str | None:
    teaching = sorted(school.id for school in schools if grade in school.grades)
    return draw.choice(teaching) if teaching else None
