"""Rules on rooms: one session at a time, fit for it, and little walking about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

from schemas.base import BlockId
from schemas.plan import Finding
from solver.facts import PersonKind
from solver.layout import Layout
from solver.rows import ONE, ZERO, Expr, total
from solver.rules.base import Rule

if TYPE_CHECKING:
    from solver.model import Model, Slot


class RoomClash(Rule):
    """A room holds one session at a time, or one in each of its zones, and none while closed."""

    id, kind, override = "room-clash", "hard", "never"
    amount = "extra sessions, per room and block"

    def check(self, layout: Layout) -> Iterator[Finding]:
        for room, block, sessions in layout.rooms_in_use():
            extra = len(sessions) - layout.facts.zones(room, block)
            if extra > 0:
                yield self.finding(extra, room=room, block=block)

    def encode(self, model: Model) -> Expr:
        return total(
            model.excess(
                total(model.in_room(slot, room) for slot in model.slots_in_room(room, block))
                - model.facts.zones(room, block),
                room=room,
                block=block,
            )
            for room, block in model.open_rooms
        )


class RoomKit(Rule):
    """A room is of the kind, and has the features and accessibility, that its session and each
    student in it need."""

    id, kind, override = "room-kit", "hard", "named"
    amount = "missing features"

    def check(self, layout: Layout) -> Iterator[Finding]:
        facts = layout.facts
        for session in layout.sessions.values():
            missing = facts.kit_missing(session.offering, session.room)
            if missing:
                yield self.finding(
                    missing,
                    cause="session",
                    session=session.id,
                    offering=session.offering,
                    room=session.room,
                )
        for student, name in layout.placements:
            room = layout.sessions[name].room
            missing = facts.features_missing(student, room)
            if missing:
                yield self.finding(
                    missing, cause="student", student=student, session=name, room=room
                )

    def encode(self, model: Model) -> Expr:
        facts = model.facts
        sessions = [
            model.excess(
                model.in_room(slot, room) * facts.kit_missing(slot.offering, room),
                cause="session",
                session=slot.id,
                offering=slot.offering,
                room=room,
            )
            for slot in model.open_slots
            for room in slot.rooms
        ]
        students = [
            model.excess(
                model.placed_in(student, slot, [room]) * facts.features_missing(student, room),
                cause="student",
                student=student,
                session=slot.id,
                room=room,
            )
            for slot in model.open_slots
            for student in slot.students
            if facts.students[student].needs_features
            for room in slot.rooms
        ]
        return total(sessions) + total(students)


class RoomFit(Rule):
    """Rooms are not far larger than their groups, and adults stay in a room from one block to
    the next."""

    id, kind, weight = "room-fit", "soft", 1
    amount = "fives of spare seats, and adults' changes of room"

    def check(self, layout: Layout) -> Iterator[Finding]:
        for session in layout.sessions.values():
            room = layout.facts.rooms[session.room]
            tolerance = layout.facts.offerings[session.offering].spare_seats_tolerance
            spare = room.seats - len(layout.students_in(session.id)) - tolerance
            if room.zones == 1 and spare >= 5:
                yield self.finding(spare // 5, cause="spare", session=session.id)
        for staff, block, sessions in layout.staff_at_work():
            then = layout.facts.next_block(block)
            next_rooms = {session.room for session in layout.working(staff, then)} if then else ()
            if next_rooms and any(session.room not in next_rooms for session in sessions):
                yield self.finding(1, cause="change", staff=staff, block=block)

    def encode(self, model: Model) -> Expr:
        spare = [self._spare(model, slot) for slot in model.open_slots]
        changes = [
            model.excess(*leaving, cause="change", staff=staff, block=block)
            for staff in model.open_staff
            for block in model.facts.blocks
            for then in [model.facts.next_block(block)]
            if then is not None
            for leaving in [_leaving(model, "staff", staff, block, then)]
            if leaving
        ]
        return total(spare) + total(changes)

    @staticmethod
    def _spare(model: Model, slot: Slot) -> Expr:
        facts = model.facts
        tolerance = facts.offerings[slot.offering].spare_seats_tolerance
        seats = total(
            model.in_room(slot, room) * (facts.rooms[room].seats - tolerance)
            for room in slot.rooms
            if facts.rooms[room].zones == 1
        )
        fives = model.wholes(seats - model.attendance(slot), 5)
        return model.excess(fives, cause="spare", session=slot.id)


class Fragments(Rule):
    """A student's day is not broken up by more changes of room than the school's limit."""

    id, kind, weight = "fragments", "soft", 10
    amount = "room changes beyond the limit"

    def check(self, layout: Layout) -> Iterator[Finding]:
        most = layout.facts.problem.policy.student_room_changes
        for student in layout.facts.students:
            placed = [block for block in layout.facts.blocks if layout.at(student, block)]
            if len(placed) <= most + 1:
                continue
            rooms = [{session.room for session in layout.at(student, b)} for b in placed]
            changes = sum(bool(before - after) for before, after in pairwise(rooms))
            if changes > most:
                yield self.finding(changes - most, student=student)

    def encode(self, model: Model) -> Expr:
        most = model.facts.problem.policy.student_room_changes
        return total(
            model.excess(total(changes) - most, student=student)
            for student in model.students
            for changes in [self._changes(model, student, most)]
        )

    @staticmethod
    def _changes(model: Model, student: str, most: int) -> list[Expr]:
        possible = [b for b in model.facts.blocks if model.placed(student, b) != ZERO]
        if len(possible) <= most + 1:
            return []
        certain = {b for b in possible if model.somewhere("student", student, b) == ONE}
        return [
            model.excess(*leaving, student=student)
            for (i, before), (j, after) in combinations(enumerate(possible), 2)
            for between in [possible[i + 1 : j]]
            if certain.isdisjoint(between)
            for leaving in [_leaving(model, "student", student, before, after, between)]
            if leaving
        ]


def _leaving(
    model: Model,
    kind: PersonKind,
    person: str,
    before: BlockId,
    after: BlockId,
    between: Sequence[BlockId] = (),
) -> list[Expr]:
    """Expressions of which one is 1, and none above 0 otherwise, when the person leaves a room
    after one block to be in other rooms only in a later block, and is nowhere in between."""
    after_rooms = model.spots(kind, person, after, "room")
    somewhere = model.somewhere(kind, person, after)
    pause = total(model.somewhere(kind, person, block) for block in between)
    return [
        model.meets(there, somewhere) - after_rooms.get(room, ZERO) - pause
        for room, there in model.spots(kind, person, before, "room").items()
    ]
