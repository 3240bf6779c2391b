"""Who sees whom, what is held against whom, and what each person gets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import text

from schemas.school import GuardianLink
from services.canonical import sha256
from services.store import (
    NotAllowed,
    NotFound,
    Store,
)
from services.store.records import digest_of
from services.viewer import Viewer
from tests.services.small_school import (
    DAY,
    EAST,
    SCHEDULER,
    Clock,
    enrol,
    file_draft,
    publish,
)


def test_the_audit_chain_shows_what_was_tampered_with(store: Store) -> None:
    enrol(store)
    with store.begin(SCHEDULER) as tx:
        for number in range(4):
            tx.audit("tested", f"object {number}", reason="because", before="a", after="b")
        assert list(tx.audit_faults()) == []
        tx.connection.execute(text("UPDATE audit SET reason = 'none' WHERE seq = 2"))
        assert list(tx.audit_faults()) == ["entry 2 was changed after it was written"]
        tx.connection.execute(text("DELETE FROM audit WHERE seq = 3"))
        assert any("3 is missing" in fault for fault in tx.audit_faults())


def test_an_entry_cannot_be_rewritten_by_mending_only_the_link_to_it(store: Store) -> None:
    enrol(store)
    with store.begin(SCHEDULER) as tx:
        for number in range(3):
            tx.audit("tested", f"object {number}")
        first, second, _ = tx.audit_rows()
        digest = digest_of(replace(second, reason="forged"))
        forged = sha256(first.hash + digest)
        rewrite = "UPDATE audit SET reason = 'forged', hash = :hash, digest = :digest WHERE seq = 2"
        tx.connection.execute(text(rewrite), {"hash": forged, "digest": digest})
        relink = "UPDATE audit SET previous_hash = :hash WHERE seq = 3"
        tx.connection.execute(text(relink), {"hash": forged})
        assert list(tx.audit_faults()) == ["entry 3 was changed after it was written"]


def test_a_calendar_feed_opens_with_its_newest_secret_only(store: Store) -> None:
    enrol(store)
    with store.begin(EAST) as tx:
        old, new = tx.feed_token("student", "ada"), tx.feed_token("student", "ada")
        assert tx.feed_person(old) is None
        assert tx.feed_person(new) == ("student", "ada")
        kept = tx.connection.execute(text("SELECT token_hash FROM feed")).scalars().all()
        assert new not in kept
        assert tx.revoke_feed("student", "ada")
        assert tx.feed_person(new) is None


def test_a_person_is_told_of_a_publication_once(store: Store) -> None:
    enrol(store)
    with store.begin(EAST) as tx:
        told = [tx.add_notice("student", "ada", DAY, 1, {"after": "Room 1"}) for _ in range(2)]
        assert told[0] == told[1]
        (notice,) = tx.notices("ada")
        assert notice.body == {"after": "Room 1"}
        assert tx.mark_notice_seen(notice.id)
        assert not tx.mark_notice_seen(notice.id)


def test_a_command_sent_twice_gets_its_first_answer(store: Store) -> None:
    enrol(store)
    with store.begin(SCHEDULER) as tx:
        assert tx.remember_answer("approve", "k1", "f", 200, "{}")
        assert not tx.remember_answer("approve", "k1", "f", 500, "other")
        assert tx.remembered_answer("approve", "k1") == ("f", 200, "{}")


def test_a_scenario_keeps_its_changes_and_its_outcome(store: Store) -> None:
    enrol(store)
    with store.begin(SCHEDULER) as tx:
        id = tx.save_scenario("Flu", DAY, {"absent": ["vega"]}, "kim")
        tx.save_scenario("Flu", DAY, {"absent": ["vega"]}, "kim", id=id, status="solved", run="r")
        (row,) = tx.scenarios(DAY)
        assert (row.id, row.status, row.run, row.changes) == (
            id,
            "solved",
            "r",
            {"absent": ["vega"]},
        )
        with pytest.raises(NotFound):
            tx.scenario("none")


def test_a_fallback_plan_is_found_by_the_kind_of_day(store: Store) -> None:
    enrol(store)
    draft = file_draft(store)
    with store.begin(SCHEDULER) as tx:
        tx.save_fallback("regular", draft, "kim", "vega")
        row = tx.fallback("regular")
        assert row is not None
        assert (row.plan, row.approver, row.deputy) == (draft, "kim", "vega")
        assert tx.fallback("half day") is None


def _visible(store: Store, viewer: Viewer) -> list[str]:
    with store.read(viewer) as tx:
        return [student.id for student in tx.roster("students")]


def test_a_teacher_sees_the_students_of_their_classes_and_sessions(store: Store) -> None:
    enrol(store)
    publish(store, file_draft(store))
    assert _visible(store, Viewer.staff("east", "teacher", "vega")) == ["ada", "cy"]
    assert _visible(store, Viewer.staff("east", "teacher", "kim")) == []


def test_a_student_sees_themself_and_a_guardian_their_children(store: Store) -> None:
    enrol(store)
    assert _visible(store, Viewer.student("east", "dee")) == ["dee"]
    assert _visible(store, Viewer.guardian("east", "pat")) == ["ben"]


@pytest.mark.parametrize(
    "link",
    [
        GuardianLink(guardian="pat", student="ben", may_see=False),
        GuardianLink(guardian="pat", student="ben", court_restricted=True),
        GuardianLink(guardian="pat", student="ben", ends=date(2026, 11, 23)),
        GuardianLink(guardian="pat", student="ben", begins=date(2026, 11, 25)),
    ],
)
def test_a_guardian_link_that_does_not_hold_shows_nothing(store: Store, link: GuardianLink) -> None:
    enrol(store, guardians=(link,))
    assert _visible(store, Viewer.guardian("east", "pat")) == []


def test_no_right_no_record(store: Store) -> None:
    enrol(store)
    with store.read(Viewer.student("east", "dee")) as tx:
        with pytest.raises(NotAllowed):
            list(tx.mastery("ada"))
        with pytest.raises(NotAllowed):
            tx.log("ada")
        with pytest.raises(NotAllowed):
            tx.facts("ballot", student="ada")


def test_who_is_kept_apart_stays_with_those_who_see_the_whole_school(store: Store) -> None:
    enrol(store)
    with store.read(Viewer.staff("east", "teacher", "vega")) as tx:
        assert tx.roster("relations") == []
        assert tx.roster("sections")[0].students == ("ada",)
    with store.read(Viewer.staff("east", "coordinator", "kim")) as tx:
        assert len(tx.roster("relations")) == 1


def test_reading_another_persons_record_leaves_an_audit_row(store: Store) -> None:
    enrol(store)
    with store.read(Viewer.staff("east", "teacher", "vega", purpose="conference")) as tx:
        list(tx.mastery("ada"))
    with store.read(Viewer.student("east", "ada")) as tx:
        list(tx.mastery("ada"))
    with store.read(EAST) as tx:
        list(tx.mastery("ada"))
        told = [(row.person, row.action, row.object, row.reason) for row in tx.audit_rows()]
    assert told == [("vega", "mastery.read", "student ada", "conference")]


def test_a_page_that_loads_itself_anew_is_one_look_an_hour(
    open_store: Callable[..., Store],
) -> None:
    clock = Clock()
    store = open_store(clock)
    enrol(store)

    def looks() -> int:
        with store.read(SCHEDULER) as tx:
            tx.roster("students")
        with store.read(EAST) as tx:
            return len(tx.audit_rows())

    assert [looks(), looks()] == [1, 1]
    clock.now += timedelta(hours=1)
    assert looks() == 2


def test_another_viewer_in_the_same_transaction_has_ties_of_their_own(store: Store) -> None:
    enrol(store)
    with store.read(Viewer.guardian("east", "pat")) as tx:
        assert tx.may_see("ben")
        tx.as_viewer(Viewer.guardian("east", "nobody"))
        assert not tx.may_see("ben")


def test_postgresql_is_told_the_school_first_and_forgets_it_after(store: Store) -> None:
    enrol(store)
    with store.read(EAST) as tx:
        if not tx.is_postgresql:
            pytest.skip("SQLite has no row-level security")
        asked = text("select current_setting('app.school', true)")
        assert tx.connection.execute(asked).scalar() == "east"
    with store._writer.connect() as connection:
        assert connection.execute(asked).scalar() in (None, "")
