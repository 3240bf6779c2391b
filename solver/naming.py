"""Named adults and rooms for the sections that a block is to have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from schemas.base import BlockId, OfferingId, RoomId, StaffId
from schemas.plan import Duty
from schemas.school import Offering, RoleNeed, Room
from solver.board import Board, OpenSession
from solver.reach import Reach

IMPOSSIBLE = 1e6


@dataclass(frozen=True, eq=False)
class Section:
    """A session to be: an offering in some blocks, in one of some rooms alike."""

    offering: Offering
    blocks: tuple[BlockId, ...]
    rooms: tuple[Room, ...]


@dataclass(frozen=True, eq=False)
class Post:
    """One adult's place in a section."""

    section: Section
    need: RoleNeed


class Naming:
    """Opens sections on a board, each with the adults that suit best together."""

    def __init__(self, reach: Reach, board: Board) -> None:
        self.reach, self.board, self.lawful = reach, board, reach.lawful
        self._led: dict[tuple[OfferingId, BlockId], set[StaffId]] = defaultdict(set)
        self._housed: dict[tuple[OfferingId, BlockId], set[RoomId]] = defaultdict(set)
        for place in reach.facts.published_places:
            if place.offering is not None and place.lead is not None:
                self._led[place.offering, place.block].add(place.lead)
            if place.offering is not None and place.room is not None:
                self._housed[place.offering, place.block].add(place.room)

    def open(self, sections: list[Section], wanted: Mapping[StaffId, float]) -> list[OpenSession]:
        """Opens what can be staffed and housed; `wanted` says how much each adult is meant to be
        on duty now, so that those whom later blocks need are left for them."""
        chosen = self._match([p for s in sections for p in self.posts(s)], wanted)
        matched = [
            s for s in sections if all((s, i) in chosen for i, _ in enumerate(self.posts(s)))
        ]
        others = [section for section in sections if section not in matched]
        matched.sort(key=lambda section: len(section.rooms))
        opened = (self.open_one(section, chosen) for section in (*matched, *others))
        return [session for session in opened if session is not None]

    @staticmethod
    def posts(section: Section) -> list[Post]:
        """The adults' places in a section, role by role."""
        return [Post(section, n) for n in section.offering.roles for _ in range(n.count)]

    def _match(
        self, posts: list[Post], wanted: Mapping[StaffId, float]
    ) -> dict[tuple[Section, int], StaffId]:
        """The adults of all posts at once, at most one post each."""
        adults = list(self.reach.facts.staff)
        if not posts or not adults:
            return {}
        costs = np.full((len(posts), len(adults)), IMPOSSIBLE)
        for i, post in enumerate(posts):
            for j, staff in enumerate(adults):
                if self._may(staff, post):
                    costs[i, j] = -self._liking(staff, post.section, wanted)
        rows, columns = linear_sum_assignment(costs)
        number: dict[Section, int] = defaultdict(int)
        picked = dict(zip(rows.tolist(), columns.tolist(), strict=True))
        chosen = {}
        for i, post in enumerate(posts):
            place = number[post.section]
            number[post.section] += 1
            if i in picked and costs[i, picked[i]] < IMPOSSIBLE:
                chosen[post.section, place] = adults[picked[i]]
        return chosen

    def _may(self, staff: StaffId, post: Post) -> bool:
        section = post.section
        return self.lawful.may_serve(
            self.board, staff, post.need, section.offering, section.blocks, section.rooms[0]
        )

    def _liking(
        self,
        staff: StaffId,
        section: Section,
        wanted: Mapping[StaffId, float],
    ) -> float:
        """Higher for whom the day program has in mind, who was published to lead it, who leads
        it in another block today, and who is not merely covering."""
        offering = section.offering.id
        liking = 6 * min(1.0, wanted.get(staff, 0.0))
        liking += 3 * any(staff in self._led[offering, block] for block in section.blocks)
        liking += 2 * any(s.offering.id == offering for s in self.board.led[staff])
        liking -= offering in self.reach.facts.staff[staff].covers
        return liking

    def open_one(
        self, section: Section, chosen: Mapping[tuple[Section, int], StaffId]
    ) -> OpenSession | None:
        """Opens one section if its adults and a room are free, else nothing."""
        if not self.lawful.one_more(self.board, section.offering) or not self.lawful.in_day_order(
            self.board, section.offering.id, section.blocks
        ):
            return None
        duties: list[Duty] = []
        for place, post in enumerate(self.posts(section)):
            taken = {duty.staff for duty in duties}
            meant = chosen.get((section, place))
            others = (s for s in self.reach.facts.staff if s != meant)
            staff = next(
                (
                    s
                    for s in ([meant] if meant else []) + list(others)
                    if s not in taken and self._may(s, post)
                ),
                None,
            )
            if staff is None:
                return None
            duties.append(Duty(staff=staff, role=post.need.role))
        room = self._room(section, duties)
        if room is None:
            return None
        return self.board.open(section.offering, section.blocks, room, duties)

    def _room(self, section: Section, duties: list[Duty]) -> Room | None:
        """A free room of the class: the published one, the lead's own of today, or the first."""
        free = [
            room
            for room in section.rooms
            if self.lawful.room_is_free(self.board, room, section.offering.id, section.blocks)
        ]
        housed = {r for b in section.blocks for r in self._housed[section.offering.id, b]}
        used = {session.room.id for session in self.board.duties_of(duties[0].staff)}
        return min(
            free, key=lambda room: (room.id not in housed, room.id not in used), default=None
        )
