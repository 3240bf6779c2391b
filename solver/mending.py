"""Mends a broken plan trouble by trouble, then finds better places for those it touched."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import islice

from schemas.base import BlockId, Frozen, OfferingId, SessionId, StaffId, StudentId
from schemas.plan import Finding, Placement, Session
from schemas.problem import ProtectedTime
from solver.hand import Edit, Hand, Judged
from solver.locking import Locking
from solver.places import Places, dearest_first
from solver.ways import SEATS, Way, WayKind, Ways, best_of_kinds

MOST_WORK = 3000
"""Student-days that may be judged, in all, before better places are no longer looked for, and as
many again for those without a session, and for requests."""

MOST_TROUBLES = 400
"""Troubles mended one by one before the search is left to take over."""

CALM = 1000
"""What moving somebody whom the trouble did not touch has to save at least."""

AT_MOST = 2
"""Sessions at which the mending of one trouble is tried."""

EXCHANGES = 100
"""Pairs of students judged for changing places so that a third finds a seat."""

OFFERINGS_TRIED = 6
"""Offerings judged for one more session, those for most of the students waiting first."""

NO_WAY = (float("inf"), "")
"""Ranks behind every way."""

TOO_SMALL = ("group-size", "under")
"""The rule and cause of a group that lacks students."""

ABOUT_ROOMS = ("room-kit", "accommodation")
"""Rules on what a student needs that another room may have."""

AGAIN_WITHOUT = ("not-ready", "repeat-guard")
"""Rules that a placement keeps when it serves no competency."""


class WayTold(Frozen):
    """A way to mend a trouble, for those who choose: what it costs and whom it touches."""

    kind: WayKind
    names: dict[str, str]
    cost: int
    """What the plan costs more by it than it did with the trouble, by the school's weights."""
    students: int
    adults: int


class Mended(Frozen):
    """A trouble that was found, and the ways to mend it, the one taken first."""

    key: str
    """What names the trouble when a person prefers another way."""
    rule: str
    cause: str
    amount: int
    subjects: dict[str, str]
    offering: OfferingId | None
    ways: tuple[WayTold, ...]


