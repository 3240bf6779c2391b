"""Scenarios: what-ifs, kept apart from the live plan."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from sqlalchemy import select

from services.canonical import canonical
from services.store import tables as t
from services.store.errors import NotFound
from services.store.part import Part
from services.store.rows import ScenarioRow


class Scenarios(Part):
    def save_scenario(
        self,
        title: str,
        day: date,
        changes: dict[str, Any],
        created_by: str,
        id: str | None = None,
        status: str = "new",
        run: str | None = None,
        plan: str | None = None,
    ) -> str:
        """Writes a scenario, new or under the `id` of an earlier one, and returns its id."""
        scenario = id or uuid.uuid4().hex
        created_at = self.scenario(id).created_at if id else self.clock()
        self._put(
            t.scenario,
            [
                {
                    "id": scenario,
                    "title": title,
                    "day": day,
                    "changes": canonical(changes),
                    "status": status,
                    "run": run,
                    "plan": plan,
                    "created_by": created_by,
                    "created_at": created_at,
                }
            ],
        )
        return scenario

    def set_scenario(self, id: str, status: str, run: str | None, plan: str | None) -> None:
        """Says how far a scenario is: the run that answers it, and its plan once there is one."""
        self.connection.execute(
            t.scenario.update()
            .where(self._mine(t.scenario), t.scenario.c.id == id)
            .values(status=status, run=run, plan=plan)
        )

    def scenario(self, id: str) -> ScenarioRow:
        """Raises: NotFound."""
        row = self._one(select(t.scenario).where(self._mine(t.scenario), t.scenario.c.id == id))
        if row is None:
            raise NotFound(f"scenario {id!r} is not known in this school")
        return ScenarioRow.of(row)

    def scenarios(self, day: date | None = None) -> list[ScenarioRow]:
        statement = select(t.scenario).where(self._mine(t.scenario))
        if day is not None:
            statement = statement.where(t.scenario.c.day == day)
        ordered = statement.order_by(t.scenario.c.created_at, t.scenario.c.id)
        return [ScenarioRow.of(row) for row in self._rows(ordered)]
