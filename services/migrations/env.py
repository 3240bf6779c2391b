"""What Alembic runs: the migrations of this folder, on the connection the store hands in."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from services.store.columns import Instant, Word
from services.store.tables import metadata


def name_our_types(kind: str, item: Any, _: AutogenContext) -> str | Literal[False]:
    """Writes the store's own column types by name into a generated migration."""
    if kind == "type" and item is Word:
        return "Word"
    if kind == "type" and isinstance(item, Instant):
        return "Instant()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_item=name_our_types,
)
with context.begin_transaction():
    context.run_migrations()
