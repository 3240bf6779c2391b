"""Another way to mend a trouble than the one a repair took."""

from __future__ import annotations

from services.store import Store
from services.viewer import Viewer
from services.workflow.refused import Refused, refusing
from services.workflow.rights import may_plan, seen
from solver.ways import WayKind


def mend_otherwise(
    store: Store, viewer: Viewer, plan: str, if_match: str | None, trouble: str, way: WayKind
) -> str:
    """Queues a repair from the same plan as the one that made this draft, with a trouble mended
    in the way a person prefers, beside ways preferred before; the run's id.

    Raises:
        Refused: 428, 412 and 403 as for `approve`; 404 when the repair of this draft knew no such
            way.
    """
    with refusing(), store.begin(viewer) as tx:
        may_plan(viewer)
        row = seen(tx, plan, if_match, "draft")
        told = tx.run(row.run).progress if row.run else {}
        offered = {
            (one["key"], known["kind"]) for one in told.get("mended", ()) for known in one["ways"]
        }
        started_from = tx.problem(row.problem_digest).published
        if (trouble, way) not in offered or started_from is None:
            raise Refused(404, "no_way", "this draft was not mended so", "choose a way it lists")
        asked = {"prefer": {**told.get("prefer", {}), trouble: way}, "beside": started_from.plan}
        tx.audit("plan.mended_otherwise", row.id, reason=f"{way}: {trouble}")
        return tx.queue_run(row.day, "upset", asked_by=viewer.person, asked=asked)
