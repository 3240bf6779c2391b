"""Named adults and rooms for the sections that a block is to have."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from schemas.base import BlockId, StaffId
from schemas.plan import Duty
from schemas.school import Offering, RoleNeed, Room
from solver.board import Board, OpenSession
from solver.proposals import Fixed
from solver.reach import Reach

IMPOSSIBLE = 1e6


@dataclass(frozen=True, eq=False)
class Section:
    """A session to be: an offering in some blocks, in one of some rooms alike."""

    offering: Offering
    blocks: tuple[BlockId, ...]
    rooms: tuple[Room, ...]
    before: Fixed | None = None
    """The session whose place it takes: with the same adults, in the same room where it can be."""


@dataclass(frozen=True, eq=False)
class Post:
    """One adult's place in a section."""

    section: Section
    need: RoleNeed


class Naming:
    """Opens sections on a board, each with the adults that suit best together."""

    def __init__(self, reach: Reach, board: Board) -> None:
        self.reach, self.board, self.lawful = reach, board, reach.lawful

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
        halls = {post.section: self._one_in_each_building(post.section) for post in posts}
        costs = np.full((len(posts), len(adults)), IMPOSSIBLE)
        for i, post in enumerate(posts):
            for j, staff in enumerate(adults):
                if any(self._may(staff, post, room) for room in halls[post.section]):
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

    def _may(self, staff: StaffId, post: Post, room: Room) -> bool:
        section = post.section
        return self.lawful.may_serve(
            self.board, staff, post.need, section.offering, section.blocks, room
        )

    def _one_in_each_building(self, section: Section) -> list[Room]:
        """A free room of each building that has one: how far adults come is a matter of those."""
        return list({room.building: room for room in reversed(self._free(section))}.values())

    def _free(self, section: Section) -> list[Room]:
        return [
            room
            for room in section.rooms
            if self.lawful.room_is_free(self.board, room, section.offering.id, section.blocks)
        ]

    def _liking(
        self,
        staff: StaffId,
        section: Section,
        wanted: Mapping[StaffId, float],
    ) -> float:
        """Higher for whoever was there before, whom the day program has in mind, who was published
        to lead it, who leads it in another block today, and who is not merely covering."""
        offering, before = section.offering.id, section.before
        liking = 9.0 * (before is not None and any(d.staff == staff for d in before.duties))
        liking += 6 * min(1.0, wanted.get(staff, 0.0))
        liking += 3 * any(
            staff in self.reach.worth.led_before[offering, block] for block in section.blocks
        )
        liking += 2 * any(s.offering.id == offering for s in self.board.led[staff])
        liking -= offering in self.reach.facts.staff[staff].covers
        return liking

    def open_one(
        self, section: Section, chosen: Mapping[tuple[Section, int], StaffId]
    ) -> OpenSession | None:
        """Opens one section if its adults and a room that they can come to are free, else
        nothing; in a building that all those who were chosen can come to, where there is one."""
        if not self.lawful.one_more(self.board, section.offering) or not self.lawful.in_day_order(
            self.board, section.offering.id, section.blocks
        ):
            return None
        posts = self.posts(section)
        meant = [chosen.get((section, place)) for place, _ in enumerate(posts)]
        found: tuple[int, list[Duty], Room] | None = None
        for hall in self._one_in_each_building(section):
            duties = self._duties(posts, meant, hall)
            if duties is not None:
                others = sum(duty.staff != staff for duty, staff in zip(duties, meant, strict=True))
                if found is None or others < found[0]:
                    found = others, duties, hall
        if found is None:
            return None
        _, duties, hall = found
        room = self._room(section, duties, hall.building)
        return self.board.open(section.offering, section.blocks, room, duties)

    def _duties(
        self, posts: list[Post], meant: list[StaffId | None], room: Room
    ) -> list[Duty] | None:
        """An adult for every post, those who were meant where they can come to the room."""
        duties: list[Duty] = []
        for post, first in zip(posts, meant, strict=True):
            taken = {duty.staff for duty in duties}
            others = (s for s in self.reach.facts.staff if s != first)
            staff = next(
                (
                    s
                    for s in ([first] if first else []) + list(others)
                    if s not in taken and self._may(s, post, room)
                ),
                None,
            )
            if staff is None:
                return None
            duties.append(Duty(staff=staff, role=post.need.role))
        return duties

    def _room(self, section: Section, duties: list[Duty], building: str) -> Room:
        """A free room of a building: that of before, the published one, the lead's own of today,
        or the first."""
        free = [room for room in self._free(section) if room.building == building]
        before = self.reach.worth.housed_before
        housed = {room for block in section.blocks for room in before[section.offering.id, block]}
        used = {session.room.id for session in self.board.duties_of(duties[0].staff)}
        last = section.before.room if section.before is not None else None
        return min(
            free, key=lambda room: (room.id != last, room.id not in housed, room.id not in used)
        )
