"""A person's hand on a plan: each change is judged by looking only at what it touches."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from schemas.base import BlockId, SessionId, StudentId
from schemas.plan import Finding, Placement, Session, Unplaced
from solver.layout import Layout
from solver.near import ByPerson, Near, Touched
from solver.rules import RULES, Rule
from solver.score import Score, cost, judge


@dataclass(frozen=True)
class Edit:
    """A change to a plan.

    `sessions` are sessions as they are to be: new ones, or those of the same id with another
    room, other blocks or other adults, which keep their students. A closed session's students
    leave it.
    """

    sessions: tuple[Session, ...] = ()
    closed: tuple[SessionId, ...] = ()
    left: tuple[tuple[StudentId, SessionId], ...] = ()
    seats: tuple[Placement, ...] = ()
    unplaced: tuple[Unplaced, ...] = ()
    placed: tuple[tuple[StudentId, BlockId], ...] = ()
    """Who comes off the list of the unplaced."""

    def and_then(self, other: Edit) -> Edit:
        """Both changes as one, where they are about different sessions and students."""
        return Edit(
            self.sessions + other.sessions,
            self.closed + other.closed,
            self.left + other.left,
            self.seats + other.seats,
            self.unplaced + other.unplaced,
            self.placed + other.placed,
        )


@dataclass(frozen=True)
class Judged:
    """What a change would make of a plan."""

    cost: int
    """Of the whole plan after it."""
    change: int
    """What that is more than before."""
    new: tuple[Finding, ...]
    """Findings that the change brings, or makes other than they were."""
    gone: tuple[Finding, ...]

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """New hard findings that no override covers: empty where the change is lawful."""
        return tuple(f for f in self.new if f.kind == "hard" and f.covered_by is None)

    @property
    def worse(self) -> tuple[Finding, ...]:
        """Those of them that are not what is left of a larger one."""
        before = {
            (f.rule, f.cause, frozenset(f.subjects.items())): f.amount
            for f in self.gone
            if f.kind == "hard"
        }
        return tuple(
            f
            for f in self.blocking
            if f.amount > before.get((f.rule, f.cause, frozenset(f.subjects.items())), 0)
        )

    @property
    def breaches(self) -> int:
        """By how much hard findings that no override covers grow: below 0 where it mends."""
        hard = [f.amount for f in self.blocking]
        mended = [f.amount for f in self.gone if f.kind == "hard" and f.covered_by is None]
        return sum(hard) - sum(mended)


class Hand:
    """A plan being changed, with what the rules find in it at every moment.

    The verdict on each change is exactly what judging the whole plan anew would give. Raises:
    ValueError from `judge` and `adopt`, with the plan as it was, where a change names what the
    problem or the plan does not have, or places somebody twice.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout, self.facts = layout, layout.facts
        self._by_person = ByPerson(layout.facts)
        judged = judge(layout)
        self.cost = judged.cost
        self.work = 0
        """Students whose day has been judged so far, for counting work."""
        self._findings: dict[tuple[object, ...], list[Finding]] = defaultdict(list)
        for finding in judged.findings:
            self._findings[_key(finding)].append(finding)

    @property
    def score(self) -> Score:
        """All findings, rule by rule, and the cost."""
        found = [finding for alike in self._findings.values() for finding in alike]
        return Score(tuple(sorted(found, key=_place)), self.cost)

    @property
    def blocking(self) -> tuple[Finding, ...]:
        """The hard findings that no override covers, rule by rule."""
        found = [
            finding
            for alike in self._findings.values()
            for finding in alike
            if finding.kind == "hard" and finding.covered_by is None
        ]
        return tuple(sorted(found, key=_place))

    def judge(self, edit: Edit) -> Judged:
        """What a change would make of the plan, which stays as it is."""
        judged, undo = self._tried(edit)
        _take_back(undo)
        return judged

    def adopt(self, edit: Edit) -> Judged:
        """Makes a change."""
        judged, _ = self._tried(edit)
        self.cost = judged.cost
        for finding in judged.gone:
            self._findings[_key(finding)].pop()
        for finding in judged.new:
            self._findings[_key(finding)].append(finding)
        return judged

    def _tried(self, edit: Edit) -> tuple[Judged, list[Undo]]:
        touched = touched_by(self.layout, edit)
        self.work += 1 + len(touched.students)
        rules = _bearing_on(self.layout, edit)
        part = self._by_person.part(self.layout, touched)
        before = judge(Near(self.layout, part), rules).findings
        undo: list[Undo] = []
        try:
            _make(self.layout, edit, undo)
        except ValueError:
            _take_back(undo)
            raise
        after = judge(Near(self.layout, part), rules).findings
        problem = self.facts.problem
        change = cost(problem, after) - cost(problem, before)
        new, gone = _beyond(after, before), _beyond(before, after)
        return Judged(self.cost + change, change, new, gone), undo


