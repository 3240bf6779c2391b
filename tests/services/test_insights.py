"""A day's figures count what the plan does, and are told from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from schemas.plan import Plan, Unplaced
from services.cli import app
from services.insights import NeedCount, day_figures
from services.store import PlanRow, Store
from solver.facts import Facts
from solver.score import finish
from tests.services.school_day import (
    KIM,
    MACHINE,
    WEDNESDAY,
    Clock,
    open_school,
    plan_day,
    published_day,
    tell,
)


def filed(store: Store, row: PlanRow, plan: Plan) -> PlanRow:
    """The plan, filed as another answer to the same question."""
    with store.begin(KIM) as tx:
        return tx.file_plan(WEDNESDAY, None, plan, row.as_of, created_by="kim")


def test_students_needs_and_sessions_are_counted(store: Store) -> None:
    open_school(store)
    tell(store, "evidence.recorded", "e1", student="ada", competency="c1", score=0.1)
    row = plan_day(store)
    with store.read(MACHINE) as tx:
        figures = day_figures(tx, row)
    assert (figures.students, figures.blocks, figures.sessions, figures.placements) == (6, 2, 2, 12)
    assert figures.needs == NeedCount(evidenced=1, assumed=5)
    assert figures.served == NeedCount()
    assert (figures.unplaced, figures.hard) == ({}, 0)


def test_a_need_counts_as_served_once_and_by_what_it_rests_on(store: Store) -> None:
    open_school(store)
    tell(store, "evidence.recorded", "e1", student="ada", competency="c1", score=0.1)
    row = plan_day(store)
    with store.read(MACHINE) as tx:
        facts = Facts(tx.problem(row.problem_digest))
    ratios = [
        one.model_copy(update={"offering": "ratios", "room": "r2"}) for one in row.plan.sessions
    ]
    served = [
        one.model_copy(update={"competency": "c1"})
        for one in row.plan.placements
        if one.student in ("ada", "ben")
    ]
    with store.read(MACHINE) as tx:
        figures = day_figures(tx, filed(store, row, finish(facts, ratios, served, ())))
    assert figures.served == NeedCount(evidenced=1, assumed=1)
    assert figures.hard > 0, "twice on one competency, and the others left nowhere"


def test_the_unplaced_are_counted_by_reason(store: Store) -> None:
    open_school(store)
    row = plan_day(store)
    with store.read(MACHINE) as tx:
        facts = Facts(tx.problem(row.problem_digest))
    left = tuple(
        Unplaced(student=student, block=block, reason="no_seat" if student == "ada" else "no_adult")
        for student in facts.students
        for block in facts.free_blocks(student)
    )
    with store.read(MACHINE) as tx:
        figures = day_figures(tx, filed(store, row, finish(facts, (), (), left)))
    assert figures.unplaced == {"no_adult": 10, "no_seat": 2}


def test_seconds_run_from_the_asking_to_the_draft(store: Store) -> None:
    open_school(store)
    row = plan_day(store)
    with store.read(MACHINE) as tx:
        assert day_figures(tx, row).seconds is not None
        by_hand = filed(store, row, row.plan)
        assert day_figures(tx, by_hand).seconds is None


@pytest.fixture
def published(migrated_file: Path, tmp_path: Path) -> str:
    """The address of a school with a published day."""
    (tmp_path / "flexday.db").write_bytes(migrated_file.read_bytes())
    address = f"sqlite:///{tmp_path}/flexday.db"
    store = Store(address, clock=Clock())
    open_school(store)
    published_day(store)
    store.close()
    return address


def test_the_report_of_a_day_is_a_table_a_document_or_json(published: str) -> None:
    told = ["day-report", str(WEDNESDAY), "--db", published]
    run = CliRunner().invoke
    assert "East" in run(app, told).output
    lines = run(app, [*told, "--markdown"]).output.splitlines()
    assert len({line.count("|") for line in lines}) == 1
    assert lines[2].startswith("| East | 6 | 2 | 6 (0 + 6) | 2 | 12 | 0 | 0 (0 + 0) | 0 |")
    (figures,) = json.loads(run(app, [*told, "--json"]).output)
    assert (figures["status"], figures["placements"]) == ("published", 12)


def test_a_day_without_a_published_plan_is_named(published: str) -> None:
    told = CliRunner().invoke(app, ["day-report", "2026-11-23", "--db", published])
    assert told.exit_code == 1
    assert "east: nothing is published for 2026-11-23" in told.output


def test_rosters_and_days_are_written_one_folder_per_school(published: str, tmp_path: Path) -> None:
    out = tmp_path / "paper"
    told = ["roster", str(WEDNESDAY), "--db", published, "--out", str(out)]
    assert CliRunner().invoke(app, told).exit_code == 0
    assert sorted(path.name for path in (out / "east").iterdir()) == [
        "2026-11-25-rosters.html",
        "2026-11-25-staff.html",
        "2026-11-25-students.html",
    ]
