"""Finds the smallest set of locks and hard rules that cannot hold together."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from schemas.plan import Contradiction
from schemas.problem import Problem
from solver.board import Board
from solver.clashes import plain_contradiction
from solver.engines import Name
from solver.facts import Facts
from solver.lawful import Lawful
from solver.pinned import PinnedModel
from solver.reach import Reach
from solver.rules import RULES
from solver.worth import Worth

CONSIDERED: tuple[tuple[int | None, bool], ...] = (
    (6, False), (16, False), (None, False), (None, True),
)  # fmt: skip
"""How many rooms and adults are considered for what is pinned, one after another where nothing is
found, and whether everybody is who could fill it: at 3,000 students 0.6, 1.2 and 9 s of a core."""


def reach_of(problem: Problem) -> Reach:
    """Everything that is looked up on a Problem, from the facts on."""
    facts = Facts(problem)
    return Reach(facts, Lawful(facts), Worth(facts))


def settle(reach: Reach, seed: int) -> tuple[Board, Contradiction | None]:
    """A board with what locks and the freeze demand, or the contradiction in it.

    A freeze that breaks for no lock's sake gives way: what can't stay moves, and is found.
    """
    board = Board(reach.facts)
    plain = plain_contradiction(reach.facts)
    if plain is not None:
        return board, plain
    for waived in ((), ("freeze",)):
        for few, everybody in CONSIDERED:
            pinned = PinnedModel(reach, everybody=everybody, few=few, without=waived)
            answer = pinned.solve("cp-sat", seed)
            if answer.values is not None:
                pinned.bring(board, answer)
                return board, None
        found = contradiction(reach.facts.problem, waived)
        if found is not None:
            return board, found
    return board, None


def contradiction(problem: Problem, waived: Collection[str] = ()) -> Contradiction | None:
    """A smallest set of locks, with the hard rules that forbid it: take any one away and the rest
    can hold. `waived` rules count for nothing. None when the locks can hold, or when the two
    engines don't agree that they can't."""
    locks: Sequence[str] = [lock.id for lock in problem.locks]
    hard = [rule.id for rule in RULES.values() if rule.kind == "hard"]
    rules: Sequence[str] = [rule for rule in hard if rule not in waived]
    if not locks or not _impossible(problem, locks, rules):
        return None
    locks = _smallest(locks, lambda kept: _impossible(problem, kept, rules))
    others = [rule for rule in rules if rule != "lock"]
    others = list(_smallest(others, lambda kept: _impossible(problem, locks, [*kept, "lock"])))
    if not locks or not _impossible(problem, locks, [*others, "lock"], ("cp-sat", "highs")):
        return None
    return Contradiction(problem=Facts(problem).digest, locks=tuple(locks), rules=tuple(others))


def _smallest(parts: Sequence[str], contradicts: Callable[[Sequence[str]], bool]) -> Sequence[str]:
    """Leaves out, one by one, what the contradiction doesn't need (deletion filtering)."""
    kept = list(parts)
    for part in parts:
        without = [other for other in kept if other != part]
        if contradicts(without):
            kept = without
    return kept


def _impossible(
    problem: Problem,
    locks: Collection[str],
    rules: Collection[str],
    engines: Sequence[Name] = ("cp-sat",),
) -> bool:
    """Whether every engine, each on its own, finds that the locks can't hold under the rules."""
    kept = tuple(lock for lock in problem.locks if lock.id in locks)
    reach = reach_of(problem.model_copy(update={"locks": kept}))
    waived = [r.id for r in RULES.values() if r.kind == "hard" and r.id not in rules]
    if PinnedModel(reach, everybody=False, without=waived).solve("cp-sat").values is not None:
        return False
    pinned = PinnedModel(reach, everybody=True, without=waived)
    return all(pinned.solve(engine).impossible for engine in engines)
