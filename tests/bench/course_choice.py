"""Real students' wishes for courses as ballots against seats: read, posed, judged.

Data: course preference survey of UMass Amherst's computer science department for Fall 2024, with
G. Bissias, C. Cousins, P. Navarrete Diaz, Y. Zick, Deploying Fair and Efficient Course Allocation
Mechanisms, arXiv 2502.10592, 2025.

    python -m tests.bench choice --time 60

The reading: of the finished answers, those that wish for something. A wish is a section marked 2
to 8 (1 is "not interested", 8 "needed for my major"), its mark is its value. Students want as many
courses as they plan to stay enrolled in, no two sections of one course, none that overlap.

As a day: sections that exclude one another share a block as far as possible, and each of a pair
that does not comes before the other, so that nobody can be in both. In every block there is free
time for all. Students are there in the blocks in which they wish for something, and have a floor
of free time: those blocks, less the courses they want. Each wish is a ballot of one, whose credit
is the value: the cost is what wishes not granted are worth, times `PRICE`, and a course too many
costs more than any is worth.
"""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import combinations
from pathlib import Path
from xml.etree.ElementTree import Element

import numpy as np
from defusedxml.ElementTree import fromstring

from schemas.plan import Plan
from schemas.problem import (
    Ballot,
    DayBlock,
    DayStaff,
    DayStudent,
    Floors,
    HomePlace,
    Order,
    Policy,
    Problem,
)
from schemas.school import Building, Offering, RoleNeed, Room
from solver.rules import RULES

PRICE = 20
"""Cost of one unit of value not granted."""

FLOOR_PRICE = 10
"""Cost of a minute of free time too little: far above what a course in its place can be worth."""

MINUTES = 50
"""Length of a block."""

LEAST_WISH = 2
"""A mark below it is no wish."""

Allocation = Mapping[str, Sequence[str]]
"""Sections by student."""


@dataclass(frozen=True)
class Section:
    """A section of a course: its seats, and when it meets in minutes of the week's days."""

    id: str
    course: str
    seats: int
    days: frozenset[str]
    start: int
    end: int

    def excludes(self, other: Section) -> bool:
        """Whether nobody can be in both."""
        at_once = self.start < other.end and other.start < self.end
        return self.course == other.course or (at_once and not self.days.isdisjoint(other.days))


@dataclass(frozen=True)
class Survey:
    """Who wants how many courses, and what each wish is worth."""

    sections: tuple[Section, ...]
    wants: dict[str, int]
    """By student: how many courses."""
    wishes: dict[str, dict[str, int]]
    """By student and section: the value, 2 to 8."""

    @cached_property
    def exclusions(self) -> tuple[tuple[str, str], ...]:
        """The pairs of sections that exclude one another."""
        pairs = combinations(self.sections, 2)
        return tuple((a.id, b.id) for a, b in pairs if a.excludes(b))


def load(folder: Path) -> Survey:
    """Reads the survey, its mapping of columns to sections and the list of sections.

    Raises:
        ValueError: a section of the list has no column in the survey; says which.
    """
    sections = tuple(_sections(folder / "anonymized_courses.xlsx"))
    columns = _columns(folder / "survey_column_mapping.csv")
    missing = [section.id for section in sections if section.id not in columns]
    if missing:
        raise ValueError(f"{folder}: no column of the survey for {', '.join(missing)}")
    wants: dict[str, int] = {}
    wishes: dict[str, dict[str, int]] = {}
    for answer in _answers(folder / "survey_data.csv"):
        marks = {section.id: int(answer[columns[section.id]] or 0) for section in sections}
        wished = {section: mark for section, mark in marks.items() if mark >= LEAST_WISH}
        if answer["Finished"] == "1" and wished and int(answer["3"] or 0) > 0:
            wants[answer["ResponseId"]] = int(answer["3"])
            wishes[answer["ResponseId"]] = wished
    return Survey(sections, wants, wishes)


