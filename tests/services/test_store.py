"""The record's promises: transactions, roster, runs, plans, audit, on both databases."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import event as sql_event
from sqlalchemy import text

from schemas.school import GuardianLink, Student
from services.store import (
    NotAllowed,
    NotFound,
    Store,
    Unavailable,
    UnknownSchool,
    WrongState,
    engines,
    tables,
)
from services.store.roster import ENTERED
from services.viewer import Viewer
from tests.services.small_school import (
    DAY,
    EAST,
    SCHEDULER,
    competency,
    enrol,
    file_draft,
    publish,
    roster,
)

NEXT_DAY = DAY + timedelta(days=1)


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


# --- transactions ---------------------------------------------------------------------------


def test_the_migrated_tables_are_the_tables_the_code_speaks_of(store: Store) -> None:
    with store._writer.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []


def test_the_school_leads_every_primary_key() -> None:
    leading = {
        table.name: next(iter(table.primary_key)).name for table in tables.metadata.tables.values()
    }
    assert set(leading.values()) == {"school_id"}


def test_what_fails_halfway_leaves_nothing_behind(store: Store) -> None:
    enrol(store)

    def fail_halfway() -> None:
        with store.begin(EAST) as tx:
            tx.save_settings({"written": True})
            raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        fail_halfway()
    with store.read(EAST) as tx:
        assert tx.settings() == {}


def test_a_reading_transaction_cannot_write(store: Store) -> None:
    enrol(store)
    with pytest.raises(Exception, match=r"read-?only"), store.read(EAST) as tx:
        tx.save_settings({"written": True})


def test_a_school_never_imported_is_not_known(store: Store) -> None:
    with store.read(Viewer.machine("nowhere")) as tx, pytest.raises(UnknownSchool):
        tx.school()


def test_a_locked_database_is_refused_not_waited_for_forever(
    open_store: Callable[..., Store], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(engines, "BUSY_SECONDS", 0.05)
    first, second = (Store(f"sqlite:///{tmp_path}/busy.db") for _ in range(2))
    first.migrate()
    with first.begin(EAST), pytest.raises(Unavailable), second.begin(EAST):
        pass
    first.close()
    second.close()


def test_a_database_that_is_not_there_is_unavailable() -> None:
    store = Store("postgresql+psycopg://nobody@127.0.0.1:1/none")
    with pytest.raises(Unavailable), store.read(EAST):
        pass


def test_sqlite_syncs_fully_and_keeps_one_writer(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/x.db")
    with store.begin(EAST) as tx:
        asked = [
            tx.connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
        assert asked == ["wal", 2, 1]
    assert store._writer.pool.size() == 1  # type: ignore[attr-defined]
    store.close()


def test_a_store_in_memory_is_refused() -> None:
    with pytest.raises(ValueError, match="give a file"):
        Store("sqlite://")


def test_every_statement_is_bound_to_the_viewers_school(store: Store) -> None:
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        seen.append(statement)

    sql_event.listen(store._writer, "before_cursor_execute", note)
    enrol(store)
    draft = file_draft(store)
    publish(store, draft)
    with store.begin(SCHEDULER) as tx:
        _touch_everything(tx)
    about_tables = [
        s for s in seen if any(f" {name} " in f"{s} " for name in tables.metadata.tables)
    ]
    assert len(about_tables) > 50
    assert [s for s in about_tables if "school_id" not in s] == []


def _touch_everything(tx: Any) -> None:
    tx.runs(), tx.plans(), tx.scenarios(), tx.audit_rows(), tx.unsent(), tx.parked()
    tx.quarantined(), tx.log(), tx.facts("lock"), list(tx.mastery()), tx.notices("ada")
    tx.claim_run("me", 1), tx.scheduled(DAY), tx.published(DAY), tx.last_published(NEXT_DAY)
    tx.publications(DAY), tx.fallback("regular"), tx.guardian_links(), tx.tally()
    tx.feed_person("x"), tx.remembered_answer("r", "k"), tx.mark_sent(["x"])
    tx.cancel_run("x"), tx.revoke_feed("student", "ada"), tx.mark_replayed("x")


def test_one_school_sees_nothing_of_another(store: Store) -> None:
    enrol(store)
    enrol(store, "west", students=(Student(id="wes", given_name="Wes", family_name="T"),))
    draft = file_draft(store)
    with store.begin(Viewer.machine("west")) as tx:
        assert [s.id for s in tx.roster("students")] == ["wes"]
        assert tx.plans() == []
        with pytest.raises(NotFound):
            tx.plan(draft)
        assert not tx.set_plan_status(draft, 1, "draft", "approved")
    assert store.schools() == ["east", "west"]


# --- roster ---------------------------------------------------------------------------------


def test_importing_twice_changes_nothing(store: Store) -> None:
    enrol(store)
    with store.begin(EAST) as tx:
        version = tx.roster_version()
        counts = tx.apply_roster(roster())
        assert all(not (c.added or c.changed or c.ended) for c in counts.values())
        assert counts["students"].unchanged == 4
        assert tx.roster_version() == version


def test_whoever_is_missing_from_the_next_import_has_ended_and_may_come_back(store: Store) -> None:
    enrol(store)
    fewer = roster(students=roster().students[:3])
    with store.begin(EAST) as tx:
        assert tx.apply_roster(fewer)["students"].ended == 1
        assert [s.id for s in tx.roster("students")] == ["ada", "ben", "cy"]
        assert tx.knows("students", {"dee", "ada"}) == {"ada"}
        assert tx.apply_roster(roster())["students"].added == 1


def test_an_import_ends_only_what_its_own_origin_brought(store: Store) -> None:
    enrol(store)
    added = roster(competencies=(competency("c9", "9.G.1"),))
    with store.begin(EAST) as tx:
        assert tx.apply_roster(added, origin="case")["competencies"].ended == 0
        assert len(tx.roster("competencies")) == 3


def test_an_import_ends_a_kind_it_speaks_for_even_when_it_has_none_of_it(store: Store) -> None:
    enrol(store)
    with store.begin(EAST) as tx:
        tx.apply_roster(roster(relations=()))
        assert len(tx.roster("relations")) == 1
        tx.apply_roster(roster(relations=()), kinds=("relations",))
        assert tx.roster("relations") == []


def test_what_the_school_entered_itself_outranks_what_others_sent(store: Store) -> None:
    enrol(store)
    own = roster(offerings=roster().offerings[:1])
    with store.begin(EAST) as tx:
        assert tx.apply_roster(own, origin=ENTERED)["offerings"].ended == 1
        assert tx.apply_roster(roster(offerings=()), kinds=("offerings",))["offerings"].ended == 1
        tx.apply_roster(own, origin=ENTERED, kinds=("offerings",))
        assert tx.apply_roster(roster(offerings=()), kinds=("offerings",))["offerings"].ended == 0


def test_a_competency_is_found_by_its_code(store: Store) -> None:
    enrol(store)
    with store.read(EAST) as tx:
        coded = tx.competencies_coded({"6.RP.A.2", "no such code"})
        assert coded == {"6.RP.A.2": ["c2"]}


# --- runs -----------------------------------------------------------------------------------


def test_asking_twice_for_the_same_run_queues_it_once(store: Store) -> None:
    enrol(store)
    with store.begin(EAST) as tx:
        run = tx.queue_run(DAY, "upset", "tests", seed=1)
        assert tx.queue_run(DAY, "upset", "tests") == run
        tx.claim_run("me", 60)
        assert tx.queue_run(DAY, "person", "tests") != run
        assert tx.queue_run(DAY, "upset", "tests") != run, "one under way has its snapshot"


def test_whoever_lost_a_run_can_change_nothing_in_it(open_store: Callable[..., Store]) -> None:
    clock = Clock()
    store = open_store(clock)
    enrol(store)
    with store.begin(EAST) as tx:
        tx.queue_run(DAY, "person", "tests")
        slow = tx.claim_run("slow", lease_seconds=30)
        assert slow is not None
        assert tx.claim_run("other", lease_seconds=30) is None
    clock.now += timedelta(seconds=31)
    with store.begin(EAST) as tx:
        quick = tx.claim_run("quick", lease_seconds=30)
        assert quick is not None
        assert (quick.id, quick.fence) == (slow.id, slow.fence + 1)
        assert not tx.progress(slow.id, slow.fence, {"cost": 1})
        assert not tx.finish_run(slow.id, slow.fence, "done")
        assert tx.finish_run(quick.id, quick.fence, "done")
        assert tx.run(quick.id).status == "done"


def test_a_cancelled_run_tells_its_owner_at_the_next_progress(store: Store) -> None:
    enrol(store)
    with store.begin(EAST) as tx:
        tx.queue_run(DAY, "person", "tests")
        run = tx.claim_run("me", 60)
        assert run is not None
        assert tx.progress(run.id, run.fence, {"cost": 5})
        assert tx.cancel_run(run.id)
        assert not tx.progress(run.id, run.fence, {"cost": 4})
        assert tx.run(run.id).progress == {"cost": 5}


def test_many_planners_never_claim_the_same_run(store: Store) -> None:
    enrol(store)
    with store.begin(EAST) as tx:
        for offset in range(8):
            tx.queue_run(DAY + timedelta(days=offset), "person", "tests")

    def claim(owner: int) -> list[str]:
        claimed = []
        for _ in range(8):
            with store.begin(EAST) as tx:
                if run := tx.claim_run(str(owner), 60):
                    claimed.append(run.id)
        return claimed

    with ThreadPoolExecutor(4) as pool:
        claimed = [run for runs in pool.map(claim, range(4)) for run in runs]
    assert len(claimed) == len(set(claimed)) == 8


def test_a_cut_off_is_decided_once(store: Store) -> None:
    enrol(store)
    with store.begin(EAST) as tx:
        assert tx.schedule_run(DAY, "cutoff", "done")
        assert not tx.schedule_run(DAY, "cutoff", "missed")
        assert tx.scheduled(DAY) == {"cutoff": "done"}


# --- plans ----------------------------------------------------------------------------------


def test_a_plan_reads_back_as_it_was_filed(store: Store) -> None:
    enrol(store)
    with store.read(EAST) as tx:
        position = tx.position()
    draft = file_draft(store, cost=7)
    with store.read(EAST) as tx:
        row = tx.plan(draft)
        assert (row.status, row.version, row.as_of, row.plan.cost) == ("draft", 1, position, 7)
        assert row.etag == f"{draft}:1:{row.digest}"
        assert tx.problem(row.problem_digest).day == DAY


def test_only_an_approved_plan_is_published(store: Store) -> None:
    enrol(store)
    draft = file_draft(store)
    with pytest.raises(WrongState, match="only an approved plan"), store.begin(SCHEDULER) as tx:
        tx.publish(draft, "kim")


def test_a_publication_takes_the_place_of_the_last_and_counts_on(store: Store) -> None:
    enrol(store)
    first, second = file_draft(store, cost=1), file_draft(store, cost=2)
    assert [publish(store, first), publish(store, second)] == [1, 2]
    with store.begin(EAST) as tx:
        current = tx.published(DAY)
        assert current is not None
        assert (current.id, current.pub_seq) == (second, 2)
        assert tx.plan(first).status == "superseded"
        assert tx.publications(DAY) == [(1, first), (2, second)]
        before = tx.last_published(NEXT_DAY)
        assert before is not None
        assert before.id == second
        assert tx.last_published(DAY) is None
        sent = [row for row in tx.unsent() if row.type == "plan.published"]
        assert len({row.id for row in sent}) == 2


def test_the_database_itself_refuses_a_second_published_plan(store: Store) -> None:
    enrol(store)
    publish(store, file_draft(store, cost=1))
    second = file_draft(store, cost=2)
    with pytest.raises(Exception, match=r"(?i)unique"), store.begin(EAST) as tx:
        tx.set_plan_status(second, 1, "draft", "published")


def _approvals_at_once(store: Store, draft: str, approvers: int) -> int:
    ready = threading.Barrier(approvers)

    def approve(number: int) -> bool:
        ready.wait()
        with store.begin(Viewer.staff("east", "scheduler", f"p{number}")) as tx:
            won = tx.set_plan_status(draft, 1, "draft", "approved", approved_by=f"p{number}")
            if won:
                tx.audit("plan.approved", draft)
            return won

    with ThreadPoolExecutor(approvers) as pool:
        return sum(pool.map(approve, range(approvers)))


@pytest.mark.parametrize("rounds", [20, pytest.param(100, marks=pytest.mark.soak)])
def test_of_many_approvals_at_once_exactly_one_wins(store: Store, rounds: int) -> None:
    enrol(store)
    for number in range(rounds):
        draft = file_draft(store, DAY + timedelta(days=number))
        assert _approvals_at_once(store, draft, approvers=100) == 1
    with store.read(EAST) as tx:
        approved = [row for row in tx.audit_rows() if row.action == "plan.approved"]
        assert len(approved) == rounds
        assert list(tx.audit_faults()) == []


# --- audit, feeds, notices ------------------------------------------------------------------


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


# --- who sees whom --------------------------------------------------------------------------


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
