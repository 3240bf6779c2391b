"""Rules on what students need, are owed and ask for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from schemas.plan import Finding
from schemas.problem import Ballot, DayService, DayStudent, Request
from schemas.school import MinuteKind
from solver.layout import Layout
from solver.rows import Expr, total
from solver.rules.base import Rule

if TYPE_CHECKING:
    from solver.model import Model, Slot


class UnplacedStudent(Rule):
    """Every student who is here has a session in every flexible block."""

    id, kind, weight, most_weight = "unplaced", "soft", 10_000, 1_000_000
    amount = "student-blocks without a session"

    def check(self, layout: Layout) -> Iterator[Finding]:
        for student in layout.facts.students:
            for block in layout.facts.free_blocks(student):
                if not layout.at(student, block):
                    yield self.finding(1, student=student, block=block)

    def encode(self, model: Model) -> Expr:
        return total(
            model.excess(1 - model.placed(student, block), student=student, block=block)
            for student in model.students
            for block in model.facts.free_blocks(student)
        )


class UnmetNeed(Rule):
    """Students work today on what they need next, the most urgent first."""

    id, kind, weight = "unmet-need", "soft", 10
    amount = "urgency (1-100) of each need that could be served and is not"

    def check(self, layout: Layout) -> Iterator[Finding]:
        served = {(p.student, p.competency) for p in layout.placements.values()}
        for student in layout.facts.problem.students:
            for need in layout.facts.servable_needs(student.id):
                if (student.id, need.competency) not in served:
                    yield self.finding(need.urgency, student=student.id, competency=need.competency)

    def encode(self, model: Model) -> Expr:
        return total(
            model.excess(
                (
                    1
                    - total(
                        model.serves(student, slot, need.competency)
                        for slot in model.slots_of(student)
                    )
                )
                * need.urgency,
                student=student,
                competency=need.competency,
            )
            for student in model.students
            for need in model.facts.servable_needs(student)
        )


class ServiceShort(Rule):
    """Students get the minutes of support they are owed today."""

    id, kind, weight = "service-short", "soft", 50
    amount = "minutes short"
    audience = "entitled"

    def check(self, layout: Layout) -> Iterator[Finding]:
        facts = layout.facts
        for service in facts.services:
            minutes = sum(
                facts.blocks[block].minutes
                for session in layout.sessions_of(service.student)
                if facts.delivers(service, session.offering)
                for block in session.blocks
                if block not in service.not_from_blocks
                and not any(
                    block in missed.blocks
                    for offering in facts.not_to_be_missed(service)
                    for missed in layout.sessions_for(offering)
                )
            )
            if minutes < service.minutes_due:
                yield self.finding(
                    service.minutes_due - minutes, service=service.id, student=service.student
                )

    def encode(self, model: Model) -> Expr:
        return total(
            model.excess(
                service.minutes_due - total(_delivered(model, service)),
                service=service.id,
                student=service.student,
            )
            for service in model.facts.services
        )


def _delivered(model: Model, service: DayService) -> Iterator[Expr]:
    """The minutes of each session and block that count for a service."""
    facts = model.facts
    for slot in model.slots_of(service.student):
        if not facts.delivers(service, slot.offering):
            continue
        for block in slot.blocks:
            if block not in service.not_from_blocks:
                missed = [
                    model.runs(other)
                    for offering in facts.not_to_be_missed(service)
                    for other in model.slots_at(offering, block)
                ]
                sits = model.sits(service.student, slot)
                counts = model.both(sits, 1 - model.either(missed))
                yield counts * facts.blocks[block].minutes


class RequestMissed(Rule):
    """Students are where a teacher asked for them, by the priority of the request."""

    id, kind, weight = "request-missed", "soft", 100
    amount = "priority (1-5) of each request not met"

    def check(self, layout: Layout) -> Iterator[Finding]:
        for request in layout.facts.problem.requests:
            sessions = layout.sessions_of(request.student)
            if not any(_meets(request, s.offering, s.blocks) for s in sessions):
                yield self.finding(
                    request.priority,
                    request=request.id,
                    student=request.student,
                    staff=request.staff,
                )

    def encode(self, model: Model) -> Expr:
        return total(
            model.excess(
                (
                    1
                    - total(
                        model.sits(request.student, slot)
                        for slot in model.slots_of(request.student)
                        if _meets(request, slot.offering, slot.blocks)
                    )
                )
                * request.priority,
                request=request.id,
                student=request.student,
                staff=request.staff,
            )
            for request in model.facts.problem.requests
        )


def _meets(request: Request, offering: str, blocks: tuple[str, ...]) -> bool:
    return offering in request.offerings and not set(blocks).isdisjoint(request.blocks)


class ChoiceMissed(Rule):
    """Students get what they chose, and those who lost out before come first."""

    id, kind, weight = "choice-missed", "soft", 20
    amount = "ranks below the first choice x fairness credit (1-10)"

    def check(self, layout: Layout) -> Iterator[Finding]:
        for ballot in layout.facts.problem.ballots:
            got = {
                session.offering
                for session in layout.sessions_of(ballot.student)
                if not set(session.blocks).isdisjoint(ballot.blocks)
            }
            ranks = [rank for rank, wish in enumerate(ballot.ranking) if wish in got]
            missed = min(ranks, default=len(ballot.ranking)) * ballot.credit
            if missed:
                yield self.finding(missed, ballot=ballot.id, student=ballot.student)

    def encode(self, model: Model) -> Expr:
        return total(
            model.excess(
                (len(ballot.ranking) - self._gained(model, ballot)) * ballot.credit,
                ballot=ballot.id,
                student=ballot.student,
            )
            for ballot in model.facts.problem.ballots
        )

    @staticmethod
    def _gained(model: Model, ballot: Ballot) -> Expr:
        """How many ranks the best choice got saves against getting none."""
        ways: list[tuple[int, Expr]] = []
        for rank, wish in enumerate(ballot.ranking):
            sits = [
                model.sits(ballot.student, slot)
                for slot in model.slots_of(ballot.student)
                if slot.offering == wish and not set(slot.blocks).isdisjoint(ballot.blocks)
            ]
            if sits:
                best = model.rows.variable()
                model.rows.add(best - total(sits), high=0)
                ways.append((len(ballot.ranking) - rank, best))
        model.rows.add(total(best for _, best in ways), high=1)
        return total(best * saved for saved, best in ways)


class StuckAgain(Rule):
    """A way of teaching that did not work for a student is not tried again."""

    id, kind, weight = "stuck", "soft", 100
    amount = "placements on a way that did not work"

    def check(self, layout: Layout) -> Iterator[Finding]:
        facts = layout.facts
        for (student, name), placement in layout.placements.items():
            session = layout.sessions[name]
            modality = facts.offerings[session.offering].modality
            if placement.competency is None:
                continue
            leads = facts.tried.get((student, placement.competency, modality), ())
            held = {duty.staff for duty in session.duties if duty.role == "lead"}
            if any(lead is None or lead in held for lead in leads):
                yield self.finding(
                    1, student=student, session=name, competency=placement.competency
                )

    def encode(self, model: Model) -> Expr:
        return total(
            self._again(model, slot, student, competency, leads)
            for (student, competency, modality), leads in model.facts.tried.items()
            for slot in model.slots_of(student)
            if not slot.settled
            and competency in model.facts.offerings[slot.offering].competencies
            and model.facts.offerings[slot.offering].modality == modality
        )

    @staticmethod
    def _again(
        model: Model, slot: Slot, student: str, competency: str, leads: tuple[str | None, ...]
    ) -> Expr:
        serves = model.serves(student, slot, competency)
        ways = [
            serves if lead is None else model.meets(serves, model.leads(slot, lead))
            for lead in leads
        ]
        return model.excess(*ways, student=student, session=slot.id, competency=competency)


class EquityFloor(Rule):
    """Every student gets today's floor of minutes with a live teacher, by choice and of
    enrichment."""

    id, kind, weight = "equity-floor", "soft", 5
    amount = "minutes below the floor"

    def check(self, layout: Layout) -> Iterator[Finding]:
        facts = layout.facts
        for student in facts.problem.students:
            for kind, floor in _floors(student):
                minutes = sum(
                    facts.minutes(session.blocks)
                    for session in layout.sessions_of(student.id)
                    if facts.gives(student.id, session.offering, kind)
                )
                if minutes < floor:
                    yield self.finding(floor - minutes, cause=kind, student=student.id)

    def encode(self, model: Model) -> Expr:
        facts = model.facts
        return total(
            model.excess(
                floor
                - total(
                    model.sits(name, slot) * facts.minutes(slot.blocks)
                    for slot in model.slots_of(name)
                    if facts.gives(name, slot.offering, kind)
                ),
                cause=kind,
                student=name,
            )
            for name in model.students
            for kind, floor in _floors(facts.students[name])
        )


def _floors(student: DayStudent) -> Iterator[tuple[MinuteKind, int]]:
    """The kinds of minutes for which a student has a floor."""
    floors = student.floors
    kinds: tuple[tuple[MinuteKind, int], ...] = (
        ("live_teacher", floors.live_teacher),
        ("choice", floors.choice),
        ("enrichment", floors.enrichment),
    )
    return (entry for entry in kinds if entry[1])
