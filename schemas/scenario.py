"""A what-if as a person writes it down: the changes that are laid over a day."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import Field

from schemas.base import BlockId, Frozen, OfferingId, RoomId, StaffId, Text
from schemas.problem import DayStaff
from schemas.school import Room


class AdultAbsent(Frozen):
    staff: StaffId
    blocks: tuple[BlockId, ...] = ()
    """None named means the whole day."""


class RoomClosed(Frozen):
    room: RoomId
    blocks: tuple[BlockId, ...] = ()
    """None named means the whole day."""


class Size(Frozen):
    """Another size for an offering, in students; what is left out stays."""

    offering: OfferingId
    smallest: Annotated[int, Field(ge=0)] | None = None
    largest: Annotated[int, Field(ge=1)] | None = None


class Changes(Frozen):
    """What is laid over a day. Everything else stays as the school's records have it."""

    title: Text = ""
    day: date | None = None
    adults_absent: tuple[AdultAbsent, ...] = ()
    adults_added: tuple[DayStaff, ...] = ()
    rooms_closed: tuple[RoomClosed, ...] = ()
    rooms_added: tuple[Room, ...] = ()
    sizes: tuple[Size, ...] = ()
    blocks_dropped: tuple[BlockId, ...] = ()
    weights: dict[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    """Weights of soft rules; a hard rule has none, so it cannot be switched off."""
