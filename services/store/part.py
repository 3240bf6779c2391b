"""What the parts of a transaction share: connection, viewer, clock, and asking for rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from itertools import islice
from typing import Any, TypeVar

from pydantic_core import to_json
from sqlalchemy import (
    JSON,
    ColumnElement,
    Connection,
    CursorResult,
    Row,
    Table,
    Text,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import Executable

from services.store.errors import UnknownSchool
from services.store.faults import told_plainly
from services.store.tables import school as school_table
from services.viewer import Viewer

Clock = Callable[[], datetime]
Disclosure = tuple[str, str]
"""(action, object) of a record of other people that was read."""
ROWS_PER_STATEMENT = 500

_LOCKED = (
    school_table.select().where(school_table.c.school_id == bindparam("school")).with_for_update()
)

Item = TypeVar("Item")


def batched(items: Iterable[Item], size: int = ROWS_PER_STATEMENT) -> Iterator[list[Item]]:
    """Items in lists that one statement can take."""
    remaining = iter(items)
    while some := list(islice(remaining, size)):
        yield some


def insert_of(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT of a dialect, which knows ON CONFLICT."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def padded(items: list[Item]) -> list[Item]:
    """Items for an IN, the last again and again up to a power of two: a text of its own for each
    number of items would be taken apart and planned anew each time."""
    return [*items, *items[-1:] * ((1 << (len(items) - 1).bit_length()) - len(items))]


def _insert_from_json(table: Table, names: tuple[str, ...]) -> postgresql.Insert:
    """PostgreSQL's INSERT of any number of rows, given as one JSON text `rows`: one statement,
    always the same, where as many as there are rows took most of the time.

    COPY would be as fast, but is refused where row-level security is forced.
    """
    record: ColumnElement[Any] = literal_column(f"null::{table.name}")
    given = func.json_populate_recordset(record, cast(bindparam("rows", type_=Text), JSON))
    source = given.table_valued(*names)
    return postgresql.insert(table).from_select(names, select(*source.c))


def _as_json(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as PostgreSQL reads them.

    Raises:
        ValueError: an instant has no zone, which each machine would read as another.
    """
    for row in rows:
        for value in row.values():
            if type(value) is datetime and value.tzinfo is None:
                raise ValueError(f"{value.isoformat()} has no zone; give an aware datetime")
    return to_json(rows).decode()


@cache
def insert_of_rows(dialect: str, table: Table, names: tuple[str, ...]) -> Any:
    """An INSERT of rows with these columns, for Part._write; kept, see Part._ask."""
    if dialect == "postgresql":
        return _insert_from_json(table, names)
    return insert_of(dialect, table)


@cache
def _upsert(dialect: str, table: Table, names: tuple[str, ...]) -> Executable:
    """Writes rows over those with the same key; kept, see Part._ask."""
    insert = insert_of_rows(dialect, table, names)
    keys = [column.name for column in table.primary_key.columns]
    others = {name: insert.excluded[name] for name in names if name not in keys}
    return insert.on_conflict_do_update(index_elements=keys, set_=others)  # type: ignore[no-any-return]


def utc_now() -> datetime:
    return datetime.now(UTC)


class Part:
    """A transaction as its parts see it. Every statement is bound to the viewer's school."""

    def __init__(self, connection: Connection, viewer: Viewer, clock: Clock) -> None:
        self.connection = connection
        self.viewer = viewer
        self.clock = clock
        self.disclosures: list[Disclosure] = []
        """What was read of other people so far, for the audit."""
        self.held_settings: str | None = None
        """The school's settings, once it is locked: nobody else can change them meanwhile."""

    @property
    def is_postgresql(self) -> bool:
        return self.connection.dialect.name == "postgresql"

    def _mine(self, table: Table) -> ColumnElement[bool]:
        return table.c.school_id == self.viewer.school

    def _rows(self, statement: Executable, *parameters: Any) -> Sequence[Row[Any]]:
        return self.connection.execute(statement, *parameters).all()

    def _ask(self, statement: Executable, **binds: Any) -> Sequence[Row[Any]]:
        """Runs a statement that was built once, with `:school` and `binds` filled in. Statements
        that every event runs are kept so, as building one takes longer than running it."""
        given = {name: padded(v) if isinstance(v, list) else v for name, v in binds.items()}
        return self._rows(statement, {"school": self.viewer.school, **given})

    def _one(self, statement: Executable) -> Row[Any] | None:
        return self.connection.execute(statement).one_or_none()

    def _changed(self, statement: Executable) -> bool:
        """Whether a statement with RETURNING touched a row: rowcount cannot be relied on, as it is
        -1 after ON CONFLICT DO NOTHING with psycopg."""
        return self.connection.execute(statement).first() is not None

    def _insert(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """An INSERT of the dialect at hand, which knows ON CONFLICT."""
        return insert_of(self.connection.dialect.name, table)

    def _add(self, table: Table, **values: Any) -> None:
        self._add_all(table, [values])

    def _add_all(self, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
        """Writes new rows, all with the same columns."""
        if pending := [{"school_id": self.viewer.school, **row} for row in rows]:
            names = tuple(pending[0])
            self._write(insert_of_rows(self.connection.dialect.name, table, names), pending)

    def _put(self, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
        """Writes whole rows, replacing those with the same key; many at a time."""
        for some in batched(rows):
            statement = _upsert(self.connection.dialect.name, table, ("school_id", *some[0]))
            self._write(statement, [{"school_id": self.viewer.school, **row} for row in some])

    def _write(self, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> CursorResult[Any]:
        """Runs a statement of `insert_of_rows` on rows that all have the columns it was made for,
        no two of the same key."""
        given = {"rows": _as_json(rows)} if self.is_postgresql else rows
        return self.connection.execute(statement, given)

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undoes, on an exception, only what was done inside; the transaction goes on.

        Raises:
            Unavailable: the database cannot be reached; the transaction is lost.
        """
        with told_plainly(), self.connection.begin_nested():
            yield

    def lock_school(self) -> None:
        """Makes writers of one school take turns, so that log and audit positions have no gaps
        and a fold sees all that was committed before it. SQLite has one writer anyway.

        Raises:
            UnknownSchool: no roster of the viewer's school was ever imported.
        """
        held = self._ask(_LOCKED)
        if not held:
            raise UnknownSchool(f"school {self.viewer.school!r} is not known; import its roster")
        self.held_settings = held[0].settings

    def as_viewer(self, viewer: Viewer) -> None:
        """Goes on in the same transaction for another school, as an import of several does."""
        self.viewer = viewer
        self.held_settings = None
        if self.is_postgresql:
            self.connection.execute(
                text("select set_config('app.school', :school, true)"), {"school": viewer.school}
            )
