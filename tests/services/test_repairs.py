"""After an absence on a published day: mended in seconds, with other ways to choose from."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from services.child import Job
from services.planner import Planner
from services.solving import Bounds, Follow, solve_in_child
from services.store import PlanRow, Store
from services.workflow import Refused, approve, mend_otherwise, review
from tests.services.school_day import (
    KIM,
    MACHINE,
    VEGA,
    WEDNESDAY,
    Clock,
    open_school,
    published_day,
    stand_in,
    tell,
)

pytestmark = pytest.mark.parametrize("address", ["sqlite"], indirect=True)


@pytest.fixture
def east(open_store: Callable[..., Store]) -> Store:
    store = open_store(Clock())
    open_school(store)
    return store


def newest(store: Store) -> PlanRow:
    with store.read(MACHINE) as tx:
        return tx.plans(WEDNESDAY, "draft")[-1]


def vega_is_away(store: Store) -> PlanRow:
    """Vega, who leads what is published, falls ill; the draft that answers it."""
    tell(store, "staff.absent", "ill", staff="vega", day=WEDNESDAY, blocks=[])
    assert Planner(store, solver=solve_in_child).step()
    return newest(store)


def asked(store: Store) -> Job:
    """The job that the planner hands to the next run's process."""
    jobs: list[Job] = []

    def keeps(job: Job, bounds: Bounds, follow: Follow) -> object:
        jobs.append(job)
        return stand_in(job, bounds, follow)

    Planner(store, solver=keeps).step()  # type: ignore[arg-type]
    return jobs[0]


def test_an_absence_on_a_published_day_is_mended_and_says_how(east: Store) -> None:
    published_day(east)
    draft = vega_is_away(east)
    seen = review(east, KIM, draft.id)
    assert seen.verdict.safe
    assert {trouble.rule for trouble in seen.mended} == {"role-cover"}
    assert {trouble.ways[0].kind for trouble in seen.mended} == {"cover"}
    assert {session.id for session in draft.plan.sessions} == {"study-b1", "study-b2"}


def test_another_way_is_a_new_draft_from_the_same_plan(east: Store) -> None:
    published_day(east)
    draft = vega_is_away(east)
    trouble = review(east, KIM, draft.id).mended[0]
    other = next(way.kind for way in trouble.ways if way.kind != trouble.ways[0].kind)
    mend_otherwise(east, KIM, draft.id, draft.etag, trouble.key, other)
    assert Planner(east, solver=solve_in_child).step()
    again = review(east, KIM, newest(east).id)
    assert next(one for one in again.mended if one.key == trouble.key).ways[0].kind == other


def test_a_way_that_was_not_offered_is_refused(east: Store) -> None:
    published_day(east)
    draft = vega_is_away(east)
    with pytest.raises(Refused) as refused:
        mend_otherwise(east, KIM, draft.id, draft.etag, "study-b1", "merge")
    assert refused.value.status == 404


def test_only_who_plans_the_day_may_choose_another_way(east: Store) -> None:
    published_day(east)
    draft = vega_is_away(east)
    trouble = review(east, KIM, draft.id).mended[0]
    with pytest.raises(Refused) as refused:
        mend_otherwise(east, VEGA, draft.id, draft.etag, trouble.key, trouble.ways[0].kind)
    assert refused.value.status == 403


def test_a_repaired_day_can_be_approved(east: Store) -> None:
    published_day(east)
    draft = vega_is_away(east)
    assert approve(east, KIM, draft.id, draft.etag).status == "published"


def test_a_run_that_a_person_asks_for_plans_the_whole_day(east: Store) -> None:
    published_day(east)
    with east.begin(KIM) as tx:
        tx.queue_run(WEDNESDAY, "person", asked_by="kim")
    assert not asked(east).repair


def test_an_upset_before_anything_is_planned_for_the_day_is_no_repair(east: Store) -> None:
    with east.begin(KIM) as tx:
        tx.queue_run(WEDNESDAY, "upset", asked_by="kim")
    assert not asked(east).repair
