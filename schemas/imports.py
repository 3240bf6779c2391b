"""What an import brings and what is said about it: one result for every outside format."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from schemas.base import Frozen, SchoolId
from schemas.events import AnyEvent
from schemas.school import Competency, Roster

Count = Annotated[int, Field(ge=0)]


class Refusal(Frozen):
    """A cell, row or file that can't be taken in, with what would mend it.

    `row` counts from 1 as a spreadsheet shows it (the header is row 1); in XML and JSON it is the
    position of the element among those of its kind. None means the file as a whole.
    """

    file: str
    row: int | None = None
    column: str = ""
    value: str = ""
    reason: str
    mend: str


class Assumption(Frozen):
    """A field that the source left open, the rule that filled it, and for how many records."""

    field: str
    rule: str
    count: Count


class Notice(Frozen):
    """Something left out or doubtful that did not stop the import."""

    file: str = ""
    message: str
    count: Count = 1


class Changes(Frozen):
    """Records of one kind as the store found them against what it held."""

    added: Count = 0
    changed: Count = 0
    unchanged: Count = 0
    ended: Count = 0


class ImportReport(Frozen):
    """The account of one import. `refused` lists the first refusals, `refused_count` all."""

    format: str
    files: tuple[str, ...] = ()
    rows_read: dict[str, Count] = Field(default_factory=dict)
    refused: tuple[Refusal, ...] = ()
    refused_count: Count = 0
    assumptions: tuple[Assumption, ...] = ()
    warnings: tuple[Notice, ...] = ()
    changes: dict[str, Changes] = Field(default_factory=dict)
    """By kind of record (a field of Roster, or `events`); filled when the import is applied."""


class SchoolImport(Frozen):
    """One school's share. `kinds` are the Roster fields the source speaks for: records of those
    kinds that are missing from it have ended, records of all other kinds stay as they are."""

    roster: Roster
    kinds: tuple[str, ...]
    events: tuple[AnyEvent, ...] = ()


class ImportResult(Frozen):
    """Everything one import brings; `competencies` are those meant for whichever schools the
    importing person names, as competency frameworks name none."""

    schools: tuple[SchoolImport, ...] = ()
    competencies: tuple[Competency, ...] = ()
    report: ImportReport

    @property
    def rosters(self) -> tuple[Roster, ...]:
        return tuple(part.roster for part in self.schools)

    def school(self, school: SchoolId) -> SchoolImport:
        """One school's share.

        Raises:
            KeyError: the import brings nothing for that school.
        """
        for part in self.schools:
            if part.roster.school.id == school:
                return part
        raise KeyError(school)
