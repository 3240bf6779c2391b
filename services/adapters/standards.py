"""Finds the competency that an outside standard id means, such as CC.6.RP.3c."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple

from schemas.school import Competency

How = Literal["same code", "cluster letter inserted", "sub-part folded into its standard"]

_FRAMEWORK = re.compile(
    r"(?:^|\.)(?P<grade>K|\d+|HS)\.(?P<domain>[A-Z]+)\.[A-Z]\.(?P<number>\d+)(?:\.?(?P<part>[a-z]))?$"
)
_OUTSIDE = re.compile(
    r"^CC(?:SS)?\.(?:Math\.Content\.)?"
    r"(?P<grade>K|\d+)\.(?P<domain>[A-Z]+)\.(?:[A-Z]\.)?(?P<number>\d+)\.?(?P<part>[a-z])?$"
)


class Match(NamedTuple):
    competency: str
    how: How


class StandardsIndex:
    """Looks competencies up by id, by code, and by Common Core notation without cluster letter.

    Common Core mathematics numbers standards through the clusters of a domain, so that grade,
    domain and number name one standard whether or not the cluster letter is written.
    """

    def __init__(self, competencies: Iterable[Competency]) -> None:
        self._by_name: dict[str, str] = {}
        self._by_notation: dict[tuple[str, str, str, str], str] = {}
        for competency in competencies:
            self._by_name.setdefault(competency.id, competency.id)
            if competency.code:
                self._by_name.setdefault(competency.code, competency.id)
            found = _FRAMEWORK.search(competency.code)
            if found:
                self._by_notation.setdefault(_notation(found), competency.id)

    def find(self, standard: str) -> Match | None:
        """The competency a standard id means, and how it was found; None when it is not there."""
        if standard in self._by_name:
            return Match(self._by_name[standard], "same code")
        found = _OUTSIDE.match(standard)
        if not found:
            return None
        grade, domain, number, part = _notation(found)
        exact = self._by_notation.get((grade, domain, number, part))
        if exact:
            return Match(exact, "cluster letter inserted")
        whole = self._by_notation.get((grade, domain, number, ""))
        return Match(whole, "sub-part folded into its standard") if whole else None


def _notation(found: re.Match[str]) -> tuple[str, str, str, str]:
    return found["grade"], found["domain"], found["number"], found["part"] or ""
