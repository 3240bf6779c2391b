"""Two people change the same plan at once: what both changes come to together."""

from __future__ import annotations

from collections.abc import Callable

from schemas.plan import Duty
from solver.board import Board
from solver.contradictions import reach_of
from solver.finishing import Judged
from solver.merging import merge
from solver.proposals import Proposal, difference, fixed
from solver.reach import Reach
from tests.solver.plain_school import ANA, ART, BEN, CLEO, MATHS, changed, school

Change = Callable[[Board], None]


def begun() -> tuple[Reach, Board, str, str]:
    """Vega's maths with Ana in 12 and Okafor's art with Ben and Cleo in 14, in the first block."""
    offerings = (MATHS, ART, changed(ART, id="choir", title="Choir"))
    reach = reach_of(school(blocks=school().blocks[:1], offerings=offerings))
    board, facts = Board(reach.facts), reach.facts
    maths = board.open(
        facts.offerings["maths"], ("first",), facts.rooms["12"], (Duty(staff="Vega", role="lead"),)
    )
    art = board.open(
        facts.offerings["art"], ("first",), facts.rooms["14"], (Duty(staff="Okafor", role="lead"),)
    )
    board.seat(ANA.id, maths, "fractions")
    board.seat(BEN.id, art)
    board.seat(CLEO.id, art)
    return reach, board, maths.id, art.id


def proposed(base: Board, change: Change) -> Proposal:
    after = base.copy()
    change(after)
    return difference(base, after, Judged(0, 0), 0.0)


def merged(first: Change, second: Change) -> Board:
    """The plan after the first change, with the second, thought of before, laid over it."""
    reach, base, _, _ = begun()
    now = base.copy()
    first(now)
    return merge(reach, now, base, proposed(base, second))[0]


def moved(student: str, session: str, serving: str | None = None) -> Change:
    def change(board: Board) -> None:
        board.unseat(student, board.at[student, "first"])
        board.seat(student, board.sessions[session], serving)

    return change


def where(board: Board, student: str) -> str:
    return board.at[student, "first"].offering.id


def test_changes_that_have_nothing_to_do_with_each_other_are_both_done() -> None:
    _, _, maths, art = begun()
    both = merged(moved("Ben", maths, "fractions"), moved("Ana", art))
    assert (where(both, "Ana"), where(both, "Ben"), where(both, "Cleo")) == ("art", "maths", "art")


def test_somebody_moved_meanwhile_stays_there_and_what_else_was_proposed_is_done() -> None:
    _, _, maths, art = begun()

    def ana_and_cleo_trade_and_art_goes_to_the_barn(board: Board) -> None:
        moved("Ana", art)(board)
        moved("Cleo", maths)(board)
        board.move(board.sessions[art], board.facts.rooms["barn"])

    both = merged(moved("Ben", maths, "fractions"), ana_and_cleo_trade_and_art_goes_to_the_barn)
    assert (where(both, "Ana"), where(both, "Ben"), where(both, "Cleo")) == (
        "art",
        "maths",
        "maths",
    )
    assert both.sessions[art].room.id == "barn"


def test_a_room_taken_meanwhile_leaves_a_session_where_it_was_and_its_new_students_come() -> None:
    _, _, maths, art = begun()

    def art_goes_to_the_barn(board: Board) -> None:
        board.move(board.sessions[art], board.facts.rooms["barn"])

    def ben_comes_to_maths_in_the_barn(board: Board) -> None:
        moved("Ben", maths, "fractions")(board)
        board.move(board.sessions[maths], board.facts.rooms["barn"])

    both = merged(art_goes_to_the_barn, ben_comes_to_maths_in_the_barn)
    assert (both.sessions[art].room.id, both.sessions[maths].room.id) == ("barn", "12")
    assert where(both, "Ben") == "maths"


def test_who_had_a_seat_in_a_session_that_closes_gets_another() -> None:
    _, _, _, art = begun()

    def choir_takes_the_place_of_art(board: Board) -> None:
        art_session = board.sessions[art]
        room, duties = art_session.room, art_session.duties
        board.close(art_session)
        choir = board.open(board.facts.offerings["choir"], ("first",), room, duties)
        board.seat("Ben", choir)
        board.seat("Cleo", choir)

    both = merged(moved("Ana", art), choir_takes_the_place_of_art)
    assert not both.unplaced()
    assert where(both, "Cleo") == "choir"
    assert "art" not in {session.offering.id for session in both.sessions.values()}


def test_a_session_closed_meanwhile_is_not_opened_again() -> None:
    _, _, maths, art = begun()

    def art_closes(board: Board) -> None:
        board.close(board.sessions[art])
        for student in ("Ben", "Cleo"):
            board.seat(student, board.sessions[maths])

    both = merged(art_closes, moved("Ana", art))
    assert {where(both, student) for student in ("Ana", "Ben", "Cleo")} == {"maths"}


def test_an_adult_who_is_on_duty_elsewhere_meanwhile_opens_nothing_more() -> None:
    reach, base, _, art = begun()

    def choir_by_okafor(board: Board) -> None:
        board.close(board.sessions[art])
        duty = (Duty(staff="Okafor", role="lead"),)
        choir = board.open(
            board.facts.offerings["choir"], ("first",), board.facts.rooms["12"], duty
        )
        board.seat("Ben", choir)

    def choir_by_okafor_in_the_barn(board: Board) -> None:
        choir_by_okafor(board)
        board.move(board.at["Ben", "first"], board.facts.rooms["barn"])

    now = base.copy()
    choir_by_okafor(now)
    both, _ = merge(reach, now, base, proposed(base, choir_by_okafor_in_the_barn))
    led = [session for session in both.sessions.values() if session.lead == "Okafor"]
    assert len(led) == 1


def test_a_change_laid_over_the_plan_it_was_thought_of_for_is_that_change() -> None:
    reach, base, maths, _ = begun()
    after = base.copy()
    moved("Ben", maths, "fractions")(after)
    both, _ = merge(reach, base, base, difference(base, after, Judged(0, 0), 0.0))
    assert [fixed(s) for s in sorted(both.sessions.values(), key=lambda s: s.id)] == [
        fixed(s) for s in sorted(after.sessions.values(), key=lambda s: s.id)
    ]
