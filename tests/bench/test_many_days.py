"""Day after day: nobody is forgotten, support is given, lost wishes are made good, groups mix."""

from __future__ import annotations

from datetime import datetime, time
from pathlib import Path

import pytest

from schemas.problem import Ballot
from services.demo import school
from services.store import Store
from solver.facts import Facts
from solver.score import finish
from tests.bench.many_days import FIRST_DAY, ZONE, Clock, Report, Simulation, cut, simulate
from tests.solver.plain_school import ART, changed
from tests.solver.plain_school import school as plain_school


def test_a_smaller_school_is_whole_in_itself() -> None:
    roster = cut(school.roster(FIRST_DAY), 60)
    students = {one.id for one in roster.students}
    adults = {one.id for one in roster.staff}
    assert len(students) == 60
    assert students.issuperset(s for one in roster.sections for s in one.students)
    assert adults.issuperset(a for one in roster.sections for a in one.staff)
    assert students.issuperset(one.student for one in roster.services)


def test_a_wish_that_was_never_open_to_a_student_is_not_counted_as_lost(tmp_path: Path) -> None:
    clock = Clock(datetime.combine(FIRST_DAY, time(6), ZONE))
    store = Store(f"sqlite:///{tmp_path}/days.db", clock=clock)
    simulation = Simulation(store, clock, cut(school.roster(FIRST_DAY), 60), work=1.0, seed=1)
    ballots = tuple(
        Ballot(id=student, student=student, blocks=("first",), ranking=("art",))
        for student in ("Ana", "Ben")
    )
    facts = Facts(plain_school(offerings=(changed(ART, barred=("Ana",)),), ballots=ballots))
    simulation.count_wishes(facts, finish(facts, (), (), ()))
    store.close()
    assert simulation.report.losses == 1


def kept(report: Report) -> None:
    assert report.hard == 0
    assert report.longest_unserved < 3
    assert report.service_share >= 0.98


def test_a_few_days_in_a_row_keep_what_is_promised(tmp_path: Path) -> None:
    report = simulate(tmp_path, students=40, days=2, work=1.0)
    assert report.days == 2
    kept(report)


@pytest.mark.soak
def test_twenty_days_in_a_row_keep_what_is_promised(tmp_path: Path) -> None:
    report = simulate(tmp_path, students=400, days=20, work=20.0)
    kept(report)
    assert report.made_good >= 9 * report.still_lost
    assert sum(report.new_company) / len(report.new_company) > 0.4
    assert sum(report.unaffected_moved) / len(report.unaffected_moved) < 0.02
