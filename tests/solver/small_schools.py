"""Small schools drawn at random, with every kind of extra, and plans for them, lawful or not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from random import Random
from typing import Any, TypeVar

from schemas.plan import Duty, Override, Placement, Session, Unplaced
from schemas.problem import (
    Ballot,
    Commitment,
    DayBlock,
    DayCompetency,
    DayService,
    DayStaff,
    DayStudent,
    DutyLock,
    Floors,
    HomePlace,
    Lock,
    Need,
    Order,
    PlacementLock,
    Policy,
    Problem,
    ProtectedTime,
    Published,
    RecentPair,
    Repeat,
    Request,
    RoomLock,
    SessionLock,
    Stuck,
)
from schemas.school import (
    Accommodation,
    Building,
    Offering,
    Relation,
    RoleNeed,
    Room,
    TravelTime,
)
from solver.facts import Facts
from solver.layout import Layout
from solver.model import Slot
from solver.score import judge

DAY = date(2026, 3, 2)
QUALIFICATIONS = ("reading", "maths")
FEATURES = ("ramp", "lab")
MODALITIES = ("instruction", "service")
T = TypeVar("T")


@dataclass(frozen=True)
class Case:
    """A problem, a plan for it, and slots among which the plan is one choice."""

    problem: Problem
    sessions: tuple[Session, ...]
    placements: tuple[Placement, ...]
    unplaced: tuple[Unplaced, ...]
    slots: tuple[Slot, ...] = field(default=())

    @cached_property
    def facts(self) -> Facts:
        return Facts(self.problem)

    def layout(self) -> Layout:
        return Layout(self.facts, self.sessions, self.placements, self.unplaced)


def draw_case(seed: int) -> Case:
    """One school, plan and set of slots, the same for the same seed."""
    rng = Random(seed)
    school = _draw_school(rng)
    plan = _draw_plan(rng, school, "s")
    problem = _with_history(rng, school, plan)
    plan = Case(problem, plan.sessions, plan.placements, plan.unplaced)
    problem = problem.model_copy(update={"overrides": _draw_overrides(rng, plan)})
    slots = _draw_slots(rng, plan)
    return Case(problem, plan.sessions, plan.placements, plan.unplaced, slots)


def some(rng: Random, items: Sequence[T], share: float = 0.5) -> tuple[T, ...]:
    """Each item with the given chance."""
    return tuple(item for item in items if rng.random() < share)


def maybe(rng: Random, chance: float, value: T) -> T | None:
    return value if rng.random() < chance else None


# --- the school -----------------------------------------------------------------------------


def _draw_school(rng: Random) -> Problem:
    blocks = _draw_blocks(rng)
    rooms = tuple(_draw_room(rng, i) for i in range(rng.randint(2, 4)))
    competencies = ("c0", "c1", "c2")
    offerings = [f"o{i}" for i in range(rng.randint(2, 5))]
    staff = [f"t{i}" for i in range(rng.randint(2, 4))]
    students = [f"u{i}" for i in range(rng.randint(2, 6))]
    if rng.random() < 0.1:
        students[0] = staff[0]
    ids = [block.id for block in blocks]
    floors = rng.choice(((0,), (0, 0, 0, 0, 20), (0, 0, 20, 50)))
    seats = rng.choice(((6,), (0, 1, 2, 6)))
    homed = ids if len(seats) == 1 else (*some(rng, ids, 0.4), *some(rng, ids, 0.2))
    return Problem(
        school="small",
        day=DAY,
        zone="UTC",
        buildings=(Building(id="A", title="A"), Building(id="B", title="B")),
        travel=(TravelTime(a="A", b="B", minutes=rng.choice((4, 8, 12))),),
        blocks=blocks,
        rooms=rooms,
        closures=some(rng, [(room.id, block) for room in rooms for block in ids], 0.04),
        competencies=(
            DayCompetency(id="c0"),
            DayCompetency(id="c1", prerequisites=(("c0",),)),
            DayCompetency(id="c2", prerequisites=(("c0", "c1"), ("c1",))),
        ),
        offerings=tuple(_draw_offering(rng, o, ids, competencies, students) for o in offerings),
        staff=tuple(_draw_adult(rng, t, ids, offerings) for t in staff),
        students=tuple(_draw_student(rng, u, ids, competencies, floors) for u in students),
        homes=tuple(
            HomePlace(
                id=f"h{i}",
                block=block,
                room=rng.choice(rooms).id,
                staff=rng.choice(staff),
                seats=rng.choice(seats),
            )
            for i, block in enumerate(homed)
        ),
        policy=Policy(student_room_changes=rng.choice((0, 0, 1)), remix_days=rng.randint(1, 3)),
    )


def _draw_blocks(rng: Random) -> tuple[DayBlock, ...]:
    blocks, start = [], 480
    for i in range(rng.choice((2, 2, 3, 4))):
        end = start + rng.choice((20, 30, 45))
        blocks.append(
            DayBlock(
                id=f"b{i}",
                title=f"Block {i}",
                kind="flex" if rng.random() < 0.85 else rng.choice(("lunch", "class")),
                start=start,
                end=end,
                moved_factor=rng.randint(1, 4),
                frozen=rng.random() < 0.5,
            )
        )
        start = end + rng.choice((0, 5, 10))
    return tuple(blocks)


def _draw_room(rng: Random, i: int) -> Room:
    return Room(
        id=f"r{i}",
        title=f"Room {i}",
        building=rng.choice("AB"),
        kind=rng.choice(("room", "room", "room", "off_campus", "remote")),
        seats=rng.choice((1, 2, 3, 4, 6, 12)),
        features=some(rng, FEATURES, 0.6),
        zones=rng.choice((1, 1, 2)),
    )


def _draw_offering(
    rng: Random, name: str, blocks: list[str], competencies: Sequence[str], students: list[str]
) -> Offering:
    smallest = rng.randint(0, 2)
    low = rng.randint(0, 3)
    return Offering(
        id=name,
        title=name,
        modality=rng.choice(MODALITIES),
        competencies=some(rng, competencies, 0.6),
        smallest=smallest,
        largest=max(1, smallest) + rng.randint(0, 3),
        ideal=maybe(rng, 0.6, (low, low + rng.randint(0, 2))),
        students_per_adult=maybe(rng, 0.3, rng.randint(1, 3)),
        length=rng.choice((1, 1, 2)),
        starts=maybe(rng, 0.3, some(rng, blocks, 0.7)),
        most_sections=maybe(rng, 0.2, rng.randint(0, 2)),
        roles=_draw_roles(rng),
        room_kinds=rng.choice((("room",), ("room", "remote"), ("room", "off_campus", "remote"))),
        features=some(rng, FEATURES, 0.2),
        grades=maybe(rng, 0.15, ("06",)),
        groups=maybe(rng, 0.15, ("red",)),
        barred=some(rng, students, 0.08),
        needs_consent=rng.random() < 0.15,
        extra_time=rng.random() < 0.5,
        minute_kinds=some(rng, ("live_teacher", "enrichment"), 0.6),
        spread_tolerance=rng.choice((10, 30, 60, 100)),
        spare_seats_tolerance=rng.randint(0, 4),
    )


def _draw_roles(rng: Random) -> tuple[RoleNeed, ...]:
    lead = RoleNeed(role="lead", qualification=maybe(rng, 0.3, rng.choice(QUALIFICATIONS)))
    more = RoleNeed(
        role=rng.choice(("aide", "specialist", "lead")),
        qualification=maybe(rng, 0.6, rng.choice(QUALIFICATIONS)),
        count=rng.choice((1, 1, 2)),
    )
    return (lead, more) if rng.random() < 0.4 else (lead,)


def _draw_adult(rng: Random, name: str, blocks: list[str], offerings: list[str]) -> DayStaff:
    return DayStaff(
        id=name,
        qualifications=some(rng, QUALIFICATIONS, 0.7),
        away=some(rng, blocks, 0.05),
        commitments=_draw_commitments(rng, blocks),
        most_preparations=maybe(rng, 0.5, rng.randint(0, 2)),
        most_consecutive_blocks=maybe(rng, 0.4, rng.randint(0, 3)),
        most_students=maybe(rng, 0.4, rng.randint(0, 5)),
        declined=some(rng, offerings, 0.08),
        covers=some(rng, offerings, 0.4),
        fair_blocks=maybe(rng, 0.5, rng.randint(0, 3)),
        fair_cover=maybe(rng, 0.5, rng.randint(0, 2)),
    )


def _draw_student(
    rng: Random, name: str, blocks: list[str], competencies: Sequence[str], floors: Sequence[int]
) -> DayStudent:
    mastered = some(rng, competencies, 0.4)
    return DayStudent(
        id=name,
        grade=rng.choice(("06", "06", "07", None)),
        groups=some(rng, ("red", "blue"), 0.7),
        needs_features=some(rng, FEATURES, 0.15),
        off_campus_consent=rng.random() < 0.7,
        away=some(rng, blocks, 0.06),
        commitments=_draw_commitments(rng, blocks),
        mastered=mastered,
        needs=tuple(
            Need(competency=c, urgency=rng.randint(1, 100), readiness=rng.randint(0, 100))
            for c in competencies
            if c not in mastered and rng.random() < 0.8
        ),
        floors=Floors(
            live_teacher=rng.choice(floors),
            choice=rng.choice(floors),
            enrichment=rng.choice(floors),
        ),
    )


def _draw_commitments(rng: Random, blocks: list[str]) -> tuple[Commitment, ...]:
    if rng.random() > 0.25:
        return ()
    building = rng.choice((None, "A", "B"))
    return (Commitment(blocks=(rng.choice(blocks),), building=building),)


# --- the plan ---------------------------------------------------------------------------------


ASPECTS = ("blocks", "rooms", "staff", "students", "sizes", "homes")


def _draw_plan(rng: Random, problem: Problem, prefix: str) -> Case:
    """A plan that is careful in some respects and careless in others."""
    facts = Facts(problem)
    care = frozenset(ASPECTS if rng.random() < 0.3 else some(rng, ASPECTS, 0.6))
    sessions: list[Session] = []
    for i in range(rng.randint(1, 8)):
        session = _draw_session(rng, facts, f"{prefix}{i}", care)
        if not _collides(facts, session, sessions, care):
            sessions.append(session)
    placements = _draw_placements(rng, facts, sessions, care)
    if "sizes" in care:
        sessions, placements = _without_small(facts, sessions, placements)
    layout = Layout(facts, sessions, placements)
    unplaced = _draw_unplaced(rng, layout, "homes" in care)
    return Case(problem, tuple(sessions), placements, unplaced)


def _collides(facts: Facts, session: Session, others: list[Session], care: frozenset[str]) -> bool:
    """Whether a session takes a room or an adult that another has, where care is taken."""
    adults = {duty.staff for duty in session.duties}
    for other in others:
        if set(other.blocks).isdisjoint(session.blocks):
            continue
        if "rooms" in care and other.room == session.room:
            return True
        if "staff" in care and not adults.isdisjoint(duty.staff for duty in other.duties):
            return True
    most = facts.offerings[session.offering].most_sections
    sections = sum(other.offering == session.offering for other in others)
    return "sizes" in care and most is not None and sections >= most


def _without_small(
    facts: Facts, sessions: list[Session], placements: tuple[Placement, ...]
) -> tuple[list[Session], tuple[Placement, ...]]:
    """The sessions with students enough, and their placements."""
    seated = Counter(placement.session for placement in placements)
    kept = [s for s in sessions if seated[s.id] >= facts.offerings[s.offering].smallest]
    names = {session.id for session in kept}
    return kept, tuple(p for p in placements if p.session in names)


def _draw_unplaced(rng: Random, layout: Layout, careful: bool) -> tuple[Unplaced, ...]:
    facts, entries = layout.facts, []
    taken: Counter[str | None] = Counter()
    for student in facts.students:
        for block in facts.blocks:
            at_large = facts.is_free(student, block) and not layout.at(student, block)
            listed = at_large if careful else rng.random() < (0.9 if at_large else 0.1)
            if listed:
                homes = [
                    home.id
                    for home in facts.problem.homes
                    if not careful or (home.block == block and taken[home.id] < home.seats)
                ]
                home = rng.choice(homes or [None])
                taken[home] += 1
                entries.append(Unplaced(student=student, block=block, reason="edited", home=home))
    return tuple(entries)


def _draw_session(rng: Random, facts: Facts, name: str, care: frozenset[str]) -> Session:
    offering = rng.choice(facts.problem.offerings)
    runs = facts.starts(offering.id)
    ids = list(facts.blocks)
    blocks = tuple(rng.sample(ids, rng.randint(1, min(3, len(ids)))))
    if runs and ("blocks" in care or rng.random() < 0.5):
        blocks = rng.choice(runs)
    fitting = [
        room
        for room in facts.rooms
        if not facts.kit_missing(offering.id, room)
        and not any(facts.room_held(room, block) for block in blocks)
    ]
    rooms = fitting if "rooms" in care and fitting else list(facts.rooms)
    return Session(
        id=name,
        offering=offering.id,
        blocks=blocks,
        room=rng.choice(rooms),
        duties=_draw_duties(rng, facts, offering, blocks, "staff" in care),
    )


def _draw_duties(
    rng: Random, facts: Facts, offering: Offering, blocks: tuple[str, ...], careful: bool
) -> tuple[Duty, ...]:
    duties: list[Duty] = []
    for need in offering.roles:
        fitting = [
            adult
            for adult in facts.staff
            if not careful
            or (facts.fills(adult, offering.id, need) and facts.available(adult, blocks))
        ]
        count = need.count if careful else rng.randint(0, need.count)
        for adult in rng.sample(fitting, min(count, len(fitting))):
            duties.append(Duty(staff=adult, role=need.role))
    if rng.random() < 0.2:
        role = rng.choice(("lead", "aide", "support"))
        duties.append(Duty(staff=rng.choice(list(facts.staff)), role=role))
    return tuple(dict.fromkeys(duties))


def _draw_placements(
    rng: Random, facts: Facts, sessions: list[Session], care: frozenset[str]
) -> tuple[Placement, ...]:
    placements: list[Placement] = []
    seated: Counter[str] = Counter()
    for student in facts.students:
        taken: set[str] = set()
        for session in rng.sample(sessions, len(sessions)):
            offering = facts.offerings[session.offering]
            fits = taken.isdisjoint(session.blocks) and (
                all(facts.is_free(student, block) for block in session.blocks)
                and facts.may_attend(student, session.offering)
                and not facts.lacks_consent(student, session.offering, session.room)
            )
            chance = (0.95 if fits else 0.0) if "students" in care else 0.4
            seats = min(offering.largest, facts.rooms[session.room].seats)
            full = "sizes" in care and seated[session.id] >= seats
            if not full and rng.random() < chance:
                taken.update(session.blocks)
                seated[session.id] += 1
                competency = _draw_competency(rng, facts, student, session, "students" in care)
                placements.append(
                    Placement(student=student, session=session.id, competency=competency)
                )
    return tuple(placements)


def _draw_competency(
    rng: Random, facts: Facts, student: str, session: Session, careful: bool
) -> str | None:
    taught = facts.offerings[session.offering].competencies
    needed = [c for c in taught if c in facts.needs[student] and not facts.missing(student, c)]
    if careful and needed:
        return rng.choice(needed)
    return rng.choice((*taught, None))


# --- what depends on a plan -------------------------------------------------------------------


def _with_history(rng: Random, problem: Problem, plan: Case) -> Problem:
    students, staff = [s.id for s in problem.students], [t.id for t in problem.staff]
    offerings, blocks = [o.id for o in problem.offerings], [b.id for b in problem.blocks]

    def several(most: int) -> range:
        return range(rng.randint(0, most))

    extras: dict[str, Any] = {
        "protected": tuple(
            ProtectedTime(
                id=f"p{i}",
                kind=rng.choice(("planning", "lunch", "common")),
                staff=tuple(rng.sample(staff, rng.randint(1, 2))),
                blocks=(wanted := tuple(rng.sample(blocks, rng.randint(1, len(blocks))))),
                at_least=rng.randint(1, len(wanted)),
            )
            for i in several(2)
        ),
        "ballots": tuple(
            Ballot(
                id=f"v{i}",
                student=rng.choice(students),
                blocks=some(rng, blocks, 0.7) or tuple(blocks),
                ranking=tuple(rng.sample(offerings, rng.randint(1, len(offerings)))),
                credit=rng.randint(1, 10),
            )
            for i in several(3)
        ),
        "requests": tuple(
            Request(
                id=f"q{i}",
                staff=rng.choice(staff),
                student=rng.choice(students),
                offerings=some(rng, offerings, 0.6),
                blocks=some(rng, blocks, 0.7),
                priority=rng.randint(1, 5),
            )
            for i in several(3)
        ),
        "services": tuple(_draw_service(rng, problem, plan, f"e{i}") for i in several(3)),
        "accommodations": tuple(
            Accommodation(
                id=f"a{i}",
                student=rng.choice(students),
                kind=rng.choice(("place", "group_size", "aide", "language", "extra_time", "time")),
                feature=rng.choice(FEATURES),
                group_size=rng.randint(1, 3),
                qualification=rng.choice(QUALIFICATIONS),
                blocks=some(rng, blocks) or (blocks[0],),
                modalities=some(rng, MODALITIES, 0.4),
            )
            for i in several(2)
        ),
        "relations": tuple(
            Relation(
                id=f"n{i}",
                kind=rng.choice(("apart", "together")),
                student=pair[0],
                other=pair[1],
                scope=rng.choice(("session", "room")),
            )
            for i in several(3)
            for pair in [_draw_pair(rng, plan, [*students, rng.choice(staff)])]
        ),
        "orders": tuple(
            Order(first=a, then=b, whole_offering=rng.random() < 0.5)
            for _ in several(2)
            for a, b in [rng.sample(offerings, 2)]
        ),
        "repeats": tuple(
            Repeat(student=rng.choice(students), offering=rng.choice(offerings)) for _ in several(2)
        ),
        "stuck": tuple(
            Stuck(student=student, competency=competency, modality=modality, lead=lead)
            for _ in several(3)
            for student in [rng.choice(students)]
            for competency in [rng.choice(("c0", "c1", "c2"))]
            for modality in [rng.choice(MODALITIES)]
            for lead in rng.sample((None, *staff), rng.randint(1, 2))
        ),
        "recent_pairs": tuple(
            RecentPair(a=a, b=b, days=rng.randint(1, 8))
            for _ in several(3)
            for a, b in [rng.sample(students, 2)]
        ),
        "locks": tuple(_draw_lock(rng, problem, plan, f"l{i}") for i in several(3)),
        "published": maybe(rng, 0.8, _draw_published(rng, problem, plan)),
    }
    return Problem.model_validate({**dict(problem), **extras})


def _draw_pair(rng: Random, plan: Case, people: list[str]) -> list[str]:
    """Two people, often of one session; the second may be an adult."""
    session = rng.choice(plan.sessions or (None,))
    if session is None or rng.random() < 0.5:
        return rng.sample(people, 2)
    students = [p.student for p in plan.placements if p.session == session.id]
    others = students if rng.random() < 0.7 else [duty.staff for duty in session.duties]
    pairs = [[a, b] for a in students for b in others if a != b]
    return rng.choice(pairs or [rng.sample(people, 2)])


def _draw_service(rng: Random, problem: Problem, plan: Case, name: str) -> DayService:
    """Support that some of the plan's sessions may deliver."""
    offerings = {offering.id: offering for offering in problem.offerings}
    wanted = rng.choice(problem.offerings)
    student = rng.choice(problem.students).id
    if plan.placements and rng.random() < 0.7:
        placement = rng.choice(plan.placements)
        session = next(s for s in plan.sessions if s.id == placement.session)
        student, wanted = placement.student, offerings[session.offering]
    asked = [role.qualification for role in wanted.roles if role.qualification]
    pulled = wanted.modality == "service" or rng.random() < 0.1
    return DayService(
        id=name,
        student=student,
        kind="reading",
        minutes_due=rng.choice((10, 20, 30, 60)),
        qualification=rng.choice(asked or QUALIFICATIONS),
        setting="pull_out" if pulled else "push_in",
        largest_group=rng.randint(2, 6),
        not_from_blocks=some(rng, [block.id for block in problem.blocks], 0.1),
        not_from_offerings=some(rng, list(offerings), rng.choice((0, 0, 0.3, 0.5))),
    )


