"""What is done with records of a stream: committed, counted once, stopped when they go bad."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection, Iterator
from typing import Any, NoReturn

import pytest

from services.handlers import replay_quarantined
from services.settings import Settings
from services.store import Store, Unavailable
from services.stream import intake as intake_module
from services.stream.intake import NOBODY, Intake, Record, TurnedBad
from services.stream.watchdog import FELL_SILENT, Silence, Watchdog
from services.viewer import Viewer
from tests.services.small_school import EAST, enrol, evidence

TOPIC = "flexday.evidence.v1"
READER = Viewer.machine(NOBODY)


def record(
    offset: int, value: Any = None, key: bytes | None = b"east", partition: int = 0
) -> Record:
    body = evidence(f"e{offset}", minute=offset) if value is None else value
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Record(TOPIC, partition, offset, key, raw)


def next_offset(store: Store) -> int:
    with store.read(READER) as tx:
        (at,) = tx.positions()
    return at.next_offset


def logged(store: Store, school: str = "east") -> list[str]:
    with store.read(Viewer.machine(school)) as tx:
        return [row.event_id for row in tx.events_since(0)]


def test_records_of_several_schools_count_each_in_its_own(store: Store) -> None:
    enrol(store)
    enrol(store, "west")
    taken = [record(0), record(1, key=b"west"), record(2)]
    assert Intake(store).take_in(taken) == []
    assert (logged(store), logged(store, "west")) == (["e0", "e2"], ["e1"])
    assert next_offset(store) == 3


def test_records_read_again_after_a_restart_count_once(store: Store) -> None:
    enrol(store)
    Intake(store).take_in([record(0), record(1)])
    assert Intake(store).take_in([record(0), record(1), record(2)]) == []
    assert logged(store) == ["e0", "e1", "e2"]
    with store.read(READER) as tx:
        assert tx.gaps() == []


def test_what_did_not_count_comes_back_with_its_reason_and_the_rest_counts(store: Store) -> None:
    enrol(store)
    changed = {**evidence("e0"), "time": "2026-09-02T00:00:00Z"}
    taken = [record(0), record(1, b"{"), record(2, changed), record(3, b"")]
    letters = Intake(store).take_in(taken)
    assert [(each.record.offset, each.outcome.status) for each in letters] == [
        (1, "quarantined"),
        (2, "conflict"),
        (3, "quarantined"),
    ]
    assert all(each.outcome.reason and each.outcome.mend for each in letters)
    assert logged(store) == ["e0"]


@pytest.mark.parametrize("key", [None, b"", b"\xff", b" east", b"x" * 201, b"a\x00b"])
def test_a_record_whose_key_names_no_school_is_kept_aside(store: Store, key: bytes | None) -> None:
    (letter,) = Intake(store).take_in([record(0, key=key)])
    assert letter.outcome.status == "quarantined"
    with store.read(READER) as tx:
        assert len(tx.quarantined()) == 1


def test_what_came_before_its_school_was_imported_counts_when_it_is_offered_again(
    store: Store,
) -> None:
    (letter,) = Intake(store).take_in([record(0)])
    assert "import its roster" in letter.outcome.reason
    enrol(store)
    assert [each.status for each in replay_quarantined(store, EAST)] == ["accepted"]
    assert logged(store) == ["e0"]


def test_offsets_that_nobody_read_are_told_and_kept_until_they_are_looked_into(
    store: Store,
) -> None:
    enrol(store)
    Intake(store).take_in([record(0), record(1)])
    Intake(store).take_in([record(5), record(8)])
    with store.read(READER) as tx:
        gaps = [(gap.first_offset, gap.last_offset) for gap in tx.gaps()]
    assert gaps == [(2, 4), (6, 7)]
    assert next_offset(store) == 9


def test_a_partition_that_turns_bad_is_stopped_and_others_are_not(store: Store) -> None:
    enrol(store)
    intake = Intake(store, window=10, most_bad=3)
    intake.take_in([record(number, b"{") for number in range(3)])
    intake.take_in([record(number, partition=1) for number in range(9)])
    with pytest.raises(TurnedBad, match="did not count"):
        intake.take_in([record(3, b"{"), record(4)])
    with store.begin(READER) as tx:
        stopped = {at.partition: at.stopped_for for at in tx.positions() if at.stopped_at}
        assert list(stopped) == [0]
        assert tx.let_on(TOPIC, 0)
        assert not tx.let_on(TOPIC, 0)
        assert not any(at.stopped_at for at in tx.positions())


def test_a_few_bad_records_among_many_good_ones_stop_nothing(store: Store) -> None:
    enrol(store)
    intake = Intake(store, window=10, most_bad=3)
    for start in range(0, 40, 10):
        bad = [record(start + number, b"{") for number in range(3)]
        intake.take_in([*bad, *(record(start + number) for number in range(3, 10))])


class Away:
    """A database that is away for the first so many tries."""

    def __init__(self, real: Callable[..., Any], tries: int) -> None:
        self.real, self.tries = real, tries

    def __call__(self, *words: Any) -> Any:
        if self.tries:
            self.tries -= 1
            raise Unavailable("away")
        return self.real(*words)


def test_a_database_away_for_a_moment_is_waited_for(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrol(store)
    away = Away(intake_module.handle_batch, 2)
    monkeypatch.setattr(intake_module, "handle_batch", away)
    waited: list[float] = []
    assert Intake(store, sleep=waited.append).take_in([record(0)]) == []
    assert waited == list(intake_module.WAITS)
    assert logged(store) == ["e0"]


def test_a_database_that_stays_away_is_given_up_and_nothing_is_said_to_be_read(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_module, "handle_batch", Away(intake_module.handle_batch, 9))
    with pytest.raises(Unavailable):
        Intake(store, sleep=lambda _: None).take_in([record(0)])
    with store.read(READER) as tx:
        assert tx.positions() == []


def test_a_worker_is_silent_when_records_wait_and_it_reads_none() -> None:
    place, silence = ("flexday.events.v1", 0), Silence(60)
    assert silence.see(0, {place: (5, 9)}) == []
    assert silence.see(50, {place: (5, 9)}) == []
    assert silence.see(60, {place: (5, 9)}) == [(place, 5)]


def test_a_slow_worker_and_an_idle_one_are_not_silent() -> None:
    place, silence = ("flexday.events.v1", 0), Silence(60)
    for now in range(0, 600, 30):
        assert silence.see(now, {place: (now, 9000)}) == []
    for now in range(600, 900, 30):
        assert silence.see(now, {place: (9000, 9000)}) == []
    assert silence.see(900, {place: (9000, 9001)}) == []


def test_a_watch_whose_connection_is_cut_short_goes_on_watching(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks: Iterator[Any] = iter([asyncio.CancelledError(), OSError(), [("flexday.events.v1", 0)]])

    async def look(self: Watchdog, assigned: Collection[tuple[str, int]]) -> Any:
        found = next(looks)
        if isinstance(found, BaseException):
            raise found
        return found

    def end(status: int) -> NoReturn:
        raise SystemExit(status)

    monkeypatch.setattr(Watchdog, "_look", look)
    monkeypatch.setattr("services.stream.watchdog.time.sleep", lambda seconds: None)
    watchdog = Watchdog(Settings(_env_file=None), Places(), end)
    with pytest.raises(SystemExit) as ended:
        watchdog._run(list)
    assert ended.value.code == FELL_SILENT


class Places:
    """No partition is stopped."""

    places: Collection[tuple[str, int]] = ()
