"""What a database says of itself that bears on keeping its promises: durability, clock, room."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple

from sqlalchemy import Connection, text

Verdict = Literal["ok", "warn", "fail"]
MOST_SKEW = 2.0
LEAST_FREE = 1024 * 1024 * 1024
RESET_FIXED = (3, 51, 3)
"""SQLite before it could damage a file when several connections reset its write-ahead log at once;
one writer, as here, is the remedy until then."""


class Sign(NamedTuple):
    """One thing looked at: how it stands, and what to do where it does not stand well."""

    about: str
    verdict: Verdict
    told: str


def signs(connection: Connection) -> Iterator[Sign]:
    """What a connection to either database tells."""
    if connection.dialect.name == "postgresql":
        yield from _of_postgresql(connection)
    else:
        yield from _of_sqlite(connection)


def _of_postgresql(connection: Connection) -> Iterator[Sign]:
    version = connection.scalar(text("show server_version"))
    yield Sign("database", "ok", f"PostgreSQL {version}")
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        held = str(connection.scalar(text("select current_setting(:name)"), {"name": name}))
        fine = held in ("on", "remote_apply", "remote_write", "local")
        told = held if fine else f"{held}: what was acknowledged may be lost when the power fails"
        yield Sign(name, "ok" if fine else "fail", told)
    theirs = connection.scalars(text("select clock_timestamp()")).one()
    skew = abs((theirs - datetime.now(UTC)).total_seconds())
    told = f"{skew:.1f} s apart from the database's"
    fine = skew <= MOST_SKEW
    yield Sign("clock", "ok" if fine else "fail", told if fine else f"{told}; set it by NTP")


def _of_sqlite(connection: Connection) -> Iterator[Sign]:
    version = sqlite3.sqlite_version
    fixed = sqlite3.sqlite_version_info >= RESET_FIXED
    told = f"SQLite {version}" + ("" if fixed else "; use one process on the file")
    yield Sign("database", "ok" if fixed else "warn", told)
    found = connection.scalars(text("PRAGMA quick_check")).all()
    fine = found == ["ok"]
    yield Sign("file", "ok" if fine else "fail", "whole" if fine else "; ".join(found[:3]))
    mode = connection.scalar(text("PRAGMA journal_mode"))
    yield Sign("write-ahead log", "ok" if mode == "wal" else "fail", str(mode))
    path = Path(connection.engine.url.database or "")
    free = shutil.disk_usage(path.parent).free
    told = f"{free / 1024**3:.1f} GB free beside {path.name}"
    yield Sign("disk", "ok" if free > LEAST_FREE else "warn", told)
    if not os.access(path, os.W_OK):
        yield Sign("disk", "fail", f"{path} cannot be written")
