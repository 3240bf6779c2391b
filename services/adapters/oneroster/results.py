"""Evidence from OneRoster 1.2 results that name learning objectives."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from schemas.events import AnyEvent, EvidenceFacts
from services.adapters.eventing import event_id, make_event
from services.adapters.oneroster.package import Package
from services.adapters.report import Ledger
from services.adapters.tables import Row

_FINAL = "fully graded"
_FILE = "resultLearningObjectiveIds.csv"


def evidence_of(
    package: Package, students: frozenset[str], zone: str, ledger: Ledger
) -> tuple[AnyEvent, ...]:
    """An evidence event per result and learning objective of the given students.

    The score is in points of the line item's `resultValueMax`; the time is noon of `scoreDate` in
    the school's zone, as OneRoster gives a date only; `source=case` makes the objective a CFItem
    GUID. Results that are not fully graded, or have no number, are no evidence.
    """
    items = {row["sourcedId"]: row for row in package.rows("lineItems")}
    results = {row["sourcedId"]: row for row in package.rows("results")}
    events = []
    for link in package.rows("resultLearningObjectiveIds"):
        result = results.get(link["resultSourcedId"])
        if result is None or result["studentSourcedId"] not in students:
            continue
        facts = _facts(link, result, items.get(result["lineItemSourcedId"]), ledger)
        day = result.day("scoreDate")
        if facts is not None and day is not None:
            event = make_event(
                "evidence.recorded",
                EvidenceFacts,
                facts,
                id=event_id(result["sourcedId"], link["learningObjectiveId"]),
                source=package.source,
                time=datetime.combine(day, time(12), ZoneInfo(zone)),
                file=link.file,
                row=link.number,
                ledger=ledger,
            )
            events += [event] if event else []
    return tuple(events)


def check_results(package: Package, people: frozenset[str], ledger: Ledger) -> None:
    """Refuse links to results, and results of students, that are not in the package."""
    results = {row["sourcedId"] for row in package.rows("results")}
    for row in package.rows("results"):
        if row["studentSourcedId"] not in people:
            row.refuse("studentSourcedId", "no such user in users.csv", "add the user")
    for row in package.rows("resultLearningObjectiveIds"):
        if row["resultSourcedId"] not in results:
            row.refuse("resultSourcedId", "no such result in results.csv", "add the result")
        if row["source"] not in ("case", "unknown"):
            row.refuse("source", "not a known source", "write case or unknown")
    linked = {row["resultSourcedId"] for row in package.rows("resultLearningObjectiveIds")}
    ledger.warn(
        "results that name no learning objective: a mark, not evidence of a competency",
        file="results.csv",
        count=len(results - linked),
    )


def _facts(link: Row, result: Row, item: Row | None, ledger: Ledger) -> dict[str, Any] | None:
    if result["scoreStatus"] != _FINAL:
        ledger.warn("results not fully graded, left out", file=_FILE)
        return None
    score = link.number_in("score") if link.cell("score") else result.number_in("score")
    if score is None:
        ledger.warn("results without a number (text scores have no known order)", file=_FILE)
        return None
    most = item.number_in("resultValueMax") if item else None
    if most is None:
        ledger.warn("results whose line item has no resultValueMax, left out", file=_FILE)
        return None
    if not 0 <= score <= most or most == 0:
        link.refuse("score", f"not between 0 and {most:g}", "correct it or resultValueMax")
        return None
    return {
        "student": result["studentSourcedId"],
        "competency": link["learningObjectiveId"],
        "points": score,
        "most_points": most,
        "reference": item["title"] if item else "",
    }
