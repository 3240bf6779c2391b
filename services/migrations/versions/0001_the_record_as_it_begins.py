"""The record as it begins."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.store.columns import Instant, Word

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "quarantine",
        sa.Column("school_id", Word, nullable=False),
        sa.Column("id", Word, nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("mend", sa.Text(), nullable=False),
        sa.Column("access_role", Word, nullable=False),
        sa.Column("person", Word, nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("replayed_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("school_id", "id", name="pk_quarantine"),
    )
    op.create_table(
        "school",
        sa.Column("school_id", Word, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("zone", Word, nullable=False),
        sa.Column("grades", sa.Text(), nullable=False),
        sa.Column("settings", sa.Text(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("roster_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("school_id", name="pk_school"),
    )
    op.create_table(
        "audit",
        sa.Column("school_id", Word, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("person", Word, nullable=False),
        sa.Column("access_role", Word, nullable=False),
        sa.Column("action", Word, nullable=False),
        sa.Column("object", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.Column("previous_hash", Word, nullable=False),
        sa.Column("hash", Word, nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.school_id"], name="fk_audit_school_id"),
        sa.PrimaryKeyConstraint("school_id", "seq", name="pk_audit"),
    )
    op.create_table(
        "event_log",
        sa.Column("school_id", Word, nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source", Word, nullable=False),
        sa.Column("event_id", Word, nullable=False),
        sa.Column("type", Word, nullable=False),
        sa.Column("occurred_at", Instant(), nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("student", Word, nullable=True),
        sa.Column("competency", Word, nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.Column("digest", Word, nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.school_id"], name="fk_event_log_school_id"),
        sa.PrimaryKeyConstraint("school_id", "seq", name="pk_event_log"),
    )
    op.create_index(
        "ix_event_log_key", "event_log", ["school_id", "student", "competency"], unique=False
    )
    op.create_index(
        "uq_event_log_event", "event_log", ["school_id", "source", "event_id"], unique=True
    )
    op.create_table(
        "fact",
        sa.Column("school_id", Word, nullable=False),
        sa.Column("kind", Word, nullable=False),
        sa.Column("key", Word, nullable=False),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("student", Word, nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("occurred_at", Instant(), nullable=False),
        sa.Column("source", Word, nullable=False),
        sa.Column("event_id", Word, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.school_id"], name="fk_fact_school_id"),
        sa.PrimaryKeyConstraint("school_id", "kind", "key", name="pk_fact"),
    )
    op.create_index("ix_fact_day", "fact", ["school_id", "kind", "day"], unique=False)
    op.create_index("ix_fact_student", "fact", ["school_id", "kind", "student"], unique=False)
    op.create_table(
        "feed",
        sa.Column("school_id", Word, nullable=False),
        sa.Column("token_hash", Word, nullable=False),
        sa.Column("person_kind", Word, nullable=False),
        sa.Column("person", Word, nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("revoked_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["school_id"], ["school.school_id"], name="fk_feed_school_id"),
        sa.PrimaryKeyConstraint("school_id", "token_hash", name="pk_feed"),
    )
    op.create_table(
        "idempotency",
        sa.Column("school_id", Word, nullable=False),
        sa.Column("principal", Word, nullable=False),
        sa.Column("route", Word, nullable=False),
        sa.Column("key", Word, nullable=False),
        sa.Column("fingerprint", Word, nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.school_id"], name="fk_idempotency_school_id"
        ),
        sa.PrimaryKeyConstraint("school_id", "principal", "route", "key", name="pk_idempotency"),
    )
    op.create_table(
        "inbox",
        sa.Column("school_id", Word, nullable=False),
        sa.Column("source", Word, nullable=False),
        sa.Column("event_id", Word, nullable=False),
        sa.Column("sha256", Word, nullable=False),
        sa.Column("received_at", Instant(), nullable=False),
        sa.Column("outcome", Word, nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.school_id"], name="fk_inbox_school_id"),
        sa.PrimaryKeyConstraint("school_id", "source", "event_id", name="pk_inbox"),
    )
    op.create_table(
        "mastery",
        sa.Column("school_id", Word, nullable=False),
        sa.Column("student", Word, nullable=False),
        sa.Column("competency", Word, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("settings_digest", Word, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.school_id"], name="fk_mastery_school_id"),
        sa.PrimaryKeyConstraint("school_id", "student", "competency", name="pk_mastery"),
    )
    op.create_table(
        "notice",
        sa.Column("school_id", Word, nullable=False),
        sa.Column("id", Word, nullable=False),
        sa.Column("person_kind", Word, nullable=False),
        sa.Column("person", Word, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("pub_seq", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["school_id"], ["school.school_id"], name="fk_notice_school_id"),
        sa.PrimaryKeyConstraint("school_id", "id", name="pk_notice"),
    )
    op.create_index(
        "ix_notice_person", "notice", ["school_id", "person_kind", "person"], unique=False
    )
    op.create_table(
        "outbox",
        sa.Column("school_id", Word, nullable=False),
        sa.Column("id", Word, nullable=False),
        sa.Column("aggregatetype", Word, nullable=False),
        sa.Column("aggregateid", Word, nullable=False),
        sa.Column("type", Word, nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("sent_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["school_id"], ["school.school_id"], name="fk_outbox_school_id"),
        sa.PrimaryKeyConstraint("school_id", "id", name="pk_outbox"),
    )
    op.create_index(
        "ix_outbox_unsent",
        "outbox",
        ["school_id", "created_at"],
        unique=False,
        sqlite_where=sa.text("sent_at IS NULL"),
        postgresql_where=sa.text("sent_at IS NULL"),
    )
    op.create_table(
        "parked",
        sa.Column("school_id", Word, nullable=False),
        sa.Column("source", Word, nullable=False),
        sa.Column("event_id", Word, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("waiting_for", Word, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("parked_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.school_id"], name="fk_parked_school_id"),
        sa.PrimaryKeyConstraint("school_id", "source", "event_id", name="pk_parked"),
    )
    op.create_table(
        "problem",
        sa.Column("school_id", Word, nullable=False),
        sa.Column("digest", Word, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.school_id"], name="fk_problem_school_id"),
        sa.PrimaryKeyConstraint("school_id", "digest", name="pk_problem"),
    )
    op.create_table(
        "roster_entry",
        sa.Column("school_id", Word, nullable=False),
        sa.Column("kind", Word, nullable=False),
        sa.Column("id", Word, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("digest", Word, nullable=False),
        sa.Column("code", Word, nullable=True),
        sa.Column("origin", Word, nullable=False),
        sa.Column("changed_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.school_id"], name="fk_roster_entry_school_id"
        ),
        sa.PrimaryKeyConstraint("school_id", "kind", "id", name="pk_roster_entry"),
    )
    op.create_index(
        "ix_roster_entry_code", "roster_entry", ["school_id", "kind", "code"], unique=False
    )
    op.create_table(
        "run",
        sa.Column("school_id", Word, nullable=False),
        sa.Column("id", Word, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", Word, nullable=False),
        sa.Column("scenario", Word, nullable=True),
        sa.Column("status", Word, nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("owner", Word, nullable=True),
        sa.Column("lease_until", Instant(), nullable=True),
        sa.Column("as_of", sa.BigInteger(), nullable=True),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("work", sa.Float(), nullable=True),
        sa.Column("time_limit", sa.Float(), nullable=True),
        sa.Column("progress", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("asked_by", Word, nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("finished_at", Instant(), nullable=True),
        sa.Column("problem_digest", Word, nullable=True),
        sa.ForeignKeyConstraint(["school_id"], ["school.school_id"], name="fk_run_school_id"),
        sa.PrimaryKeyConstraint("school_id", "id", name="pk_run"),
    )
    op.create_index("ix_run_day", "run", ["school_id", "day"], unique=False)
    op.create_index("ix_run_status", "run", ["school_id", "status", "created_at"], unique=False)
    op.create_table(
        "scenario",
        sa.Column("school_id", Word, nullable=False),
        sa.Column("id", Word, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.Column("status", Word, nullable=False),
        sa.Column("run", Word, nullable=True),
        sa.Column("plan", Word, nullable=True),
        sa.Column("created_by", Word, nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.school_id"], name="fk_scenario_school_id"),
        sa.PrimaryKeyConstraint("school_id", "id", name="pk_scenario"),
    )
    op.create_table(
        "schedule_run",
        sa.Column("school_id", Word, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", Word, nullable=False),
        sa.Column("status", Word, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.school_id"], name="fk_schedule_run_school_id"
        ),
        sa.PrimaryKeyConstraint("school_id", "day", "kind", name="pk_schedule_run"),
    )
    op.create_table(
        "plan",
        sa.Column("school_id", Word, nullable=False),
        sa.Column("id", Word, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("run", Word, nullable=True),
        sa.Column("status", Word, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("revision_of", Word, nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("digest", Word, nullable=False),
        sa.Column("problem_digest", Word, nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("created_by", Word, nullable=False),
        sa.Column("approved_by", Word, nullable=True),
        sa.Column("approved_at", Instant(), nullable=True),
        sa.Column("publish_at", Instant(), nullable=True),
        sa.Column("published_at", Instant(), nullable=True),
        sa.Column("pub_seq", sa.Integer(), nullable=True),
        sa.Column("fallback_for", Word, nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "problem_digest"],
            ["problem.school_id", "problem.digest"],
            name="fk_plan_school_id_problem_digest",
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.school_id"], name="fk_plan_school_id"),
        sa.PrimaryKeyConstraint("school_id", "id", name="pk_plan"),
    )
    op.create_index("ix_plan_day", "plan", ["school_id", "day"], unique=False)
    op.create_index(
        "uq_plan_published",
        "plan",
        ["school_id", "day"],
        unique=True,
        sqlite_where=sa.text("status = 'published'"),
        postgresql_where=sa.text("status = 'published'"),
    )
    op.create_table(
        "fallback",
        sa.Column("school_id", Word, nullable=False),
        sa.Column("bell_schedule", Word, nullable=False),
        sa.Column("plan", Word, nullable=False),
        sa.Column("approver", Word, nullable=False),
        sa.Column("deputy", Word, nullable=True),
        sa.ForeignKeyConstraint(
            ["school_id", "plan"], ["plan.school_id", "plan.id"], name="fk_fallback_school_id_plan"
        ),
        sa.ForeignKeyConstraint(["school_id"], ["school.school_id"], name="fk_fallback_school_id"),
        sa.PrimaryKeyConstraint("school_id", "bell_schedule", name="pk_fallback"),
    )
    op.create_table(
        "publication",
        sa.Column("school_id", Word, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("pub_seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("plan", Word, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("by", Word, nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id", "plan"],
            ["plan.school_id", "plan.id"],
            name="fk_publication_school_id_plan",
        ),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.school_id"], name="fk_publication_school_id"
        ),
        sa.PrimaryKeyConstraint("school_id", "day", "pub_seq", name="pk_publication"),
    )


def downgrade() -> None:
    op.drop_table("publication")
    op.drop_table("fallback")
    op.drop_index(
        "uq_plan_published",
        table_name="plan",
        sqlite_where=sa.text("status = 'published'"),
        postgresql_where=sa.text("status = 'published'"),
    )
    op.drop_index("ix_plan_day", table_name="plan")
    op.drop_table("plan")
    op.drop_table("schedule_run")
    op.drop_table("scenario")
    op.drop_index("ix_run_status", table_name="run")
    op.drop_index("ix_run_day", table_name="run")
    op.drop_table("run")
    op.drop_index("ix_roster_entry_code", table_name="roster_entry")
    op.drop_table("roster_entry")
    op.drop_table("problem")
    op.drop_table("parked")
    op.drop_index(
        "ix_outbox_unsent",
        table_name="outbox",
        sqlite_where=sa.text("sent_at IS NULL"),
        postgresql_where=sa.text("sent_at IS NULL"),
    )
    op.drop_table("outbox")
    op.drop_index("ix_notice_person", table_name="notice")
    op.drop_table("notice")
    op.drop_table("mastery")
    op.drop_table("inbox")
    op.drop_table("idempotency")
    op.drop_table("feed")
    op.drop_index("ix_fact_student", table_name="fact")
    op.drop_index("ix_fact_day", table_name="fact")
    op.drop_table("fact")
    op.drop_index("uq_event_log_event", table_name="event_log")
    op.drop_index("ix_event_log_key", table_name="event_log")
    op.drop_table("event_log")
    op.drop_table("audit")
    op.drop_table("school")
    op.drop_table("quarantine")
