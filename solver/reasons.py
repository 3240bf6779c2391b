"""Reasons as data: why a student is here, why not there, why something changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pydantic import Field

from schemas.base import BlockId, CompetencyId, Frozen, SessionId, StaffId, StudentId
from schemas.plan import Audience, Placement, Session, Unplaced
from schemas.problem import PlacementLock
from schemas.schedule import Reason
from solver.changes import Change, PersonKind, Whereabouts
from solver.facts import Facts
from solver.layout import Layout

NEUTRAL = "not-possible"
"""The one refusal in which a confidential rule hides; ordinary ones use it too."""

TOLD_TO_EVERYONE = frozenset({"student-clash", "group-size", "not-ready", "not-eligible", "order"})
"""Rules that speak of the student and the session alone. All others are told to the entitled
only, so that the neutral sentence gives nobody away."""

LOCKED_PEOPLE: dict[PersonKind, set[str]] = {"student": {"student"}, "staff": {"staff", "lead"}}
"""The fields of a lock that name people of a kind."""


class Refusal(Frozen):
    """A hard rule that stands between a student and a session; `rule` is NEUTRAL where no more
    may be said."""

    rule: str
    cause: str = ""
    parameters: dict[str, str] = Field(default_factory=dict)
    audience: Audience = "everyone"


# --- why here -----------------------------------------------------------------------------------


def why_here(facts: Facts, layout: Layout, student: StudentId, session: SessionId) -> list[Reason]:
    """Why a student is in a session, the strongest reason first; never empty."""
    held = layout.sessions[session]
    placement = layout.placements[student, session]
    found = [
        *_by_lock(facts, student, held),
        *_by_service(facts, student, held),
        *_by_need(facts, placement),
        *_by_request(facts, student, held),
        *_by_choice(facts, student, held),
    ]
    if not any(reason.audience == "everyone" for reason in found):
        found.append(_by_seat(facts, layout, student, held))
    return found


def _by_lock(facts: Facts, student: StudentId, session: Session) -> Iterator[Reason]:
    for lock in facts.problem.locks:
        if (
            isinstance(lock, PlacementLock)
            and (lock.student, lock.offering) == (student, session.offering)
            and lock.block in session.blocks
        ):
            yield Reason(id="lock", parameters={"lock": lock.id, "owner": lock.owner})


def _by_service(facts: Facts, student: StudentId, session: Session) -> Iterator[Reason]:
    """Told to the entitled only: that a student is owed support is nobody else's business."""
    for service in facts.problem.services:
        if service.student == student and facts.delivers(service, session.offering):
            yield Reason(id="service", parameters={"service": service.id}, audience="entitled")


def _by_need(facts: Facts, placement: Placement) -> Iterator[Reason]:
    need = facts.needs[placement.student].get(placement.competency or "")
    if need is not None:
        rests_on = "evidence" if need.evidenced else "grade"
        yield Reason(id="need", parameters={"competency": need.competency, "rests_on": rests_on})


def _by_request(facts: Facts, student: StudentId, session: Session) -> Iterator[Reason]:
    for request in facts.problem.requests:
        asked = request.student == student and session.offering in request.offerings
        if asked and set(request.blocks).intersection(session.blocks):
            yield Reason(id="request", parameters={"request": request.id, "staff": request.staff})


def _by_choice(facts: Facts, student: StudentId, session: Session) -> Iterator[Reason]:
    for ballot in facts.problem.ballots:
        chosen = ballot.student == student and session.offering in ballot.ranking
        if chosen and set(ballot.blocks).intersection(session.blocks):
            rank = ballot.ranking.index(session.offering) + 1
            yield Reason(
                id="choice", parameters={"rank": str(rank), "of": str(len(ballot.ranking))}
            )


def _by_seat(facts: Facts, layout: Layout, student: StudentId, session: Session) -> Reason:
    others = (
        other
        for other in layout.sessions.values()
        if other.id != session.id
        and set(other.blocks).intersection(session.blocks)
        and facts.may_attend(student, other.offering)
        and len(layout.students_in(other.id)) < seats(facts, other)
    )
    return Reason(id="only_open_seat" if next(others, None) is None else "open_place")


def seats(facts: Facts, session: Session) -> int:
    """How many students a session may have by its offering and its room."""
    return min(facts.offerings[session.offering].largest, facts.rooms[session.room].seats)


def why_unplaced(entry: Unplaced) -> Reason:
    """Why a student has no session in a block, and the home place that takes them in."""
    parameters = {"reason": entry.reason, "block": entry.block}
    return Reason(
        id="unplaced", parameters=parameters | ({"home": entry.home} if entry.home else {})
    )


# --- why not there ------------------------------------------------------------------------------


def told(refusals: Iterable[Refusal], entitled: bool) -> list[Refusal]:
    """What an asker may know of why not: all, or the open rules, or the neutral sentence alone."""
    every = list(refusals)
    if entitled or not every:
        return every
    open_ones = [refusal for refusal in every if refusal.audience == "everyone"]
    return open_ones or [Refusal(rule=NEUTRAL)]


