"""Database connections that keep the store's promises: durable commits and one SQLite writer."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event, make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_SECONDS = 5.0
"""How long a writer waits for its turn before the caller is told to come back."""
IDLE_SECONDS = 2.0
READERS = 5
CONNECTIONS = 8
"""Kept open to PostgreSQL by a process; as many more are opened while there is a rush."""
_OPTIONS = (
    "-c lock_timeout=5s -c statement_timeout=120s -c idle_in_transaction_session_timeout=120s"
)
"""So that a process held up within a transaction does not hold up all others of its school."""


def writer_engine(address: str) -> Engine:
    """An engine for changes. On SQLite it has one connection, and so one writer."""
    url = make_url(address)
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, read_only=False)
    engine = create_engine(
        url,
        pool_size=CONNECTIONS,
        max_overflow=CONNECTIONS,
        pool_timeout=BUSY_SECONDS,
        hide_parameters=True,
        connect_args={"connect_timeout": int(BUSY_SECONDS), "options": _OPTIONS},
    )
    _ask_the_idle(engine)
    return engine


def _ask_the_idle(engine: Engine) -> None:
    """Makes sure of a connection that lay idle before it is used, as the database may have gone
    meanwhile. One that was used a moment ago is not asked: that costs as much as a statement."""

    def laid_down(_connection: Any, record: ConnectionPoolEntry) -> None:
        record.info["used"] = time.monotonic()

    def taken_up(connection: Any, record: ConnectionPoolEntry, _proxy: Any) -> None:
        idle = time.monotonic() - record.info.get("used", time.monotonic())
        if idle > IDLE_SECONDS:
            try:
                engine.dialect.do_ping(connection)
            except engine.dialect.loaded_dbapi.Error as error:
                raise DisconnectionError from error

    event.listen(engine, "checkin", laid_down)
    event.listen(engine, "checkout", taken_up)


def reader_engine(address: str, writer: Engine) -> Engine:
    """An engine for reading, of snapshots that do not change while they are read."""
    url = make_url(address)
    if url.get_backend_name() == "sqlite":
        return _sqlite(url, read_only=True)
    return writer.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _sqlite(url: URL, read_only: bool) -> Engine:
    if not url.database or url.database == ":memory:":
        raise ValueError("give a file, such as sqlite:///flexday.db: a school's record is kept")
    engine = create_engine(
        url,
        poolclass=QueuePool,
        pool_size=READERS if read_only else 1,
        max_overflow=READERS if read_only else 0,
        pool_timeout=BUSY_SECONDS,
        hide_parameters=True,
        connect_args={"check_same_thread": False, "timeout": BUSY_SECONDS},
    )

    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver would begin on its own, and too late
        for pragma in _pragmas(read_only):
            connection.execute(f"PRAGMA {pragma}")

    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")

    event.listen(engine, "connect", prepare)
    event.listen(engine, "begin", begin)
    return engine


def _pragmas(read_only: bool) -> list[str]:
    """FULL, as NORMAL loses acknowledged commits when the power fails."""
    if read_only:
        return ["query_only=ON", "wal_autocheckpoint=0"]
    return ["journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"]
