"""What seats are worth by the school's weights, for choices made before every rule is asked."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cache, cached_property

from schemas.base import BlockId, CompetencyId, OfferingId, RoomId, StaffId, StudentId
from schemas.problem import Ballot, DayService, Request
from schemas.school import MinuteKind
from solver.board import Board, OpenSession
from solver.facts import Facts
from solver.rules import RULES
from solver.score import weight
from solver.standing import PublishedPlace

MINUTE_KINDS: tuple[MinuteKind, ...] = ("live_teacher", "choice", "enrichment")


class Worth:
    """Prices of one Problem: how much cost a placement saves. Small terms that depend on the
    whole company of a session are left to the improvement by neighbourhoods."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        problem = facts.problem
        self.price = {rule.id: weight(problem, rule) for rule in RULES.values()}
        self.ballots: dict[StudentId, list[Ballot]] = defaultdict(list)
        for ballot in problem.ballots:
            self.ballots[ballot.student].append(ballot)
        self.requests: dict[StudentId, list[Request]] = defaultdict(list)
        for request in problem.requests:
            self.requests[request.student].append(request)
        self.services: dict[StudentId, list[DayService]] = defaultdict(list)
        for service in problem.services:
            self.services[service.student].append(service)
        self.before: dict[tuple[StudentId, BlockId], PublishedPlace] = {
            (place.student, place.block): place for place in facts.published_places
        }
        self.delivers = cache(self._delivers)

    def need(self, student: StudentId, competency: CompetencyId) -> int:
        """What serving a need saves; nothing where the rule does not count it as servable."""
        need = self.facts.needs[student].get(competency)
        if need is None or not self.facts.servable(student, competency):
            return 0
        return self.price["unmet-need"] * need.urgency

    def _delivers(self, service: DayService, offering: OfferingId) -> bool:
        return self.facts.delivers(service, offering)

    def seat(
        self,
        board: Board,
        student: StudentId,
        session: OpenSession,
        competency: CompetencyId | None,
    ) -> int:
        """What placing the student there saves as the board stands, unplaced blocks apart."""
        worth = 0
        if competency is not None:
            worth = self.need(student, competency)
            worth -= self._disappointment(student, session, competency)
        others = [other for other in board.sessions_of(student) if other is not session]
        return (
            worth
            + self._wishes(student, session, others)
            + self._support(student, session, others)
            + self._floors(student, session, others)
            + self.staying(student, session)
        )

    def _disappointment(
        self, student: StudentId, session: OpenSession, competency: CompetencyId
    ) -> int:
        leads = self.facts.tried.get((student, competency, session.offering.modality), ())
        return self.price["stuck"] if any(lead in (None, session.lead) for lead in leads) else 0

    def _wishes(self, student: StudentId, session: OpenSession, others: list[OpenSession]) -> int:
        worth = 0
        for ballot in self.ballots[student]:
            had = [loss(ballot, other.offering.id, other.blocks) for other in others]
            best = min(had, default=len(ballot.ranking))
            gain = best - loss(ballot, session.offering.id, session.blocks)
            worth += max(0, gain) * ballot.credit * self.price["choice-missed"]
        for request in self.requests[student]:
            if meets(request, session.offering.id, session.blocks) and not any(
                meets(request, other.offering.id, other.blocks) for other in others
            ):
                worth += request.priority * self.price["request-missed"]
        return worth

    def _support(self, student: StudentId, session: OpenSession, others: list[OpenSession]) -> int:
        worth = 0
        for service in self.services[student]:
            had = sum(self.delivered(service, s.offering.id, s.blocks) for s in others)
            short = max(0, service.minutes_due - had)
            given = self.delivered(service, session.offering.id, session.blocks)
            worth += min(short, given) * self.price["service-short"]
        return worth

    def delivered(
        self, service: DayService, offering: OfferingId, blocks: tuple[BlockId, ...]
    ) -> int:
        """The minutes of a service that the offering gives in the blocks."""
        if not self.delivers(service, offering):
            return 0
        return self.facts.minutes(b for b in blocks if b not in service.not_from_blocks)

    def _floors(self, student: StudentId, session: OpenSession, others: list[OpenSession]) -> int:
        floors, worth = self.facts.students[student].floors, 0
        for kind in MINUTE_KINDS:
            floor: int = getattr(floors, kind)
            if floor and self.facts.gives(student, session.offering.id, kind):
                had = sum(
                    self.facts.minutes(other.blocks)
                    for other in others
                    if self.facts.gives(student, other.offering.id, kind)
                )
                gain = min(max(0, floor - had), self.facts.minutes(session.blocks))
                worth += gain * self.price["equity-floor"]
        return worth

    @staticmethod
    def kept(old: PublishedPlace, session: OpenSession) -> int:
        """How much of a published place a session keeps: offering, room, lead."""
        same = (old.offering == session.offering.id) + (old.room == session.room.id)
        return same + (old.lead is not None and session.lead == old.lead)

    @cached_property
    def led_before(self) -> dict[tuple[OfferingId, BlockId], set[StaffId]]:
        """Who was published to lead each offering, by block."""
        found: dict[tuple[OfferingId, BlockId], set[StaffId]] = defaultdict(set)
        for place in self.facts.published_places:
            if place.offering is not None and place.lead is not None:
                found[place.offering, place.block].add(place.lead)
        return found

    @cached_property
    def housed_before(self) -> dict[tuple[OfferingId, BlockId], set[RoomId]]:
        """The rooms each offering was published in, by block."""
        found: dict[tuple[OfferingId, BlockId], set[RoomId]] = defaultdict(set)
        for place in self.facts.published_places:
            if place.offering is not None and place.room is not None:
                found[place.offering, place.block].add(place.room)
        return found

    def leads_known(self, session: OpenSession) -> Counter[StaffId]:
        """How many of a session's students were published to be led by whom then, block by
        block."""
        return Counter(
            old.lead
            for student in session.seats
            for block in session.blocks
            for old in [self.before.get((student, block))]
            if old is not None and old.lead is not None
        )

    def staying(self, student: StudentId, session: OpenSession) -> int:
        """What keeping offering, room and lead as published saves."""
        kept = 0
        for block in session.blocks:
            old = self.before.get((student, block))
            if old is not None:
                kept += self.kept(old, session) * self.facts.blocks[block].moved_factor
        return kept * self.price["moved"]

    def unserved(self) -> int:
        """What needs, wishes, support and changed offerings would cost if nobody were placed;
        unplaced students, and what hangs on rooms, leads and company, apart."""
        facts, problem = self.facts, self.facts.problem
        amounts = {
            "unmet-need": sum(
                need.urgency for student in facts.students for need in facts.servable_needs(student)
            ),
            "choice-missed": sum(len(b.ranking) * b.credit for b in problem.ballots),
            "request-missed": sum(request.priority for request in problem.requests),
            "service-short": sum(service.minutes_due for service in problem.services),
            "equity-floor": sum(
                getattr(student.floors, kind)
                for student in problem.students
                for kind in MINUTE_KINDS
            ),
            "moved": sum(
                facts.blocks[place.block].moved_factor
                for place in facts.published_places
                if place.offering is not None
            ),
        }
        return sum(self.price[rule] * amount for rule, amount in amounts.items())


def loss(ballot: Ballot, offering: OfferingId, blocks: tuple[BlockId, ...]) -> int:
    """The ballot's loss if this were the best it got: rank - 1, or its whole length."""
    if offering not in ballot.ranking or not any(block in ballot.blocks for block in blocks):
        return len(ballot.ranking)
    return ballot.ranking.index(offering)


def meets(request: Request, offering: OfferingId, blocks: tuple[BlockId, ...]) -> bool:
    """Whether a placement there meets a request."""
    return offering in request.offerings and any(block in request.blocks for block in blocks)
