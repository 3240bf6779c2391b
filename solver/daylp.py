"""The day as a linear program: who could do what in which stretch of the day. It only drops
rules, so its optimum bounds every plan; and its solution guides the construction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

from schemas.base import BlockId, CompetencyId, OfferingId, RoomId, StudentId
from schemas.problem import DayService
from schemas.school import MinuteKind
from solver.board import Board
from solver.linear import Matrix
from solver.options import Option, Periods, Run, Spot
from solver.reach import Reach
from solver.sections import Sections
from solver.standing import PublishedPlace
from solver.worth import MINUTE_KINDS, loss, meets


@dataclass(frozen=True, eq=False)
class SeatColumn:
    """A student doing something in an option."""

    student: StudentId
    option: Option
    competency: CompetencyId | None
    column: int


class Elsewhere(NamedTuple):
    """How many blocks of a period a student is placed for no gain, and the kinds of minutes had."""

    period: int
    kinds: frozenset[MinuteKind]
    column: int


class _Pool(NamedTuple):
    """The row of those who could be in the same spots, and how many are placed in each."""

    row: int
    placed: list[int]


class DayProgram:
    """Sections and seats in one matrix. What stands on the board is settled; the cost counts what
    placements save, so that an optimum, with the cost of the board as it stands, is a lower bound
    on the cost of every plan that keeps it."""

    def __init__(
        self,
        reach: Reach,
        board: Board,
        periods: Periods,
        fresh: frozenset[int],
        *,
        guide: bool,
        named: bool = False,
        exact: bool = False,
    ) -> None:
        self.reach, self.board = reach, board
        self.facts, self.worth, self.lawful = reach.facts, reach.worth, reach.lawful
        self.matrix, self._guide = Matrix(), guide
        self.sections = Sections(self.matrix, reach, board, periods, fresh, guide, named, exact)
        self._periods = len(periods)
        self.seats: list[SeatColumn] = []
        self.elsewhere: dict[tuple[StudentId, int], list[Elsewhere]] = {}
        """By student and period."""
        self.runs: dict[tuple[OfferingId, BlockId], int] = {}
        """The columns that say whether an offering runs in a block, where that is asked."""
        self._time_rows: dict[tuple[StudentId, int], int] = {}
        self._balance = {
            spot: self.matrix.row(terms, 0, 0) for spot, terms in self.sections.elsewhere.items()
        }
        self._spots_of: dict[int, list[Spot]] = defaultdict(list)
        for spot in self._balance:
            self._spots_of[spot.period].append(spot)
        self._pools: dict[tuple[Spot, ...], _Pool] = {}
        for student in self.facts.problem.students:
            self._build(student.id)
        self._order_offerings()
        if guide:
            self._keep_apart()

    def _build(self, student: StudentId) -> None:
        elsewhere = self._build_time(student)
        if any((student, period) in self._time_rows for period in range(self._periods)):
            mine = self._seat_columns(student)
            self._build_needs(mine)
            if self._guide:
                self._build_orders(mine)
                self._build_walks(mine)
                self._build_helpers(student, mine)
            self._build_ballots(student, mine)
            self._build_requests(student, mine)
            self._build_services(student, mine)
            self._build_floors(student, mine, elsewhere)
            self._build_staying(student, mine)

    def _build_time(self, student: StudentId) -> list[Elsewhere]:
        """In each open block the student is somewhere: unplaced, in a seat the program prices,
        or elsewhere; the columns of the last."""
        elsewhere = []
        for period, blocks in enumerate(self.sections.periods):
            free = sum(1 for block in blocks if self._is_open(student, block))
            if free:
                unplaced = self.matrix.column(cost=self.worth.price["unplaced"], high=free)
                row = self.matrix.row(((unplaced, 1),), free, free)
                self._time_rows[student, period] = row
                elsewhere += self._elsewhere(student, period, row, free)
        return elsewhere

    def _elsewhere(self, student: StudentId, period: int, row: int, free: int) -> list[Elsewhere]:
        """A column for each mix of kinds of minutes that the student could be owed there; one
        where none is owed."""
        floors = self.facts.students[student].floors
        owed = frozenset(kind for kind in self.reach.floored if getattr(floors, kind))
        spots: dict[frozenset[MinuteKind], list[Spot]] = defaultdict(list)
        for spot in self._spots(student, period):
            spots[spot.kinds & owed].append(spot)
        found = []
        for kinds, there in spots.items():
            column = self.matrix.column(high=free)
            self.matrix.put(row, column, 1)
            self._join(self._pool(tuple(there)), column)
            found.append(Elsewhere(period, kinds, column))
        self.elsewhere[student, period] = found
        return found

    def _spots(self, student: StudentId, period: int) -> tuple[Spot, ...]:
        """Where a student could be for no gain in a period."""
        known, blocks = self.facts.students[student], self.sections.periods[period]
        quarters = {
            quarter
            for quarter in {spot.quarter for spot in self._spots_of[period]}
            if quarter is None
            or self.lawful.gets_to(self.board, student, self.reach.corners[quarter], blocks)
        }
        return tuple(
            spot
            for spot in self._spots_of[period]
            if spot.quarter in quarters
            and (spot.audience is None or spot.audience.has(known.grade, known.groups))
        )

    def _pool(self, spots: tuple[Spot, ...]) -> _Pool:
        """The students who could be in the same spots: as many as are placed there."""
        if spots not in self._pools:
            pool = _Pool(self.matrix.row((), 0, 0), [self.matrix.column(high=0) for _ in spots])
            for spot, placed in zip(spots, pool.placed, strict=True):
                self.matrix.put(pool.row, placed, -1)
                self.matrix.put(self._balance[spot], placed, 1)
            self._pools[spots] = pool
        return self._pools[spots]

    def _join(self, pool: _Pool, column: int) -> None:
        """Counts a student's column in a pool."""
        self.matrix.put(pool.row, column, 1)
        for placed in pool.placed:
            self.matrix.high[placed] += self.matrix.high[column]

    def _is_open(self, student: StudentId, block: BlockId) -> bool:
        held = self.facts.student_held(student, block)
        return not held and (student, block) not in self.board.at

    def _seat_columns(self, student: StudentId) -> list[SeatColumn]:
        served, interests = self.board.served[student], self.reach.interests(student)
        mine = [
            self._seat_column(student, option, competency)
            for offering, serving in interests.items()
            for option in self.sections.of_offering[offering]
            if self._could_come(student, option)
            for competency in serving
            if competency is None or competency not in served
        ]
        return mine + [
            self._seat_column(student, option, None)
            for option in self.sections.by_name
            if None not in interests.get(option.offering.id, ())
            and self._may_take(student, option.offering.id)
            and self._could_come(student, option)
        ]

    def _may_take(self, student: StudentId, offering: OfferingId) -> bool:
        """Whether nothing about the two forbids it; for a bound, nothing that no person waives."""
        may_take = self.lawful.may_take if self._guide else self.reach.may_come
        return may_take(student, offering)

    def _could_come(self, student: StudentId, option: Option) -> bool:
        if option.session is not None:
            session = option.session
            open_seats = self.sections.most_in(session) - len(session.seats)
            return open_seats > 0 and self.lawful.suits(self.board, student, session)
        if self._guide and not self.lawful.likely_to_suit(student, option.offering):
            return False
        return any(
            self.lawful.in_time(student, option.offering, run)
            and all(self._is_open(student, block) for block in run)
            and self._gets_to(student, option, run)
            for run in option.runs
        )

    def _gets_to(self, student: StudentId, option: Option, run: Run) -> bool:
        corner = None if option.quarter is None else self.reach.corners[option.quarter]
        return corner is None or self.lawful.gets_to(self.board, student, corner, run)

    def _seat_column(
        self, student: StudentId, option: Option, competency: CompetencyId | None
    ) -> SeatColumn:
        cost = 0
        if competency is not None:
            cost -= self.worth.need(student, competency)
            if None in self.facts.tried.get((student, competency, option.offering.modality), ()):
                cost += self.worth.price["stuck"]
        column = self.matrix.column(cost, high=1 if competency else len(option.runs))
        for row in self.sections.enters[option]:
            self.matrix.put(row, column, 1)
        if self._guide:
            self.matrix.put(self.sections.enters[option][0], column, self._elbow(student, option))
        for period, used in option.uses:
            self.matrix.put(self._time_rows[student, period], column, used)
        seat = SeatColumn(student, option, competency, column)
        self.seats.append(seat)
        return seat

    # --- what seats save ----------------------------------------------------------------------

    def _build_needs(self, mine: list[SeatColumn]) -> None:
        ways: dict[CompetencyId, list[int]] = defaultdict(list)
        for seat in mine:
            if seat.competency is not None:
                ways[seat.competency].append(seat.column)
        for columns in ways.values():
            if len(columns) > 1:
                self.matrix.row(((column, 1) for column in columns), high=1)

    def _build_orders(self, mine: list[SeatColumn]) -> None:
        """A seat and one that would have to come before it exclude each other where it doesn't."""
        seats: dict[OfferingId, dict[Option, list[int]]] = defaultdict(lambda: defaultdict(list))
        for seat in mine:
            seats[seat.option.offering.id][seat.option].append(seat.column)
        for order in self.facts.problem.orders:
            if order.first in seats and order.then in seats:
                for first, then in product(seats[order.first], seats[order.then]):
                    if self._out_of_order(first, then):
                        columns = (*seats[order.first][first], *seats[order.then][then])
                        self.matrix.row(((column, 1) for column in columns), high=1)

    def _build_walks(self, mine: list[SeatColumn]) -> None:
        """Seats in two blocks in a row exclude each other where the way between is too long."""
        seats: dict[tuple[BlockId, int], list[int]] = defaultdict(list)
        for seat in mine:
            if seat.option.quarter is not None:
                for block in seat.option.runs[0]:
                    seats[block, seat.option.quarter].append(seat.column)
        for columns in self.reach.too_far_apart(seats):
            self.matrix.row(((column, 1) for column in columns), high=1)

    def _elbow(self, student: StudentId, option: Option) -> int:
        """The seats that stay empty beside a student who needs a smaller group."""
        session = option.session
        largest = self.sections.most_in(session) if session else option.offering.largest
        asked = (
            need.group_size
            for need in self.facts.accommodations.get(student, ())
            if need.group_size is not None and self.facts.applies(need, option.offering)
        )
        return max(0, largest - min(asked, default=largest))

    def _build_helpers(self, student: StudentId, mine: list[SeatColumn]) -> None:
        """A student who needs an aide, or a language spoken, comes where somebody does that."""
        posts = self.sections.posts
        asked = [
            need
            for need in self.facts.accommodations.get(student, ())
            if need.kind in ("aide", "language")
        ]
        if posts is None:
            return
        for need, seat in product(asked, mine):
            option = seat.option
            if option.session is None and self.facts.applies(need, option.offering):
                helpers = [(column, -1) for column in posts.helping(option, need)]
                self.matrix.row(((seat.column, 1), *helpers), high=0)

    def _order_offerings(self) -> None:
        """Of two offerings that keep an order as a whole, the later does not run in a block in
        which, or after which, the earlier does."""
        position = self.facts.position
        blocks = [run[0] for run in self.sections.periods if len(run) == 1]
        late = [(b, c) for b, c in product(blocks, blocks) if position[b] >= position[c]]
        for order in self.facts.problem.orders:
            named = {"first": order.first, "then": order.then}
            binds = self._guide or not self.reach.waived("order", **named)
            for first, then in late if order.whole_offering and binds else ():
                both = (order.first, first), (order.then, then)
                if all(self.sections.running(*one)[0] for one in both):
                    self.matrix.row(((self._runs(*one), 1) for one in both), high=1)

    def _keep_apart(self) -> None:
        """Two students to be kept apart are in one option only where it has two sections; where
        they are not to share a room, they are not in sessions that stand in one."""
        seats: dict[StudentId, list[SeatColumn]] = defaultdict(list)
        for seat in self.seats:
            if seat.student in self.lawful.apart:
                seats[seat.student].append(seat)
        for relation, kind in self.facts.apart:
            if kind == "student":
                by_room = relation.scope == "room"
                one = self._by_place(seats[relation.student], by_room)
                other = self._by_place(seats[relation.other], by_room)
                for place in [place for place in one if place in other]:
                    both = ((column, 1) for column in (*one[place], *other[place]))
                    fresh = self.sections.columns[place] if isinstance(place, Option) else ()
                    self.matrix.row(
                        (*both, *((column, -1) for column in fresh)), high=int(not fresh)
                    )

    @staticmethod
    def _by_place(
        seats: list[SeatColumn], by_room: bool
    ) -> dict[Option | tuple[RoomId, BlockId], list[int]]:
        """The columns of seats by their option, or by the room and block where that is known and
        asked."""
        found: dict[Option | tuple[RoomId, BlockId], list[int]] = defaultdict(list)
        for seat in seats:
            session = seat.option.session
            places: Iterable[Option | tuple[RoomId, BlockId]] = (seat.option,)
            if by_room and session is not None:
                places = ((session.room.id, block) for block in session.blocks)
            for place in places:
                found[place].append(seat.column)
        return found

    def _out_of_order(self, first: Option, then: Option) -> bool:
        """Whether no run of the one ends before one of the other begins."""
        position = self.facts.position
        ends = min(position[run[-1]] for run in first.runs)
        return ends >= max(position[run[0]] for run in then.runs)

    def _ways(
        self, mine: list[SeatColumn], offerings: tuple[OfferingId, ...], blocks: tuple[BlockId, ...]
    ) -> list[tuple[int, int]]:
        return [
            (seat.column, -1)
            for seat in mine
            if seat.option.offering.id in offerings
            and any(block in blocks for run in seat.option.runs for block in run)
        ]

    def _build_ballots(self, student: StudentId, mine: list[SeatColumn]) -> None:
        standing = self.board.sessions_of(student)
        for ballot in self.worth.ballots[student]:
            losses = [loss(ballot, session.offering.id, session.blocks) for session in standing]
            best = min(losses, default=len(ballot.ranking))
            chosen = []
            for rank, offering in enumerate(ballot.ranking[:best]):
                ways = self._ways(mine, (offering,), ballot.blocks)
                if ways:
                    gain = (best - rank) * ballot.credit * self.worth.price["choice-missed"]
                    chosen.append(self._reward(1, gain, ways))
            if len(chosen) > 1:
                self.matrix.row(((column, 1) for column in chosen), high=1)

    def _build_requests(self, student: StudentId, mine: list[SeatColumn]) -> None:
        standing = self.board.sessions_of(student)
        for request in self.worth.requests[student]:
            met = any(meets(request, s.offering.id, s.blocks) for s in standing)
            ways = self._ways(mine, request.offerings, request.blocks)
            if ways and not met:
                self._reward(1, request.priority * self.worth.price["request-missed"], ways)

    def _build_services(self, student: StudentId, mine: list[SeatColumn]) -> None:
        worth, standing = self.worth, self.board.sessions_of(student)
        for service in worth.services[student]:
            had = sum(worth.delivered(service, s.offering.id, s.blocks) for s in standing)
            minutes = {
                s: max(worth.delivered(service, s.option.offering.id, run) for run in s.option.runs)
                for s in mine
            }
            ways = [(self._counting(service, s), -reach) for s, reach in minutes.items() if reach]
            self._reward(service.minutes_due - had, worth.price["service-short"], ways)

    def _counting(self, service: DayService, seat: SeatColumn) -> int:
        """The column that says whether a seat counts for a service: not in a block in which
        something runs that the student is not to miss for it. What could be opened then is told
        to a bound alone, as it makes first plans dearer."""
        run = seat.option.runs[0]
        missed = self.facts.not_to_be_missed(service)
        if not missed or len(run) > 1 or len(self.sections.periods[seat.option.uses[0][0]]) > 1:
            return seat.column
        standing = any(s.offering.id in missed for s in self.board.in_block[run[0]])
        counts = self.matrix.column(high=0 if standing else 1)
        self.matrix.row(((counts, 1), (seat.column, -1)), high=0)
        for offering in () if self._guide else missed:
            self.matrix.row(((counts, 1), (self._runs(offering, run[0]), 1)), high=1)
        return counts

    def _runs(self, offering: OfferingId, block: BlockId) -> int:
        """The column that says whether an offering runs in a block."""
        if (offering, block) not in self.runs:
            columns, most = self.sections.running(offering, block)
            runs = self.runs[offering, block] = self.matrix.column()
            self.matrix.row(((runs, -most), *((column, 1) for column in columns)), high=0)
        return self.runs[offering, block]

    def _build_floors(
        self, student: StudentId, mine: list[SeatColumn], elsewhere: list[Elsewhere]
    ) -> None:
        floors = self.facts.students[student].floors
        for kind in MINUTE_KINDS:
            floor: int = getattr(floors, kind)
            had = sum(
                self.facts.minutes(session.blocks)
                for session in self.board.sessions_of(student)
                if self.facts.gives(student, session.offering.id, kind)
            )
            ways = [
                (seat.column, -max(self.facts.minutes(run) for run in seat.option.runs))
                for seat in mine
                if floor and self.facts.gives(student, seat.option.offering.id, kind)
            ]
            longest = max(block.minutes for block in self.facts.problem.blocks)
            ways.extend(
                (there.column, -longest)
                for there in elsewhere
                if kind in there.kinds or (not self.sections.tells_kinds and kind != "choice")
            )
            self._reward(floor - had, self.worth.price["equity-floor"], ways)

    def _build_staying(self, student: StudentId, mine: list[SeatColumn]) -> None:
        stays: dict[tuple[OfferingId, int], int] = defaultdict(int)
        for block, period in self.sections.period_of.items():
            old = self.worth.before.get((student, block))
            if old is not None and old.offering and self._is_open(student, block):
                stays[old.offering, period] += self._moves(old) * self._factor_of(block)
        for (offering, period), most in stays.items():
            ways = [
                (
                    seat.column,
                    -dict(seat.option.uses)[period] * self._factor(seat.option, period, student),
                )
                for seat in mine
                if seat.option.offering.id == offering and period in dict(seat.option.uses)
            ]
            self._reward(most, self.worth.price["moved"], ways)

    def _moves(self, old: PublishedPlace) -> int:
        """The changes that staying in a published offering saves: its room and its lead, too, are
        mostly kept, which a guide counts on and a bound can't."""
        return 1 + (old.room is not None) + (old.lead is not None) if self._guide else 1

    def _factor_of(self, block: BlockId) -> int:
        return self.facts.blocks[block].moved_factor

    def _factor(self, option: Option, period: int, student: StudentId) -> int:
        saved = []
        for run in option.runs:
            for block in run:
                if self.sections.period_of[block] == period:
                    old = self.worth.before.get((student, block))
                    moves = self._moves(old) if old is not None else 1
                    if self._guide and old is not None and option.session is not None:
                        moves = self.worth.kept(old, option.session)
                    saved.append(moves * self._factor_of(block))
        return max(saved)

    def _reward(self, due: int, price: int, ways: list[tuple[int, int]]) -> int:
        """A column for each unit, up to what is due, that the ways reach: it saves the price."""
        ways = [(column, reach) for column, reach in ways if reach]
        if due <= 0 or not price or not ways:
            return self.matrix.column(high=0)
        column = self.matrix.column(cost=-price, high=due)
        self.matrix.row(((column, 1), *ways), high=0)
        return column
