"""The ways to mend one session that cannot stand: cover, another room, merge, split, supervise,
fill, cancel; each with its cost and whom it touches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from schemas.base import BlockId, OfferingId, SessionId, StaffId, StudentId
from schemas.plan import Duty, Placement, Session
from solver.hand import Edit, Hand, Judged
from solver.places import Places, at_home

WayKind = Literal[
    "cover", "room", "swap", "merge", "split", "supervise", "fill", "cancel", "place", "open"
]
"""cover: another adult takes the duty. room: another room. swap: two sessions change rooms or
adults. merge: everybody joins sessions of the same offering. split: everybody goes to other
sessions. supervise: the group stays together in another offering under whoever is free. fill:
others join a group too small. cancel: whoever has no other place is looked after at home. place:
one student goes elsewhere. open: one more session."""

ADULTS, ROOMS, OFFERINGS, SEATS = 3, 4, 2, 3
"""How many of each are judged for one way, the likeliest first."""

MOST_WORK = 3000
"""Student-days that may be judged before one way to mend a session is enough."""

LENDERS = 3
"""Groups that are tried without their adults, where a session finds nobody who is free."""

BROKEN = 10_000
"""What a unit of a hard rule's amount counts beside the cost in comparing ways."""

USUAL_GROUP = 20
"""Students in a group for each of whom SEATS seats are judged; fewer in a larger one."""

TRIES = 4
"""Times that a group is seated elsewhere until the seats go together."""


@dataclass(frozen=True)
class Way:
    """One way to mend something, judged."""

    kind: WayKind
    edit: Edit
    judged: Judged
    names: Mapping[str, str] = field(default_factory=dict)
    """What it puts in place: staff, room, offering, session or student."""

    @property
    def rank(self) -> tuple[float, str]:
        """How it compares: by its cost, with what stays broken at the price of students without a
        session, since that is what mending it can come to."""
        return self.judged.cost + self.judged.breaches * BROKEN, self.kind


