"""Our own small CSVs, for what no standard carries: they complete a roster that is there."""

from __future__ import annotations

from collections.abc import Callable

from schemas.imports import ImportResult, SchoolImport
from schemas.school import Roster
from services.adapters.archive import Files
from services.adapters.checking import refuse_doubles
from services.adapters.own_csv import people, places, teaching
from services.adapters.own_csv.shapes import (
    ACCOMMODATIONS,
    AVAILABILITY,
    BELL_SCHEDULES,
    CALENDAR,
    OFFERINGS,
    QUALIFICATIONS,
    RELATIONS,
    ROOMS,
    SERVICES,
    TRAVEL,
)
from services.adapters.report import Ledger
from services.adapters.tables import Columns, Row, read_table

Apply = Callable[[list[Row], Roster, Ledger], Roster]

TABLES: dict[str, tuple[Columns, Apply, tuple[str, ...]]] = {
    "rooms.csv": (ROOMS.columns, places.add_rooms, ("buildings", "rooms")),
    "travel.csv": (TRAVEL.columns, places.set_travel, ("travel",)),
    "bell_schedules.csv": (BELL_SCHEDULES, places.set_bell_schedules, ("bell_schedules",)),
    "calendar.csv": (CALENDAR.columns, places.set_calendar, ("calendar",)),
    "qualifications.csv": (QUALIFICATIONS, people.set_qualifications, ("staff",)),
    "availability.csv": (AVAILABILITY, people.set_availability, ("staff",)),
    "offerings.csv": (OFFERINGS.columns, teaching.set_offerings, ("offerings",)),
    "services.csv": (SERVICES.columns, people.set_services, ("services",)),
    "accommodations.csv": (
        ACCOMMODATIONS.columns,
        people.set_accommodations,
        ("accommodations",),
    ),
    "relations.csv": (RELATIONS.columns, people.set_relations, ("relations",)),
}
"""Tables by file name, in the order they are applied: columns, what they do, kinds they change."""


def read_own_csv(files: Files, ledger: Ledger, roster: Roster) -> ImportResult:
    """The given roster, completed by whichever of the tables are there.

    rooms.csv, qualifications.csv and availability.csv change the records they name; every other
    table is the whole of its kind.

    Raises:
        ImportRefused: a wrong header, cell, or reference to something the roster does not have.
    """
    found = {base: name for base in TABLES if (name := files.find(base))}
    for name in sorted(set(files.names(".csv")) - set(found.values())):
        ledger.refuse(name, "not one of our tables", f"name it one of {', '.join(sorted(TABLES))}")
    if not found:
        ledger.refuse("", "no CSV file", f"hand in one of {', '.join(sorted(TABLES))}")
    kinds: list[str] = []
    for base, (columns, apply, changed) in TABLES.items():
        if base in found:
            rows = read_table(files, found[base], columns, ledger)
            roster = apply(rows, roster, ledger)
            kinds += [kind for kind in changed if kind not in kinds]
    part = SchoolImport(roster=roster, kinds=tuple(kinds))
    refuse_doubles(part, ledger)
    ledger.stop_if_refused()
    return ImportResult(schools=(part,), report=ledger.report())