def _answers(path: Path) -> Iterator[dict[str, str]]:
    """The survey's rows by column. A name that stands twice gets .1 the second time, as the
    mapping of columns has it."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        names: list[str] = []
        for name in next(rows):
            names.append(f"{name}.{names.count(name)}" if name in names else name)
        for row in rows:
            yield dict(zip(names, row, strict=True))


def _columns(path: Path) -> dict[str, str]:
    """The column of each section, by the section's id."""
    found = {}
    for line in path.read_text(encoding="utf-8-sig").splitlines():
        column, _, text = line.partition("|")
        named = re.search(r"DEPT (\d+)(?:-(\d+))?", text)
        if column.startswith("7") and named:
            found[f"{named[1]}-{named[2] or '01'}"] = column
    return found


def _sections(path: Path) -> Iterator[Section]:
    head, *rows = _cells(path)
    for row in rows:
        line = dict(zip(head, row, strict=True))
        start, end = (_minutes(time) for time in line["Mtg Time"].split(" - "))
        yield Section(
            id=f"{line['Catalog']}-{line['Section']}",
            course=line["Catalog"],
            seats=int(line["Enrl Capacity"]),
            days=frozenset(line["zc.days"].split()),
            start=start,
            end=end,
        )


def _minutes(time: str) -> int:
    """Minutes after midnight of a time such as 01:25 PM."""
    clock, half = time.split()
    hours, minutes = (int(part) for part in clock.split(":"))
    return (hours % 12 + 12 * (half == "PM")) * 60 + minutes


def _cells(path: Path) -> list[list[str]]:
    """The first sheet of a workbook, cell by cell as text."""
    spread = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    with zipfile.ZipFile(path) as book:
        shared = fromstring(book.read("xl/sharedStrings.xml"))
        sheet = fromstring(book.read("xl/worksheets/sheet1.xml"))
    texts = ["".join(part.text or "" for part in item.iter(f"{spread}t")) for item in shared]

    def text(cell: Element) -> str:
        value = cell.findtext(f"{spread}v") or ""
        return texts[int(value)] if cell.get("t") == "s" else value

    return [[text(cell) for cell in row] for row in sheet.iter(f"{spread}row")]


# --- as a Problem ---------------------------------------------------------------------------------


def pose(survey: Survey) -> Problem:
    """The survey as one school day."""
    groups = blocks_of(survey)
    names = tuple(f"block-{number + 1:02d}" for number in range(len(groups)))
    block_of = {
        section: name for name, group in zip(names, groups, strict=True) for section in group
    }
    off = {rule.id: 0 for rule in RULES.values() if rule.kind == "soft"}
    everybody = len(survey.wants)
    return Problem(
        school="course-choice",
        day=date(2024, 9, 3),
        zone="America/New_York",
        buildings=(Building(id="campus", title="Campus"),),
        blocks=tuple(
            DayBlock(id=name, title=name, kind="flex", start=MINUTES * at, end=MINUTES * (at + 1))
            for at, name in enumerate(names)
        ),
        rooms=(
            *(
                Room(id=s.id, title=s.id, building="campus", seats=s.seats, features=(s.id,))
                for s in survey.sections
            ),
            Room(id="park", title="Park", building="campus", seats=everybody, features=("free",)),
            Room(id="hall", title="Hall", building="campus", kind="remote", seats=everybody),
        ),
        offerings=(*(_offering(s, block_of[s.id]) for s in survey.sections), _free(everybody)),
        staff=(
            *(DayStaff(id=section.id, qualifications=(section.id,)) for section in survey.sections),
            DayStaff(id="warden", qualifications=("free",)),
            DayStaff(id="porter"),
        ),
        students=tuple(
            _student(survey, student, names, {block_of[section] for section in wished})
            for student, wished in survey.wishes.items()
        ),
        homes=tuple(
            HomePlace(id=name, block=name, room="hall", staff="porter", seats=everybody)
            for name in names
        ),
        ballots=tuple(
            Ballot(
                id=f"{student}.{section}",
                student=student,
                blocks=(block_of[section],),
                ranking=(section,),
                credit=value,
            )
            for student, wished in survey.wishes.items()
            for section, value in wished.items()
        ),
        orders=tuple(
            Order(first=first, then=then)
            for a, b in survey.exclusions
            if block_of[a] != block_of[b]
            for first, then in ((a, b), (b, a))
        ),
        policy=Policy(weights=off | {"choice-missed": PRICE, "equity-floor": FLOOR_PRICE}),
    )