def _draw_lock(rng: Random, problem: Problem, plan: Case, name: str) -> Lock:
    """A lock that the plan may keep or break, or that facts have broken."""
    session = rng.choice(plan.sessions or (_draw_session(rng, Facts(problem), "y", frozenset()),))
    offering = session.offering if rng.random() < 0.7 else rng.choice(problem.offerings).id
    block = rng.choice(session.blocks)
    room = session.room if rng.random() < 0.7 else rng.choice(problem.rooms).id
    seated = [p.student for p in plan.placements if p.session == session.id]
    student = rng.choice(seated or [rng.choice(problem.students).id])
    on_duty = [duty.staff for duty in session.duties]
    adult = rng.choice(on_duty or [rng.choice(problem.staff).id])
    match rng.randrange(4):
        case 0:
            return PlacementLock(
                target="placement",
                id=name,
                owner="x",
                student=student,
                offering=offering,
                block=block,
                room=maybe(rng, 0.5, room),
            )
        case 1:
            return SessionLock(
                target="session",
                id=name,
                owner="x",
                offering=offering,
                block=block,
                room=maybe(rng, 0.5, room),
                lead=maybe(rng, 0.5, adult),
            )
        case 2:
            return RoomLock(
                target="room", id=name, owner="x", room=room, block=block,
                offering=maybe(rng, 0.7, offering),
            )  # fmt: skip
        case _:
            return DutyLock(
                target="duty",
                id=name,
                owner="x",
                staff=adult,
                block=block,
                offering=maybe(rng, 0.7, offering),
                role=maybe(rng, 0.5, rng.choice(("lead", "aide"))),
            )


