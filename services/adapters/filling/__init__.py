"""Adds what a flexible day needs and no standard carries, by labelled rules.

Standards carry no flexible blocks, offerings or planning time. The rules here make a school's day
plannable for trials and comparisons; what they add is counted in the report, has ids that begin
with `assumed-` where it is a record of its own, and gives way to what the school enters itself.
They draw nothing at random: the same roster is always filled alike.
"""

from __future__ import annotations

from collections.abc import Iterable

from schemas.school import Roster, StaffMember
from services.adapters.filling.day import fill_day
from services.adapters.filling.offerings import PREFIX, offerings_for
from services.adapters.filling.places import fill_rooms
from services.adapters.report import Ledger

KINDS = ("buildings", "rooms", "bell_schedules", "sections", "staff", "offerings")
_PLANNING_BLOCKS = 1


def fill(
    roster: Roster,
    ledger: Ledger,
    *,
    evidenced: Iterable[str] = (),
    entered: Roster | None = None,
) -> Roster:
    """The roster with flexible blocks and lunch, large places, planning time and offerings.

    `evidenced` are ids of competencies on which there is evidence; `entered` is the school as it
    stands: where it has offerings of its own, none are added.
    """
    roster = fill_rooms(fill_day(roster, ledger), ledger)
    roster = roster.model_copy(
        update={"staff": tuple(_with_planning(adult, ledger) for adult in roster.staff)}
    )
    own = [o for o in (entered.offerings if entered else ()) if not o.id.startswith(PREFIX)]
    if own or roster.offerings:
        return roster
    offerings = offerings_for(roster, frozenset(evidenced), ledger)
    return roster.model_copy(update={"offerings": offerings})


def _with_planning(adult: StaffMember, ledger: Ledger) -> StaffMember:
    """One block of planning a day for each adult who works in blocks."""
    if adult.planning_blocks or adult.available_blocks == ():
        return adult
    ledger.assume("StaffMember.planning_blocks", f"{_PLANNING_BLOCKS} a day")
    return adult.model_copy(
        update={
            "planning_blocks": _PLANNING_BLOCKS,
            "assumed_fields": (*adult.assumed_fields, "planning_blocks"),
        }
    )
