"""What changed between two plans, by person and by session."""

from __future__ import annotations

from schemas.plan import Duty, Placement, Session, Unplaced
from schemas.problem import HomePlace, Published
from solver.changes import changes, day_of, session_changes

BLOCKS = ("b1", "b2")


def session(id: str, offering: str, block: str, room: str, lead: str) -> Session:
    duty = Duty(staff=lead, role="lead")
    return Session(id=id, offering=offering, blocks=(block,), room=room, duties=(duty,))


def plan(*sessions: Session, **students: str) -> Published:
    placements = tuple(Placement(student=s, session=where) for s, where in students.items())
    return Published(plan="p", sessions=sessions, placements=placements)


RATIOS = session("s1", "ratios", "b1", "r1", "vega")


def test_nobody_is_told_of_anything_when_nothing_changed() -> None:
    before = day_of(plan(RATIOS, ana="s1"))
    assert changes(before, before, BLOCKS) == ()


def test_session_ids_alone_are_no_change() -> None:
    renamed = RATIOS.model_copy(update={"id": "other"})
    assert changes(day_of(plan(RATIOS, ana="s1")), day_of(plan(renamed, ana="other")), BLOCKS) == ()


def test_a_room_change_concerns_the_students_and_the_adults_of_that_session_only() -> None:
    art = session("s2", "art", "b1", "r2", "kim")
    before = day_of(plan(RATIOS, art, ana="s1", ben="s2"))
    moved = RATIOS.model_copy(update={"room": "r9"})
    found = changes(before, day_of(plan(moved, art, ana="s1", ben="s2")), BLOCKS)
    assert [(c.person_kind, c.person, c.aspects) for c in found] == [
        ("staff", "vega", ("room",)),
        ("student", "ana", ("room",)),
    ]


def test_a_cover_teacher_is_a_change_of_adults_for_students_and_a_new_duty_for_the_cover() -> None:
    covered = RATIOS.model_copy(update={"duties": (Duty(staff="kim", role="lead"),)})
    found = changes(day_of(plan(RATIOS, ana="s1")), day_of(plan(covered, ana="s1")), BLOCKS)
    told = {c.person: c for c in found}
    assert told["ana"].aspects == ("adults",)
    assert told["kim"].before is None
    assert told["vega"].after is None


def test_a_student_sent_to_a_home_place_is_shown_where_that_is() -> None:
    home = HomePlace(id="h", block="b1", room="library", staff="lee", seats=30)
    waiting = Unplaced(student="ana", block="b1", reason="no_seat", home="h")
    after = day_of(plan(), [home], [waiting])
    (change,) = [c for c in changes(day_of(plan(RATIOS, ana="s1")), after, BLOCKS)
                 if c.person == "ana"]  # fmt: skip
    assert change.after is not None
    assert (change.after.offering, change.after.room, change.after.adults) == (
        None, "library", ("lee",)
    )  # fmt: skip


def test_sections_of_one_offering_are_matched_to_those_they_continue() -> None:
    first = session("a", "ratios", "b1", "r1", "vega")
    second = session("b", "ratios", "b1", "r2", "kim")
    after = [
        session("x", "ratios", "b1", "r2", "kim"),
        session("y", "ratios", "b1", "r7", "vega"),
        session("z", "ratios", "b2", "r1", "vega"),
    ]
    found, gone = session_changes([first, second], after)
    assert [(c.badge, c.before) for c in found] == [("kept", "b"), ("moved", "a"), ("new", None)]
    assert gone == ()


def test_a_session_that_no_longer_runs_is_named_as_gone() -> None:
    found, gone = session_changes([RATIOS], [])
    assert (found, gone) == ((), ("s1",))


def test_a_swapped_adult_in_the_same_room_is_a_changed_session() -> None:
    covered = RATIOS.model_copy(update={"duties": (Duty(staff="kim", role="lead"),)})
    (only,), _ = session_changes([RATIOS], [covered])
    assert only.badge == "changed"
