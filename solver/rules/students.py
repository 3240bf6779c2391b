"""Rules on where a student is: nowhere twice, and nowhere they are held elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from schemas.plan import Finding
from solver.layout import Layout
from solver.rows import Expr, total
from solver.rules.base import Rule

if TYPE_CHECKING:
    from solver.model import Model


class StudentClash(Rule):
    """A student is in at most one place at a time, and never where an absence or a commitment
    holds them elsewhere."""

    id, kind, override = "student-clash", "hard", "never"
    amount = "extra places, per student and block"

    def check(self, layout: Layout) -> Iterator[Finding]:
        for student in layout.facts.students:
            if not layout.sessions_of(student):
                continue
            for block in layout.facts.blocks:
                room_for = 0 if layout.facts.student_held(student, block) else 1
                extra = len(layout.at(student, block)) - room_for
                if extra > 0:
                    yield self.finding(extra, student=student, block=block)

    def encode(self, model: Model) -> Expr:
        facts = model.facts
        return total(
            model.excess(
                model.placed(student, block) - (0 if facts.student_held(student, block) else 1),
                student=student,
                block=block,
            )
            for student in model.students
            for block in facts.blocks
        )
