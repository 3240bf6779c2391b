"""What is done with records of a stream: the same as with any event, and how far each was read."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

import structlog

from services import measures
from services.handlers import Outcome, handle_batch
from services.store import Store, Tx, Unavailable
from services.viewer import Viewer

NOBODY = "?"
"""The school of a record whose key names none: no school has this id."""
LONGEST_ID = 200
WAITS = (0.2, 1.0)
"""Seconds before a database that could not be used is tried again; then it is given up."""
BAD = ("quarantined", "conflict", "refused")

log = structlog.get_logger()


class Record(NamedTuple):
    """A record as it lies in a partition; its key is the id of a school."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None

    @property
    def place(self) -> tuple[str, int]:
        return self.topic, self.partition

    @property
    def school(self) -> str:
        try:
            named = (self.key or b"").decode()
        except UnicodeDecodeError:
            return NOBODY
        storable = named.strip() == named and "\x00" not in named
        return named if named and storable and len(named) <= LONGEST_ID else NOBODY


class DeadLetter(NamedTuple):
    """A record that did not count, and why."""

    record: Record
    outcome: Outcome


class TurnedBad(Exception):
    """A partition brings so much that cannot be read that somebody has to look at it first."""

    def __init__(self, topic: str, partition: int, reason: str) -> None:
        super().__init__(f"partition {partition} of {topic} is stopped: {reason}")
        self.topic, self.partition = topic, partition


class Intake:
    """Takes records in, school by school, and trips a breaker on a partition that turns bad: when
    of its newest `window` records more than `most_bad` did not count."""

    def __init__(
        self,
        store: Store,
        window: int = 200,
        most_bad: int = 20,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store = store
        self._most_bad = most_bad
        self._sleep = sleep
        self._newest: dict[tuple[str, int], deque[bool]] = defaultdict(lambda: deque(maxlen=window))

    def take_in(self, records: Sequence[Record]) -> list[DeadLetter]:
        """Takes in records that come one after the other in each of their partitions; those that
        did not count, with the reason. When it returns, all of them are committed.

        Raises:
            Unavailable: not all of them are; they are to be offered again, which counts none twice.
            TurnedBad: all of them are, and a partition is now stopped in the record.
        """
        by_school: dict[str, list[Record]] = defaultdict(list)
        for record in records:
            by_school[record.school].append(record)
        *others, last = by_school
        outcomes: dict[tuple[str, int, int], Outcome] = {}
        for school in others:
            outcomes |= self._handled(school, by_school[school], lambda tx: None)
        # Positions go last: they may never stand beyond what has been committed.
        outcomes |= self._handled(last, by_school[last], lambda tx: self._advance(tx, records))
        bad = [
            DeadLetter(record, outcome)
            for record in records
            if (outcome := outcomes[*record.place, record.offset]).status in BAD
        ]
        measures.DEAD_LETTERS.inc(len(bad))
        self._weigh(records, {(*each.record.place, each.record.offset) for each in bad})
        return bad

    def _handled(
        self, school: str, records: Sequence[Record], alongside: Callable[[Tx], None]
    ) -> dict[tuple[str, int, int], Outcome]:
        viewer = Viewer.machine(school, "stream")
        raws = [record.value or b"" for record in records]
        for wait in (*WAITS, None):
            try:
                done = handle_batch(self._store, viewer, raws, alongside)
                break
            except Unavailable as error:
                if wait is None:
                    raise
                log.warning("the database cannot be used; trying again", reason=str(error))
                self._sleep(wait)
        return {
            (*record.place, record.offset): outcome
            for record, outcome in zip(records, done, strict=True)
        }

    def _advance(self, tx: Tx, records: Sequence[Record]) -> None:
        offsets: dict[tuple[str, int], list[int]] = defaultdict(list)
        for record in records:
            offsets[record.place].append(record.offset)
        for place in sorted(offsets):
            for first, after in _runs(offsets[place]):
                if gap := tx.advance(*place, first, after):
                    log.error("offsets were passed over unread", **gap._asdict())
                    measures.GAPS.inc()

    def _weigh(self, records: Sequence[Record], bad: set[tuple[str, int, int]]) -> None:
        for record in records:
            newest = self._newest[record.place]
            newest.append((*record.place, record.offset) in bad)
            if sum(newest) > self._most_bad:
                reason = f"{sum(newest)} of its newest {len(newest)} records did not count"
                with self._store.begin(Viewer.machine(NOBODY, "stream")) as tx:
                    tx.stop_partition(*record.place, reason)
                raise TurnedBad(*record.place, reason)


def _runs(offsets: Sequence[int]) -> list[tuple[int, int]]:
    """Offsets in order as stretches without a gap: (first, the one after the last)."""
    found: list[tuple[int, int]] = []
    for offset in sorted(offsets):
        if found and found[-1][1] == offset:
            found[-1] = found[-1][0], offset + 1
        else:
            found.append((offset, offset + 1))
    return found
