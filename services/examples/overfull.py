"""Takes so much capacity out of a planted day that not everybody can have a seat."""

from __future__ import annotations

from collections import defaultdict

from services.examples.planted import PlantedDay
from services.examples.timetable import PlantedSession

SEATS_FOR = 0.93
"""Of the student-blocks that need a seat, the share for which one is left at most."""


def drop_sessions(day: PlantedDay) -> None:
    """Cancels sessions, and lets no other section run in their place, until the sections allowed
    seat fewer students over the day than have to be somewhere; the adults of cancelled sessions
    are held elsewhere."""
    must_be = int(day.students.free.sum())
    left = sum(len(s.span) * s.offering.largest for s in day.sessions)
    dropped: list[PlantedSession] = []
    for session in day.draw.shuffled(day.sessions):
        if left <= SEATS_FOR * must_be:
            break
        left -= len(session.span) * session.offering.largest
        dropped.append(session)
    gone = {session.id for session in dropped}
    day.sessions[:] = [s for s in day.sessions if s.id not in gone]
    _limit_sections(day)
    _hold_adults(day, dropped)


def _limit_sections(day: PlantedDay) -> None:
    running: dict[str, int] = defaultdict(int)
    for session in day.sessions:
        running[session.offering.id] += 1
    for name, offering in day.offerings.items():
        day.offerings[name] = offering.model_copy(update={"most_sections": running[name]})


def _hold_adults(day: PlantedDay, dropped: list[PlantedSession]) -> None:
    adults = {adult.id: adult for adult in day.adults}
    for session in dropped:
        for duty in session.duties:
            adults[duty.staff].held.update(session.span)
            adults[duty.staff].working.difference_update(session.span)