def blocks_of(survey: Survey) -> list[list[str]]:
    """The sections in groups of which each excludes every other, those at the same time first."""
    excluded = {frozenset(pair) for pair in survey.exclusions}
    at_once: dict[tuple[object, ...], list[str]] = {}
    for section in survey.sections:
        at_once.setdefault((section.days, section.start, section.end), []).append(section.id)
    groups: list[list[str]] = []
    for alike in sorted(at_once.values(), key=len, reverse=True):
        for group in groups:
            if all(frozenset((a, b)) in excluded for a in group for b in alike):
                group.extend(alike)
                break
        else:
            groups.append(list(alike))
    return groups


def _student(survey: Survey, student: str, names: tuple[str, ...], wished: set[str]) -> DayStudent:
    """A student, away in the blocks in which they wish for nothing."""
    spare = max(0, len(wished) - survey.wants[student])
    return DayStudent(
        id=student,
        away=tuple(name for name in names if name not in wished),
        floors=Floors(enrichment=MINUTES * spare),
    )


def _offering(section: Section, block: str) -> Offering:
    return Offering(
        id=section.id,
        title=f"Section {section.id}",
        modality="instruction",
        largest=section.seats,
        starts=(block,),
        most_sections=1,
        roles=(RoleNeed(role="lead", qualification=section.id),),
        features=(section.id,),
    )


def _free(everybody: int) -> Offering:
    return Offering(
        id="free",
        title="Free time",
        modality="independent",
        largest=everybody,
        roles=(RoleNeed(role="lead", qualification="free"),),
        features=("free",),
        minute_kinds=("enrichment",),
    )


def allocation(plan: Plan) -> Allocation:
    """Who got which sections in a plan, free time apart."""
    offered = {session.id: session.offering for session in plan.sessions}
    got: dict[str, list[str]] = {}
    for placement in plan.placements:
        if offered[placement.session] != "free":
            got.setdefault(placement.student, []).append(offered[placement.session])
    return {student: tuple(sections) for student, sections in got.items()}


# --- as the literature judges it ------------------------------------------------------------------


@dataclass(frozen=True)
class Welfare:
    """How well off students are. A share is of what a student's dearest wishes, as many as they
    want courses, are worth together."""

    broken: int
    """Courses beyond what a student wants, students beyond a section's seats, sections twice and
    pairs that exclude one another."""
    total: int
    """The value of everything granted."""
    worst: float
    """The smallest share."""
    mean: float
    """The mean share."""
    envy: float
    """Mean over students of how much more, in value, somebody else's sections are worth to them
    (as many of the dearest as they want) than their own."""
    empty_handed: int
    """Students who got nothing they wished for."""


def judge(survey: Survey, got: Allocation) -> Welfare:
    """Judges an allocation from the survey alone."""
    own = np.array(
        [_worth(survey, student, got.get(student, ())) for student in survey.wants], dtype=int
    )
    best = np.array([_worth(survey, s, tuple(survey.wishes[s])) for s in survey.wants], dtype=int)
    seen = {tuple(sections) for sections in got.values()} | {()}
    envied = [max(_worth(survey, student, bundle) for bundle in seen) for student in survey.wants]
    shares = own / best
    return Welfare(
        broken=_broken(survey, got),
        total=int(own.sum()),
        worst=float(shares.min()),
        mean=float(shares.mean()),
        envy=float(np.maximum(0, np.array(envied) - own).mean()),
        empty_handed=int((own == 0).sum()),
    )


def _worth(survey: Survey, student: str, bundle: Sequence[str]) -> int:
    """What the dearest of the sections, as many as the student wants, are worth to them."""
    wished = survey.wishes[student]
    values = sorted((wished.get(section, 0) for section in set(bundle)), reverse=True)
    return sum(values[: survey.wants[student]])


def _broken(survey: Survey, got: Allocation) -> int:
    seats = {section.id: section.seats for section in survey.sections}
    for sections in got.values():
        for section in sections:
            seats[section] -= 1
    over = -sum(min(0, left) for left in seats.values())
    excluded = {frozenset(pair) for pair in survey.exclusions}
    for student, sections in got.items():
        over += max(0, len(sections) - survey.wants[student])
        over += sum(a == b or frozenset((a, b)) in excluded for a, b in combinations(sections, 2))
    return over