def _draw_published(rng: Random, problem: Problem, plan: Case) -> Published:
    """The plan itself, or another one, or the plan with some sessions changed."""
    if rng.random() < 0.3:
        plan = _draw_plan(rng, problem, "p")
    sessions = [
        session
        if rng.random() < 0.7
        else session.model_copy(update={"room": rng.choice(problem.rooms).id})
        for session in plan.sessions
    ]
    placements = some(rng, plan.placements, 0.8)
    return Published(plan="before", sessions=tuple(sessions), placements=placements)


def _draw_overrides(rng: Random, plan: Case) -> tuple[Override, ...]:
    """Exceptions for some of the plan's hard findings, each by some of its subjects."""
    overrides = []
    for i, finding in enumerate(judge(plan.layout()).findings):
        if finding.kind == "hard" and rng.random() < 0.5:
            subjects = dict(some(rng, list(finding.subjects.items()), 0.7))
            overrides.append(
                Override(id=f"x{i}", rule=finding.rule, subjects=subjects, reason="r", person="p")
            )
    return tuple(overrides)


# --- slots ------------------------------------------------------------------------------------


def _draw_slots(rng: Random, plan: Case) -> tuple[Slot, ...]:
    """Each session of the plan as a slot with more choices, and slots that the plan leaves out."""
    facts = Facts(plan.problem)
    every = tuple(facts.students)
    seats: dict[str, tuple[str, ...]] = {
        s.id: tuple(p.student for p in plan.placements if p.session == s.id) for s in plan.sessions
    }
    spare = [_draw_session(rng, facts, f"z{i}", frozenset()) for i in range(2)]
    slots = []
    for session in (*plan.sessions, *spare):
        others = some(rng, every, 0.5) if session.id in seats else every
        adults = [duty.staff for duty in session.duties if rng.random() < 0.5]
        role = rng.choice(("lead", "lead", "aide"))
        extra = Duty(staff=rng.choice(adults or list(facts.staff)), role=role)
        slots.append(
            Slot(
                id=session.id,
                offering=session.offering,
                blocks=session.blocks,
                rooms=_shuffled(rng, (session.room, *some(rng, list(facts.rooms), 0.4))),
                duties=_shuffled(rng, (*session.duties, extra)),
                students=_shuffled(rng, (*seats.get(session.id, ()), *others)),
            )
        )
    return _shuffled(rng, slots)


def _shuffled(rng: Random, items: Sequence[T]) -> tuple[T, ...]:
    """Each distinct item once, in random order."""
    distinct = list(dict.fromkeys(items))
    rng.shuffle(distinct)
    return tuple(distinct)
