"""The review page: is it safe to approve, what stands out, who moves and why, the board; and the
decisions: approve, reject, go back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Annotated, Literal

from fastapi import Depends, Form, Header
from fastapi.responses import Response

from schemas.base import Id
from schemas.plan import Finding, PlanStatus
from schemas.problem import Problem
from services import workflow
from services.store import NotFound, RunRow
from services.web.naming import Directory, directory_of
from services.web.pages import Asker, Pages, View, asking, back_to
from services.workflow import Review
from services.workflow.reviewed import BoardRow, Card, Moved
from solver.rules import RULES
from solver.ways import WayKind

pages = Pages()
Planner = Annotated[Asker, Depends(asking("scheduler", "admin"))]
IfMatch = Annotated[str | None, Header()]
SHOWN = 12
"""Findings of a rule, or people who move, shown before the rest has to be asked for."""


class Filter(View):
    """What of the board is shown: all, or only what changed or breaks a hard rule; of one adult,
    or of all."""

    only: Literal["all", "changes"] = "all"
    adult: str | None = None

    def shows(self, card: Card) -> bool:
        broken = any(finding.kind == "hard" for finding in card.findings)
        stands_out = self.only == "all" or card.badge not in (None, "kept") or broken
        return stands_out and (self.adult in (None, *(duty.staff for duty in card.duties)))


class Moving(View):
    """How many students change at most so much of their day, and how many adults change."""

    session: int
    """Students with another session in some block, or none."""
    room: int
    """Students who keep their sessions, with another room in some block."""
    adult: int
    """Students who keep sessions and rooms, with another adult in some block."""
    adults: int

    @classmethod
    def of(cls, review: Review) -> Moving:
        by_depth = Counter(_depth(one) for one in review.moves if one.person_kind == "student")
        return cls(
            session=by_depth["session"],
            room=by_depth["room"],
            adult=by_depth["adult"],
            adults=sum(one.person_kind == "staff" for one in review.moves),
        )


def _depth(moved: Moved) -> Literal["session", "room", "adult"]:
    aspects = {aspect for change, _ in moved.changes for aspect in change.aspects}
    ends = any(None in (change.before, change.after) for change, _ in moved.changes)
    if ends or "offering" in aspects:
        return "session"
    return "room" if "room" in aspects else "adult"


class FindingsPage(View):
    """Every finding of one rule in a plan."""

    plan: Id
    day: date
    rule: str
    findings: tuple[Finding, ...]
    names: Directory


class ReviewPage(View):
    """A plan under review, with the names of all it speaks of."""

    review: Review
    names: Directory
    showing: Filter
    planning: Id | None
    """A run under way for the day."""
    history: tuple[tuple[Id, PlanStatus], ...]
    may_undo: bool
    empty: tuple[BoardRow, ...]
    """Rooms that hold no session, as rows to move one into."""
    closed: tuple[tuple[Id, Id], ...]
    """Rooms and the blocks in which they are closed or held by a class."""
    shown: int = SHOWN

    @property
    def better(self) -> float | None:
        """The most, in per cent, by which a lawful plan could be better; None where not known."""
        return None if self.review.gap is None else round(100 * self.review.gap, 1)

    @property
    def moving(self) -> Moving:
        """How many people change what of their day."""
        return Moving.of(self.review)

    @property
    def rows(self) -> list[tuple[BoardRow, list[list[Card]]]]:
        """The board as filtered: rooms that have anything to show, with their cards by block."""
        shown = [
            (row, [[card for card in cell if self.showing.shows(card)] for cell in row.cells])
            for row in self.review.board
        ]
        found = [(row, cells) for row, cells in shown if any(cells)]
        unfiltered = self.showing == Filter()
        return found + [(row, [[] for _ in row.cells]) for row in self.empty if unfiltered]

    @property
    def blocks(self) -> list[tuple[str, str]]:
        return [(block, self.names.name("block", block)) for block in self.review.blocks]

    @property
    def adults(self) -> list[tuple[str, str]]:
        """Adults on duty, by name."""
        staff = {
            duty.staff
            for row in self.review.board
            for cell in row.cells
            for card in cell
            for duty in card.duties
        }
        return sorted(((one, self.names.name("staff", one)) for one in staff), key=lambda x: x[1])


class DecidePage(View):
    """What is about to be approved, in figures, before it is."""

    review: Review
    sessions: int
    first: bool
    """Whether nothing was published for the day before."""

    @property
    def moving(self) -> Moving:
        return Moving.of(self.review)


@pages.page("/plans/{plan}", "plan.html")
def plan_page(
    asker: Planner,
    plan: str,
    only: Literal["all", "changes"] = "all",
    adult: str = "",
) -> ReviewPage:
    """The review of a plan."""
    seen = workflow.review(asker.store, asker.viewer, plan)
    with asker.read() as tx:
        row = tx.plan(plan)
        running = [run for run in tx.runs(row.day) if _under_way(run)]
        problem = tx.problem(row.problem_digest)
        return ReviewPage(
            review=seen,
            names=directory_of(tx, problem, row, f"review of plan {plan}"),
            showing=Filter(only=only, adult=adult or None),
            planning=running[-1].id if running else None,
            history=tuple((one.id, one.status) for one in tx.plans(row.day)),
            may_undo=row.status == "draft" and row.revision_of is not None,
            empty=tuple(_empty(problem, seen)) if row.status == "draft" else (),
            closed=problem.closures,
        )


def _empty(problem: Problem, seen: Review) -> Iterator[BoardRow]:
    used = {row.room for row in seen.board}
    for room in problem.rooms:
        if room.id not in used:
            yield BoardRow(room=room.id, title=room.title, cells=tuple(() for _ in seen.blocks))


def _under_way(run: RunRow) -> bool:
    return run.scenario is None and run.status in ("queued", "running")


@pages.page("/plans/{plan}/decide", "plan_decide.html")
def decide_page(asker: Planner, plan: str) -> DecidePage:
    """The last look before approving."""
    seen = workflow.review(asker.store, asker.viewer, plan)
    cards = [card for row in seen.board for cell in row.cells for card in cell]
    with asker.read() as tx:
        first = tx.published(seen.day) is None
    return DecidePage(review=seen, sessions=len({card.session for card in cards}), first=first)


@pages.page("/plans/{plan}/findings/{rule}", "plan_findings.html")
def findings_page(asker: Planner, plan: str, rule: str) -> FindingsPage:
    """All that a plan falls short of by one rule."""
    if rule not in RULES:
        raise NotFound("no such rule")
    with asker.read() as tx:
        row = tx.plan(plan)
        problem = tx.problem(row.problem_digest)
        return FindingsPage(
            plan=plan,
            day=row.day,
            rule=rule,
            findings=tuple(one for one in row.plan.findings if one.rule == rule),
            names=directory_of(tx, problem, row, f"findings of plan {plan}"),
        )


@pages.form("/plans/{plan}/approve")
def approve(
    asker: Planner,
    plan: str,
    if_match: IfMatch = None,
    etag: Annotated[str | None, Form()] = None,
    publish_on: Annotated[date | Literal[""], Form()] = "",
    publish_at: Annotated[time | Literal[""], Form()] = "",
    then_repair: Annotated[bool, Form()] = False,
) -> Response:
    """Approves exactly what was seen: the ETag comes with the form, or as If-Match."""
    row = workflow.approve(
        asker.store,
        asker.viewer,
        plan,
        if_match or etag,
        _publish_time(asker, publish_on, publish_at),
        then_repair,
    )
    return back_to(f"/days/{row.day}", "approved")


def _publish_time(
    asker: Asker, day: date | Literal[""], clock: time | Literal[""]
) -> datetime | None:
    """The instant a person named by the school's clocks; None for at once."""
    if not isinstance(clock, time):
        return None
    on = day if isinstance(day, date) else asker.today
    return datetime.combine(on, clock.replace(tzinfo=None), asker.zone)


