"""When a school's appointments were looked at last, so that planners share the looking."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from services.store.columns import Instant, Word

revision = "0006"
down_revision = "0005"
OWN_SCHOOL = "school_id = nullif(current_setting('app.school', true), '')"
BEFORE = "select school_id, title from school"
NOW = (
    "select school.school_id, school.title, look.at as looked_at"
    " from school left join look on look.school_id = school.school_id"
)


def upgrade() -> None:
    op.create_table(
        "look",
        sa.Column("school_id", Word, nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["school.school_id"], name="fk_look_school_id"),
        sa.PrimaryKeyConstraint("school_id", name="pk_look"),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE look ENABLE ROW LEVEL SECURITY")
        op.execute("ALTER TABLE look FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own_school ON look USING ({OWN_SCHOOL}) WITH CHECK ({OWN_SCHOOL})"
        )
        op.execute("CREATE POLICY across ON look FOR SELECT TO CURRENT_USER USING (true)")
    op.execute("DROP VIEW school_directory")
    op.execute(f"CREATE VIEW school_directory AS {NOW}")


def downgrade() -> None:
    op.execute("DROP VIEW school_directory")
    op.execute(f"CREATE VIEW school_directory AS {BEFORE}")
    op.drop_table("look")
