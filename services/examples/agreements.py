"""Draws what is agreed or required around a planted day, so that the day keeps all of it."""

from __future__ import annotations

from datetime import date, timedelta

from schemas.plan import Override
from schemas.problem import (
    DutyLock,
    Lock,
    Order,
    PlacementLock,
    Repeat,
    RoomLock,
    SessionLock,
    Stuck,
)
from schemas.school import Accommodation, Modality, Relation
from services.examples.people import LANGUAGES
from services.examples.planted import PlantedDay
from services.examples.timetable import PlantedSession

OWNER = "Scheduling office"


def draw_relations(day: PlantedDay) -> list[Relation]:
    """One pair to keep apart for every twelve students (a tenth of them from an adult, a quarter
    of the others in the same room), one to keep together for every thirty."""
    draw, ids = day.draw, day.students.ids
    sessions = [{s.id for s in found} for found in day.sessions_by_student()]
    rooms = [
        {(s.room.id, at) for s in found for at in s.span} for found in day.sessions_by_student()
    ]
    found: dict[tuple[str, str], Relation] = {}
    for _ in range(len(ids) // 12):
        a, b = draw.some(range(len(ids)), 2)
        in_room = draw.chance(0.25)
        other = ids[b]
        if draw.chance(0.1):
            adult = draw.one(day.adults)
            met = any(d.staff == adult.id for s in day.sessions if a in s.seated for d in s.duties)
            other, in_room = adult.id, False
        else:
            met = bool(rooms[a] & rooms[b] if in_room else sessions[a] & sessions[b])
        if not met:
            found[ids[a], other] = Relation(
                id=draw.new_id("x"), kind="apart", student=ids[a], other=other,
                scope="room" if in_room else "session",
            )  # fmt: skip
    for _ in range(len(ids) // 30):
        session = draw.one(day.sessions)
        if len(session.seated) > 1:
            a, b = draw.some(sorted(session.seated), 2)
            if (ids[a], ids[b]) not in found and (ids[b], ids[a]) not in found:
                found[ids[a], ids[b]] = Relation(
                    id=draw.new_id("x"), kind="together", student=ids[a], other=ids[b]
                )
    return list(found.values())


def draw_accommodations(day: PlantedDay) -> list[Accommodation]:
    """For about a tenth of the students one requirement that their planted places meet: of each
    kind as many, as far as students can be found whose places meet it."""
    by_student = day.sessions_by_student()
    here = day.draw.shuffled([n for n, sessions in enumerate(by_student) if sessions])
    of_a_kind = max(1, len(by_student) // 60)
    found: list[Accommodation] = []
    for ask in (_aide, _language, _place, _extra_time, _group_size, _time):
        wanted = len(found) + of_a_kind
        for student in list(here):
            if len(found) == wanted:
                break
            asked = ask(day, student, by_student[student])
            if asked is not None:
                found.append(asked)
                here.remove(student)
    return found


def _place(day: PlantedDay, student: int, sessions: list[PlantedSession]) -> Accommodation | None:
    for modality, feature in (("instruction", "hearing_loop"), (None, "step_free")):
        where = [s for s in sessions if modality in (None, s.offering.modality)]
        if where and all(feature in s.room.features for s in where):
            modalities: tuple[Modality, ...] = ("instruction",) if modality else ()
            return Accommodation(
                id=day.draw.new_id("a"), student=day.students.ids[student], kind="place",
                feature=feature, modalities=modalities,
            )  # fmt: skip
    return None


def _group_size(
    day: PlantedDay, student: int, sessions: list[PlantedSession]
) -> Accommodation | None:
    sizes = [len(s.seated) for s in sessions if s.offering.modality == "instruction"]
    if not sizes or max(sizes) > 20:
        return None
    return Accommodation(
        id=day.draw.new_id("a"), student=day.students.ids[student], kind="group_size",
        group_size=max(sizes) + day.draw.whole(0, 2), modalities=("instruction",),
    )  # fmt: skip


def _aide(day: PlantedDay, student: int, sessions: list[PlantedSession]) -> Accommodation | None:
    for modality in sorted({s.offering.modality for s in sessions}):
        there = [s for s in sessions if s.offering.modality == modality]
        if all(any(duty.role == "aide" for duty in s.duties) for s in there):
            return Accommodation(
                id=day.draw.new_id("a"), student=day.students.ids[student], kind="aide",
                modalities=(modality,),
            )  # fmt: skip
    return None


def _language(
    day: PlantedDay, student: int, sessions: list[PlantedSession]
) -> Accommodation | None:
    speaks = {adult.id: adult.qualifications for adult in day.adults}
    there = [s for s in sessions if s.offering.modality == "instruction"]
    for language in LANGUAGES if there else ():
        if all(any(language in speaks[d.staff] for d in s.duties) for s in there):
            return Accommodation(
                id=day.draw.new_id("a"), student=day.students.ids[student], kind="language",
                qualification=language, modalities=("instruction",),
            )  # fmt: skip
    return None


def _extra_time(
    day: PlantedDay, student: int, sessions: list[PlantedSession]
) -> Accommodation | None:
    timed: tuple[Modality, ...] = ("instruction", "demonstration")
    there = [s for s in sessions if s.offering.modality in timed]
    if not there or not all(s.offering.extra_time for s in there):
        return None
    return Accommodation(
        id=day.draw.new_id("a"), student=day.students.ids[student], kind="extra_time",
        modalities=timed,
    )  # fmt: skip


def _time(day: PlantedDay, student: int, sessions: list[PlantedSession]) -> Accommodation | None:
    """No work in a block: a student who is held then, or no small groups when seated elsewhere."""
    held = [at for at in range(len(day.flex)) if not day.students.free[student, at]]
    late = [s for s in sessions if s.offering.modality != "instruction"]
    if held:
        blocks = {day.draw.one(held)}
    elif late:
        blocks = set(day.draw.one(late).span)
    else:
        return None
    return Accommodation(
        id=day.draw.new_id("a"), student=day.students.ids[student], kind="time",
        blocks=tuple(day.flex[at].id for at in sorted(blocks)),
        modalities=() if held else ("instruction",),
    )  # fmt: skip


def draw_orders(day: PlantedDay) -> list[Order]:
    """A few pairs of offerings of one subject that come one before the other."""
    draw = day.draw
    found: list[Order] = []
    pairs = [
        (a, b)
        for a in day.sessions
        for b in day.sessions
        if a.offering.subject
        and a.offering.subject == b.offering.subject
        and a.offering.id != b.offering.id
        and a.span[-1] < b.first
    ]
    for a, b in draw.some(pairs, 40):
        if len(found) >= 2 + len(day.sessions) // 60:
            break
        firsts = [s for s in day.sessions if s.offering.id == a.offering.id]
        thens = [s for s in day.sessions if s.offering.id == b.offering.id]
        wrong = [(s, t) for s in firsts for t in thens if s.span[-1] >= t.first]
        named = {(order.first, order.then) for order in found}
        if any(s.seated.keys() & t.seated.keys() for s, t in wrong) or (
            (a.offering.id, b.offering.id) in named or (b.offering.id, a.offering.id) in named
        ):
            continue
        found.append(
            Order(
                first=a.offering.id,
                then=b.offering.id,
                whole_offering=not wrong and draw.chance(0.3),
            )
        )
    return found


def draw_repeats(day: PlantedDay) -> list[Repeat]:
    """For one student in twenty something they have had and are not to be given again."""
    draw, names = day.draw, list(day.offerings)
    by_student = day.sessions_by_student()
    found = []
    for student in draw.some(range(len(by_student)), len(by_student) // 20):
        seated = {s.offering.id for s in by_student[student]}
        possible = [n for n, o in enumerate(names) if day.could[student, n] and o not in seated]
        if possible:
            found.append(
                Repeat(student=day.students.ids[student], offering=names[draw.one(possible)])
            )
    return found


def draw_stuck(day: PlantedDay, needs: list[list[str]]) -> list[Stuck]:
    """For one student in twenty-five a way of teaching a need that did not work; `needs` are the
    competencies each student needs."""
    draw = day.draw
    ways: tuple[Modality, ...] = ("instruction", "small_group", "collaboration", "demonstration")
    teachers = [adult.id for adult in day.adults if adult.kind == "teacher"]
    return [
        Stuck(
            student=day.students.ids[student],
            competency=draw.one(needs[student]),
            modality=draw.one(ways),
            lead=draw.one(teachers) if draw.chance(0.4) else None,
        )
        for student in draw.some(range(len(needs)), len(needs) // 25)
        if needs[student]
    ]


def draw_locks(day: PlantedDay, today: date) -> list[Lock]:
    """A lock for every hundred students and for every twenty sessions, of all four kinds."""
    draw, ids = day.draw, day.students.ids
    expires = today + timedelta(days=draw.whole(1, 10))
    sessions = draw.some(day.sessions, 3 + len(day.sessions) // 20)
    found: list[Lock] = []
    for session in draw.some(day.sessions, 1 + len(ids) // 100):
        found.append(
            PlacementLock(
                target="placement", id=draw.new_id("l"), owner=OWNER, reason="Agreed with family",
                expires=expires, student=ids[draw.one(sorted(session.seated))],
                offering=session.offering.id, block=day.flex[session.first].id,
                room=session.room.id if draw.chance(0.3) else None,
            )
        )  # fmt: skip
    for n, session in enumerate(sessions):
        found.append(_session_lock(day, session, n, expires))
    idle = [
        (adult.id, at)
        for adult in day.adults
        for at in range(len(day.flex))
        if adult.may_work(at) and (adult.id, at) not in day.timetable.on_duty
    ]
    for staff, at in draw.some(idle, 1):
        found.append(
            DutyLock(
                target="duty", id=draw.new_id("l"), owner=OWNER, reason="Meeting",
                expires=expires, staff=staff, block=day.flex[at].id,
            )
        )  # fmt: skip
    return found


def _session_lock(day: PlantedDay, session: PlantedSession, n: int, expires: date) -> Lock:
    draw, block = day.draw, day.flex[session.first].id
    duty = session.duties[0]
    leads = duty.staff if duty.role == "lead" and draw.chance(0.5) else None
    alone = all(
        s is session or s.room.id != session.room.id or session.first not in s.span
        for s in day.sessions
    )
    if n % 3 == 1 and alone:
        return RoomLock(
            target="room", id=draw.new_id("l"), owner=OWNER, reason="Equipment set up",
            expires=expires, room=session.room.id, block=block, offering=session.offering.id,
        )  # fmt: skip
    if n % 3 == 2:
        return DutyLock(
            target="duty", id=draw.new_id("l"), owner=OWNER, reason="Agreed with the adult",
            expires=expires, staff=duty.staff, block=block, offering=session.offering.id,
            role=duty.role,
        )  # fmt: skip
    return SessionLock(
        target="session", id=draw.new_id("l"), owner=OWNER, reason="Announced", expires=expires,
        offering=session.offering.id, block=block,
        room=session.room.id if draw.chance(0.4) else None, lead=leads,
    )  # fmt: skip


def draw_overrides(day: PlantedDay) -> list[Override]:
    """Exceptions a named person made: a student let into what is for other grades, a teacher
    with one preparation too many. The planted day needs none of them."""
    draw, found = day.draw, []
    closed = [o for o in day.offerings.values() if o.grades is not None and o.most_sections]
    for offering in draw.some(closed, 2):
        outside = [n for n, g in enumerate(day.students.grades) if g not in (offering.grades or ())]
        found.append(
            Override(
                id=draw.new_id("e"), rule="not-eligible",
                subjects={"student": day.students.ids[draw.one(outside)], "offering": offering.id},
                reason="Joins by agreement with the year heads", person="Deputy head",
            )
        )  # fmt: skip
    teacher = draw.one([a for a in day.adults if a.kind == "teacher"])
    found.append(
        Override(
            id=draw.new_id("e"), rule="prep-limit", subjects={"staff": teacher.id},
            reason="Offered to take one more", person="Deputy head",
        )
    )  # fmt: skip
    return found
