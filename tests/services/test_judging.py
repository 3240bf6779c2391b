from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from schemas.base import dumps
from schemas.plan import Override, Plan
from schemas.problem import PlacementLock, Problem
from services.cli import app
from solver.facts import Facts
from solver.rules import RULES
from solver.score import finish
from tests.solver.plain_school import ANA, ART, MATHS, Seated, changed, held, school

ALL = ["Ana", "Ben", "Cleo"]
FULL_DAY = (held("maths", students=ALL), held("art", "second", students=ALL))


def planned(problem: Problem, *seated: Seated) -> Plan:
    sessions = [session for session, _ in seated]
    return finish(Facts(problem), sessions, [p for _, ps in seated for p in ps], ())


def flexday(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def check(tmp_path: Path):
    """Judges a problem and a plan from files."""

    def run(problem: Problem | str, plan: Plan | str, *options: str) -> Result:
        files = tmp_path / "problem.json", tmp_path / "plan.json"
        for file, content in zip(files, (problem, plan), strict=True):
            file.write_text(content if isinstance(content, str) else dumps(content))
        return flexday("check", *files, *options)

    return run


def test_a_lawful_plan_passes_and_shows_what_it_costs(check) -> None:
    result = check(school(), planned(school(), *FULL_DAY))
    assert result.exit_code == 0
    assert "unmet-need" in result.output
    assert "0 hard findings" in result.output


def test_a_hard_finding_fails_and_is_named(check) -> None:
    problem = school(offerings=(changed(ART, largest=1), MATHS))
    result = check(problem, planned(problem, *FULL_DAY))
    assert result.exit_code == 1
    assert "group-size" in result.output
    assert "1 blocking" in result.output


def test_a_covered_finding_is_shown_but_does_not_fail(check) -> None:
    trip = Override(id="trip", rule="group-size", subjects={}, reason="Trip", person="Head")
    problem = school(offerings=(changed(ART, largest=1), MATHS), overrides=(trip,))
    result = check(problem, planned(problem, *FULL_DAY), "--json")
    verdict = json.loads(result.stdout)
    assert result.exit_code == 0
    assert verdict["lawful"]
    assert (verdict["hard"], verdict["covered"]) == (1, 1)


def test_released_locks_are_reported(check) -> None:
    lock = PlacementLock(
        target="placement", id="l1", owner="Head", student="Ana", offering="art", block="first"
    )
    problem = school(locks=(lock,), students=(changed(ANA, away=("first",)),))
    assert "lock l1 is released: student" in check(problem, planned(problem)).output


def test_a_plan_for_another_problem_or_with_another_cost_is_remarked_upon(check) -> None:
    plan = planned(school(), *FULL_DAY).model_copy(update={"problem": "else", "cost": 7})
    result = check(school(), plan)
    assert result.exit_code == 0
    assert "made for another problem" in result.stderr
    assert "says cost 7" in result.stderr


def test_names_that_look_like_markup_are_shown_as_they_are(check) -> None:
    problem = school(offerings=(changed(ART, id="[bold]art", largest=1), MATHS))
    day = (held("[bold]art", students=ALL),)
    assert "[bold]art" in check(problem, planned(problem, *day)).output


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '{"format": "flexday.plan.v1"}', "\x00"]
)
def test_a_file_that_is_no_problem_or_plan_is_refused_clearly(check, content: str) -> None:
    for result in (
        check(content, planned(school(), *FULL_DAY)),
        check(school(), content),
    ):
        assert result.exit_code == 2
        assert "is no p" in result.stderr
        assert "Traceback" not in result.output


def test_a_missing_file_is_refused_clearly(tmp_path: Path) -> None:
    result = flexday("check", tmp_path / "none.json", tmp_path / "none.json")
    assert result.exit_code == 2
    assert "name a file that can be read" in result.stderr


def test_a_plan_that_does_not_fit_its_problem_is_refused_clearly(check) -> None:
    result = check(school(offerings=(MATHS,)), planned(school(), *FULL_DAY))
    assert result.exit_code == 2
    assert "no offering 'art'" in result.stderr


def test_the_rules_are_listed_for_people_programs_and_documents() -> None:
    assert "student-clash" in flexday("rules").output
    listed = json.loads(flexday("rules", "--json").stdout)
    assert [rule["id"] for rule in listed] == list(RULES)
    rows = flexday("rules", "--markdown").stdout.splitlines()
    assert len(rows) == len(RULES) + 2


def test_judging_loads_no_engine(tmp_path: Path) -> None:
    problem, plan = tmp_path / "problem.json", tmp_path / "plan.json"
    problem.write_text(dumps(school()))
    plan.write_text(dumps(planned(school(), *FULL_DAY)))
    code = (
        "import sys\nfrom services.cli import app\n"
        "app(sys.argv[1:], standalone_mode=False)\n"
        "assert not {'ortools', 'highspy'} & set(sys.modules)\n"
    )
    arguments = [sys.executable, "-c", code, "check", str(problem), str(plan)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
