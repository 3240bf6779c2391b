"""Draws the sessions of a planted day: lawful in rooms, adults and travel, large enough for all."""

from __future__ import annotations

import math
from itertools import pairwise
from operator import itemgetter

import numpy as np

from schemas.plan import Duty
from schemas.problem import DayBlock
from schemas.school import Offering, RoleNeed
from services.examples.competencies import Flags
from services.examples.drawing import Draw
from services.examples.families import Family
from services.examples.people import Adult
from services.examples.places import Places
from services.examples.timetable import PlantedSession, Timetable

REDRAWS = 60
FEW_ADULTS = 10
"""With fewer, hardly anybody can be spared for the smallest groups."""
SPARED = ("service", "work_based")
"""Modalities that are drawn first and not redrawn to even out a block, adults permitting."""
TASTE = {"conference": 0.05, "independent": 0.4}
"""How much likelier than another open offering; a competency offering is three times as likely."""


class SessionDraw:
    """Fills a timetable block by block: each working adult takes on what they are qualified for,
    sized so that the block's seats come to what is wanted."""

    def __init__(
        self,
        draw: Draw,
        family: Family,
        places: Places,
        flex: list[DayBlock],
        adults: list[Adult],
        offerings: list[Offering],
        takers: Flags,
    ) -> None:
        """`takers` is students x offerings: who could sit in it."""
        self.draw, self.family, self.flex, self.adults = draw, family, flex, adults
        self.timetable = Timetable(places, flex)
        self.offerings = offerings
        self._leads = {
            adult.id: [o for o in offerings if fills(adult, o.roles[0])] for adult in adults
        }
        self._demand = {o.id: int(takers[:, n].sum()) for n, o in enumerate(offerings)}
        self.timetable.starts = {
            o.id: [at for at in range(len(flex)) if self._may_start(o, at)] for o in offerings
        }

    def _may_start(self, offering: Offering, at: int) -> bool:
        run = self.flex[at : at + offering.length]
        unbroken = len(run) == offering.length and all(
            b.start - a.end <= self.family.passing for a, b in pairwise(run)
        )
        return unbroken and (offering.starts is None or run[0].id in offering.starts)

    def fill(self, block: int, seats: int) -> None:
        """Gives every adult who works in the block a duty, for about so many seats in all."""
        present = [a for a in self.draw.shuffled(self.adults) if block in a.working]
        waiting = [a for _, a in sorted(((self._turn(a), a) for a in present), key=itemgetter(0))]
        for n, adult in enumerate(waiting):
            if not self.timetable.free(adult, range(block, block + 1)):
                continue
            left = [a for a in waiting[n:] if self.timetable.free(a, range(block, block + 1))]
            short = seats - self.timetable.capacity(block)
            self._assign(adult, block, max(1.0, short / (0.93 * len(left))), len(left))
        self._even_out(block, seats)

    def _turn(self, adult: Adult) -> int:
        """Specialists start with their own groups, or wait to be asked into a teacher's session;
        aides take what is left."""
        if adult.kind == "specialist":
            return 2 if self.draw.chance(0.5) else 0
        return 1 if adult.kind == "teacher" else 3

    def _even_out(self, block: int, seats: int) -> None:
        """Redraws single sessions until the block's seats are within two in a hundred of the aim
        (a limited number of times: not every school's adults and rooms can get there)."""
        for _ in range(REDRAWS):
            off = seats - self.timetable.capacity(block)
            single = [
                s
                for s in self.timetable.sessions
                if s.first == block
                and len(s.duties) == 1
                and (s.offering.modality not in SPARED or len(self.adults) < FEW_ADULTS)
            ]
            if abs(off) <= 0.02 * seats or not single:
                return
            self._redraw(self.draw.one(single), seats, off)

    def _redraw(self, session: PlantedSession, seats: int, off: int) -> None:
        """Lets a session's adult do something else, unless that is further from the aim."""
        lead = next(a for a in self.adults if a.id == session.duties[0].staff)
        self._remove(session)
        other = self._assign(lead, session.first, max(1.0, session.capacity + off), 1)
        if other and abs(seats - self.timetable.capacity(session.first)) < abs(off):
            return
        if other:
            self._remove(other)
        self._add(session)

    def _add(self, session: PlantedSession) -> None:
        self.timetable.add(session)
        self._count(session, 1)

    def _remove(self, session: PlantedSession) -> None:
        self.timetable.remove(session)
        self._count(session, -1)

    def _count(self, session: PlantedSession, sections: int) -> None:
        """Takes a session's seats off what other offerings may hope to fill."""
        taught = set(session.offering.competencies)
        for other in self.offerings:
            if taught.intersection(other.competencies) or other.id == session.offering.id:
                self._demand[other.id] -= sections * session.capacity

    def _assign(self, adult: Adult, block: int, wanted: float, left: int) -> PlantedSession | None:
        """A session for the adult, added to the timetable, if any can be drawn."""
        options = [o for o in self._leads[adult.id] if self._worth(o, adult, block)]
        while options:
            weights = [self._weight(o, block, wanted, left) for o in options]
            offering = self.draw.one(options, weights)
            try:
                session = self._form(offering, adult, block)
            except LookupError:
                options.remove(offering)
            else:
                self._add(session)
                return session
        return None

    def _worth(self, offering: Offering, adult: Adult, block: int) -> bool:
        """Whether it may start now, the adult is there throughout, and students are left for it."""
        return (
            block in self.timetable.starts[offering.id]
            and self.timetable.free(adult, range(block, block + offering.length))
            and self._demand[offering.id] >= 0.75 * offering.largest
        )

    def _weight(self, offering: Offering, block: int, wanted: float, left: int) -> float:
        """Sizes near the wanted mean are likelier, the more so the fewer adults are left; work
        off campus and services go first, and a conference is what remains."""
        if offering.modality in SPARED:
            if len(self.adults) < FEW_ADULTS:
                return 0.5 if offering.modality == "service" else 0.02
            return 4.0 if self.timetable.sections[offering.id] else 40.0
        pull = 0.5 + 4.0 / left
        size = math.exp(-pull * abs(math.log(offering.largest / wanted)))
        again = (1.0 + self.timetable.sections[offering.id]) ** -1.5
        taste = 3.0 if offering.competencies else TASTE.get(offering.modality, 1.0)
        together = 2.0 if len(offering.roles) > 1 else 1.0
        return float(size * again * taste * together)

    def _form(self, offering: Offering, adult: Adult, block: int) -> PlantedSession:
        """A session led by the adult, with the other adults and the room it takes.

        Raises:
            LookupError: there are no such adults or no such room.
        """
        team = [(adult, offering.roles[0])]
        for need in offering.roles[1:]:
            team.append((self._second(offering, need, team, block), need))
        room = self.timetable.room_for(self.draw, offering, block, [a for a, _ in team])
        duties = tuple(Duty(staff=a.id, role=need.role) for a, need in team)
        ratio = offering.students_per_adult
        capacity = min(offering.largest, room.seats, ratio * len(team) if ratio else 10_000)
        return PlantedSession(self.draw.new_id("m"), offering, block, room, duties, capacity)

    def _second(
        self, offering: Offering, need: RoleNeed, team: list[tuple[Adult, RoleNeed]], block: int
    ) -> Adult:
        kind = "aide" if need.role == "aide" else "specialist"
        taken = {adult.id for adult, _ in team}
        for adult in self.adults:
            if (
                adult.kind == kind
                and adult.id not in taken
                and fills(adult, need)
                and self.timetable.free(adult, range(block, block + offering.length))
            ):
                return adult
        raise LookupError(need.role)


def fills(adult: Adult, need: RoleNeed) -> bool:
    """Whether the adult may take the role; aides lead nothing that asks for a qualification."""
    return need.qualification is None or need.qualification in adult.qualifications


def could_attend(
    offerings: list[Offering],
    grades: tuple[str, ...],
    consent: Flags,
    ready: Flags,
    index: dict[str, int],
) -> Flags:
    """Students x offerings: grade and consent admit them, and they are ready for something in
    it."""  # fmt: skip
    takers = np.ones((len(grades), len(offerings)), dtype=bool)
    for n, offering in enumerate(offerings):
        if offering.grades is not None:
            takers[:, n] &= np.isin(grades, offering.grades)
        if offering.needs_consent:
            takers[:, n] &= consent
        if offering.competencies:
            takers[:, n] &= ready[:, [index[c] for c in offering.competencies]].any(axis=1)
    return takers
