"""A filed plan with its problem and its names, ready to be asked for anybody's part in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from schemas.base import BlockId, CompetencyId, SessionId, StaffId, StudentId
from schemas.plan import Placement, Session, Unplaced
from schemas.problem import DayBlock, HomePlace, Problem
from schemas.schedule import Arrival, Reason
from schemas.school import BellSchedule, Block, ClassSection
from services.short_names import competency_codes, competency_names
from services.store import PlanRow, Tx
from solver.facts import Facts
from solver.layout import Layout
from solver.reasons import why_here

DAYS_SHOWN_AHEAD = 14


@dataclass(frozen=True)
class Names:
    """Titles of places, adults and offerings, and the class sections, of one school."""

    rooms: Mapping[str, str]
    buildings: Mapping[str, str]
    staff: Mapping[str, str]
    competencies: Mapping[str, str]
    codes: Mapping[str, str]
    """Of competencies that have one."""
    sections: Sequence[ClassSection]

    @classmethod
    def of(cls, tx: Tx) -> Names:
        return cls(
            rooms=tx.titles("rooms"),
            buildings=tx.titles("buildings"),
            staff=tx.titles("staff"),
            competencies=competency_names(tx),
            codes=competency_codes(tx),
            sections=tx.roster("sections"),
        )


class Book:
    """A filed plan with its problem, ready to be asked for anybody's part in it."""

    def __init__(self, tx: Tx, row: PlanRow) -> None:
        self.row = row
        self.plan = row.plan
        self.problem: Problem = tx.problem(row.problem_digest)
        self.names = Names.of(tx)

    @cached_property
    def blocks(self) -> dict[BlockId, DayBlock]:
        return {block.id: block for block in self.problem.blocks}

    @cached_property
    def titles(self) -> dict[str, str]:
        return {offering.id: offering.title for offering in self.problem.offerings}

    @cached_property
    def sessions(self) -> dict[SessionId, Session]:
        return {session.id: session for session in self.plan.sessions}

    @cached_property
    def homes(self) -> dict[str, HomePlace]:
        return {home.id: home for home in self.problem.homes}

    @cached_property
    def facts(self) -> Facts:
        return Facts(self.problem)

    @cached_property
    def layout(self) -> Layout:
        plan = self.plan
        return Layout(self.facts, plan.sessions, plan.placements, plan.unplaced)

    @cached_property
    def placed(self) -> dict[SessionId, list[Placement]]:
        found: dict[SessionId, list[Placement]] = defaultdict(list)
        for placement in self.plan.placements:
            found[placement.session].append(placement)
        return found

    @cached_property
    def whereabouts(self) -> dict[tuple[StudentId, BlockId], Session | Unplaced]:
        """Each student's session, or the fact that they have none, by block."""
        found: dict[tuple[StudentId, BlockId], Session | Unplaced] = {
            (one.student, one.block): one for one in self.plan.unplaced
        }
        for placement in self.plan.placements:
            session = self.sessions[placement.session]
            found.update(((placement.student, block), session) for block in session.blocks)
        return found

    def arrival(self, student: StudentId, block: BlockId) -> Arrival | None:
        """Where a student is in a block by this plan; None where nothing holds them."""
        place = self.whereabouts.get((student, block))
        if isinstance(place, Session):
            return Arrival(title=self.titles[place.offering], room=self.room(place.room))
        home = self.homes.get(place.home or "") if place else None
        if home:
            return Arrival(title="", room=self.room(home.room))
        for section in self.names.sections:
            if block in section.blocks and student in section.students:
                return Arrival(title=section.title, room=self.room(section.room))
        return None

    def why(self, student: StudentId, session: SessionId, entitled: bool) -> tuple[Reason, ...]:
        """Why a student is in a session, as far as the reader may know, with names beside ids."""
        reasons = why_here(self.facts, self.layout, student, session)
        told = (one for one in reasons if entitled or one.audience == "everyone")
        return tuple(self.named(reason) for reason in told)

    def named(self, reason: Reason) -> Reason:
        """A reason whose parameters carry a name beside each id, for the sentence about it."""
        known = {
            "competency": self.names.competencies,
            "staff": self.names.staff,
            "owner": self.names.staff,
            "room": self.names.rooms,
            "block": {block.id: block.title for block in self.problem.blocks},
            "offering": self.titles,
        }
        names = {
            f"{kind}_name": known[kind].get(value, value)
            for kind, value in reason.parameters.items()
            if kind in known
        }
        return reason.model_copy(update={"parameters": {**reason.parameters, **names}})

    def competency(self, competency: CompetencyId | None) -> str:
        """Code and name, as teachers call it; empty for none."""
        id = competency or ""
        return f"{self.names.codes.get(id, '')} {self.names.competencies.get(id, '')}".strip()

    def room(self, room: str | None) -> str:
        return self.names.rooms.get(room or "", room or "")

    def building(self, room: str | None) -> str:
        held = next((one.building for one in self.problem.rooms if one.id == room), "")
        return self.names.buildings.get(held, held)

    def adults(self, staff: Iterable[StaffId]) -> tuple[str, ...]:
        return tuple(self.names.staff.get(adult, adult) for adult in dict.fromkeys(staff))


def shown(tx: Tx, now: datetime) -> date | None:
    """The day to show first at a time on the school's clock: today if it is published and not
    over, else the next published one within two weeks, else the last one; None where nothing was
    ever published."""
    today = now.date()
    first = 1 if _is_over(tx, now) else 0
    for ahead in range(first, DAYS_SHOWN_AHEAD + 1):
        row = tx.published(today + timedelta(days=ahead))
        if row is not None:
            return row.day
    last = tx.published(today) or tx.last_published(today)
    return last.day if last else None


def _is_over(tx: Tx, now: datetime) -> bool:
    """Whether the last block of the day has ended."""
    blocks = bell_blocks(tx, now.date())
    return all(block.end <= 60 * now.hour + now.minute for block in blocks)


def neighbours(tx: Tx, day: date) -> tuple[date | None, date | None]:
    """The school days before and after a day, by the calendar."""
    days = [entry.date for entry in tx.roster("calendar") if entry.bell_schedule is not None]
    before = max((one for one in days if one < day), default=None)
    return before, min((one for one in days if one > day), default=None)


def book_before(tx: Tx, row: PlanRow) -> Book | None:
    """The publication of the day whose place a published plan took, if there was one."""
    earlier = [plan for number, plan in tx.publications(row.day) if number < (row.pub_seq or 0)]
    return Book(tx, tx.plan(earlier[-1])) if earlier else None


def flex_blocks(tx: Tx, day: date) -> tuple[BlockId, ...]:
    """The flexible blocks of a day by its bell schedule; none on a closed day."""
    return tuple(block.id for block in bell_blocks(tx, day) if block.kind == "flex")


def bell_blocks(tx: Tx, day: date) -> tuple[Block, ...]:
    """The blocks of a day by its bell schedule; none on a closed day."""
    followed = next((e.bell_schedule for e in tx.roster("calendar") if e.date == day), None)
    schedules: list[BellSchedule] = tx.roster("bell_schedules")
    return tuple(block for one in schedules if one.id == followed for block in one.blocks)
