"""Methods that draw an estimate from the scores themselves: averages, extremes, a fitted curve.

A piece of evidence of weight w counts as w equal pieces in the averages.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field

from services.mastery.scores import Method, Score, Series, one_at, shares

Percent = Annotated[int, Field(ge=1, le=99)]

LOWEST_FOR_LOGARITHM = 0.01
"""Stands for scores below it where a logarithm is taken, as the logarithm of 0 has no value."""


class Highest(Method):
    """The highest score."""

    method: Literal["highest"]

    def trace(self, series: Series) -> list[float]:
        best = 0.0
        return [best := max(best, score.value) for score in series]

    def weights(self, series: Series) -> list[float]:
        values = [score.value for score in series]
        return one_at(values.index(max(values)), len(series))


class Latest(Method):
    """The latest score (Canvas: Most Recent Score)."""

    method: Literal["latest"]

    def trace(self, series: Series) -> list[float]:
        return [score.value for score in series]

    def weights(self, series: Series) -> list[float]:
        return one_at(len(series) - 1, len(series))


class Average(Method):
    """The mean of all scores."""

    method: Literal["average"]

    def trace(self, series: Series) -> list[float]:
        total = weight = 0.0
        means = []
        for score in series:
            total += score.value * score.weight
            weight += score.weight
            means.append(total / weight)
        return means

    def weights(self, series: Series) -> list[float]:
        return shares([score.weight for score in series])


class DecayingAverage(Method):
    """`parameter` % of the latest score and the rest from the mean of all earlier ones.

    Canvas: `decaying_average`, shown as Weighted Average.
    """

    method: Literal["decaying_average"]
    parameter: Percent = 65

    def trace(self, series: Series) -> list[float]:
        share = self.parameter / 100
        total, weight = 0.0, 0.0
        estimates = []
        for score in series:
            earlier = total / weight if weight else score.value
            estimates.append(share * score.value + (1 - share) * earlier)
            total += score.value * score.weight
            weight += score.weight
        return estimates

    def weights(self, series: Series) -> list[float]:
        if len(series) == 1:
            return [1.0]
        share = self.parameter / 100
        earlier = shares([score.weight for score in series[:-1]])
        return [(1 - share) * weight for weight in earlier] + [share]


class StandardDecayingAverage(Method):
    """Each score takes `parameter` % of the estimate, the estimate before it keeps the rest.

    Canvas: `standard_decaying_average`, shown as Decaying Average; JumpRope: Rolling Average.
    """

    method: Literal["standard_decaying_average"]
    parameter: Annotated[int, Field(ge=50, le=99)] = 65

    def _share(self, score: Score) -> float:
        kept: float = (1 - self.parameter / 100) ** score.weight
        return 1 - kept

    def trace(self, series: Series) -> list[float]:
        estimate = series[0].value
        estimates = []
        for score in series:
            estimate += self._share(score) * (score.value - estimate)
            estimates.append(estimate)
        return estimates

    def weights(self, series: Series) -> list[float]:
        left = 1.0
        newest_first = []
        for score in reversed(series[1:]):
            newest_first.append(left * self._share(score))
            left -= newest_first[-1]
        return [left, *reversed(newest_first)]


class PowerLaw(Method):
    """The newest point of the curve y = a * x^b through all scores, x = 1, 2, 3, ...

    Fitted by least squares on logarithms (Marzano, Transforming Classroom Grading, 2000). Scores
    below 0.01 count as 0.01, and the curve is cut off at 0 and 1.
    """

    method: Literal["power_law"]

    def trace(self, series: Series) -> list[float]:
        n = sum_x = sum_y = sum_xx = sum_xy = 0.0
        estimates = []
        for position, score in enumerate(series, start=1):
            x, y = math.log(position), math.log(max(score.value, LOWEST_FOR_LOGARITHM))
            n, sum_x, sum_y = n + 1, sum_x + x, sum_y + y
            sum_xx, sum_xy = sum_xx + x * x, sum_xy + x * y
            spread = sum_xx - sum_x * sum_x / n
            slope = (sum_xy - sum_x * sum_y / n) / spread if n > 1 else 0.0
            estimates.append(min(1.0, math.exp(sum_y / n + slope * (x - sum_x / n))))
        return estimates

    def weights(self, series: Series) -> list[float]:
        """The share of each logarithm in the fitted one: the last row of the hat matrix."""
        logs = [math.log(position) for position in range(1, len(series) + 1)]
        mean = math.fsum(logs) / len(logs)
        spread = math.fsum((x - mean) ** 2 for x in logs)
        if len(logs) == 1:
            return [1.0]
        return [1 / len(logs) + (logs[-1] - mean) * (x - mean) / spread for x in logs]
