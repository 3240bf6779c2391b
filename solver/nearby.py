"""Seats after an upset for those whom mending left without one, near the plan as it stands."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from schemas.base import BlockId, StaffId
from schemas.plan import Contradiction, Engine, Finding, Plan, Session
from schemas.problem import Problem, Published
from schemas.school import RoleNeed
from solver.board import Board, OpenSession
from solver.carry import settle_as_before
from solver.contradictions import reach_of, settle
from solver.effort import SETTLING_WORK, STEP_WORK, Effort, Limits
from solver.facts import Facts
from solver.finishing import Finisher
from solver.layout import Layout
from solver.neighbourhoods import remake
from solver.placing import Placing
from solver.reach import Reach
from solver.rules import RULES
from solver.score import judge
from solver.trading import trade_adults, trade_rooms

CALM = 30
"""Moving somebody counts so many times as dear as it does to the school: whoever has a seat is to
keep it, unless that gives somebody else one."""

WORK = 3.0
"""Units of work after which no other block is tried."""

WIDER = (100, 250, 500)
"""About so many seats of a block are open at once, more where fewer did not do."""


def seats_nearby(problem: Problem, layout: Layout) -> Plan | Contradiction:
    """A plan in which everybody stays as in the layout, which breaks no hard rule but leaves
    students without a seat, as far as that gives these one: in a seat that is open, in one more
    session, or in a block of theirs that is made anew. Nothing else is made better."""
    broken = _locks_in(judge(layout, (RULES["lock"],)).blocking)
    answer = _seats(problem, layout, broken)
    if isinstance(answer, Contradiction):
        return answer
    also_broken = _locks_in(answer.findings) - broken
    return _seats(problem, layout, broken | also_broken) if also_broken else answer


def _locks_in(findings: Iterable[Finding]) -> set[str]:
    """The locks that are broken by findings."""
    return {f.subjects["lock"] for f in findings if f.rule == "lock" and f.covered_by is None}


def _seats(problem: Problem, layout: Layout, settled: set[str]) -> Plan | Contradiction:
    """Such a plan with some locks settled first: those that do not hold as it stands."""
    calm = as_it_stands(problem, layout)
    asked = calm.model_copy(
        update={"locks": tuple(lock for lock in problem.locks if lock.id in settled)}
    )
    board, contradiction = settle(reach_of(asked), 0)
    if contradiction is not None:
        return contradiction
    reach, effort = reach_of(calm), Effort(Limits(work=WORK))
    effort.spend(len(problem.students) * len(reach.facts.flex) * SETTLING_WORK)
    _lay_out(reach, board, layout)
    placing = Placing(reach, board)
    placing.fill_pinned()
    placing.place_the_rest()
    effort.spend(placing.steps * STEP_WORK)
    board = _blocks_anew(reach, board, effort)
    return Finisher(reach).plan(board, None, Engine(name="flexday repair"))


def _blocks_anew(reach: Reach, board: Board, effort: Effort) -> Board:
    """Makes a part of each block anew in which somebody waits who had a session."""
    finisher, random = Finisher(reach), Random(0)
    best = finisher.judged(board)
    for most in WIDER:
        for block in reach.facts.flex:
            if effort.exhausted() or not _waits(board, block):
                continue
            changed = board.copy()
            effort.spend(remake(reach, changed, (block,), random, (most,)))
            effort.spend(trade_adults(reach, changed, (block,)))
            effort.spend(trade_rooms(reach, changed, (block,)) + Finisher.work(changed))
            judged = finisher.judged(changed)
            if judged < best:
                board, best = changed, judged
    return board


def _waits(board: Board, block: BlockId) -> bool:
    return any(where == block for _, where in board.unplaced())


# --- as it stands -------------------------------------------------------------------------------


def as_it_stands(problem: Problem, layout: Layout) -> Problem:
    """The question with what stands in the place of what was published, at a price for whoever
    moves away from it. What is frozen stays as published."""
    published = problem.published
    assert published is not None
    weights = dict(problem.policy.weights)
    weights["moved"] = CALM * weights.get("moved", RULES["moved"].weight)
    frozen = {block.id for block in problem.blocks if block.frozen}
    kept = {one.id: one for one in published.sessions if not frozen.isdisjoint(one.blocks)}
    stands = {one.id: one for one in layout.sessions.values() if frozen.isdisjoint(one.blocks)}
    return problem.model_copy(
        update={
            "policy": problem.policy.model_copy(update={"weights": weights}),
            "published": Published(
                plan=published.plan,
                sessions=(
                    *kept.values(),
                    *(one for name, one in stands.items() if name not in kept),
                ),
                placements=(
                    *(seat for seat in published.placements if seat.session in kept),
                    *(
                        seat
                        for seat in layout.placements.values()
                        if seat.session in stands and seat.session not in kept
                    ),
                ),
            ),
        }
    )


def _lay_out(reach: Reach, board: Board, layout: Layout) -> None:
    """Puts sessions on a board as they stand, as far as what is pinned there leaves them room,
    and adults who have to help out there leave them theirs."""
    settled = settle_as_before(reach, board, tuple(layout.sessions.values()))
    before = {there.id: layout.sessions[name].duties for name, there in settled.items()}
    helping = {
        duty.staff
        for there in board.sessions.values()
        for duty in there.duties
        if duty not in before.get(there.id, ())
    }
    for session in layout.sessions.values():
        there = settled.get(session.id)
        if there is None and _fits(board, session) and _can_lead_on(reach, board, session, helping):
            offering, room = (
                reach.facts.offerings[session.offering],
                reach.facts.rooms[session.room],
            )
            there = board.open(offering, session.blocks, room, session.duties)
        if there is None:
            continue
        for student in layout.students_in(session.id):
            free = not any((student, block) in board.at for block in session.blocks)
            if free and (session.id not in settled or reach.lawful.may_sit(board, student, there)):
                serves = layout.placements[student, session.id].competency
                taught = serves is None or serves not in board.served[student]
                board.seat(student, there, serves if taught else None)
        _pin(reach.facts, there)


def _can_lead_on(reach: Reach, board: Board, session: Session, helping: set[StaffId]) -> bool:
    """Whether those of a session's adults who help out elsewhere may still do it as well."""
    offering, room = reach.facts.offerings[session.offering], reach.facts.rooms[session.room]
    return all(
        reach.lawful.may_serve(
            board, duty.staff, RoleNeed(role=duty.role), offering, session.blocks, room
        )
        for duty in session.duties
        if duty.staff in helping
    )


def _pin(facts: Facts, session: OpenSession) -> None:
    """Holds what locks and the freeze hold in a session, and all its adults with it."""
    frozen = any(facts.blocks[block].frozen for block in session.blocks)
    locks = [
        lock
        for lock in facts.locks
        if lock.target != "room"
        and lock.offering == session.offering.id
        and lock.block in session.blocks
    ]
    if frozen or locks:
        named = {lock.student for lock in locks if lock.target == "placement"}
        held = session.seats if frozen else named.intersection(session.seats)
        session.pinned = True
        session.pinned_students = session.pinned_students.union(held)
        session.pinned_staff = frozenset(duty.staff for duty in session.duties)


def _fits(board: Board, session: Session) -> bool:
    return all(
        len(board.in_room[session.room, block]) < board.facts.zones(session.room, block)
        and not any((duty.staff, block) in board.on_duty for duty in session.duties)
        for block in session.blocks
    )
