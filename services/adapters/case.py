"""Competencies from CASE 1.0 and 1.1 packages (CFPackage JSON), and from older forms of them.

Source: 1EdTech CASE 1.1 (https://www.imsglobal.org/spec/CASE/v1p1/).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from schemas.imports import ImportResult
from schemas.school import Competency, Grade
from services.adapters.archive import Files
from services.adapters.framework import Item, Link, LinkKind, assemble, plain_text
from services.adapters.grades import grade_of
from services.adapters.report import Ledger

_KINDS: dict[str, LinkKind] = {
    "precedes": "precedes",
    "ischildof": "child",
    "isrelatedto": "related",
}
_UNREAD = (
    "ispeerof",
    "ispartof",
    "exactmatchof",
    "replacedby",
    "exemplar",
    "hasskilllevel",
    "istranslationof",
)
_SUBJECTS = {
    "math": "Mathematics",
    "maths": "Mathematics",
    "mathematics": "Mathematics",
    "english": "English Language Arts",
    "literacy": "English Language Arts",
    "ela": "English Language Arts",
    "science": "Science",
    "social": "Social Studies",
    "history": "Social Studies",
}


def read_case(files: Files, ledger: Ledger) -> ImportResult:
    """The competencies of every CFPackage among the files; CASE names no school.

    `precedes` makes the origin a prerequisite, `isChildOf` gives the parent, `isRelatedTo` is
    grouping affinity and never a prerequisite; other kinds of association are counted only.

    Raises:
        ImportRefused: an item without identifier or statement, two items with one identifier and
            different content, an association without ends, or a cycle.
    """
    competencies: list[Competency] = []
    for name in files.names(".json"):
        package = _package(files.json(name), name, ledger)
        items = list(_items(package, name, ledger))
        links = list(_links(package, name, ledger))
        ledger.rows("CFItems", len(items))
        root = _text(_document(package).get("identifier"))
        competencies += assemble(items, links, name, ledger, root=root)
    if not files.names(".json"):
        ledger.refuse("", "no JSON file", "hand in a CFPackage as JSON")
    ledger.stop_if_refused()
    return ImportResult(competencies=tuple(competencies), report=ledger.report())


def _package(document: Any, file: str, ledger: Ledger) -> dict[str, Any]:
    if isinstance(document, dict) and isinstance(document.get("CFPackage"), dict):
        document = document["CFPackage"]
    if not isinstance(document, dict) or not isinstance(document.get("CFItems"), list):
        raise ledger.refuse_now(
            file, "not a CFPackage: it has no list CFItems", "export the framework as a CFPackage"
        )
    return document


def _document(package: dict[str, Any]) -> dict[str, Any]:
    document = package.get("CFDocument")
    return document if isinstance(document, dict) else {}


def _items(package: dict[str, Any], file: str, ledger: Ledger) -> Iterator[Item]:
    default = _framework_subject(package, ledger)
    for row, raw in enumerate(package["CFItems"], start=1):
        item = raw if isinstance(raw, dict) else {}
        identifier = _text(item.get("identifier")) or _last_part(_text(item.get("uri")))
        statement = _text(item.get("fullStatement"))
        if not identifier or not statement:
            missing = "fullStatement" if identifier else "identifier"
            ledger.refuse(
                file, f"a CFItem without {missing}", "export again", row=row, column=missing
            )
            continue
        yield Item(
            id=identifier,
            code=_text(item.get("humanCodingScheme")),
            title=plain_text(statement, file, ledger),
            subject=next(iter(_texts(item.get("subject"))), default),
            levels=_levels(item, file, ledger),
            row=row,
        )


def _levels(item: dict[str, Any], file: str, ledger: Ledger) -> tuple[Grade, ...]:
    named = _texts(item.get("educationLevel", item.get("educationalLevel")))
    levels = [grade_of(text) for text in named]
    ledger.warn(
        "education levels that are no CEDS code, left open", file=file, count=levels.count(None)
    )
    return tuple(level for level in levels if level)


def _framework_subject(package: dict[str, Any], ledger: Ledger) -> str:
    """The document's subject, else one that its title names."""
    document = _document(package)
    named = _texts(document.get("subject"))
    if named:
        return named[0]
    words = re.split(r"[^a-z]+", _text(document.get("title")).lower())
    for word, subject in _SUBJECTS.items():
        if word in words:
            rule = f"{subject}, as the framework's title says"
            ledger.assume("Competency.subject", rule, len(package["CFItems"]))
            return subject
    return ""


def _links(package: dict[str, Any], file: str, ledger: Ledger) -> Iterator[Link]:
    associations = package.get("CFAssociations")
    associations = associations if isinstance(associations, list) else []
    ledger.rows("CFAssociations", len(associations))
    for row, raw in enumerate(associations, start=1):
        association = raw if isinstance(raw, dict) else {}
        name = re.sub(r"[^a-z:]", "", _text(association.get("associationType")).lower())
        kind = _KINDS.get(name)
        if kind is None:
            if name not in _UNREAD and not name.startswith("ext:"):
                ledger.refuse(
                    file,
                    "not a known associationType",
                    "write precedes, isChildOf, ...",
                    row=row,
                    column="associationType",
                    value=association.get("associationType"),
                )
            continue
        ends = [_node(association, side) for side in ("origin", "destination")]
        if not all(ends):
            ledger.refuse(file, f"a {kind} association without both ends", "export again", row=row)
        else:
            yield Link(kind, ends[0], ends[1], row)


def _node(association: dict[str, Any], side: str) -> str:
    """The identifier of one end, from a node link, a bare URI, or an identifier field."""
    node = association.get(f"{side}NodeURI", association.get(f"{side}NodeIdentifier"))
    if isinstance(node, dict):
        return _text(node.get("identifier")) or _last_part(_text(node.get("uri")))
    return _last_part(_text(node))


def _last_part(uri: str) -> str:
    return uri.rstrip("/").rsplit("/", 1)[-1]


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _texts(value: Any) -> list[str]:
    """A list of texts, or one text with commas as older packages have it."""
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list):
        return []
    return [text for part in value if (text := _text(part))]
