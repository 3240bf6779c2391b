"""What a rule is: one promise, said twice, in plain Python over a plan and as rows for engines."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

from schemas.plan import Audience, Finding, Override
from solver.layout import Layout
from solver.rows import Expr

if TYPE_CHECKING:
    from solver.model import Model


class Rule(ABC):
    """A promise a plan keeps. The docstring of each rule is product text: one sentence.

    A hard rule says whether a named person may override it; `never_causes` are those of its
    findings that nobody may. A soft rule has a default weight: the price of one unit of amount.
    """

    id: ClassVar[str]
    kind: ClassVar[Literal["hard", "soft"]]
    amount: ClassVar[str]
    """What one unit of the amount is, in a few words."""
    override: ClassVar[Literal["never", "named", ""]] = ""
    never_causes: ClassVar[tuple[str, ...]] = ()
    weight: ClassVar[int] = 0
    most_weight: ClassVar[int] = 100_000
    audience: ClassVar[Audience] = "everyone"

    @property
    def sentence(self) -> str:
        """The promise in a school's words."""
        return " ".join((type(self).__doc__ or "").split())

    @abstractmethod
    def check(self, layout: Layout) -> Iterator[Finding]:
        """Every deviation of the plan from the promise: this is the specification."""

    @abstractmethod
    def encode(self, model: Model) -> Expr:
        """The total amount of the same deviations over the open part of a day."""

    def covers(self, override: Override, cause: str, subjects: Mapping[str, str]) -> bool:
        """Whether an override makes a finding of this rule non-blocking."""
        return (
            self.override == "named"
            and override.rule == self.id
            and cause not in self.never_causes
            and override.subjects.items() <= subjects.items()
        )

    def finding(self, amount: int, cause: str = "", **subjects: str) -> Finding:
        """One deviation, in the form every rule reports it."""
        return Finding(
            rule=self.id,
            kind=self.kind,
            amount=amount,
            subjects=subjects,
            cause=cause,
            audience=self.audience,
        )
