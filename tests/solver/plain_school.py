"""One plain school that a reader can keep in mind, and plans for it in a line per session.

Two flexible blocks, `first` 9:00-9:40 and `second` 9:45-10:25, then lunch; rooms `12` (10 seats)
and `14` (4 seats) in the main building, `barn` (10 seats) in the north building, 8 minutes away;
Vega and Okafor teach; Ana, Ben and Cleo learn; `maths` teaches fractions, which follow counting.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from schemas.plan import Duty, Finding, Placement, Session, Unplaced
from schemas.problem import DayBlock, DayCompetency, DayStaff, DayStudent, HomePlace, Need, Problem
from schemas.school import Building, Offering, Role, Room, TravelTime
from solver.facts import Facts
from solver.layout import Layout
from solver.rules import RULES

Seated = tuple[Session, tuple[Placement, ...]]

MATHS = Offering(
    id="maths", title="Maths", modality="instruction", competencies=("fractions",), largest=3
)
ART = Offering(id="art", title="Art", modality="project", largest=3)
ANA = DayStudent(
    id="Ana", grade="06", mastered=("counting",), needs=(Need(competency="fractions", urgency=40),)
)
BEN = DayStudent(
    id="Ben", grade="06", mastered=("counting",), needs=(Need(competency="fractions", urgency=70),)
)
CLEO = DayStudent(id="Cleo", grade="07")
VEGA = DayStaff(id="Vega", qualifications=("maths",))
OKAFOR = DayStaff(id="Okafor")
MAIN_HALL = HomePlace(id="hall", block="first", room="14", staff="Okafor", seats=1)


def changed(item: Any, **changes: Any) -> Any:
    """The same item with some fields changed, checked anew."""
    return type(item).model_validate({**dict(item), **changes})


def school(
    *,
    offerings: tuple[Offering, ...] = (MATHS, ART),
    students: tuple[DayStudent, ...] = (ANA, BEN, CLEO),
    staff: tuple[DayStaff, ...] = (VEGA, OKAFOR),
    **more: Any,
) -> Problem:
    fields: dict[str, Any] = {
        "school": "plain",
        "day": date(2026, 3, 2),
        "zone": "America/Chicago",
        "buildings": (Building(id="main", title="Main"), Building(id="north", title="North")),
        "travel": (TravelTime(a="main", b="north", minutes=8),),
        "blocks": (
            DayBlock(id="first", title="First", kind="flex", start=540, end=580),
            DayBlock(id="second", title="Second", kind="flex", start=585, end=625),
            DayBlock(id="lunch", title="Lunch", kind="lunch", start=630, end=660),
        ),
        "rooms": (
            Room(id="12", title="12", building="main", seats=10),
            Room(id="14", title="14", building="main", seats=4),
            Room(id="barn", title="Barn", building="north", seats=10),
        ),
        "competencies": (
            DayCompetency(id="counting"),
            DayCompetency(id="fractions", prerequisites=(("counting",),)),
        ),
        "offerings": offerings,
        "students": students,
        "staff": staff,
    }
    return Problem.model_validate({**fields, **more})


def held(
    offering: str,
    blocks: str | tuple[str, ...] = "first",
    *,
    students: Iterable[str] = (),
    serves: str | None = None,
    room: str = "12",
    lead: str | None = "Vega",
    more: Iterable[tuple[str, Role]] = (),
    id: str | None = None,
) -> Seated:
    """A session with its students."""
    taken = (blocks,) if isinstance(blocks, str) else blocks
    name = id or f"{offering}-{taken[0]}-{room}"
    duties = ([Duty(staff=lead, role="lead")] if lead else []) + [
        Duty(staff=adult, role=role) for adult, role in more
    ]
    session = Session(id=name, offering=offering, blocks=taken, room=room, duties=tuple(duties))
    return session, tuple(
        Placement(student=student, session=name, competency=serves) for student in students
    )


def layout(problem: Problem, *seated: Seated, unplaced: Iterable[Unplaced] = ()) -> Layout:
    return Layout(
        Facts(problem),
        [session for session, _ in seated],
        [placement for _, placements in seated for placement in placements],
        unplaced,
    )


def findings(
    rule: str, problem: Problem, *seated: Seated, unplaced: Iterable[Unplaced] = ()
) -> list[Finding]:
    """What one rule finds in a plan."""
    return list(RULES[rule].check(layout(problem, *seated, unplaced=unplaced)))


def amount(rule: str, problem: Problem, *seated: Seated, unplaced: Iterable[Unplaced] = ()) -> int:
    """How much of one rule's amount a plan has, in all."""
    return sum(f.amount for f in findings(rule, problem, *seated, unplaced=unplaced))


def causes(
    rule: str, problem: Problem, *seated: Seated, unplaced: Iterable[Unplaced] = ()
) -> list[str]:
    """Which of a rule's promises a plan breaks."""
    return [f.cause for f in findings(rule, problem, *seated, unplaced=unplaced)]
