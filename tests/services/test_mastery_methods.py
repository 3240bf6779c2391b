"""Each method gives the values its source says it gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.mastery.methods import METHODS, method_of
from services.mastery.scores import Score

scores_in_range = st.floats(0, 1, allow_nan=False)


def of_five(points):
    return [Score(point / 5) for point in points]


def in_points(method, points, **parameters):
    """The estimate in points of 5, with Canvas's cut of 3 points and its 2 decimals."""
    chosen = method_of({"method": method, "cut": 0.6, **parameters})
    return round(5 * chosen.trace(of_five(points))[-1] + 1e-9, 2)


@pytest.mark.parametrize(
    ("method", "parameters", "points", "expected"),
    [
        ("highest", {}, [1, 4, 3], 4.0),
        ("latest", {}, [4, 1, 3], 3.0),
        ("average", {}, [2, 4, 3], 3.0),
        ("decaying_average", {"parameter": 65}, [1, 2, 3, 4, 5], 4.13),
        ("decaying_average", {"parameter": 65}, [2, 3, 4], 3.48),
        ("decaying_average", {"parameter": 75}, [3, 1, 5, 4], 3.75),
        ("standard_decaying_average", {"parameter": 65}, [1, 2, 3, 4, 5], 4.47),
        ("standard_decaying_average", {"parameter": 65}, [2, 3, 4], 3.53),
        ("standard_decaying_average", {"parameter": 65}, [3], 3.0),
        ("n_mastery", {"n": 3}, [1, 2, 3, 4, 5], 4.0),
        ("n_mastery", {"n": 3}, [4, 5, 1, 3, 2, 3], 3.75),
        ("n_mastery", {"n": 1}, [1, 2, 3, 4], 3.5),
    ],
)
def test_a_method_named_as_in_canvas_gives_what_canvas_gives(method, parameters, points, expected):
    assert in_points(method, points, **parameters) == expected


@pytest.mark.parametrize(("points", "n"), [([3, 1], 3), ([3, 1, 2], 3), ([1, 2], 1)])
def test_where_canvas_gives_no_score_for_too_few_good_ones_mastery_is_not_reached(points, n):
    method = method_of({"method": "n_mastery", "cut": 0.6, "n": n})
    series = of_five(points)
    assert not method.reached(series, method.trace(series)[-1])
    assert method.trace(series)[-1] < method.cut


@pytest.mark.parametrize(
    ("answers", "estimate", "reached"),
    [
        ([1, 1, 1, 1], 0.8, True),
        ([1, 1, 1, 0, 1], 0.8, True),
        ([1, 1, 0, 0, 1], 0.6, False),
        ([1, 1, 1, 1, 1, 0, 0], 0.6, False),
        ([1], 0.2, False),
    ],
)
def test_four_of_the_last_five_looks_at_the_last_five_only(answers, estimate, reached):
    method = method_of({"method": "k_of_n", "k": 4, "n": 5})
    series = [Score(float(answer)) for answer in answers]
    assert method.trace(series)[-1] == pytest.approx(estimate)
    assert method.reached(series, estimate) is reached


def test_n_in_a_row_starts_anew_after_a_miss():
    method = method_of({"method": "n_in_a_row", "n": 3})
    trace = method.trace([Score(value) for value in (1, 1, 0, 1, 1, 1, 1)])
    assert trace == pytest.approx([1 / 3, 2 / 3, 0, 1 / 3, 2 / 3, 1, 1])


def test_the_power_law_finds_a_curve_that_is_there():
    method = method_of({"method": "power_law"})
    series = [Score(0.2 * x**0.5) for x in range(1, 7)]
    assert method.trace(series)[-1] == pytest.approx(0.2 * 6**0.5)


@given(st.lists(scores_in_range, min_size=2, max_size=12))
def test_the_power_law_is_the_least_squares_line_through_the_logarithms(values):
    method = method_of({"method": "power_law"})
    x = np.log(np.arange(1, len(values) + 1))
    y = np.log(np.maximum(values, 0.01))
    slope, start = np.polyfit(x, y, 1)
    expected = min(1.0, float(np.exp(start + slope * x[-1])))
    series = [Score(value) for value in values]
    assert method.trace(series)[-1] == pytest.approx(expected, abs=1e-6)
    by_weights = np.exp(np.dot(method.weights(series), y))
    assert min(1.0, by_weights) == pytest.approx(expected, abs=1e-6)


def test_a_zero_does_not_break_the_power_law():
    method = method_of({"method": "power_law"})
    assert method.trace([Score(0.0), Score(0.0)])[-1] == pytest.approx(0.01)


def test_knowledge_tracing_follows_bayes():
    method = method_of({"method": "bkt"})
    assert method.cut == 0.95
    assert method.trace([Score(1.0)])[-1] == pytest.approx(0.75 + 0.25 * 0.15)
    wrong = 0.04 / (0.04 + 0.48)
    assert method.trace([Score(0.0)])[-1] == pytest.approx(wrong + (1 - wrong) * 0.15)


def test_khan_levels_rise_by_practice_to_proficient_and_by_mixed_tests_to_mastered():
    method = method_of({"method": "levels"})
    practice = [Score(0.5), Score(0.8), Score(1.0), Score(0.2)]
    tests = [Score(1.0, mixed=True), Score(0.0, mixed=True), Score(0.0, mixed=True)]
    trace = method.trace([*practice, *tests])
    assert trace == [0.01, 0.5, 0.75, 0.75, 0.9, 0.75, 0.5]


def test_evidence_of_weight_two_counts_as_two_equal_pieces_in_the_averages():
    for name in ("average", "standard_decaying_average"):
        method = method_of({"method": name})
        once = method.trace([Score(0.2), Score(0.8, 2.0)])[-1]
        twice = method.trace([Score(0.2), Score(0.8), Score(0.8)])[-1]
        assert once == pytest.approx(twice)


@pytest.mark.parametrize("name", METHODS)
@given(values=st.lists(scores_in_range, min_size=1, max_size=30))
def test_estimates_stay_between_0_and_1_and_weights_sum_to_1(name, values):
    method = method_of({"method": name})
    series = [Score(value) for value in values]
    trace, weights = method.trace(series), method.weights(series)
    assert len(trace) == len(weights) == len(series)
    assert all(-1e-9 <= estimate <= 1 + 1e-9 for estimate in trace)
    assert sum(weights) == pytest.approx(1)


@pytest.mark.parametrize(
    "name", ["highest", "latest", "average", "decaying_average", "standard_decaying_average"]
)
@given(values=st.lists(scores_in_range, min_size=1, max_size=30))
def test_an_average_is_what_its_weights_make_of_the_scores(name, values):
    method = method_of({"method": name})
    series = [Score(value) for value in values]
    by_weights = sum(
        weight * value for weight, value in zip(method.weights(series), values, strict=True)
    )
    assert method.trace(series)[-1] == pytest.approx(by_weights)