Undo = Callable[[], object]

ORDER = {rule: number for number, rule in enumerate(RULES)}
"""The place of each rule in the catalogue."""

OF_PLACEMENTS_ALONE = frozenset(
    {
        "student-clash", "not-ready", "repeat-guard", "order", "unplaced", "unmet-need",
        "service-short", "request-missed", "choice-missed", "group-fit", "spread",
        "keep-together", "equity-floor", "remix", "whole-session",
    }
)  # fmt: skip
"""Rules that ask who is in which offering when, and never in which room or with which adults."""


def _bearing_on(layout: Layout, edit: Edit) -> list[Rule]:
    """The rules whose findings a change can alter."""
    elsewhere_only = not (
        edit.closed or edit.left or edit.seats or edit.unplaced or edit.placed
    ) and all(
        (held := layout.sessions.get(wanted.id)) is not None
        and (held.offering, held.blocks) == (wanted.offering, wanted.blocks)
        for wanted in edit.sessions
    )
    every = RULES.values()
    return [rule for rule in every if not elsewhere_only or rule.id not in OF_PLACEMENTS_ALONE]


def touched_by(layout: Layout, edit: Edit) -> Touched:
    """What a change touches. A session that changes in itself touches all its students.

    Raises:
        ValueError: it names what the problem or the plan does not have.
    """
    facts = layout.facts
    changed = {*edit.closed, *(session.id for session in edit.sessions)}
    seats = [*edit.left, *((seat.student, seat.session) for seat in edit.seats)]
    names = {*changed, *(session for _, session in seats)}
    sessions = [*(layout.sessions[one] for one in names if one in layout.sessions), *edit.sessions]
    unknown = names.difference(session.id for session in sessions)
    students = {
        *(student for student, _ in seats),
        *(entry.student for entry in edit.unplaced),
        *(student for student, _ in edit.placed),
        *(student for one in changed for student in layout.students_in(one)),
    }
    unknown |= students.difference(facts.students)
    if unknown:
        raise ValueError(f"{', '.join(sorted(unknown))}: not in the plan or the problem")
    return Touched(
        students=frozenset(students),
        staff=frozenset(duty.staff for one in sessions if one.id in changed for duty in one.duties),
        leading=frozenset(duty.staff for session in sessions for duty in session.duties),
        sessions=frozenset(names),
        rooms=frozenset(session.room for session in sessions),
        offerings=frozenset(one.offering for one in sessions if one.id in changed),
        home_blocks=frozenset(
            (*(entry.block for entry in edit.unplaced), *(block for _, block in edit.placed))
        ),
    )


def _make(layout: Layout, edit: Edit, undo: list[Undo]) -> None:
    """Changes the layout, noting after each step how to take it back."""
    for student, block in edit.placed:
        entry = layout.take_back(student, block)
        undo.append(partial(layout.leave_out, entry))
    for student, session in edit.left:
        seat = layout.unseat(student, session)
        undo.append(partial(layout.seat, seat))
    for session in edit.closed:
        _close(layout, session, undo)
    for wanted in edit.sessions:
        seats = _close(layout, wanted.id, undo) if wanted.id in layout.sessions else []
        layout.add(wanted)
        undo.append(partial(layout.drop, wanted.id))
        _seat(layout, seats, undo)
    _seat(layout, edit.seats, undo)
    for entry in edit.unplaced:
        layout.leave_out(entry)
        undo.append(partial(layout.take_back, entry.student, entry.block))


def _close(layout: Layout, session: SessionId, undo: list[Undo]) -> list[Placement]:
    held = layout.sessions[session]
    seats = []
    for student in list(layout.students_in(session)):
        seats.append(layout.unseat(student, session))
        undo.append(partial(layout.seat, seats[-1]))
    layout.drop(session)
    undo.append(partial(layout.add, held))
    return seats


def _seat(layout: Layout, seats: Iterable[Placement], undo: list[Undo]) -> None:
    for seat in seats:
        layout.seat(seat)
        undo.append(partial(layout.unseat, seat.student, seat.session))


def _take_back(undo: list[Undo]) -> None:
    while undo:
        undo.pop()()


def _beyond(some: Iterable[Finding], others: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings among some that are not among others, counted."""
    known = Counter(_key(finding) for finding in others)
    found = []
    for finding in some:
        key = _key(finding)
        if known[key]:
            known[key] -= 1
        else:
            found.append(finding)
    return tuple(found)


def _place(finding: Finding) -> tuple[int, str, list[tuple[str, str]]]:
    """Where a finding comes in a list: by its rule, and by what it speaks of, however it came about
    that it was found."""
    return ORDER[finding.rule], finding.cause, sorted(finding.subjects.items())


def _key(finding: Finding) -> tuple[object, ...]:
    """What makes a finding the one it is."""
    return finding.rule, finding.cause, finding.amount, frozenset(finding.subjects.items())
