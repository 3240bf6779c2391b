"""The methods that turn a series of scores into an estimate of mastery, one class each.

Names and parameters are those of Canvas where it has the method (`calculation_method`,
`calculation_int`; formulas checked against the specs of its ResultAnalytics), else those of the
source named. Scores are in 0..1, oldest first. A piece of evidence of weight w counts as w equal
pieces where a method averages; methods that count answers count pieces.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import Annotated, Any, Literal, NamedTuple, get_args

from pydantic import Field, TypeAdapter, model_validator

from schemas.base import Frozen

Percent = Annotated[int, Field(ge=1, le=99)]
Count = Annotated[int, Field(ge=1, le=100)]
Probability = Annotated[float, Field(gt=0, lt=1)]

LOWEST_FOR_LOGARITHM = 0.01
"""Stands for scores below it where a logarithm is taken, as the logarithm of 0 has no value."""


class Score(NamedTuple):
    """How well, in 0..1; how much it counts; whether it comes from a test of mixed skills."""

    value: float
    weight: float = 1.0
    mixed: bool = False


Series = Sequence[Score]


class Method(Frozen):
    """A method with its parameters. It needs a series of at least one score."""

    method: str
    cut: Annotated[float, Field(gt=0, le=1)] = 0.75
    """The estimate (or, for methods that count, the score) from which on it is mastered."""
    min_evidence: Count = 2

    @abstractmethod
    def trace(self, series: Series) -> list[float]:
        """The estimate, 0..1, after each score: as long as the series."""

    def weights(self, series: Series) -> list[float]:
        """How much each score bears on the last estimate; sums to 1."""
        return [1 / len(series)] * len(series)

    def reached(self, series: Series, estimate: float) -> bool:
        """Whether the last estimate counts as mastered, evidence enough provided."""
        return estimate >= self.cut

    @property
    def needed(self) -> int:
        """Pieces of evidence without which mastery can't be reached."""
        return self.min_evidence

    def hits(self, series: Series) -> list[bool]:
        """Which scores are at the cut or above."""
        return [score.value >= self.cut for score in series]


class Highest(Method):
    """The highest score."""

    method: Literal["highest"]

    def trace(self, series: Series) -> list[float]:
        best = 0.0
        return [best := max(best, score.value) for score in series]

    def weights(self, series: Series) -> list[float]:
        values = [score.value for score in series]
        return _one_at(values.index(max(values)), len(series))


class Latest(Method):
    """The latest score (Canvas: Most Recent Score)."""

    method: Literal["latest"]

    def trace(self, series: Series) -> list[float]:
        return [score.value for score in series]

    def weights(self, series: Series) -> list[float]:
        return _one_at(len(series) - 1, len(series))


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
        return _shares([score.weight for score in series])


class NMastery(Method):
    """Mastered after n scores at the cut or above; their mean then (Canvas: Number of Times).

    Before, where Canvas shows no score, the estimate grows to the cut with the share of the n.
    """

    method: Literal["n_mastery"]
    n: Annotated[int, Field(ge=1, le=10)] = 5

    def trace(self, series: Series) -> list[float]:
        total, count = 0.0, 0
        estimates = []
        for score in series:
            if score.value >= self.cut:
                total, count = total + score.value, count + 1
            estimates.append(total / count if count >= self.n else count / self.n * self.cut)
        return estimates

    def weights(self, series: Series) -> list[float]:
        hits = self.hits(series)
        return _shares([float(hit) for hit in hits]) if any(hits) else super().weights(series)

    def reached(self, series: Series, estimate: float) -> bool:
        return sum(self.hits(series)) >= self.n

    @property
    def needed(self) -> int:
        return max(self.min_evidence, self.n)


class NInARow(Method):
    """Mastered while the newest n scores are all at the cut or above; the estimate is the share
    of the n in the present run (one miss starts it anew)."""

    method: Literal["n_in_a_row"]
    n: Count = 5

    def trace(self, series: Series) -> list[float]:
        run = 0
        runs = [run := run + 1 if hit else 0 for hit in self.hits(series)]
        return [min(run, self.n) / self.n for run in runs]

    def weights(self, series: Series) -> list[float]:
        run = max(1, round(self.trace(series)[-1] * self.n))
        return _newest(run, len(series))

    def reached(self, series: Series, estimate: float) -> bool:
        return estimate == 1.0

    @property
    def needed(self) -> int:
        return max(self.min_evidence, self.n)


