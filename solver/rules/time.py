"""Rules on time: ways between places, and sessions that span blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from schemas.base import BuildingId
from schemas.plan import Finding
from solver.facts import PersonKind
from solver.layout import Layout
from solver.rows import ONE, Expr, total
from solver.rules.base import Rule

if TYPE_CHECKING:
    from solver.model import Model


class Travel(Rule):
    """Students and adults have minutes enough to get from one place to the next."""

    id, kind, override = "travel", "hard", "named"
    amount = "minutes short"

    def check(self, layout: Layout) -> Iterator[Finding]:
        facts = layout.facts
        for kind, person in facts.people():
            places = {block: layout.buildings(kind, person.id, block) for block in facts.blocks}
            if len(frozenset().union(*places.values())) < 2:
                continue
            for i, j, between in facts.crossings:
                if any(places[block] for block in between):
                    continue
                ways = [facts.minutes_short(a, i, b, j) for a in places[i] for b in places[j]]
                short = max(ways, default=0)
                if short:
                    yield self.finding(short, block=i, then=j, **{kind: person.id})

    def encode(self, model: Model) -> Expr:
        moving: list[tuple[PersonKind, str]] = [
            *(("student", student) for student in model.students),
            *(("staff", adult) for adult in model.open_staff),
        ]
        return total(
            model.excess(*ways, block=i, then=j, **{kind: person})
            for kind, person in moving
            for i, j, between in model.facts.crossings
            for ways in [self._ways(model, kind, person, i, j, between)]
            if ways
        )

    @staticmethod
    def _ways(
        model: Model, kind: PersonKind, person: str, i: str, j: str, between: tuple[str, ...]
    ) -> list[Expr]:
        """Expressions of which the largest is the minutes short, and none above 0 otherwise."""
        facts = model.facts
        before = _buildings(model, kind, person, i)
        after = _buildings(model, kind, person, j)
        pause = [_buildings(model, kind, person, block) for block in between]
        stops = total(there for places in pause for there in places.values())
        return [
            (model.meets(here, there) - stops) * short
            for a, here in before.items()
            for b, there in after.items()
            for short in [facts.minutes_short(a, i, b, j)]
            if short
        ]


def _buildings(model: Model, kind: PersonKind, person: str, block: str) -> dict[BuildingId, Expr]:
    """For each building the person could be in during the block: whether they are."""
    committed = model.facts.committed_at.get((kind, person, block), frozenset())
    spots = model.spots(kind, person, block, "building")
    return {**spots, **dict.fromkeys(sorted(committed), ONE)}


class WholeSession(Rule):
    """A session that spans blocks keeps its students, room and adults through one unbroken run
    of blocks that its offering may take up."""

    id, kind, override = "whole-session", "hard", "never"
    amount = "blocks missing, extra or out of run"

    def check(self, layout: Layout) -> Iterator[Finding]:
        for session in layout.sessions.values():
            breaks = layout.facts.breaks(session.offering, session.blocks)
            if breaks:
                yield self.finding(breaks, session=session.id, offering=session.offering)

    def encode(self, model: Model) -> Expr:
        return total(
            model.excess(
                model.runs(slot) * model.facts.breaks(slot.offering, slot.blocks),
                session=slot.id,
                offering=slot.offering,
            )
            for slot in model.open_slots
        )