class Mender:
    """Changes a plan under a hand until no hard finding is left that it knows to mend."""

    def __init__(
        self,
        hand: Hand,
        prefer: Mapping[str, WayKind],
        new_requests: Collection[str] | None = None,
    ) -> None:
        self.hand, self.facts, self.layout = hand, hand.facts, hand.layout
        self.places = Places(hand)
        self._affected: dict[tuple[StudentId, BlockId], None] = {}
        """The students and blocks that the trouble touched."""
        self.ways = Ways(self.places, self._affected)
        self.mended: list[Mended] = []
        self._prefer, self._new_requests = prefer, new_requests
        self._given_up: set[str] = set()

    def mend(self) -> None:
        """Mends every trouble, then places and re-places those affected where that is better."""
        self._affected.update(dict.fromkeys(self.layout.unplaced))
        past = list(self._past_their_need())
        self._affected.update(dict.fromkeys(past))
        self._mend_all()
        # What found no way at first may find one now that the rest is mended.
        self._given_up.clear()
        self._mend_all()
        self._open_for_the_unplaced()
        self._give_way_to_the_unplaced()
        self._give_support()
        self._meet_requests()
        self._serve_something_else(past)
        self._better_places()

    def out_of_trouble(self) -> Edit:
        """Takes out what hard findings still speak of: sessions, or seats of a single student."""
        closed: dict[SessionId, None] = {}
        left: dict[tuple[StudentId, SessionId], None] = {}
        for trouble in self.hand.blocking:
            student = trouble.subjects.get("student")
            if student is not None and student in self.facts.students:
                named = trouble.subjects.get("session")
                held = (session.id for session in self._where(trouble, student))
                left.update(((student, one), None) for one in held if named in (None, one))
            else:
                closed.update((session.id, None) for session in self._sessions_of(trouble))
        return Edit(
            closed=tuple(closed), left=tuple(seat for seat in left if seat[1] not in closed)
        )

    def _mend_all(self) -> None:
        for _ in range(MOST_TROUBLES):
            trouble = self._worst()
            if trouble is None:
                return
            if not self._mends(trouble):
                self._given_up.add(_name(trouble))

    def _worst(self) -> Finding | None:
        """The next hard finding, in the order of the catalogue, that is not given up. Groups that
        are too small come last: whoever loses a session to another trouble may fill them, so that
        nobody whom the upset did not touch has to."""
        left = (f for f in self.hand.blocking if _name(f) not in self._given_up)
        return min(left, key=lambda f: (f.rule, f.cause) == TOO_SMALL, default=None)

    def _past_their_need(self) -> Iterator[tuple[StudentId, BlockId]]:
        """Where students are placed for what they have mastered by now."""
        mastered = {s.id: frozenset(s.mastered) for s in self.facts.problem.students if s.mastered}
        for seat in self.layout.placements.values():
            if seat.competency is not None and seat.competency in mastered.get(seat.student, ()):
                for block in self.layout.sessions[seat.session].blocks:
                    yield seat.student, block

    # --- one trouble --------------------------------------------------------------------------

    def _mends(self, trouble: Finding) -> bool:
        """Takes the best way to mend a trouble, or the one preferred; whether there was one."""
        sessions = self._sessions_of(trouble)
        tried: list[Session | None] = [*sessions] or [None]
        found = {
            session.id if session else "": best_of_kinds(
                way for way in self._ways(trouble, session) if way.judged.breaches < 0
            )
            for session in tried
        }
        lawful = min(found.values(), key=lambda ways: ways[0].rank if ways else NO_WAY)
        if not lawful:
            return self._makes_room(trouble)
        session = next((s for s in sessions if found[s.id] is lawful), None)
        subjects = trouble.subjects
        key = session.id if session else subjects.get("student", subjects.get("lock", trouble.rule))
        wanted = self._prefer.get(key)
        lawful.sort(key=lambda way: (way.kind != wanted, way.rank))
        self.mended.append(self._told(key, trouble, session, lawful))
        self._adopt(lawful[0].edit)
        return True

    def _ways(self, trouble: Finding, session: Session | None) -> list[Way]:
        subjects = trouble.subjects
        if trouble.rule == "lock":
            lock = next(lock for lock in self.facts.locks if lock.id == subjects["lock"])
            return list(Locking(self.ways).ways_for(lock))
        student = subjects.get("student")
        if student is not None and student in self.facts.students:
            ways = list(self._student_ways(trouble, student, session))
            if session is not None and trouble.rule in ABOUT_ROOMS:
                ways += self.ways.other_rooms(session)
            return ways
        if session is None:
            return []
        ways = self.ways.for_session(session, leaving=self._who_leaves(trouble, session))
        if trouble.cause in ("over", "seats"):
            ways += self._thinned(session, trouble.amount)
        return ways

    def _who_leaves(self, trouble: Finding, session: Session) -> StaffId | None:
        """The adult of a session who may not stay in it."""
        named = [trouble.subjects.get("staff")]
        named += (a for time in self._protected(trouble) for a in time.staff)
        return next((duty.staff for duty in session.duties if duty.staff in named), None)

    def _protected(self, trouble: Finding) -> list[ProtectedTime]:
        named = trouble.subjects.get("protected")
        return [time for time in self.facts.problem.protected if time.id == named]

    def _makes_room(self, trouble: Finding) -> bool:
        """Does what a lock asks although it is in the way of other sessions, which are troubles of
        their own from then on; whether there was something to do."""
        if trouble.rule != "lock":
            return False
        keeping = (
            way
            for way in self._ways(trouble, None)
            if way.kind == "swap" and _name(trouble) in map(_name, way.judged.gone)
        )
        best = min(keeping, key=lambda way: way.rank, default=None)
        if best is not None:
            self.mended.append(self._told(trouble.subjects["lock"], trouble, None, [best]))
            self._adopt(best.edit)
        return best is not None

    def _sessions_of(self, trouble: Finding) -> list[Session]:
        """The sessions that a trouble could be mended at, the smallest first."""
        subjects, layout = trouble.subjects, self.layout
        if "session" in subjects:
            return [layout.sessions[subjects["session"]]]
        block, staff = subjects.get("block"), subjects.get("staff")
        if "room" in subjects and block is not None:
            found = layout.in_room(subjects["room"], block)
        elif staff is not None:
            found = [s for s, _ in layout.duties_of(staff) if self._is_then(trouble, s)]
        elif "protected" in subjects:
            times = self._protected(trouble)
            found = [
                s for t in times for a in t.staff for b in t.blocks for s in layout.working(a, b)
            ]
        elif "offering" in subjects:
            found = layout.sessions_for(subjects["offering"])
        else:
            return []
        distinct = {session.id: session for session in found}.values()
        return sorted(distinct, key=lambda s: (len(layout.students_in(s.id)), s.id))[:AT_MOST]

    def _is_then(self, trouble: Finding, session: Session) -> bool:
        """Whether a session takes up a block that a trouble speaks of, or it speaks of none."""
        named = {trouble.subjects.get("block"), trouble.subjects.get("then")}
        blocks = named.intersection(self.facts.blocks)
        return not blocks or not blocks.isdisjoint(session.blocks)

    def _adopt(self, edit: Edit) -> Judged:
        before = {(s, b) for s in self._changed(edit) for b in self._blocks(edit, s)}
        self._affected.update(dict.fromkeys(sorted(before)))
        return self.hand.adopt(edit)

    def _changed(self, edit: Edit) -> Iterator[StudentId]:
        """The students whose session, room or lead an edit changes."""
        yield from (student for student, _ in edit.left)
        yield from (seat.student for seat in edit.seats)
        for session in (*edit.closed, *(one.id for one in edit.sessions)):
            yield from self.layout.students_in(session)

    def _blocks(self, edit: Edit, student: StudentId) -> Iterator[BlockId]:
        """The blocks in which an edit moves a student out of a session."""
        left = {session for one, session in edit.left if one == student}
        for session in self.layout.sessions_of(student):
            if session.id in left or session.id in edit.closed:
                yield from session.blocks

    def _told(
        self, key: str, trouble: Finding, session: Session | None, ways: Iterable[Way]
    ) -> Mended:
        offering = session.offering if session else trouble.subjects.get("offering")
        return Mended(
            key=key,
            rule=trouble.rule,
            cause=trouble.cause,
            amount=trouble.amount,
            subjects=trouble.subjects,
            offering=offering,
            ways=tuple(self._way_told(way) for way in ways),
        )

    def _way_told(self, way: Way) -> WayTold:
        edit, sessions = way.edit, self.layout.sessions
        gone = [d for one in edit.closed for d in sessions[one].duties]
        gone += [d for one in edit.sessions if one.id in sessions for d in sessions[one.id].duties]
        come = [duty for one in edit.sessions for duty in one.duties]
        return WayTold(
            kind=way.kind,
            names=dict(way.names),
            cost=way.judged.change,
            students=len(set(self._changed(edit))),
            adults=len({d.staff for d in gone} ^ {d.staff for d in come}),
        )

    # --- one student --------------------------------------------------------------------------

    def _student_ways(
        self, trouble: Finding, student: StudentId, session: Session | None
    ) -> Iterator[Way]:
        """Serving nothing where that is enough; elsewhere; or home."""
        held = [session] if session else list(self._where(trouble, student))
        for one in held:
            if (student, one.id) not in self.layout.placements:
                continue
            if trouble.rule in AGAIN_WITHOUT:
                seat = Placement(student=student, session=one.id)
                yield self.ways.judged("place", Edit(left=((student, one.id),), seats=(seat,)))
            for _, other in self.places.instead(student, one)[: 2 * SEATS]:
                yield self.ways.placed(self.places.move(student, other), student, other)
            yield self.ways.judged("cancel", self.places.send_home(student, one), student=student)

    def _where(self, trouble: Finding, student: StudentId) -> Iterator[Session]:
        competency = trouble.subjects.get("competency")
        for session in self.layout.sessions_of(student):
            serves = self.layout.placements[student, session.id].competency
            if self._is_then(trouble, session) and competency in (None, serves):
                yield session

    def _thinned(self, session: Session, over: int) -> Iterator[Way]:
        """As many students fewer as a session has too many: those who can best be spared."""
        spared: list[tuple[int, StudentId, Session | None]] = []
        for student in self.layout.students_in(session.id):
            if self.places.may_leave(student, session):
                options = self.places.instead(student, session)
                gain, other = (
                    options[0] if options else (-self.places.worth.price["unplaced"], None)
                )
                spared.append((self.places.gain(student, session) - gain, student, other))
        spared.sort(key=lambda one: one[:2])
        if over > 1:
            yield self._several_go(session, spared, over)
        for _, student, other in spared:
            if other is not None:
                yield self.ways.placed(self.places.move(student, other), student, other)
            else:
                yield self.ways.judged("cancel", self.places.send_home(student, session))

    def _several_go(
        self, session: Session, spared: list[tuple[int, StudentId, Session | None]], over: int
    ) -> Way:
        """So many of those who can be spared elsewhere, while seats are left there, or home."""
        taken: Counter[SessionId] = Counter()
        edit = Edit()
        for _, student, other in spared[:over]:
            if other is not None and self.places.seats_left(other) > taken[other.id]:
                taken[other.id] += 1
                edit = edit.and_then(self.places.move(student, other))
            else:
                edit = edit.and_then(self.places.send_home(student, session))
        return self.ways.judged("split", edit, offering=session.offering)

    # --- better places ------------------------------------------------------------------------

    def _open_for_the_unplaced(self) -> None:
        """Opens sessions for students without one, as long as that saves something."""
        most = self.hand.work + MOST_WORK
        for block in self.facts.flex:
            while self.hand.work < most and self._opens_one(block):
                pass

    def _opens_one(self, block: BlockId) -> bool:
        waiting = [student for student, where in self.layout.unplaced if where == block]
        if not waiting:
            return False
        sessions = sorted(self._openings(block, waiting), key=lambda one: (-one[0], one[1].id))
        offers = [self.places.gathered(one, waiting) for _, one in sessions[:OFFERINGS_TRIED]]
        best = min(
            (offer for offer in offers if offer is not None and offer.judged.change < 0),
            key=lambda offer: (offer.judged.cost, offer.session),
            default=None,
        )
        if best is not None:
            self.hand.adopt(best.edit)
        return best is not None

    def _openings(self, block: BlockId, waiting: list[StudentId]) -> Iterator[tuple[int, Session]]:
        """One more session of each offering over a block, and for how many of those who wait, as
        far as they are enough."""
        for offering in self.facts.problem.offerings:
            for run in self.facts.starts(offering.id):
                able = [s for s in waiting if run in self.facts.runs_for(s, offering.id)]
                if block in run and len(able) >= max(1, offering.smallest):
                    for session in self.places.stageable(offering.id, run, students=len(able)):
                        yield min(len(able), self.places.most(session)), session

    def _give_way_to_the_unplaced(self) -> None:
        """Where a seat is open to a student without one but for a single other in that group, lets
        the other change places with somebody."""
        most = self.hand.work + MOST_WORK
        for student, block in list(self.layout.unplaced):
            if self.hand.work < most and (student, block) in self.layout.unplaced:
                self._take_better(self._past_another(student, block))

    def _past_another(self, student: StudentId, block: BlockId) -> Iterator[Edit]:
        for session in self.places.open_to(student, (block,)):
            edit = self.places.move(student, session)
            judged = self.hand.judge(edit)
            named = {name for finding in judged.blocking for name in finding.subjects.values()}
            barring = named.intersection(self.layout.students_in(session.id))
            if not judged.blocking:
                yield edit
            elif len(barring) == 1:
                for places_changed in islice(self._exchanges(barring.pop(), session), EXCHANGES):
                    yield places_changed.and_then(edit)

    def _exchanges(self, student: StudentId, session: Session) -> Iterator[Edit]:
        """A student of a session and one of another full one, each in the seat of the other."""
        if not self.places.may_leave(student, session):
            return
        for other in self.places.open_to(student, session.blocks, full=True):
            if other.id == session.id or other.blocks != session.blocks:
                continue
            for mate in list(self.layout.students_in(other.id)):
                welcome = session.blocks in self.facts.runs_for(mate, session.offering)
                if welcome and self.places.may_leave(mate, other):
                    there = self.places.move(student, other)
                    yield there.and_then(self.places.move(mate, session))

    def _give_support(self) -> None:
        """Tries to give each student who would get too little of the support that is due: a seat
        where it is given, or one more session that gives it."""
        due = {service.id: service for service in self.facts.services}
        short = [f for f in self.hand.score.findings if f.rule == "service-short"]
        for service in (due[finding.subjects["service"]] for finding in short):
            for offering in self.facts.offerings:
                if self.hand.work < MOST_WORK and self.facts.delivers(service, offering):
                    self._take_better(self._towards_support(service.student, offering))

    def _towards_support(self, student: StudentId, offering: OfferingId) -> Iterator[Edit]:
        for run in self.facts.runs_for(student, offering):
            for session in list(self.layout.sessions_for(offering)):
                if session.blocks == run and session in self.places.open_to(student, run):
                    yield self.places.move(student, session)
            for session in self.places.stageable(offering, run):
                yield self.places.gathering(session, (student,))

    def _meet_requests(self) -> None:
        """Tries each new request that is not met."""
        missed = {
            finding.subjects["request"]
            for finding in self.hand.score.findings
            if finding.rule == "request-missed"
        }
        new, most = self._new_requests, self.hand.work + MOST_WORK
        for request in self.facts.problem.requests:
            if request.id not in missed or (new is not None and request.id not in new):
                continue
            for offering in request.offerings:
                for block in request.blocks:
                    if offering in self.facts.offerings and self.hand.work < most:
                        self._take_better(self._seats_towards(request.student, offering, block))

    def _seats_towards(
        self, student: StudentId, offering: OfferingId, block: BlockId
    ) -> Iterator[Edit]:
        for session in list(self.layout.sessions_for(offering)):
            if block in session.blocks and session in self.places.open_to(student, (block,)):
                yield self.places.move(student, session)

    def _serve_something_else(self, past: Iterable[tuple[StudentId, BlockId]]) -> None:
        """Has students work on another need where they are, if that teaches one."""
        for student, block in past:
            for session in list(self.layout.at(student, block)):
                others = [one for one in self.layout.sessions_of(student) if one is not session]
                serves = self.places.served(student, session.offering, others)
                seat = Placement(student=student, session=session.id, competency=serves)
                self._take_better((Edit(left=((student, session.id),), seats=(seat,)),))

    def _better_places(self) -> None:
        """Moves students that the trouble touched, and only for them others, to better places."""
        for student, block in sorted(self._affected):
            if self.hand.work < MOST_WORK and self.facts.is_free(student, block):
                self._take_better(self._likely(student, block))

    def _likely(self, student: StudentId, block: BlockId) -> Iterator[Edit]:
        """Moves of a student that promise a gain in a block, also at another's expense."""
        places = self.places
        unplaced = -places.worth.price["unplaced"]
        now = max((places.gain(student, s) for s in self.layout.at(student, block)),
                  default=unplaced)  # fmt: skip
        open_ones = dearest_first(
            (places.gain(student, s), s) for s in places.open_to(student, (block,))
        )
        for gain, session in open_ones[:SEATS]:
            if gain > now:
                yield places.move(student, session)
        full = dearest_first(
            (places.gain(student, s), s) for s in places.open_to(student, (block,), full=True)
        )
        best = max(now, open_ones[0][0] if open_ones else unplaced)
        for gain, session in full[:SEATS]:
            if gain - best > CALM:
                exchanged = places.in_place_of_another(student, session, gain - best - CALM)
                yield from islice(exchanged, SEATS)

    def _take_better(self, edits: Iterable[Edit]) -> bool:
        """Makes the lawful change that saves most; whether one saves anything."""
        best: tuple[int, Edit] | None = None
        for edit in edits:
            judged = self.hand.judge(edit)
            if not judged.blocking and judged.change < (best[0] if best else 0):
                best = judged.change, edit
        if best is not None:
            self.hand.adopt(best[1])
        return best is not None


def _name(trouble: Finding) -> str:
    subjects = ",".join(f"{kind}={id}" for kind, id in sorted(trouble.subjects.items()))
    return f"{trouble.rule}:{trouble.cause}:{subjects}"