class KOfN(Method):
    """Mastered while k of the newest n scores are at the cut or above; the estimate is their
    number over n, so that the first right answers do not look like certainty."""

    method: Literal["k_of_n"]
    k: Count = 4
    n: Count = 5

    @model_validator(mode="after")
    def k_fits_into_n(self) -> KOfN:
        if self.k > self.n:
            raise ValueError(f"k ({self.k}) is above n ({self.n}), so nobody could master it")
        return self

    def trace(self, series: Series) -> list[float]:
        hits = self.hits(series)
        count = 0
        estimates = []
        for position, hit in enumerate(hits):
            count += hit - (hits[position - self.n] if position >= self.n else 0)
            estimates.append(count / self.n)
        return estimates

    def weights(self, series: Series) -> list[float]:
        return _newest(min(self.n, len(series)), len(series))

    def reached(self, series: Series, estimate: float) -> bool:
        return sum(self.hits(series[-self.n :])) >= self.k

    @property
    def needed(self) -> int:
        return max(self.min_evidence, self.k)


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
        earlier = _shares([score.weight for score in series[:-1]])
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


class Bkt(Method):
    """Bayesian knowledge tracing: the probability that the skill is known.

    Corbett and Anderson (1995): known at first, learned at each try, right by guess, wrong by
    slip. A score of `correct_from` or above is a right answer.
    """

    method: Literal["bkt"]
    cut: Annotated[float, Field(gt=0, le=1)] = 0.95
    known: Probability = 0.4
    learn: Probability = 0.15
    guess: Probability = 0.2
    slip: Probability = 0.1
    correct_from: Annotated[float, Field(gt=0, le=1)] = 0.75

    @model_validator(mode="after")
    def right_answers_speak_for_knowing(self) -> Bkt:
        if self.guess + self.slip >= 1:
            raise ValueError(
                "guess and slip must be below 1 together, else a right answer"
                " would speak against knowing"
            )
        return self

    def trace(self, series: Series) -> list[float]:
        known = self.known
        estimates = []
        for score in series:
            right = score.value >= self.correct_from
            if_known = 1 - self.slip if right else self.slip
            if_not = self.guess if right else 1 - self.guess
            seen = known * if_known / (known * if_known + (1 - known) * if_not)
            known = seen + (1 - seen) * self.learn
            estimates.append(known)
        return estimates


class KhanLevels(Method):
    """Khan Academy's levels. Practice raises: attempted below `familiar_from`, familiar, and
    proficient from `proficient_from`. A test of mixed skills (evidence of kind assessment) raises
    one level when right (at least to familiar) and drops one when missed.

    `steps` are the estimates that stand for attempted, familiar, proficient and mastered.
    """

    method: Literal["levels"]
    familiar_from: Probability = 0.7
    proficient_from: Annotated[float, Field(gt=0, le=1)] = 1.0
    steps: tuple[float, float, float, float] = (0.01, 0.5, 0.75, 0.9)

    def trace(self, series: Series) -> list[float]:
        step = 0
        steps = [step := self._next(step, score) for score in series]
        return [self.steps[step] for step in steps]

    def _next(self, step: int, score: Score) -> int:
        if not score.mixed:
            earned = (score.value >= self.familiar_from) + (score.value >= self.proficient_from)
            return max(step, earned)
        return min(3, step + 1) if score.value >= self.familiar_from else max(0, step - 1)


AnyMethod = Annotated[
    Highest
    | Latest
    | Average
    | NMastery
    | NInARow
    | KOfN
    | DecayingAverage
    | StandardDecayingAverage
    | PowerLaw
    | Bkt
    | KhanLevels,
    Field(discriminator="method"),
]

METHODS: dict[str, tuple[str, ...]] = {
    get_args(method.model_fields["method"].annotation)[0]: tuple(method.model_fields)
    for method in Method.__subclasses__()
}
"""The settings each method knows, by its name."""

_METHOD: TypeAdapter[Any] = TypeAdapter(AnyMethod)


def method_of(parameters: dict[str, Any]) -> Method:
    """A method from its name (`method`) and parameters.

    Raises:
        pydantic.ValidationError: names the parameter that is unknown or out of range.
    """
    method: Method = _METHOD.validate_python(parameters)
    return method


def _one_at(position: int, length: int) -> list[float]:
    return [float(place == position) for place in range(length)]


def _newest(count: int, length: int) -> list[float]:
    return [0.0] * (length - count) + [1 / count] * count


def _shares(amounts: list[float]) -> list[float]:
    total = math.fsum(amounts)
    return [amount / total for amount in amounts]
