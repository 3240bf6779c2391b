"""Settings of an installation, from the environment (FLEXDAY_...) or a .env file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Unfit(Exception):
    """The installation is set up in a way that is not safe, or makes no sense: what to mend."""


class Settings(BaseSettings):
    """One installation. A school's own rules and weights are in its database, not here."""

    model_config = SettingsConfigDict(
        env_prefix="FLEXDAY_", env_file=".env", extra="ignore", use_attribute_docstrings=True
    )

    database: str = "sqlite:///flexday.db"
    """SQLAlchemy address: sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME."""
    school: str | None = None
    """The school that commands act on where none is named."""
    largest_body: int = Field(default=1024 * 1024, ge=1024)
    """Bytes of a posted event or batch."""
    largest_batch: int = Field(default=500, ge=1, le=500)
    """Events in one posted batch."""
    largest_upload: int = Field(default=256 * 1024 * 1024, ge=1024)
    """Bytes of an uploaded import."""
    deepest_json: int = Field(default=32, ge=4, le=200)
    """Levels of a posted document."""
    secret: str = ""
    """Hashes the sign-ins that are kept; empty means a new one at every start, which ends all
    sign-ins. Several servers need the same."""
    role_picker: bool = False
    """Whether anybody who reaches the pages may sign in as anybody: for demos and trials only."""
    brokers: str = ""
    """Kafka's addresses, HOST:PORT,...; empty where events come in by HTTP and files alone."""
    topic_prefix: str = Field(default="flexday", pattern=r"^[a-zA-Z0-9._-]{1,100}$")
    """What the names of topics and consumer groups begin with."""
    topic_partitions: int = Field(default=12, ge=1, le=10_000)
    """Partitions of each topic: how many workers can share it."""
    topic_copies: int = Field(default=1, ge=1, le=9)
    """Brokers that keep a copy of each topic: 3 where there are three brokers or more."""
    stream_batch: int = Field(default=500, ge=1, le=5000)
    """Records of a stream taken in at once."""
    stream_window: int = Field(default=200, ge=10, le=100_000)
    """Newest records of a partition among which those that did not count are counted."""
    stream_most_bad: int = Field(default=20, ge=1)
    """A partition is stopped when of its newest `stream_window` records more did not count."""
    stream_session: float = Field(default=12.0, ge=1)
    """Seconds without a sign of life after which another worker takes a worker's partitions."""
    stream_silent: float = Field(default=60.0, ge=5)
    """Seconds in which records waited and none was taken in, after which a worker ends itself."""
    views_version: int = Field(default=1, ge=1)
    """Another number makes the live counts anew from the topics."""
    relay_idempotent: bool = True
    """Whether brokers number what the relay sends, so that none counts twice there; off only for a
    broker that cannot."""
    watch_host: str = "127.0.0.1"
    """Where health, readiness and figures are answered."""
    watch_port: int = Field(default=0, ge=0, le=65535)
    """On which port; 0 for none. Not for the outside."""
    lease: float = Field(default=60.0, ge=5)
    """Seconds without a sign of life after which another planner takes a planner's run."""

    @property
    def serves_several(self) -> bool:
        """Whether several processes work on the record, as they can on PostgreSQL alone."""
        return not self.database.startswith("sqlite")

    def faults(self, signs_in: bool = True) -> Iterator[str]:
        """What makes these settings unfit for real use, each with what would mend it; `signs_in`
        where people sign in to the process at hand."""
        if self.role_picker:
            return
        if SAMPLE in self.secret:
            yield f"FLEXDAY_SECRET is the sample's: {FRESH}"
        elif self.secret and len(self.secret) < SHORTEST_SECRET:
            yield f"FLEXDAY_SECRET is shorter than {SHORTEST_SECRET} characters: {FRESH}"
        elif not self.secret and self.serves_several and signs_in:
            yield f"FLEXDAY_SECRET is not set, and every server would have its own: {FRESH}"
        if SAMPLE in self.database:
            yield "FLEXDAY_DATABASE has the sample's password: give the role another"


SAMPLE = "change-me"
"""Stands in the sample of settings wherever a secret belongs, and is refused."""
SHORTEST_SECRET = 32
FRESH = "put what `openssl rand -hex 32` prints there"
ELSEWHERE = frozenset({"FLEXDAY_KEY", "FLEXDAY_SERVING_ROLE", "FLEXDAY_SERVING_PASSWORD"})
"""Names in the environment that single commands read."""


def unknown_names(environment: Mapping[str, str]) -> list[str]:
    """Names in an environment that look like settings and are none, such as misspelt ones."""
    known = {f"FLEXDAY_{name.upper()}" for name in Settings.model_fields} | ELSEWHERE
    return sorted(name for name in environment if name.startswith("FLEXDAY_") and name not in known)


@cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
