"""Keeps the account of an import while it runs: refusals, assumptions, warnings, rows read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from schemas.base import Model
from schemas.imports import Assumption, ImportReport, Notice, Refusal

LISTED = 200
"""Refusals listed one by one; the rest are counted."""

_SHOWN = 120


class ImportRefused(Exception):
    """Nothing of the import was taken in; `report` says what, where and how to mend it."""

    def __init__(self, report: ImportReport) -> None:
        first = report.refused[0] if report.refused else None
        where = f"{first.file}: {first.reason}" if first else "refused"
        super().__init__(f"import refused: {where} ({report.refused_count} in all)")
        self.report = report


class Ledger:
    """Collects what is to be said about one import.

    A refusal makes the whole import fail at the next `stop_if_refused`, so that a person sees
    many faults at once rather than one per try.
    """

    def __init__(self, format: str) -> None:
        self.format = format
        self._refused: list[Refusal] = []
        self._refused_count = 0
        self._assumed: Counter[tuple[str, str]] = Counter()
        self._warned: Counter[tuple[str, str]] = Counter()
        self._rows: dict[str, int] = {}
        self._files: list[str] = []

    def reads(self, file: str) -> None:
        if file not in self._files:
            self._files.append(file)

    def rows(self, kind: str, count: int) -> None:
        """Count rows read of a file or kind of element."""
        self._rows[kind] = self._rows.get(kind, 0) + count

    def refuse(
        self,
        file: str,
        reason: str,
        mend: str,
        *,
        row: int | None = None,
        column: str = "",
        value: object = "",
    ) -> None:
        self._refused_count += 1
        if len(self._refused) < LISTED:
            self._refused.append(
                Refusal(
                    file=printable(file),
                    row=row,
                    column=printable(column),
                    value=printable(value),
                    reason=printable(reason, 400),
                    mend=printable(mend, 400),
                )
            )

    def refuse_now(self, file: str, reason: str, mend: str, **where: Any) -> ImportRefused:
        """The exception to raise when reading can't go on."""
        self.refuse(file, reason, mend, **where)
        return ImportRefused(self.report())

    def assume(self, field: str, rule: str, count: int = 1) -> None:
        if count:
            self._assumed[field, rule] += count

    def warn(self, message: str, *, file: str = "", count: int = 1) -> None:
        if count:
            self._warned[printable(file), printable(message, 600)] += count

    def stop_if_refused(self) -> None:
        """
        Raises:
            ImportRefused: something was refused since the import began.
        """
        if self._refused_count:
            raise ImportRefused(self.report())

    def build(
        self,
        model: type[Model],
        fields: Mapping[str, Any],
        *,
        file: str,
        row: int | None,
        columns: Mapping[str, str] | None = None,
    ) -> Model | None:
        """Make a record, or refuse each field that the model refuses, under its source column."""
        try:
            return model.model_validate(dict(fields))
        except ValidationError as error:
            for fault in error.errors(include_url=False, include_context=False):
                field = str(fault["loc"][0]) if fault["loc"] else ""
                column = (columns or {}).get(field, field)
                self.refuse(
                    file,
                    f"{model.__name__} {field}: {fault['msg']}".replace(" :", ":"),
                    f"correct {column or 'this row'} and import again",
                    row=row,
                    column=column,
                    value=fault["input"] if field else "",
                )
            return None

    def report(self) -> ImportReport:
        return ImportReport(
            format=self.format,
            files=tuple(printable(name) for name in self._files),
            rows_read=dict(self._rows),
            refused=tuple(self._refused),
            refused_count=self._refused_count,
            assumptions=tuple(
                Assumption(field=field, rule=rule, count=count)
                for (field, rule), count in self._assumed.items()
            ),
            warnings=tuple(
                Notice(file=file, message=message, count=count)
                for (file, message), count in self._warned.items()
            ),
        )


def printable(value: object, length: int = _SHOWN) -> str:
    """Text fit for a report: cut short, control characters and lone surrogates escaped."""
    if isinstance(value, list | dict | tuple):
        value = f"a {type(value).__name__} of {len(value)}"
    text = str(value)
    if len(text) > length:
        text = text[: length - 1] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
