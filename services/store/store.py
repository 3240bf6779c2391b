"""The door to the record: transactions for a viewer, committed here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import select

from services.store import tables as t
from services.store.engines import reader_engine, writer_engine
from services.store.faults import told_plainly
from services.store.part import Clock, Disclosure, utc_now
from services.store.tx import Tx
from services.viewer import Viewer

ONE_LOOK = timedelta(hours=1)
"""The same viewer reading the same records for the same purpose within it is audited once."""
MOST_REMEMBERED = 10_000


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
        with told_plainly(), self._reader.connect() as connection:
            return list(connection.scalars(select(t.school.c.school_id).order_by("school_id")))

    def migrate(self) -> None:
        """Brings the tables up to what this version needs."""
        from services.store.migrating import upgrade

        with told_plainly():
            upgrade(self._writer)

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