@pages.form("/plans/{plan}/reject")
def reject(
    asker: Planner,
    plan: str,
    if_match: IfMatch = None,
    etag: Annotated[str | None, Form()] = None,
    reason: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Rejects a draft, or an approved plan that waits for its hour."""
    row = workflow.reject(asker.store, asker.viewer, plan, if_match or etag, reason)
    return back_to(f"/days/{row.day}", "rejected")


@pages.form("/plans/{plan}/roll-back")
def roll_back(
    asker: Planner,
    plan: str,
    if_match: IfMatch = None,
    etag: Annotated[str | None, Form()] = None,
) -> Response:
    """Publishes an earlier plan of the day again, judged anew."""
    row = workflow.roll_back(asker.store, asker.viewer, plan, if_match or etag)
    return back_to(f"/days/{row.day}", "rolled-back")


@pages.form("/plans/{plan}/reopen")
def reopen(asker: Planner, plan: str) -> Response:
    """Makes a new draft of what stands of a plan."""
    row = workflow.reopen(asker.store, asker.viewer, plan)
    return back_to(f"/plans/{row.id}", "reopened")


@pages.form("/plans/{plan}/fallback")
def name_fallback(
    asker: Planner,
    plan: str,
    if_match: IfMatch = None,
    etag: Annotated[str | None, Form()] = None,
) -> Response:
    """Names the plan that stands in on days of its kind."""
    workflow.name_fallback(asker.store, asker.viewer, plan, if_match or etag)
    return back_to(f"/plans/{plan}", "fallback-named")


@pages.form("/plans/{plan}/mend")
def mend_otherwise(
    asker: Planner,
    plan: str,
    trouble: Annotated[Id, Form()],
    way: Annotated[WayKind, Form()],
    if_match: IfMatch = None,
    etag: Annotated[str | None, Form()] = None,
) -> Response:
    """Asks for the repair again, with one trouble mended in another way."""
    workflow.mend_otherwise(asker.store, asker.viewer, plan, if_match or etag, trouble, way)
    return back_to(f"/plans/{plan}", "mending-queued")


@pages.form("/plans/{plan}/undo")
def undo(
    asker: Planner,
    plan: str,
    if_match: IfMatch = None,
    etag: Annotated[str | None, Form()] = None,
) -> Response:
    """Takes back the last edit of a draft."""
    row = workflow.undo(asker.store, asker.viewer, plan, if_match or etag)
    return back_to(f"/plans/{row.id}", "undone")
