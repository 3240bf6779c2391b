"""Rules on what stays: the freeze window, locks, and what is published."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from schemas.plan import Duty, Finding, Session
from schemas.problem import Lock
from solver.facts import Facts
from solver.layout import Layout
from solver.rows import Expr, total
from solver.rules.base import Rule
from solver.standing import PublishedPlace

if TYPE_CHECKING:
    from solver.model import Model, Slot


class Freeze(Rule):
    """Nothing inside the freeze window moves, as long as facts allow it to stay."""

    id, kind, override = "freeze", "hard", "named"
    amount = "moves"

    def check(self, layout: Layout) -> Iterator[Finding]:
        for place in _frozen(layout.facts):
            if not any(_continues(s, place) for s in layout.at(place.student, place.block)):
                yield self.finding(1, cause="placement", student=place.student, block=place.block)
        for lead in _frozen_leads(layout.facts):
            if not any(
                _continues(session, lead)
                and Duty(staff=lead.lead or "", role="lead") in session.duties
                for session in layout.working(lead.lead or "", lead.block)
            ):
                yield self.finding(1, cause="lead", **_lead_subjects(lead))

    def encode(self, model: Model) -> Expr:
        moving = set(model.students)
        placements = [
            model.excess(
                1
                - total(
                    model.sits_in(place.student, slot, [place.room or ""])
                    for slot in model.slots_at(place.offering or "", place.block)
                ),
                cause="placement",
                student=place.student,
                block=place.block,
            )
            for place in _frozen(model.facts)
            if place.student in moving
        ]
        leads = [
            model.excess(
                1
                - total(
                    model.within(model.leads(slot, lead.lead or ""), slot, [lead.room or ""])
                    for slot in model.slots_at(lead.offering or "", lead.block)
                ),
                cause="lead",
                **_lead_subjects(lead),
            )
            for lead in _frozen_leads(model.facts)
        ]
        return total(placements) + total(leads)


def _frozen(facts: Facts) -> Iterator[PublishedPlace]:
    """Published places in frozen blocks that are still possible."""
    for place in facts.published_places:
        if place.stands and facts.blocks[place.block].frozen:
            yield place


def _frozen_leads(facts: Facts) -> Iterator[PublishedPlace]:
    """One frozen place for each published session and block that has a lead."""
    seen = set()
    for place in _frozen(facts):
        key = (place.session, place.block)
        if place.lead is not None and key not in seen:
            seen.add(key)
            yield place


def _lead_subjects(place: PublishedPlace) -> dict[str, str]:
    return {
        "staff": place.lead or "",
        "offering": place.offering or "",
        "room": place.room or "",
        "block": place.block,
    }


def _continues(session: Session, place: PublishedPlace) -> bool:
    return session.offering == place.offering and session.room == place.room


class LockKept(Rule):
    """What a person has locked does not move, unless facts have broken the lock."""

    id, kind, override = "lock", "hard", "named"
    amount = "broken locks"

    def check(self, layout: Layout) -> Iterator[Finding]:
        for lock in layout.facts.locks:
            if not _kept(layout, lock):
                yield self.finding(1, cause=lock.target, lock=lock.id, block=lock.block)

    def encode(self, model: Model) -> Expr:
        return total(
            model.excess(*breaches, cause=lock.target, lock=lock.id, block=lock.block)
            for lock in model.facts.locks
            for breaches in [_breaches(model, lock)]
            if breaches
        )


def _kept(layout: Layout, lock: Lock) -> bool:
    match lock.target:
        case "placement":
            return any(
                session.offering == lock.offering and lock.room in (None, session.room)
                for session in layout.at(lock.student, lock.block)
            )
        case "session":
            return any(
                lock.block in session.blocks
                and lock.room in (None, session.room)
                and (lock.lead is None or Duty(staff=lock.lead, role="lead") in session.duties)
                for session in layout.sessions_for(lock.offering)
            )
        case "room":
            sessions = layout.in_room(lock.room, lock.block)
            return all(session.offering == lock.offering for session in sessions)
        case "duty":
            held = [
                session.offering
                for session, duty in layout.duties_of(lock.staff)
                if lock.block in session.blocks and lock.role in (None, duty.role)
            ]
            return lock.offering in held if lock.offering is not None else not held


def _breaches(model: Model, lock: Lock) -> list[Expr]:
    """Expressions of which one is 1 when the lock is broken, and none is above 0 when it holds."""
    match lock.target:
        case "placement":
            return [
                1
                - total(
                    model.sits_in(lock.student, slot, [lock.room])
                    if lock.room is not None
                    else model.sits(lock.student, slot)
                    for slot in model.slots_at(lock.offering, lock.block)
                )
            ]
        case "session":
            slots = model.slots_at(lock.offering, lock.block)
            return [1 - total(_holds(model, slot, lock.room, lock.lead) for slot in slots)]
        case "room":
            return [
                model.in_room(slot, lock.room)
                for slot in model.slots_in_room(lock.room, lock.block)
                if slot.offering != lock.offering
            ]
        case "duty":
            held = [
                (slot, expr)
                for slot, duty, expr in model.duties_of(lock.staff)
                if lock.block in slot.blocks and lock.role in (None, duty.role)
            ]
            if lock.offering is None:
                return [expr for _, expr in held]
            return [1 - total(expr for slot, expr in held if slot.offering == lock.offering)]


def _holds(model: Model, slot: Slot, room: str | None, lead: str | None) -> Expr:
    """Whether the slot runs, in the room and led by whom a lock names."""
    flag = model.runs(slot) if lead is None else model.leads(slot, lead)
    return flag if room is None else model.within(flag, slot, [room])


class Moved(Rule):
    """A new plan moves people as little as it can: offering, room and lead stay as published."""

    id, kind, weight = "moved", "soft", 10
    amount = "changes of offering, room or lead x how near the bell"

    def check(self, layout: Layout) -> Iterator[Finding]:
        for place in layout.facts.published_places:
            sessions = layout.at(place.student, place.block)
            changed = [
                place.offering is not None and all(s.offering != place.offering for s in sessions),
                place.room is not None and all(s.room != place.room for s in sessions),
                place.lead is not None
                and all(Duty(staff=place.lead, role="lead") not in s.duties for s in sessions),
            ]
            factor = layout.facts.blocks[place.block].moved_factor
            if any(changed):
                yield self.finding(sum(changed) * factor, student=place.student, block=place.block)

    def encode(self, model: Model) -> Expr:
        moving = set(model.students)
        return total(
            model.excess(
                (1 - total(kept)) * model.facts.blocks[place.block].moved_factor,
                student=place.student,
                block=place.block,
            )
            for place in model.facts.published_places
            if place.student in moving
            for kept in self._kept(model, place)
        )

    @staticmethod
    def _kept(model: Model, place: PublishedPlace) -> Iterator[list[Expr]]:
        seats = model.presences("student", place.student, place.block)
        if place.offering is not None:
            yield [sits for slot, sits in seats if slot.offering == place.offering]
        if place.room is not None:
            yield [model.sits_in(place.student, slot, [place.room]) for slot, _ in seats]
        if place.lead is not None:
            yield [model.both(sits, model.leads(slot, place.lead)) for slot, sits in seats]