def moved(facts: Facts, layout: Layout, student: StudentId, session: SessionId) -> Layout:
    """The layout with a student in a session, in place of all that overlaps with it. Blocks that
    this leaves without a session are listed unplaced, in the first home place of the block."""
    target = layout.sessions[session]
    left = {
        other.id
        for other in layout.sessions_of(student)
        if set(other.blocks).intersection(target.blocks)
    }
    placements = [
        placement
        for placement in layout.placements.values()
        if placement.student != student or placement.session not in left
    ]
    placements.append(
        Placement(
            student=student,
            session=session,
            competency=served(facts, layout, student, target, left),
        )
    )
    emptied = {block for other in left for block in layout.sessions[other].blocks}
    unplaced = [
        entry
        for entry in layout.unplaced.values()
        if entry.student != student or entry.block not in target.blocks
    ]
    unplaced += edited_out(facts, student, emptied - set(target.blocks))
    return Layout(facts, layout.sessions.values(), placements, unplaced)


def edited_out(facts: Facts, student: StudentId, blocks: Iterable[BlockId]) -> Iterator[Unplaced]:
    """Entries for blocks that a person's hand left without a session."""
    for block in sorted(set(blocks).intersection(facts.free_blocks(student))):
        home = next((home.id for home in facts.problem.homes if home.block == block), None)
        yield Unplaced(student=student, block=block, reason="edited", home=home)


def served(
    facts: Facts,
    layout: Layout,
    student: StudentId,
    session: Session,
    left: Iterable[SessionId] = (),
) -> CompetencyId | None:
    """The most urgent need of the student that a session teaches and that no other placement but
    those `left` serves; None where there is none."""
    gone = set(left)
    taken = {
        placement.competency
        for placement in layout.placements.values()
        if placement.student == student and placement.session not in gone
    }
    taught = facts.offerings[session.offering].competencies
    needs = [
        need
        for one in taught
        if (need := facts.needs[student].get(one)) is not None and one not in taken
    ]
    return max(needs, key=lambda need: need.urgency).competency if needs else None


# --- why changed --------------------------------------------------------------------------------


AdultsMoved = Mapping[tuple[BlockId, StaffId], Change]
"""The changes of adults, so that those of others can be told by them."""


def adults_moved(found: Iterable[Change]) -> AdultsMoved:
    """The adults among some changes, by block."""
    return {(one.block, one.person): one for one in found if one.person_kind == "staff"}


def why_changed(facts: Facts, change: Change, adults: AdultsMoved | None = None) -> Reason:
    """Why a person's block is no longer what it was, as far as one fact, or one adult's change
    among `adults`, explains it."""
    told = (
        _by_own_absence(facts, change)
        or _by_facts(facts, change)
        or _by_where_they_go(facts, change)
        or _by_adults(change, adults or {})
    )
    return told or Reason(id="rearranged")


def _by_own_absence(facts: Facts, change: Change) -> Reason | None:
    people = facts.staff if change.person_kind == "staff" else facts.students
    person = people.get(change.person)
    if person is not None and change.block not in person.away:
        return None
    if change.person_kind == "staff":
        return Reason(id="adult_absent", parameters={"staff": change.person})
    return Reason(id="not_there")


def _by_facts(facts: Facts, change: Change) -> Reason | None:
    before, block = change.before, change.block
    if before is None:
        return None
    for staff in before.adults:
        if staff not in facts.staff or block in facts.staff[staff].away:
            return Reason(id="adult_absent", parameters={"staff": staff})
    if before.room not in facts.rooms or (before.room, block) in facts.closed:
        return Reason(id="room_closed", parameters={"room": before.room})
    return None


def _by_where_they_go(facts: Facts, change: Change) -> Reason | None:
    if change.after is None:
        return Reason(id="free" if change.person_kind == "staff" else "not_there")
    for lock in facts.problem.locks:
        named = lock.model_dump(include=LOCKED_PEOPLE[change.person_kind])
        if lock.block == change.block and change.person in named.values():
            return Reason(id="locked", parameters={"lock": lock.id, "owner": lock.owner})
    if change.after.offering is None and change.person_kind == "student":
        return Reason(id="home_place")
    return None


def _by_adults(change: Change, adults: AdultsMoved) -> Reason | None:
    if change.person_kind == "staff":
        left = (one for (block, _), one in adults.items() if block == change.block)
        for one in left:
            if one.person != change.person and _same_session(one.before, change.after):
                return Reason(id="takes_over", parameters={"staff": one.person})
        return Reason(id="steps_in") if change.before is None else None
    for staff in change.before.adults if change.before else ():
        moved_on = adults.get((change.block, staff))
        if moved_on is not None and not _same_session(moved_on.before, moved_on.after):
            return Reason(id="adult_elsewhere", parameters={"staff": staff})
    return None


def _same_session(one: Whereabouts | None, other: Whereabouts | None) -> bool:
    """As far as offering and room tell."""
    return one is not None and other is not None and _place(one) == _place(other)


def _place(where: Whereabouts) -> tuple[str | None, str]:
    return where.offering, where.room
