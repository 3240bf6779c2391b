"""Judges every plan alike, ours and a peer's: by `solver.score`, and for seats left open."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.plan import Plan
from schemas.problem import Problem
from solver.board import Board
from solver.facts import Facts
from solver.lawful import Lawful
from solver.score import gap, score, stake

FIRST_GAP = 0.10
"""A plan counts as a first plan only at a gap of at most this."""


@dataclass(frozen=True)
class Verdict:
    """What a plan is worth."""

    cost: int
    hard: int
    """Hard findings that no override covers, by amount."""
    unplaced: int
    """Student-blocks without a session."""
    open_seats: int
    """Those of them that could take a seat of a session that runs, everybody else staying."""
    stake: int

    def gap(self, bound: int | None) -> float | None:
        """As design and pages have it: (cost - bound) / stake."""
        return gap(self.cost, bound, self.stake)

    def is_first(self, bound: int | None) -> bool:
        """Whether it counts as a first plan."""
        share = self.gap(bound)
        near = share is not None and share <= FIRST_GAP
        return near and not self.hard and not self.open_seats


def judge(problem: Problem, plan: Plan) -> Verdict:
    """Judges a plan from its lists alone: whatever it says of its own cost is not read.

    Raises:
        ValueError: it names what the problem does not have.
    """
    judged = score(problem, plan)
    facts = Facts(problem)
    board = laid_out(facts, plan)
    left = board.unplaced()
    lawful = Lawful(facts)
    could_sit = sum(
        any(lawful.may_sit(board, student, session) for session in board.in_block[block])
        for student, block in left
    )
    return Verdict(
        cost=judged.cost,
        hard=sum(finding.amount for finding in judged.blocking),
        unplaced=len(left),
        open_seats=could_sit,
        stake=stake(facts),
    )


def laid_out(facts: Facts, plan: Plan) -> Board:
    """A board on which the plan's sessions stand."""
    board = Board(facts)
    opened = {
        session.id: board.open(
            facts.offerings[session.offering],
            session.blocks,
            facts.rooms[session.room],
            session.duties,
        )
        for session in plan.sessions
    }
    for placement in plan.placements:
        board.seat(placement.student, opened[placement.session], placement.competency)
    return board
