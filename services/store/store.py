"""The door to the record: transactions for a viewer, committed here and nowhere else."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import case, func, or_, select

from services.store import isolation, turns
from services.store import tables as t
from services.store.condition import Sign, signs
from services.store.engines import reader_engine, writer_engine
from services.store.errors import NotReady, Unavailable
from services.store.faults import told_plainly
from services.store.part import Clock, Disclosure, utc_now
from services.store.tx import Tx
from services.viewer import Viewer

ONE_LOOK = timedelta(hours=1)
"""The same viewer reading the same records for the same purpose within it is audited once."""
MOST_REMEMBERED = 10_000


class Waiting(NamedTuple):
    """Runs that are queued and messages not yet sent, each with the time of the oldest."""

    runs: int
    oldest_run: datetime | None
    messages: int
    oldest_message: datetime | None


class Store:
    """The record of every school of an installation, on SQLite or PostgreSQL.

    `url` is an SQLAlchemy address; `clock` gives the time now, aware.
    """

    def __init__(self, url: str, clock: Clock = utc_now) -> None:
        self.url = url
        self.clock = clock
        self._writer = writer_engine(url)
        self._reader = reader_engine(url, self._writer)
        self._disclosed: dict[tuple[Viewer, Disclosure], datetime] = {}

    @contextmanager
    def begin(self, viewer: Viewer) -> Iterator[Tx]:
        """One transaction to change things in: committed at the end, undone on any exception.

        Raises:
            Unavailable: the database cannot be reached or is locked; nothing was written.
        """
        with told_plainly(), self._writer.begin() as connection:
            tx = Tx(connection, viewer, self.clock)
            tx.as_viewer(viewer)
            yield tx
            self._audit_disclosures(tx, tx.disclosures)

    @contextmanager
    def read(self, viewer: Viewer) -> Iterator[Tx]:
        """One transaction to read in; what it read of other people is put into the audit after.

        Raises:
            Unavailable: the database cannot be reached or is locked.
        """
        with told_plainly(), self._reader.connect() as connection:
            tx = Tx(connection, viewer, self.clock)
            tx.as_viewer(viewer)
            yield tx
        if any(self._is_due(viewer, each) for each in tx.disclosures):
            with self.begin(viewer) as auditing:
                self._audit_disclosures(auditing, tx.disclosures)

    def schools(self) -> list[str]:
        """The ids of all schools, for workers that serve each of them in turn."""
        return list(self.school_titles())

    def school_titles(self) -> dict[str, str]:
        """What each school is called, by its id, in the order of ids."""
        with told_plainly(), self._reader.connect() as connection:
            rows = connection.execute(select(t.school_directory).order_by("school_id")).all()
        return {row.school_id: row.title for row in rows}

    def schools_to_look_at(self, every: float) -> list[str]:
        """The schools whose appointments nobody has looked at within `every` seconds."""
        now, view = self.clock(), t.school_directory
        at = view.c.looked_at
        late = at.is_(None) | (at <= now - timedelta(seconds=every)) | (at > now)
        with told_plainly(), self._reader.connect() as connection:
            return list(
                connection.scalars(select(view.c.school_id).where(late).order_by("school_id"))
            )

    def schools_with_runs(self) -> list[str]:
        """The schools in which a run waits, or lapsed with whoever held it: those first that have
        the fewest under way, then those that wait longest."""
        now, view = self.clock(), t.waiting_run
        waits = or_(view.c.status == "queued", view.c.lease_until < now)
        oldest = func.min(case((waits, view.c.created_at)))
        under_way = func.count(case((~waits, 1)))
        statement = (
            select(view.c.school_id)
            .group_by(view.c.school_id)
            .having(oldest.is_not(None))
            .order_by(under_way, oldest, view.c.school_id)
        )
        with told_plainly(), self._reader.connect() as connection:
            return list(connection.scalars(statement))

    def schools_with_messages(self) -> list[str]:
        """The schools of which a message waits to be sent: the one that waits longest first."""
        view = t.unsent_message
        oldest = func.min(view.c.created_at)
        statement = select(view.c.school_id).group_by(view.c.school_id)
        with told_plainly(), self._reader.connect() as connection:
            return list(connection.scalars(statement.order_by(oldest, view.c.school_id)))

    @contextmanager
    def only_one(self, name: str) -> Iterator[bool]:
        """Whether the caller is, while the block lasts, alone under this name among all processes
        on this record. Whoever is killed lets go at once.

        Raises:
            Unavailable: the database cannot be reached or is locked.
        """
        with turns.turn(self._writer, name) as alone:
            yield alone

    def waiting(self) -> Waiting:
        """How much waits to be planned and to be sent, over all schools."""
        runs, messages = t.waiting_run, t.unsent_message
        queued = select(func.count(), func.min(runs.c.created_at)).where(runs.c.status == "queued")
        unsent = select(func.count(), func.min(messages.c.created_at))
        with told_plainly(), self._reader.connect() as connection:
            return Waiting(*connection.execute(queued).one(), *connection.execute(unsent).one())

    def migrate(self) -> None:
        """Brings the tables up to what this version needs, by their owner on PostgreSQL."""
        from services.store.migrating import upgrade

        with told_plainly():
            upgrade(self._writer)

    def signs(self) -> list[Sign]:
        """What the database says of itself. Raises: Unavailable."""
        with told_plainly(), self._reader.connect() as connection:
            return list(signs(connection))

    def make_ready(self) -> None:
        """What every command asks first: an SQLite file is brought up to date; of PostgreSQL, which
        only its owner may change, it is made sure that it may be served.

        Raises:
            NotReady: it may not, with what would mend it.
            Unavailable: the database cannot be reached.
        """
        if self._writer.dialect.name == "sqlite":
            self.migrate()
        self.check()

    def copy_to(self, path: Path) -> None:
        """Copies an SQLite record as it stands at one moment, while it goes on being used, and
        makes sure that the copy is whole.

        Raises:
            ValueError: the record is on PostgreSQL, which has its own tools.
            Unavailable: the copy is broken, or the disk full.
        """
        if self._writer.dialect.name != "sqlite":
            raise ValueError("of PostgreSQL a copy is made by pg_dump; see docs/operations.md")
        with told_plainly(), self._reader.connect() as connection, sqlite3.connect(path) as copy:
            driver: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
            try:
                driver.backup(copy)
                found = copy.execute("PRAGMA integrity_check").fetchall()
            except sqlite3.Error as error:
                raise Unavailable(f"{path}: {error}") from error
        copy.close()
        if found != [("ok",)]:
            raise Unavailable(f"{path}: the copy is broken: {found[0][0]}")

    def let_serve(self, role: str, password: str = "") -> None:
        """Lets a role of PostgreSQL work with the tables, without owning them; with a password,
        makes the role first. To be asked by the owner."""
        with told_plainly(), self._writer.begin() as connection:
            isolation.let_serve(connection, role, password)

    def check(self) -> None:
        """Makes sure that the record may be served: its tables are of this version, and no school
        can see another's.

        Raises:
            NotReady: it may not, with what would mend it.
            Unavailable: the database cannot be reached.
        """
        from services.store.migrating import newest, revision_of

        with told_plainly(), self._reader.connect() as connection:
            held, needed = revision_of(connection), newest()
            if held != needed:
                raise NotReady(
                    f"the tables of {self.shown_address} are at revision {held or 'none'}, this "
                    f"version needs {needed}; run `flexday migrate` as their owner"
                )
            if found := list(isolation.faults(connection)):
                raise NotReady(
                    f"schools are not kept apart in {self.shown_address}: {'; '.join(found)}; run "
                    "`flexday migrate --serve-as ROLE` as the owner and sign in as that role"
                )

    @property
    def shown_address(self) -> str:
        """Where the record is, fit to be printed: without a password."""
        return self._writer.url.render_as_string(hide_password=True)

    def close(self) -> None:
        """Lets go of every connection."""
        self._reader.dispose()
        self._writer.dispose()

    def _audit_disclosures(self, tx: Tx, disclosures: list[Disclosure]) -> None:
        for each in disclosures:
            if self._is_due(tx.viewer, each):
                tx.audit(*each, reason=tx.viewer.purpose)
                self._disclosed[tx.viewer, each] = self.clock()

    def _is_due(self, viewer: Viewer, disclosure: Disclosure) -> bool:
        """Whether a disclosure is yet to be audited: a page that loads itself anew every few
        seconds is one look at a record, not hundreds."""
        now = self.clock()
        if len(self._disclosed) > MOST_REMEMBERED:
            self._disclosed = {
                each: at for each, at in self._disclosed.items() if now - at < ONE_LOOK
            }
        last = self._disclosed.get((viewer, disclosure))
        return last is None or now - last >= ONE_LOOK
