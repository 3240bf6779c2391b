"""The smallest lawful change to the plan in force after an upset, and the other ways there were."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from schemas.base import Frozen, SessionId
from schemas.plan import Contradiction, Engine, Placement, Plan, Session
from schemas.problem import Problem, Published
from solver.clashes import plain_contradiction
from solver.facts import Facts
from solver.hand import Hand
from solver.layout import Layout
from solver.mending import Mended, Mender
from solver.places import at_home
from solver.score import finish, refuse_overflow
from solver.ways import WayKind

SEARCH_WORK = 4.0
"""Units of work for the search of the whole day, where nothing nearer is lawful."""


class Repair(Frozen):
    """A repaired day."""

    plan: Plan
    mended: tuple[Mended, ...]
    searched: bool
    """Whether the search had to take over."""


def repair(
    problem: Problem,
    prefer: Mapping[str, WayKind] | None = None,
    new_requests: Collection[str] | None = None,
) -> Repair | Contradiction:
    """Mends what is published so that it answers the Problem of now.

    Whatever still stands stays; what is broken is mended in the cheapest lawful way, or in the
    way preferred (by the key of the trouble) where that is lawful. Of the requests only the new
    ones move anybody: by their ids, or all where that is not known. The same Problem and
    preferences give the same plan, to the byte.

    Raises:
        ValueError: nothing is published, or the weights could make a cost too large to stay exact.
    """
    if problem.published is None:
        raise ValueError("nothing is published: plan the day first")
    facts = Facts(problem)
    refuse_overflow(facts)
    plain = plain_contradiction(facts)
    if plain is not None:
        return plain
    mender = Mender(Hand(standing(facts, problem.published)), prefer or {}, new_requests)
    mender.mend()
    layout = mender.hand.layout
    plan = finish(
        facts,
        layout.sessions.values(),
        layout.placements.values(),
        layout.unplaced.values(),
        engine=Engine(name="flexday repair"),
    )
    if _blocking(plan) or _leaves_out(facts, problem.published, plan):
        return _searched(problem, plan, mender)
    return Repair(plan=plan, mended=tuple(mender.mended), searched=False)


def _leaves_out(facts: Facts, published: Published, plan: Plan) -> bool:
    """Whether somebody who had a session is left without one."""
    sessions = {session.id: session for session in published.sessions}
    seated = {
        (placement.student, block)
        for placement in published.placements
        if placement.session in sessions
        for block in sessions[placement.session].blocks
    }
    return any((entry.student, entry.block) in seated for entry in plan.unplaced)


def _searched(problem: Problem, plan: Plan, mender: Mender) -> Repair | Contradiction:
    """The mended plan, or what a search makes of it where that leaves less broken, or fewer
    without a session: near what stands, and of the whole day only where nothing else is lawful."""
    # The searches load the engines, which most repairs never need.
    from solver.nearby import as_it_stands, seats_nearby
    from solver.solve import Limits, solve

    mender.hand.adopt(mender.out_of_trouble())
    layout = mender.hand.layout
    answer = seats_nearby(problem, layout)
    if isinstance(answer, Contradiction):
        return answer.model_copy(update={"problem": plan.problem})
    best = min((plan, _as_asked(problem, answer)), key=_left)
    if _blocking(best):
        calm = as_it_stands(problem, layout)
        answer = solve(calm, Limits(work=SEARCH_WORK), start=best, stay_near=True)
        if isinstance(answer, Contradiction):
            return answer.model_copy(update={"problem": plan.problem})
        best = min((best, _as_asked(problem, answer)), key=_left)
    return Repair(plan=best, mended=tuple(mender.mended), searched=True)


def _as_asked(problem: Problem, plan: Plan) -> Plan:
    """The same plan, judged by the question as the school asked it."""
    facts = Facts(problem)
    return finish(facts, plan.sessions, plan.placements, plan.unplaced, engine=plan.engine)


def _left(plan: Plan) -> tuple[int, int]:
    """How many hard findings are left, and students without a session: what a search is for."""
    return _blocking(plan), len(plan.unplaced)


def _blocking(plan: Plan) -> int:
    """How many hard findings of a plan no override covers."""
    return sum(f.kind == "hard" and f.covered_by is None for f in plan.findings)


def standing(facts: Facts, published: Published) -> Layout:
    """What is published, less the people, rooms and times that are no longer there. Whoever is
    left without a session is in a home place."""
    sessions = {
        session.id: session.model_copy(
            update={
                "duties": tuple(
                    duty
                    for duty in session.duties
                    if duty.staff in facts.staff and facts.available(duty.staff, session.blocks)
                )
            }
        )
        for session in published.sessions
        if session.offering in facts.offerings
        and session.room in facts.rooms
        and all(block in facts.blocks for block in session.blocks)
    }
    layout = Layout(facts, sessions.values(), _still_seated(facts, published, sessions))
    for student in facts.students:
        waiting = [b for b in facts.free_blocks(student) if not layout.at(student, b)]
        for entry in at_home(layout, student, waiting):
            layout.leave_out(entry)
    return layout


def _still_seated(
    facts: Facts, published: Published, sessions: Mapping[SessionId, Session]
) -> Iterator[Placement]:
    for placement in published.placements:
        session = sessions.get(placement.session)
        student = placement.student
        if session is None or student not in facts.students:
            continue
        if not any(facts.student_held(student, block) for block in session.blocks):
            taught = facts.offerings[session.offering].competencies
            serves = placement.competency if placement.competency in taught else None
            yield placement.model_copy(update={"competency": serves})
