"""`flexday schema` and `flexday solve`, as a person at a terminal meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from schemas.base import dumps, loads
from schemas.plan import Contradiction, Plan
from schemas.problem import PlacementLock, Problem
from services.cli import app
from solver.score import score
from tests.solver.plain_school import school
from tests.solver.test_shortage import day


def flexday(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def problem(tmp_path: Path) -> Path:
    path = tmp_path / "problem.json"
    path.write_text(dumps(school()))
    return path


@pytest.mark.parametrize(
    ("word", "told"),
    [("problem", "overrides"), ("plan", "unplaced"), ("event", "org.flexday.staff.absent.v1")],
)
def test_the_words_are_described_by_a_json_schema(word: str, told: str) -> None:
    done = flexday("schema", word)
    assert done.exit_code == 0
    assert told in json.dumps(json.loads(done.stdout))


def test_a_problem_file_becomes_a_judged_plan_file(problem: Path, tmp_path: Path) -> None:
    out = tmp_path / "plan.json"
    done = flexday("solve", problem, "--out", out, "--work", 0.2, "--seed", 5)
    assert done.exit_code == 0, done.output
    text = out.read_text()
    plan = loads(Plan, text)
    assert score(loads(Problem, problem.read_text()), plan).blocking == ()
    assert dumps(plan) == text
    assert plan.engine is not None
    assert (plan.engine.seed, plan.engine.work, plan.engine.limited_by_time) == (5, 0.2, False)
    assert flexday("check", problem, out).exit_code == 0


def test_a_line_tells_cost_bound_gap_and_time_on_the_way(problem: Path, tmp_path: Path) -> None:
    done = flexday("solve", problem, "--out", tmp_path / "plan.json", "--work", 0.2)
    first = done.stderr.splitlines()[0]
    assert [first.split()[i] for i in (0, 2, 4)] == ["cost", "bound", "gap"]
    assert first.endswith(" s")
    assert "0 hard findings" in done.stderr
    assert done.stdout == ""


def test_a_plan_file_shows_everything_it_promises_at_its_top_and_no_time(
    problem: Path, tmp_path: Path
) -> None:
    out = tmp_path / "plan.json"
    flexday("solve", problem, "--out", out, "--work", 0.2)
    assert list(json.loads(out.read_text())) == [
        "format", "problem", "sessions", "placements", "unplaced", "findings", "cost", "bound",
        "stake", "gap", "engine",
    ]  # fmt: skip


TWO_OF_FIVE = (
    "2 student-blocks are left over; at least 2 must be: "
    "in first, 5 students can only go to Art, for which there are at most 3 seats"
)


@pytest.fixture
def short(tmp_path: Path) -> tuple[Path, Path]:
    """A problem and a plan of a day on which two of five pupils must be left."""
    problem, out = tmp_path / "short.json", tmp_path / "plan.json"
    problem.write_text(dumps(day()))
    assert TWO_OF_FIVE in flexday("solve", problem, "--out", out, "--work", 0.2).stderr
    return problem, out


def test_who_must_be_left_over_is_told_with_why_and_checked_again(
    short: tuple[Path, Path],
) -> None:
    told = flexday("check", *short)
    assert (told.exit_code, TWO_OF_FIVE in told.stdout) == (0, True)
    verdict = json.loads(flexday("check", *short, "--json").stdout)
    assert (verdict["unplaced"], verdict["least_unplaced"]) == (2, 2)


def test_a_false_proof_that_students_must_be_left_over_is_refused(
    short: tuple[Path, Path],
) -> None:
    problem, out = short
    plan = json.loads(out.read_text())
    plan["least_unplaced"]["amount"] = 3
    out.write_text(json.dumps(plan))
    told = flexday("check", problem, out)
    assert "says that 3 student-blocks must be left over; its proof does not hold" in told.stderr
    assert "2 student-blocks are left over; that any must be is not proven" in told.stdout
    verdict = json.loads(flexday("check", problem, out, "--json").stdout)
    assert verdict["least_unplaced"] is None


def test_a_plan_without_a_proof_is_read_and_said_to_have_none(short: tuple[Path, Path]) -> None:
    problem, out = short
    plan = json.loads(out.read_text())
    del plan["least_unplaced"]
    out.write_text(json.dumps(plan))
    told = flexday("check", problem, out)
    assert told.exit_code == 0
    assert "2 student-blocks are left over; that any must be is not proven" in told.stdout


def test_contradicting_locks_leave_a_file_that_names_them_and_a_status_of_its_own(
    tmp_path: Path,
) -> None:
    locks = tuple(
        PlacementLock(
            target="placement", id=f"l-{offering}", owner="Head", student="Ana",
            offering=offering, block="first",
        )
        for offering in ("maths", "art")
    )  # fmt: skip
    problem, out = tmp_path / "problem.json", tmp_path / "plan.json"
    problem.write_text(dumps(school(locks=locks)))
    done = flexday("solve", problem, "--out", out, "--work", 0.2)
    assert done.exit_code == 3
    assert "l-maths, l-art" in done.stderr
    assert loads(Contradiction, out.read_text()).locks == ("l-maths", "l-art")


def test_files_that_cannot_be_read_or_written_are_refused_with_where(
    problem: Path, tmp_path: Path
) -> None:
    lost = flexday("solve", tmp_path / "none.json", "--out", tmp_path / "plan.json")
    assert (lost.exit_code, "none.json" in lost.stderr) == (2, True)
    (tmp_path / "odd.json").write_text('{"school": 1}')
    odd = flexday("solve", tmp_path / "odd.json", "--out", tmp_path / "plan.json")
    assert (odd.exit_code, "is no problem" in odd.stderr) == (2, True)
    nowhere = flexday("solve", problem, "--out", tmp_path / "no" / "plan.json", "--work", 0.1)
    assert (nowhere.exit_code, "can be written" in nowhere.stderr) == (2, True)
    assert not (tmp_path / "plan.json").exists()
