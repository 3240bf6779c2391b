"""The door to the examples: a Problem of a family, with or without the plan planted in it."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from itertools import pairwise
from operator import itemgetter

from schemas.base import digest
from schemas.plan import Placement, Plan, Session, Unplaced
from schemas.problem import Commitment, DayStaff, DayStudent, Need, Policy, Problem
from services.examples import agreements, commitments, history, overfull, wishes
from services.examples.drawing import Draw
from services.examples.families import FAMILIES, Family
from services.examples.needs import choose_needs, draw_needs, needs_ratio, wanted_ratio
from services.examples.people import Adult
from services.examples.planted import (
    PlantedDay,
    plant,
    seats_taken,
    wanted_fill,
    wanted_work,
    work_done,
)
from services.examples.sessions import fills

FIRST_DAY = date(2026, 9, 7)
FEWEST, MOST = 20, 10_000
"""Students an example can have."""
MOST_TRIES, FEW_STUDENTS = 8, 2400
"""A school is drawn again up to so often, as far as this many students drawn in all allow."""


def example(
    family: str,
    students: int | None = None,
    seed: int = 0,
    tight: float = 0.5,
    overfull: bool = False,
) -> Problem:
    """An invented school day of a family, the same for the same arguments.

    Args:
        students: how many; the family's own number when None.
        tight: 0 (loose) to 1 (as full as can be); 0.5 is as tight as real schools are.
        overfull: take out so many sections and adults that not everybody can have a seat.

    Raises:
        ValueError: there is no such family, tight is out of range, or too few students.
    """
    return planted(family, students, seed, tight, overfull)[0]


def planted(
    family: str,
    students: int | None = None,
    seed: int = 0,
    tight: float = 0.5,
    overfull: bool = False,
) -> tuple[Problem, Plan]:
    """The same with the lawful plan that is planted in it, not judged: everybody has a place,
    unless overfull. Arguments and errors as for `example`."""
    if family not in FAMILIES:
        raise ValueError(f"family {family!r}: there is none; choose from {', '.join(FAMILIES)}")
    if not 0 <= tight <= 1:
        raise ValueError(f"tight {tight}: give a number from 0 (loose) to 1 (full)")
    shape = FAMILIES[family]
    count = shape.students if students is None else students
    if not FEWEST <= count <= MOST:
        raise ValueError(f"students {count}: give a number from {FEWEST} to {MOST}")
    day, chosen = _tight_enough(shape, count, seed, tight)
    return _write(day, chosen, FIRST_DAY + timedelta(days=seed % 5), overfull)


def _tight_enough(
    shape: Family, count: int, seed: int, tight: float
) -> tuple[PlantedDay, list[list[int]]]:
    """Small schools do not always come out as tight as asked, so several are tried, and the best
    is taken; with it come the needs chosen for it."""
    tried: list[tuple[float, PlantedDay, list[list[int]]]] = []
    for attempt in range(max(1, min(MOST_TRIES, FEW_STUDENTS // count))):
        day = plant(shape, count, Draw((seed, attempt)), tight)
        chosen = choose_needs(day)
        off = max(
            abs(work_done(day) - wanted_work(tight)) / 0.05,
            abs(seats_taken(day) - wanted_fill(tight)) / 0.06,
            abs(needs_ratio(day, chosen) - wanted_ratio(tight)) / 0.1,
        )
        tried.append((off, day, chosen))
        if off <= 1:
            break
    return min(tried, key=itemgetter(0))[1:]


def _write(
    day: PlantedDay, chosen: list[list[int]], today: date, too_full: bool
) -> tuple[Problem, Plan]:
    services = wishes.draw_services(day)
    needs = draw_needs(day, chosen)
    ballots, requests = wishes.draw_ballots(day), wishes.draw_requests(day)
    relations, orders = agreements.draw_relations(day), agreements.draw_orders(day)
    accommodations, repeats = agreements.draw_accommodations(day), agreements.draw_repeats(day)
    stuck = agreements.draw_stuck(day, [[n.competency for n in found] for found in needs])
    published = history.draw_published(day)
    recent = history.draw_recent_pairs(day, published)
    if too_full:
        overfull.drop_sessions(day)
    locks, overrides = agreements.draw_locks(day, today), agreements.draw_overrides(day)
    staff, students = _staff(day), _students(day, needs)
    problem = Problem(
        school=f"{day.family.name}-school",
        day=today,
        zone="America/Chicago",
        buildings=day.places.buildings,
        travel=day.places.travel,
        blocks=day.blocks,
        rooms=tuple(sorted(day.places.rooms, key=lambda room: room.id)),
        closures=tuple(sorted(day.places.closures)),
        competencies=tuple(sorted(day.graph.items, key=lambda item: item.id)),
        offerings=tuple(sorted(day.offerings.values(), key=lambda offering: offering.id)),
        staff=staff,
        students=students,
        homes=tuple(day.homes),
        protected=tuple(sorted(day.protected, key=lambda time: time.id)),
        ballots=tuple(sorted(ballots, key=lambda ballot: ballot.id)),
        requests=tuple(sorted(requests, key=lambda request: request.id)),
        services=tuple(sorted(services, key=lambda service: service.id)),
        accommodations=tuple(sorted(accommodations, key=lambda a: a.id)),
        relations=tuple(sorted(relations, key=lambda relation: relation.id)),
        orders=tuple(orders),
        repeats=tuple(repeats),
        stuck=tuple(stuck),
        recent_pairs=tuple(recent),
        locks=tuple(sorted(locks, key=lambda lock: lock.id)),
        overrides=tuple(sorted(overrides, key=lambda override: override.id)),
        published=published,
        policy=Policy(student_room_changes=max(3, len(day.flex) - 2)),
    )
    return problem, _plan(day, problem)


def _students(day: PlantedDay, needs: list[tuple[Need, ...]]) -> tuple[DayStudent, ...]:
    stays, floors, found = commitments.stays_of_students(day), wishes.draw_floors(day), []
    for n, name in enumerate(day.students.ids):
        here = {int(at) for at in day.students.away[n].nonzero()[0]}
        away = commitments.whole_absence(day, here)
        busy = tuple(
            Commitment(blocks=(day.flex[at].id,), title="Appointment")
            for at in day.students.busy[n].nonzero()[0]
        )
        found.append(
            DayStudent(
                id=name,
                grade=day.students.grades[n],
                groups=tuple(sorted(day.groups.get(n, ()))),
                off_campus_consent=bool(day.students.consent[n]),
                needs_features=_needed_features(day, n),
                away=tuple(day.blocks[at].id for at in sorted(away)),
                commitments=(*busy, *commitments.draw_classes(day, stays[n], away)),
                mastered=tuple(sorted(day.graph.items[c].id for c in day.mastered[n].nonzero()[0])),
                needs=needs[n],
                floors=floors[n],
            )
        )
    return tuple(found)


def _needed_features(day: PlantedDay, student: int) -> tuple[str, ...]:
    """Two in a hundred need step-free rooms, of those whose planted rooms all are."""
    if not day.draw.chance(0.04):
        return ()
    rooms = [s.room for s in day.sessions if student in s.seated]
    return ("step_free",) if all("step_free" in room.features for room in rooms) else ()


def _staff(day: PlantedDay) -> tuple[DayStaff, ...]:
    stays = commitments.stays_of_adults(day)
    minding = {(home.staff, home.block) for home in day.homes}
    return tuple(_adult(day, adult, stays[adult.id], minding) for adult in day.adults)


def _adult(
    day: PlantedDay,
    adult: Adult,
    stays: list[commitments.Stay],
    minding: set[tuple[str, str]],
) -> DayStaff:
    draw = day.draw
    away = commitments.whole_absence(day, adult.away)
    meetings = [day.flex[at].id for at in sorted(adult.held)]
    meetings = [block for block in meetings if (adult.id, block) not in minding]
    led = [
        s for s in day.sessions if any(d.staff == adult.id and d.role == "lead" for d in s.duties)
    ]
    duties = [at for at in range(len(day.flex)) if (adult.id, at) in day.timetable.on_duty]
    able = [o.id for o in day.offerings.values() if fills(adult, o.roles[0])]
    taken = {s.offering.id for s in day.sessions}
    return DayStaff(
        id=adult.id,
        qualifications=adult.qualifications,
        away=tuple(day.blocks[at].id for at in sorted(away)),
        commitments=(
            *(Commitment(blocks=(block,), title="Meeting") for block in meetings),
            *commitments.draw_classes(day, stays, away, skip=1),
        ),
        most_preparations=len({s.offering.id for s in led}) + draw.whole(0, 2)
        if led and draw.chance(0.6)
        else None,
        most_consecutive_blocks=_longest_run(day, duties) + draw.whole(0, 1)
        if duties and draw.chance(0.5)
        else None,
        most_students=sum(len(s.seated) for s in led) * draw.whole(110, 130) // 100
        if led and draw.chance(0.4)
        else None,
        declined=tuple(draw.some([o for o in able if o not in taken], 1))
        if draw.chance(0.25)
        else (),
        covers=tuple(draw.some(able, 1)) if draw.chance(0.3) else (),
        fair_blocks=max(0, len(duties) + draw.one((-1, 0, 0, 1))) if draw.chance(0.7) else None,
        fair_cover=1 if draw.chance(0.3) else None,
    )


def _longest_run(day: PlantedDay, duties: list[int]) -> int:
    """Most blocks of the day in a row with a duty."""
    at = commitments.flex_positions(day)
    longest = run = 1
    for earlier, later in pairwise(at[n] for n in duties):
        run = run + 1 if later == earlier + 1 else 1
        longest = max(longest, run)
    return longest


def _plan(day: PlantedDay, problem: Problem) -> Plan:
    sessions = [
        Session(
            id=s.id, offering=s.offering.id, blocks=day.block_ids(s), room=s.room.id,
            duties=s.duties,
        )
        for s in day.sessions
    ]  # fmt: skip
    placements = [
        Placement(student=day.students.ids[n], session=s.id, competency=competency)
        for s in day.sessions
        for n, competency in s.seated.items()
    ]
    return Plan(
        problem=digest(problem),
        sessions=tuple(sorted(sessions, key=lambda s: s.id)),
        placements=tuple(sorted(placements, key=lambda p: (p.student, p.session))),
        unplaced=tuple(_unplaced(day)),
        findings=(),
        cost=0,
        bound=None,
        stake=0,
        gap=None,
    )


def _unplaced(day: PlantedDay) -> list[Unplaced]:
    """Whoever has no session goes to the first home place of the block with a seat left."""
    seated = {(n, at) for s in day.sessions for n in s.seated for at in s.span}
    taken: Counter[str] = Counter()
    found = []
    for n, name in enumerate(day.students.ids):
        for at in day.students.free[n].nonzero()[0]:
            if (n, int(at)) in seated:
                continue
            block = day.flex[at].id
            home = next(h for h in day.homes if h.block == block and taken[h.id] < h.seats)
            taken[home.id] += 1
            found.append(Unplaced(student=name, block=block, reason="no_seat", home=home.id))
    return sorted(found, key=lambda u: (u.student, u.block))
