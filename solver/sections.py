"""The half of the day program that counts sections: by run of blocks, room class and adult."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from schemas.base import BlockId, OfferingId, StaffId
from schemas.problem import ProtectedTime
from schemas.school import MinuteKind, Offering, RoleNeed, Room
from solver.board import Board, OpenSession
from solver.linear import Matrix, Reals
from solver.options import Option, Periods, RoomColumn, Run, Spot
from solver.posts import PostColumn, Posts
from solver.proposals import Fixed
from solver.reach import Reach

TOO_FEW = 2
"""A seat below the minimum of a standing session costs as much as so many unplaced students."""


Crew = tuple[StaffId, ...]
"""The adults any of whom could take a post."""


TOLD_APART = 3
"""Sizes of rooms that a guide tells apart for one offering."""

KINDS_TOLD_APART = 500
"""Students and blocks up to which an exact guide tells kinds of minutes apart among students placed
for no gain: it brings 150 students in two blocks 1 % of cost, and 850 in one cost 1.5 % more."""


BY_NAME = 500
"""Students and blocks up to which it is said of everybody where they are, for no gain too, when
seats are given out exactly and in a bound: with 150 students in two blocks plans get cheaper by
0.6 % of what is at stake and the bound rises by as much."""


class Sections:
    """Columns and rows for options over `periods`, each a set of flex blocks seen as one stretch
    without inner order. New sections are counted only where every block is in a `fresh` period;
    sessions on the board stand, with their adults and rooms taken. To `guide` is to leave out
    adults whom the board as it stands would break a rule for; a bound must not. Where every period
    is one block, adults can be `named`, with all that was agreed with each. A guide that is to be
    `exact`, in whole numbers, knows who stays on where a session spans blocks; another counts
    nobody there for no gain. Where there are few students, one that only gives out seats, and a
    bound, know where everybody is."""

    def __init__(
        self,
        matrix: Matrix,
        reach: Reach,
        board: Board,
        periods: Periods,
        fresh: frozenset[int],
        guide: bool,
        named: bool = False,
        exact: bool = False,
    ) -> None:
        self.matrix, self.reach, self.board, self.periods = matrix, reach, board, periods
        self.facts, self._guide = reach.facts, guide
        places = len(reach.facts.students) * sum(len(blocks) for blocks in periods)
        self.tells_kinds = not guide or (exact and places <= KINDS_TOLD_APART)
        by_name = not guide or (exact and not fresh)
        self.posts = Posts(matrix, reach, board) if named else None
        self.period_of = {block: p for p, blocks in enumerate(periods) for block in blocks}
        self.rooms: list[RoomColumn] = []
        self.columns: dict[Option, list[int]] = defaultdict(list)
        """The columns that count new sections of an option."""
        self.enters: dict[Option, tuple[int, ...]] = {}
        """The rows in which each student of an option counts 1."""
        self.by_name: list[Option] = []
        """Options in which nobody is counted `elsewhere`: everybody who could come has a seat of
        their own there, for no gain too."""
        self.elsewhere: dict[Spot, list[tuple[int, int]]] = defaultdict(list)
        """Columns of students placed for no gain the program sees, and blocks used."""
        self._room_rows: dict[tuple[int, int], int] = {}
        self._duty_rows: dict[tuple[StaffId, int], int] = {}
        self.duties: dict[tuple[StaffId, int], list[int]] = defaultdict(list)
        """The columns that count an adult's blocks on duty in a period."""
        self._rest_rows: dict[tuple[StaffId, int], dict[int, set[BlockId]]] = {}
        """Rows of an adult's duties in a period, each with the blocks of protected times in it."""
        self._crew_rows: dict[tuple[Crew, int], int] = {}
        self._halls_rows: dict[tuple[tuple[int, ...], int], int] = {}
        self._limit_rows: dict[OfferingId, int] = {}
        self._led_rows: dict[StaffId, int] = {}
        self._leads_rows: dict[Crew, int] = {}
        self.of_offering: dict[OfferingId, list[Option]] = defaultdict(list)
        for option in [*self._standing(), *self._new(fresh)]:
            if self._build(option):
                self.of_offering[option.offering.id].append(option)
                if (by_name and places <= BY_NAME) or (exact and len(option.uses) > 1):
                    self.by_name.append(option)
                elif not (guide and len(option.uses) > 1):
                    self._add_elsewhere(option)
        for time in reach.protected:
            self._protect(time)
        if self.posts is not None:
            self.posts.agree()

    def as_before(self, sessions: Iterable[Fixed]) -> list[tuple[Fixed, RoomColumn]]:
        """Sessions as they stood, each with the column that counts it: that of the most students
        its room holds. Those that have none are left out, as are pinned ones, which stand still."""
        rooms = {
            (column.option.offering.id, column.option.runs[0], room.id): column
            for column in sorted(self.rooms, key=lambda column: column.most)
            for room in column.rooms
        }
        places = ((one, rooms.get((one.offering, one.blocks, one.room))) for one in sessions)
        return [(one, room) for one, room in places if room is not None and not one.pinned]

    def running(self, offering: OfferingId, block: BlockId) -> tuple[list[int], int]:
        """The columns that count new sections of an offering that take up a block, and how many
        of them there can be."""
        columns = [
            column
            for option in self.of_offering[offering]
            if any(block in run for run in option.runs)
            for column in self.columns[option]
        ]
        limit = self.facts.offerings[offering].most_sections
        most = sum(self.matrix.high[column] for column in columns)
        if limit is not None and not self.reach.size_waived(offering):
            most = min(most, limit)
        return columns, most

    def _standing(self) -> list[Option]:
        return [
            self._option_of(session)
            for session in self.board.sessions.values()
            if all(block in self.period_of for block in session.blocks)
            and (len(session.seats) < self.most_in(session) or self._lacks_adults(session))
        ]

    def most_in(self, session: OpenSession) -> int:
        """The most students of a session that stands, with the adults it is to have, beside those
        who are in it already."""
        most = session.most if self.posts is None else session.most_staffed
        return min(most, self.reach.lawful.most_beside(session))

    def _lacks_adults(self, session: OpenSession) -> bool:
        asked = sum(need.count for need in session.offering.roles)
        return self.posts is not None and len(session.duties) < asked

    def _option_of(self, session: OpenSession) -> Option:
        uses = self._uses(session.blocks)
        quarter = self.reach.quarters[session.room.building] if self.told_apart(uses) else None
        return Option(session.offering, uses, (session.blocks,), (), quarter, session)

    def told_apart(self, uses: Iterable[tuple[int, int]]) -> bool:
        """Whether a guide tells quarters apart in some periods: only in single blocks is it known
        where people come from."""
        return (
            self._guide
            and self.reach.is_spread_out
            and all(len(self.periods[period]) == 1 for period, _ in uses)
        )

    def _new(self, fresh: frozenset[int]) -> list[Option]:
        options: list[Option] = []
        for offering in self.facts.problem.offerings:
            runs: dict[tuple[tuple[int, int], ...], list[Run]] = defaultdict(list)
            for run in self.facts.starts(offering.id):
                if all(self.period_of.get(block) in fresh for block in run) and (
                    not self._guide or self.reach.lawful.in_day_order(self.board, offering.id, run)
                ):
                    runs[self._uses(run)].append(run)
            for uses, found in runs.items():
                options.extend(
                    Option(offering, uses, tuple(found), halls, quarter)
                    for quarter, halls in self._halls(offering.id, uses)
                )
        return options

    def _halls(
        self, offering: OfferingId, uses: tuple[tuple[int, int], ...]
    ) -> list[tuple[int | None, tuple[int, ...]]]:
        """The classes of rooms for an offering, quarter by quarter where these are told apart."""
        classes = self.reach.classes_for(offering)
        if not self.told_apart(uses):
            return [(None, classes)]
        found: dict[int | None, list[int]] = defaultdict(list)
        for number in classes:
            found[self.reach.quarters[self._hall(number).building]].append(number)
        return [(quarter, tuple(numbers)) for quarter, numbers in found.items()]

    def _hall(self, number: int) -> Room:
        return self.reach.room_classes[number][0]

    def _uses(self, run: Run) -> tuple[tuple[int, int], ...]:
        counts: dict[int, int] = defaultdict(int)
        for block in run:
            counts[self.period_of[block]] += 1
        return tuple(sorted(counts.items()))

    def _build(self, option: Option) -> bool:
        """Whether the option can run at all; its rows and columns if so."""
        if option.session is not None:
            self._build_standing(option, option.session)
            return True
        crews = self._crews(option)
        columns = self._room_columns(option) if crews else []
        if not columns:
            return False
        self.columns[option] = [column for _, column in columns]
        self._build_sizes(option, columns)
        if self.posts is None:
            self._limit_students(option, crews)
        for need, crew in crews:
            if self.posts is None:
                self._share_crew(option, need, crew, columns)
            else:
                self._name_crew(self.posts, option, need, crew, columns)
        return True

    def _share_crew(
        self, option: Option, need: RoleNeed, crew: Crew, columns: list[tuple[int, int]]
    ) -> None:
        """Takes as many of a crew as sections need, whoever they are."""
        for period, used in option.uses:
            row = self._crew_row(crew, period)
            for _, column in columns:
                self.matrix.put(row, column, -need.count * used)

    def _name_crew(
        self,
        posts: Posts,
        option: Option,
        need: RoleNeed,
        crew: Crew,
        columns: list[tuple[int, int]],
    ) -> None:
        """Takes adults by name, each for all of the option's blocks."""
        for post in posts.fill(option, need, crew, [column for _, column in columns]):
            self._take_up(post)
            if need.role == "lead" and self._most_students(post.staff) is not None:
                self._limit_lead(post, columns)

    def _take_up(self, post: PostColumn) -> None:
        """Counts a post among an adult's duties."""
        for period, _ in post.option.uses:
            self.duties[post.staff, period].append(post.column)
            self.matrix.put(self._duty_row(post.staff, period), post.column, 1)

    def _limit_lead(self, post: PostColumn, columns: list[tuple[int, int]]) -> None:
        """Counts among an adult's students those whom the option's other sections can't hold, and
        the fewest that a section has."""
        largest = max(most for most, _ in columns)
        share = self.matrix.column(high=largest)
        sections = ((column, -most) for most, column in columns)
        row = self.matrix.row((*sections, (post.column, largest), (share, -1)), high=0)
        self.enters[post.option] += (row,)
        self.matrix.put(self._led_row(post.staff), share, 1)
        least = self.reach.least(post.option.offering.id)
        self.matrix.row(((share, 1), (post.column, -least)), low=0)

    def _limit_standing_lead(self, post: PostColumn, session: OpenSession) -> None:
        """Counts a session's students among those of whoever comes to lead it."""
        share = self.matrix.column(high=session.most_staffed)
        open_seats = session.most_staffed - len(session.seats)
        row = self.matrix.row(((post.column, session.most_staffed), (share, -1)), high=open_seats)
        self.enters[post.option] += (row,)
        self.matrix.put(self._led_row(post.staff), share, 1)

    def _build_standing(self, option: Option, session: OpenSession) -> None:
        seated = len(session.seats)
        enters = [self.matrix.row(high=max(0, self.most_in(session) - seated))]
        missing = session.offering.smallest - seated
        if missing > 0:
            price = TOO_FEW * self.reach.worth.price["unplaced"]
            too_few = self.matrix.column(cost=price, high=missing)
            enters.append(self.matrix.row(((too_few, 1),), low=missing))
        if session.lead is not None and self._most_students(session.lead) is not None:
            enters.append(self._led_row(session.lead))
        self.enters[option] = tuple(enters)
        if self.posts is not None:
            self._name_missing(self.posts, option, session)

    def _name_missing(self, posts: Posts, option: Option, session: OpenSession) -> None:
        """Has the posts filled that nobody holds in a session that stands."""
        for need in session.offering.roles:
            missing = need.count - sum(duty.role == need.role for duty in session.duties)
            if missing > 0:
                wanted = need.model_copy(update={"count": missing})
                for post in posts.fill_standing(option, session, wanted):
                    self._take_up(post)
                    if need.role == "lead" and self._most_students(post.staff) is not None:
                        self._limit_standing_lead(post, session)
        posts.help_seated(option, session)

    def _build_sizes(self, option: Option, columns: list[tuple[int, int]]) -> None:
        least = self.reach.least(option.offering.id)
        enters = [self.matrix.row(((column, -most) for most, column in columns), high=0)]
        if least:
            enters.append(self.matrix.row(((column, -least) for _, column in columns), low=0))
        if option.offering.ideal is not None and not self._guide:
            enters += self._fit(option, [column for _, column in columns], option.offering.ideal)
        self.enters[option] = tuple(enters)

    def _fit(self, option: Option, columns: list[int], ideal: tuple[int, int]) -> list[int]:
        """Rows that price the students whom sections have beyond the range they work best with,
        and those whom they lack: as if all sections were alike, which is the least there can be."""
        price = self.reach.worth.price["group-fit"]
        most = sum(self.matrix.high[column] for column in columns)
        over = self.matrix.column(price, high=most * len(self.facts.students))
        under = self.matrix.column(price, high=most * ideal[0])
        return [
            self.matrix.row([(over, -1), *((column, -ideal[1]) for column in columns)], high=0),
            self.matrix.row([(under, 1), *((column, -ideal[0]) for column in columns)], low=0),
        ]

    def _most(self, offering: Offering, number: int) -> int:
        """The most students of a section in a room of the class. A bound leaves the adults' ratio
        out, as more adults than are asked for could come."""
        most, ratio = self.reach.most(offering.id, number), offering.students_per_adult
        if ratio is None or not self._guide or self.reach.size_waived(offering.id):
            return most
        return min(most, ratio * sum(need.count for need in offering.roles))

    # --- rooms --------------------------------------------------------------------------------

    def _room_columns(self, option: Option) -> list[tuple[int, int]]:
        """A column for each number of students that some room holds, with the rooms that hold as
        many; who gets which is settled by a flow from rooms to sections."""
        units = {
            number: (self._most(option.offering, number), self._units(number, option))
            for number in option.halls
        }
        units = {number: entry for number, entry in units.items() if min(entry) > 0}
        found = []
        for most in self._sizes({most for most, _ in units.values()}):
            halls = tuple(number for number, (holds, _) in units.items() if holds >= most)
            column = self.matrix.column(high=sum(units[number][1] for number in halls))
            rooms = sorted(
                (room for number in halls for room in self.reach.room_classes[number]),
                key=lambda room: room.seats,
            )
            self.rooms.append(RoomColumn(option, most, tuple(rooms), column))
            for period, used in option.uses:
                self.matrix.put(self._halls_row(halls, period), column, -used)
            self._count_section(option.offering, column)
            found.append((most, column))
        return found

    def _sizes(self, sizes: set[int]) -> list[int]:
        """The sizes of rooms told apart: all of them for a bound; a few are guide enough."""
        ordered = sorted(sizes, reverse=True)
        if not self._guide or len(ordered) <= TOLD_APART:
            return ordered
        return ordered[:1] + ordered[1 :: -(-(len(ordered) - 1) // (TOLD_APART - 1))]

    def _halls_row(self, halls: tuple[int, ...], period: int) -> int:
        """The row that gives rooms of some classes to the sections of a period."""
        if (halls, period) not in self._halls_rows:
            row = self._halls_rows[halls, period] = self.matrix.row(low=0)
            for number in halls:
                free = self._free_units(number, period)
                if free:
                    column = self.matrix.column(high=free)
                    self.matrix.put(row, column, 1)
                    self.matrix.put(self._room_row(number, period), column, 1)
        return self._halls_rows[halls, period]

    def _count_section(self, offering: Offering, column: int) -> None:
        if offering.most_sections is None or self.reach.size_waived(offering.id):
            return
        if offering.id not in self._limit_rows:
            open_now = sum(1 for s in self.board.sessions.values() if s.offering.id == offering.id)
            left = max(0, offering.most_sections - open_now)
            self._limit_rows[offering.id] = self.matrix.row(high=left)
        self.matrix.put(self._limit_rows[offering.id], column, 1)

    def _units(self, number: int, option: Option) -> int:
        """At most so many sections of the option in rooms of the class."""
        rooms = self.reach.room_classes[number]
        runs = sum(
            self._may_take(room, option.offering, run)
            * min(max(0, room.zones - len(self.board.in_room[room.id, block])) for block in run)
            for room in rooms
            for run in option.runs
        )
        return min(runs, *(self._free_units(number, period) for period, _ in option.uses))

    def _may_take(self, room: Room, offering: Offering, run: Run) -> bool:
        overridden = not self._guide and self.reach.waived("lock")
        return overridden or self.reach.lawful.room_allowed(room, offering.id, run)

    def _free_units(self, number: int, period: int) -> int:
        return sum(
            max(0, room.zones - len(self.board.in_room[room.id, block]))
            for room in self.reach.room_classes[number]
            for block in self.periods[period]
            if not self.facts.room_held(room.id, block)
        )

    def _room_row(self, number: int, period: int) -> int:
        if (number, period) not in self._room_rows:
            free = self._free_units(number, period)
            self._room_rows[number, period] = self.matrix.row(high=free)
        return self._room_rows[number, period]

    # --- adults -------------------------------------------------------------------------------

    def _crews(self, option: Option) -> list[tuple[RoleNeed, Crew]]:
        """The crew of each role asked for; empty when nobody is there for one of them."""
        found = [
            (
                need,
                tuple(
                    staff
                    for staff in adults
                    if any(self._could_work(staff, need, option, run) for run in option.runs)
                ),
            )
            for need, adults in self._staffing(option.offering)
        ]
        return found if all(crew for _, crew in found) else []

    def _staffing(self, offering: Offering) -> Iterable[tuple[RoleNeed, Crew]]:
        """The adults for each role. One adult may do for two needs of the same role, so a bound
        counts the greater one only."""
        staffing = self.reach.staffing(offering.id)
        if self._guide:
            return staffing
        by_count = sorted(staffing, key=lambda entry: entry[0].count)
        return {need.role: (need, crew) for need, crew in by_count}.values()

    def _is_free(self, staff: StaffId, run: Run) -> bool:
        return self.facts.available(staff, run) and not any(
            (staff, block) in self.board.on_duty for block in run
        )

    def _crew_row(self, crew: Crew, period: int) -> int:
        """The row that gives a crew's adults to the posts of a period."""
        if (crew, period) not in self._crew_rows:
            row = self._crew_rows[crew, period] = self.matrix.row(low=0)
            for staff in crew:
                free = self._free_blocks(staff, period)
                if not free:
                    continue
                column = self.matrix.column(high=free)
                self.duties[staff, period].append(column)
                self.matrix.put(row, column, 1)
                self.matrix.put(self._duty_row(staff, period), column, 1)
        return self._crew_rows[crew, period]

    def _free_blocks(self, staff: StaffId, period: int) -> int:
        return sum(1 for block in self.periods[period] if self._is_free(staff, (block,)))

    def _duty_row(self, staff: StaffId, period: int) -> int:
        if (staff, period) not in self._duty_rows:
            free = self._free_blocks(staff, period)
            self._duty_rows[staff, period] = self.matrix.row(high=free)
        return self._duty_rows[staff, period]

    def _limit_students(self, option: Option, crews: list[tuple[RoleNeed, Crew]]) -> None:
        """Counts the students of an option among those whom its leads may have in a day."""
        if self.reach.waived("role-cover", offering=option.offering.id):
            return
        for need, crew in crews:
            limited = all(self._most_students(staff) is not None for staff in crew)
            if need.role == "lead" and need.count == 1 and limited:
                self.enters[option] += (self._leads_row(crew),)

    def _leads_row(self, crew: Crew) -> int:
        """The row that gives the students a crew may have to its options."""
        if crew not in self._leads_rows:
            row = self._leads_rows[crew] = self.matrix.row(high=0)
            for staff in crew:
                column = self.matrix.column(high=self._most_students(staff) or 0)
                self.matrix.put(row, column, -1)
                self.matrix.put(self._led_row(staff), column, 1)
        return self._leads_rows[crew]

    def _led_row(self, staff: StaffId) -> int:
        if staff not in self._led_rows:
            led = sum(len(session.seats) for session in self.board.led[staff])
            left = max(0, (self._most_students(staff) or 0) - led)
            self._led_rows[staff] = self.matrix.row(high=left)
        return self._led_rows[staff]

    def _most_students(self, staff: StaffId) -> int | None:
        """The most students an adult may lead in a day; None where nothing says so."""
        if not self._guide and self.reach.waived("prep-limit", staff=staff):
            return None
        return self.facts.staff[staff].most_students

    def busy(self, values: Reals, near: int) -> dict[StaffId, float]:
        """How much of the first `near` periods each adult is on duty at a solution, in blocks."""
        found: dict[StaffId, float] = defaultdict(float)
        for (staff, period), columns in self.duties.items():
            if period < near:
                found[staff] += float(sum(values[column] for column in columns))
        return found

    def _could_work(self, staff: StaffId, need: RoleNeed, option: Option, run: Run) -> bool:
        offering, lawful = option.offering, self.reach.lawful
        if option.quarter is not None:
            hall = self._hall(option.halls[0])
            return lawful.may_serve(self.board, staff, need, offering, run, hall)
        if self._guide:
            return lawful.may_work(self.board, staff, need, offering, run)
        in_any_role = self.reach.waived("role-cover", offering=offering.id)
        role = None if in_any_role else need.role
        return self._is_free(staff, run) and (
            self.reach.waived("lock") or lawful.duty_allowed(staff, role, offering.id, run)
        )

    def _protect(self, time: ProtectedTime) -> None:
        """Keeps enough of a protected time free of its adults' duties, all of them at once."""
        kept = [b for b in time.blocks if all(self._at_leisure(a, b) for a in time.staff)]
        owed = time.at_least - sum(1 for block in kept if block not in self.period_of)
        inside: dict[int, list[BlockId]] = defaultdict(list)
        for block in kept:
            if block in self.period_of:
                inside[self.period_of[block]].append(block)
        columns = {period: self.matrix.column(high=len(b)) for period, b in inside.items()}
        self.matrix.row(
            ((column, 1) for column in columns.values()),
            low=min(owed, sum(len(blocks) for blocks in inside.values())),
        )
        for staff, period in self._duty_rows:
            if staff in time.staff and period in columns:
                row = self._rest_row(staff, period, inside[period])
                away = sum(1 for block in inside[period] if not self._is_free(staff, (block,)))
                self.matrix.put(row, columns[period], 1)
                self.matrix.row_high[row] += away

    def _rest_row(self, staff: StaffId, period: int, blocks: list[BlockId]) -> int:
        """A row of an adult's duties in a period beside what is kept free of some blocks: not one
        in which a block of them counts already, as one free block does for all times it is in."""
        rows = self._rest_rows.setdefault((staff, period), {self._duty_rows[staff, period]: set()})
        for row, counted in rows.items():
            if counted.isdisjoint(blocks):
                counted.update(blocks)
                return row
        duties = ((column, 1) for column in self.duties[staff, period])
        row = self.matrix.row(duties, high=self._free_blocks(staff, period))
        rows[row] = set(blocks)
        return row

    def _at_leisure(self, staff: StaffId, block: BlockId) -> bool:
        on_duty = (staff, block) in self.board.on_duty
        return not on_duty and not self.facts.staff_committed(staff, block)

    # --- students placed for no gain that the program sees ------------------------------------

    def _add_elsewhere(self, option: Option) -> None:
        column = self.matrix.column(high=self.reach.admitted(option.offering.id) * len(option.runs))
        for row in self.enters[option]:
            self.matrix.put(row, column, 1)
        audience = self.reach.audience(option.offering.id) if self._guide else None
        for period, used in option.uses:
            spot = Spot(period, option.quarter, audience, self._kinds(option.offering))
            self.elsewhere[spot].append((column, -used))

    def _kinds(self, offering: Offering) -> frozenset[MinuteKind]:
        """The kinds of minutes in an offering of which somebody has to get some."""
        return self.reach.floored.intersection(offering.minute_kinds if self.tells_kinds else ())
