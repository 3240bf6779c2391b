"""A OneRoster CSV package: its manifest, and the active rows of its files."""

from __future__ import annotations

from collections import Counter

from services.adapters.archive import Files
from services.adapters.oneroster.columns import FILES, NEEDED, VERSIONS
from services.adapters.report import ImportRefused, Ledger
from services.adapters.tables import Columns, Row, read_table

_MANIFEST = Columns(needed=("propertyName", "value"))
_ENDED = ("tobedeleted", "inactive")


class Package:
    """Checked against its manifest; `rows` gives those that have not ended."""

    def __init__(self, files: Files, ledger: Ledger) -> None:
        """
        Raises:
            ImportRefused: no manifest, an unknown version, a delta file, or a file that is needed
                or announced is missing.
        """
        self._files = files
        self._ledger = ledger
        self._manifest = self._read_manifest()
        self.version = self._read_version()
        named = self._manifest.get("source.systemCode") or self._manifest.get("source.systemName")
        self.source = f"oneroster:{named or ''}"[:200].strip()
        self._check_files()
        self._rows: dict[str, list[Row]] = {}

    def rows(self, name: str) -> list[Row]:
        """Rows of one file that have not ended; none when the package does not have the file."""
        if name not in self._rows:
            self._rows[name] = self._read(name)
        return self._rows[name]

    def _read_manifest(self) -> dict[str, str]:
        path = self._files.find("manifest.csv")
        if path is None:
            raise self._ledger.refuse_now(
                "manifest.csv", "missing", "hand in the whole OneRoster zip, with its manifest"
            )
        rows = read_table(self._files, path, _MANIFEST, self._ledger)
        self._ledger.stop_if_refused()
        return {row.cell("propertyName"): row.cell("value") for row in rows}

    def _read_version(self) -> str:
        version = self._manifest.get("oneroster.version", "")
        if version not in VERSIONS:
            raise self._ledger.refuse_now(
                "manifest.csv",
                "this version of OneRoster is not read",
                f"export version {' or '.join(VERSIONS)}",
                column="oneroster.version",
                value=version,
            )
        return version

    def _mode(self, name: str) -> str:
        return self._manifest.get(f"file.{name}", "absent").lower()

    def _check_files(self) -> None:
        for name in FILES[self.version]:
            mode, there = self._mode(name), self._files.find(f"{name}.csv")
            where = f"{name}.csv"
            if mode == "delta":
                self._ledger.refuse(where, "a delta file", "export all rows (bulk)", value=mode)
            elif mode not in ("bulk", "absent"):
                self._ledger.refuse(
                    "manifest.csv",
                    f"file.{name} is neither bulk nor absent",
                    "write bulk or absent",
                    column=f"file.{name}",
                    value=mode,
                )
            elif mode == "bulk" and there is None:
                self._ledger.refuse(where, "announced but missing", "put the file in the zip")
            elif mode == "absent" and there is not None:
                self._ledger.warn("not announced in the manifest, so not read", file=where)
            if name in NEEDED[self.version] and mode == "absent":
                self._ledger.refuse(where, "needed for a roster", "export this file too")
        if self._files.find("demographics.csv"):
            self._ledger.warn("left out: flexday keeps no demographics", file="demographics.csv")
        self._ledger.stop_if_refused()

    def _read(self, name: str) -> list[Row]:
        path = self._files.find(f"{name}.csv")
        columns = FILES[self.version].get(name)
        if path is None or columns is None or self._mode(name) != "bulk":
            return []
        try:
            rows = read_table(self._files, path, columns, self._ledger)
        except ImportRefused:
            return []
        return self._unique([row for row in rows if self._is_active(row)])

    def _is_active(self, row: Row) -> bool:
        status = row.cell("status").lower()
        if row.cell("status") or row.cell("dateLastModified"):
            self._ledger.warn("status or dateLastModified filled in a bulk file", file=row.file)
        if status in _ENDED:
            self._ledger.warn(f"rows with status {status}, taken as ended", file=row.file)
            return False
        if status not in ("", "active"):
            row.refuse("status", "not a known status", "write active, or leave it empty")
        return True

    def _unique(self, rows: list[Row]) -> list[Row]:
        counts = Counter(row["sourcedId"] for row in rows)
        for row in rows:
            if counts[row["sourcedId"]] > 1:
                row.refuse("sourcedId", "this id stands more than once", "keep one row per id")
        return rows
