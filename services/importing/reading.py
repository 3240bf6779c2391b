"""The reading half of an import: files become parts per school, each format building on the
schools as those before it leave them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, NamedTuple, get_args

from schemas.imports import ImportReport, ImportResult, SchoolImport
from schemas.school import Competency, Roster
from services.adapters.archive import Files
from services.adapters.report import Ledger
from services.store.kinds import ENTERED

Format = Literal["case", "framework", "oneroster", "edfi", "csv"]
FORMATS: tuple[Format, ...] = get_args(Format)
"""In the order in which they build on one another: competencies, rosters, what completes them."""

FILLED: tuple[Format, ...] = ("oneroster", "edfi")


@dataclass(frozen=True)
class Source:
    """Files of one format; `open` puts into the ledger what cannot be opened."""

    format: Format
    open: Callable[[Ledger], Files]


@dataclass(frozen=True)
class Terms:
    """How the files are to be taken.

    `zone` is for schools that are new; `day` picks the term whose classes count; `schools` limits
    whose data is taken in, and whose competencies are changed (without it, those of all schools);
    `fill` adds by labelled rules what a flexible day needs and no standard carries.
    """

    zone: str = "UTC"
    day: date | None = None
    seed: int = 0
    schools: tuple[str, ...] = ()
    fill: bool = False


class Part(NamedTuple):
    """One school's share of one source; `report` is the place of the source's report."""

    report: int
    origin: str
    share: SchoolImport


@dataclass
class Desk:
    """What an import has read so far, and the schools as they will stand after it."""

    known: dict[str, Roster]
    terms: Terms
    parts: list[Part] = field(default_factory=list)
    reports: list[ImportReport] = field(default_factory=list)

    def competencies(self) -> list[Competency]:
        """All that any school here has."""
        return list({c.id: c for r in self.known.values() for c in r.competencies}.values())


def detect(names: Collection[str]) -> Format | None:
    """The format that file names speak for, or None."""
    from services.adapters.own_csv import TABLES

    bases = {name.rsplit("/", 1)[-1].lower() for name in names}
    if any(base.endswith(".xml") for base in bases):
        return "edfi"
    if any(base.endswith(".json") for base in bases):
        return "case"
    if bases & {"orgs.csv", "manifest.csv"}:
        return "oneroster"
    if "standards.csv" in bases:
        return "framework"
    return "csv" if bases & set(TABLES) else None


def read(sources: Iterable[Source], desk: Desk) -> Desk:
    """Reads every source onto the desk.

    Raises:
        ImportRefused: says what, where and how to mend it.
    """
    frameworks: list[tuple[int, ImportResult]] = []
    for source in sorted(sources, key=lambda source: FORMATS.index(source.format)):
        ledger = Ledger(source.format)
        pending = tuple(c for _, result in frameworks for c in result.competencies)
        result = _read_one(source, ledger, desk, pending)
        if result.competencies:
            frameworks.append((len(desk.reports), result))
        for share in result.schools:
            _take(desk, source.format, share, pending, ledger)
        desk.reports.append(ledger.report())
    for place, result in reversed(frameworks):
        desk.parts[:0] = _competency_parts(desk, place, result)
    return desk


def _read_one(
    source: Source, ledger: Ledger, desk: Desk, pending: tuple[Competency, ...]
) -> ImportResult:
    """Readers are loaded only when needed, as their parsers are slow to load."""
    files, terms = source.open(ledger), desk.terms
    if source.format == "case":
        from services.adapters.case import read_case

        return read_case(files, ledger)
    if source.format == "framework":
        from services.adapters.framework_csv import read_framework_csv

        return read_framework_csv(files, ledger)
    if source.format == "oneroster":
        from services.adapters.oneroster import read_oneroster

        return read_oneroster(files, ledger, zone=terms.zone, day=terms.day, known=desk.known)
    if source.format == "edfi":
        from services.adapters.edfi import read_edfi

        return read_edfi(
            files, ledger, zone=terms.zone, day=terms.day, seed=terms.seed,
            competencies=[*desk.competencies(), *pending], known=desk.known,
        )  # fmt: skip
    from services.adapters.own_csv import read_own_csv

    return read_own_csv(files, ledger, _the_one_school(desk, ledger))


def _the_one_school(desk: Desk, ledger: Ledger) -> Roster:
    """Our own tables name no school, so it has to be clear which one they are of."""
    if len(desk.known) != 1:
        raise ledger.refuse_now(
            "", "it is not clear which school this is for", "name the school, one that is known"
        )
    return next(iter(desk.known.values()))


def _take(
    desk: Desk,
    format: Format,
    share: SchoolImport,
    pending: tuple[Competency, ...],
    ledger: Ledger,
) -> None:
    school = share.roster.school.id
    if desk.terms.schools and school not in desk.terms.schools:
        ledger.warn(f"school {school} was left out, as it was not asked for")
        return
    before = desk.known.get(school) or Roster(school=share.roster.school)
    if desk.terms.fill and format in FILLED:
        share = _filled(share, before, pending, ledger)
    origin = ENTERED if format == "csv" else format
    desk.parts.append(Part(len(desk.reports), origin, share))
    brought = {kind: getattr(share.roster, kind) for kind in share.kinds}
    desk.known[school] = before.model_copy(update={"school": share.roster.school, **brought})


def _filled(
    share: SchoolImport, before: Roster, pending: tuple[Competency, ...], ledger: Ledger
) -> SchoolImport:
    from services.adapters import filling

    by_id = {c.id: c for c in (*before.competencies, *pending)}
    # in the order the record gives them, so that the next import fills in the same
    competencies = tuple(by_id[id] for id in sorted(by_id))
    named = (getattr(event.data, "competency", None) for event in share.events)
    roster = filling.fill(
        share.roster.model_copy(update={"competencies": competencies}),
        ledger,
        evidenced={competency for competency in named if competency},
        entered=before,
    )
    kinds = tuple(dict.fromkeys((*share.kinds, *filling.KINDS)))
    return share.model_copy(update={"roster": roster, "kinds": kinds})


def _competency_parts(desk: Desk, place: int, result: ImportResult) -> list[Part]:
    """A framework names no school: each that is known or brought along gets its competencies.
    Those that it no longer has end, but not those of other frameworks."""
    origin = ",".join((result.report.format, *sorted(result.report.files)))
    return [
        Part(
            place,
            origin,
            SchoolImport(
                roster=Roster(school=roster.school, competencies=result.competencies),
                kinds=("competencies",),
            ),
        )
        for roster in desk.known.values()
    ]
