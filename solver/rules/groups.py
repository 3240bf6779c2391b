"""Rules on who is together: sizes, people kept apart or together, mixing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from schemas.plan import Finding, Session
from schemas.problem import RecentPair
from schemas.school import Offering, Relation
from solver.facts import Facts, PersonKind
from solver.layout import Layout
from solver.rows import ZERO, Expr, total
from solver.rules.base import Rule

if TYPE_CHECKING:
    from solver.model import Model, Slot


class GroupSize(Rule):
    """A session has no more students than its offering, its room and the adults on duty allow,
    and no fewer than its minimum; a home place no more than its seats, and no offering more
    sections than its limit."""

    id, kind, override = "group-size", "hard", "named"
    amount = "students over plus students under (sections over)"

    def check(self, layout: Layout) -> Iterator[Finding]:
        for session in layout.sessions.values():
            yield from self._of_session(layout, session)
        for room, block, sessions in layout.rooms_in_use():
            students = sum(len(layout.students_in(session.id)) for session in sessions)
            over = students - layout.facts.rooms[room].seats
            if over > 0:
                yield self.finding(over, cause="seats", room=room, block=block)
        for home in layout.facts.problem.homes:
            over = len(layout.in_home(home.id)) - home.seats
            if over > 0:
                yield self.finding(over, cause="home", home=home.id, block=home.block)
        for offering in layout.facts.problem.offerings:
            if offering.most_sections is not None:
                over = len(layout.sessions_for(offering.id)) - offering.most_sections
                if over > 0:
                    yield self.finding(over, cause="sections", offering=offering.id)

    def _of_session(self, layout: Layout, session: Session) -> Iterator[Finding]:
        offering = layout.facts.offerings[session.offering]
        students = len(layout.students_in(session.id))
        most = offering.largest
        if offering.students_per_adult is not None:
            adults = len({duty.staff for duty in layout.counting(session)})
            most = min(most, adults * offering.students_per_adult)
        where = {"session": session.id, "offering": offering.id, "block": session.blocks[0]}
        if students > most:
            yield self.finding(students - most, cause="over", **where)
        if students < offering.smallest:
            yield self.finding(offering.smallest - students, cause="under", **where)

    def encode(self, model: Model) -> Expr:
        sessions = total(e for slot in model.open_slots for e in self._sizes(model, slot))
        rooms = [
            model.excess(
                total(model.attendance_in(slot, room) for slot in model.slots_in_room(room, block))
                - model.facts.rooms[room].seats,
                cause="seats",
                room=room,
                block=block,
            )
            for room, block in model.open_rooms
        ]
        return sessions + total(rooms) + self._homes(model) + self._sections(model)

    @staticmethod
    def _sizes(model: Model, slot: Slot) -> Iterator[Expr]:
        offering, students = model.facts.offerings[slot.offering], model.attendance(slot)
        over = [students - offering.largest]
        if offering.students_per_adult is not None:
            over.append(students - model.adults(slot) * offering.students_per_adult)
        under = model.runs(slot) * offering.smallest - students
        for cause, exprs in (("over", over), ("under", [under])):
            yield model.excess(
                *exprs,
                cause=cause,
                session=slot.id,
                offering=offering.id,
                block=slot.blocks[0],
            )

    @staticmethod
    def _homes(model: Model) -> Expr:
        taken: dict[str, Expr] = {}
        for student in model.students:
            for block in model.facts.free_blocks(student):
                for home, homed in model.homes(student, block):
                    taken[home] = taken.get(home, ZERO) + homed
        return total(
            model.excess(
                taken.get(home.id, ZERO) + (model.homed_already(home.id) - home.seats),
                cause="home",
                home=home.id,
                block=home.block,
            )
            for home in model.facts.problem.homes
        )

    @staticmethod
    def _sections(model: Model) -> Expr:
        return total(
            model.excess(
                total(model.runs(slot) for slot in model.slots_for(offering.id))
                - offering.most_sections,
                cause="sections",
                offering=offering.id,
            )
            for offering in model.facts.problem.offerings
            if offering.most_sections is not None
        )


class KeepApart(Rule):
    """Two people who are to be kept apart are never in the same session, or the same room where
    that is set."""

    id, kind, override = "keep-apart", "hard", "never"
    amount = "pairs, per block"
    audience = "entitled"

    def check(self, layout: Layout) -> Iterator[Finding]:
        for relation, kind in layout.facts.apart:
            for block in layout.facts.blocks:
                theirs = layout.sessions_with(kind, relation.other, block)
                if any(
                    mine is other or (relation.scope == "room" and mine.room == other.room)
                    for mine in layout.at(relation.student, block)
                    for other in theirs
                ):
                    yield self.finding(
                        1, student=relation.student, other=relation.other, block=block
                    )

    def encode(self, model: Model) -> Expr:
        return total(
            model.excess(*meetings, student=relation.student, other=relation.other, block=block)
            for relation, kind in model.facts.apart
            for block in model.facts.blocks
            for meetings in [_meetings(model, relation, kind, block)]
            if meetings
        )


def _meetings(model: Model, relation: Relation, kind: PersonKind, block: str) -> list[Expr]:
    """Every way in which the two could meet in the block, as expressions whose excess is 1."""
    theirs = model.presences(kind, relation.other, block)
    found = []
    for mine, sits in model.presences("student", relation.student, block):
        for other, present in theirs:
            if mine is other:
                found.append(model.meets(sits, present))
            elif relation.scope == "room":
                found.extend(
                    model.meets(
                        sits, present, model.in_room(mine, room), model.in_room(other, room)
                    )
                    for room in mine.rooms
                    if room in other.rooms
                )
    return found


class KeepTogether(Rule):
    """Students who belong together share a session in every block in which both are free."""

    id, kind, weight = "keep-together", "soft", 20
    amount = "blocks apart, per pair"

    def check(self, layout: Layout) -> Iterator[Finding]:
        for a, b, blocks in layout.facts.together:
            for block in blocks:
                theirs = layout.at(b, block)
                if not any(session is other for session in layout.at(a, block) for other in theirs):
                    yield self.finding(1, student=a, other=b, block=block)

    def encode(self, model: Model) -> Expr:
        return total(
            model.excess(
                1
                - total(
                    model.both(sits, model.sits(b, slot))
                    for slot, sits in model.presences("student", a, block)
                ),
                student=a,
                other=b,
                block=block,
            )
            for a, b, blocks in model.facts.together
            for block in blocks
        )


class GroupFit(Rule):
    """Groups are of the size their offering works best with."""

    id, kind, weight = "group-fit", "soft", 5
    amount = "students outside the ideal range"

    def check(self, layout: Layout) -> Iterator[Finding]:
        for session in layout.sessions.values():
            ideal = layout.facts.offerings[session.offering].ideal
            if ideal is None:
                continue
            students = len(layout.students_in(session.id))
            outside = max(ideal[0] - students, students - ideal[1])
            if outside > 0:
                yield self.finding(outside, session=session.id, offering=session.offering)

    def encode(self, model: Model) -> Expr:
        return total(
            model.excess(
                model.runs(slot) * ideal[0] - model.attendance(slot),
                model.attendance(slot) - ideal[1],
                session=slot.id,
                offering=slot.offering,
            )
            for slot in model.open_slots
            for ideal in [model.facts.offerings[slot.offering].ideal]
            if ideal is not None
        )


class Spread(Rule):
    """Students grouped on what they need are near enough to one another in readiness."""

    id, kind, weight = "spread", "soft", 1
    amount = "points of readiness (0-100) beyond the tolerance"

    def check(self, layout: Layout) -> Iterator[Finding]:
        for session in layout.sessions.values():
            ready = [
                need.readiness
                for student in layout.students_in(session.id)
                for served in [layout.placements[student, session.id].competency]
                for need in [layout.facts.needs[student].get(served or "")]
                if need is not None
            ]
            tolerance = layout.facts.offerings[session.offering].spread_tolerance
            beyond = max(ready, default=0) - min(ready, default=100) - tolerance
            if beyond > 0:
                yield self.finding(beyond, session=session.id, offering=session.offering)

    def encode(self, model: Model) -> Expr:
        return total(
            self._beyond(model, slot, model.facts.offerings[slot.offering])
            for slot in model.open_slots
        )

    @staticmethod
    def _beyond(model: Model, slot: Slot, offering: Offering) -> Expr:
        ready = [
            [
                (need.readiness, model.serves(student, slot, competency))
                for competency in offering.competencies
                for need in [model.facts.needs[student].get(competency)]
                if need is not None
            ]
            for student in slot.students
        ]
        levels = [level for choices in ready for level, _ in choices]
        if not levels or max(levels) - min(levels) <= offering.spread_tolerance:
            return ZERO
        highest, lowest = model.rows.variable(0, 100), model.rows.variable(0, 100)
        for choices in ready:
            model.rows.add(highest - total(e * level for level, e in choices), low=0)
            model.rows.add(lowest + total(e * (100 - level) for level, e in choices), high=100)
        return model.excess(
            highest - lowest - offering.spread_tolerance,
            session=slot.id,
            offering=slot.offering,
        )


class Remix(Rule):
    """Groups are mixed anew: students who shared sessions on many recent days are parted."""

    id, kind, weight = "remix", "soft", 10
    amount = "shared days above the limit, per pair placed together"

    def check(self, layout: Layout) -> Iterator[Finding]:
        for pair, beyond in _worn(layout.facts.problem.recent_pairs, layout.facts):
            if any((pair.b, s.id) in layout.placements for s in layout.sessions_of(pair.a)):
                yield self.finding(beyond, student=pair.a, other=pair.b)

    def encode(self, model: Model) -> Expr:
        return total(
            model.excess(*shared, student=pair.a, other=pair.b)
            for pair, beyond in _worn(model.facts.problem.recent_pairs, model.facts)
            for shared in [
                [
                    model.meets(model.sits(pair.a, slot), model.sits(pair.b, slot)) * beyond
                    for slot in model.slots_of(pair.a)
                ]
            ]
            if shared
        )


def _worn(pairs: Iterable[RecentPair], facts: Facts) -> Iterator[tuple[RecentPair, int]]:
    """The pairs above the limit of shared days, and by how much."""
    for pair in pairs:
        beyond = pair.days - facts.problem.policy.remix_days
        if beyond > 0 and pair.a in facts.students and pair.b in facts.students:
            yield pair, beyond
