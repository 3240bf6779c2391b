"""Random upsets of a day that is published: absences, closures, late students, evidence, locks,
requests."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from schemas.plan import Plan
from schemas.problem import (
    DutyLock,
    Lock,
    PlacementLock,
    Problem,
    Published,
    Request,
    SessionLock,
)

KINDS = (
    "adult", "adult", "adult for two blocks", "room", "room for a block", "students", "late",
    "evidence", "lock", "request",
)  # fmt: skip
"""Drawn in turn: an adult absent, the commonest upset, twice as often as any other."""

STUDENTS_GONE, STUDENTS_LATE, WITH_EVIDENCE = 0.05, 0.03, 0.05
"""Shares of the students."""


@dataclass(frozen=True)
class Upset:
    """A Problem after something has happened, and the students it happened to directly."""

    kind: str
    problem: Problem
    affected: frozenset[str]


def in_force(problem: Problem, plan: Plan) -> Problem:
    """The day with a plan published."""
    published = Published(plan="in-force", sessions=plan.sessions, placements=plan.placements)
    return problem.model_copy(update={"published": published})


def upset(problem: Problem, seed: int) -> Upset:
    """One upset of a day with a published plan, the same for the same seed."""
    rng, kind = Random(seed), KINDS[seed % len(KINDS)]
    match kind:
        case "adult" | "adult for two blocks":
            return _adult(rng, problem, kind)
        case "room" | "room for a block":
            return _room(rng, problem, kind)
        case "students" | "late":
            return _absent(rng, problem, kind)
        case "evidence":
            return _evidence(rng, problem)
        case "lock":
            return _lock(rng, problem)
        case _:
            return _requests(rng, problem)


def _published(problem: Problem) -> Published:
    assert problem.published is not None
    return problem.published


def _changed(problem: Problem, **fields: Any) -> Problem:
    return problem.model_copy(update=fields)


def _adult(rng: Random, problem: Problem, kind: str) -> Upset:
    known = _published(problem)
    gone = rng.choice(sorted({d.staff for s in known.sessions for d in s.duties}))
    blocks = tuple(block.id for block in problem.blocks)
    if kind != "adult":
        blocks = tuple(rng.sample([b.id for b in problem.blocks if b.kind == "flex"], 2))
    staff = tuple(
        one.model_copy(update={"away": tuple(dict.fromkeys(one.away + blocks))})
        if one.id == gone
        else one
        for one in problem.staff
    )
    hit = {
        session.id
        for session in known.sessions
        if gone in {duty.staff for duty in session.duties} and set(blocks) & set(session.blocks)
    }
    return Upset(kind, _changed(problem, staff=staff), _seated(known, hit))


def _seated(known: Published, sessions: set[str]) -> frozenset[str]:
    return frozenset(seat.student for seat in known.placements if seat.session in sessions)


def _room(rng: Random, problem: Problem, kind: str) -> Upset:
    known = _published(problem)
    shut = rng.choice(sorted({session.room for session in known.sessions}))
    flex = [block.id for block in problem.blocks if block.kind == "flex"]
    blocks = flex if kind == "room" else rng.sample(flex, 1)
    closures = dict.fromkeys((*problem.closures, *((shut, block) for block in blocks)))
    hit = {s.id for s in known.sessions if s.room == shut and set(blocks) & set(s.blocks)}
    return Upset(kind, _changed(problem, closures=tuple(closures)), _seated(known, hit))


def _absent(rng: Random, problem: Problem, kind: str) -> Upset:
    share = STUDENTS_GONE if kind == "students" else STUDENTS_LATE
    ids = [one.id for one in problem.students]
    gone = frozenset(rng.sample(ids, max(1, round(share * len(ids)))))
    missed = tuple(block.id for block in problem.blocks)
    if kind == "late":
        missed = missed[: len(missed) // 3]
    students = tuple(
        one.model_copy(update={"away": tuple(dict.fromkeys(one.away + missed))})
        if one.id in gone
        else one
        for one in problem.students
    )
    return Upset(kind, _changed(problem, students=students), gone)


def _evidence(rng: Random, problem: Problem) -> Upset:
    able = [one.id for one in problem.students if one.needs]
    shown = frozenset(rng.sample(able, max(1, round(WITH_EVIDENCE * len(able)))))
    students = []
    for one in problem.students:
        if one.id in shown:
            mastered = dict.fromkeys((*one.mastered, one.needs[0].competency))
            one = one.model_copy(update={"needs": one.needs[1:], "mastered": tuple(mastered)})
        students.append(one)
    return Upset("evidence", _changed(problem, students=tuple(students)), shown)


def _lock(rng: Random, problem: Problem) -> Upset:
    known = _published(problem)
    session = rng.choice(known.sessions)
    offering, block = session.offering, session.blocks[0]
    common: dict[str, Any] = {"id": "new-lock", "owner": "somebody", "block": block}
    lock: Lock
    affected = _seated(known, {session.id})
    match rng.randrange(3):
        case 0:
            student = rng.choice(sorted({seat.student for seat in known.placements}))
            lock = PlacementLock(target="placement", student=student, offering=offering, **common)
            affected = frozenset((student,))
        case 1:
            room = rng.choice([one.id for one in problem.rooms])
            lock = SessionLock(target="session", offering=offering, room=room, **common)
            there = {s.id for s in known.sessions if s.room == room and block in s.blocks}
            affected |= _seated(known, there)
        case _:
            lock = DutyLock(target="duty", staff=session.duties[0].staff, **common)
    return Upset("lock", _changed(problem, locks=(*problem.locks, lock)), affected)


def _requests(rng: Random, problem: Problem) -> Upset:
    known = _published(problem)
    asked = []
    for number in range(5):
        session = rng.choice(known.sessions)
        asked.append(
            Request(
                id=f"new-request-{number}",
                staff=session.duties[0].staff,
                student=rng.choice(problem.students).id,
                offerings=(session.offering,),
                blocks=session.blocks[:1],
                priority=5,
            )
        )
    affected = frozenset(request.student for request in asked)
    return Upset("request", _changed(problem, requests=(*problem.requests, *asked)), affected)
