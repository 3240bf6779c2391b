"""Competencies from CSV, for schools without CASE: a table of standards and of what precedes what.

`standards.csv` has code, grade and statement (also domain, cluster, subject); any table with the
columns `from,to` holds prerequisites, any with `a,b` related pairs, by code.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from schemas.imports import ImportResult
from schemas.school import Grade
from services.adapters.archive import Files
from services.adapters.framework import Item, Link, LinkKind, assemble, plain_text
from services.adapters.grades import grade_of
from services.adapters.report import Ledger
from services.adapters.tables import Columns, Row, read_table

STANDARDS = Columns(
    needed=("code", "grade", "statement"),
    optional=("domain", "cluster", "subject", "major", "wap"),
    filled=("code", "statement"),
)
PRECEDES = Columns(needed=("from", "to"), filled=("from", "to"))
RELATED = Columns(needed=("a", "b"), filled=("a", "b"))
_SPANS: dict[str, tuple[Grade, ...]] = {
    "": (),
    "HS": ("09", "10", "11", "12"),
    "9-12": ("09", "10", "11", "12"),
}


def read_framework_csv(files: Files, ledger: Ledger) -> ImportResult:
    """Competencies keyed by their code. A code that continues another one with a dot (6.RP.A.3.c
    after 6.RP.A.3) is its child.

    Raises:
        ImportRefused: no table of standards, a doubled code with different content, a grade that
            is none, a code in `from` or `to` that no standard has, or a cycle.
    """
    tables = {name: table_kind(files.text(name)) for name in files.names(".csv")}
    items: list[Item] = []
    rows: list[tuple[LinkKind, Row]] = []
    for name, kind in tables.items():
        if kind == "standards":
            items += [_item(row, ledger) for row in read_table(files, name, STANDARDS, ledger)]
        elif kind is not None:
            columns = PRECEDES if kind == "precedes" else RELATED
            rows += [(kind, row) for row in read_table(files, name, columns, ledger)]
        else:
            ledger.refuse(name, "neither standards nor links", "see the columns in the manual")
    if not items:
        ledger.refuse("standards.csv", "no standards", "hand in a table with code,grade,statement")
    links = [*_links(rows, {item.id for item in items}), *_children(items)]
    ledger.stop_if_refused()
    file = next(name for name, kind in tables.items() if kind == "standards")
    competencies = assemble(items, links, file, ledger)
    ledger.stop_if_refused()
    return ImportResult(competencies=competencies, report=ledger.report())


def table_kind(text: str) -> Literal["standards", "precedes", "related"] | None:
    """What a CSV is, by its header: standards, precedes, related, or None."""
    header = {name.strip() for name in text.partition("\n")[0].replace('"', "").split(",")}
    if set(STANDARDS.needed) <= header:
        return "standards"
    if set(PRECEDES.needed) <= header:
        return "precedes"
    return "related" if set(RELATED.needed) <= header else None


def _item(row: Row, ledger: Ledger) -> Item:
    return Item(
        id=row["code"],
        code=row["code"],
        title=plain_text(row["statement"], row.file, ledger),
        subject=row.cell("subject"),
        levels=_levels(row),
        row=row.number,
    )


def _levels(row: Row) -> tuple[Grade, ...]:
    text = row["grade"]
    if text.upper() in _SPANS:
        return _SPANS[text.upper()]
    grade = grade_of(text)
    if grade is None:
        row.refuse("grade", "not a grade", "write KG, 01 to 12, or HS")
        return ()
    return (grade,)


def _links(rows: list[tuple[LinkKind, Row]], codes: set[str]) -> Iterator[Link]:
    for kind, row in rows:
        ends = ("from", "to") if kind == "precedes" else ("a", "b")
        strangers = [column for column in ends if row[column] not in codes]
        for column in strangers:
            row.refuse(column, "no standard has this code", "add the standard, or correct the code")
        if not strangers:
            yield Link(kind, row[ends[0]], row[ends[1]], row.number)


def _children(items: list[Item]) -> Iterator[Link]:
    codes = {item.id for item in items}
    for item in items:
        above = item.id.rpartition(".")[0]
        if above in codes:
            yield Link("child", item.id, above, item.row)
