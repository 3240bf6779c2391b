"""The writing half of an import: every part of every school, in one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from schemas.imports import Changes, ImportReport, Notice
from services.adapters.report import Ledger
from services.folding import refold_all
from services.handlers import Outcome, handle_in, release_parked
from services.importing.reading import Desk, Part
from services.store import Tx
from services.viewer import Viewer


def apply(tx: Tx, viewer: Viewer, desk: Desk, versions: Mapping[str, int]) -> list[ImportReport]:
    """Writes all parts; the reports, with what changed and what became of the events.

    `versions` are the schools' roster versions at the time the import was read against them.

    Raises:
        ImportRefused: another import has changed one of the schools since.
    """
    reports = list(desk.reports)
    schools = dict.fromkeys(part.share.roster.school.id for part in desk.parts)
    for school in schools:
        # the importing person is named in the audit, but needs no rights in every school
        tx.as_viewer(replace(Viewer.machine(school, "import"), person=viewer.person))
        _refuse_if_changed(tx, school, versions)
        own = [part for part in desk.parts if part.share.roster.school.id == school]
        _apply_rosters(tx, own, reports)
        _apply_events(tx, own, reports)
        tx.audit("roster.imported", f"school {school}", after=_sources(own, reports))
    return reports


def _refuse_if_changed(tx: Tx, school: str, versions: Mapping[str, int]) -> None:
    if school in versions and tx.roster_version() != versions[school]:
        raise Ledger("import").refuse_now(
            "", f"school {school} was changed by another import meanwhile", "import again"
        )


def _apply_rosters(tx: Tx, parts: list[Part], reports: list[ImportReport]) -> None:
    refolds = False
    for part in parts:
        share = part.share
        changes = tx.apply_roster(share.roster, origin=part.origin, kinds=share.kinds)
        refolds |= bool(changes.get("competencies", Changes()).changed)
        reports[part.report] = _with_changes(reports[part.report], changes)
    if refolds:
        refold_all(tx)


def _apply_events(tx: Tx, parts: list[Part], reports: list[ImportReport]) -> None:
    for part in parts:
        if part.share.events:
            outcomes = handle_in(tx, part.share.events)
            reports[part.report] = _with_outcomes(reports[part.report], outcomes)
    released = release_parked(tx)
    if released:
        told = Notice(message="events that had waited for this import now count", count=released)
        last = parts[-1].report
        warnings = (*reports[last].warnings, told)
        reports[last] = reports[last].model_copy(update={"warnings": warnings})


def _with_changes(report: ImportReport, changes: Mapping[str, Changes]) -> ImportReport:
    """Adds one school's changes to those of the schools before it."""
    total = dict(report.changes)
    for kind, more in changes.items():
        so_far = total.get(kind, Changes())
        total[kind] = Changes(
            added=so_far.added + more.added,
            changed=so_far.changed + more.changed,
            unchanged=so_far.unchanged + more.unchanged,
            ended=so_far.ended + more.ended,
        )
    return report.model_copy(update={"changes": total})


def _with_outcomes(report: ImportReport, outcomes: list[Outcome]) -> ImportReport:
    counted = Counter(outcome.status for outcome in outcomes)
    others = Counter(
        (outcome.status, outcome.reason)
        for outcome in outcomes
        if outcome.status not in ("accepted", "duplicate")
    )
    told = tuple(
        Notice(message=f"event {status}: {reason}", count=count)
        for (status, reason), count in sorted(others.items())
    )
    changes = {"events": Changes(added=counted["accepted"], unchanged=counted["duplicate"])}
    report = _with_changes(report, changes)
    return report.model_copy(update={"warnings": (*report.warnings, *told)})


def _sources(parts: list[Part], reports: list[ImportReport]) -> str:
    """Formats and files, for the audit."""
    used = dict.fromkeys(part.report for part in parts)
    return "; ".join(
        f"{reports[place].format}: {', '.join(reports[place].files)}" for place in used
    )
