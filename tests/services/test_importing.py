"""Imports are taken in whole or not at all, in the order in which they build on one another."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.school import Room
from services.adapters.archive import open_many, open_path
from services.adapters.report import ImportRefused
from services.folding import verify
from services.handlers import handle
from services.importing import Format, Source, Terms, applying, import_files
from services.store import Store
from services.viewer import Viewer
from tests.services.import_samples import third_party
from tests.services.small_school import EAST, enrol, evidence, roster

STANDARDS = b"code,grade,statement\n7.X.1,07,Count\n"
ROOMS = b"ClassroomIdentificationCode,BuildingName,MaximumNumberOfSeats\nr2,Main,24\n"


def source(format: Format, name: str, content: bytes) -> Source:
    return Source(format, lambda ledger: open_many({name: content}, ledger))


def test_evidence_that_waited_counts_once_its_framework_is_there(store: Store) -> None:
    enrol(store)
    assert handle(store, EAST, evidence("e1", competency="7.X.1")).status == "parked"
    (report,) = import_files(
        store, EAST, [source("framework", "standards.csv", STANDARDS)], Terms()
    )
    assert any("had waited" in notice.message for notice in report.warnings)
    with store.read(EAST) as tx:
        assert [state.competency for state in tx.mastery()] == ["7.X.1"]


def test_if_one_source_is_refused_nothing_of_the_others_is_taken_in(store: Store) -> None:
    enrol(store)
    good, bad = source("framework", "standards.csv", STANDARDS), source("csv", "rooms.csv", b"x\n")
    with pytest.raises(ImportRefused):
        import_files(store, EAST, [good, bad], Terms())
    with store.read(EAST) as tx:
        assert tx.ids("competencies") == ["c1", "c2"]


def test_a_fault_while_writing_leaves_nothing_half_written(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrol(store)

    def fail(*_: Any) -> int:
        raise RuntimeError("late")

    monkeypatch.setattr(applying, "release_parked", fail)
    with pytest.raises(RuntimeError, match="late"):
        import_files(store, EAST, [source("csv", "rooms.csv", ROOMS)], Terms())
    with store.read(EAST) as tx:
        assert tx.ids("rooms") == ["r1"]


def test_two_imports_at_once_do_not_overwrite_each_other(store: Store) -> None:
    enrol(store)

    def open_late(ledger: Any) -> Any:
        other = Room(id="r9", title="Room 9", building="main", seats=9)
        enrol(store, rooms=(*roster().rooms, other))
        return open_many({"rooms.csv": ROOMS}, ledger)

    with pytest.raises(ImportRefused, match="another import meanwhile"):
        import_files(store, EAST, [Source("csv", open_late)], Terms())


def test_our_own_tables_need_one_school_to_be_of(store: Store) -> None:
    enrol(store)
    enrol(store, "west")
    rooms = source("csv", "rooms.csv", ROOMS)
    with pytest.raises(ImportRefused, match="which school"):
        import_files(store, EAST, [rooms], Terms())
    import_files(store, EAST, [rooms], Terms(schools=("west",)))
    with store.read(Viewer.machine("west")) as tx:
        assert "r2" in tx.ids("rooms")


def test_who_imported_what_is_in_the_audit(store: Store) -> None:
    enrol(store)
    kim = Viewer.staff("east", "admin", "kim")
    import_files(store, kim, [source("csv", "rooms.csv", ROOMS)], Terms(schools=("east",)))
    with store.read(EAST) as tx:
        row = tx.audit_rows()[-1]
    assert (row.person, row.action, row.after) == ("kim", "roster.imported", "csv: rooms.csv")


def test_another_subject_of_a_competency_refolds_its_states(store: Store) -> None:
    enrol(store)
    by_subject = {"mastery": {"subject": {"Art": {"method": "highest"}}}}
    with store.begin(EAST) as tx:
        tx.save_settings(by_subject)
    for minute, score in enumerate([0.9, 0.1]):
        handle(store, EAST, evidence(f"e{minute}", score, minute=minute))
    document = {
        "CFDocument": {"identifier": "doc", "title": "Art", "subject": ["Art"]},
        "CFItems": [{"identifier": "c1", "fullStatement": "Draw"}],
        "CFAssociations": [],
    }
    import_files(store, EAST, [source("case", "art.json", json.dumps(document).encode())], Terms())
    with store.read(EAST) as tx:
        assert [state.method for state in tx.mastery()] == ["highest"]
    assert all(comparison.same for comparison in verify(store, "east"))


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
def test_the_grand_bend_district_comes_in_whole_and_twice_changes_nothing(store: Store) -> None:
    district, framework = third_party("edfi"), third_party("case/coherence-map.case-v1p1.json")
    sources = [
        Source("edfi", lambda ledger: open_path(district, ledger)),
        Source("case", lambda ledger: open_path(framework, ledger)),
    ]
    viewer, terms = Viewer.machine("", "import"), Terms(zone="America/Chicago", fill=True)
    first = {report.format: report for report in import_files(store, viewer, sources, terms)}
    assert first["case"].changes["competencies"].added == 3 * 622
    assert first["edfi"].changes["students"].added == 960
    assert first["edfi"].changes["events"].added == 2087
    again = import_files(store, viewer, sources, terms)
    for report in again:
        for kind, changes in report.changes.items():
            assert (kind, changes.added, changes.changed, changes.ended) == (kind, 0, 0, 0)
    assert len(store.schools()) == 3
    for school in store.schools():
        assert all(comparison.same for comparison in verify(store, school))
