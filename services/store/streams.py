"""How far each partition of a stream was read, what was passed over, which are stopped."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import select

from services.store import tables as t
from services.store.part import Part
from services.store.rows import fields


class Position(NamedTuple):
    """A partition as it was read: the next offset to come, and since when and why it is stopped."""

    topic: str
    partition: int
    next_offset: int
    read_at: datetime
    stopped_at: datetime | None
    stopped_for: str


class Gap(NamedTuple):
    """Offsets, both ends included, that were passed over without having been seen."""

    topic: str
    partition: int
    first_offset: int
    last_offset: int
    seen_at: datetime


class Counts(NamedTuple):
    """A school as the stream has seen it, up to a sequence of what goes out: the newest log
    position, and of a day the competencies mastered; how many students need another approach."""

    sequence: int
    events: int
    mastered_today: int
    stuck_students: int
    day: date


class Told(NamedTuple):
    """Counts with how many messages they are behind, and when they were told."""

    counts: Counts
    behind: int
    told_at: datetime


class Streams(Part):
    """Positions belong to the installation, not to a school: they hold no record of anybody."""

    def advance(self, topic: str, partition: int, first: int, after: int) -> Gap | None:
        """Notes that offsets from `first` to before `after` were read. What was skipped since the
        last time is kept as a gap, and returned: somebody committed past what nobody read."""
        held = self._one(
            select(t.stream_position.c.next_offset)
            .where(t.stream_position.c.topic == topic)
            .where(t.stream_position.c.partition == partition)
            .with_for_update()
        )
        expected = held.next_offset if held else 0
        gap = None
        if first > expected:
            gap = Gap(topic, partition, expected, first - 1, self.clock())
            insert = self._insert(t.stream_gap).values(**gap._asdict())
            self.connection.execute(insert.on_conflict_do_nothing())
        if after > expected:
            now = self.clock()
            values = {"next_offset": after, "read_at": now}
            insert = self._insert(t.stream_position).values(
                topic=topic, partition=partition, stopped_for="", **values
            )
            self.connection.execute(
                insert.on_conflict_do_update(index_elements=["topic", "partition"], set_=values)
            )
        return gap

    def positions(self) -> list[Position]:
        """Every partition that was ever read or stopped."""
        ordered = select(t.stream_position).order_by(
            t.stream_position.c.topic, t.stream_position.c.partition
        )
        return [Position(**fields(row)) for row in self._rows(ordered)]

    def gaps(self) -> list[Gap]:
        """What was passed over and not looked into since."""
        ordered = select(t.stream_gap).order_by(*t.stream_gap.primary_key.columns)
        return [Gap(**fields(row)) for row in self._rows(ordered)]

    def close_gap(self, gap: Gap) -> None:
        """Takes a gap off the list: what was in it has been taken in, or nothing ever was."""
        self.connection.execute(
            t.stream_gap.delete()
            .where(t.stream_gap.c.topic == gap.topic)
            .where(t.stream_gap.c.partition == gap.partition)
            .where(t.stream_gap.c.first_offset == gap.first_offset)
        )

    def stop_partition(self, topic: str, partition: int, reason: str) -> None:
        """Nobody reads a stopped partition until it is let on again."""
        now = self.clock()
        stopped = {"stopped_at": now, "stopped_for": reason}
        insert = self._insert(t.stream_position).values(
            topic=topic, partition=partition, next_offset=0, read_at=now, **stopped
        )
        self.connection.execute(
            insert.on_conflict_do_update(index_elements=["topic", "partition"], set_=stopped)
        )

    def let_on(self, topic: str, partition: int) -> bool:
        """Lets a stopped partition be read again; False where it was not stopped."""
        return self._changed(
            t.stream_position.update()
            .where(t.stream_position.c.topic == topic)
            .where(t.stream_position.c.partition == partition)
            .where(t.stream_position.c.stopped_at.is_not(None))
            .values(stopped_at=None, stopped_for="")
            .returning(t.stream_position.c.topic)
        )

    def save_counts(self, counts: Counts) -> bool:
        """Writes a school's live counts, unless newer ones are held: absolute values, so that it
        does not matter who tells them, or how often."""
        values = {**counts._asdict(), "told_at": self.clock()}
        insert = self._insert(t.live_count).values(school_id=self.viewer.school, **values)
        return self._changed(
            insert.on_conflict_do_update(
                index_elements=["school_id"],
                set_=values,
                where=t.live_count.c.sequence <= counts.sequence,
            ).returning(t.live_count.c.sequence)
        )

    def counts(self) -> Told | None:
        """The school's live counts; None where no stream has told any."""
        row = self._one(
            select(t.live_count, t.school.c.outbox_seq)
            .join(t.school, t.school.c.school_id == t.live_count.c.school_id)
            .where(self._mine(t.live_count))
        )
        if row is None:
            return None
        held = Counts(*(getattr(row, name) for name in Counts._fields))
        return Told(held, max(0, row.outbox_seq - held.sequence), row.told_at)
