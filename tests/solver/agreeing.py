"""What a rule's rows say of a fixed plan, found by an engine, many cases at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache

from ortools.sat.python import cp_model

from schemas.plan import Finding
from solver.model import Model, Slot
from solver.rows import ZERO, Expr, Rows
from solver.rules import Rule
from tests.solver.small_schools import Case, draw_case

drawn = cache(draw_case)


@cache
def found(seed: int, rule: Rule) -> tuple[Finding, ...]:
    """What the specification finds in a case."""
    return tuple(rule.check(drawn(seed).layout()))


def amount(findings: Iterable[Finding]) -> int:
    return sum(finding.amount for finding in findings)


def samples(rule: Rule, wanted: int, tries: int) -> list[int]:
    """Seeds of as many cases that keep the rule, and as many that break it, as are wanted.

    Only cases count in which the rule could bite: its rows leave something open.

    Raises:
        AssertionError: too few among so many tries.
    """
    kept: list[int] = []
    broken: list[int] = []
    for seed in range(tries):
        among = broken if found(seed, rule) else kept
        if len(among) < wanted and bites(seed, rule):
            among.append(seed)
        if len(kept) == len(broken) == wanted:
            return kept + broken
    raise AssertionError(f"{rule.id}: {len(kept)} kept and {len(broken)} broken in {tries} tries")


@cache
def bites(seed: int, rule: Rule) -> bool:
    """Whether the rule's rows leave anything open."""
    return bool(model_of(drawn(seed)).measure(rule).terms)


def model_of(case: Case, kind: type[Model] = Model) -> Model:
    return kind(case.facts, case.slots, case.unplaced)


def fix(case: Case, model: Model, *, open_slots_run: bool = True) -> None:
    """Settles every decision as in the plan; or leaves every open slot unused."""
    layout, rows = case.layout(), model.rows
    for slot in model.open_slots:
        session = layout.sessions.get(slot.id) if open_slots_run else None
        rows.fix(model.runs(slot), int(session is not None))
        for room in slot.rooms:
            rows.fix(model.in_room(slot, room), int(session is not None and session.room == room))
        for duty in slot.duties:
            rows.fix(model.on_duty(slot, duty), int(session is not None and duty in session.duties))
        for student in slot.students:
            placement = layout.placements.get((student, slot.id)) if session else None
            rows.fix(model.sits(student, slot), int(placement is not None))
            for competency in model.facts.offerings[slot.offering].competencies:
                serves = placement is not None and placement.competency == competency
                rows.fix(model.serves(student, slot, competency), int(serves))
    for student in model.students:
        for block in model.facts.free_blocks(student):
            for home, homed in model.homes(student, block):
                rows.fix(homed, int(layout.home_of(student, block) == home))


def question(case: Case, rule: Rule, kind: type[Model] = Model) -> tuple[Rows, Expr]:
    """The rows and the amount of a rule, every decision settled as in the case's plan."""
    model = model_of(case, kind)
    measure = model.measure(rule)
    fix(case, model)
    return model.rows, measure


def half_settled(case: Case) -> Case:
    """The case with every second slot settled as in its plan, or left out where it is not in it."""
    return replace(case, slots=tuple(_settle_second(case)))


def _settle_second(case: Case) -> Iterator[Slot]:
    layout = case.layout()
    for i, slot in enumerate(case.slots):
        session = layout.sessions.get(slot.id)
        if i % 2:
            yield slot
        elif session is not None:
            students = tuple(layout.students_in(slot.id))
            yield replace(
                slot,
                rooms=(session.room,),
                duties=session.duties,
                students=students,
                serves=tuple(layout.placements[s, slot.id].competency for s in students),
                settled=True,
            )


def without_open(case: Case) -> Case:
    """The case with a plan that uses none of its open slots."""
    gone = {slot.id for slot in case.slots if not slot.settled}
    return replace(
        case,
        sessions=tuple(s for s in case.sessions if s.id not in gone),
        placements=tuple(p for p in case.placements if p.session not in gone),
    )


# --- the engine -------------------------------------------------------------------------------


def lowest(questions: Sequence[tuple[Rows, Expr]]) -> list[int | None]:
    """The least value of each expression within its rows, all found in one call; None where the
    rows cannot hold."""
    engine = cp_model.CpModel()
    flags = [engine.new_bool_var("") for _ in questions]
    costs = [_told(engine, *asked, flag) for asked, flag in zip(questions, flags, strict=True)]
    engine.minimize(sum(costs) - 10**6 * sum(flags))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    status = solver.solve(engine)
    assert status == cp_model.OPTIMAL, solver.status_name(status)
    return [
        solver.value(cost) if solver.value(flag) else None
        for cost, flag in zip(costs, flags, strict=True)
    ]


def possible(questions: Sequence[Rows]) -> list[bool]:
    """Whether each set of rows can hold, all found in one call."""
    return [value is not None for value in lowest([(rows, ZERO) for rows in questions])]


def _told(
    engine: cp_model.CpModel, rows: Rows, expr: Expr, holds: cp_model.IntVar
) -> cp_model.LinearExprT:
    variables = [engine.new_int_var(*ends, "") for ends in zip(rows.low, rows.high, strict=True)]
    for terms, low, high in rows.rows:
        row = _sum(variables, terms)
        least = cp_model.INT32_MIN if low is None else low
        most = cp_model.INT32_MAX if high is None else high
        engine.add_linear_constraint(row, least, most).only_enforce_if(holds)
    return expr.constant + _sum(variables, expr.terms)


def _sum(
    variables: list[cp_model.IntVar], terms: tuple[tuple[int, int], ...]
) -> cp_model.LinearExprT:
    return cp_model.LinearExpr.weighted_sum([variables[v] for v, _ in terms], [c for _, c in terms])
