"""The life of a plan: approved as seen, published once, told only to those it changes, undone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from schemas.school import GuardianLink, StaffMember
from services.clockwork import tick
from services.store import PlanRow, Store
from services.viewer import Viewer
from services.workflow import (
    Refused,
    add_override,
    approve,
    change_room,
    lift_lock,
    move,
    name_fallback,
    reject,
    reopen,
    review,
    roll_back,
    set_lock,
    swap_adult,
    undo,
)
from services.workflow.present import look, standing_now
from tests.services.school_day import (
    KIM,
    LEE,
    MACHINE,
    MONDAY,
    VEGA,
    WEDNESDAY,
    Clock,
    open_school,
    plan_day,
    published_day,
    school,
    tell,
)

BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.soak)]
pytestmark = pytest.mark.parametrize("address", BOTH, indirect=True)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def east(open_store: Callable[..., Store], clock: Clock) -> Store:
    store = open_store(clock)
    open_school(store)
    return store


def row(store: Store, plan: str) -> PlanRow:
    with store.read(MACHINE) as tx:
        return tx.plan(plan)


def published(store: Store) -> PlanRow | None:
    with store.read(MACHINE) as tx:
        return tx.published(WEDNESDAY)


def audited(store: Store) -> list[str]:
    with store.read(MACHINE) as tx:
        return [entry.action for entry in tx.audit_rows()]


def notices(store: Store, person: str) -> list[Any]:
    with store.read(MACHINE) as tx:
        return tx.notices(person)


def refused(act: Callable[..., Any], *arguments: Any, **named: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        act(*arguments, **named)
    assert caught.value.mend
    return caught.value


# --- approving ----------------------------------------------------------------------------------


def test_an_approved_draft_is_published_under_the_approvers_name(east: Store) -> None:
    draft = plan_day(east)
    done = approve(east, KIM, draft.id, draft.etag)
    assert (done.status, done.approved_by, done.pub_seq) == ("published", "kim", 1)
    assert done.digest == draft.digest
    assert {"plan.filed", "plan.approved", "plan.published"} <= set(audited(east))


def test_approving_without_saying_what_was_seen_is_refused(east: Store) -> None:
    assert refused(approve, east, KIM, plan_day(east).id, None).status == 428


def test_approving_what_somebody_changed_meanwhile_is_refused(east: Store) -> None:
    draft = plan_day(east)
    move(east, LEE, draft.id, draft.etag, "ada", None)
    assert refused(approve, east, KIM, draft.id, draft.etag).status == 412
    assert published(east) is None


def test_approving_twice_is_refused(east: Store) -> None:
    done = published_day(east)
    assert refused(approve, east, KIM, done.id, done.etag).status == 409


@pytest.mark.parametrize("viewer", [VEGA, Viewer.student("east", "ada")])
def test_only_those_who_plan_the_day_may_approve(east: Store, viewer: Viewer) -> None:
    draft = plan_day(east)
    assert refused(approve, east, viewer, draft.id, draft.etag).status == 403


def test_a_scheduler_who_is_not_named_for_the_day_may_not_approve(east: Store) -> None:
    draft = plan_day(east)
    moss = Viewer.staff("east", "scheduler", "moss")
    assert refused(approve, east, moss, draft.id, draft.etag).code == "not_the_approver"


def test_the_deputy_and_an_admin_may_approve(east: Store) -> None:
    draft = plan_day(east)
    assert approve(east, LEE, draft.id, draft.etag).approved_by == "lee"
    again = plan_day(east)
    admin = Viewer.staff("east", "admin", "moss")
    assert approve(east, admin, again.id, again.etag).approved_by == "moss"


def test_a_plan_of_another_school_is_not_there(east: Store) -> None:
    draft = plan_day(east)
    elsewhere = Viewer.staff("west", "scheduler", "kim")
    assert refused(approve, east, elsewhere, draft.id, draft.etag).status == 404


def test_of_many_who_approve_at_once_exactly_one_wins(east: Store) -> None:
    draft = plan_day(east)
    outcomes: list[object] = []

    def attempt() -> None:
        try:
            outcomes.append(approve(east, KIM, draft.id, draft.etag).status)
        except Refused as refusal:
            outcomes.append(refusal.status)

    threads = [threading.Thread(target=attempt) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("published") == 1
    assert audited(east).count("plan.approved") == 1


def test_a_teacher_missing_since_the_draft_stops_its_approval(east: Store) -> None:
    draft = plan_day(east)
    lead = draft.plan.sessions[0].duties[0].staff
    tell(east, "staff.absent", "1", staff=lead, day=WEDNESDAY)
    refusal = refused(approve, east, KIM, draft.id, draft.etag)
    assert refusal.code == "breaks_hard_rules"
    assert {finding.rule for finding in refusal.findings} >= {"staff-clash"}
    assert row(east, draft.id).status == "draft"


def test_a_student_missing_since_the_draft_does_not_stop_its_approval(east: Store) -> None:
    draft = plan_day(east)
    tell(east, "student.absent", "1", student="ada", day=WEDNESDAY)
    assert approve(east, KIM, draft.id, draft.etag).status == "published"


def test_a_student_who_arrives_after_all_is_not_lost(east: Store) -> None:
    tell(east, "student.absent", "1", student="ada", day=WEDNESDAY)
    draft = plan_day(east)
    tell(east, "student.arrived", "2", student="ada", day=WEDNESDAY)
    refusal = refused(approve, east, KIM, draft.id, draft.etag)
    assert ("role-cover", "supervision") in {(f.rule, f.cause) for f in refusal.findings}


def test_what_happens_between_looking_and_deciding_is_not_overlooked(east: Store) -> None:
    draft = plan_day(east)
    looked = look(east, KIM, draft.id)
    lead = draft.plan.sessions[0].duties[0].staff
    with east.begin(KIM) as tx:
        assert standing_now(tx, draft, looked).breaches == ()
    tell(east, "staff.absent", "1", staff=lead, day=WEDNESDAY)
    with east.begin(KIM) as tx:
        assert standing_now(tx, draft, looked).breaches != ()


def test_new_events_leave_the_draft_as_it_is_and_are_listed_beside_it(east: Store) -> None:
    draft = plan_day(east)
    tell(east, "student.absent", "1", student="ada", day=WEDNESDAY)
    tell(east, "student.absent", "2", student="ben", day=MONDAY)
    shown = review(east, KIM, draft.id)
    assert [(news.name, news.subject) for news in shown.since] == [("student.absent", "ada")]
    assert shown.verdict.since == 1
    assert row(east, draft.id).etag == draft.etag


def test_approve_then_repair_the_rest_is_one_action(east: Store) -> None:
    draft = plan_day(east)
    approve(east, KIM, draft.id, draft.etag, then_repair=True)
    with east.read(MACHINE) as tx:
        assert [run.kind for run in tx.runs(WEDNESDAY, "queued")] == ["upset"]


def test_a_rejected_draft_cannot_be_approved(east: Store) -> None:
    draft = plan_day(east)
    gone = reject(east, KIM, draft.id, draft.etag, "too many moves")
    assert refused(approve, east, KIM, draft.id, gone.etag).status == 409


# --- publishing ---------------------------------------------------------------------------------


def test_a_second_publication_supersedes_the_first(east: Store) -> None:
    first, second = published_day(east), published_day(east)
    assert row(east, first.id).status == "superseded"
    assert published(east) == second
    assert second.pub_seq == 2


def test_an_approved_plan_waits_for_its_hour(east: Store, clock: Clock) -> None:
    draft = plan_day(east)
    hour = datetime.fromisoformat("2026-11-25T12:30+00:00")
    assert approve(east, KIM, draft.id, draft.etag, publish_at=hour).status == "approved"
    tick(east, "east")
    assert published(east) is None
    clock.leap("2026-11-25T12:30+00:00")
    tick(east, "east")
    assert published(east) is not None
    assert row(east, draft.id).status == "published"


def test_the_hour_the_school_set_is_used_where_none_is_given(
    open_store: Callable[..., Store], clock: Clock
) -> None:
    store = open_store(clock)
    open_school(store, {"publish": "06:30"})
    draft = plan_day(store)
    waiting = approve(store, KIM, draft.id, draft.etag)
    assert waiting.publish_at == datetime.fromisoformat("2026-11-25T12:30+00:00")


def test_what_broke_before_its_hour_returns_to_draft_and_the_approver_is_told(
    east: Store, clock: Clock
) -> None:
    draft = plan_day(east)
    hour = datetime.fromisoformat("2026-11-25T12:30+00:00")
    approve(east, KIM, draft.id, draft.etag, publish_at=hour)
    lead = draft.plan.sessions[0].duties[0].staff
    tell(east, "staff.absent", "1", staff=lead, day=WEDNESDAY)
    clock.leap("2026-11-25T12:30+00:00")
    tick(east, "east")
    assert published(east) is None
    assert row(east, draft.id).status == "draft"
    assert [note.body["alert"] for note in notices(east, "kim")] == ["plan.returned"]


def test_a_newer_approval_takes_the_place_of_one_that_waits(east: Store, clock: Clock) -> None:
    first, second = plan_day(east), plan_day(east)
    hour = datetime.fromisoformat("2026-11-25T12:30+00:00")
    approve(east, KIM, first.id, first.etag, publish_at=hour)
    approve(east, KIM, second.id, second.etag)
    clock.leap("2026-11-25T12:31+00:00")
    tick(east, "east")
    assert published(east) == row(east, second.id)
    assert row(east, first.id).status == "superseded"


def test_the_first_publication_tells_nobody_of_a_change(east: Store) -> None:
    published_day(east)
    assert notices(east, "ada") == []


def change_one_student(store: Store) -> PlanRow:
    """Publishes a day, then again with ada alone sent to the home place."""
    first = published_day(store)
    draft = reopen(store, KIM, first.id)
    moved = move(store, KIM, draft.id, draft.etag, "ada", None)
    return approve(store, KIM, moved.id, moved.etag)


def test_only_those_whose_own_day_changed_are_told_before_after_and_why(east: Store) -> None:
    change_one_student(east)
    (told,) = notices(east, "ada")
    assert [change["before"]["offering"] for change in told.body["changes"]] == ["study", "study"]
    assert [change["after"]["room"] for change in told.body["changes"]] == ["hall", "hall"]
    assert [change["why"]["id"] for change in told.body["changes"]] == ["home_place"] * 2
    assert notices(east, "ben") == []


def test_a_guardian_is_told_for_their_child_and_one_the_court_restricts_is_not(
    open_store: Callable[..., Store], clock: Clock
) -> None:
    store = open_store(clock)
    links = (
        GuardianLink(guardian="pat", student="ada"),
        GuardianLink(guardian="sam", student="ada", court_restricted=True),
        GuardianLink(guardian="ray", student="ben"),
    )
    open_school(store, guardians=links)
    change_one_student(store)
    assert [note.body["about"]["person"] for note in notices(store, "pat")] == ["ada"]
    assert notices(store, "sam") == []
    assert notices(store, "ray") == []


def test_a_roll_back_is_a_new_approval_of_the_earlier_content(east: Store) -> None:
    first = published_day(east)
    change_one_student(east)
    back = roll_back(east, LEE, first.id, row(east, first.id).etag)
    assert (back.status, back.approved_by) == ("published", "lee")
    assert back.plan.placements == first.plan.placements
    assert back.pub_seq is not None
    assert back.pub_seq > 2


def test_a_roll_back_is_judged_by_what_is_known_now(east: Store) -> None:
    first = published_day(east)
    published_day(east)
    lead = first.plan.sessions[0].duties[0].staff
    tell(east, "staff.absent", "1", staff=lead, day=WEDNESDAY)
    refusal = refused(roll_back, east, KIM, first.id, row(east, first.id).etag)
    assert refusal.code == "breaks_hard_rules"


# --- deadline and fallback ----------------------------------------------------------------------


def test_at_the_deadline_approver_and_deputy_are_alerted_once(east: Store, clock: Clock) -> None:
    plan_day(east)
    clock.leap("2026-11-25T13:00+00:00")
    tick(east, "east")
    tick(east, "east")
    for person in ("kim", "lee"):
        assert [note.body["alert"] for note in notices(east, person)] == ["deadline.passed"]


def test_a_published_day_alerts_nobody(east: Store, clock: Clock) -> None:
    published_day(east)
    clock.leap("2026-11-25T13:25+00:00")
    tick(east, "east")
    assert notices(east, "kim") == []


def test_the_fallback_is_published_under_its_approvers_name_with_its_breaches_listed(
    east: Store, clock: Clock
) -> None:
    monday = published_day(east, MONDAY)
    name_fallback(east, LEE, monday.id, monday.etag)
    tell(east, "room.closed", "1", room="r2", day=WEDNESDAY)
    clock.leap("2026-11-25T13:20+00:00")
    tick(east, "east")
    tick(east, "east")
    stands_in = published(east)
    assert stands_in is not None
    assert (stands_in.fallback_for, stands_in.approved_by) == ("regular", "lee")
    assert "room-clash" in {finding.rule for finding in stands_in.plan.findings}
    with east.read(MACHINE) as tx:
        assert len(tx.publications(WEDNESDAY)) == 1


def test_without_a_fallback_plan_people_are_told_that_there_is_none(
    east: Store, clock: Clock
) -> None:
    clock.leap("2026-11-25T13:20+00:00")
    tick(east, "east")
    alerts = [note.body["alert"] for note in notices(east, "kim")]
    assert sorted(alerts) == ["deadline.passed", "fallback.none"]


def test_the_cut_off_queues_one_run(east: Store, clock: Clock) -> None:
    clock.leap("2026-11-24T23:00+00:00")
    tick(east, "east")
    tick(east, "east")
    with east.read(MACHINE) as tx:
        assert [(run.day, run.kind) for run in tx.runs()][-1] == (WEDNESDAY, "cutoff")
        assert len(tx.runs(WEDNESDAY)) == 1


# --- a person's hand ----------------------------------------------------------------------------


def test_a_moved_student_is_where_they_were_put_and_locked_there(east: Store) -> None:
    draft = plan_day(east)
    out = move(east, KIM, draft.id, draft.etag, "ada", None)
    back = move(east, KIM, out.id, out.etag, "ada", "study-b1")
    assert [p.session for p in back.plan.placements if p.student == "ada"] == ["study-b1"]
    with east.read(MACHINE) as tx:
        (lock,) = tx.problem(back.problem_digest).locks
    assert (lock.owner, lock.target) == ("kim", "placement")
    assert row(east, draft.id).status == "superseded"


def test_a_lock_of_an_edit_outlives_a_re_plan(east: Store) -> None:
    draft = plan_day(east)
    out = move(east, KIM, draft.id, draft.etag, "ada", None)
    move(east, KIM, out.id, out.etag, "ada", "study-b1")
    again = plan_day(east)
    with east.read(MACHINE) as tx:
        assert len(tx.problem(again.problem_digest).locks) == 1


def test_an_edit_is_no_news_to_its_own_draft(east: Store) -> None:
    draft = plan_day(east)
    edited = change_room(east, KIM, draft.id, draft.etag, "study-b1", "r1")
    assert review(east, KIM, edited.id).since == ()


def test_an_edit_that_breaks_a_hard_rule_is_shown_and_cannot_be_approved(east: Store) -> None:
    draft = plan_day(east)
    edited = change_room(east, KIM, draft.id, draft.etag, "study-b1", "hall")
    shown = review(east, KIM, edited.id)
    assert not shown.verdict.safe
    assert shown.exceptions[0].rule == "room-clash"
    assert refused(approve, east, KIM, edited.id, edited.etag).code == "breaks_hard_rules"


def test_a_swapped_adult_holds_the_duty_in_the_others_place(east: Store) -> None:
    draft = plan_day(east)
    lead = draft.plan.sessions[0].duties[0].staff
    spare = next(one for one in ("lee", "kim") if one != lead)
    edited = swap_adult(east, KIM, draft.id, draft.etag, "study-b1", lead, spare)
    assert [duty.staff for duty in edited.plan.sessions[0].duties] == [spare]


def test_undo_brings_back_the_revision_before_and_lifts_its_lock(east: Store) -> None:
    draft = plan_day(east)
    edited = change_room(east, KIM, draft.id, draft.etag, "study-b1", "r1")
    undone = undo(east, KIM, edited.id, edited.etag)
    assert undone.digest == draft.digest
    assert refused(undo, east, KIM, undone.id, undone.etag).code == "first"
    again = plan_day(east)
    with east.read(MACHINE) as tx:
        assert tx.problem(again.problem_digest).locks == ()


def test_a_lock_can_be_set_and_lifted(east: Store) -> None:
    draft = plan_day(east)
    edited = change_room(east, KIM, draft.id, draft.etag, "study-b1", "r1")
    with east.read(MACHINE) as tx:
        (lock,) = tx.problem(edited.problem_digest).locks
    freed = lift_lock(east, LEE, edited.id, edited.etag, lock.id, "no longer needed")
    again = set_lock(east, LEE, freed.id, freed.etag, lock)
    with east.read(MACHINE) as tx:
        assert tx.problem(freed.problem_digest).locks == ()
        assert [held.owner for held in tx.problem(again.problem_digest).locks] == ["lee"]


def small_study(open_store: Callable[..., Store], clock: Clock) -> Store:
    """The school with a study that holds five where six want in."""
    store = open_store(clock)
    ratios, study = school().offerings
    open_school(store, offerings=(ratios, study.model_copy(update={"largest": 5})))
    return store


def test_a_named_exception_lets_a_full_session_pass_and_stays_visible(
    open_store: Callable[..., Store], clock: Clock
) -> None:
    store = small_study(open_store, clock)
    draft = plan_day(store)
    assert refused(approve, store, KIM, draft.id, draft.etag).code == "breaks_hard_rules"
    subjects = {"offering": "study"}
    let_in = add_override(
        store, KIM, draft.id, draft.etag, "group-size", subjects, "one more chair"
    )
    done = approve(store, KIM, let_in.id, let_in.etag)
    (first, *_) = [f for f in done.plan.findings if f.rule == "group-size"]
    assert first.covered_by is not None


def test_nobody_may_override_what_is_never_overridden(east: Store) -> None:
    draft = plan_day(east)
    refusal = refused(
        add_override, east, KIM, draft.id, draft.etag, "keep-apart", {"student": "ada"}, "please"
    )
    assert refusal.code == "never"


def test_an_exception_needs_a_reason(east: Store) -> None:
    draft = plan_day(east)
    subjects = {"offering": "study"}
    refusal = refused(add_override, east, KIM, draft.id, draft.etag, "group-size", subjects, " ")
    assert refusal.status == 422


def test_an_unknown_student_or_session_cannot_be_moved(east: Store) -> None:
    draft = plan_day(east)
    assert refused(move, east, KIM, draft.id, draft.etag, "nobody", None).status == 404
    assert refused(move, east, KIM, draft.id, draft.etag, "ada", "nowhere").status == 404


# --- the review ---------------------------------------------------------------------------------


def test_a_review_says_in_one_line_that_the_plan_is_safe(east: Store) -> None:
    verdict = review(east, KIM, plan_day(east).id).verdict
    assert verdict.safe
    assert (verdict.present, verdict.unplaced, verdict.unsupervised, verdict.over_cap) == (
        6, 0, 0, 0,
    )  # fmt: skip


def test_the_board_shows_each_session_in_its_room_and_block(east: Store) -> None:
    shown = review(east, KIM, plan_day(east).id)
    (only,) = shown.board
    assert (only.room, shown.blocks) == ("r2", ("b1", "b2"))
    (card,) = only.cells[0]
    assert (card.title, len(card.students), card.most) == ("Study", 6, 20)
    assert card.badge is None


def test_a_review_against_the_published_plan_says_who_moves_and_why(east: Store) -> None:
    published_day(east)
    tell(east, "room.closed", "1", room="r2", day=WEDNESDAY, blocks=["b1"])
    shown = review(east, KIM, plan_day(east).id)
    badges = {
        card.session: card.badge for row in shown.board for cell in row.cells for card in cell
    }
    assert badges == {"study-b1": "moved", "study-b2": "kept"}
    students = [moved for moved in shown.moves if moved.person_kind == "student"]
    assert len(students) == 6
    ((change, reason),) = students[0].changes
    assert (change.aspects, reason.id) == (("room",), "room_closed")


def test_only_those_who_plan_the_day_see_its_review(east: Store) -> None:
    assert refused(review, east, VEGA, plan_day(east).id).status == 403


def test_a_review_names_a_newer_draft(east: Store) -> None:
    first, second = plan_day(east), plan_day(east)
    assert review(east, KIM, first.id).newer == second.id
    assert review(east, KIM, second.id).newer is None


def test_an_adult_who_left_the_school_breaks_the_plan_that_needs_them(east: Store) -> None:
    draft = plan_day(east)
    lead = draft.plan.sessions[0].duties[0].staff
    rest: tuple[StaffMember, ...] = tuple(one for one in school().staff if one.id != lead)
    with east.begin(MACHINE) as tx:
        tx.apply_roster(school(staff=rest))
    assert refused(approve, east, KIM, draft.id, draft.etag).code == "breaks_hard_rules"
