"""Day after day: nobody is forgotten, support is given, lost wishes are made good, groups mix."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.demo import school
from tests.bench.many_days import FIRST_DAY, Report, cut, simulate


def test_a_smaller_school_is_whole_in_itself() -> None:
    roster = cut(school.roster(FIRST_DAY), 60)
    students = {one.id for one in roster.students}
    adults = {one.id for one in roster.staff}
    assert len(students) == 60
    assert students.issuperset(s for one in roster.sections for s in one.students)
    assert adults.issuperset(a for one in roster.sections for a in one.staff)
    assert students.issuperset(one.student for one in roster.services)


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
