"""Puts a competency framework together from items and links, whichever format they came in."""

from __future__ import annotations

import html
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Literal

import nh3

from schemas.school import Competency, Grade
from services.adapters.grades import ORDER
from services.adapters.report import Ledger

_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_LONGEST_TITLE = 4000

LinkKind = Literal["precedes", "child", "related"]
"""`precedes`: origin is a prerequisite of destination; `child`: origin lies under it."""


@dataclass(frozen=True)
class Item:
    """A competency before its links are known; `row` is its place in the file."""

    id: str
    code: str
    title: str
    subject: str
    levels: tuple[Grade, ...]
    row: int

    def same(self, other: Item) -> bool:
        mine = (self.code, self.title, self.subject, self.levels)
        return mine == (other.code, other.title, other.subject, other.levels)


@dataclass(frozen=True)
class Link:
    """What one item is to another, both by id."""

    kind: LinkKind
    origin: str
    destination: str
    row: int


def assemble(
    items: Iterable[Item], links: Iterable[Link], file: str, ledger: Ledger, *, root: str = ""
) -> tuple[Competency, ...]:
    """Competencies in the order of the items. Doubled items and links are merged; links that
    lead out of the framework are left out with a warning; cycles are refused by name. Children of
    `root`, the document as a whole, have no parent."""
    known = _unique_items(items, file, ledger)
    inner = [link for link in links if link.destination != root or link.kind != "child"]
    graph = _Links(_unique_links(inner, file, ledger), known, file, ledger)
    _refuse_cycle(graph.prerequisites, "precedes", known, file, ledger)
    parents = {id: (parent,) for id, parent in graph.parents.items()}
    _refuse_cycle(parents, "isChildOf", known, file, ledger)
    built = [_competency(item, graph, file, ledger) for item in known.values()]
    return tuple(competency for competency in built if competency)


def plain_text(text: str, file: str, ledger: Ledger) -> str:
    """A statement without markup, in one line; markup is cleaned away by nh3.

    Only what looks like a tag is treated as markup: "using >, =, and < symbols" is text.
    """
    if _TAG.search(text):
        text = nh3.clean(text, tags=set())
        ledger.warn("statements with markup, cleaned", file=file)
    text = " ".join(html.unescape(text).split())
    if len(text) > _LONGEST_TITLE:
        ledger.warn(f"statements cut to {_LONGEST_TITLE} characters", file=file)
    return text[:_LONGEST_TITLE]


def highest_level(levels: Iterable[Grade]) -> Grade | None:
    """The grade by the end of which an item of several levels is due: the highest of them."""
    return max(levels, key=ORDER.index, default=None)


class _Links:
    """Links by what they say about each item, with those to strangers counted and dropped."""

    def __init__(
        self, links: Iterable[Link], known: Mapping[str, Item], file: str, ledger: Ledger
    ) -> None:
        self.prerequisites: dict[str, list[str]] = defaultdict(list)
        self.related: dict[str, list[str]] = defaultdict(list)
        self.parents: dict[str, str] = {}
        for link in links:
            if link.origin not in known or link.destination not in known:
                ledger.warn(f"{link.kind} links to items outside the framework", file=file)
            elif link.kind == "precedes":
                self.prerequisites[link.destination].append(link.origin)
            elif link.kind == "related":
                self.related[link.origin].append(link.destination)
                self.related[link.destination].append(link.origin)
            elif link.origin in self.parents:
                ledger.warn("items with several parents; the first is kept", file=file)
            else:
                self.parents[link.origin] = link.destination


def _unique_items(items: Iterable[Item], file: str, ledger: Ledger) -> dict[str, Item]:
    known: dict[str, Item] = {}
    for item in items:
        before = known.setdefault(item.id, item)
        if before is item:
            continue
        if before.same(item):
            ledger.warn("items that stand twice, merged", file=file)
        else:
            ledger.refuse(
                file,
                f"stands twice with different content (first at {before.row})",
                "keep one of the two",
                row=item.row,
                column="identifier",
                value=item.id,
            )
    return known


def _unique_links(links: Iterable[Link], file: str, ledger: Ledger) -> list[Link]:
    unique: dict[tuple[str, ...], Link] = {}
    for link in links:
        ends = (link.origin, link.destination)
        key = (link.kind, *(sorted(ends) if link.kind == "related" else ends))
        if key in unique:
            ledger.warn(f"{link.kind} links that stand twice, merged", file=file)
        unique.setdefault(key, link)
    return list(unique.values())


def _refuse_cycle(
    graph: Mapping[str, Iterable[str]],
    link: str,
    known: Mapping[str, Item],
    file: str,
    ledger: Ledger,
) -> None:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        named = [known[id].code or known[id].title for id in error.args[1]]
        ledger.refuse(
            file,
            f"a cycle of {link}: {' -> '.join(named)}",
            f"take out one of these {link} links",
            column=link,
        )


def _competency(item: Item, graph: _Links, file: str, ledger: Ledger) -> Competency | None:
    fields = {
        "id": item.id,
        "code": item.code,
        "title": item.title,
        "subject": item.subject,
        "level": highest_level(item.levels),
        "parent": graph.parents.get(item.id),
        "prerequisites": tuple(
            {"competency": id} for id in sorted(graph.prerequisites.get(item.id, ()))
        ),
        "related": tuple(sorted(set(graph.related.get(item.id, ())) - {item.id})),
    }
    return ledger.build(Competency, fields, file=file, row=item.row)
