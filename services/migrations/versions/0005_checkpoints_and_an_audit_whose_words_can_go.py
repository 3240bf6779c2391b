"""Checkpoints that purges write; an audit whose words can go while its digests stay."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from alembic import op

from services.store.columns import Instant, Word

revision = "0005"
down_revision = "0004"
OWN_SCHOOL = "school_id = nullif(current_setting('app.school', true), '')"


def upgrade() -> None:
    op.create_table(
        "checkpoint",
        sa.Column("school_id", Word, nullable=False),
        sa.Column("student", Word, nullable=False),
        sa.Column("competency", Word, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("digest", Word, nullable=False),
        sa.Column("settings_digest", Word, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("written_at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(
            ["school_id"], ["school.school_id"], name="fk_checkpoint_school_id"
        ),
        sa.PrimaryKeyConstraint("school_id", "student", "competency", name="pk_checkpoint"),
    )
    op.add_column("audit", sa.Column("digest", Word, nullable=False, server_default=""))
    op.add_column("audit", sa.Column("erased_by", sa.BigInteger(), nullable=True))
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE checkpoint ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE checkpoint FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own_school ON checkpoint USING ({OWN_SCHOOL}) WITH CHECK ({OWN_SCHOOL})"
        )
        op.execute("ALTER TABLE audit NO FORCE ROW LEVEL SECURITY")
        _keep_digests()
        op.execute("ALTER TABLE audit FORCE ROW LEVEL SECURITY")
    else:
        _keep_digests()


def _keep_digests() -> None:
    """What the chain of each entry was made from, kept beside it from now on."""
    names = "school_id", "seq", "at", "person", "access_role", "action", "object", "reason"
    columns: list[Any] = [sa.column(name) for name in (*names, "before", "after")]
    columns[2] = sa.column("at", Instant())
    audit = sa.table("audit", *columns, sa.column("digest"))
    connection = op.get_bind()
    for row in connection.execute(sa.select(*columns)).all():
        said = {
            **{name: getattr(row, name) for name in names[1:]},
            "at": row.at.isoformat(),
            "before": sha256(row.before.encode()).hexdigest(),
            "after": sha256(row.after.encode()).hexdigest(),
        }
        text = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        connection.execute(
            audit.update()
            .where(audit.c.school_id == row.school_id, audit.c.seq == row.seq)
            .values(digest=sha256(text.encode()).hexdigest())
        )


def downgrade() -> None:
    op.drop_column("audit", "erased_by")
    op.drop_column("audit", "digest")
    op.drop_table("checkpoint")
