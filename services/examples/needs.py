"""Draws what students need: mostly ready, unevenly urgent, more than any plan can serve."""

from __future__ import annotations

from collections import Counter

import numpy as np

from schemas.problem import Need
from services.examples.competencies import Flags
from services.examples.measures import most_served
from services.examples.planted import PlantedDay
from services.examples.sessions import fills

FEWEST_NEEDS, MOST_NEEDS = 4, 8


def servable(day: PlantedDay) -> Flags:
    """Students x competencies: ready, and taught in blocks the student has by something that
    admits them."""
    free, found = day.students.free, np.zeros_like(day.ready)
    for n, offering in enumerate(day.offerings.values()):
        if not offering.competencies:
            continue
        hours = np.zeros(len(free), dtype=bool)
        for first in day.timetable.starts[offering.id]:
            hours |= free[:, first : first + offering.length].all(axis=1)
        able = hours & day.could[:, n]
        for competency in offering.competencies:
            found[:, day.graph.index[competency]] |= able
    return found & day.ready


def choose_needs(day: PlantedDay) -> list[list[int]]:
    """The needs of each student that can be served today, as competencies by position: most of
    what the planted seats serve, and so many more as to exceed what any plan can serve by the
    wanted ratio."""
    draw, within = day.draw, servable(day)
    chosen: list[list[int]] = [[] for _ in day.students.ids]
    for session in day.sessions:
        for student, competency in session.seated.items():
            if competency is not None and len(chosen[student]) < MOST_NEEDS and draw.chance(0.88):
                chosen[student].append(day.graph.index[competency])
    taken = {(student, column) for student, columns in enumerate(chosen) for column in columns}
    pool = [
        (int(s), int(c)) for s, c in zip(*np.nonzero(within), strict=True) if (s, c) not in taken
    ]
    _add_surplus(day, chosen, draw.shuffled(pool))
    return chosen


def draw_needs(day: PlantedDay, chosen: list[list[int]]) -> list[tuple[Need, ...]]:
    """Four to eight needs for each student, unevenly urgent: the chosen ones, and the rest out of
    reach today, as nobody teaches it or they are not ready."""
    within = servable(day)
    return [_to_needs(day, student, columns, within) for student, columns in enumerate(chosen)]


def needs_ratio(day: PlantedDay, chosen: list[list[int]]) -> float:
    """Needs that can be served to the most that any plan can serve."""
    return sum(map(len, chosen)) / max(1, _most_served(day, chosen))


def wanted_ratio(tight: float) -> float:
    """What that ratio is to be: 1.05 to 1.61, a third more at 0.5."""
    return 1.05 + 0.56 * tight


def _add_surplus(day: PlantedDay, chosen: list[list[int]], pool: list[tuple[int, int]]) -> None:
    """Adds as many needs of the pool, in its order, as keep the ratio of needs to the most that
    any plan can serve at what is wanted. The ratio grows with the needs, so halving finds it."""
    ratio = wanted_ratio(day.tight)
    enough, too_many = 0, len(pool) + 1
    while too_many - enough > max(1, len(pool) // 200):
        middle = (enough + too_many) // 2
        tried = _with(chosen, pool[:middle])
        if sum(map(len, tried)) <= ratio * _most_served(day, tried):
            enough = middle
        else:
            too_many = middle
    chosen[:] = _with(chosen, pool[:enough])


def _with(chosen: list[list[int]], more: list[tuple[int, int]]) -> list[list[int]]:
    """The needs with more of them, up to eight a student."""
    found = [list(columns) for columns in chosen]
    for student, column in more:
        if len(found[student]) < MOST_NEEDS:
            found[student].append(column)
    return found


def _most_served(day: PlantedDay, chosen: list[list[int]]) -> int:
    counts = Counter(day.graph.items[c].id for columns in chosen for c in columns)
    free = day.students.free.sum(axis=1)
    at_most = sum(min(len(columns), int(free[s])) for s, columns in enumerate(chosen))
    offerings = list(day.offerings.values())
    leads = {
        adult.id: [o.id for o in offerings if o.competencies and fills(adult, o.roles[0])]
        for adult in day.adults
    }
    may = {a.id: sum(a.may_work(at) for at in range(len(day.flex))) for a in day.adults}
    return most_served(counts, at_most, offerings, may, leads)


def _to_needs(day: PlantedDay, student: int, columns: list[int], within: Flags) -> tuple[Need, ...]:
    draw, reach = day.draw, within[student]
    untaught = np.flatnonzero(day.ready[student] & ~reach)
    beyond = np.flatnonzero(~day.ready[student] & ~day.mastered[student])
    others = draw.some(untaught.tolist(), MOST_NEEDS)
    not_ready = draw.some(beyond.tolist(), MOST_NEEDS)
    wanted = draw.whole(FEWEST_NEEDS, MOST_NEEDS)
    extra: list[int] = []
    while len(columns) + len(extra) < wanted and (others or not_ready):
        source = others if others and (draw.chance(0.8) or not not_ready) else not_ready
        extra.append(source.pop())
    urgent = draw.rng.exponential(22, MOST_NEEDS) + draw.whole(1, 10)
    centre = draw.whole(25, 75)
    return tuple(
        Need(
            competency=day.graph.items[column].id,
            urgency=int(np.clip(urgent[n], 1, 100)),
            readiness=int(np.clip(draw.rng.normal(centre, 15), 0, 100)),
            evidenced=draw.chance(0.85),
        )
        for n, column in enumerate(draw.shuffled(columns + extra))
    )
