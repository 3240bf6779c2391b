"""Revisions of a draft: filed one after the other, with the locks and overrides each brings."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from schemas.base import SessionId
from schemas.events import LockFacts, LockReleaseFacts, OverrideFacts, OverrideLiftFacts, new
from schemas.plan import Override, Placement, Plan, Session, Unplaced
from schemas.problem import Lock, Problem
from services.handlers import handle_in
from services.store import PlanRow, Store, Tx
from services.viewer import Viewer
from services.workflow.refused import Refused, refusing, stale
from services.workflow.rights import may_plan, seen
from solver.facts import Facts
from solver.score import finish

SOURCE = "flexday:edits"
"""The source of events that edits send, which are part of the draft and so never news to it."""


@dataclass
class Revision:
    """What an edit makes of a draft."""

    sessions: list[Session]
    placements: list[Placement]
    unplaced: list[Unplaced]
    locks: list[Lock] = field(default_factory=list)
    """Locks it sets."""
    released: list[str] = field(default_factory=list)
    """Locks it releases."""
    overrides: list[Override] = field(default_factory=list)
    lifted: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, plan: Plan) -> Revision:
        return cls(list(plan.sessions), list(plan.placements), list(plan.unplaced))

    def session(self, session: SessionId) -> Session:
        for one in self.sessions:
            if one.id == session:
                return one
        raise unknown("session", session)

    def replace(self, session: Session) -> None:
        self.sessions = [session if one.id == session.id else one for one in self.sessions]


Edit = Callable[[Facts, Revision], None]


def revise(
    store: Store,
    viewer: Viewer,
    plan: str,
    if_match: str | None,
    action: str,
    subject: str,
    edit: Edit,
    reason: str = "",
) -> PlanRow:
    """One edit in one transaction: the locks it sets are logged, the draft is superseded by a
    revision that answers the Problem with those locks."""
    with refusing(), store.begin(viewer) as tx:
        may_plan(viewer)
        row = seen(tx, plan, if_match, "draft")
        facts, revision = Facts(tx.problem(row.problem_digest)), Revision.of(row.plan)
        edit(facts, revision)
        _send(tx, row, revision, reason)
        problem = _with(facts.problem, revision)
        tx.save_problem(problem)
        # A lock only takes plans away, so what was a bound before is one still.
        bound = None if revision.overrides or revision.released else row.plan.bound
        judged = _judged(problem, revision, bound)
        filed = _file(tx, row, judged, row.id)
        tx.audit(action, subject, reason=reason, before=row.digest, after=filed.digest)
        return filed


def _with(problem: Problem, revision: Revision) -> Problem:
    locks = [lock for lock in problem.locks if lock.id not in revision.released]
    overrides = [one for one in problem.overrides if one.id not in revision.lifted]
    return problem.model_copy(
        update={
            "locks": (*locks, *revision.locks),
            "overrides": (*overrides, *revision.overrides),
        }
    )


def _judged(problem: Problem, revision: Revision, bound: int | None) -> Plan:
    try:
        return finish(
            Facts(problem),
            revision.sessions,
            revision.placements,
            revision.unplaced,
            bound=bound,
        )
    except ValueError as error:
        raise Refused(422, "impossible", str(error), "choose another place") from error


def _send(tx: Tx, row: PlanRow, revision: Revision, reason: str = "") -> None:
    """Logs the locks and overrides of an edit as the events they are."""
    day = row.day
    facts = [
        *(("lock.set", LockFacts(day=day, lock=lock)) for lock in revision.locks),
        *(
            ("lock.released", LockReleaseFacts(day=day, lock=lock, reason=reason))
            for lock in revision.released
        ),
        *(("override.set", OverrideFacts(day=day, override=one)) for one in revision.overrides),
        *(
            ("override.lifted", OverrideLiftFacts(day=day, override=one, reason=reason))
            for one in revision.lifted
        ),
    ]
    events = [
        new(name, id=new_id(), source=SOURCE, time=tx.clock(), data=data) for name, data in facts
    ]
    for outcome in handle_in(tx, events):
        if outcome.status != "accepted":
            raise Refused(409, outcome.status, outcome.reason, outcome.mend)


def _file(tx: Tx, row: PlanRow, plan: Plan, revision_of: str | None) -> PlanRow:
    if not tx.set_plan_status(row.id, row.version, "draft", "superseded"):
        raise stale()
    return tx.file_plan(
        row.day, row.run, plan, row.as_of, created_by=tx.viewer.person, revision_of=revision_of
    )


def undo(store: Store, viewer: Viewer, plan: str, if_match: str | None) -> PlanRow:
    """Files the revision before this one again, with the locks and overrides it had.

    Raises:
        Refused: as `move`; 409 when the draft is no revision of another.
    """
    with refusing(), store.begin(viewer) as tx:
        may_plan(viewer)
        row = seen(tx, plan, if_match, "draft")
        if row.revision_of is None:
            raise Refused(409, "first", "this is the first revision", "there is nothing to undo")
        earlier = tx.plan(row.revision_of)
        here, there = tx.problem(row.problem_digest), tx.problem(earlier.problem_digest)
        revision = Revision.of(earlier.plan)
        revision.locks = [lock for lock in there.locks if lock not in here.locks]
        revision.released = _gone([lock.id for lock in here.locks], there.locks)
        revision.overrides = [one for one in there.overrides if one not in here.overrides]
        revision.lifted = _gone([one.id for one in here.overrides], there.overrides)
        _send(tx, row, revision)
        filed = _file(tx, row, earlier.plan, earlier.revision_of)
        tx.audit("plan.undone", filed.id, before=row.digest, after=filed.digest)
        return filed


def _gone(ids: list[str], among: Iterable[Lock | Override]) -> list[str]:
    kept = {one.id for one in among}
    return [one for one in ids if one not in kept]


def unknown(what: str, name: str) -> Refused:
    return Refused(404, "not_found", f"there is no {what} {name!r}", "choose one of the day's")


def new_id() -> str:
    return uuid.uuid4().hex
