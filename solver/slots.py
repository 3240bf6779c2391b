"""Between a board's sessions and the slots of a model: what stands, what is open, what came out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from schemas.base import BlockId, CompetencyId, StaffId, StudentId
from schemas.plan import Duty
from schemas.school import Offering, Room
from solver.board import Board, OpenSession
from solver.facts import Facts
from solver.model import Model, Slot


@dataclass(frozen=True)
class Outcome:
    """A slot that became a session."""

    slot: Slot
    room: Room
    duties: tuple[Duty, ...]
    seats: dict[StudentId, CompetencyId | None]


def settled(session: OpenSession) -> Slot:
    """A session of the board as a slot in which nothing is open."""
    return Slot(
        id=session.id,
        offering=session.offering.id,
        blocks=session.blocks,
        rooms=(session.room.id,),
        duties=session.duties,
        students=tuple(session.seats),
        serves=tuple(session.seats.values()),
        settled=True,
    )


def duties_for(
    facts: Facts, offering: Offering, blocks: tuple[BlockId, ...], staff: Iterable[StaffId]
) -> tuple[Duty, ...]:
    """Every duty that some adults could hold in a session, each once."""
    found = {
        Duty(staff=adult, role=need.role): None
        for adult in staff
        if facts.available(adult, blocks)
        for need in offering.roles
        if facts.fills(adult, offering.id, need)
    }
    return tuple(found)


def outcomes(model: Model, values: Sequence[int]) -> Iterator[Outcome]:
    """The open slots that run at a solution, in the order of the model."""
    rows, given = model.rows, list(values)
    for slot in model.open_slots:
        if not rows.value(model.runs(slot), given):
            continue
        room = next(r for r in slot.rooms if rows.value(model.in_room(slot, r), given))
        taught = model.facts.offerings[slot.offering].competencies
        seats: dict[StudentId, CompetencyId | None] = {}
        for student, sits in model.seats(slot):
            if rows.value(sits, given):
                serving = (c for c in taught if rows.value(model.serves(student, slot, c), given))
                seats[student] = next(serving, None)
        duties = tuple(d for d in slot.duties if rows.value(model.on_duty(slot, d), given))
        yield Outcome(slot, model.facts.rooms[room], duties, seats)


def bring(board: Board, outcome: Outcome) -> OpenSession:
    """Opens a session as it came out, with its students seated."""
    offering = board.facts.offerings[outcome.slot.offering]
    session = board.open(offering, outcome.slot.blocks, outcome.room, outcome.duties)
    for student, competency in outcome.seats.items():
        board.seat(student, session, competency)
    return session
