"""Wrong ways of saying a rule to an engine: each must be found out."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from schemas.base import RoomId, StudentId
from schemas.plan import Duty
from solver.model import Model, Slot
from solver.rows import ONE, ZERO, Expr, total


class Mutant(Model):
    """A model that answers some question wrongly, and knows whether that made a difference."""

    touched = False

    def wrong(self, right: Expr, answer: Expr) -> Expr:
        if answer != right:
            self.touched = True
        return answer


class ForgetsAll(Mutant):
    def excess(self, expr: Expr, /, *others: Expr, cause: str = "", **subjects: str) -> Expr:
        return self.wrong(super().excess(expr, *others, cause=cause, **subjects), ZERO)


class CountsTwice(Mutant):
    def excess(self, expr: Expr, /, *others: Expr, cause: str = "", **subjects: str) -> Expr:
        right = super().excess(expr, *others, cause=cause, **subjects)
        return self.wrong(right, right * 2)


class OneTooStrict(Mutant):
    def excess(self, expr: Expr, /, *others: Expr, cause: str = "", **subjects: str) -> Expr:
        strict = [other + 1 for other in others]
        shifted = super().excess(expr + 1, *strict, cause=cause, **subjects)
        return self.wrong(ZERO, shifted)


class OneTooLenient(Mutant):
    def excess(self, expr: Expr, /, *others: Expr, cause: str = "", **subjects: str) -> Expr:
        right = super().excess(expr, *others, cause=cause, **subjects)
        lenient = [other - 1 for other in others]
        return self.wrong(right, super().excess(expr - 1, *lenient, cause=cause, **subjects))


class ForgetsEverySecond(Mutant):
    asked = 0

    def excess(self, expr: Expr, /, *others: Expr, cause: str = "", **subjects: str) -> Expr:
        right = super().excess(expr, *others, cause=cause, **subjects)
        if not right.terms:
            return right
        self.asked += 1
        return self.wrong(right, right if self.asked % 2 else ZERO)


class SeesOnlyTheFirstWay(Mutant):
    def excess(self, expr: Expr, /, *others: Expr, cause: str = "", **subjects: str) -> Expr:
        self.touched |= bool(others)
        return super().excess(expr, cause=cause, **subjects)


class AddsInsteadOfEither(Mutant):
    def either(self, parts: Sequence[Expr]) -> Expr:
        return self.wrong(super().either(parts), total(parts))


class EitherIsTheFirst(Mutant):
    def either(self, parts: Sequence[Expr]) -> Expr:
        return self.wrong(super().either(parts), parts[0] if parts else ZERO)


class BothIsTheFirst(Mutant):
    def both(self, a: Expr, b: Expr) -> Expr:
        return self.wrong(super().both(a, b), a)


class BothIsTheSecond(Mutant):
    def both(self, a: Expr, b: Expr) -> Expr:
        return self.wrong(super().both(a, b), b)


class MeetsWithoutTheLast(Mutant):
    def meets(self, *flags: Expr) -> Expr:
        return self.wrong(super().meets(*flags), super().meets(*flags[:-1]) if flags[1:] else ONE)


class AnyRoomWillDo(Mutant):
    def within(self, flag: Expr, slot: Slot, rooms: Collection[RoomId]) -> Expr:
        return self.wrong(super().within(flag, slot, rooms), flag)

    def placed_in(self, student: StudentId, slot: Slot, rooms: Collection[RoomId]) -> Expr:
        right = super().placed_in(student, slot, rooms)
        return self.wrong(right, self.sits(student, slot))


class AlwaysWhere(Mutant):
    def where(self, flag: Expr, expr: Expr) -> Expr:
        return self.wrong(super().where(flag, expr), expr)


class NeverAbove(Mutant):
    def above(self, expr: Expr, limit: int) -> Expr:
        return self.wrong(super().above(expr, limit), ZERO)


class AboveFromTheLimit(Mutant):
    def above(self, expr: Expr, limit: int) -> Expr:
        return self.wrong(super().above(expr, limit), super().above(expr, limit - 1))


class WholesRoundedUp(Mutant):
    def wholes(self, expr: Expr, size: int) -> Expr:
        return self.wrong(super().wholes(expr, size), super().wholes(expr + size - 1, size))


class EveryDutyCounts(Mutant):
    """Takes every duty as one that counts, qualified or not."""

    def counting(self, slot: Slot) -> list[tuple[Duty, Expr]]:
        right = super().counting(slot)
        every = [(duty, self.on_duty(slot, duty)) for duty in slot.duties]
        self.touched |= every != right
        return every


def forgets(part: str) -> type[Mutant]:
    """A mutant that forgets every amount of one cause."""

    class ForgetsCause(Mutant):
        def excess(self, expr: Expr, /, *others: Expr, cause: str = "", **subjects: str) -> Expr:
            right = super().excess(expr, *others, cause=cause, **subjects)
            return self.wrong(right, ZERO if cause == part else right)

    ForgetsCause.__name__ = f"Forgets-{part}"
    return ForgetsCause


ALWAYS: tuple[type[Mutant], ...] = (ForgetsAll, CountsTwice, OneTooStrict, OneTooLenient)
"""Those that make a difference to every rule."""

SOMETIMES: tuple[type[Mutant], ...] = (
    ForgetsEverySecond,
    SeesOnlyTheFirstWay,
    AddsInsteadOfEither,
    EitherIsTheFirst,
    BothIsTheFirst,
    BothIsTheSecond,
    MeetsWithoutTheLast,
    AnyRoomWillDo,
    AlwaysWhere,
    NeverAbove,
    AboveFromTheLimit,
    WholesRoundedUp,
    EveryDutyCounts,
)
"""Those that make a difference to rules that ask what they answer wrongly."""
