"""Methods that count answers as right or wrong: how many, how many in a row, and what they show.

Each piece of evidence counts once, whatever its weight.
"""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from schemas.events import Level
from services.mastery.scores import Count, Method, Score, Series, newest, shares

LEVELS: tuple[Level, ...] = get_args(Level)

Probability = Annotated[float, Field(gt=0, lt=1)]


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
        return shares([float(hit) for hit in hits]) if any(hits) else super().weights(series)

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
        return newest(run, len(series))

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
        return newest(min(self.n, len(series)), len(series))

    def reached(self, series: Series, estimate: float) -> bool:
        return sum(self.hits(series[-self.n :])) >= self.k

    @property
    def needed(self) -> int:
        return max(self.min_evidence, self.k)


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
        if score.judged is not None:
            return max(0, LEVELS.index(score.judged) - 1)
        if not score.mixed:
            earned = (score.value >= self.familiar_from) + (score.value >= self.proficient_from)
            return max(step, earned)
        return min(3, step + 1) if score.value >= self.familiar_from else max(0, step - 1)
