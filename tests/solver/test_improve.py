"""The search for a better plan, where two try at once and one of them is slow."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

from schemas.plan import Duty
from schemas.school import Room
from solver.board import Board
from solver.contradictions import reach_of
from solver.effort import Effort, Limits
from solver.finishing import Finisher
from solver.improve import Improvement
from solver.proposals import Proposal, difference
from solver.reach import Reach
from tests.solver.plain_school import school

Change = Callable[[Board], None]


def all_in_art() -> tuple[Reach, Board]:
    """Okafor's art in 14 with everybody, in the first block; Ana's and Ben's needs wait. There is
    also a closet with one seat."""
    closet = Room(id="closet", title="Closet", building="main", seats=1)
    reach = reach_of(school(blocks=school().blocks[:1], rooms=(*school().rooms, closet)))
    board, facts = Board(reach.facts), reach.facts
    duty = Duty(staff="Okafor", role="lead")
    art = board.open(facts.offerings["art"], ("first",), facts.rooms["14"], (duty,))
    for student in ("Ana", "Ben", "Cleo"):
        board.seat(student, art)
    return reach, board


def maths(room: str, *students: str) -> Change:
    """Vega's maths with some students."""

    def change(board: Board) -> None:
        facts = board.facts
        duty = Duty(staff="Vega", role="lead")
        session = board.open(facts.offerings["maths"], ("first",), facts.rooms[room], (duty,))
        for student in students:
            board.unseat(student, board.at[student, "first"])
            board.seat(student, session, "fractions")

    return change


class Slow(Future[Proposal]):
    """An answer that is there only when somebody waits for it."""

    def __init__(self, answer: Proposal) -> None:
        super().__init__()
        self._late = answer

    def result(self, timeout: float | None = None) -> Proposal:
        return self._late


class Pool(Executor):
    """Two workers: what the slow one proposes comes when it is waited for; the quick one proposes
    something once, and then that nothing be changed. All know only the plan they start from."""

    def __init__(self, reach: Reach, board: Board, slow: Change, quick: Change) -> None:
        self.reach, self.board, self.asked = reach, board, 0
        self._answers = {1: Slow(self._proposal(slow)), 2: self._done(quick)}

    def submit(self, work: Callable[..., Any], /, *given: Any, **more: Any) -> Future[Any]:
        self.asked += 1
        return self._answers.get(self.asked) or self._done(lambda board: None)

    def _done(self, change: Change) -> Future[Proposal]:
        answer: Future[Proposal] = Future()
        answer.set_result(self._proposal(change))
        return answer

    def _proposal(self, change: Change) -> Proposal:
        after = self.board.copy()
        change(after)
        return difference(self.board, after, Finisher(self.reach).judged(after), 0.01)


def searched(slow: Change, quick: Change, *, tries: int = 6) -> Improvement:
    """A search that ends after some tries were handed in."""
    reach, board = all_in_art()
    pool = Pool(reach, board, slow, quick)
    effort = Effort(Limits(time=60.0, workers=2), lambda: 60.0 * (pool.asked >= tries))
    search = Improvement(
        reach, board, Finisher(reach).judged(board), lambda: None, effort, lambda _: None, pool,
        workers=lambda: 2,
    )  # fmt: skip
    search.run()
    assert Finisher(reach).judged(search.board) == search.judged
    return search


def where(search: Improvement, student: str) -> tuple[str, str]:
    session = search.board.at[student, "first"]
    return session.offering.id, session.room.id


def test_who_is_done_does_not_wait_for_who_takes_long() -> None:
    began = time.monotonic()
    search = searched(lambda board: None, maths("12", "Ana", "Ben"))
    assert where(search, "Ben") == ("maths", "12")
    assert time.monotonic() - began < 30, "the quick one waited until time was up"


def test_what_is_under_way_when_time_is_up_still_counts() -> None:
    search = searched(maths("12", "Ana", "Ben"), lambda board: None)
    assert where(search, "Ana") == where(search, "Ben") == ("maths", "12")


def test_two_changes_that_go_together_are_both_made() -> None:
    search = searched(maths("12", "Ben"), maths("12", "Ana"))
    assert where(search, "Ana") == where(search, "Ben") == ("maths", "12")


def test_of_two_changes_that_exclude_each_other_the_better_is_made_though_it_came_later() -> None:
    search = searched(maths("12", "Ana", "Ben"), maths("closet", "Ana"))
    assert where(search, "Ana") == where(search, "Ben") == ("maths", "12")


def test_of_two_changes_that_exclude_each_other_the_better_stays_though_it_came_first() -> None:
    search = searched(maths("closet", "Ana"), maths("12", "Ana", "Ben"))
    assert where(search, "Ana") == where(search, "Ben") == ("maths", "12")
