"""Which blocks of a day are flexible, and when lunch is, where no source says."""

from __future__ import annotations

from itertools import pairwise

from schemas.school import BellSchedule, Block, ClassSection, Roster
from services.adapters.report import Ledger

FLEX_BLOCKS = 2
"""How many class periods a day become flexible."""
_SHORTEST_FLEX = 40
_SHORTEST_LUNCH = 25
_FIRST_BELL, _PERIOD, _PASSING = 8 * 60 + 30, 50, 5
_USUAL_PERIODS, _MOST_PERIODS = 7, 16
_LUNCH_AFTER, _LUNCH_MINUTES = 4, 40


def fill_day(roster: Roster, ledger: Ledger) -> Roster:
    """Gives every bell schedule lunch and flexible blocks; makes one where there is none.

    Flexible are the class periods of 40 minutes or more nearest to lunch: a fixed class no longer
    meets in them.
    """
    schedules = roster.bell_schedules or (_usual_schedule(roster, ledger),)
    filled = tuple(_fill(schedule, ledger) for schedule in schedules)
    flex = {b.id for s in filled for b in s.blocks if b.kind == "flex"} - {
        b.id for s in roster.bell_schedules for b in s.blocks if b.kind == "flex"
    }
    sections = tuple(_without(section, flex) for section in roster.sections)
    ledger.assume(
        "ClassSection.blocks",
        "fixed classes do not meet in blocks that became flexible",
        sum(before != after for before, after in zip(roster.sections, sections, strict=True)),
    )
    return roster.model_copy(update={"bell_schedules": filled, "sections": sections})


def _usual_schedule(roster: Roster, ledger: Ledger) -> BellSchedule:
    """Periods of 50 minutes from 08:30, named as the fixed classes name theirs."""
    named = sorted({block for section in roster.sections for block in section.blocks})
    names = named[:_MOST_PERIODS] or [str(number) for number in range(1, _USUAL_PERIODS + 1)]
    blocks, start = [], _FIRST_BELL
    for position, name in enumerate(names):
        start += _LUNCH_MINUTES if position == _LUNCH_AFTER else 0
        block = Block(id=name, title=name, kind="class", start=start, end=start + _PERIOD)
        blocks.append(block)
        start = block.end + _PASSING
    ledger.assume("BellSchedule", "periods of 50 minutes from 08:30, as none is given")
    return BellSchedule(id="usual", title="Usual day", blocks=tuple(blocks))


def _fill(schedule: BellSchedule, ledger: Ledger) -> BellSchedule:
    blocks = list(schedule.blocks)
    if not any(block.kind == "lunch" for block in blocks):
        blocks = _with_lunch(blocks, ledger)
    if not any(block.kind == "flex" for block in blocks):
        chosen = _nearest_lunch(blocks)
        ledger.assume(
            "Block.kind",
            f"flexible: the {FLEX_BLOCKS} class periods of {_SHORTEST_FLEX} minutes or more"
            " nearest to lunch",
            len(chosen),
        )
        blocks = [
            block.model_copy(update={"kind": "flex"}) if block.id in chosen else block
            for block in blocks
        ]
    return schedule.model_copy(update={"blocks": tuple(blocks)})


def _with_lunch(blocks: list[Block], ledger: Ledger) -> list[Block]:
    """Lunch in the longest gap between two blocks, where one is long enough."""
    gaps = [(b.start - a.end, at) for at, (a, b) in enumerate(pairwise(blocks))]
    longest, at = max(gaps, key=lambda gap: (gap[0], -gap[1]), default=(0, 0))
    if longest < _SHORTEST_LUNCH:
        return blocks
    ledger.assume("Block.kind", "lunch in the longest gap between periods")
    start, end = blocks[at].end, blocks[at + 1].start
    lunch = Block(id="assumed-lunch", title="Lunch", kind="lunch", start=start, end=end)
    return [*blocks[: at + 1], lunch, *blocks[at + 1 :]]


def _nearest_lunch(blocks: list[Block]) -> set[str]:
    if not blocks:
        return set()
    lunches = [block for block in blocks if block.kind == "lunch"]
    middle = (
        lunches[0].start + lunches[0].end if lunches else blocks[0].start + blocks[-1].end
    ) // 2
    able = [b for b in blocks if b.kind == "class" and b.minutes >= _SHORTEST_FLEX]
    able.sort(key=lambda block: (abs((block.start + block.end) // 2 - middle), block.start))
    return {block.id for block in able[:FLEX_BLOCKS]}


def _without(section: ClassSection, blocks: set[str]) -> ClassSection:
    kept = tuple(block for block in section.blocks if block not in blocks)
    return section if kept == section.blocks else section.model_copy(update={"blocks": kept})
