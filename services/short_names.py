"""Names of competencies short enough for a roster: standards are statements of many words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import takewhile
from typing import TYPE_CHECKING

from schemas.base import CompetencyId

if TYPE_CHECKING:
    from services.store import Tx

LONGEST = 60
_SENTENCE_ENDS = re.compile(r"(?<!e\.g)(?<!i\.e)[.;:]\s")


def shortened(text: str, longest: int = LONGEST) -> str:
    """The first sentence, cut after a whole word where it is longer than `longest` characters.

    A first sentence of one word ("Expressions: ...") says too little to stand alone.
    """
    text = text.replace(" ,", ",")
    ends = (found.start() for found in _SENTENCE_ENDS.finditer(text))
    sentence = text[: next((end for end in ends if " " in text[:end]), None)].rstrip(" .,;:")
    if len(sentence) <= longest:
        return sentence
    return (sentence[:longest].rpartition(" ")[0] or sentence[:longest]).rstrip(" .,;:(") + " …"


def competency_names(tx: Tx) -> dict[CompetencyId, str]:
    """What to call each competency in a line of text, ended ones too."""
    return {id: shortened(title) for id, title in tx.titles("competencies").items()}


def competency_codes(tx: Tx) -> dict[CompetencyId, str]:
    """The code of each competency that has one, as teachers say it."""
    return as_said({one.id: one.code for one in tx.roster("competencies") if one.code})


def as_said(codes: Mapping[CompetencyId, str]) -> dict[CompetencyId, str]:
    """Codes without the name of their framework, the dotted words that all of them begin with:
    6.RP.A.3 in place of CCSS.Math.Content.6.RP.A.3."""
    parts = [code.split(".")[:-1] for code in codes.values()]
    alike = takewhile(lambda named: len(set(named)) == 1, zip(*parts, strict=False))
    words = sum(1 for _ in takewhile(lambda named: named[0].isalpha(), alike))
    return {id: code.split(".", words)[-1] for id, code in codes.items()}
