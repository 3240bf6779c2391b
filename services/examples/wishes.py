"""Draws what is asked for besides needs: floors, choices, requests, owed support."""

from __future__ import annotations

import numpy as np

from schemas.problem import Ballot, DayService, Floors, Request
from schemas.school import Offering
from services.examples.planted import PlantedDay
from services.examples.sessions import fills

CHOOSERS = 0.72
"""Share of the students who hand in a ballot for a window."""


def draw_floors(day: PlantedDay) -> list[Floors]:
    """A tenth of the students are owed some minutes with a teacher, fewer some of enrichment."""
    minutes = day.flex[0].minutes
    return [
        Floors(
            live_teacher=minutes * day.draw.whole(1, max(1, len(day.flex) // 3))
            if day.draw.chance(0.10)
            else 0,
            choice=minutes if day.draw.chance(0.03) else 0,
            enrichment=minutes if day.draw.chance(0.05) else 0,
        )
        for _ in day.students.ids
    ]


def draw_ballots(day: PlantedDay) -> list[Ballot]:
    """Ranked choices per window; most first choices go to a fifth of the offerings, those with
    the fewest seats in all, and credit is higher for the few who lost before."""
    draw = day.draw
    choosable = [
        o
        for o in day.offerings.values()
        if (not o.competencies and o.roles[0].role == "lead" and o.modality != "conference")
        or (o.modality in ("project", "collaboration") and draw.chance(0.4))
    ]
    choosable = [o for o in choosable if o.most_sections and o.starts is None]
    if not choosable:
        return []
    open_to_all = [o for o in choosable if o.grades is None and not o.competencies] or choosable
    popular = _most_wanted(day, open_to_all, max(1, round(len(choosable) / 5)))
    windows = [w.tolist() for w in np.array_split(np.arange(len(day.flex)), day.family.windows)]
    column = {o: n for n, o in enumerate(day.offerings)}
    by_student = day.sessions_by_student()
    ballots = []
    for window in windows:
        for student in range(len(day.students.ids)):
            if not day.students.free[student, window].any() or not draw.chance(CHOOSERS):
                continue
            lawful = [o for o in choosable if day.could[student, column[o.id]]]
            seated = [s.offering.id for s in by_student[student] if s.first in window]
            ranking = _rank(day, lawful, popular, seated)
            if ranking:
                ballots.append(
                    Ballot(
                        id=draw.new_id("w"),
                        student=day.students.ids[student],
                        blocks=tuple(day.flex[at].id for at in window),
                        ranking=ranking,
                        credit=1 if draw.chance(0.6) else min(10, 1 + int(draw.rng.geometric(0.4))),
                    )
                )
    return ballots


def _most_wanted(day: PlantedDay, offerings: list[Offering], count: int) -> list[Offering]:
    """As many offerings as asked that have, together, about half the seats of the first choices
    they will get; those with the fewest seats, and no more sections than planted, if all have
    more."""
    offerings = sorted(offerings, key=lambda o: (seats_of(o), o.id))
    firsts = crowded_share(day.tight) * CHOOSERS * len(day.students.ids) * day.family.windows
    fitting = offerings[:count]
    for first in range(len(offerings) - count + 1):
        some = offerings[first : first + count]
        if sum(map(seats_of, some)) <= firsts / 2:
            fitting = some
    if sum(map(seats_of, fitting)) > firsts / 1.3:
        fitting = [_no_more_than_planted(day, offering) for offering in fitting]
    return fitting


def _no_more_than_planted(day: PlantedDay, offering: Offering) -> Offering:
    """The offering limited to the sections that are planted, one at least."""
    sections = sum(s.offering.id == offering.id for s in day.sessions)
    limited = offering.model_copy(update={"most_sections": max(1, sections)})
    day.offerings[offering.id] = limited
    return limited


def seats_of(offering: Offering) -> int:
    """Seats of all the sections an offering may have."""
    return (offering.most_sections or 0) * offering.largest


def crowded_share(tight: float) -> float:
    """The share of ballots that put one of the most wanted offerings first."""
    return 0.5 + 0.3 * tight


def _rank(
    day: PlantedDay, lawful: list[Offering], popular: list[Offering], seated: list[str]
) -> tuple[str, ...]:
    draw = day.draw
    names = [o.id for o in lawful]
    wanted = [o.id for o in popular if o.id in names]
    others = [name for name in draw.shuffled(names) if name not in wanted]
    crowd = bool(wanted) and draw.chance(crowded_share(day.tight))
    ranking = [draw.one(wanted) if crowd else others[0] if others else names[0]] if names else []
    if draw.chance(0.6):
        ranking += [name for name in seated if name in names and name not in ranking][:1]
    rest = draw.shuffled(others + (wanted if draw.chance(0.4) else []))
    ranking += [name for name in rest if name not in ranking]
    return tuple(ranking[: draw.whole(2, 5)])


def draw_requests(day: PlantedDay) -> list[Request]:
    """Teachers ask for an eighth of the students; somewhat more than half of it is planted."""
    draw = day.draw
    teachers = [a for a in day.adults if a.kind == "teacher"]
    by_student = day.sessions_by_student()
    everywhere = tuple(block.id for block in day.flex)
    requests = []
    for student in draw.some(range(len(day.students.ids)), len(day.students.ids) // 8):
        lessons = [s for s in by_student[student] if s.offering.competencies]
        if lessons and draw.chance(0.55):
            session = draw.one(lessons)
            staff, offerings = session.duties[0].staff, [session.offering.id]
        else:
            adult = draw.one(teachers)
            staff = adult.id
            led = [
                o.id
                for n, o in enumerate(day.offerings.values())
                if o.competencies and fills(adult, o.roles[0]) and day.could[student, n]
            ]
            offerings = draw.some(led, draw.whole(1, 2))
        if offerings:
            requests.append(
                Request(
                    id=draw.new_id("q"),
                    staff=staff,
                    student=day.students.ids[student],
                    offerings=tuple(offerings),
                    blocks=everywhere,
                    priority=draw.one((1, 2, 3, 4, 5), (5, 4, 3, 2, 1)),
                )
            )
    return requests


def draw_services(day: PlantedDay) -> list[DayService]:
    """Support owed today: what the planted day delivers, pulled out and pushed in, and a fifth
    more pulled out (two at least) that it does not; those students join the groups they need."""
    found = []
    for session in list(day.sessions):
        offering = session.offering
        if offering.modality == "service":
            found += [
                _pull_out(day, student, session.first, offering) for student in session.seated
            ]
        elif any(need.role == "specialist" for need in offering.roles):
            chosen = day.draw.some(sorted(session.seated), day.draw.whole(1, 3))
            found += [_push_in(day, student, session.first, offering) for student in chosen]
    pulled = [o for o in day.offerings.values() if o.modality == "service"]
    served = sum(service.setting == "pull_out" for service in found)
    able = [s for s in range(len(day.students.ids)) if s not in day.groups]
    for student in day.draw.some(able, max(2, served // 5)):
        offering = day.draw.one(pulled)
        present = np.flatnonzero(day.students.free[student])
        if len(present):
            day.groups[student].extend(offering.groups or ())
            found.append(_pull_out(day, student, int(day.draw.one(present.tolist())), offering))
    return found


def _pull_out(day: PlantedDay, student: int, at: int, offering: Offering) -> DayService:
    """Not taken from one other block, nor from something that does not run when it is given."""
    draw = day.draw
    block = day.flex[at]
    others = [b.id for b in day.flex if b.id != block.id]
    running = {s.offering.id for s in day.sessions if at in s.span}
    missed = [
        o
        for n, o in enumerate(day.offerings)
        if o not in running and o != offering.id and day.could[student, n]
    ]
    return DayService(
        id=draw.new_id("v"),
        student=day.students.ids[student],
        kind=offering.roles[0].qualification or "support",
        minutes_due=block.minutes * offering.length,
        qualification=offering.roles[0].qualification or "support",
        setting="pull_out",
        largest_group=offering.largest,
        not_from_blocks=tuple(draw.some(others, 1)) if draw.chance(0.3) else (),
        not_from_offerings=tuple(draw.some(missed, 1)) if draw.chance(0.3) else (),
    )


def _push_in(day: PlantedDay, student: int, at: int, offering: Offering) -> DayService:
    needed = next(need for need in offering.roles if need.role == "specialist")
    kind = needed.qualification or "support"
    return DayService(
        id=day.draw.new_id("v"),
        student=day.students.ids[student],
        kind=kind,
        minutes_due=day.flex[at].minutes,
        qualification=kind,
        setting="push_in",
        largest_group=10,
    )
