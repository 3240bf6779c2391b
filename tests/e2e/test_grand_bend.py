"""The three schools of Grand Bend, from their files to printed rosters, by the commands alone."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner

from schemas.problem import Problem
from schemas.school import Grade, Student
from services.cli import app
from services.store import PlanRow, Store
from services.viewer import Viewer
from tests.services.import_samples import third_party

DAY = "2021-10-18"
HIGH, MIDDLE, ELEMENTARY = "255901001", "255901044", "255901107"
PRINCIPALS = {HIGH: "207267", MIDDLE: "207264", ELEMENTARY: "207246"}
STUDENTS = {HIGH: 320, MIDDLE: 240, ELEMENTARY: 400}
GRADES: tuple[Grade, ...] = ("PK", "KG", *(f"{year:02}" for year in range(1, 13)))

SETTINGS = Path(__file__).parents[2] / "docs" / "grand-bend"


class Day(NamedTuple):
    """A school's published day with its question and its people."""

    problem: Problem
    row: PlanRow
    students: dict[str, Student]


class District(NamedTuple):
    """What the commands printed and wrote."""

    first_import: list[dict[str, Any]]
    second_import: list[dict[str, Any]]
    figures: dict[str, dict[str, Any]]
    days: dict[str, Day]
    paper: Path


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory) -> District:
    """The whole way, once: import, settings, plan, approve, publish, report, print."""
    folder = tmp_path_factory.mktemp("grand-bend")
    database = f"sqlite:///{folder}/flexday.db"
    framework = str(third_party("case/coherence-map.case-v1p1.json"))
    files = [framework, str(third_party("edfi"))]

    def flexday(*words: str) -> str:
        done = CliRunner().invoke(app, [*words, "--db", database], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.stdout

    def imported() -> list[dict[str, Any]]:
        told = flexday("import", *files, "--fill", "--zone", "America/Chicago", "--json")
        reports: list[dict[str, Any]] = json.loads(told)
        return reports

    first, second = imported(), imported()
    for school, principal in PRINCIPALS.items():
        own = SETTINGS / ("settings-high-school.toml" if school == HIGH else "settings.toml")
        flexday("settings", str(own), "--school", school)
        flexday("plan", DAY, "--school", school, "--approve-as", principal)
    figures = json.loads(flexday("day-report", DAY, "--json"))
    flexday("roster", DAY, "--out", str(folder / "paper"))
    days = _published_days(database)
    return District(
        first, second, {each["school"]: each for each in figures}, days, folder / "paper"
    )


def _published_days(database: str) -> dict[str, Day]:
    store, found = Store(database), {}
    for school in store.schools():
        with store.read(Viewer.machine(school)) as tx:
            row = next(plan for run in tx.runs() for plan in [tx.published(run.day)] if plan)
            students = {student.id: student for student in tx.roster("students")}
            found[school] = Day(tx.problem(row.problem_digest), row, students)
    store.close()
    return found


def test_every_student_has_a_lawful_place_in_every_flexible_block(district: District) -> None:
    for school, students in STUDENTS.items():
        figures = district.figures[school]
        assert figures["hard"] == 0
        assert (figures["students"], figures["blocks"]) == (students, 2)
        assert figures["placements"] + sum(figures["unplaced"].values()) == 2 * students
        assert figures["unplaced"] == {}


def test_a_named_person_approved_what_is_published(district: District) -> None:
    for school, principal in PRINCIPALS.items():
        assert district.days[school].row.approved_by == principal


def test_almost_every_placement_serves_a_need(district: District) -> None:
    for figures in district.figures.values():
        served = figures["served"]["evidenced"] + figures["served"]["assumed"]
        assert served >= 0.95 * figures["placements"]


def test_only_where_students_were_tested_do_needs_rest_on_evidence(district: District) -> None:
    needs = {school: figures["needs"]["evidenced"] for school, figures in district.figures.items()}
    assert (needs[HIGH], needs[ELEMENTARY]) == (0, 0)
    tested = {
        student.id
        for student in district.days[MIDDLE].problem.students
        if any(need.evidenced for need in student.needs)
    }
    assert {district.days[MIDDLE].students[one].grade for one in tested} == {"06"}
    assert 60 <= len(tested) <= 82
    # what was shown to be lacking comes before what is only supposed
    assert district.figures[MIDDLE]["served"]["evidenced"] >= 1.5 * len(tested)


def test_nobody_works_on_what_is_far_from_their_grade(district: District) -> None:
    for day in district.days.values():
        levels = {one.id: one.level for one in day.problem.competencies}
        for placement in day.row.plan.placements:
            if placement.competency is None:
                continue
            grade = GRADES.index(day.students[placement.student].grade or "")
            level = levels[placement.competency]
            begins = "09" if level == "12" else level
            assert GRADES.index(begins) - 1 <= grade
            assert grade <= GRADES.index(level) + 3


def test_a_session_is_taught_by_who_is_qualified_and_nobody_is_without_an_adult(
    district: District,
) -> None:
    for day in district.days.values():
        known = {adult.id: adult.qualifications for adult in day.problem.staff}
        modality = {one.id: one.modality for one in day.problem.offerings}
        for session in day.row.plan.sessions:
            leads = [duty.staff for duty in session.duties if duty.role == "lead"]
            assert len(leads) == 1
            if modality[session.offering] in ("instruction", "small_group"):
                assert "Mathematics" in known[leads[0]]


def test_what_was_assumed_is_counted_and_marked(district: District) -> None:
    _, edfi = district.first_import
    counted: Counter[str] = Counter()
    for assumed in edfi["assumptions"]:
        counted[assumed["field"]] += assumed["count"]
    marked = Counter(
        field
        for day in district.days.values()
        for student in day.students.values()
        for field in student.assumed_fields
    )
    assert counted["Student.grade"] == marked["grade"] > 0
    assert counted["Student.school"] == marked["school"] > 0
    assert counted["Offering"] == edfi["changes"]["offerings"]["added"]


def test_importing_again_changes_nothing(district: District) -> None:
    for report in district.second_import:
        for kind, changes in report["changes"].items():
            others = changes["added"] + changes["changed"] + changes["ended"]
            assert others == 0, (kind, changes)
    assert district.second_import[1]["changes"]["events"]["unchanged"] >= 2_050


def test_every_session_and_every_student_is_on_paper(district: District) -> None:
    for school, day in district.days.items():
        rosters = (district.paper / school / f"{DAY}-rosters.html").read_text()
        students = (district.paper / school / f"{DAY}-students.html").read_text()
        assert rosters.count("<section") == len(day.row.plan.sessions)
        assert len(re.findall(r'<th scope="row">', rosters)) == len(day.row.plan.placements)
        assert students.count("<section") == len(day.problem.students)


def test_the_readme_tells_what_the_day_report_tells(district: District) -> None:
    readme = (SETTINGS.parents[1] / "README.md").read_text()
    told = readme.split("<!-- grand-bend -->")[1].split("<!-- /grand-bend -->")[0]
    rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in told.strip().splitlines()]
    by_title = {row[0]: row for row in rows[2:]}
    for figures in district.figures.values():
        needs, served = figures["needs"], figures["served"]
        row = by_title[figures["title"]]
        assert row[1:3] == [str(figures["students"]), str(figures["blocks"])]
        assert row[3] == f"{sum(needs.values()):,} ({needs['evidenced']:,} + {needs['assumed']:,})"
        assert int(row[5].replace(",", "")) == figures["placements"]
        assert (row[6], row[8]) == ("0", "0") == (row[6], str(figures["hard"]))
        said = int(row[7].split()[0].replace(",", ""))
        assert abs(said - sum(served.values())) <= 0.02 * said
