"""How far streams were read; what goes out, in the order in which it came to be."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from services.store.columns import Instant, Word

revision = "0003"
down_revision = "0002"

NUMBERED = (
    "UPDATE outbox SET seq = (SELECT count(*) FROM outbox earlier"
    " WHERE earlier.school_id = outbox.school_id"
    " AND (earlier.created_at, earlier.id) <= (outbox.created_at, outbox.id))"
)
COUNTED = (
    "UPDATE school SET outbox_seq ="
    " (SELECT count(*) FROM outbox WHERE outbox.school_id = school.school_id)"
)


def upgrade() -> None:
    op.create_table(
        "stream_position",
        sa.Column("topic", Word, nullable=False),
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("next_offset", sa.BigInteger(), nullable=False),
        sa.Column("read_at", Instant(), nullable=False),
        sa.Column("stopped_at", Instant(), nullable=True),
        sa.Column("stopped_for", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("topic", "partition", name="pk_stream_position"),
    )
    op.create_table(
        "stream_gap",
        sa.Column("topic", Word, nullable=False),
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("first_offset", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("last_offset", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("topic", "partition", "first_offset", name="pk_stream_gap"),
    )
    _lift_policies(("school", "outbox"))
    for table, column in (("school", "outbox_seq"), ("outbox", "seq")):
        op.add_column(table, sa.Column(column, sa.BigInteger(), nullable=False, server_default="0"))
    op.execute(NUMBERED)
    op.execute(COUNTED)
    _force_policies(("school", "outbox"))
    op.drop_index("ix_outbox_unsent", "outbox")
    op.create_index("ix_outbox_unsent", "outbox", ["school_id", "seq"], **_UNSENT)


_UNSENT: dict[str, Any] = {
    "sqlite_where": sa.text("sent_at IS NULL"),
    "postgresql_where": sa.text("sent_at IS NULL"),
}


def _lift_policies(tables: tuple[str, ...]) -> None:
    """Rows of every school are to be numbered, which the owner too is otherwise kept from."""
    if op.get_bind().dialect.name == "postgresql":
        for table in tables:
            op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")


def _force_policies(tables: tuple[str, ...]) -> None:
    if op.get_bind().dialect.name == "postgresql":
        for table in tables:
            op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    op.drop_index("ix_outbox_unsent", "outbox")
    op.create_index("ix_outbox_unsent", "outbox", ["school_id", "created_at"], **_UNSENT)
    op.drop_column("outbox", "seq")
    op.drop_column("school", "outbox_seq")
    op.drop_table("stream_gap")
    op.drop_table("stream_position")
