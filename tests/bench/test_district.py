"""The district on paper adds up."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.bench.district import (
    HOUR,
    MEASURED,
    OVERHEAD_SECONDS,
    STUDENTS,
    district,
    evening,
    planners_needed,
    seconds_of,
)


@pytest.mark.parametrize("times", [1, 10])
def test_the_district_has_exactly_its_students(times: int) -> None:
    schools = district("flex6", seed=0, times=times)
    assert sum(school.students for school in schools) == STUDENTS * times
    assert len(schools) == 169 * times


@pytest.mark.parametrize("shape", MEASURED)
def test_measured_sizes_take_what_was_measured_and_those_between_lie_between(shape: str) -> None:
    points = sorted(MEASURED[shape].items())
    assert all(taken > 0 for _, taken in points)
    assert [seconds_of(shape, size) for size, _ in points] == [taken for _, taken in points]
    for (low, less), (high, more) in pairwise(points):
        between = seconds_of(shape, (low + high) // 2)
        assert min(less, more) <= between <= max(less, more)


def test_no_number_of_planners_beats_the_work_or_the_slowest_school() -> None:
    schools = district("flex6", seed=0)
    needed = planners_needed(schools)
    work = sum(OVERHEAD_SECONDS + 0.9 * school.seconds for school in schools)
    assert needed >= work / HOUR
    assert evening(schools, needed, seed=0).last <= HOUR
    assert evening(schools, needed - 1, seed=0).last > evening(schools, needed, seed=0).last
    slowest = max(school.seconds for school in schools)
    assert evening(schools, len(schools), seed=0).last >= 0.9 * slowest
