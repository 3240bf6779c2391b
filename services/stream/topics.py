"""The topics of an installation, by name and shape, and making them where they are missing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from services.settings import Settings

FOREVER = "-1"
SEEN = "seen"
"""The table of the newest values, from which live counts are summed."""


class Topic(NamedTuple):
    """A topic: compacted ones keep the newest value of each key for ever."""

    name: str
    compacted: bool = False
    kept_for_ms: str | None = None

    @property
    def configuration(self) -> dict[str, str]:
        if self.compacted:
            return {"cleanup.policy": "compact"}
        return {"retention.ms": self.kept_for_ms} if self.kept_for_ms else {}


class Topics:
    """Every topic of an installation; their names begin with its prefix. Live counts are kept anew
    for each version of the views."""

    def __init__(self, prefix: str, views_version: int = 1) -> None:
        self.views_group = f"{prefix}-counts-v{views_version}"
        self.evidence = Topic(f"{prefix}.evidence.v1")
        self.events = Topic(f"{prefix}.events.v1")
        self.mastery = Topic(f"{prefix}.mastery.v1", compacted=True)
        self.plans = Topic(f"{prefix}.plans.v1")
        self.schedules = Topic(f"{prefix}.schedules.v1", compacted=True)
        self.notices = Topic(f"{prefix}.notices.v1")
        self.seen = Topic(f"{self.views_group}-{SEEN}-changelog", compacted=True)
        self.dead_letters = Topic(f"{prefix}.deadletter.v1", kept_for_ms=FOREVER)

    @property
    def incoming(self) -> tuple[str, ...]:
        """What others send to us."""
        return self.evidence.name, self.events.name

    @property
    def outgoing(self) -> tuple[str, ...]:
        """What others read from us."""
        found = self.mastery, self.plans, self.schedules, self.notices
        return tuple(each.name for each in found)

    def of(self, aggregatetype: str) -> str:
        """The topic that messages of the outbox about such things go to."""
        return {
            "mastery": self.mastery,
            "plans": self.plans,
            "schedules": self.schedules,
            "notices": self.notices,
            "alerts": self.notices,
        }[aggregatetype].name

    @property
    def all(self) -> tuple[Topic, ...]:
        return tuple(each for each in vars(self).values() if isinstance(each, Topic))


def group_of(settings: Settings) -> str:
    """The consumer group of those who take events in."""
    return f"{settings.topic_prefix}-taking-in"


async def declare(settings: Settings) -> list[str]:
    """Makes the topics that are missing; their names. Those that are there stay as they are."""
    from aiokafka.admin import AIOKafkaAdminClient, NewTopic

    admin: Any = AIOKafkaAdminClient(bootstrap_servers=settings.brokers)
    await admin.start()
    try:
        there = set(await admin.list_topics())
        wanted = Topics(settings.topic_prefix, settings.views_version).all
        missing = [each for each in wanted if each.name not in there]
        await _create(admin, [_new(NewTopic, each, settings) for each in missing])
        return [each.name for each in missing]
    finally:
        await admin.close()


def _new(new_topic: Any, topic: Topic, settings: Settings) -> Any:
    return new_topic(
        name=topic.name,
        num_partitions=settings.topic_partitions,
        replication_factor=settings.topic_copies,
        topic_configs=topic.configuration,
    )


async def _create(admin: Any, wanted: Iterable[Any]) -> None:
    """Raises: aiokafka.errors.KafkaError for a topic that could not be made."""
    from aiokafka.errors import TopicAlreadyExistsError, for_code

    wanted = list(wanted)
    if not wanted:
        return
    answer = await admin.create_topics(wanted)
    for told in answer.topic_errors:
        fault = for_code(told[1])
        if told[1] and fault is not TopicAlreadyExistsError:
            raise fault(f"{told[0]} could not be made")
