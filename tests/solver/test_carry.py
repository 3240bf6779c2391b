"""An earlier plan carried over: what locks demand stands as it stood, as far as is lawful."""

from __future__ import annotations

from typing import Any

from schemas.plan import Placement, Session
from schemas.problem import DayStaff, Lock, PlacementLock, SessionLock
from schemas.school import RoleNeed
from solver.board import Board, OpenSession
from solver.carry import carry_over
from solver.contradictions import reach_of, settle
from tests.solver.plain_school import ANA, MATHS, OKAFOR, VEGA, changed, held, school

PARK = DayStaff(id="Park")
EITHER = changed(MATHS, roles=(RoleNeed(role="lead"),))
LED = SessionLock(
    target="session", id="announced", owner="Office", offering="maths", block="first", lead=None
)
ROOMS = school().rooms
EARLIER = {"room": "14", "lead": "Park", "students": ("Ana",)}


def carried(lock: Lock = LED, earlier: dict[str, Any] = EARLIER, **more: Any) -> OpenSession:
    """The locked session of a day on which maths was held before in room 14, led by Park."""
    given: dict[str, Any] = {"offerings": (EITHER,), "staff": (VEGA, OKAFOR, PARK)}
    reach = reach_of(school(locks=(lock,), **(given | more)))
    board, contradiction = settle(reach, seed=0)
    assert contradiction is None
    session, placements = held("maths", **earlier)
    carry_over(reach, board, (session,), placements)
    return one(board)


def one(board: Board) -> OpenSession:
    (found,) = (s for s in board.sessions.values() if s.blocks == ("first",))
    assert found.pinned
    return found


def test_a_locked_session_keeps_the_room_and_the_adult_it_had() -> None:
    session = carried()
    assert (session.room.id, session.lead) == ("14", "Park")


def test_a_room_and_a_lead_that_a_lock_names_stay_as_named() -> None:
    session = carried(changed(LED, room="12", lead="Okafor"))
    assert (session.room.id, session.lead) == ("12", "Okafor")


def test_a_room_that_is_closed_now_is_not_gone_back_to() -> None:
    session = carried(closures=(("14", "first"),))
    assert session.room.id != "14"
    assert session.lead == "Park"


def test_for_an_adult_who_is_away_somebody_else_comes() -> None:
    session = carried(staff=(VEGA, OKAFOR, changed(PARK, away=("first",))))
    assert session.room.id == "14"
    assert session.lead in {"Vega", "Okafor"}


def test_somebody_who_must_be_there_is_not_taken_to_a_room_they_may_not_be_in() -> None:
    ana = changed(ANA, needs_features=("step_free",))
    step_free = changed(ROOMS[0], features=("step_free",))
    lock = PlacementLock(
        target="placement", id="agreed", owner="Office", student="Ana", offering="maths",
        block="first",
    )  # fmt: skip
    assert carried(lock).room.id == "14"
    assert carried(lock, students=(ana,), rooms=(step_free, *ROOMS[1:])).room.id == "12"


def test_of_two_locked_sessions_each_gets_its_own_adult_back() -> None:
    locks = (LED, changed(LED, id="too", block="second"))
    reach = reach_of(school(locks=locks, offerings=(EITHER,), staff=(VEGA, PARK)))
    board, _ = settle(reach, seed=0)
    earlier: list[Session] = []
    seats: list[Placement] = []
    for block, lead in (("first", "Park"), ("second", "Vega")):
        session, placements = held("maths", block, lead=lead, students=("Ana",))
        earlier.append(session)
        seats += placements
    carry_over(reach, board, earlier, seats)
    assert [s.lead for s in board.sessions.values()] == ["Park", "Vega"]


def test_a_locked_session_is_put_where_as_many_can_come_as_it_takes() -> None:
    larger = changed(EITHER, largest=8)
    reach = reach_of(school(locks=(LED,), offerings=(larger,), rooms=(ROOMS[1], ROOMS[0])))
    board, _ = settle(reach, seed=0)
    assert one(board).room.id == "12"
