"""Says in plain words how many student-blocks a plan leaves over, and how many must be."""

from __future__ import annotations

from schemas.base import BlockId, OfferingId
from schemas.plan import Plan
from solver.openings import Openings
from solver.shortage import Cut, Shortage

NAMED = 3
"""Offerings named in one breath."""


def least(openings: Openings, plan: Plan) -> int | None:
    """How many student-blocks are proven to have to be left; None where no proof stands."""
    proof = plan.least_unplaced
    return proof.amount if proof and Shortage(openings, proof).holds else None


def told(openings: Openings, plan: Plan) -> str | None:
    """One sentence on those left over; None where nobody is."""
    if not plan.unplaced:
        return None
    left = _count(len(plan.unplaced), "is left over", "are left over")
    proof = plan.least_unplaced
    shortage = Shortage(openings, proof) if proof else None
    if proof is None or shortage is None or not shortage.holds:
        return f"{left}; that any must be is not proven"
    cuts = [cut for cut in shortage.cuts() if cut.students > cut.seats]
    whole = proof.parts == 1
    why = ": " + "; ".join(_cut(openings, cut) for cut in cuts) if whole and cuts else ""
    return f"{left}; at least {proof.amount:,} must be{why}"


def _cut(openings: Openings, cut: Cut) -> str:
    """Who can only go where, and how many seats there are."""
    titles = [openings.facts.offerings[name].title for name in cut.offerings]
    if not titles:
        return f"in {_time(cut.blocks)}, {_students(cut)} can go nowhere"
    return (
        f"in {_time(cut.blocks)}, {_students(cut)} can only go to {_named(titles)}, "
        f"for which there are at most {cut.seats:,} seats"
    )


def _students(cut: Cut) -> str:
    what = "student" if len(cut.blocks) == 1 else "student-block"
    return f"{cut.students:,} {what}{'' if cut.students == 1 else 's'}"


def _time(blocks: tuple[BlockId, ...]) -> str:
    return " and ".join((", ".join(blocks[:-1]), blocks[-1])) if len(blocks) > 1 else blocks[0]


def _named(titles: list[OfferingId]) -> str:
    """The first of some titles, and how many more there are."""
    more = len(titles) - NAMED
    if more > 1:
        return f"{', '.join(titles[:NAMED])} and {more} more"
    return " or ".join((", ".join(titles[:-1]), titles[-1])) if len(titles) > 1 else titles[0]


def _count(number: int, one: str, many: str) -> str:
    return f"1 student-block {one}" if number == 1 else f"{number:,} student-blocks {many}"
