"""The door to every import: files in, one ImportResult out, whatever the formats."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from schemas.events import EvidenceRecorded
from schemas.imports import ImportResult, SchoolImport
from schemas.school import Competency, Roster
from services.adapters import filling, own_csv
from services.adapters.archive import Files, Limits, open_bytes, open_many, open_path
from services.adapters.case import read_case
from services.adapters.edfi import read_edfi
from services.adapters.framework_csv import read_framework_csv, table_kind
from services.adapters.merging import record_key
from services.adapters.oneroster import read_oneroster
from services.adapters.own_csv import read_own_csv
from services.adapters.report import Ledger

Format = Literal["oneroster", "edfi", "case", "framework", "csv"]
FORMATS: tuple[Format, ...] = get_args(Format)
_ZONE = "America/Chicago"


@dataclass(frozen=True)
class Wishes:
    """What the importing person says besides the files.

    `schools` names the schools that competency frameworks and our own CSVs are for, where the
    files themselves bring none. `fill` adds by labelled rules what is missing to plan a day.
    """

    format: Format | None = None
    zone: str | None = None
    day: date | None = None
    seed: int = 0
    fill: bool = False
    schools: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)


def read_paths(
    paths: Sequence[Path], wishes: Wishes, known: Mapping[str, Roster] | None = None
) -> ImportResult:
    """Read files, folders and zips as one import. `known` are the schools as they stand.

    Raises:
        ImportRefused: anything that matters is wrong; nothing of the import is to be applied.
    """
    ledger = Ledger(wishes.format or "import")
    sources = [open_path(path, ledger, wishes.limits) for path in paths]
    return _read(sources, wishes, known or {}, ledger)


def read_uploads(
    uploads: Mapping[str, bytes], wishes: Wishes, known: Mapping[str, Roster] | None = None
) -> ImportResult:
    """Read uploaded files, by name, as one import: one file (a zip, say), or several plain ones.

    Raises:
        ImportRefused: as for `read_paths`.
    """
    ledger = Ledger(wishes.format or "import")
    if len(uploads) == 1:
        ((name, content),) = uploads.items()
        sources = [open_bytes(name, content, ledger, wishes.limits)]
    else:
        sources = [open_many(dict(uploads), ledger, wishes.limits)]
    return _read(sources, wishes, known or {}, ledger)


def format_of(files: Files, ledger: Ledger) -> Format:
    """Which format the files are in, by their names and headers.

    Raises:
        ImportRefused: it is none that flexday reads.
    """
    if files.find("manifest.csv"):
        return "oneroster"
    if files.names(".xml"):
        return "edfi"
    if files.names(".json"):
        return "case"
    tables = files.names(".csv")
    if any(PurePosixPath(name).name.lower() in own_csv.TABLES for name in tables):
        return "csv"
    if any(table_kind(files.text(name)) for name in tables):
        return "framework"
    raise ledger.refuse_now(
        ", ".join(files.names()[:3]),
        "not a format that flexday reads",
        "hand in a OneRoster zip, Ed-Fi XML, a CASE package, or our own CSVs",
    )


def _read(
    sources: Sequence[Files], wishes: Wishes, known: Mapping[str, Roster], ledger: Ledger
) -> ImportResult:
    """Frameworks first, then rosters that evidence refers to them from, then what completes
    rosters."""
    by_format: dict[Format, list[Files]] = {name: [] for name in FORMATS}
    for files in sources:
        by_format[wishes.format or format_of(files, ledger)].append(files)
    ledger.format = "+".join(name for name in FORMATS if by_format[name])
    competencies = _competencies(by_format, ledger)
    parts = _rosters(by_format, wishes, known, competencies, ledger)
    parts = _with_competencies(parts, competencies, wishes, known)
    parts = _completed(parts, by_format["csv"], wishes, known, ledger)
    if wishes.fill:
        parts = {id: _filled(part, known.get(id), ledger) for id, part in parts.items()}
    for part in parts.values():
        _refuse_doubles(part, ledger)
    ledger.stop_if_refused()
    return ImportResult(
        schools=tuple(parts.values()), competencies=competencies, report=ledger.report()
    )


def _competencies(
    by_format: Mapping[Format, list[Files]], ledger: Ledger
) -> tuple[Competency, ...]:
    found: list[Competency] = []
    for files in by_format["case"]:
        found += read_case(files, ledger).competencies
    for files in by_format["framework"]:
        found += read_framework_csv(files, ledger).competencies
    return tuple(found)


def _rosters(
    by_format: Mapping[Format, list[Files]],
    wishes: Wishes,
    known: Mapping[str, Roster],
    competencies: tuple[Competency, ...],
    ledger: Ledger,
) -> dict[str, SchoolImport]:
    zone = _zone(wishes, ledger)
    results = [
        read_oneroster(files, ledger, zone=zone, day=wishes.day, known=known)
        for files in by_format["oneroster"]
    ]
    held = competencies or tuple({c.id: c for r in known.values() for c in r.competencies}.values())
    results += [
        read_edfi(
            files,
            ledger,
            zone=zone,
            day=wishes.day,
            seed=wishes.seed,
            competencies=held,
            known=known,
        )
        for files in by_format["edfi"]
    ]
    parts: dict[str, SchoolImport] = {}
    for part in (part for result in results for part in result.schools):
        if part.roster.school.id in parts:
            ledger.refuse(
                "",
                f"two sources bring school {part.roster.school.id}",
                "import them one after the other",
            )
        parts[part.roster.school.id] = part
    return parts


def _zone(wishes: Wishes, ledger: Ledger) -> str:
    zone = wishes.zone or _ZONE
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ledger.refuse_now(
            "", "not an IANA time zone", "give one such as America/Chicago", value=zone
        ) from error
    return zone


def _with_competencies(
    parts: Mapping[str, SchoolImport],
    competencies: tuple[Competency, ...],
    wishes: Wishes,
    known: Mapping[str, Roster],
) -> dict[str, SchoolImport]:
    """Every school of the import with the frameworks read; else the schools named."""
    if not competencies:
        return dict(parts)
    if not parts:
        named = [known[id] for id in wishes.schools if id in known]
        parts = {roster.school.id: SchoolImport(roster=roster, kinds=()) for roster in named}
    return {
        id: _changed(
            part, part.roster.model_copy(update={"competencies": competencies}), ("competencies",)
        )
        for id, part in parts.items()
    }


def _completed(
    parts: Mapping[str, SchoolImport],
    tables: Iterable[Files],
    wishes: Wishes,
    known: Mapping[str, Roster],
    ledger: Ledger,
) -> dict[str, SchoolImport]:
    """Our own CSVs laid over the one school they are for."""
    completed = dict(parts)
    for files in tables:
        names = wishes.schools or tuple(parts) or tuple(known)
        if len(names) != 1 or names[0] not in {*parts, *known}:
            raise ledger.refuse_now(
                "",
                "our own CSVs are for one school that is there",
                "import its roster first, and name the school",
                value=", ".join(names),
            )
        part = completed.get(names[0]) or SchoolImport(roster=known[names[0]], kinds=())
        read = read_own_csv(files, ledger, part.roster).schools[0]
        completed[names[0]] = _changed(part, read.roster, read.kinds)
    return completed


def _filled(part: SchoolImport, known: Roster | None, ledger: Ledger) -> SchoolImport:
    evidenced = {e.data.competency for e in part.events if isinstance(e, EvidenceRecorded)}
    roster = part.roster
    if known and not roster.competencies:
        roster = roster.model_copy(update={"competencies": known.competencies})
    roster = filling.fill(roster, ledger, evidenced=evidenced, entered=known)
    return _changed(part, roster, filling.KINDS)


def _changed(part: SchoolImport, roster: Roster, kinds: Iterable[str]) -> SchoolImport:
    """The share with another roster, speaking for these kinds as well."""
    every = tuple(dict.fromkeys((*part.kinds, *kinds)))
    return part.model_copy(update={"roster": roster, "kinds": every})


def _refuse_doubles(part: SchoolImport, ledger: Ledger) -> None:
    for kind in part.kinds:
        counts = Counter(record_key(record) for record in getattr(part.roster, kind))
        for key, count in counts.items():
            if count > 1:
                ledger.refuse(
                    "",
                    f"{kind}: {' and '.join(key)} stands {count} times",
                    "keep one of them",
                    column=kind,
                    value=key[0],
                )
