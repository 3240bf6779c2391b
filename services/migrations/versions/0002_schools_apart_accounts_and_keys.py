"""Schools kept apart by the database; accounts, sign-ins and keys of sending systems."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.store.columns import Instant, Word

revision = "0002"
down_revision = "0001"

TABLES = (
    "school", "roster_entry", "inbox", "event_log", "parked", "quarantine", "outbox", "mastery",
    "fact", "run", "schedule_run", "problem", "plan", "publication", "fallback", "scenario",
    "audit", "feed", "notice", "idempotency", "account", "sign_in", "api_key",
)  # fmt: skip
OWN_SCHOOL = "school_id = nullif(current_setting('app.school', true), '')"
VIEWS = {
    "school_directory": ("school", "select school_id, title from school"),
    "waiting_run": (
        "run",
        "select school_id, created_at, status, lease_until from run"
        " where status in ('queued', 'running')",
    ),
    "unsent_message": ("outbox", "select school_id, created_at from outbox where sent_at is null"),
}


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("school_id", Word, nullable=False),
        sa.Column("name", Word, nullable=False),
        sa.Column("person", Word, nullable=False),
        sa.Column("access_role", Word, nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("closed_until", Instant(), nullable=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["school_id"], ["school.school_id"], name="fk_account_school_id"),
        sa.PrimaryKeyConstraint("school_id", "name", name="pk_account"),
    )
    op.create_table(
        "sign_in",
        sa.Column("school_id", Word, nullable=False),
        sa.Column("token_hash", Word, nullable=False),
        sa.Column("account", Word, nullable=True),
        sa.Column("person", Word, nullable=False),
        sa.Column("access_role", Word, nullable=False),
        sa.Column("begun_at", Instant(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.school_id"], name="fk_sign_in_school_id"),
        sa.PrimaryKeyConstraint("school_id", "token_hash", name="pk_sign_in"),
    )
    op.create_index("ix_sign_in_account", "sign_in", ["school_id", "account"], unique=False)
    op.create_table(
        "api_key",
        sa.Column("school_id", Word, nullable=False),
        sa.Column("id", Word, nullable=False),
        sa.Column("hash", Word, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("source", Word, nullable=False),
        sa.Column("types", sa.Text(), nullable=False),
        sa.Column("office", sa.Boolean(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("ended_at", Instant(), nullable=True),
        sa.Column("used_at", Instant(), nullable=True),
        sa.ForeignKeyConstraint(["school_id"], ["school.school_id"], name="fk_api_key_school_id"),
        sa.PrimaryKeyConstraint("school_id", "id", name="pk_api_key"),
    )
    for view, (_, shown) in VIEWS.items():
        op.execute(f"CREATE VIEW {view} AS {shown}")
    if op.get_bind().dialect.name == "postgresql":
        _keep_schools_apart()


def _keep_schools_apart() -> None:
    """Every row for its own school only, owners included; the owner alone, for whom the views
    across schools are read, also sees the three tables behind those."""
    for table in TABLES:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own_school ON {table} USING ({OWN_SCHOOL}) WITH CHECK ({OWN_SCHOOL})"
        )
    for table, _ in VIEWS.values():
        op.execute(f"CREATE POLICY across ON {table} FOR SELECT TO CURRENT_USER USING (true)")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table, _ in VIEWS.values():
            op.execute(f"DROP POLICY across ON {table}")
        for table in TABLES:
            op.execute(f"DROP POLICY own_school ON {table}")
            op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
            op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    for view in VIEWS:
        op.execute(f"DROP VIEW {view}")
    op.drop_table("api_key")
    op.drop_index("ix_sign_in_account", table_name="sign_in")
    op.drop_table("sign_in")
    op.drop_table("account")