class Ways:
    """Finds ways in a plan as it is at the moment."""

    def __init__(self, places: Places, touched: Collection[tuple[StudentId, BlockId]] = ()) -> None:
        self.places, self._touched = places, touched
        self.hand: Hand = places.hand
        self.facts, self.layout = places.facts, places.layout
        self._costs: dict[tuple[StudentId, SessionId, SessionId], int | None] = {}
        """Of seats that were tried since a session's ways were last asked for."""

    def for_session(self, session: Session, leaving: StaffId | None = None) -> list[Way]:
        """Every kind of way to mend a session, the best of each kind, the best kind first; after
        much has been judged, no more kinds than it takes to have one by which nobody is left at
        home. Where an adult is `leaving`, ways are looked for as if they were gone."""
        if leaving is not None:
            kept = tuple(duty for duty in session.duties if duty.staff != leaving)
            session = session.model_copy(update={"duties": kept})
        self._costs.clear()
        lawful: list[Way] = []
        for kinds in (self._covers, self._rooms, self._dispersals, self._supervised,
                      self._fillings):  # fmt: skip
            if self.hand.work < MOST_WORK or not _seats_all(lawful):
                lawful += (way for way in kinds(session) if _mends(way))
        if not _seats_all(lawful):
            lawful += (way for way in self._lent(session) if _mends(way))
        return best_of_kinds(lawful)

    def judged(self, kind: WayKind, edit: Edit, **names: str) -> Way:
        """A way to mend, with its verdict."""
        return Way(kind, edit, self.hand.judge(edit), names)

    def placed(self, edit: Edit, student: StudentId, session: Session) -> Way:
        """A way by which a student comes to a session."""
        return self.judged("place", edit, student=student, session=session.id)

    # --- adults and rooms ---------------------------------------------------------------------

    def _covers(self, session: Session) -> Iterator[Way]:
        """Other adults for the duties that nobody fills, in the same room or the next best."""
        held = self.layout.counting(session)
        free = self.places.free_adults(session.blocks)
        if self.places.crew(session.offering, held, ()) is not None:
            if session != self.layout.sessions[session.id]:
                yield self.judged("cover", Edit(sessions=(session,)), staff=held[0].staff)
            return
        free = [one for one in free if self._is_asked(one, session.offering, held)]
        lawful, tried = 0, set[tuple[Duty, ...]]()
        for first in range(min(4 * ADULTS, len(free))):
            if lawful == ADULTS:
                return
            turned = free[first:] + free[:first]
            duties = self.places.crew(session.offering, held, turned)
            if duties is None or duties in tried:
                continue
            tried.add(duties)
            new = [duty.staff for duty in duties if duty not in held]
            for wanted in self._in_rooms(session.model_copy(update={"duties": duties})):
                way = self.judged("cover", Edit(sessions=(wanted,)), staff=new[0], room=wanted.room)
                lawful += not way.judged.worse
                yield way

    def _is_asked(self, staff: StaffId, offering: OfferingId, held: Collection[Duty]) -> bool:
        """Whether an adult fills a role of an offering that some of its duties leave open."""
        return any(
            self.facts.fills(staff, offering, need)
            and self.places.lacking(offering, need, held) > 0
            for need in self.facts.offerings[offering].roles
        )

    def _lent(self, session: Session) -> Iterator[Way]:
        """Adults of other groups, which go elsewhere: those of the smallest groups first."""
        held = self.layout.counting(session)
        lenders = [
            other
            for other in self.places.running(session.blocks)
            if other.id != session.id and other.blocks == session.blocks
        ]
        lenders.sort(key=lambda other: (len(self.layout.students_in(other.id)), other.id))
        tried = 0
        for other in lenders:
            spared = [duty.staff for duty in other.duties]
            duties = self.places.crew(session.offering, held, spared)
            if duties is None or set(duties) <= set(held):
                continue
            students = list(self.layout.students_in(other.id))
            edit, _ = self._spread(other, students, lambda student, place: True)
            wanted = session.model_copy(update={"duties": duties})
            new = next(duty.staff for duty in duties if duty not in held)
            edit = Edit(sessions=(wanted,), closed=(other.id,)).and_then(edit)
            yield self.judged("cover", edit, staff=new, room=session.room)
            tried += 1
            if tried == LENDERS:
                return

    def _in_rooms(self, session: Session) -> Iterator[Session]:
        """The session in its room, or where that is shut in others."""
        if all(self.facts.zones(session.room, block) for block in session.blocks):
            yield session
            return
        students = len(self.layout.students_in(session.id))
        free = self.places.free_rooms(session.offering, session.blocks, students)
        for room in free[:ROOMS]:
            yield session.model_copy(update={"room": room.id})

    def _rooms(self, session: Session) -> Iterator[Way]:
        """Other rooms, where the trouble is the room."""
        if not self._has_its_room(session):
            yield from self.other_rooms(session)

    def other_rooms(self, session: Session) -> Iterator[Way]:
        """The next best rooms that are free."""
        students = len(self.layout.students_in(session.id))
        free = self.places.free_rooms(session.offering, session.blocks, students)
        for room in free[:ROOMS]:
            wanted = session.model_copy(update={"room": room.id})
            yield self.judged("room", Edit(sessions=(wanted,)), room=room.id)

    def _has_its_room(self, session: Session) -> bool:
        """Whether nothing is wrong with the room the session is in."""
        facts, layout, room = self.facts, self.layout, session.room
        students = layout.students_in(session.id)
        return (
            all(len(layout.in_room(room, b)) <= facts.zones(room, b) for b in session.blocks)
            and len(students) <= facts.rooms[room].seats
            and not facts.kit_missing(session.offering, room)
            and not any(facts.features_missing(student, room) for student in students)
            and not any(
                lock.target in ("room", "session") and lock.block in session.blocks
                for lock in facts.locks
            )
        )

    def _supervised(self, session: Session) -> Iterator[Way]:
        """The group in another offering that somebody who is free may lead; who may not come along
        goes elsewhere."""
        students = self.layout.students_in(session.id)
        free = self.places.free_adults(session.blocks)
        if not free or not students:
            return
        judged = lawful = 0
        for offering in self._likeliest(session, students):
            duties = self.places.crew(offering, (), free)
            if duties is None:
                continue
            if lawful == OFFERINGS or judged == 2 * OFFERINGS:
                return
            for room in self._rooms_for(session, offering, len(students))[:1]:
                name = self.places.new_name(offering, session.blocks)
                new = Session(
                    id=name, offering=offering, blocks=session.blocks, room=room, duties=duties
                )
                edit = self._taken_over(session, new)
                way = self.judged(
                    "supervise", edit, offering=offering, staff=duties[0].staff, room=room
                )
                judged += 1
                lawful += not way.judged.worse
                yield way

    def _likeliest(self, session: Session, students: Collection[StudentId]) -> list[OfferingId]:
        """Offerings that most of a group could go on with together, the most useful first."""
        worth = {}
        for offering in self.facts.offerings:
            run = session.blocks
            if offering == session.offering or run not in self.facts.starts(offering):
                continue
            if not self.places.one_more(offering):
                continue
            able = [s for s in students if run in self.facts.runs_for(s, offering)]
            if 5 * len(able) >= 4 * len(students):
                stage = Session(id="?", offering=offering, blocks=run, room=session.room)
                worth[offering] = sum(self.places.gain(s, stage) for s in able)
        return sorted(worth, key=lambda one: (-worth[one], one))

    def _rooms_for(self, session: Session, offering: OfferingId, students: int) -> list[str]:
        """The session's own room where it will do, then others that are free."""
        suited = {room.id for room in self.places.lawful.rooms_for(offering)}
        usable = all(self.facts.zones(session.room, b) for b in session.blocks)
        own = [session.room] if usable and session.room in suited else []
        free = self.places.free_rooms(offering, session.blocks, students)
        return [*own, *(room.id for room in free)]

    def _taken_over(self, session: Session, new: Session) -> Edit:
        """Closes a session and opens another for its students, as far as they may come."""
        students = list(self.layout.students_in(session.id))
        able = [s for s in students if new.blocks in self.facts.runs_for(s, new.offering)]
        seated = able[: self.places.most(new)]
        seats = []
        for student in seated:
            others = [s for s in self.layout.sessions_of(student) if s.id != session.id]
            serves = self.places.served(student, new.offering, others)
            seats.append(Placement(student=student, session=new.id, competency=serves))
        edit = Edit(sessions=(new,), closed=(session.id,), seats=tuple(seats))
        rest = [student for student in students if student not in seated]
        return edit.and_then(self._spread(session, rest, lambda student, other: True)[0])

    # --- the group goes elsewhere -------------------------------------------------------------

    def _dispersals(self, session: Session) -> Iterator[Way]:
        """Merged with sessions of the same offering; or each where it suits them best."""
        students = list(self.layout.students_in(session.id))
        if students:
            way, left = self._dispersed(session, students, "merge")
            if not left:
                yield way
        way, left = self._dispersed(session, students, "split")
        yield replace(way, kind="cancel") if left or not students else way

    def _dispersed(
        self, session: Session, students: Collection[StudentId], kind: WayKind
    ) -> tuple[Way, list[StudentId]]:
        """A session closed and its students elsewhere, and who of them has no other session. Seats
        that do not go together are left out of the next try."""
        barred: set[tuple[StudentId, SessionId]] = set()

        def suits(student: StudentId, other: Session) -> bool:
            alike = kind != "merge" or other.offering == session.offering
            return alike and (student, other.id) not in barred

        for _ in range(TRIES):
            edit, left = self._spread(session, students, suits)
            way = self.judged(
                kind, Edit(closed=(session.id,)).and_then(edit), offering=session.offering
            )
            if not way.judged.worse:
                break
            barred |= self._at_fault(edit, way.judged)
        return way, left

    def _spread(
        self,
        session: Session,
        students: Collection[StudentId],
        suits: Callable[[StudentId, Session], bool],
    ) -> tuple[Edit, list[StudentId]]:
        """Seats for students of a session that closes, in others, and the home places for those
        who are left; who they are."""
        taken: Counter[SessionId] = Counter()
        homes: dict[str, int] = {}
        edit, left = Edit(), []
        for student in self._by_choice(session, students):
            target = self._seat_for(student, session, suits, taken)
            if target is None:
                left.append(student)
                waiting = at_home(self.layout, student, session.blocks, homes)
                edit = edit.and_then(Edit(unplaced=tuple(waiting)))
                continue
            taken[target.id] += 1
            edit = edit.and_then(self._reseated(student, session, target, homes))
        return edit, left

    def _at_fault(self, edit: Edit, judged: Judged) -> set[tuple[StudentId, SessionId]]:
        """The seats of a change that its new hard findings speak of: all of a student or a session,
        and as many as are too many for an adult."""
        named = {name for finding in judged.blocking for name in finding.subjects.values()}
        seats = [(seat.student, seat.session) for seat in edit.seats]
        found = {seat for seat in seats if not named.isdisjoint(seat)}
        for finding in judged.blocking:
            duties = self.layout.duties_of(finding.subjects.get("staff", ""))
            crowded = {session.id for session, _ in duties}
            found.update([seat for seat in seats if seat[1] in crowded][-finding.amount :])
        return found

    def _by_choice(self, session: Session, students: Collection[StudentId]) -> list[StudentId]:
        """Those with the fewest places to go to first."""
        choices = {s: sum(1 for _ in self.places.open_to(s, session.blocks)) for s in students}
        return sorted(students, key=choices.__getitem__)

    def _seat_for(
        self,
        student: StudentId,
        session: Session,
        suits: Callable[[StudentId, Session], bool],
        taken: Counter[SessionId],
    ) -> Session | None:
        """The seat that is best for a student whose session closes, of the likeliest few that are
        lawful."""
        open_ones = [
            other
            for other in self.places.open_to(student, session.blocks)
            if other.id != session.id
            and suits(student, other)
            and set(other.blocks) <= set(session.blocks)
            and self.places.seats_left(other) > self._spoken_for(other, taken)
        ]
        open_ones.sort(key=lambda other: (-self.places.gain(student, other), other.id))
        best: tuple[int, Session] | None = None
        lawful = 0
        for other in open_ones[: 2 * SEATS]:
            cost = self._cost_of_a_seat(student, session, other)
            if cost is not None:
                lawful += 1
                if best is None or cost < best[0]:
                    best = cost, other
            if lawful * len(self.layout.students_in(session.id)) >= SEATS * USUAL_GROUP:
                break
        return best[1] if best else None

    def _cost_of_a_seat(self, student: StudentId, session: Session, other: Session) -> int | None:
        """What the plan would cost if a student of a session that closes went to another; None
        where that is not lawful."""
        key = student, session.id, other.id
        if key not in self._costs:
            judged = self.hand.judge(self._reseated(student, session, other, {}, leave=True))
            barred = any(f.subjects.get("session") != session.id for f in judged.blocking)
            self._costs[key] = None if barred else judged.cost
        return self._costs[key]

    def _spoken_for(self, session: Session, taken: Counter[SessionId]) -> int:
        """How many of those seated so far go to a session, or to the room where it shares one."""
        if self.facts.rooms[session.room].zones == 1:
            return taken[session.id]
        sessions = self.layout.sessions
        return sum(n for one, n in taken.items() if sessions[one].room == session.room)

    def _reseated(
        self,
        student: StudentId,
        session: Session,
        target: Session,
        homes: dict[str, int],
        leave: bool = False,
    ) -> Edit:
        """A seat elsewhere for a student of a session that closes, and a home place for the blocks
        that it does not fill."""
        others = [s for s in self.layout.sessions_of(student) if s.id != session.id]
        serves = self.places.served(student, target.offering, others)
        rest = set(session.blocks) - set(target.blocks)
        return Edit(
            left=((student, session.id),) if leave else (),
            seats=(Placement(student=student, session=target.id, competency=serves),),
            unplaced=tuple(at_home(self.layout, student, rest, homes)),
        )

    # --- the group is too small ---------------------------------------------------------------

    def _fillings(self, session: Session) -> Iterator[Way]:
        """Others join a group below its smallest size, from groups that can spare them: those first
        whom the upset moves anyway."""
        offering = self.facts.offerings[session.offering]
        lacking = offering.smallest - len(self.layout.students_in(session.id))
        if lacking <= 0:
            return
        found: list[tuple[bool, int, StudentId, Edit]] = []
        for student in self._could_join(session):
            edit = self.places.move(student, session)
            judged = self.hand.judge(edit)
            if not judged.blocking:
                found.append((not self._moves_anyway(student, session), judged.cost, student, edit))
            if len(found) == 3 * lacking:
                break
        spared: Counter[SessionId] = Counter()
        chosen = Edit()
        for *_, edit in sorted(found, key=lambda one: one[:3]):
            homes = [one for _, one in edit.left]
            if lacking and all(self._spare(one, spared) for one in homes):
                spared.update(homes)
                lacking -= 1
                chosen = chosen.and_then(edit)
        if not lacking:
            yield self.judged("fill", chosen)

    def _could_join(self, session: Session) -> list[StudentId]:
        """Students who are in other groups that can spare them: those first whom the upset moves
        anyway, then the dearest gain."""
        none: Counter[SessionId] = Counter()
        found = {}
        for other in self.places.running(session.blocks):
            if other.id != session.id and self._spare(other.id, none):
                for student in self.layout.students_in(other.id):
                    open_run = session.blocks in self.facts.runs_for(student, session.offering)
                    if open_run and self.places.may_leave(student, other):
                        gain = self.places.gain(student, session)
                        found[student] = gain - self.places.gain(student, other)
        return sorted(
            found, key=lambda one: (not self._moves_anyway(one, session), -found[one], one)
        )

    def _moves_anyway(self, student: StudentId, session: Session) -> bool:
        """Whether the upset touched a student in all the blocks of a session."""
        return all((student, block) in self._touched for block in session.blocks)

    def _spare(self, session: SessionId, spared: Counter[SessionId]) -> bool:
        smallest = self.facts.offerings[self.layout.sessions[session].offering].smallest
        return len(self.layout.students_in(session)) - spared[session] > smallest


def _seats_all(ways: Iterable[Way]) -> bool:
    """Whether one of the ways leaves nobody of a group at home."""
    return any(way.kind != "cancel" for way in ways)


def _mends(way: Way) -> bool:
    """Whether a way lessens what is broken, and breaks nothing else."""
    return way.judged.breaches < 0 and not way.judged.worse


def best_of_kinds(ways: Iterable[Way]) -> list[Way]:
    """The best way of each kind, the best kind first."""
    best: dict[WayKind, Way] = {}
    for way in ways:
        if way.kind not in best or way.rank < best[way.kind].rank:
            best[way.kind] = way
    return sorted(best.values(), key=lambda way: way.rank)
