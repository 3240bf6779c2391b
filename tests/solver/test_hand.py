"""A change by hand is judged at once, exactly as the whole plan would be judged anew."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from schemas.plan import Duty, Finding, Placement, Session, Unplaced
from schemas.problem import Problem
from solver.facts import Facts
from solver.hand import Edit, Hand
from solver.layout import Layout
from solver.score import judge
from tests.solver.plain_school import MAIN_HALL, held, school
from tests.solver.plain_school import layout as laid_out
from tests.solver.small_schools import draw_case

SAMPLED, WHOLE = 120, 2400
EDITS = 8


def listed(findings: tuple[Finding, ...]) -> list[str]:
    return sorted(finding.model_dump_json() for finding in findings)


def anew(layout: Layout) -> Layout:
    """The same plan laid out from nothing."""
    return Layout(
        Facts(layout.facts.problem),
        layout.sessions.values(),
        layout.placements.values(),
        layout.unplaced.values(),
    )


@pytest.mark.parametrize("first", range(0, SAMPLED, 40))
def test_each_verdict_is_that_of_judging_the_whole_plan_anew(first: int) -> None:
    for seed in range(first, first + 40):
        judged_as_a_whole(seed)


@pytest.mark.soak
def test_each_verdict_is_that_of_judging_the_whole_plan_anew_in_many_schools() -> None:
    for seed in range(SAMPLED, WHOLE):
        judged_as_a_whole(seed)


def judged_as_a_whole(seed: int) -> None:
    hand = Hand(draw_case(seed).layout())
    for edit in random_edits(Random(seed), hand):
        told = hand.judge(edit)
        assert listed(hand.score.findings) == listed(judge(anew(hand.layout)).findings)
        adopted = hand.adopt(edit)
        whole = judge(anew(hand.layout))
        assert (adopted.cost, adopted.change) == (told.cost, told.change)
        assert listed(adopted.new) == listed(told.new)
        assert listed(adopted.gone) == listed(told.gone)
        assert listed(hand.score.findings) == listed(whole.findings)
        assert told.cost == whole.cost


def random_edits(rng: Random, hand: Hand) -> Iterator[Edit]:
    """Changes of every kind, drawn one after the other on the plan as it then is."""
    kinds = (_moved, _emptied, _in_another_room, _under_another_adult, _closed, _opened)
    for number in range(EDITS):
        edit = rng.choice(kinds)(rng, hand.layout, f"n{number}")
        if edit is not None:
            yield edit


def _moved(rng: Random, layout: Layout, name: str) -> Edit | None:
    student = rng.choice(list(layout.facts.students))
    here = {session.id for session in layout.sessions_of(student)}
    there = [one for one in layout.sessions.values() if one.id not in here]
    if not there:
        return None
    session = rng.choice(there)
    taught = layout.facts.offerings[session.offering].competencies
    serves = rng.choice((None, *taught))
    left = tuple((student, one) for one in sorted(here) if rng.random() < 0.7)
    seat = Placement(student=student, session=session.id, competency=serves)
    waiting = [key for key in layout.unplaced if key[0] == student]
    return Edit(left=left, seats=(seat,), placed=tuple(k for k in waiting if rng.random() < 0.5))


def _emptied(rng: Random, layout: Layout, name: str) -> Edit | None:
    student = rng.choice(list(layout.facts.students))
    here = [session.id for session in layout.sessions_of(student)]
    block = rng.choice(list(layout.facts.blocks))
    if (student, block) in layout.unplaced:
        return Edit(placed=((student, block),))
    home = rng.choice((None, *layout.facts.homes))
    entry = Unplaced(student=student, block=block, reason="edited", home=home)
    return Edit(left=tuple((student, one) for one in here), unplaced=(entry,))


def _in_another_room(rng: Random, layout: Layout, name: str) -> Edit | None:
    if not layout.sessions:
        return None
    session = rng.choice(list(layout.sessions.values()))
    room = rng.choice(list(layout.facts.rooms))
    return Edit(sessions=(session.model_copy(update={"room": room}),))


def _under_another_adult(rng: Random, layout: Layout, name: str) -> Edit | None:
    if not layout.sessions:
        return None
    session = rng.choice(list(layout.sessions.values()))
    duty = Duty(
        staff=rng.choice(list(layout.facts.staff)),
        role=rng.choice(("lead", "aide", "support")),
    )
    kept = [one for one in session.duties if rng.random() < 0.5 and one != duty]
    return Edit(sessions=(session.model_copy(update={"duties": (*kept, duty)}),))


def _closed(rng: Random, layout: Layout, name: str) -> Edit | None:
    return Edit(closed=(rng.choice(list(layout.sessions)),)) if layout.sessions else None


def _opened(rng: Random, layout: Layout, name: str) -> Edit | None:
    facts = layout.facts
    offering = rng.choice(list(facts.offerings))
    blocks = tuple(rng.sample(list(facts.blocks), rng.randint(1, 2)))
    duty = Duty(staff=rng.choice(list(facts.staff)), role="lead")
    room = rng.choice(list(facts.rooms))
    session = Session(id=name, offering=offering, blocks=blocks, room=room, duties=(duty,))
    students = rng.sample(list(facts.students), rng.randint(0, len(facts.students)))
    seats = tuple(Placement(student=student, session=name) for student in students)
    return Edit(sessions=(session,), seats=seats)


def hand_on(problem: Problem, *seated: tuple[Session, tuple[Placement, ...]]) -> Hand:
    return Hand(laid_out(problem, *seated))


def test_a_change_that_names_nobody_leaves_the_plan_as_it_was() -> None:
    hand = hand_on(school(), held("maths", students=("Ana",)))
    before = listed(hand.score.findings)
    twice = Placement(student="Ana", session="maths-first-12")
    for edit in (
        Edit(seats=(Placement(student="Dora", session="maths-first-12"),)),
        Edit(seats=(Placement(student="Ana", session="no-such-session"),)),
        Edit(left=(("Ana", "maths-first-12"),), seats=(twice, twice)),
        Edit(left=(("Ben", "maths-first-12"),)),
    ):
        with pytest.raises(ValueError, match=r"Dora|no-such-session|placed twice|Ben: is not"):
            hand.judge(edit)
        assert listed(judge(anew(hand.layout)).findings) == before


def test_a_verdict_says_what_a_change_breaks_and_what_it_mends() -> None:
    hand = hand_on(school(homes=(MAIN_HALL,)), held("maths", students=("Ana",), lead="Okafor"))
    session = hand.layout.sessions["maths-first-12"]
    vega = session.model_copy(update={"duties": (Duty(staff="Vega", role="lead"),)})
    told = hand.judge(Edit(sessions=(vega,)))
    assert "staff-clash" in [finding.rule for finding in told.gone]
    assert told.blocking == ()
    assert told.breaches < 0
