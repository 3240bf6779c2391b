"""Rules on what a student may be placed in: one place at a time, ready, admitted, in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from schemas.base import BlockId, CompetencyId, StudentId
from schemas.plan import Finding, Session
from schemas.problem import Order
from schemas.school import Accommodation
from solver.layout import Layout
from solver.rows import Expr, total
from solver.rules.base import Rule

if TYPE_CHECKING:
    from solver.model import Model, Slot


class StudentClash(Rule):
    """A student is in at most one place at a time, and never where an absence or a commitment
    holds them elsewhere."""

    id, kind, override = "student-clash", "hard", "never"
    amount = "extra places, per student and block"

    def check(self, layout: Layout) -> Iterator[Finding]:
        facts = layout.facts
        for student in facts.students:
            if not layout.sessions_of(student):
                continue
            for block in facts.blocks:
                places = len(layout.at(student, block))
                homed = layout.home_of(student, block) is not None
                extra = places + homed + facts.student_held(student, block) - 1
                if extra > 0:
                    yield self.finding(extra, student=student, block=block)

    def encode(self, model: Model) -> Expr:
        return total(
            model.excess(
                model.placed(student, block)
                + total(homed for _, homed in model.homes(student, block))
                + (model.facts.student_held(student, block) - 1),
                student=student,
                block=block,
            )
            for student in model.students
            for block in model.open_blocks(student)
        )


class NotReady(Rule):
    """Nobody is placed to work on a competency before its prerequisites are mastered."""

    id, kind, override = "not-ready", "hard", "named"
    amount = "missing prerequisites"

    def check(self, layout: Layout) -> Iterator[Finding]:
        for placement in layout.placements.values():
            if placement.competency is None:
                continue
            missing = layout.facts.missing(placement.student, placement.competency)
            if missing:
                yield self.finding(
                    missing,
                    student=placement.student,
                    session=placement.session,
                    competency=placement.competency,
                )

    def encode(self, model: Model) -> Expr:
        facts = model.facts
        return total(
            model.excess(
                model.serves(student, slot, competency) * facts.missing(student, competency),
                student=student,
                session=slot.id,
                competency=competency,
            )
            for slot in model.open_slots
            for competency in facts.offerings[slot.offering].competencies
            for student in slot.students
        )


class NotEligible(Rule):
    """Only students whom an offering's grades, groups and block list admit are placed in it, and
    only those with consent on file are taken off campus."""

    id, kind, override = "not-eligible", "hard", "named"
    amount = "placements"
    never_causes = ("consent",)

    def check(self, layout: Layout) -> Iterator[Finding]:
        facts = layout.facts
        for student, name in layout.placements:
            session = layout.sessions[name]
            subjects = {"student": student, "session": name, "offering": session.offering}
            if not facts.may_attend(student, session.offering):
                yield self.finding(1, cause="list", **subjects)
            if facts.lacks_consent(student, session.offering, session.room):
                yield self.finding(1, cause="consent", **subjects)

    def encode(self, model: Model) -> Expr:
        return total(
            amount
            for slot in model.open_slots
            for student in slot.students
            for amount in self._amounts(model, slot, student)
        )

    @staticmethod
    def _amounts(model: Model, slot: Slot, student: str) -> Iterator[Expr]:
        facts = model.facts
        subjects = {"student": student, "session": slot.id, "offering": slot.offering}
        if not facts.may_attend(student, slot.offering):
            yield model.excess(model.sits(student, slot), cause="list", **subjects)
        away = [r for r in slot.rooms if facts.lacks_consent(student, slot.offering, r)]
        if away:
            there = model.placed_in(student, slot, away)
            yield model.excess(there, cause="consent", **subjects)


class AccommodationKept(Rule):
    """A student's accommodations hold in every placement: place, size of group, aide, language
    support, extra time, time of day."""

    id, kind, override = "accommodation", "hard", "never"
    amount = "unmet requirements x blocks"
    audience = "entitled"

    def check(self, layout: Layout) -> Iterator[Finding]:
        for student, needs in layout.facts.accommodations.items():
            if student not in layout.facts.students:
                continue
            for session in layout.sessions_of(student):
                offering = layout.facts.offerings[session.offering]
                for need in needs:
                    blocks = _blocks_of(need, session.blocks)
                    applies = blocks and layout.facts.applies(need, offering)
                    if applies and not self._met(layout, need, session):
                        yield self.finding(
                            blocks, student=student, session=session.id, accommodation=need.id
                        )

    @staticmethod
    def _met(layout: Layout, need: Accommodation, session: Session) -> bool:
        facts = layout.facts
        match need.kind:
            case "place":
                return need.feature in facts.rooms[session.room].features
            case "group_size":
                return len(layout.students_in(session.id)) <= (need.group_size or 0)
            case "aide":
                return any(duty.role == "aide" for duty in layout.counting(session))
            case "language":
                duties = layout.counting(session)
                return any(
                    need.qualification in facts.staff[d.staff].qualifications for d in duties
                )
            case "extra_time":
                return facts.offerings[session.offering].extra_time
            case "time":
                return False

    def encode(self, model: Model) -> Expr:
        facts = model.facts
        return total(
            model.excess(
                self._unmet(model, need, slot) * blocks,
                student=student,
                session=slot.id,
                accommodation=need.id,
            )
            for student in model.students
            for need in facts.accommodations.get(student, ())
            for slot in model.slots_of(student)
            if not slot.settled
            for blocks in [_blocks_of(need, slot.blocks)]
            if blocks and facts.applies(need, facts.offerings[slot.offering])
        )

    @staticmethod
    def _unmet(model: Model, need: Accommodation, slot: Slot) -> Expr:
        facts, sits = model.facts, model.sits(need.student, slot)
        match need.kind:
            case "place":
                bare = [r for r in slot.rooms if need.feature not in facts.rooms[r].features]
                return model.placed_in(need.student, slot, bare)
            case "group_size":
                return model.meets(sits, model.above(model.attendance(slot), need.group_size or 0))
            case "aide":
                return sits - total(held for d, held in model.counting(slot) if d.role == "aide")
            case "language":
                return sits - total(
                    held
                    for duty, held in model.counting(slot)
                    if need.qualification in facts.staff[duty.staff].qualifications
                )
            case "extra_time":
                return sits * (not facts.offerings[slot.offering].extra_time)
            case "time":
                return sits


def _blocks_of(need: Accommodation, blocks: tuple[BlockId, ...]) -> int:
    """In how many blocks of a session a requirement counts."""
    return sum(block in need.blocks for block in blocks) if need.kind == "time" else len(blocks)


class RepeatGuard(Rule):
    """Nobody gets a second session on the same competency in a day, nor again an offering that
    is listed for them, without new evidence."""

    id, kind, override = "repeat-guard", "hard", "named"
    amount = "repeats"

    def check(self, layout: Layout) -> Iterator[Finding]:
        served = Counter(
            (p.student, p.competency) for p in layout.placements.values() if p.competency
        )
        for (student, competency), times in served.items():
            if times > 1:
                yield self.finding(times - 1, cause="again", student=student, competency=competency)
        for student, name in layout.placements:
            offering = layout.sessions[name].offering
            if (student, offering) in layout.facts.repeats:
                yield self.finding(
                    1, cause="listed", student=student, session=name, offering=offering
                )

    def encode(self, model: Model) -> Expr:
        again = [
            model.excess(total(times) - 1, cause="again", student=student, competency=competency)
            for student in model.students
            for competency, times in _servings(model, student).items()
        ]
        listed = [
            model.excess(
                model.sits(student, slot),
                cause="listed",
                student=student,
                session=slot.id,
                offering=slot.offering,
            )
            for slot in model.open_slots
            for student in slot.students
            if (student, slot.offering) in model.facts.repeats
        ]
        return total(again) + total(listed)


def _servings(model: Model, student: StudentId) -> dict[CompetencyId, list[Expr]]:
    """Whether each session serves each competency the student could work on."""
    found: dict[CompetencyId, list[Expr]] = {}
    for slot in model.slots_of(student):
        for competency in model.facts.offerings[slot.offering].competencies:
            served = model.serves(student, slot, competency)
            found.setdefault(competency, []).append(served)
    return found


class InOrder(Rule):
    """Where one offering comes before another, it ends before the other starts, for each student
    in both or for every section."""

    id, kind, override = "order", "hard", "named"
    amount = "pairs out of order"

    def check(self, layout: Layout) -> Iterator[Finding]:
        ends_before = layout.facts.ends_before
        for order in layout.facts.problem.orders:
            subjects = {"first": order.first, "then": order.then}
            wrong = [
                (first, then)
                for first in layout.sessions_for(order.first)
                for then in layout.sessions_for(order.then)
                if first is not then and not ends_before(first.blocks, then.blocks)
            ]
            if order.whole_offering:
                if wrong:
                    yield self.finding(len(wrong), **subjects)
                continue
            both = Counter(
                student
                for first, then in wrong
                for student in layout.students_in(first.id)
                if (student, then.id) in layout.placements
            )
            for student, pairs in both.items():
                yield self.finding(pairs, student=student, **subjects)

    def encode(self, model: Model) -> Expr:
        return total(
            amount
            for order in model.facts.problem.orders
            for first in model.slots_for(order.first)
            for then in model.slots_for(order.then)
            if first is not then
            and not (first.settled and then.settled)
            and not model.facts.ends_before(first.blocks, then.blocks)
            for amount in self._amounts(model, order, first, then)
        )

    @staticmethod
    def _amounts(model: Model, order: Order, first: Slot, then: Slot) -> Iterator[Expr]:
        subjects = {"first": order.first, "then": order.then}
        if order.whole_offering:
            yield model.excess(model.meets(model.runs(first), model.runs(then)), **subjects)
            return
        for student in first.students:
            both = model.meets(model.sits(student, first), model.sits(student, then))
            yield model.excess(both, student=student, **subjects)
