"""A small school with a day worth planning, for the tests of snapshot, planner and workflow."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from schemas.plan import Duty, Placement, Plan, Session
from schemas.problem import Problem
from schemas.school import (
    BellSchedule,
    Block,
    Building,
    CalendarDay,
    ClassSection,
    Competency,
    Course,
    Offering,
    Prerequisite,
    RoleNeed,
    Room,
    Roster,
    School,
    StaffMember,
    Student,
)
from services.child import Job
from services.handlers import handle_in
from services.planner import Planner
from services.solving import Bounds, Cancelled, Follow
from services.store import PlanRow, Store
from services.viewer import Viewer
from services.workflow import approve
from solver.facts import Facts
from solver.score import finish

SCHOOL = "east"
MONDAY, TUESDAY, WEDNESDAY, THURSDAY = (date(2026, 11, d) for d in (23, 24, 25, 26))
"""Tuesday is today, Wednesday is planned, Thursday is closed."""
MACHINE = Viewer.machine(SCHOOL)
KIM = Viewer.staff(SCHOOL, "scheduler", "kim")
LEE = Viewer.staff(SCHOOL, "scheduler", "lee")
VEGA = Viewer.staff(SCHOOL, "teacher", "vega")
STUDENTS = ("ada", "ben", "cy", "dee", "eve", "fay")
TEACHERS = ("vega", "kim", "lee", "moss")


def school(**changed: Any) -> Roster:
    """Six sixth-graders, four teachers, three rooms; Wednesday has two flex blocks and a class."""
    parts: dict[str, Any] = {
        "school": School(id=SCHOOL, title="East", zone="America/Chicago"),
        "buildings": (Building(id="main", title="Main"),),
        "rooms": (
            Room(id="hall", title="Hall", building="main", seats=60),
            Room(id="r1", title="Room 1", building="main", seats=20),
            Room(id="r2", title="Room 2", building="main", seats=20),
        ),
        "bell_schedules": (
            BellSchedule(id="regular", title="Regular", blocks=_blocks(("b1", "b2"))),
            BellSchedule(id="early", title="Early release", blocks=_blocks(("b1",))),
        ),
        "calendar": (
            CalendarDay(date=MONDAY, bell_schedule="regular"),
            CalendarDay(date=TUESDAY, bell_schedule="early"),
            CalendarDay(date=WEDNESDAY, bell_schedule="regular"),
            CalendarDay(date=THURSDAY, bell_schedule=None, title="Thanksgiving"),
        ),
        "students": tuple(
            Student(id=s, given_name=s.title(), family_name="Lane", grade="06") for s in STUDENTS
        ),
        "staff": tuple(
            StaffMember(
                id=s, given_name=s.title(), family_name="Reed",
                qualifications=() if s == "moss" else ("math",),
            )
            for s in TEACHERS
        ),
        "courses": (Course(id="m6", title="Mathematics 6", competencies=("c1", "c2")),),
        "sections": (
            ClassSection(
                id="6a", course="m6", title="6a", room="r1", blocks=("p1",), staff=("vega",),
                students=("ada", "ben"),
            ),
        ),
        "offerings": (
            Offering(
                id="ratios", title="Ratios workshop", modality="instruction", competencies=("c1",),
                smallest=1, largest=4, roles=(RoleNeed(role="lead", qualification="math"),),
            ),
            Offering(id="study", title="Study", modality="independent", smallest=0, largest=40),
        ),
        "competencies": (
            Competency(id="c0", code="5.NF.1", title="Fractions", subject="Math", level="05"),
            Competency(
                id="c1", code="6.RP.1", title="Ratios", subject="Math", level="06",
                prerequisites=(Prerequisite(competency="c0"),),
            ),
            Competency(
                id="c2", code="6.RP.2", title="Rates", subject="Math", level="06",
                prerequisites=(Prerequisite(competency="c1"),),
            ),
        ),
    }  # fmt: skip
    return Roster(**(parts | changed))


def _blocks(flex: tuple[str, ...]) -> tuple[Block, ...]:
    first = Block(id="p1", title="Class 1", kind="class", start=480, end=525)
    times = {"b1": (530, 590), "b2": (600, 660)}
    rest = (
        Block(id=name, title=f"Flex {name}", kind="flex", start=times[name][0], end=times[name][1])
        for name in flex
    )
    return (first, *rest)


def open_school(store: Store, settings: dict[str, Any] | None = None, **changed: Any) -> None:
    """Enrols the school, with day settings made for quick tests."""
    quick = {"work": 0.2, "approvers": {"approver": "kim", "deputy": "lee"}}
    with store.begin(MACHINE) as tx:
        tx.apply_roster(school(**changed))
        tx.save_settings({"day": quick | (settings or {})})


def tell(store: Store, name: str, id: str, viewer: Viewer = MACHINE, **facts: Any) -> None:
    """An event, of the time it is told, that has to be accepted."""
    said = {
        "specversion": "1.0",
        "id": id,
        "source": "tests",
        "type": f"org.flexday.{name}.v1",
        "time": store.clock().isoformat(),
        "data": {key: str(v) if isinstance(v, date) else v for key, v in facts.items()},
    }
    with store.begin(viewer) as tx:
        (outcome,) = handle_in(tx, [said])
    assert outcome.status == "accepted", outcome


def everybody_studies(problem: Problem) -> Plan:
    """A lawful plan that needs no search: each block one session of study with all who are free,
    in the first open room, with the first free adult, as few changes as that takes."""
    facts = Facts(problem)
    sessions, placements = [], []
    for block in facts.flex:
        free = [student for student in facts.students if block in facts.free_blocks(student)]
        rooms = ("r2", "r1", "hall")
        room = next(room for room in rooms if not facts.room_held(room, block))
        lead = next(staff for staff in TEACHERS if not facts.staff_held(staff, block))
        duty = Duty(staff=lead, role="lead")
        session = Session(
            id=f"study-{block}", offering="study", blocks=(block,), room=room, duties=(duty,)
        )
        sessions.append(session)
        placements += [Placement(student=student, session=session.id) for student in free]
    return finish(facts, sessions, placements, (), bound=0)


def stand_in(job: Job, bounds: Bounds, follow: Follow) -> Plan:
    """In place of the solver's process: says it is under way, and answers at once."""
    if not follow({"cost": 0}):
        raise Cancelled
    return everybody_studies(job.problem)


class Clock:
    """A clock that moves on a little each time it is read, and by leaps when told to."""

    def __init__(self, now: str = "2026-11-24T14:00+00:00") -> None:
        self.now = datetime.fromisoformat(now)

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now

    def leap(self, to: str) -> None:
        self.now = datetime.fromisoformat(to)


def plan_day(store: Store, day: date = WEDNESDAY) -> PlanRow:
    """Queues a run as a person would and lets the stand-in answer it; the new draft."""
    with store.begin(KIM) as tx:
        tx.queue_run(day, "person", asked_by="kim")
    planner = Planner(store, solver=stand_in)
    assert planner.step()
    with store.read(MACHINE) as tx:
        return tx.plans(day, "draft")[-1]


def published_day(store: Store, day: date = WEDNESDAY) -> PlanRow:
    draft = plan_day(store, day)
    return approve(store, KIM, draft.id, draft.etag)
