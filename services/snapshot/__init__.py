"""A school's records at a log position, frozen into the Problem of one day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from schemas.problem import DayStudent, Order, Policy, Problem
from services.snapshot.history import (
    Past,
    credits,
    like_day,
    past,
    recent_pairs,
    still_known,
)
from services.snapshot.learning import Learning, learning
from services.snapshot.people import Held, commitments, day_staff, protected_times
from services.snapshot.places import closures, day_blocks, home_places
from services.snapshot.sources import NoSchoolDay, Note, Sources, sources
from services.snapshot.support import day_accommodations, day_relations, day_services
from services.snapshot.wishes import day_ballots, day_locks, day_overrides, day_requests
from services.store import PlanRow, Tx

__all__ = ["NoSchoolDay", "Note", "Snapshot", "snapshot"]


@dataclass(frozen=True)
class Snapshot:
    """The Problem, and what was settled by itself on the way to it."""

    problem: Problem
    notes: tuple[Note, ...]


def snapshot(
    tx: Tx, day: date, now: datetime | None = None, beside: PlanRow | None = None
) -> Snapshot:
    """The Problem of a day as the records stand: the same to the byte for the same log position,
    rosters, settings and publications. `now` (default: the transaction's clock) bears on nothing
    but how near each block is: its freeze and the price of a move. `beside` is a plan that the
    answer is to stay close to while nothing is published: it stands in the Problem as what is
    published would, and its home places are kept.

    Raises:
        NoSchoolDay: there is nothing to plan on this day.
        SettingsRefused: the school's day settings cannot be read.
    """
    read = sources(tx, day, now or tx.clock(), beside)
    before = past(read)
    return Snapshot(_problem(read, before), tuple(read.notes))


def _problem(day: Sources, before: Past) -> Problem:
    held = commitments(day)
    known = learning(day, day.offerings, before)
    students = tuple(_day_students(day, held, known))
    names = tuple(student.id for student in students)
    staff = day_staff(day, held, before)
    closed = closures(day)
    like = like_day(day)
    blocks = day_blocks(day)
    remix_days = day.settings.remix_days
    return Problem(
        school=day.school.id,
        day=day.day,
        zone=day.school.zone,
        as_of=day.tx.position(),
        buildings=tuple(day.tx.roster("buildings")),
        travel=tuple(day.tx.roster("travel")),
        blocks=blocks,
        rooms=tuple(day.rooms),
        closures=closed,
        competencies=known.competencies,
        offerings=tuple(day.offerings),
        staff=staff,
        students=students,
        homes=home_places(day, staff, closed, len(names)),
        protected=protected_times(day, staff),
        ballots=day_ballots(day, names, credits(before, day.settings.term_begins)),
        requests=day_requests(day, names),
        services=day_services(day, names),
        accommodations=day_accommodations(day, names),
        relations=day_relations(day, names),
        orders=_orders(day),
        repeats=known.repeats,
        stuck=known.stuck,
        recent_pairs=recent_pairs(before, names, remix_days),
        locks=day_locks(day, names),
        overrides=day_overrides(day),
        published=like
        and still_known(
            like,
            day.blocks,
            [offering.id for offering in day.offerings],
            [room.id for room in day.rooms],
            names,
        ),
        policy=Policy(
            weights=dict(sorted(day.settings.weights.items())),
            student_room_changes=day.settings.student_room_changes,
            remix_days=remix_days,
        ),
    )


def _day_students(day: Sources, held: Held, known: Learning) -> list[DayStudent]:
    return [
        DayStudent(
            id=student.id,
            grade=student.grade,
            groups=student.groups,
            needs_features=student.needs_features,
            off_campus_consent=student.off_campus_consent,
            away=day.students_away.get(student.id, ()),
            commitments=tuple(held.students.get(student.id, ())),
            mastered=known.mastered[student.id],
            needs=known.needs[student.id],
            floors=day.settings.floors,
        )
        for student in day.students
    ]


def _orders(day: Sources) -> tuple[Order, ...]:
    offered = {offering.id for offering in day.offerings}
    return tuple(o for o in day.settings.orders if o.first in offered and o.then in offered)
