"""Contradictions among locks that can be seen without an engine: a lock that no session could
keep, and two that no plan could keep both."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from schemas.base import BlockId, OfferingId, RoomId, StaffId
from schemas.plan import Contradiction
from schemas.problem import Lock
from solver.facts import Facts
from solver.rules import RULES

Against = tuple[str, str, dict[str, str]]
"""What stands against a lock: the rule, the cause and the subjects that its finding would have."""


def plain_contradiction(facts: Facts) -> Contradiction | None:
    """The first lock, or else the first two, that a hard rule forbids whatever the plan; None
    where nothing is as plain as that. It is smallest: one lock or two, and one rule."""
    if any(override.rule == "lock" for override in facts.problem.overrides):
        return None
    for lock in facts.locks:
        for rule, cause, subjects in _against(facts, lock):
            if not _waived(facts, rule, cause, subjects):
                return _found(facts, (lock,), rule)
    for a, b in combinations(facts.locks, 2):
        if a.block == b.block and (rule := _between(facts, a, b)):
            return _found(facts, (a, b), rule)
    return None


def _found(facts: Facts, locks: tuple[Lock, ...], rule: str) -> Contradiction:
    rules = () if rule == "lock" else (rule,)
    return Contradiction(problem=facts.digest, locks=tuple(k.id for k in locks), rules=rules)


def _waived(facts: Facts, rule: str, cause: str, subjects: dict[str, str]) -> bool:
    """Whether an override could cover the finding, whatever its other subjects turn out to be."""
    known = RULES[rule]
    return (
        known.override == "named"
        and cause not in known.never_causes
        and any(
            override.rule == rule
            and all(subjects.get(kind, id) == id for kind, id in override.subjects.items())
            for override in facts.problem.overrides
        )
    )


def _against(facts: Facts, lock: Lock) -> Iterator[Against]:
    """What forbids a lock by itself."""
    offering, block = lock.offering, lock.block
    if offering is None or lock.target == "room":
        return
    about = {"offering": offering}
    length, place = facts.offerings[offering].length, facts.position[block]
    starts = [facts.position[run[0]] for run in facts.starts(offering)]
    if not any(start <= place < start + length for start in starts):
        yield "whole-session", "", about
    if lock.target != "duty" and lock.room and facts.kit_missing(offering, lock.room):
        yield "room-kit", "session", {**about, "room": lock.room}
    if lock.target == "placement":
        whose = {**about, "student": lock.student}
        if not facts.may_attend(lock.student, offering):
            yield "not-eligible", "list", whose
        consent = facts.students[lock.student].off_campus_consent
        if facts.offerings[offering].needs_consent and not consent:
            yield "not-eligible", "consent", whose
        if (lock.student, offering) in facts.repeats:
            yield "repeat-guard", "listed", whose
    yield from _without_adults(facts, offering, block)


def _without_adults(facts: Facts, offering: OfferingId, block: BlockId) -> Iterator[Against]:
    """A role of the offering that too few adults who are there can fill."""
    for need in facts.offerings[offering].roles:
        able = sum(
            facts.available(staff, (block,)) and facts.fills(staff, offering, need)
            for staff in facts.staff
        )
        if able < need.count:
            yield "role-cover", "role", {"offering": offering, "role": need.role}


def _between(facts: Facts, a: Lock, b: Lock) -> str:
    """The rule that forbids keeping both of two locks in a block; empty where none plainly does."""
    if a.target == b.target == "placement" and a.student == b.student:
        return "student-clash" if a.offering != b.offering else ""
    if _free(a) & _busy(b) or _free(b) & _busy(a):
        return "lock"
    if _busy(a) & _busy(b) and a.offering != b.offering:
        return "staff-clash"
    shared = _used(a) & _used(b)
    if a.offering != b.offering and any(facts.rooms[room].zones == 1 for room in shared):
        return "room-clash"
    for held, other in ((a, b), (b, a)):
        if held.target == "room" and held.room in _used(other) and held.offering != other.offering:
            return "lock"
    return ""


def _busy(lock: Lock) -> set[StaffId]:
    """The adults whom a lock wants in its offering."""
    if lock.target == "session":
        return {lock.lead} if lock.lead is not None else set()
    return {lock.staff} if lock.target == "duty" and lock.offering is not None else set()


def _free(lock: Lock) -> set[StaffId]:
    """The adults whom a lock wants without any duty (or without the one role it names)."""
    whole = lock.target == "duty" and lock.offering is None and lock.role is None
    return {lock.staff} if lock.target == "duty" and whole else set()


def _used(lock: Lock) -> set[RoomId]:
    """The rooms that a lock wants for its offering."""
    wants = lock.target in ("placement", "session")
    return {lock.room} if wants and lock.target != "duty" and lock.room is not None else set()
