"""Whole numbers of sections: who would be left out, and who has a seat in what hardly runs."""

from __future__ import annotations

import pytest

from services.examples import example
from solver.board import Board
from solver.construct import construct
from solver.contradictions import reach_of
from solver.daylp import DayProgram
from solver.dive import Dive
from solver.links import BROKEN, of_new_sections


@pytest.mark.parametrize("seed", [0, 6])
def test_no_section_is_opened_that_leaves_students_out_whom_others_would_not(seed: int) -> None:
    reach = reach_of(example("lab", 24, seed=seed))
    board = Board(reach.facts)
    construct(reach, board, seed=0)
    assert not board.unplaced()


def test_looked_at_closely_nobody_has_more_of_a_seat_than_there_is_of_a_section() -> None:
    def too_much(closely: bool) -> float:
        """How much more of a seat somebody has, at most, in any option."""
        reach = reach_of(example("flex6", 25, seed=0))
        first, *rest = reach.facts.flex
        periods, fresh = ((first,), tuple(rest)), frozenset({0, 1})
        program = DayProgram(reach, Board(reach.facts), periods, fresh, guide=True)
        dive = Dive(program, 1, seed=0, closely=closely)
        assert dive.run() is not None
        return max(
            sum(dive.values[seats]) - sum(dive.values[sections])
            for seats, sections in of_new_sections(program)
        )

    assert too_much(closely=False) > 0.5
    assert too_much(closely=True) <= BROKEN
