"""Live counts of each school, as the stream tells them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.store.columns import Instant, Word

revision = "0004"
down_revision = "0003"

OWN_SCHOOL = "school_id = nullif(current_setting('app.school', true), '')"


def upgrade() -> None:
    op.create_table(
        "live_count",
        sa.Column("school_id", Word, nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("mastered_today", sa.Integer(), nullable=False),
        sa.Column("stuck_students", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("told_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.school_id"], name="fk_live_count_school_id"
        ),
        sa.PrimaryKeyConstraint("school_id", name="pk_live_count"),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE live_count ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE live_count FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own_school ON live_count USING ({OWN_SCHOOL}) WITH CHECK ({OWN_SCHOOL})"
        )


def downgrade() -> None:
    op.drop_table("live_count")
