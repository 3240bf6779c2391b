"""However a file is damaged, the record holds all of it or nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from services.adapters.archive import open_many
from services.adapters.report import ImportRefused
from services.folding import verify
from services.importing import Format, Source, Terms, import_files
from services.store import Store
from services.viewer import Viewer
from tests.services.small_school import enrol
from tests.services.test_adapters_hostile import SAMPLES, Contents, damaged, strange

FORMATS: dict[str, Format] = {
    "oneroster 1.1": "oneroster",
    "oneroster 1.2": "oneroster",
    "ed-fi": "edfi",
    "case": "case",
    "framework": "framework",
    "own csv": "csv",
}
BRINGS_SCHOOLS = ("oneroster", "edfi")


def bring_in(store: Store, format: Format, contents: Contents) -> bool:
    """Whether an import is taken in and not refused."""
    schools = () if format in BRINGS_SCHOOLS else ("east",)
    terms = Terms("America/Chicago", schools=schools, fill=True)
    source = Source(format, lambda ledger: open_many(contents, ledger))
    try:
        import_files(store, Viewer.machine("east", "import"), [source], terms)
    except ImportRefused:
        return False
    return True


def kept(store: Store) -> list[Any]:
    """Everything the record holds of every school."""
    found: list[Any] = []
    for school in store.schools():
        with store.read(Viewer.machine(school)) as tx:
            found.append((school, tx.tally(), [row.event_id for row in tx.events_since(0)]))
            found += [tx.roster(kind) for kind in ("students", "staff", "rooms", "competencies")]
    return found


def all_or_nothing(store: Store, name: str, contents: Contents) -> None:
    before = kept(store)
    if not bring_in(store, FORMATS[name], contents):
        assert kept(store) == before
    for school in store.schools():
        assert all(comparison.same for comparison in verify(store, school))


def look(open_store: Callable[..., Store], name: str, examples: int) -> None:
    store, (contents, _) = open_store(), SAMPLES[name]
    enrol(store)

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(spoilt=damaged(contents) | strange(contents))
    def send(spoilt: Contents) -> None:
        all_or_nothing(store, name, spoilt)

    send()


@pytest.mark.parametrize("name", FORMATS)
def test_a_damaged_import_leaves_all_or_nothing(
    open_store: Callable[..., Store], name: str
) -> None:
    look(open_store, name, examples=15)


@pytest.mark.soak
@pytest.mark.parametrize("name", FORMATS)
def test_hundreds_of_damaged_imports_leave_all_or_nothing(
    open_store: Callable[..., Store], name: str
) -> None:
    look(open_store, name, examples=250)
