"""Short ways to say what happened to one student in one competency, for the tests of mastery."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from schemas import events

STUDENT, COMPETENCY, TEACHER = "s1", "c1", "t1"
START = datetime(2026, 9, 1, 9, 0, tzinfo=UTC)


def on_day(day: float) -> datetime:
    return START + timedelta(days=day)


def evidence(name: str, day: float, score: float, kind: str = "assessment", **facts: Any) -> Any:
    facts = {"student": STUDENT, "competency": COMPETENCY, "kind": kind, "score": score} | facts
    return _event("evidence.recorded", name, day, events.EvidenceFacts(**facts))


def series(scores: Sequence[float], kind: str = "assessment", first: float = 0) -> list[Any]:
    """One piece of evidence a day."""
    return [
        evidence(f"{kind}{first + place}", first + place, score, kind)
        for place, score in enumerate(scores)
    ]


def correction(name: str, day: float, of: str, score: float, kind: str = "assessment") -> Any:
    facts = events.CorrectionFacts(
        student=STUDENT,
        competency=COMPETENCY,
        kind=kind,
        score=score,
        corrects_source="quiz",
        corrects_id=of,
    )
    return _event("evidence.corrected", name, day, facts)


def retraction(name: str, day: float, of: str) -> Any:
    facts = events.RetractionFacts(
        student=STUDENT, competency=COMPETENCY, retracts_source="quiz", retracts_id=of
    )
    return _event("evidence.retracted", name, day, facts)


def judgement(name: str, day: float, level: str) -> Any:
    facts = events.JudgementFacts(
        student=STUDENT, competency=COMPETENCY, level=level, staff=TEACHER
    )
    return _event("judgement.recorded", name, day, facts)


def credit_word(name: str, day: float, confirmed: bool = True) -> Any:
    facts = events.CreditFacts(
        student=STUDENT, competency=COMPETENCY, staff=TEACHER, confirmed=confirmed
    )
    return _event("credit.confirmed", name, day, facts)


def _event(event_type: str, name: str, day: float, facts: events.Facts) -> Any:
    return events.new(event_type, id=name, source="quiz", time=on_day(day), data=facts)
