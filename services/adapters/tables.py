"""Reads CSV tables whose columns are known, and names every column and cell that is wrong."""

from __future__ import annotations

import csv
import difflib
import io
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from services.adapters.archive import Files
from services.adapters.report import ImportRefused, Ledger

_EXTRA = ("metadata.", "ext_", "ext:")

Value = TypeVar("Value")


@dataclass(frozen=True)
class Columns:
    """The columns a table may have; `needed` ones must stand in the header, `filled` in each row.

    `renamed` maps a name seen in the wild to the name it should have, for the refusal's mend.
    """

    needed: tuple[str, ...]
    optional: tuple[str, ...] = ()
    filled: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)

    @property
    def known(self) -> tuple[str, ...]:
        return self.needed + self.optional


class Row(dict[str, str]):
    """One row: cells by column, trimmed; with its file and number (the header is row 1)."""

    def __init__(self, cells: Mapping[str, str], file: str, number: int, ledger: Ledger) -> None:
        super().__init__(cells)
        self.file = file
        self.number = number
        self._ledger = ledger

    def cell(self, column: str) -> str:
        return self.get(column, "")

    def listed(self, column: str, separator: str = ",") -> tuple[str, ...]:
        """A cell that holds a list."""
        return tuple(v.strip() for v in self.cell(column).split(separator) if v.strip())

    def refuse(self, column: str, reason: str, mend: str) -> None:
        self._ledger.refuse(
            self.file, reason, mend, row=self.number, column=column, value=self.cell(column)
        )

    def parsed(self, column: str, parse: Callable[[str], Value], form: str) -> Value | None:
        """The cell as `parse` makes it; None when empty, and refused when it isn't `form`."""
        text = self.cell(column)
        if not text:
            return None
        try:
            return parse(text)
        except (ValueError, OverflowError):
            self.refuse(column, f"not {form}", f"write {form}")
            return None

    def day(self, column: str) -> date | None:
        return self.parsed(column, date.fromisoformat, "a date, such as 2026-09-01")

    def whole(self, column: str) -> int | None:
        return self.parsed(column, _whole, "a whole number")

    def number_in(self, column: str) -> float | None:
        return self.parsed(column, finite, "a number")

    def flag(self, column: str) -> bool | None:
        return self.parsed(column, _flag, "true or false")

    def minute(self, column: str) -> int | None:
        """Minutes after midnight of a cell such as 08:35 or 08:35:00."""
        return self.parsed(column, minute_of, "a time of day, such as 08:35")


def read_table(files: Files, name: str, columns: Columns, ledger: Ledger) -> list[Row]:
    """All rows of one CSV file; rows that are refused are left out.

    Raises:
        ImportRefused: the file can't be read as CSV at all, or its header is wrong (every wrong
            column is named).
    """
    text = files.text(name)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows = []
    try:
        header = [cell.strip() for cell in next(reader, [])]
        _check_header(name, header, columns, ledger)
        for number, cells in enumerate(reader, start=2):
            if not any(cell.strip() for cell in cells):
                continue
            row = _row(name, number, header, cells, ledger)
            if row is not None and _is_filled(row, columns):
                rows.append(row)
    except csv.Error as error:
        raise ledger.refuse_now(
            name,
            f"not CSV: {error}",
            'put cells with commas or quotes in "..."',
            row=reader.line_num,
        ) from error
    ledger.rows(name, len(rows))
    return rows


def _check_header(file: str, header: list[str], columns: Columns, ledger: Ledger) -> None:
    faults = list(_header_faults(header, columns))
    for column, reason, mend in faults:
        ledger.refuse(file, reason, mend, row=1, column=column, value=column)
    if faults:
        raise ImportRefused(ledger.report())


def _header_faults(header: list[str], columns: Columns) -> Iterator[tuple[str, str, str]]:
    """Column, reason and mend for each heading that is missing, doubled or not known."""
    missing = [name for name in columns.needed if name not in header]
    for name in sorted({name for name in header if header.count(name) > 1}):
        yield name, "this column stands twice", "keep one of the two, or name the other rightly"
    for name in header:
        if name in columns.known or name.startswith(_EXTRA):
            continue
        near = columns.renamed.get(name) or _nearest(name, missing or columns.known)
        mend = f"name it {near}" if near else "take it out, or name it metadata.<name>"
        yield name, "this column is not known", mend
    for name in missing:
        yield name, "this column is missing", f"add the column {name}"


def _nearest(name: str, known: tuple[str, ...] | list[str]) -> str | None:
    lowered = {column.lower(): column for column in known}
    match = difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.6)
    return lowered[match[0]] if match else None


def _row(file: str, number: int, header: list[str], cells: list[str], ledger: Ledger) -> Row | None:
    if len(cells) != len(header):
        ledger.refuse(
            file,
            f"{len(cells)} cells under {len(header)} columns",
            "give each column one cell; quote cells that hold commas",
            row=number,
        )
        return None
    row = Row(
        {name: cell.strip() for name, cell in zip(header, cells, strict=True)}, file, number, ledger
    )
    for name, cell in row.items():
        if any(ord(c) < 32 and c not in "\t\r\n" for c in cell):
            row.refuse(name, "a control character in the cell", "take it out")
            return None
    return row


def _is_filled(row: Row, columns: Columns) -> bool:
    empty = [name for name in columns.filled if not row.cell(name)]
    for name in empty:
        row.refuse(name, "empty", f"fill in {name}")
    return not empty


def minute_of(text: str) -> int:
    """Minutes after midnight of HH:MM or HH:MM:SS.

    Raises:
        ValueError: it is not a time of day.
    """
    parts = [int(part) for part in text.split(":")]
    if not 2 <= len(parts) <= 3 or not (0 <= parts[0] <= 24 and 0 <= parts[1] < 60):
        raise ValueError(text)
    return min(parts[0] * 60 + parts[1], 24 * 60)


def _whole(text: str) -> int:
    if len(text) > 12:
        raise ValueError(text)
    return int(text)


def finite(text: str) -> float:
    """Raises: ValueError for what is no number, and for NaN and infinity."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _flag(text: str) -> bool:
    known = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False}
    if text.lower() not in known:
        raise ValueError(text)
    return known[text.lower()]
