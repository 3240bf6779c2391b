"""Schools stay apart in PostgreSQL even where a question of ours forgets to ask for one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import BigInteger, Boolean, Date, Float, Integer, LargeBinary, Table, create_engine
from sqlalchemy import text as sql
from sqlalchemy.exc import DBAPIError

from services.store import NotReady, Store, tables
from services.store.columns import Instant
from tests.conftest import as_served, on_server
from tests.services.small_school import EAST, enrol

EVERY_TABLE = sorted(set(tables.metadata.tables) - tables.OF_THE_INSTALLATION)


@pytest.fixture
def owner(postgresql: str) -> Iterator[str]:
    """A database in which two schools have a row in every table."""
    on_server(postgresql, f"TRUNCATE {', '.join(tables.metadata.tables)} CASCADE")
    engine = create_engine(postgresql)
    with engine.begin() as connection:
        connection.execute(sql("SET LOCAL session_replication_role = replica"))
        for table in map(tables.metadata.tables.__getitem__, EVERY_TABLE):
            for school in ("east", "west"):
                connection.execute(table.insert(), _row(table, school))
    engine.dispose()
    yield postgresql
    on_server(postgresql, f"TRUNCATE {', '.join(tables.metadata.tables)} CASCADE")


def _row(table: Table, school: str) -> dict[str, Any]:
    return {
        column.name: school if column.name == "school_id" else _some(column.type)
        for column in table.columns
    }


def _some(kind: Any) -> Any:
    if isinstance(kind, Instant):
        return datetime(2026, 1, 1, tzinfo=UTC)
    if isinstance(kind, Date):
        return date(2026, 1, 1)
    if isinstance(kind, Boolean):
        return False
    if isinstance(kind, BigInteger | Integer | Float):
        return 1
    return b"x" if isinstance(kind, LargeBinary) else "x"


def seen(address: str, table: str, school: str | None = "east") -> set[str]:
    """The schools whose rows a question without any condition shows."""
    engine = create_engine(address)
    with engine.begin() as connection:
        if school is not None:
            said = {"school": school}
            connection.execute(sql("select set_config('app.school', :school, true)"), said)
        found = set(connection.scalars(sql(f"select school_id from {table}")))
    engine.dispose()
    return found


@pytest.mark.parametrize("table", EVERY_TABLE)
def test_a_question_that_names_no_school_shows_the_viewers_own_rows_only(
    owner: str, table: str
) -> None:
    assert seen(as_served(owner), table) == {"east"}
    assert seen(as_served(owner), table, school=None) == set()


def test_without_row_level_security_the_same_question_would_show_the_other_school(
    owner: str,
) -> None:
    on_server(owner, "ALTER TABLE plan DISABLE ROW LEVEL SECURITY")
    try:
        assert seen(as_served(owner), "plan") == {"east", "west"}
    finally:
        on_server(owner, "ALTER TABLE plan ENABLE ROW LEVEL SECURITY")


@pytest.mark.parametrize("table", EVERY_TABLE)
def test_nothing_can_be_written_into_another_school(owner: str, table: str) -> None:
    store = Store(as_served(owner))
    insert = tables.metadata.tables[table].insert()
    row = _row(tables.metadata.tables[table], "north")
    with pytest.raises(DBAPIError, match="row-level security"), store.begin(EAST) as tx:
        tx.connection.execute(insert, row)
    with store.begin(EAST) as tx:
        changed = tx.connection.execute(sql(f"update {table} set school_id = school_id"))
        gone = tx.connection.execute(sql(f"delete from {table} where school_id = 'west'"))
        assert (changed.rowcount, gone.rowcount) == (1, 0)
    store.close()


def test_no_school_said_before_is_remembered_by_the_next_transaction(owner: str) -> None:
    store = Store(as_served(owner))
    with store.begin(EAST) as tx:
        tx.connection.execute(sql("select 1"))
    with store._writer.connect() as connection:
        assert list(connection.scalars(sql("select school_id from plan"))) == []
    store.close()


def test_views_across_schools_show_ids_titles_and_times_only() -> None:
    shown = {column for view in tables.across.tables.values() for column in view.c.keys()}  # noqa: SIM118
    assert shown == {"school_id", "title", "looked_at", "created_at", "status", "lease_until"}


def test_all_schools_are_listed_for_those_who_serve_each_in_turn(store: Store) -> None:
    enrol(store)
    enrol(store, "west")
    assert store.school_titles() == {"east": "East", "west": "West"}


# --- the self-test at the start -----------------------------------------------------------------


def why_not(address: str) -> str:
    store = Store(address)
    try:
        with pytest.raises(NotReady) as refused:
            store.check()
    finally:
        store.close()
    return str(refused.value)


@contextmanager
def changed(owner: str, change: str, back: str) -> Iterator[None]:
    on_server(owner, change)
    try:
        yield
    finally:
        on_server(owner, back)


def test_a_database_as_it_is_migrated_may_be_served(store: Store) -> None:
    store.check()


def test_a_superuser_may_not_serve(postgresql: str) -> None:
    assert "superuser" in why_not(postgresql)


def test_a_role_that_passes_by_policies_may_not_serve(postgresql: str) -> None:
    with changed(
        postgresql, "ALTER ROLE flexday_app BYPASSRLS", "ALTER ROLE flexday_app NOBYPASSRLS"
    ):
        assert "BYPASSRLS" in why_not(as_served(postgresql))


def test_the_owner_of_a_table_may_not_serve(postgresql: str) -> None:
    back = "ALTER TABLE plan OWNER TO postgres; GRANT ALL ON plan TO flexday_app"
    with changed(postgresql, "ALTER TABLE plan OWNER TO flexday_app", back):
        assert "owner of the tables" in why_not(as_served(postgresql))


@pytest.mark.parametrize("table", EVERY_TABLE)
def test_a_table_without_forced_row_level_security_is_not_served(
    postgresql: str, table: str
) -> None:
    undone = f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY"
    with changed(postgresql, undone, f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"):
        assert f"table {table} has no forced" in why_not(as_served(postgresql))


def test_a_policy_that_lets_everything_through_is_not_served(postgresql: str) -> None:
    loose = "CREATE POLICY loose ON plan USING (true)"
    with changed(postgresql, loose, "DROP POLICY loose ON plan"):
        assert "table plan has a policy that does not ask" in why_not(as_served(postgresql))


def test_a_view_that_looks_past_the_policies_is_not_served(postgresql: str) -> None:
    view = "CREATE VIEW every_plan AS SELECT * FROM plan"
    with changed(postgresql, view, "DROP VIEW every_plan"):
        assert "view every_plan shows rows" in why_not(as_served(postgresql))
    bound = "CREATE VIEW own_plan WITH (security_invoker=true) AS SELECT * FROM plan"
    with changed(postgresql, bound, "DROP VIEW own_plan"):
        store = Store(as_served(postgresql))
        store.check()
        store.close()


def test_tables_of_another_version_are_not_served(postgresql: str) -> None:
    (head,) = _revision(postgresql)
    with changed(
        postgresql,
        "UPDATE alembic_version SET version_num = '0001'",
        f"UPDATE alembic_version SET version_num = '{head}'",
    ):
        assert "run `flexday migrate`" in why_not(as_served(postgresql))


def _revision(address: str) -> tuple[str, ...]:
    engine = create_engine(address)
    with engine.connect() as connection:
        found = tuple(connection.scalars(sql("select version_num from alembic_version")))
    engine.dispose()
    return found
