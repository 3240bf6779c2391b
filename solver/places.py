"""Where somebody could go: seats, rooms and adults that stand open in a plan, the best first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from schemas.base import BlockId, CompetencyId, OfferingId, SessionId, StaffId, StudentId
from schemas.plan import Duty, Placement, Session, Unplaced
from schemas.school import RoleNeed, Room
from solver.hand import Edit, Hand, Judged
from solver.lawful import Lawful
from solver.layout import Layout
from solver.worth import Worth, loss, meets

TRIES = 3
"""Times that a group is put together until it may be together."""


@dataclass(frozen=True)
class Offer:
    """A lawful change and what it would come to."""

    edit: Edit
    judged: Judged
    session: SessionId


class Places:
    """Questions about a plan under a hand. They are asked of the plan as it is at the moment."""

    def __init__(self, hand: Hand) -> None:
        self.hand, self.facts, self.layout = hand, hand.facts, hand.layout
        self.lawful, self.worth = Lawful(hand.facts), Worth(hand.facts)
        self._opened = 0
        self._pinned = {
            (lock.student, lock.block) for lock in self.facts.locks if lock.target == "placement"
        }
        self._frozen = {block.id for block in self.facts.problem.blocks if block.frozen}

    # --- what somebody could want -------------------------------------------------------------

    def best_for(self, student: StudentId, block: BlockId, most: int = 3) -> list[Offer]:
        """The lawful places for a student in a block beside where they are, the best first: each
        is judged, so the cost is what it would be."""
        here = {session.id for session in self.layout.at(student, block)}
        found = []
        for session in self.open_to(student, (block,)):
            if session.id not in here:
                edit = self.move(student, session)
                judged = self.hand.judge(edit)
                if not judged.blocking:
                    found.append(Offer(edit, judged, session.id))
        return sorted(found, key=lambda offer: (offer.judged.cost, offer.session))[:most]

    def best_to_run(self, offering: OfferingId, block: BlockId, most: int = 3) -> list[Offer]:
        """The lawful ways to run one more session of an offering over a block with the students
        who are unplaced there, the best first."""
        found = []
        for run in self.facts.starts(offering):
            if block not in run:
                continue
            for session in self.stageable(offering, run, rooms=most):
                offer = self.gathered(session, self._waiting(run))
                if offer is not None:
                    found.append(offer)
        return sorted(found, key=lambda offer: (offer.judged.cost, offer.session))[:most]

    def _waiting(self, run: tuple[BlockId, ...]) -> list[StudentId]:
        return [
            student
            for student in self.facts.students
            if all((student, block) in self.layout.unplaced for block in run)
        ]

    # --- seats --------------------------------------------------------------------------------

    def open_to(
        self, student: StudentId, blocks: Collection[BlockId], full: bool = False
    ) -> Iterator[Session]:
        """Sessions in any of the blocks that are open to a student by themselves and have a seat
        left; with `full`, those that have none."""
        for session in self.running(blocks):
            open_run = session.blocks in self.facts.runs_for(student, session.offering)
            if open_run and (self.seats_left(session) > 0) != full:
                yield session

    def running(self, blocks: Collection[BlockId]) -> Iterator[Session]:
        """The sessions in any of the blocks."""
        seen: dict[SessionId, Session] = {}
        for room in self.facts.rooms:
            for block in blocks:
                for session in self.layout.in_room(room, block):
                    seen.setdefault(session.id, session)
        return iter(seen.values())

    def most(self, session: Session) -> int:
        """The most students a session may have by offering, room and adults."""
        offering, room = self.facts.offerings[session.offering], self.facts.rooms[session.room]
        most = min(offering.largest, room.seats)
        if offering.students_per_adult is not None:
            adults = len({duty.staff for duty in session.duties})
            most = min(most, adults * offering.students_per_adult)
        return most

    def seats_left(self, session: Session) -> int:
        """How many students a session can still take, and the room where it shares one."""
        own = self.most(session) - len(self.layout.students_in(session.id))
        room = self.facts.rooms[session.room]
        if room.zones == 1:
            return own
        taken = (
            sum(len(self.layout.students_in(one.id)) for one in self.layout.in_room(room.id, block))
            for block in session.blocks
        )
        return min(own, room.seats - max(taken))

    def gain(self, student: StudentId, session: Session) -> int:
        """About what a seat would save by needs, wishes, support and by staying as published: for
        choosing what to judge."""
        offering, blocks = session.offering, session.blocks
        left = self._elsewhere(student, blocks)
        serves = self.served(student, offering, left)
        saved = self.worth.need(student, serves) if serves is not None else 0
        price, others = self.worth.price, [s for s in left if s.id != session.id]
        for ballot in self.worth.ballots.get(student, ()):
            had = min((loss(ballot, s.offering, s.blocks) for s in others),
                      default=len(ballot.ranking))  # fmt: skip
            gained = max(0, had - loss(ballot, offering, blocks))
            saved += gained * ballot.credit * price["choice-missed"]
        for request in self.worth.requests.get(student, ()):
            if meets(request, offering, blocks):
                saved += request.priority * price["request-missed"]
        for service in self.worth.services.get(student, ()):
            minutes = min(service.minutes_due, self.worth.delivered(service, offering, blocks))
            saved += minutes * price["service-short"]
        return saved + self._staying(student, session)

    def _staying(self, student: StudentId, session: Session) -> int:
        kept = 0
        for block in session.blocks:
            old = self.worth.before.get((student, block))
            if old is not None:
                lead = any(d.staff == old.lead and d.role == "lead" for d in session.duties)
                same = (old.offering == session.offering) + (old.room == session.room) + lead
                kept += same * self.facts.blocks[block].moved_factor
        return kept * self.worth.price["moved"]

    def served(
        self, student: StudentId, offering: OfferingId, kept: Iterable[Session]
    ) -> CompetencyId | None:
        """The most urgent need of the student that the offering teaches, that they are ready for
        and that none of the sessions they keep serves."""
        taken = {
            seat.competency
            for session in kept
            if (seat := self.layout.placements.get((student, session.id))) is not None
        }
        needs = [
            need
            for one in self.facts.offerings[offering].competencies
            if (need := self.facts.needs[student].get(one)) is not None
            and one not in taken
            and not self.facts.missing(student, one)
        ]
        return max(needs, key=lambda need: need.urgency).competency if needs else None

    def _elsewhere(self, student: StudentId, blocks: Collection[BlockId]) -> list[Session]:
        """The student's sessions outside the blocks."""
        mine = self.layout.sessions_of(student)
        return [session for session in mine if not set(session.blocks).intersection(blocks)]

    # --- edits --------------------------------------------------------------------------------

    def move(self, student: StudentId, session: Session) -> Edit:
        """Puts a student in a session, out of all that overlaps with it; blocks that this leaves
        without a session are spent in a home place."""
        kept = self._elsewhere(student, session.blocks)
        mine = self.layout.sessions_of(student)
        left = [other for other in mine if other not in kept]
        emptied = {block for other in left for block in other.blocks} - set(session.blocks)
        serves = self.served(student, session.offering, kept)
        return Edit(
            left=tuple((student, other.id) for other in left),
            seats=(Placement(student=student, session=session.id, competency=serves),),
            unplaced=tuple(at_home(self.layout, student, emptied)),
            placed=tuple(
                (student, block)
                for block in session.blocks
                if (student, block) in self.layout.unplaced
            ),
        )

    def send_home(self, student: StudentId, session: Session) -> Edit:
        """Takes a student out of a session into the home places of its blocks."""
        return Edit(
            left=((student, session.id),),
            unplaced=tuple(at_home(self.layout, student, session.blocks)),
        )

    def gathering(self, session: Session, students: Iterable[StudentId]) -> Edit:
        """Opens a session with those of some students who may be in it, as many as have seats, the
        dearest gain first."""
        return self._opened_for(session, self._keenest(session, students))

    def _keenest(self, session: Session, students: Iterable[StudentId]) -> list[StudentId]:
        """Those of some students who may be in a session, the dearest gain first."""
        suited = [s for s in students if session.blocks in self.facts.runs_for(s, session.offering)]
        return sorted(suited, key=lambda one: -self.gain(one, session))

    def _opened_for(self, session: Session, ranked: Iterable[StudentId]) -> Edit:
        edit = Edit(sessions=(session,))
        for student in islice(ranked, self.most(session)):
            edit = edit.and_then(self.move(student, session))
        return edit

    def gathered(self, session: Session, students: Collection[StudentId]) -> Offer | None:
        """The same judged, without those who may not be together; None where it is unlawful."""
        rest = self._keenest(session, students)
        for _ in range(TRIES):
            edit = self._opened_for(session, rest)
            judged = self.hand.judge(edit)
            if not judged.blocking:
                return Offer(edit, judged, session.id)
            named = {name for finding in judged.blocking for name in finding.subjects.values()}
            if named.isdisjoint(rest):
                return None
            rest = [student for student in rest if student not in named]
        return None

    def instead(self, student: StudentId, session: Session) -> list[tuple[int, Session]]:
        """Where a student of a session could go instead, the dearest gain first."""
        return dearest_first(
            (self.gain(student, other), other)
            for other in self.open_to(student, session.blocks)
            if other is not session and set(other.blocks) <= set(session.blocks)
        )

    def in_place_of_another(
        self, student: StudentId, session: Session, least: int | None = None
    ) -> Iterator[Edit]:
        """A seat in a full session, for which somebody goes elsewhere: those first who lose least,
        and only those who lose less than `least` where that is given."""
        losses = []
        for other in list(self.layout.students_in(session.id)):
            if other != student and self.may_leave(other, session):
                options = self.instead(other, session)
                if options:
                    loss = self.gain(other, session) - options[0][0]
                    losses.append((loss, other, options[0][1]))
        for loss, other, option in sorted(losses, key=lambda one: one[:2]):
            if least is None or loss < least:
                away = self.move(other, option)
                yield away.and_then(self.move(student, session))

    def may_leave(self, student: StudentId, session: Session) -> bool:
        """Whether neither a lock nor the freeze holds the student in the session."""
        return not any(
            (student, block) in self._pinned or block in self._frozen for block in session.blocks
        )

    # --- rooms and adults ---------------------------------------------------------------------

    def free_rooms(
        self, offering: OfferingId, blocks: Collection[BlockId], students: int
    ) -> list[Room]:
        """Rooms of the right kind with space for one more session, the best fitting first."""
        free = [
            room
            for room in self.lawful.rooms_for(offering)
            if all(
                len(self.layout.in_room(room.id, block)) < self.facts.zones(room.id, block)
                for block in blocks
            )
        ]
        return sorted(free, key=lambda room: (room.seats < students, room.seats))

    def free_adults(self, blocks: Collection[BlockId]) -> list[StaffId]:
        """Adults whom nothing holds in the blocks and no lock keeps free, and whose protected time
        and agreed run of blocks a duty there leaves as they are, those with fewest duties first."""
        free = [
            staff
            for staff in self.facts.staff
            if self.facts.available(staff, blocks)
            and not self.lawful.kept_free(staff, blocks)
            and not any(self.layout.working(staff, block) for block in blocks)
            and self._planning_kept(staff, blocks)
            and self._run_kept(staff, blocks)
        ]
        return sorted(free, key=lambda staff: len(self.layout.duties_of(staff)))

    def _planning_kept(self, staff: StaffId, blocks: Collection[BlockId]) -> bool:
        return all(
            sum(
                block not in blocks
                and not any(
                    self.layout.working(adult, block) or self.facts.staff_committed(adult, block)
                    for adult in time.staff
                )
                for block in time.blocks
            )
            >= time.at_least
            for time in self.lawful.protected.get(staff, ())
            if any(block in time.blocks for block in blocks)
        )

    def _run_kept(self, staff: StaffId, blocks: Collection[BlockId]) -> bool:
        most = self.facts.staff[staff].most_consecutive_blocks
        if most is None:
            return True
        run = longest = 0
        for block in self.facts.blocks:
            busy = block in blocks or bool(self.layout.working(staff, block))
            run = run + 1 if busy else 0
            longest = max(longest, run)
        return longest <= most

    def _may_prepare(self, staff: StaffId, offering: OfferingId) -> bool:
        """Whether leading the offering is not one preparation more than agreed."""
        most = self.facts.staff[staff].most_preparations
        led = {session.offering for session in self.layout.led_by(staff)}
        return most is None or len(led | {offering}) <= most

    def one_more(self, offering: OfferingId) -> bool:
        """Whether the offering may have another session today."""
        most = self.facts.offerings[offering].most_sections
        return most is None or len(self.layout.sessions_for(offering)) < most

    def crew(
        self, offering: OfferingId, held: Iterable[Duty], free: Iterable[StaffId]
    ) -> tuple[Duty, ...] | None:
        """All duties of an offering: those held as they are, and the others by adults who are
        free; None where there are too few."""
        duties, rest = list(held), list(free)
        for need in self.facts.offerings[offering].roles:
            for _ in range(self.lacking(offering, need, duties)):
                able = (
                    one
                    for one in rest
                    if self.facts.fills(one, offering, need)
                    and (need.role != "lead" or self._may_prepare(one, offering))
                )
                chosen = next(able, None)
                if chosen is None:
                    return None
                rest.remove(chosen)
                duties.append(Duty(staff=chosen, role=need.role))
        return tuple(duties)

    def lacking(self, offering: OfferingId, need: RoleNeed, duties: Iterable[Duty]) -> int:
        """How many adults some duties lack of a role that an offering asks for."""
        return need.count - sum(
            duty.role == need.role and self.facts.fills(duty.staff, offering, need)
            for duty in duties
        )

    def stageable(
        self,
        offering: OfferingId,
        run: tuple[BlockId, ...],
        rooms: int = 1,
        students: int = 0,
    ) -> Iterator[Session]:
        """New sessions of an offering that a free room and free adults would allow."""
        duties = self.crew(offering, (), self.free_adults(run)) if self.one_more(offering) else None
        if duties is None:
            return
        for room in self.free_rooms(offering, run, students)[:rooms]:
            yield Session(
                id=self.new_name(offering, run), offering=offering, blocks=run, room=room.id,
                duties=duties,
            )  # fmt: skip

    def new_name(self, offering: OfferingId, run: tuple[BlockId, ...]) -> SessionId:
        """An id that no session of the plan has."""
        while True:
            self._opened += 1
            name = f"{offering[:150]}.{run[0][:30]}.new{self._opened}"
            if name not in self.layout.sessions:
                return name


def dearest_first(gains: Iterable[tuple[int, Session]]) -> list[tuple[int, Session]]:
    """Sessions with what a seat in them gains, the most first."""
    return sorted(gains, key=lambda one: (-one[0], one[1].id))


def at_home(
    layout: Layout,
    student: StudentId,
    blocks: Iterable[BlockId],
    taken: dict[str, int] | None = None,
) -> Iterator[Unplaced]:
    """Entries for blocks that a student has without a session, each in the home place with most
    seats left; `taken` counts seats that are promised already, and is kept up."""
    facts, promised = layout.facts, {} if taken is None else taken
    for block in sorted(blocks, key=facts.position.__getitem__):
        if not facts.is_free(student, block):
            continue
        home = max(
            (home for home in facts.problem.homes if home.block == block),
            key=lambda h: h.seats - len(layout.in_home(h.id)) - promised.get(h.id, 0),
            default=None,
        )
        if home is not None:
            promised[home.id] = promised.get(home.id, 0) + 1
        yield Unplaced(
            student=student, block=block, reason="no_seat", home=home.id if home else None
        )
