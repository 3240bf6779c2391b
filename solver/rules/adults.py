"""Rules on adults: every role filled, nobody in two places, protected time, agreed limits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from schemas.base import BlockId, StaffId
from schemas.plan import Finding, Session
from solver.facts import Facts
from solver.layout import Layout
from solver.rows import ONE, Expr, total
from solver.rules.base import Rule

if TYPE_CHECKING:
    from solver.model import Model, Slot


class RoleCover(Rule):
    """Every role of a session is filled by a qualified adult who is there and accepted it, and no
    student is ever unsupervised."""

    id, kind, override = "role-cover", "hard", "named"
    amount = "unfilled roles, sessions and students without an adult"
    never_causes = ("supervision",)

    def check(self, layout: Layout) -> Iterator[Finding]:
        for session in layout.sessions.values():
            yield from self._of_session(layout, session)
        for student in layout.facts.students:
            for block in layout.facts.free_blocks(student):
                homed = layout.home_of(student, block) is not None
                if not homed and not layout.at(student, block):
                    yield self.finding(1, cause="supervision", student=student, block=block)

    def _of_session(self, layout: Layout, session: Session) -> Iterator[Finding]:
        facts, where = layout.facts, {"session": session.id, "offering": session.offering}
        counting = layout.counting(session)
        if not counting:
            yield self.finding(1, cause="supervision", **where)
        for need in facts.offerings[session.offering].roles:
            filled = sum(
                duty.role == need.role and facts.fills(duty.staff, session.offering, need)
                for duty in counting
            )
            if filled < need.count:
                yield self.finding(need.count - filled, cause="role", role=need.role, **where)
        for staff, duties in Counter(duty.staff for duty in session.duties).items():
            if duties > 1:
                yield self.finding(duties - 1, cause="double", staff=staff, **where)

    def encode(self, model: Model) -> Expr:
        sessions = [e for slot in model.open_slots for e in self._in_slot(model, slot)]
        students = [
            model.excess(
                1
                - model.placed(student, block)
                - total(homed for _, homed in model.homes(student, block)),
                cause="supervision",
                student=student,
                block=block,
            )
            for student in model.students
            for block in model.facts.free_blocks(student)
        ]
        return total(sessions) + total(students)

    @staticmethod
    def _in_slot(model: Model, slot: Slot) -> Iterator[Expr]:
        facts, where = model.facts, {"session": slot.id, "offering": slot.offering}
        counting, runs = model.counting(slot), model.runs(slot)
        anybody = total(held for _, held in counting)
        yield model.excess(runs - anybody, cause="supervision", **where)
        for need in facts.offerings[slot.offering].roles:
            filled = total(
                held
                for duty, held in counting
                if duty.role == need.role and facts.fills(duty.staff, slot.offering, need)
            )
            missing = runs * need.count - filled
            yield model.excess(missing, cause="role", role=need.role, **where)
        for staff in dict.fromkeys(duty.staff for duty in slot.duties):
            extra = total(model.works_in(slot, staff)) - 1
            yield model.excess(extra, cause="double", staff=staff, **where)


class StaffClash(Rule):
    """An adult is in at most one session at a time, and in none while absent or committed."""

    id, kind, override = "staff-clash", "hard", "never"
    amount = "extra sessions, per adult and block"

    def check(self, layout: Layout) -> Iterator[Finding]:
        for staff, block, sessions in layout.staff_at_work():
            extra = len(sessions) - 1 + layout.facts.staff_held(staff, block)
            if extra > 0:
                yield self.finding(extra, staff=staff, block=block)

    def encode(self, model: Model) -> Expr:
        return total(
            model.excess(
                total(works for _, works in model.presences("staff", staff, block))
                + (model.facts.staff_held(staff, block) - 1),
                staff=staff,
                block=block,
            )
            for staff in model.open_staff
            for block in model.facts.blocks
        )


class PlanningTime(Rule):
    """Protected planning, duty-free lunch and common planning time stay free of duties."""

    id, kind, override = "planning-time", "hard", "named"
    amount = "protected blocks missing"

    def check(self, layout: Layout) -> Iterator[Finding]:
        for time in layout.facts.problem.protected:
            free = sum(
                not any(
                    layout.working(staff, block) or layout.facts.staff_committed(staff, block)
                    for staff in time.staff
                )
                for block in time.blocks
            )
            if free < time.at_least:
                yield self.finding(time.at_least - free, cause=time.kind, protected=time.id)

    def encode(self, model: Model) -> Expr:
        return total(
            model.excess(
                total(self._taken(model, time.staff, block) for block in time.blocks)
                + (time.at_least - len(time.blocks)),
                cause=time.kind,
                protected=time.id,
            )
            for time in model.facts.problem.protected
        )

    @staticmethod
    def _taken(model: Model, staff: tuple[StaffId, ...], block: BlockId) -> Expr:
        if any(model.facts.staff_committed(adult, block) for adult in staff):
            return ONE
        return model.either([model.somewhere("staff", adult, block) for adult in staff])


class PrepLimit(Rule):
    """No adult has more preparations, more blocks in a row or more students in a day than
    agreed."""

    id, kind, override = "prep-limit", "hard", "named"
    amount = "preparations, runs of blocks and students beyond what is agreed"

    def check(self, layout: Layout) -> Iterator[Finding]:
        for adult in layout.facts.problem.staff:
            led = layout.led_by(adult.id)
            if adult.most_preparations is not None:
                over = len({session.offering for session in led}) - adult.most_preparations
                if over > 0:
                    yield self.finding(over, cause="preparations", staff=adult.id)
            for window in _windows(layout.facts, adult.most_consecutive_blocks):
                if all(layout.working(adult.id, block) for block in window):
                    yield self.finding(1, cause="consecutive", staff=adult.id, block=window[0])
            if adult.most_students is not None:
                over = sum(len(layout.students_in(s.id)) for s in led) - adult.most_students
                if over > 0:
                    yield self.finding(over, cause="students", staff=adult.id)

    def encode(self, model: Model) -> Expr:
        return total(e for staff in model.open_staff for e in self._of_adult(model, staff))

    @staticmethod
    def _of_adult(model: Model, staff: StaffId) -> Iterator[Expr]:
        adult = model.facts.staff[staff]
        led: dict[str, list[tuple[Slot, Expr]]] = {}
        for slot, duty, held in model.duties_of(staff):
            if duty.role == "lead":
                led.setdefault(slot.offering, []).append((slot, held))
        if adult.most_preparations is not None:
            prepared = total(model.either([held for _, held in slots]) for slots in led.values())
            yield model.excess(
                prepared - adult.most_preparations, cause="preparations", staff=staff
            )
        for window in _windows(model.facts, adult.most_consecutive_blocks):
            busy = model.meets(*(model.somewhere("staff", staff, block) for block in window))
            yield model.excess(busy, cause="consecutive", staff=staff, block=window[0])
        if adult.most_students is not None:
            taught = total(
                model.where(held, model.attendance(slot))
                for slots in led.values()
                for slot, held in slots
            )
            yield model.excess(taught - adult.most_students, cause="students", staff=staff)


def _windows(facts: Facts, most: int | None) -> Iterator[tuple[BlockId, ...]]:
    """Every run of blocks of the day that is one longer than agreed."""
    if most is not None:
        ids = tuple(facts.blocks)
        for first in range(len(ids) - most):
            yield ids[first : first + most + 1]


class UnevenLoad(Rule):
    """Duties and cover are shared fairly among adults."""

    id, kind, weight = "uneven-load", "soft", 20
    amount = "duty blocks beyond a fair share"

    def check(self, layout: Layout) -> Iterator[Finding]:
        for adult in layout.facts.problem.staff:
            duties = layout.duties_of(adult.id)
            blocks = {block for session, _ in duties for block in session.blocks}
            cover = {b for s, _ in duties if s.offering in adult.covers for b in s.blocks}
            shares = (("blocks", blocks, adult.fair_blocks), ("cover", cover, adult.fair_cover))
            for cause, taken, fair in shares:
                if fair is not None and len(taken) > fair:
                    yield self.finding(len(taken) - fair, cause=cause, staff=adult.id)

    def encode(self, model: Model) -> Expr:
        return total(e for staff in model.open_staff for e in self._of_adult(model, staff))

    @staticmethod
    def _of_adult(model: Model, staff: StaffId) -> Iterator[Expr]:
        adult, blocks = model.facts.staff[staff], model.facts.blocks
        if adult.fair_blocks is not None:
            taken = total(model.somewhere("staff", staff, block) for block in blocks)
            yield model.excess(taken - adult.fair_blocks, cause="blocks", staff=staff)
        if adult.fair_cover is not None:
            covers = [
                (slot, held)
                for slot, _, held in model.duties_of(staff)
                if slot.offering in adult.covers
            ]
            taken = total(
                model.either([held for slot, held in covers if block in slot.blocks])
                for block in blocks
            )
            yield model.excess(taken - adult.fair_cover, cause="cover", staff=staff)
