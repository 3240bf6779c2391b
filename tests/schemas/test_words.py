"""The words: what a problem, a plan and an event accept, refuse, and look like on disk."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from schemas import events
from schemas.base import digest, dumps, loads
from schemas.plan import Plan
from schemas.problem import DayBlock, DayStaff, DayStudent, DutyLock, Need, Problem
from schemas.school import Accommodation, BellSchedule, Block, Building, Offering, Room, School


def a_problem(**changes: Any) -> Problem:
    fields: dict[str, Any] = {
        "school": "north",
        "day": date(2026, 11, 24),
        "zone": "America/Chicago",
        "buildings": (Building(id="main", title="Main building"),),
        "blocks": (DayBlock(id="b1", title="Block 1", kind="flex", start=480, end=525),),
        "rooms": (Room(id="r1", title="Room 1", building="main", seats=20),),
        "offerings": (
            Offering(id="o1", title="Ratios workshop", modality="instruction", largest=9),
        ),
        "staff": (DayStaff(id="t1"),),
        "students": (DayStudent(id="s1", grade="06"),),
    }
    return Problem(**fields | changes)


def a_plan() -> Plan:
    return Plan(
        problem="0" * 64, sessions=(), placements=(), unplaced=(), findings=(),
        cost=0, bound=None, stake=0, gap=None,
    )  # fmt: skip


def test_a_problem_survives_a_file_byte_for_byte() -> None:
    lock = DutyLock(target="duty", id="l1", owner="Ms Vega", staff="t1", block="b1")
    text = dumps(a_problem(locks=(lock,)))
    assert dumps(loads(Problem, text)) == text


def test_a_plan_shows_all_it_promises_even_when_there_is_nothing_to_show() -> None:
    text = dumps(a_plan())
    top = json.loads(text)
    for name in ["sessions", "placements", "unplaced", "findings", "cost", "bound", "stake", "gap"]:
        assert name in top
    assert dumps(loads(Plan, text)) == text


def test_two_problems_with_the_same_content_have_the_same_digest() -> None:
    assert digest(a_problem()) == digest(a_problem())
    assert digest(a_problem()) != digest(a_problem(day=date(2026, 11, 25)))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"students": (DayStudent(id="s1"), DayStudent(id="s1"))}, "'s1' stands twice"),
        (
            {"students": (DayStudent(id="s1", needs=(Need(competency="c9", urgency=5),)),)},
            "students.s1.needs: 'c9' is not among the competencies",
        ),
        (
            {"rooms": (Room(id="r1", title="R", building="annex", seats=5),)},
            "rooms.r1.building: 'annex' is not among the buildings",
        ),
        ({"closures": (("r1", "b7"),)}, "closures: 'b7' is not among the blocks"),
    ],
)
def test_a_problem_that_contradicts_itself_is_refused_with_where_and_how_to_mend_it(
    changes: dict[str, Any], says: str
) -> None:
    with pytest.raises(ValidationError) as refusal:
        a_problem(**changes)
    assert says in str(refusal.value)


def test_blocks_out_of_order_are_refused() -> None:
    late = DayBlock(id="b1", title="1", kind="flex", start=600, end=640)
    early = DayBlock(id="b2", title="2", kind="flex", start=500, end=540)
    with pytest.raises(ValidationError, match="starts before"):
        a_problem(blocks=(late, early))
    with pytest.raises(ValidationError, match="starts before"):
        BellSchedule(
            id="normal",
            title="Normal",
            blocks=(
                Block(id="a", title="A", kind="flex", start=480, end=530),
                Block(id="b", title="B", kind="flex", start=520, end=560),
            ),
        )


def test_a_field_nobody_knows_is_refused() -> None:
    with pytest.raises(ValidationError, match="disability"):
        DayStudent.model_validate({"id": "s1", "disability": "yes"})


@pytest.mark.parametrize("id", ["", " s1", "s1 ", "s\x001", "s\n1", "s\x7f"])
def test_an_id_is_something_that_every_database_keeps(id: str) -> None:
    with pytest.raises(ValidationError):
        DayStudent(id=id)
    assert DayStudent(id="Zoë 1/b").id == "Zoë 1/b"


def test_a_time_zone_has_to_exist() -> None:
    with pytest.raises(ValidationError, match="IANA"):
        School(id="n", title="North", zone="Chicago time")


def test_an_accommodation_says_what_is_needed() -> None:
    with pytest.raises(ValidationError, match="does not say what is needed"):
        Accommodation(id="a1", student="s1", kind="language")


def test_an_offering_without_any_adult_role_is_refused() -> None:
    with pytest.raises(ValidationError, match="nobody would supervise"):
        Offering(id="o", title="Alone", modality="independent", largest=5, roles=())


def evidence(**changes: Any) -> dict[str, Any]:
    facts = {"student": "s1", "competency": "c1", "score": 0.8}
    return {
        "specversion": "1.0",
        "id": "e1",
        "source": "quiz-tool",
        "type": "org.flexday.evidence.recorded.v1",
        "time": "2026-11-23T14:05:00-06:00",
        "data": facts | changes,
    }


def test_an_event_is_read_and_unknown_attributes_are_let_through() -> None:
    event = events.decode(evidence(colour="blue") | {"traceparent": "00-ab"})
    assert event.name == "evidence.recorded"
    assert isinstance(event.data, events.EvidenceFacts)
    assert event.data.value == 0.8


def test_an_event_without_a_zone_on_its_time_is_refused() -> None:
    with pytest.raises(ValidationError, match="time"):
        events.decode(evidence() | {"time": "2026-11-23T14:05:00"})


@pytest.mark.parametrize(
    "facts",
    [{"score": None}, {"score": 1.5}, {"score": None, "points": 7, "most_points": 5}],
)
def test_evidence_has_to_say_how_well_within_its_scale(facts: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        events.decode(evidence(**facts))


def test_points_become_a_share_of_the_maximum() -> None:
    event = events.decode(evidence(score=None, points=3, most_points=4))
    assert isinstance(event.data, events.EvidenceFacts)
    assert event.data.value == 0.75


def test_an_event_of_ours_is_read_back_the_same() -> None:
    absent = events.StaffPresenceFacts(staff="t1", day=date(2026, 11, 24), blocks=("b1",))
    event = events.new(
        "staff.absent", id="1", source="office", time=datetime(2026, 11, 24, 12, tzinfo=UTC),
        data=absent,
    )  # fmt: skip
    assert events.decode(event.model_dump_json()) == event


def test_the_json_schemas_describe_every_event_type() -> None:
    text = json.dumps(events.json_schema())
    for name in ("evidence.recorded", "staff.absent", "lock.set", "minutes.delivered"):
        assert f"org.flexday.{name}.v1" in text
