"""A school of a few people, and events in it, for the tests of the record."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from schemas.base import digest
from schemas.plan import Duty, Placement, Plan, Session
from schemas.problem import Problem
from schemas.school import (
    BellSchedule,
    Block,
    Building,
    ClassSection,
    Competency,
    Course,
    GuardianLink,
    Offering,
    Relation,
    Room,
    Roster,
    School,
    StaffMember,
    Student,
)
from services.access import make_key
from services.store import Store
from services.viewer import ANY_SOURCE, Viewer
from tests.conftest import NOW

DAY = date(2026, 11, 25)
STARTED = datetime(2026, 9, 1, 15, 0, tzinfo=UTC)
EAST = Viewer.machine("east")
SCHEDULER = Viewer.staff("east", "scheduler", "kim")


def student(id: str) -> Student:
    return Student(id=id, given_name=id.title(), family_name="Lane")


def competency(id: str, code: str) -> Competency:
    return Competency(id=id, code=code, title=code, subject="Math")


def roster(school: str = "east", **changed: Any) -> Roster:
    """Four students, two teachers, a room, two flex blocks, two competencies."""
    parts: dict[str, Any] = {
        "school": School(id=school, title=school.title(), zone="America/Chicago"),
        "buildings": (Building(id="main", title="Main"),),
        "rooms": (Room(id="r1", title="Room 1", building="main", seats=20),),
        "bell_schedules": (
            BellSchedule(
                id="regular",
                title="Regular",
                blocks=(
                    Block(id="b1", title="Flex 1", kind="flex", start=480, end=540),
                    Block(id="b2", title="Flex 2", kind="flex", start=545, end=600),
                ),
            ),
        ),
        "students": tuple(student(name) for name in ("ada", "ben", "cy", "dee")),
        "staff": (
            StaffMember(id="vega", given_name="Ana", family_name="Vega"),
            StaffMember(id="kim", given_name="Jo", family_name="Kim"),
        ),
        "courses": (Course(id="m6", title="Mathematics 6", competencies=("c1", "c2")),),
        "sections": (
            ClassSection(id="s1", course="m6", title="6a", staff=("vega",), students=("ada",)),
        ),
        "guardians": (GuardianLink(guardian="pat", student="ben"),),
        "relations": (Relation(id="x", kind="apart", student="ada", other="ben"),),
        "offerings": (
            Offering(id="ratios", title="Ratios", modality="instruction", largest=10),
            Offering(id="study", title="Study", modality="independent", largest=20),
        ),
        "competencies": (competency("c1", "6.RP.A.1"), competency("c2", "6.RP.A.2")),
    }
    return Roster(**(parts | changed))


def key_for(store: Store, school: str = "east", office: bool = True, **scope: Any) -> str:
    """A key to a school for a test's system; `scope` narrows what it may send."""
    source, types = scope.get("source", ANY_SOURCE), scope.get("types", ())
    lasts = scope.get("lasts", timedelta(days=1))
    with store.begin(Viewer.machine(school)) as tx:
        return make_key(tx, "tests", source, types, office, lasts)


def enrol(store: Store, school: str = "east", **changed: Any) -> None:
    with store.begin(Viewer.machine(school)) as tx:
        tx.apply_roster(roster(school, **changed))


def event(name: str, id: str, at: datetime = STARTED, source: str = "tests", **facts: Any) -> Any:
    """The JSON of an event, parsed."""
    return {
        "specversion": "1.0",
        "id": id,
        "source": source,
        "type": f"org.flexday.{name}.v1",
        "time": at.isoformat(),
        "data": {key: str(v) if isinstance(v, date) else v for key, v in facts.items()},
    }


def evidence(id: str, score: float = 0.8, minute: int = 0, **facts: Any) -> Any:
    """Evidence on ada's c1, some minutes after the start of the year."""
    about = {"student": "ada", "competency": "c1", "score": score} | facts
    return event("evidence.recorded", id, STARTED + timedelta(minutes=minute), **about)


def problem(day: date = DAY) -> Problem:
    return Problem(
        school="east", day=day, zone="America/Chicago", buildings=(), blocks=(), rooms=(),
        offerings=(), staff=(), students=(),
    )  # fmt: skip


def plan(day: date = DAY, cost: int = 0) -> Plan:
    """Vega teaches cy; `cost` makes plans differ."""
    return Plan(
        problem=digest(problem(day)),
        sessions=(
            Session(
                id="ratios-1", offering="ratios", blocks=("b1",), room="r1",
                duties=(Duty(staff="vega", role="lead"),),
            ),
        ),
        placements=(Placement(student="cy", session="ratios-1"),),
        unplaced=(), findings=(), cost=cost, bound=None, stake=0, gap=None,
    )  # fmt: skip


def file_draft(store: Store, day: date = DAY, cost: int = 0) -> str:
    """A draft for the day; its id."""
    with store.begin(EAST) as tx:
        tx.save_problem(problem(day))
        return tx.file_plan(day, None, plan(day, cost), as_of=0, created_by="tests").id


def publish(store: Store, draft: str) -> int:
    with store.begin(SCHEDULER) as tx:
        version = tx.plan(draft).version
        assert tx.set_plan_status(draft, version, "draft", "approved", approved_by="kim")
        return tx.publish(draft, "kim")


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now
