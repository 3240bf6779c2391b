"""The record itself: transactions, one school apart from another, rosters, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event as sql_event
from sqlalchemy import text

from schemas.school import Student
from services.store import (
    NotFound,
    Store,
    StoreError,
    Unavailable,
    UnknownSchool,
    engines,
    tables,
)
from services.store.kinds import ENTERED
from services.viewer import Viewer
from tests.services.small_school import (
    DAY,
    EAST,
    SCHEDULER,
    competency,
    enrol,
    file_draft,
    publish,
    roster,
)

NEXT_DAY = DAY + timedelta(days=1)


def test_the_migrated_tables_are_the_tables_the_code_speaks_of(store: Store) -> None:
    with store._writer.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []


def test_the_school_leads_every_primary_key() -> None:
    leading = {
        table.name: next(iter(table.primary_key)).name
        for table in tables.metadata.tables.values()
        if table.name not in tables.OF_THE_INSTALLATION
    }
    assert set(leading.values()) == {"school_id"}


def test_what_fails_halfway_leaves_nothing_behind(store: Store) -> None:
    enrol(store)

    def fail_halfway() -> None:
        with store.begin(EAST) as tx:
            tx.save_settings({"written": True})
            raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        fail_halfway()
    with store.read(EAST) as tx:
        assert tx.settings() == {}


def test_a_reading_transaction_cannot_write(store: Store) -> None:
    enrol(store)
    with pytest.raises(Exception, match=r"read-?only"), store.read(EAST) as tx:
        tx.save_settings({"written": True})


def test_what_no_database_keeps_is_refused_in_words_of_the_store(store: Store) -> None:
    enrol(store)
    with pytest.raises(StoreError), store.read(SCHEDULER) as tx:
        tx.plan("\x00")


def test_a_school_never_imported_is_not_known(store: Store) -> None:
    with store.read(Viewer.machine("nowhere")) as tx, pytest.raises(UnknownSchool):
        tx.school()


def test_a_locked_database_is_refused_not_waited_for_forever(
    open_store: Callable[..., Store], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.05)
    first, second = (Store(f"sqlite:///{tmp_path}/busy.db") for _ in range(2))
    first.migrate()
    with first.begin(EAST), pytest.raises(Unavailable), second.begin(EAST):
        pass
    first.close()
    second.close()


def test_a_database_that_is_not_there_is_unavailable() -> None:
    store = Store("postgresql+psycopg://nobody@127.0.0.1:1/none")
    with pytest.raises(Unavailable), store.read(EAST):
        pass


def test_sqlite_syncs_fully_and_keeps_one_writer(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/x.db")
    with store.begin(EAST) as tx:
        asked = [
            tx.connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
        assert asked == ["wal", 2, 1]
    assert store._writer.pool.size() == 1  # type: ignore[attr-defined]
    store.close()


def test_a_store_in_memory_is_refused() -> None:
    with pytest.raises(ValueError, match="give a file"):
        Store("sqlite://")


def test_every_statement_is_bound_to_the_viewers_school(store: Store) -> None:
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        seen.append(statement)

    sql_event.listen(store._writer, "before_cursor_execute", note)
    enrol(store)
    draft = file_draft(store)
    publish(store, draft)
    with store.begin(SCHEDULER) as tx:
        _touch_everything(tx)
    about_tables = [
        s for s in seen if any(f" {name} " in f"{s} " for name in tables.metadata.tables)
    ]
    assert len(about_tables) > 50
    assert [s for s in about_tables if "school_id" not in s] == []


def _touch_everything(tx: Any) -> None:
    tx.runs(), tx.plans(), tx.scenarios(), tx.audit_rows(), tx.unsent(), tx.parked()
    tx.quarantined(), tx.log(), tx.facts("lock"), list(tx.mastery()), tx.notices("ada")
    tx.claim_run("me", 1), tx.scheduled(DAY), tx.published(DAY), tx.last_published(NEXT_DAY)
    tx.publications(DAY), tx.fallback("regular"), tx.guardian_links(), tx.tally()
    tx.feed_person("x"), tx.remembered_answer("r", "k"), tx.mark_sent(["x"])
    tx.cancel_run("x"), tx.revoke_feed("student", "ada"), tx.mark_replayed("x")


def test_one_school_sees_nothing_of_another(store: Store) -> None:
    enrol(store)
    enrol(store, "west", students=(Student(id="wes", given_name="Wes", family_name="T"),))
    draft = file_draft(store)
    with store.begin(Viewer.machine("west")) as tx:
        assert [s.id for s in tx.roster("students")] == ["wes"]
        assert tx.plans() == []
        with pytest.raises(NotFound):
            tx.plan(draft)
        assert not tx.set_plan_status(draft, 1, "draft", "approved")
    assert store.schools() == ["east", "west"]


def test_importing_twice_changes_nothing(store: Store) -> None:
    enrol(store)
    with store.begin(EAST) as tx:
        version = tx.roster_version()
        counts = tx.apply_roster(roster())
        assert all(not (c.added or c.changed or c.ended) for c in counts.values())
        assert counts["students"].unchanged == 4
        assert tx.roster_version() == version


def test_whoever_is_missing_from_the_next_import_has_ended_and_may_come_back(store: Store) -> None:
    enrol(store)
    fewer = roster(students=roster().students[:3])
    with store.begin(EAST) as tx:
        assert tx.apply_roster(fewer)["students"].ended == 1
        assert [s.id for s in tx.roster("students")] == ["ada", "ben", "cy"]
        assert tx.knows({("students", "dee"), ("students", "ada")}) == {("students", "ada")}
        assert tx.apply_roster(roster())["students"].added == 1


def test_an_import_ends_only_what_its_own_origin_brought(store: Store) -> None:
    enrol(store)
    added = roster(competencies=(competency("c9", "9.G.1"),))
    with store.begin(EAST) as tx:
        assert tx.apply_roster(added, origin="case")["competencies"].ended == 0
        assert len(tx.roster("competencies")) == 3


def test_an_import_ends_a_kind_it_speaks_for_even_when_it_has_none_of_it(store: Store) -> None:
    enrol(store)
    with store.begin(EAST) as tx:
        tx.apply_roster(roster(relations=()))
        assert len(tx.roster("relations")) == 1
        tx.apply_roster(roster(relations=()), kinds=("relations",))
        assert tx.roster("relations") == []


def test_what_the_school_entered_itself_outranks_what_others_sent(store: Store) -> None:
    enrol(store)
    own = roster(offerings=roster().offerings[:1])
    with store.begin(EAST) as tx:
        assert tx.apply_roster(own, origin=ENTERED)["offerings"].ended == 1
        assert tx.apply_roster(roster(offerings=()), kinds=("offerings",))["offerings"].ended == 1
        tx.apply_roster(own, origin=ENTERED, kinds=("offerings",))
        assert tx.apply_roster(roster(offerings=()), kinds=("offerings",))["offerings"].ended == 0


def test_a_competency_is_found_by_its_code(store: Store) -> None:
    enrol(store)
    with store.read(EAST) as tx:
        coded = tx.competencies_coded({"6.RP.A.2", "no such code"})
        assert coded == {"6.RP.A.2": ["c2"]}
