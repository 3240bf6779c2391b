"""Reads recorded answers (CSV or TSV) as evidence events, with the pace they came at."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from schemas.events import EvidenceFacts, EvidenceRecorded
from services.replay.clock import Clock, seconds_of
from services.replay.mapping import (
    Mapping,
    MappingRefused,
    Naming,
    RecordedColumns,
    read_mapping,
)

__all__ = ["BadRow", "Mapping", "MappingRefused", "Recorded", "read_mapping", "read_recording"]

_TYPE = "org.flexday.evidence.recorded.v1"
_RIGHT = {"1": True, "1.0": True, "true": True, "0": False, "0.0": False, "false": False}


class Recorded(NamedTuple):
    """An answer as an event; `offset` is in seconds from the first, `row` counts from 1 with the
    header."""

    event: EvidenceRecorded
    offset: float
    row: int


class BadRow(NamedTuple):
    """A row that gave no event, and why."""

    row: int
    reason: str


class _Answer(NamedTuple):
    row: int
    seconds: float
    cells: dict[str, str]


def read_recording(
    path: Path,
    mapping: Mapping,
    *,
    students: Sequence[str] = (),
    competencies: Sequence[str] = (),
    refused: Callable[[BadRow], None] = lambda bad: None,
) -> Iterator[Recorded]:
    """Events of a recording, one by one; by time where the mapping says so or squeezes it into
    school hours, else in the order of the file.

    `students` and `competencies` are ours, for naming by rank. Rows that give no event go to
    `refused` and never stop the rest. Event ids depend on the recording alone, so that sending it
    again counts nothing twice.

    Raises:
        MappingRefused: a column that the mapping names is missing.
    """
    answers: Iterable[_Answer] = _answers(path, mapping, refused)
    clock: Clock | None = None
    if mapping.time.order == "time" or mapping.time.calendar:
        answers = sorted(answers, key=lambda answer: (answer.seconds, answer.row))
        if answers:
            clock = Clock(mapping.time, answers[0].seconds, answers[-1].seconds)
    student_named = _Namer(mapping.students, students)
    competency_named = _Namer(mapping.competencies, competencies)
    source = mapping.source or f"replay:{path.name}"
    for answer in answers:
        clock = clock or Clock(mapping.time, answer.seconds, answer.seconds)
        student = student_named(answer.cells[mapping.columns.student])
        competency = competency_named(answer.cells[mapping.columns.competency])
        if student is None or competency is None:
            which = "student" if student is None else "competency"
            refused(BadRow(answer.row, f"no {which} of ours stands for this one"))
            continue
        try:
            offset, at = clock(answer.seconds)
            event = _event(answer, mapping, student, competency, source, at)
        except (ValueError, OverflowError) as error:
            refused(BadRow(answer.row, _first_line(error)))
            continue
        yield Recorded(event, offset, answer.row)


def _event(
    answer: _Answer, mapping: Mapping, student: str, competency: str, source: str, at: datetime
) -> EvidenceRecorded:
    facts = EvidenceFacts.model_validate(
        {
            "student": student,
            "competency": competency,
            "kind": mapping.kind,
            "reference": answer.cells.get(mapping.columns.item or "", ""),
            **_outcome(answer.cells, mapping.columns),
        }
    )
    return EvidenceRecorded(id=_event_id(answer), source=source, type=_TYPE, time=at, data=facts)


def _answers(path: Path, mapping: Mapping, refused: Callable[[BadRow], None]) -> Iterator[_Answer]:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        tabbed = "\t" in stream.readline()
        stream.seek(0)
        reader = csv.reader(stream, delimiter="\t" if tabbed else ",")
        header = _header(path, reader, mapping)
        try:
            for row, cells in enumerate(reader, start=2):
                if len(cells) != len(header):
                    refused(BadRow(row, f"{len(cells)} cells under {len(header)} columns"))
                    continue
                named = dict(zip(header, cells, strict=True))
                try:
                    seconds = seconds_of(named[mapping.columns.time], mapping.time)
                except (ValueError, OverflowError):
                    refused(BadRow(row, f"{named[mapping.columns.time][:40]!r} is not a time"))
                    continue
                yield _Answer(row, seconds, named)
        except csv.Error as error:
            refused(BadRow(reader.line_num, f"not CSV from here on: {error}"))


def _header(path: Path, reader: Iterator[list[str]], mapping: Mapping) -> list[str]:
    try:
        header = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise MappingRefused(f"{path.name}: not CSV: {error}") from error
    missing = sorted(mapping.columns.named() - set(header))
    if missing:
        had = ", ".join(header)[:200]
        raise MappingRefused(f"{path.name}: no column {', '.join(missing)}; it has {had}")
    return header


class _Namer:
    """Our id for a recorded one, or None when there is none."""

    def __init__(self, naming: Naming, ours: Sequence[str]) -> None:
        self._naming = naming
        self._ours = ours
        self._ranks: dict[str, int] = {}

    def __call__(self, recorded: str) -> str | None:
        if self._naming.by == "same":
            return recorded.strip() or None
        if self._naming.by == "map":
            return self._naming.map.get(recorded)
        rank = self._ranks.setdefault(recorded, len(self._ranks))
        if rank >= len(self._ours) and self._naming.beyond == "wrap" and self._ours:
            rank %= len(self._ours)
        return self._ours[rank] if rank < len(self._ours) else None


def _outcome(cells: dict[str, str], columns: RecordedColumns) -> dict[str, object]:
    if columns.correct:
        text = cells[columns.correct].strip().lower()
        if text not in _RIGHT:
            raise ValueError(f"correct: {text[:40]!r} is neither 0 nor 1")
        return {"correct": _RIGHT[text]}
    if columns.score:
        return {"score": float(cells[columns.score])}
    return {
        "points": float(cells[columns.points or ""]),
        "most_points": float(cells[columns.most_points or ""]),
    }


def _event_id(answer: _Answer) -> str:
    """Row and content: two answers alike in one file are two answers."""
    content = "\t".join(answer.cells.values())
    return f"{answer.row}-{hashlib.sha256(content.encode()).hexdigest()[:16]}"


def _first_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        fault = error.errors(include_url=False)[0]
        return f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"[:200]
    return str(error)[:200]
