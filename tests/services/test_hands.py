"""A plan stays laid out between questions, for those who plan the day alone."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable

import pytest

from services.store import PlanRow, Store
from services.workflow import Refused, move, places_on
from services.workflow.hands import KEPT
from tests.services.school_day import KIM, VEGA, Clock, open_school, plan_day

pytestmark = pytest.mark.parametrize("address", ["sqlite"], indirect=True)


@pytest.fixture
def east(open_store: Callable[..., Store]) -> Store:
    store = open_store(Clock())
    open_school(store)
    return store


def test_the_second_question_finds_the_plan_laid_out(east: Store) -> None:
    draft = plan_day(east)
    with places_on(east, KIM, draft.id) as first:
        pass
    with places_on(east, KIM, draft.id) as again:
        assert again is first


def test_a_revision_is_laid_out_anew(east: Store) -> None:
    draft = plan_day(east)
    revised = move(east, KIM, draft.id, draft.etag, "ada", None)
    with places_on(east, KIM, draft.id) as before, places_on(east, KIM, revised.id) as after:
        assert not before.layout.unplaced
        assert {student for student, _ in after.layout.unplaced} == {"ada"}


def test_questions_leave_the_plan_as_it_was(east: Store) -> None:
    draft = plan_day(east)
    revised = move(east, KIM, draft.id, draft.etag, "ada", None)
    with places_on(east, KIM, revised.id) as places:
        cost = places.hand.cost
        assert places.best_for("ada", "b1")
        assert places.best_to_run("study", "b1")
        assert places.hand.cost == cost == revised.plan.cost


def test_only_who_plans_the_day_may_ask(east: Store) -> None:
    draft = plan_day(east)
    with pytest.raises(Refused), places_on(east, VEGA, draft.id):
        pass


def test_no_search_for_garbage_goes_through_a_plan_that_is_laid_out(east: Store) -> None:
    draft = plan_day(east)
    with places_on(east, KIM, draft.id) as places:
        assert not any(one is places.facts for one in gc.get_objects())


def test_a_plan_that_is_no_longer_kept_is_given_back(east: Store) -> None:
    row = plan_day(east)
    with places_on(east, KIM, row.id) as places:
        first = weakref.ref(places.facts)
    del places
    for number in range(KEPT):
        row = move(east, KIM, row.id, row.etag, "ada", None if number % 2 == 0 else _session(row))
        with places_on(east, KIM, row.id):
            pass
    assert first() is None


def _session(row: PlanRow) -> str:
    return row.plan.sessions[0].id
