"""Looking at topics from outside, as a member of no group: ends, what was read, records."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from typing import Any

from services.settings import Settings
from services.stream.intake import Record
from services.stream.topics import group_of

Place = tuple[str, int]
"""A topic and one of its partitions."""
SECONDS_FOR_A_RECORD = 5.0


class Looking:
    """A connection that only looks. Used as an asynchronous context."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._admin: Any = None
        self._consumer: Any = None

    async def __aenter__(self) -> Looking:
        from aiokafka import AIOKafkaConsumer
        from aiokafka.admin import AIOKafkaAdminClient

        brokers = self._settings.brokers
        self._admin = AIOKafkaAdminClient(bootstrap_servers=brokers)
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=brokers, enable_auto_commit=False, auto_offset_reset="earliest"
        )
        try:
            await self._admin.start()
            await self._consumer.start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()
        await self._admin.close()

    async def partitions(self, topics: Collection[str]) -> list[Place]:
        """The partitions of topics, as far as they are there."""
        told = await self._admin.describe_topics(list(topics))
        return sorted(
            (topic["topic"], each["partition"]) for topic in told for each in topic["partitions"]
        )

    async def waiting(self, places: Collection[Place]) -> dict[Place, tuple[int, int]]:
        """How far those who take in have committed, and where each partition ends."""
        if not places:
            return {}
        from aiokafka import TopicPartition

        offsets = await self._admin.list_consumer_group_offsets(
            group_of(self._settings), partitions=[TopicPartition(*place) for place in places]
        )
        committed = {(tp.topic, tp.partition): told.offset for tp, told in offsets.items()}
        bounds = await self.bounds(places)
        return {
            place: (max(committed.get(place, -1), first), end)
            for place, (first, end) in bounds.items()
        }

    async def bounds(self, places: Collection[Place]) -> dict[Place, tuple[int, int]]:
        """The first offset of each partition that is still there, and the one after the last."""
        from aiokafka import TopicPartition

        asked = [TopicPartition(*place) for place in places]
        first = await self._consumer.beginning_offsets(asked)
        ends = await self._consumer.end_offsets(asked)
        return {(tp.topic, tp.partition): (first[tp], ends[tp]) for tp in asked}

    async def is_there(self, place: Place, offset: int) -> bool:
        """Whether a record lies at or after an offset: where the sender used transactions, what is
        left at the end may be no record."""
        async for _ in self.records(place, offset, offset + 1):
            return True
        return False

    async def records(
        self,
        place: Place,
        first: int,
        end: int | None = None,
        wait: float = SECONDS_FOR_A_RECORD,
    ) -> AsyncIterator[Record]:
        """The records from an offset on, to before `end`, or to where none comes within `wait`
        seconds. A record beyond `end` may come with those before it."""
        from aiokafka import TopicPartition

        tp = TopicPartition(*place)
        self._consumer.assign([tp])
        self._consumer.seek(tp, first)
        while end is None or first < end:
            try:
                got = await asyncio.wait_for(self._consumer.getone(tp), wait)
            except TimeoutError:
                return
            first = got.offset + 1
            yield Record(got.topic, got.partition, got.offset, got.key, got.value)
