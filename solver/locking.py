"""Ways to have a plan do what a lock asks, in exchange with whatever stands in its way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from schemas.base import BlockId, OfferingId, StudentId
from schemas.plan import Duty, Session
from schemas.problem import Lock
from solver.hand import Edit
from solver.ways import SEATS, Way, Ways


class Locking:
    """Finds ways for locks in a plan as it is at the moment."""

    def __init__(self, ways: Ways) -> None:
        self.ways, self.places = ways, ways.places
        self.facts, self.layout = ways.facts, ways.layout

    def ways_for(self, lock: Lock) -> Iterator[Way]:
        """Ways to do what a lock asks, as far as they are known, lawful or not."""
        match lock.target:
            case "placement":
                yield from self._towards(lock.student, lock.offering, lock.block, lock.room)
            case "session":
                yield from self._as_locked(lock.offering, lock.block, lock.room, lock.lead)
            case "room":
                for session in list(self.layout.in_room(lock.room, lock.block)):
                    if session.offering != lock.offering:
                        yield from self.ways.for_session(session)
            case "duty" if lock.offering is not None:
                yield from self._as_locked(lock.offering, lock.block, None, lock.staff)
            case "duty":
                for session in list(self.layout.working(lock.staff, lock.block)):
                    yield from self.ways.for_session(session, leaving=lock.staff)

    def _towards(
        self, student: StudentId, offering: OfferingId, block: BlockId, room: str | None
    ) -> Iterator[Way]:
        """A student into a session of an offering: a free seat, a seat that somebody gives up, or
        one more session."""
        for session in list(self.layout.sessions_for(offering)):
            if block in session.blocks and room in (None, session.room):
                edit = self.places.move(student, session)
                yield self.ways.placed(edit, student, session)
                if len(self.layout.students_in(session.id)) >= self.places.most(session):
                    for both in islice(self.places.in_place_of_another(student, session), SEATS):
                        yield self.ways.placed(both, student, session)
        yield from self._opened(offering, block, (student,), room)

    def _opened(
        self, offering: OfferingId, block: BlockId, students: Iterable[StudentId], room: str | None
    ) -> Iterator[Way]:
        for run in self.facts.starts(offering):
            if block in run:
                for session in self.places.stageable(offering, run, rooms=SEATS):
                    wanted = session.model_copy(update={"room": room}) if room else session
                    yield self.ways.judged("open", self.places.gathering(wanted, students))

    def _as_locked(
        self, offering: OfferingId, block: BlockId, room: str | None, lead: str | None
    ) -> Iterator[Way]:
        """A session of the offering in the room, or led by whom a lock names: in exchange with
        whatever holds them now."""
        for session in list(self.layout.sessions_for(offering)):
            if block in session.blocks:
                wanted = session
                if room is not None:
                    wanted = wanted.model_copy(update={"room": room})
                if lead is not None:
                    wanted = wanted.model_copy(update={"duties": _led_by(wanted, lead)})
                yield self.ways.judged("swap", Edit(sessions=(wanted,)))
                yield from self._exchanged(session, wanted)
        waiting = [s for s, b in self.layout.unplaced if b == block]
        yield from self._opened(offering, block, waiting, room)

    def _exchanged(self, session: Session, wanted: Session) -> Iterator[Way]:
        """The same, with the session that holds the room or the adult taking theirs in return, or
        somebody who is free."""
        for other in self.places.running(session.blocks):
            if other is session:
                continue
            shared = {d.staff for d in other.duties} & {d.staff for d in wanted.duties}
            given = other
            if other.room == wanted.room and wanted.room != session.room:
                given = given.model_copy(update={"room": session.room})
            if shared:
                kept = tuple(duty for duty in other.duties if duty.staff not in shared)
                spared = [d.staff for d in session.duties if d not in wanted.duties]
                free = [*spared, *self.places.free_adults(other.blocks)]
                duties = self.places.crew(other.offering, kept, free)
                if duties is None:
                    continue
                given = given.model_copy(update={"duties": duties})
            if given is not other:
                yield self.ways.judged("swap", Edit(sessions=(wanted, given)))


def _led_by(session: Session, lead: str) -> tuple[Duty, ...]:
    others = tuple(d for d in session.duties if d.role != "lead" and d.staff != lead)
    return (Duty(staff=lead, role="lead"), *others)
