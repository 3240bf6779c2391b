"""The tables, the same on SQLite and PostgreSQL; the school leads every primary key."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)

from services.store.columns import Instant, Word

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _key(name: str, kind: Any = Word) -> Column[Any]:
    return Column(name, kind, primary_key=True)


def _must(name: str, kind: Any = Word, **more: Any) -> Column[Any]:
    return Column(name, kind, nullable=False, **more)


def _may(name: str, kind: Any = Word) -> Column[Any]:
    return Column(name, kind, nullable=True)


def _of_school(name: str, *items: Any) -> Table:
    """A table whose rows belong to a school that is known."""
    school_id = Column("school_id", Word, ForeignKey("school.school_id"), primary_key=True)
    return Table(name, metadata, school_id, *items)


school = Table(
    "school",
    metadata,
    Column("school_id", Word, primary_key=True),
    _must("title", Text),
    _must("zone"),
    _must("grades", Text),
    _must("settings", Text),
    _must("last_seq", BigInteger),
    _must("outbox_seq", BigInteger, server_default="0"),
    _must("roster_version", Integer),
)

roster_entry = _of_school(
    "roster_entry",
    _key("kind"),
    _key("id"),
    _must("body", Text),
    _must("digest"),
    _may("code"),
    _must("origin"),
    _must("changed_at", Instant),
    _may("ended_at", Instant),
    Index("ix_roster_entry_code", "school_id", "kind", "code"),
)

# --- events ---------------------------------------------------------------------------------

inbox = _of_school(
    "inbox",
    _key("source"),
    _key("event_id"),
    _must("sha256"),
    _must("received_at", Instant),
    _must("outcome"),
)

event_log = _of_school(
    "event_log",
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    _must("source"),
    _must("event_id"),
    _must("type"),
    _must("occurred_at", Instant),
    _must("received_at", Instant),
    _may("student"),
    _may("competency"),
    _may("body", Text),
    _must("digest"),
    Index("uq_event_log_event", "school_id", "source", "event_id", unique=True),
    Index("ix_event_log_key", "school_id", "student", "competency"),
)

parked = _of_school(
    "parked",
    _key("source"),
    _key("event_id"),
    _must("body", Text),
    _must("waiting_for"),
    _must("reason", Text),
    _must("parked_at", Instant),
)

# No foreign key: what names an unknown school is kept here too.
quarantine = Table(
    "quarantine",
    metadata,
    _key("school_id"),
    _key("id"),
    _must("raw", LargeBinary),
    _must("reason", Text),
    _must("mend", Text),
    _must("access_role"),
    _must("person"),
    _must("received_at", Instant),
    _may("replayed_at", Instant),
)

outbox = _of_school(
    "outbox",
    _key("id"),
    _must("aggregatetype"),
    _must("aggregateid"),
    _must("type"),
    _must("payload", Text),
    _must("created_at", Instant),
    _may("sent_at", Instant),
    _must("seq", BigInteger, server_default="0"),
)
Index(
    "ix_outbox_unsent",
    outbox.c.school_id,
    outbox.c.seq,
    sqlite_where=text("sent_at IS NULL"),
    postgresql_where=text("sent_at IS NULL"),
)

# --- streams: positions are of the installation and hold no record of anybody ---------------

stream_position = Table(
    "stream_position",
    metadata,
    _key("topic"),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    _must("next_offset", BigInteger),
    _must("read_at", Instant),
    _may("stopped_at", Instant),
    _must("stopped_for", Text),
)

stream_gap = Table(
    "stream_gap",
    metadata,
    _key("topic"),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("first_offset", BigInteger, primary_key=True, autoincrement=False),
    _must("last_offset", BigInteger),
    _must("seen_at", Instant),
)
live_count = _of_school(
    "live_count",
    _must("sequence", BigInteger),
    _must("events", BigInteger),
    _must("mastered_today", Integer),
    _must("stuck_students", Integer),
    _must("day", Date),
    _must("told_at", Instant),
)
OF_THE_INSTALLATION = frozenset({"stream_position", "stream_gap"})

# --- state folded from the log --------------------------------------------------------------

mastery = _of_school(
    "mastery",
    _key("student"),
    _key("competency"),
    _must("body", Text),
    _must("settings_digest"),
    _must("seq", BigInteger),
)

# What was folded from events whose bodies a purge took, for a rebuild to start from.
checkpoint = _of_school(
    "checkpoint",
    _key("student"),
    _key("competency"),
    _must("body", Text),
    _must("digest"),
    _must("settings_digest"),
    _must("seq", BigInteger),
    _must("written_at", Instant),
)

fact = _of_school(
    "fact",
    _key("kind"),
    _key("key"),
    _may("day", Date),
    _may("student"),
    _must("body", Text),
    _must("occurred_at", Instant),
    _must("source"),
    _must("event_id"),
    _must("seq", BigInteger),
    Index("ix_fact_day", "school_id", "kind", "day"),
    Index("ix_fact_student", "school_id", "kind", "student"),
)

# --- planning -------------------------------------------------------------------------------

run = _of_school(
    "run",
    _key("id"),
    _must("day", Date),
    _must("kind"),
    _may("scenario"),
    _must("status"),
    _must("fence", BigInteger),
    _may("owner"),
    _may("lease_until", Instant),
    _may("as_of", BigInteger),
    _must("seed", BigInteger),
    _may("work", Float),
    _may("time_limit", Float),
    _must("progress", Text),
    _may("error", Text),
    _must("asked_by"),
    _must("created_at", Instant),
    _may("finished_at", Instant),
    _may("problem_digest"),
    Index("ix_run_status", "school_id", "status", "created_at"),
    Index("ix_run_day", "school_id", "day"),
)

schedule_run = _of_school(
    "schedule_run",
    Column("day", Date, primary_key=True),
    _key("kind"),
    _must("status"),
    _must("at", Instant),
)

# When appointments were looked at last; apart from the school, whose row its writers lock.
look = _of_school("look", _must("at", Instant))

problem = _of_school("problem", _key("digest"), _must("body", Text))

plan = _of_school(
    "plan",
    _key("id"),
    _must("day", Date),
    _may("run"),
    _must("status"),
    _must("version", Integer),
    _may("revision_of"),
    _must("body", Text),
    _must("digest"),
    _must("problem_digest"),
    _must("as_of", BigInteger),
    _must("created_at", Instant),
    _must("created_by"),
    _may("approved_by"),
    _may("approved_at", Instant),
    _may("publish_at", Instant),
    _may("published_at", Instant),
    _may("pub_seq", Integer),
    _may("fallback_for"),
    ForeignKeyConstraint(["school_id", "problem_digest"], ["problem.school_id", "problem.digest"]),
    Index("ix_plan_day", "school_id", "day"),
)
Index(
    "uq_plan_published",
    plan.c.school_id,
    plan.c.day,
    unique=True,
    sqlite_where=text("status = 'published'"),
    postgresql_where=text("status = 'published'"),
)

publication = _of_school(
    "publication",
    Column("day", Date, primary_key=True),
    Column("pub_seq", Integer, primary_key=True, autoincrement=False),
    _must("plan"),
    _must("at", Instant),
    _must("by"),
    ForeignKeyConstraint(["school_id", "plan"], ["plan.school_id", "plan.id"]),
)

fallback = _of_school(
    "fallback",
    _key("bell_schedule"),
    _must("plan"),
    _must("approver"),
    _may("deputy"),
    ForeignKeyConstraint(["school_id", "plan"], ["plan.school_id", "plan.id"]),
)

scenario = _of_school(
    "scenario",
    _key("id"),
    _must("title", Text),
    _must("day", Date),
    _must("changes", Text),
    _must("status"),
    _may("run"),
    _may("plan"),
    _must("created_by"),
    _must("created_at", Instant),
)

# --- people and accountability --------------------------------------------------------------

audit = _of_school(
    "audit",
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    _must("at", Instant),
    _must("person"),
    _must("access_role"),
    _must("action"),
    _must("object", Text),
    _must("reason", Text),
    _must("before", Text),
    _must("after", Text),
    _must("previous_hash"),
    _must("hash"),
    _must("digest", server_default=""),
    _may("erased_by", BigInteger),
)

feed = _of_school(
    "feed",
    _key("token_hash"),
    _must("person_kind"),
    _must("person"),
    _must("created_at", Instant),
    _may("revoked_at", Instant),
)

notice = _of_school(
    "notice",
    _key("id"),
    _must("person_kind"),
    _must("person"),
    _must("day", Date),
    _must("pub_seq", Integer),
    _must("body", Text),
    _must("created_at", Instant),
    _may("seen_at", Instant),
    Index("ix_notice_person", "school_id", "person_kind", "person"),
)

idempotency = _of_school(
    "idempotency",
    _key("principal"),
    _key("route"),
    _key("key"),
    _must("fingerprint"),
    _must("status", Integer),
    _must("body", Text),
    _must("at", Instant),
)

# --- who may sign in or send ----------------------------------------------------------------

account = _of_school(
    "account",
    _key("name"),
    _must("person"),
    _must("access_role"),
    _must("password_hash", Text),
    _must("failures", Integer),
    _may("closed_until", Instant),
    _must("created_at", Instant),
    _may("ended_at", Instant),
)

# Without an account where the role picker signed somebody in.
sign_in = _of_school(
    "sign_in",
    _key("token_hash"),
    _may("account"),
    _must("person"),
    _must("access_role"),
    _must("begun_at", Instant),
    _must("seen_at", Instant),
    Index("ix_sign_in_account", "school_id", "account"),
)

api_key = _of_school(
    "api_key",
    _key("id"),
    _must("hash"),
    _must("title", Text),
    _must("source"),
    _must("types", Text),
    _must("office", Boolean),
    _must("created_at", Instant),
    _must("expires_at", Instant),
    _may("ended_at", Instant),
    _may("used_at", Instant),
)

# --- across schools -------------------------------------------------------------------------

across = MetaData()
"""Views for those who serve every school: which there are, and where something waits. They show
ids, titles of schools and times, and on PostgreSQL are all that looks across schools."""

school_directory = Table(
    "school_directory",
    across,
    Column("school_id", Word),
    Column("title", Text),
    Column("looked_at", Instant),
)
waiting_run = Table(
    "waiting_run",
    across,
    Column("school_id", Word),
    Column("created_at", Instant),
    Column("status", Word),
    Column("lease_until", Instant),
)
unsent_message = Table(
    "unsent_message", across, Column("school_id", Word), Column("created_at", Instant)
)
