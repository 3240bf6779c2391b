"""Brings files of any known format into the record: all of them read first, then all or nothing."""

from __future__ import annotations

from collections.abc import Iterable

from schemas.imports import ImportReport
from schemas.school import Roster
from services.adapters.report import Ledger
from services.importing.applying import apply
from services.importing.reading import FORMATS, Desk, Format, Source, Terms, detect, read
from services.store import Store
from services.store.kinds import KINDS
from services.viewer import Viewer

__all__ = ["FORMATS", "Format", "Source", "Terms", "detect", "import_files"]


def import_files(
    store: Store, viewer: Viewer, sources: Iterable[Source], terms: Terms
) -> list[ImportReport]:
    """Reads the sources and applies them in one transaction; a report for each of them, in the
    order in which they build on one another.

    Raises:
        ImportRefused: nothing was taken in; its report says what, where and how to mend it.
        Unavailable: the database cannot be used now; nothing was taken in.
    """
    known, versions = {}, {}
    for school in terms.schools or store.schools():
        if school in store.schools():
            known[school], versions[school] = _as_it_stands(store, school)
    desk = read(sources, Desk(known, terms))
    if not desk.parts:
        why = "no school takes this in" if known else "no school is known that could take this in"
        raise Ledger("import").refuse_now("", why, "import a roster too, or name the school")
    with store.begin(viewer) as tx:
        return apply(tx, viewer, desk, versions)


def _as_it_stands(store: Store, school: str) -> tuple[Roster, int]:
    with store.read(Viewer.machine(school, "import")) as tx:
        kinds = {kind: tuple(tx.roster(kind)) for kind in KINDS}
        return Roster(school=tx.school(), **kinds), tx.roster_version()
