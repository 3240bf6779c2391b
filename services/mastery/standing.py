"""What evidence stands, once the events of one student and competency are put in order.

Events come in any order and any number of times. They are put in the total order (time, source,
id); a correction replaces the facts of the evidence it names, which keeps its own place in that
order, and the last correction counts; a retraction takes out the evidence, correction or
judgement it names, whenever it arrives. What names something unseen waits without effect. To move
evidence to another student or competency, retract it and record it anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from schemas.base import CompetencyId, StudentId
from schemas.events import (
    EvidenceCorrected,
    EvidenceFacts,
    EvidenceRecorded,
    EvidenceRetracted,
    JudgementRecorded,
)

MasteryEvent = EvidenceRecorded | EvidenceCorrected | EvidenceRetracted | JudgementRecorded


class Piece(NamedTuple):
    """A piece of evidence as it stands after corrections."""

    at: datetime
    source: str
    id: str
    facts: EvidenceFacts
    corrected: bool

    @property
    def place(self) -> tuple[datetime, str, str]:
        return self.at, self.source, self.id


class Standing(NamedTuple):
    """What is left of the events: pieces in order, and the newest judgement."""

    pieces: list[Piece]
    judgement: JudgementRecorded | None
    judgements: int


def in_order(events: Iterable[MasteryEvent]) -> list[MasteryEvent]:
    """Each event once, in the total order."""
    by_name: dict[tuple[str, str], MasteryEvent] = {}
    for event in events:
        name = event.source, event.id
        known = by_name.get(name)
        if known is None or (known != event and _text(event) < _text(known)):
            by_name[name] = event
    return sorted(by_name.values(), key=lambda event: (event.time, event.source, event.id))


def _text(event: MasteryEvent) -> str:
    # One id with two contents is refused on the way in; if it happens, the choice between them
    # must not depend on which came first.
    return f"{event.time.astimezone(UTC).isoformat()} {event.type} {event.data.model_dump_json()}"


def key_of(events: Sequence[MasteryEvent]) -> tuple[StudentId, CompetencyId]:
    """The student and competency the events are about.

    Raises:
        ValueError: there are none, or several.
    """
    keys = {(event.data.student, event.data.competency) for event in events}
    if len(keys) != 1:
        named = ", ".join(f"{student}/{competency}" for student, competency in sorted(keys))
        raise ValueError(
            f"a fold takes the events of one student and competency, not of {named or 'none'}"
        )
    return keys.pop()


def what_stands(events: Sequence[MasteryEvent]) -> Standing:
    """What corrections and retractions leave of events in order."""
    gone = {
        (event.data.retracts_source, event.data.retracts_id)
        for event in events
        if isinstance(event, EvidenceRetracted)
    }
    live = [event for event in events if (event.source, event.id) not in gone]
    corrections = {
        (event.data.corrects_source, event.data.corrects_id): event.data
        for event in live
        if isinstance(event, EvidenceCorrected)
    }
    pieces = []
    for event in live:
        if isinstance(event, EvidenceRecorded):
            correction = corrections.get((event.source, event.id))
            facts = correction or event.data
            at = event.time.astimezone(UTC)
            pieces.append(Piece(at, event.source, event.id, facts, correction is not None))
    judgements = [event for event in live if isinstance(event, JudgementRecorded)]
    return Standing(pieces, judgements[-1] if judgements else None, len(judgements))


def newer_than(judgement: JudgementRecorded | None, pieces: list[Piece]) -> list[Piece]:
    """The pieces that came after the judgement; all of them without one."""
    if judgement is None:
        return pieces
    place = judgement.time, judgement.source, judgement.id
    return [piece for piece in pieces if piece.place > place]
