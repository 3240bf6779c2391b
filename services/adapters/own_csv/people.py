"""Qualifications, availability, and what students need or are owed, from our own CSVs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from schemas.school import Roster, StaffMember
from services.adapters.own_csv.shapes import ACCOMMODATIONS, RELATIONS, SERVICES, Shape, words
from services.adapters.report import Ledger
from services.adapters.tables import Row

_NUMBERS = {
    "PlanningBlocks": "planning_blocks",
    "MostPreparations": "most_preparations",
    "MostConsecutiveBlocks": "most_consecutive_blocks",
    "MostStudents": "most_students",
}


def set_qualifications(rows: list[Row], roster: Roster, ledger: Ledger) -> Roster:
    """The qualifications of every adult named; those of others stay."""
    named: dict[str, list[str]] = defaultdict(list)
    for row, adult in _of_staff(rows, roster):
        named[adult.id].append(row["Qualification"])
    staff = tuple(
        adult.model_copy(update={"qualifications": tuple(dict.fromkeys(named[adult.id]))})
        if adult.id in named
        else adult
        for adult in roster.staff
    )
    return roster.model_copy(update={"staff": staff})


def set_availability(rows: list[Row], roster: Roster, ledger: Ledger) -> Roster:
    """The blocks each adult named works in (all, where none are given) and the day's limits."""
    blocks = {block.id for schedule in roster.bell_schedules for block in schedule.blocks}
    changed: dict[str, StaffMember] = {}
    for row, adult in _of_staff(rows, roster):
        works = words(row, "ClassPeriodNames")
        if blocks:
            _refuse_unknown(row, "ClassPeriodNames", works, blocks, "bell_schedules.csv")
        fields = adult.model_dump() | {"available_blocks": works or None, "assumed_fields": ()}
        for column, name in _NUMBERS.items():
            if (number := row.whole(column)) is not None:
                fields[name] = number
        built = ledger.build(StaffMember, fields, file=row.file, row=row.number, columns=_COLUMNS)
        changed[adult.id] = built or adult
    staff = tuple(changed.get(adult.id, adult) for adult in roster.staff)
    return roster.model_copy(update={"staff": staff})


_COLUMNS = {name: column for column, name in _NUMBERS.items()}


def set_services(rows: list[Row], roster: Roster, ledger: Ledger) -> Roster:
    return _set_of_students(SERVICES, rows, roster, ledger)


def set_accommodations(rows: list[Row], roster: Roster, ledger: Ledger) -> Roster:
    return _set_of_students(ACCOMMODATIONS, rows, roster, ledger)


def set_relations(rows: list[Row], roster: Roster, ledger: Ledger) -> Roster:
    """Pairs of students, or of a student and an adult."""
    people = {student.id for student in roster.students} | {adult.id for adult in roster.staff}
    for row in rows:
        _refuse_unknown(row, "OtherUniqueId", (row["OtherUniqueId"],), people, "the roster")
    return _set_of_students(RELATIONS, rows, roster, ledger)


def _set_of_students(shape: Shape, rows: list[Row], roster: Roster, ledger: Ledger) -> Roster:
    students = {student.id for student in roster.students}
    for row in rows:
        _refuse_unknown(row, "StudentUniqueId", (row["StudentUniqueId"],), students, "the roster")
    records = [record for row in rows if (record := shape.record(row, ledger))]
    return roster.model_copy(update={shape.kind: tuple(records)})


def _of_staff(rows: list[Row], roster: Roster) -> Iterator[tuple[Row, StaffMember]]:
    staff = {adult.id: adult for adult in roster.staff}
    for row in rows:
        if row["StaffUniqueId"] in staff:
            yield row, staff[row["StaffUniqueId"]]
        else:
            row.refuse("StaffUniqueId", "no such adult on the roster", "correct the id")


def _refuse_unknown(
    row: Row, column: str, named: tuple[str, ...], known: set[str], where: str
) -> None:
    for name in named:
        if name not in known:
            row.refuse(column, f"{name!r} is not known", f"add it to {where}, or correct it")
