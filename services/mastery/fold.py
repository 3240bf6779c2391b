"""Folds the events of one student and competency into a state of mastery.

Kinds of evidence that follow the same method with the same parameters form one series. The series
with the newest evidence answers, but one with too little evidence to reach mastery never outvotes
one with enough: a single practice answer does not undo two assessments.

A judgement wins until newer evidence comes. From then on the method answers again, with the
judgement in place of all that was before it, as many times as the method needs evidence at least;
so the first good answer after "mastered" does not undo it for lack of numbers.

Where a purge took the oldest events, the state that was folded from them stands for them in the
same way, and by itself until something newer comes.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from schemas.base import CompetencyId, StaffId
from schemas.events import EvidenceKind, JudgementRecorded, Level
from schemas.mastery import Approach, EvidenceUsed, Mastery
from schemas.school import Competency
from services.mastery.scores import Method, Score
from services.mastery.settings import LevelFloors, MasterySettings
from services.mastery.standing import (
    MasteryEvent,
    Piece,
    Standing,
    in_order,
    key_of,
    newer_than,
    what_stands,
)

DIGITS = 6
"""Estimates are rounded, so that scores of 0.7 and 0.8 in equal number meet a cut of 0.75."""

LIGHTEST_LISTED = 0.001
MOST_LISTED = 20
SPREAD_OF_NOTHING_KNOWN = math.sqrt(1 / 12)


class Answer(NamedTuple):
    """A series (of the anchor, if any, and then the pieces) with its estimates over time."""

    method: Method
    pieces: list[Piece]
    anchors: int
    series: list[Score]
    trace: list[float]

    @property
    def is_enough(self) -> bool:
        return len(self.series) >= self.method.needed


def fold(
    events: Iterable[MasteryEvent],
    settings: MasterySettings,
    as_of: datetime | None = None,
    competency: Competency | None = None,
    before: Mastery | None = None,
) -> Mastery:
    """The state that follows from all events of one student and competency. `before` is what had
    been folded from those that a purge took: they come before all others.

    The same events give the same state to the bit, whatever their order and number. With `as_of`,
    what happened later is left out; a state that is kept must be folded without, as nothing folds
    it again when the time has come. `competency` lets settings by subject and code be found.

    Raises:
        ValueError: no events, or events of several students or competencies.
    """
    seen = in_order(events)
    student, competency_id = key_of(seen)
    if as_of is not None:
        seen = [event for event in seen if event.time <= as_of]
    standing = what_stands(seen)
    blank = Mastery(student=student, competency=competency_id)
    if standing.judgement is None and not standing.pieces:
        return before or blank
    newer = newer_than(standing.judgement, standing.pieces)
    about = competency if competency is not None else competency_id
    if standing.judgement is not None and not newer:
        cut = settings.method("assessment", about).cut
        return _asserted(before or blank, standing, standing.judgement, settings.levels, cut)
    answer = _decide(newer, standing.judgement, settings, about, before)
    return _calculated(before or blank, standing, answer, settings)


def is_stale(mastery: Mastery, as_of: datetime, settings: MasterySettings) -> bool:
    """Whether the newest evidence is so old that it wants a re-check. It never demotes."""
    if mastery.last_evidence_at is None:
        return False
    return as_of - mastery.last_evidence_at > timedelta(days=settings.stale_days)


def worth(level: Level, floors: LevelFloors, cut: float) -> float:
    """The estimate a judged level stands for: where it begins; for mastered, at least the cut."""
    if level == "not_started":
        return 0.0
    floor: float = getattr(floors, level)
    return max(floor, cut) if level == "mastered" else floor


def _decide(
    pieces: list[Piece],
    judgement: JudgementRecorded | None,
    settings: MasterySettings,
    competency: Competency | CompetencyId,
    before: Mastery | None,
) -> Answer:
    methods: dict[EvidenceKind, Method] = {}
    by_method: dict[Method, list[Piece]] = {}
    for piece in pieces:
        kind = piece.facts.kind
        if kind not in methods:
            methods[kind] = settings.method(kind, competency)
        by_method.setdefault(methods[kind], []).append(piece)
    answers = [
        _answer(method, own, judgement, settings.levels, before)
        for method, own in by_method.items()
    ]
    enough = [answer for answer in answers if answer.is_enough]
    return max(enough or answers, key=lambda answer: answer.pieces[-1].place)


def _answer(
    method: Method,
    pieces: list[Piece],
    judgement: JudgementRecorded | None,
    floors: LevelFloors,
    before: Mastery | None,
) -> Answer:
    series = []
    if judgement is not None:
        level = judgement.data.level
        anchor = Score(worth(level, floors, method.cut), judged=level)
        series = [anchor] * method.needed
    elif before is not None and before.estimate is not None:
        series = [Score(before.estimate, judged=before.level)] * method.needed
    anchors = len(series)
    for piece in pieces:
        facts = piece.facts
        series.append(Score(facts.value, facts.weight, facts.kind == "assessment"))
    trace = [round(min(1.0, max(0.0, estimate)), DIGITS) for estimate in method.trace(series)]
    return Answer(method, pieces, anchors, series, trace)


def _asserted(
    start: Mastery,
    standing: Standing,
    judgement: JudgementRecorded,
    floors: LevelFloors,
    cut: float,
) -> Mastery:
    estimate = worth(judgement.data.level, floors, cut)
    at = judgement.time.astimezone(UTC)
    return start.model_copy(
        update={
            "estimate": estimate,
            "level": judgement.data.level,
            "reached": estimate >= cut,
            "evidence_count": _count(start, standing),
            "last_evidence_at": at,
            "last_progress_at": at,
            "confidence": 1.0,
            "method": "asserted",
            "parameters": {},
            "asserted": True,
            "why": (_judged(judgement, estimate, 1.0),),
            "unlisted": 0,
            "movement": None,
            "approaches": (),
        }
    )


def _calculated(
    start: Mastery, standing: Standing, answer: Answer, settings: MasterySettings
) -> Mastery:
    method, series = answer.method, answer.series
    estimate = answer.trace[-1]
    reached = answer.is_enough and method.reached(series, estimate)
    weights = method.weights(series)
    why = _why(standing, answer, weights)
    return start.model_copy(
        update={
            "estimate": estimate,
            "level": _level(estimate, reached, settings.levels),
            "reached": reached,
            "evidence_count": _count(start, standing),
            "last_evidence_at": _last_at(start, standing),
            "last_progress_at": _last_progress(start, standing, answer),
            "movement": _movement(answer, settings.stuck.tries),
            "confidence": _confidence(estimate, weights),
            "method": method.method,
            "asserted": False,
            "parameters": method.model_dump(exclude={"method", "steps"}),
            "why": why,
            "unlisted": len(answer.pieces) + bool(answer.anchors) - len(why),
            "approaches": _approaches(answer.pieces[-settings.stuck.tries :]),
        }
    )


def _level(estimate: float, reached: bool, floors: LevelFloors) -> Level:
    """The level an estimate shows: at least proficient where mastery is reached, else below."""
    if reached:
        return "mastered" if estimate >= floors.mastered else "proficient"
    return "familiar" if estimate >= floors.familiar else "attempted"


def _count(start: Mastery, standing: Standing) -> int:
    return start.evidence_count + len(standing.pieces) + standing.judgements


def _last_at(start: Mastery, standing: Standing) -> datetime:
    newest = max(piece.at for piece in standing.pieces)
    return max(newest, start.last_evidence_at or newest)


def _last_progress(start: Mastery, standing: Standing, answer: Answer) -> datetime:
    best = answer.trace.index(max(answer.trace))
    if best < answer.anchors and standing.judgement is not None:
        return standing.judgement.time.astimezone(UTC)
    if best < answer.anchors and start.last_progress_at is not None:
        return start.last_progress_at
    return answer.pieces[max(best - answer.anchors, 0)].at


def _movement(answer: Answer, tries: int) -> float | None:
    if len(answer.pieces) < tries:
        return None
    newest, half = answer.trace[-tries:], tries // 2
    return round((math.fsum(newest[half:]) - math.fsum(newest[:half])) / half, DIGITS)


def _confidence(estimate: float, weights: Sequence[float]) -> float:
    """How much narrower the guess is than with nothing known, 0..1.

    One minus the standard deviation of the posterior Beta(1 + n*p, 1 + n*(1-p)) over that of
    the uniform prior, with p the estimate and n Kish's effective number of pieces, 1 / sum(w^2).
    """
    n = 1 / math.fsum(weight * weight for weight in weights)
    right, wrong = 1 + n * estimate, 1 + n * (1 - estimate)
    total = right + wrong
    spread = math.sqrt(right * wrong / (total * total * (total + 1)))
    return round(max(0.0, 1 - spread / SPREAD_OF_NOTHING_KNOWN), 3)


def _why(standing: Standing, answer: Answer, weights: Sequence[float]) -> tuple[EvidenceUsed, ...]:
    own = list(zip(answer.pieces, weights[answer.anchors :], strict=True))[-MOST_LISTED:]
    listed = [
        _used(piece, weight) for piece, weight in reversed(own) if abs(weight) >= LIGHTEST_LISTED
    ]
    anchor = math.fsum(weights[: answer.anchors])
    if standing.judgement is not None and abs(anchor) >= LIGHTEST_LISTED:
        listed.append(_judged(standing.judgement, answer.series[0].value, anchor))
    return tuple(listed)


def _used(piece: Piece, weight: float) -> EvidenceUsed:
    return EvidenceUsed(
        source=piece.source,
        id=piece.id,
        at=piece.at,
        kind=piece.facts.kind,
        value=piece.facts.value,
        weight=round(weight, DIGITS),
        corrected=piece.corrected,
    )


def _judged(judgement: JudgementRecorded, value: float, weight: float) -> EvidenceUsed:
    return EvidenceUsed(
        source=judgement.source,
        id=judgement.id,
        at=judgement.time.astimezone(UTC),
        kind="judgement",
        value=value,
        weight=round(weight, DIGITS),
    )


def _approaches(pieces: Iterable[Piece]) -> tuple[Approach, ...]:
    tried: Counter[tuple[str, StaffId]] = Counter(
        (piece.facts.modality or "", piece.facts.staff or "")
        for piece in pieces
        if piece.facts.modality or piece.facts.staff
    )
    ordered = sorted(tried.items(), key=lambda entry: (-entry[1], entry[0]))
    return tuple(
        Approach(modality=modality or None, staff=staff or None, tries=tries)
        for (modality, staff), tries in ordered
    )
