"""Re-checks, by sums alone, a proof that somebody must be left without a session.

Every section that could run is to cost at least what its seats are worth, by the proof's prices.
Then all seats that any plan gives are worth no more than all rooms and adults can be paid, and
students whose every seat is worth something are left where that falls short of their number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import compress, product

from schemas.base import BlockId, OfferingId, RoomId, StaffId
from schemas.plan import LeastUnplaced
from schemas.school import Room
from solver.openings import AtMost, Openings, Run

FEW_BLOCKS = 12
"""Blocks up to which every way of spreading an adult's breaks over a day is looked at."""


@dataclass(frozen=True)
class Cut:
    """What a proof says of some blocks: those who can only go to some offerings, and the seats
    that these have at most; both in the proof's parts of one student-block."""

    blocks: tuple[BlockId, ...]
    offerings: tuple[OfferingId, ...]
    students: int
    seats: int


class Shortage:
    """A proof laid beside the Problem it is about."""

    def __init__(self, openings: Openings, proof: LeastUnplaced) -> None:
        self.openings, self.facts, self.proof = openings, openings.facts, proof
        # What names nothing of this Problem proves nothing of it.
        offerings, rooms, staff = self.facts.offerings, self.facts.rooms, self.facts.staff
        counts = openings.counts_seats
        self._worth = {
            (o, b): min(price, proof.parts) for o, b, price in proof.seats if o in offerings
        }
        self._rooms = {(room, block): price for room, block, price in proof.rooms}
        self._shared = {
            (room, block): price
            for room, block, price in proof.shared
            if room in rooms and counts(room)
        }
        self._adults = {(adult, block): price for adult, block, price in proof.adults}
        self._sections = {o: price for o, price in proof.sections if o in offerings}
        self._leads = {adult: price for adult, price in proof.leads if adult in staff}

    @property
    def holds(self) -> bool:
        """Whether all sections pay their way and what is left over is as much as is said."""
        return self.is_paid and self.amount >= self.proof.amount

    @cached_property
    def is_paid(self) -> bool:
        """Whether every section that could run costs at least what its seats are worth."""
        return all(
            self._pays(offering, run)
            for offering, run in self.openings.sections()
            if any((offering, block) in self._worth for block in run)
        )

    @property
    def amount(self) -> int:
        """How many must be left, where every section pays its way."""
        value = sum(self._students.values()) - sum(self._paid.values()) - self._paid_for_the_day
        return max(0, -(-value // self.proof.parts))

    def cuts(self) -> Iterator[Cut]:
        """The proof block by block, or for the whole day where blocks share what they are short
        of, or a session of several may be paid for in another of them."""
        saved = any(self._saved(staff) for staff in self.facts.staff)
        short = tuple(block for block in self.facts.flex if self._students[block])
        spans = any(
            price and self.facts.offerings[offering].length > 1
            for (offering, _), price in self._worth.items()
        )
        together = saved or spans or self._paid_for_the_day
        for blocks in [short] if together else [(block,) for block in short]:
            offerings = {o: None for o, b in self._worth if b in blocks and self._worth[o, b]}
            students = sum(self._students[block] for block in blocks)
            seats = sum(self._paid[block] for block in (self.facts.flex if together else blocks))
            yield Cut(
                blocks, tuple(offerings), students, seats + bool(together) * self._paid_for_the_day
            )

    # --- what a section is worth, and pays ----------------------------------------------------

    def _pays(self, offering: OfferingId, run: Run) -> bool:
        leads = self.openings.leads(offering, run)
        led = min((self._leads.get(staff, 0) for staff in leads), default=0)
        others = self._sections.get(offering, 0) if self._limit(offering) is not None else 0
        others += sum(
            post.number * min(self._sum(self._adults, staff, run) for staff in post.adults)
            for post in self.openings.posts(offering, run)
        )
        return all(
            most * self._surplus(offering, run, room, led)
            <= others + self._sum(self._rooms, room.id, run)
            for room, most in self.openings.rooms(offering, run)
        )

    def _surplus(self, offering: OfferingId, run: Run, room: Room, led: int) -> int:
        """What a seat of a section is worth beyond what it pays itself."""
        each = (
            max(0, self._worth.get((offering, b), 0) - self._shared.get((room.id, b), 0))
            for b in run
        )
        return max(0, sum(each) - led)

    @staticmethod
    def _sum(prices: dict[tuple[str, BlockId], int], name: str, run: Run) -> int:
        return sum(prices.get((name, block), 0) for block in run)

    def _limit(self, offering: OfferingId) -> int | None:
        return self.openings.most_sections(offering)

    # --- what all of them are paid, and whose seats are worth it ------------------------------

    @cached_property
    def _students(self) -> dict[BlockId, int]:
        """What the students of each block count for: as much as the least seat they could take."""
        parts = self.proof.parts
        return {
            block: sum(
                students * min((self._worth.get((o, block), 0) for o in offerings), default=parts)
                for offerings, students in kinds.items()
            )
            for block, kinds in self.openings.demand.items()
        }

    @cached_property
    def _paid(self) -> dict[BlockId, int]:
        """What rooms and adults are paid in each block, if they are in use all day."""
        return {
            block: sum(self._paid_to(room, block) for room in self.facts.rooms)
            + sum(self._earned_in(staff, block) for staff in self.facts.staff)
            for block in self.facts.flex
        }

    def _paid_to(self, room: RoomId, block: BlockId) -> int:
        if self.facts.room_held(room, block):
            return 0
        known, price = self.facts.rooms[room], self._shared.get((room, block), 0)
        return self._rooms.get((room, block), 0) * known.zones + price * known.seats

    def _earned_in(self, staff: StaffId, block: BlockId) -> int:
        held = self.facts.staff_held(staff, block)
        return 0 if held else self._adults.get((staff, block), 0)

    @cached_property
    def _paid_for_the_day(self) -> int:
        """What is paid for sections and leads that a day has only so many of, less what adults
        can't earn in their free time."""
        sections = sum(p * (self._limit(o) or 0) for o, p in self._sections.items())
        leads = sum(p * (self.openings.most_led(staff) or 0) for staff, p in self._leads.items())
        return sections + leads - sum(self._saved(staff) for staff in self.facts.staff)

    def _saved(self, staff: StaffId) -> int:
        """What an adult misses at least, of being on duty all day, by the breaks they are owed."""
        limits = self.openings.duty_limits.get(staff, ())
        paid = {b: self._earned_in(staff, b) for b in self.facts.flex}
        paid = {block: price for block, price in paid.items() if price}
        if not limits or not paid or len(paid) > FEW_BLOCKS:
            return 0
        days = (frozenset(compress(paid, day)) for day in product((1, 0), repeat=len(paid)))
        earned = (sum(paid[b] for b in day) for day in days if _allowed(day, limits))
        return sum(paid.values()) - max(earned)


def _allowed(day: frozenset[BlockId], limits: tuple[AtMost, ...]) -> bool:
    return all(len(day & limit.blocks) <= limit.most for limit in limits)
