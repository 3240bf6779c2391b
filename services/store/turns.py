"""Work that only one process may do at a time: a lock that ends with whoever holds it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Engine, text

from services.canonical import sha256
from services.store.faults import told_plainly

_TAKE = text("select pg_try_advisory_lock(hashtextextended(:name, 0))")
_LEAVE = text("select pg_advisory_unlock(hashtextextended(:name, 0))")


@contextmanager
def turn(engine: Engine, name: str) -> Iterator[bool]:
    """Whether nobody else holds the name; it is held while the block lasts.

    On PostgreSQL it belongs to a connection apart from every transaction, so that nothing stays
    open in the database meanwhile; on SQLite to a file beside the record.
    """
    if engine.dialect.name == "postgresql":
        with _on_connection(engine, name) as alone:
            yield alone
    else:
        with _on_file(Path(f"{engine.url.database}.{sha256(name)[:12]}.turn")) as alone:
            yield alone


@contextmanager
def _on_connection(engine: Engine, name: str) -> Iterator[bool]:
    with told_plainly():
        connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    try:
        with told_plainly():
            alone = bool(connection.scalar(_TAKE, {"name": name}))
        yield alone
        if alone:
            with told_plainly():
                connection.execute(_LEAVE, {"name": name})
    except BaseException:
        connection.invalidate()  # its end lets go of what it holds
        raise
    finally:
        connection.close()


@contextmanager
def _on_file(path: Path) -> Iterator[bool]:
    import fcntl

    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True
