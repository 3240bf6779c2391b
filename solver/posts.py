"""The part of the day program that names adults: who holds which post of which option, within all
that was agreed with each of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from schemas.base import BlockId, OfferingId, StaffId
from schemas.school import Accommodation, RoleNeed
from solver.board import Board, OpenSession
from solver.linear import Matrix
from solver.options import Option
from solver.reach import Reach


@dataclass(frozen=True, eq=False)
class PostColumn:
    """Whether an adult holds a post of an option."""

    option: Option
    need: RoleNeed
    staff: StaffId
    column: int


class Posts:
    """Columns for the adults of options in single runs of blocks, and the rows that keep each of
    them within preparations, blocks in a row, students, fair shares and ways."""

    def __init__(self, matrix: Matrix, reach: Reach, board: Board) -> None:
        self.matrix, self.reach, self.board, self.facts = matrix, reach, board, reach.facts
        self.columns: list[PostColumn] = []
        self._of: dict[StaffId, list[PostColumn]] = defaultdict(list)

    def fill(
        self, option: Option, need: RoleNeed, crew: Iterable[StaffId], sections: list[int]
    ) -> list[PostColumn]:
        """Has the posts of one role filled, as many as the option gets sections."""
        posts = [
            PostColumn(option, need, staff, self.matrix.column(self._liking(option, need, staff)))
            for staff in crew
        ]
        held = ((post.column, 1) for post in posts)
        asked = ((column, -need.count) for column in sections)
        self.matrix.row((*held, *asked), 0, 0)
        for post in posts:
            self.columns.append(post)
            self._of[post.staff].append(post)
        return posts

    def fill_standing(
        self, option: Option, session: OpenSession, need: RoleNeed
    ) -> list[PostColumn]:
        """Has the missing posts of one role filled in a session that stands, by adults who suit
        everybody in it."""
        lawful, known = self.reach.lawful, self.reach.worth.leads_known(session)
        factor = max(self.facts.blocks[block].moved_factor for block in session.blocks)
        price = self.reach.worth.price["moved"] * factor if need.role == "lead" else 0
        posts = [
            PostColumn(option, need, staff, self.matrix.column(-price * known.get(staff, 0)))
            for staff in self.facts.staff
            if lawful.may_serve(
                self.board, staff, need, session.offering, session.blocks, session.room
            )
            and lawful.may_meet(staff, session.seats)
        ]
        self.matrix.row(((post.column, 1) for post in posts), need.count, need.count)
        for post in posts:
            self.columns.append(post)
            self._of[post.staff].append(post)
        return posts

    def help_seated(self, option: Option, session: OpenSession) -> None:
        """Has somebody among the posts for the aide or language that students in a session that
        stands need, where nobody there is."""
        for student in session.seats:
            for asked in self.reach.lawful.helpers_asked(student, session):
                helpers = self.helping(option, asked)
                self.matrix.row(((column, 1) for column in helpers), low=min(1, len(helpers)))

    def _liking(self, option: Option, need: RoleNeed, staff: StaffId) -> int:
        """Whoever was published to lead it is worth as much as one student who stays."""
        before = self.reach.worth.led_before
        known = any(staff in before[option.offering.id, block] for block in option.runs[0])
        return -self.reach.worth.price["moved"] if known and need.role == "lead" else 0

    def agree(self) -> None:
        """Adds what holds for each adult over all their posts."""
        for staff, posts in self._of.items():
            self._limit_preparations(staff, posts)
            self._limit_blocks_in_a_row(staff, posts)
            self._price_load(staff, posts)
            self._allow_for_ways(posts)

    def _limit_preparations(self, staff: StaffId, posts: list[PostColumn]) -> None:
        most = self.facts.staff[staff].most_preparations
        if most is None:
            return
        standing = {session.offering.id for session in self.board.led[staff]}
        led: dict[OfferingId, list[int]] = defaultdict(list)
        for post in posts:
            if post.need.role == "lead" and post.option.offering.id not in standing:
                led[post.option.offering.id].append(post.column)
        if len(standing) + len(led) > most:
            prepared = []
            for columns in led.values():
                flag = self.matrix.column()
                prepared.append((flag, 1))
                for column in columns:
                    self.matrix.row(((column, 1), (flag, -1)), high=0)
            self.matrix.row(prepared, high=most - len(standing))

    def _limit_blocks_in_a_row(self, staff: StaffId, posts: list[PostColumn]) -> None:
        most = self.facts.staff[staff].most_consecutive_blocks
        if most is None:
            return
        blocks = tuple(self.facts.blocks)
        busy = self._by_block(posts)
        for first in range(len(blocks) - most):
            window = blocks[first : first + most + 1]
            standing = [block for block in window if (staff, block) in self.board.on_duty]
            if all(block in busy or block in standing for block in window):
                terms = ((c, 1) for b in window for c in busy.get(b, ()))
                self.matrix.row(terms, high=most - len(standing))

    def _price_load(self, staff: StaffId, posts: list[PostColumn]) -> None:
        adult, price = self.facts.staff[staff], self.reach.worth.price["uneven-load"]
        covers = [post for post in posts if post.option.offering.id in adult.covers]
        standing = self.board.duties_of(staff)
        covered = [session for session in standing if session.offering.id in adult.covers]
        for share, mine, held in (
            (adult.fair_blocks, posts, standing),
            (adult.fair_cover, covers, covered),
        ):
            if share is not None and mine and price:
                left = max(0, share - len({block for session in held for block in session.blocks}))
                over = self.matrix.column(price, high=len(self.facts.flex))
                taken = ((post.column, len(post.option.runs[0])) for post in mine)
                self.matrix.row((*taken, (over, -1)), high=left)

    def _allow_for_ways(self, posts: list[PostColumn]) -> None:
        places: dict[tuple[BlockId, int], list[int]] = defaultdict(list)
        for post in posts:
            if post.option.quarter is not None:
                for block in post.option.runs[0]:
                    places[block, post.option.quarter].append(post.column)
        for columns in self.reach.too_far_apart(places):
            self.matrix.row(((column, 1) for column in columns), high=1)

    @staticmethod
    def _by_block(posts: list[PostColumn]) -> dict[BlockId, list[int]]:
        found: dict[BlockId, list[int]] = defaultdict(list)
        for post in posts:
            for block in post.option.runs[0]:
                found[block].append(post.column)
        return found

    def helping(self, option: Option, need: Accommodation) -> list[int]:
        """The columns of those who would be the aide, or speak the language, that is needed."""
        return [
            post.column
            for post in self.columns
            if post.option is option
            and (
                post.need.role == "aide"
                if need.kind == "aide"
                else need.qualification in self.facts.staff[post.staff].qualifications
            )
        ]
