"""Takes so much capacity out of a planted day that not everybody can have a seat."""

from __future__ import annotations

from collections import defaultdict

from schemas.problem import Lock
from services.examples.planted import PlantedDay
from services.examples.sessions import PlantedSession

SEATS_FOR = 0.93
"""Share of the students present in the fullest block for whom a seat is left at most."""


def drop_sessions(day: PlantedDay, locks: list[Lock]) -> list[PlantedSession]:
    """Cancels sessions that no lock is about, and lets no other section run in their place, until
    the sections allowed seat fewer students over the day than have to be somewhere; the adults of
    cancelled sessions are absent. Returns what was cancelled."""
    locked = {lock.offering for lock in locks if lock.offering is not None}
    must_be = int(day.students.free.sum())
    left = sum(len(s.span) * s.offering.largest for s in day.sessions)
    dropped: list[PlantedSession] = []
    for session in day.draw.shuffled(day.sessions):
        if left <= SEATS_FOR * must_be:
            break
        if session.offering.id not in locked:
            left -= len(session.span) * session.offering.largest
            dropped.append(session)
    gone = {session.id for session in dropped}
    day.sessions[:] = [s for s in day.sessions if s.id not in gone]
    _limit_sections(day)
    _send_home(day, dropped)
    return dropped


def _limit_sections(day: PlantedDay) -> None:
    running: dict[str, int] = defaultdict(int)
    for session in day.sessions:
        running[session.offering.id] += 1
    for name, offering in day.offerings.items():
        day.offerings[name] = offering.model_copy(update={"most_sections": running[name]})


def _send_home(day: PlantedDay, dropped: list[PlantedSession]) -> None:
    adults = {adult.id: adult for adult in day.adults}
    for session in dropped:
        for duty in session.duties:
            adults[duty.staff].held.update(session.span)
            adults[duty.staff].working.difference_update(session.span)
