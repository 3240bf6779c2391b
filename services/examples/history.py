"""Draws the past a day builds on: what is published, and who has been with whom of late."""

from __future__ import annotations

import numpy as np

from schemas.plan import Duty, Placement, Session
from schemas.problem import Published, RecentPair
from services.examples.planted import PlantedDay
from services.examples.sessions import fills
from services.examples.timetable import PlantedSession


def draw_published(day: PlantedDay) -> Published:
    """Yesterday's plan: like today's planted one in part. An eighth of the sessions did not run, a
    quarter were in another room or led by another adult, half the students were elsewhere."""
    ran = [s for s in day.sessions if not day.draw.chance(0.12)]
    names = {session.id: day.draw.new_id("y") for session in ran}
    sessions = [_as_yesterday(day, session, names[session.id]) for session in ran]
    placements = _placements(day, ran, names)
    return Published(
        plan=day.draw.new_id("plan-"),
        sessions=tuple(sorted(sessions, key=lambda s: s.id)),
        placements=tuple(sorted(placements, key=lambda p: (p.student, p.session))),
    )


def _as_yesterday(day: PlantedDay, session: PlantedSession, name: str) -> Session:
    room, duties = session.room, session.duties
    if day.draw.chance(0.15):
        same = [
            r
            for r in day.places.rooms
            if r.kind == room.kind and r.seats >= session.offering.largest
        ]
        room = day.draw.one(same) if same else room
    if day.draw.chance(0.15):
        first = session.offering.roles[0]
        able = [a.id for a in day.adults if fills(a, first) and a.id != duties[0].staff]
        if able:
            duties = (Duty(staff=day.draw.one(able), role=first.role), *duties[1:])
    return Session(
        id=name, offering=session.offering.id, blocks=day.block_ids(session), room=room.id,
        duties=duties,
    )  # fmt: skip


def _placements(
    day: PlantedDay, ran: list[PlantedSession], names: dict[str, str]
) -> list[Placement]:
    """Nobody is in two places, and nobody is where they may not be."""
    draw, column = day.draw, {o: n for n, o in enumerate(day.offerings)}
    here = day.students.ids
    seated = np.zeros((len(here), len(day.flex)), dtype=bool)
    found = []
    for session in draw.shuffled(ran):
        span = list(session.span)
        stayed = [s for s in session.seated if draw.chance(0.5)]
        wanted = len(session.seated) - len(stayed)
        able = np.flatnonzero(day.could[:, column[session.offering.id]])
        new = draw.some(able.tolist(), wanted) if session.offering.modality != "service" else []
        for student in [*stayed, *(s for s in new if s not in session.seated)]:
            if seated[student, span].any():
                continue
            seated[student, span] = True
            taught = [
                c for c in session.offering.competencies if day.ready[student, day.graph.index[c]]
            ]
            found.append(
                Placement(
                    student=here[student], session=names[session.id],
                    competency=draw.one(taught) if taught else None,
                )
            )  # fmt: skip
    return found


def draw_recent_pairs(day: PlantedDay, published: Published) -> list[RecentPair]:
    """Pairs out of yesterday's sessions, one or two for each student, with one to eight days."""
    draw = day.draw
    members: dict[str, list[str]] = {}
    for placement in published.placements:
        members.setdefault(placement.session, []).append(placement.student)
    groups = [group for group in members.values() if len(group) > 1]
    pairs: dict[tuple[str, str], int] = {}
    for _ in range(len(day.students.ids) * 3 // 2 if groups else 0):
        a, b = sorted(draw.some(draw.one(groups), 2))
        pairs[a, b] = min(8, int(draw.rng.geometric(0.35)))
    return [RecentPair(a=a, b=b, days=days) for (a, b), days in sorted(pairs.items())]
