"""Evidence from Ed-Fi assessments, and absences from staff leaves, as events by school."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from schemas.events import AnyEvent, EvidenceFacts, StaffPresenceFacts
from services.adapters.edfi.document import Documents, Record
from services.adapters.edfi.people import staff_member_of, student_of
from services.adapters.edfi.places import Term
from services.adapters.eventing import event_id, make_event
from services.adapters.report import Ledger
from services.adapters.standards import StandardsIndex

SOURCE = "ed-fi"
_STANDARD = "LearningStandardReference/LearningStandardIdentity/LearningStandardId"
_ITEM = "AssessmentItemReference/AssessmentItemIdentity/"
_OBJECTIVE = "ObjectiveAssessmentReference/ObjectiveAssessmentIdentity/"
_RIGHT = {"Correct": True, "Incorrect": False}


class Measured:
    """What an assessment item or objective measures, with its highest score."""

    def __init__(self, record: Record) -> None:
        self.standards = record.texts(_STANDARD)
        self.most = record.amount("MaxRawScore")
        self.sums_items = record.element.find("AssessmentItemReference") is not None


class Assessments:
    """Results joined to competencies; counts what can't be joined."""

    def __init__(self, documents: Documents, index: StandardsIndex, ledger: Ledger) -> None:
        self._documents = documents
        self._index = index
        self._ledger = ledger
        self._items = {_key(r): Measured(r) for r in documents.all("AssessmentItem")}
        self._objectives = {_key(r): Measured(r) for r in documents.all("ObjectiveAssessment")}

    def evidence_of(self, students: set[str], zone: str) -> list[AnyEvent]:
        """An event of kind item per item result and standard of the given students, and of kind
        assessment per objective result that names standards of its own.

        Objective results that sum items are left out: each answer would count twice.
        """
        events = []
        for sitting in self._documents.all("StudentAssessment"):
            if student_of(sitting) in students:
                events += list(self._sitting(sitting, zone))
        return events

    def _sitting(self, sitting: Record, zone: str) -> Iterator[AnyEvent]:
        at = sitting.moment("AdministrationDate")
        if at is None:
            sitting.refuse("AdministrationDate", "no date", "say when the student was assessed")
            return
        at = at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))
        for part in sitting.parts("StudentAssessmentItem"):
            yield from self._result(sitting, part, _ITEM, self._items, "item", at)
        for part in sitting.parts("StudentObjectiveAssessment"):
            yield from self._result(sitting, part, _OBJECTIVE, self._objectives, "assessment", at)

    def _result(
        self,
        sitting: Record,
        part: Record,
        prefix: str,
        measured: Mapping[tuple[str, str], Measured],
        kind: str,
        at: datetime,
    ) -> Iterator[AnyEvent]:
        key = _key(part, prefix)
        about = measured.get(key)
        if about is None:
            self._ledger.warn(f"{kind} results whose {kind} is not described, left out")
            return
        if about.sums_items:
            self._ledger.warn("objective results that sum items counted already, left out")
            return
        for standard in about.standards:
            match = self._match(standard)
            if match is None:
                continue
            event = make_event(
                "evidence.recorded",
                EvidenceFacts,
                {
                    "student": student_of(sitting),
                    "competency": match,
                    "kind": kind,
                    "reference": key[1],
                    **_outcome(part, about),
                },
                id=event_id(sitting.text("StudentAssessmentIdentifier"), key[1], standard),
                source=f"{SOURCE}:{key[0]}"[:200].strip(),
                time=at,
                file=part.file,
                row=part.number,
                ledger=self._ledger,
            )
            if event is not None:
                yield event

    def _match(self, standard: str) -> str | None:
        match = self._index.find(standard)
        if match is None:
            self._ledger.warn(
                f"results on {standard}, which no competency means; import the framework first,"
                " then these results again"
            )
            return None
        self._ledger.assume("EvidenceFacts.competency", match.how, int(match.how != "same code"))
        return match.competency


def _outcome(part: Record, about: Measured) -> dict[str, object]:
    """Correct or not where the result says so, and points where the highest score is known."""
    outcome: dict[str, object] = {}
    right = _RIGHT.get(part.word("AssessmentItemResult"))
    if right is not None:
        outcome["correct"] = right
    points = part.amount("RawScoreResult")
    if points is None:
        points = part.amount("ScoreResult/Result")
    if points is not None and about.most:
        outcome |= {"points": points, "most_points": about.most}
    return outcome


def _key(record: Record, prefix: str = "") -> tuple[str, str]:
    """AssessmentIdentifier and IdentificationCode."""
    assessment = f"{prefix}AssessmentReference/AssessmentIdentity/AssessmentIdentifier"
    return record.text(assessment), record.text(f"{prefix}IdentificationCode")


def absences_of(
    documents: Documents, staff: set[str], terms: list[Term], zone: str, ledger: Ledger
) -> list[AnyEvent]:
    """A staff.absent event per day of each leave of the given adults.

    Ed-Fi does not say when a leave became known: the event's time is the beginning of the school
    year, so that anything heard later outweighs it. A leave without an end is of one day.
    """
    events = []
    for record in documents.all("StaffLeave"):
        begins, who = record.day("BeginDate"), staff_member_of(record)
        if who not in staff or begins is None:
            continue
        if not record.text("EndDate"):
            ledger.assume("StaffLeave.EndDate", "leaves without an end are of one day")
        known_since = min([term.begins for term in terms] + [begins])
        for day in _span(begins, record.day("EndDate") or begins):
            event = make_event(
                "staff.absent",
                StaffPresenceFacts,
                {"staff": who, "day": day, "reason": "leave"},
                id=event_id("leave", who, day.isoformat()),
                source=SOURCE,
                time=datetime.combine(known_since, time(), ZoneInfo(zone)),
                file=record.file,
                row=record.number,
                ledger=ledger,
            )
            events += [event] if event else []
    return list({event.id: event for event in events}.values())


def _span(begins: date, ends: date) -> list[date]:
    length = max(0, min((ends - begins).days, 366))
    return [date.fromordinal(begins.toordinal() + offset) for offset in range(length + 1)]
