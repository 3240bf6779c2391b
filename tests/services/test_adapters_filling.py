"""What no standard carries is added by labelled rules, so that a day can be planned."""

from __future__ import annotations

from collections import Counter

import pytest

from schemas.school import (
    BellSchedule,
    Block,
    Building,
    ClassSection,
    Competency,
    Course,
    Offering,
    Room,
    Roster,
    School,
    Service,
    StaffMember,
    Student,
)
from services.adapters import filling
from services.adapters.archive import open_path
from services.adapters.case import read_case
from services.adapters.edfi import read_edfi
from services.adapters.report import Ledger
from tests.services.import_samples import ZONE, third_party


def block(id: str, start: int, kind: str = "class") -> Block:
    return Block.model_validate(
        {"id": id, "title": id, "kind": kind, "start": start, "end": start + 50}
    )


SCHOOL = Roster(
    school=School(id="k", title="Kite School", zone=ZONE, grades=("06",)),
    buildings=(Building(id="main", title="Main"),),
    rooms=(
        Room(id="12", title="12", building="main", seats=30),
        Room(id="GYM-N", title="GYM-N", building="main", seats=100),
    ),
    bell_schedules=(
        BellSchedule(
            id="A",
            title="A",
            blocks=(block("1", 480), block("2", 540), block("3", 660), block("4", 720)),
        ),
    ),
    students=tuple(
        Student(id=f"s{n}", given_name="x", family_name="y", grade="06", groups=("advanced-work",))
        for n in range(45)
    ),
    staff=(
        StaffMember(id="t1", given_name="x", family_name="y", qualifications=("Mathematics",)),
        StaffMember(id="t2", given_name="x", family_name="y", qualifications=("Music",)),
        StaffMember(id="h", given_name="x", family_name="y", available_blocks=()),
    ),
    courses=(Course(id="mu", title="Music", credit_area="Music"),),
    sections=(ClassSection(id="c1", course="mu", title="Music", blocks=("1", "2"), staff=("t2",)),),
    competencies=(
        Competency(
            id="g", code="6.RP.A", title="Understand ratio concepts.", subject="Mathematics"
        ),
        Competency(
            id="a", code="6.RP.A.1", title="x", subject="Mathematics", level="06", parent="g"
        ),
        Competency(
            id="b", code="6.RP.A.2", title="y", subject="Mathematics", level="06", parent="g"
        ),
        Competency(id="c", code="5.NF.B.4", title="z", subject="Mathematics", level="05"),
    ),
)


def filled(**options: object) -> Roster:
    return filling.fill(SCHOOL, Ledger("test"), **options)  # type: ignore[arg-type]


def test_the_two_periods_around_lunch_become_flexible() -> None:
    blocks = filled().bell_schedules[0].blocks
    assert [(b.id, b.kind) for b in blocks] == [
        ("1", "class"),
        ("2", "flex"),
        ("assumed-lunch", "lunch"),
        ("3", "flex"),
        ("4", "class"),
    ]


def test_a_fixed_class_does_not_meet_in_a_flexible_block() -> None:
    assert filled().sections[0].blocks == ("1",)


def test_a_school_that_names_its_flexible_blocks_keeps_its_day() -> None:
    own = BellSchedule(
        id="A",
        title="A",
        blocks=(block("1", 480), block("L", 540, "lunch"), block("2", 600, "flex")),
    )
    roster = SCHOOL.model_copy(update={"bell_schedules": (own,)})
    after = filling.fill(roster, Ledger("test"))
    assert after.bell_schedules == (own,)
    assert after.sections == SCHOOL.sections


def test_without_a_bell_schedule_one_is_made_of_the_periods_that_classes_name() -> None:
    after = filling.fill(SCHOOL.model_copy(update={"bell_schedules": ()}), Ledger("test"))
    (schedule,) = after.bell_schedules
    assert [block.id for block in schedule.blocks] == ["1", "2"]
    assert {block.kind for block in schedule.blocks} == {"flex"}


def test_lessons_and_workshops_are_offered_for_the_schools_grades_and_for_what_was_assessed() -> (
    None
):
    taught = {o.id: o for o in filled().offerings}
    assert taught["assumed-g-06-lesson"].competencies == ("a", "b")
    assert taught["assumed-g-06-lesson"].title == "Understand ratio concepts: lesson"
    assert taught["assumed-g-06-workshop"].roles[0].qualification == "Mathematics"
    assert not any("c" in offering.competencies for offering in taught.values())
    with_evidence = filled(evidenced=("c",)).offerings
    assert any("c" in offering.competencies for offering in with_evidence)


def test_projects_are_led_by_who_is_qualified_and_groups_have_meetings() -> None:
    offerings = {o.id: o for o in filled().offerings}
    assert offerings["assumed-project-music"].roles[0].qualification == "Music"
    assert offerings["assumed-advanced-work"].groups == ("advanced-work",)
    assert offerings["assumed-study-hall"].roles[0].qualification is None


def many_grades(*grades: str) -> Roster:
    """The school with these grades, its students spread over them, and a competency per grade."""
    students = tuple(
        student.model_copy(update={"grade": grades[n % len(grades)]})
        for n, student in enumerate(SCHOOL.students)
    )
    levels = tuple(
        Competency(id=f"c{grade}", code=f"{grade}.A.1", title="x", subject="Maths", level=grade)
        for grade in grades
    )
    school = SCHOOL.school.model_copy(update={"grades": grades})
    found = {"school": school, "students": students, "competencies": levels}
    return SCHOOL.model_copy(update=found)


def test_a_first_grader_is_not_put_among_fifth_graders() -> None:
    roster = many_grades("01", "02", "03", "04", "05")
    offerings = {o.id: o for o in filling.fill(roster, Ledger("test")).offerings}
    assert offerings["assumed-05-a-05-lesson"].grades == ("04", "05")
    assert offerings["assumed-01-a-01-lesson"].grades == ("01", "02", "03")
    assert offerings["assumed-01-a-01-workshop"].grades == ("01", "02", "03", "04", "05")
    assert offerings["assumed-project-music-01"].title == "Music: project, grades 1-2"
    practice = offerings["assumed-practice-maths-01"]
    assert (practice.grades, practice.title) == (("01", "02"), "Maths practice, grades 1-2")
    assert practice.competencies == ("c01", "c02", "c03")


def test_high_school_mathematics_is_for_all_its_grades() -> None:
    roster = many_grades("09", "10", "11", "12")
    offerings = {o.id: o for o in filling.fill(roster, Ledger("test")).offerings}
    assert offerings["assumed-12-a-12-lesson"].grades == ("09", "10", "11", "12")
    assert offerings["assumed-practice-maths"].grades is None


def test_without_the_grade_of_every_student_nothing_is_limited_by_grade() -> None:
    roster = many_grades("01", "02", "03", "04", "05")
    unknown = roster.students[0].model_copy(update={"grade": None})
    roster = roster.model_copy(update={"students": (unknown, *roster.students[1:])})
    assert {o.grades for o in filling.fill(roster, Ledger("test")).offerings} == {None}


def test_no_title_tells_at_what_level_somebody_works() -> None:
    offerings = filled(evidenced=("c",)).offerings
    assert not any("level" in o.title or "grade 5" in o.title for o in offerings)


def test_an_owed_service_gets_a_studio_with_a_neutral_title() -> None:
    service = Service(
        id="v", student="s1", kind="speech", minutes=30, qualification="Therapist", largest_group=3
    )
    roster = SCHOOL.model_copy(update={"services": (service,)})
    offerings = {o.id: o for o in filling.fill(roster, Ledger("test")).offerings}
    studio = offerings["assumed-service-therapist"]
    assert (studio.title, studio.largest) == ("Learning studio", 3)
    assert studio.roles[0].qualification == "Therapist"


def test_everyone_who_works_in_blocks_gets_planning_time() -> None:
    assert {a.id: a.planning_blocks for a in filled().staff} == {"t1": 1, "t2": 1, "h": 0}
    assert "planning_blocks" in filled().staff[0].assumed_fields


def test_a_library_and_a_cafeteria_are_added_once() -> None:
    rooms = {room.id: room for room in filled().rooms}
    assert rooms["assumed-cafeteria"].seats == 20
    assert rooms["GYM-N"].features == ("gym", "large-space")
    named = SCHOOL.model_copy(
        update={"rooms": (*SCHOOL.rooms, Room(id="L", title="Library", building="main", seats=9))}
    )
    assert "assumed-library" not in {room.id for room in filling.fill(named, Ledger("t")).rooms}


def test_what_the_school_entered_is_not_added_to() -> None:
    own = Offering(id="mine", title="Mine", modality="project", largest=10)
    assert filled(entered=SCHOOL.model_copy(update={"offerings": (own,)})).offerings == ()


def test_filling_twice_changes_nothing_more() -> None:
    once = filled()
    again = filling.fill(once, Ledger("test"), entered=once)
    assert again == once


def test_all_that_is_added_is_counted_in_the_report() -> None:
    ledger = Ledger("test")
    roster = filling.fill(SCHOOL, ledger)
    counts: Counter[str] = Counter()
    for entry in ledger.report().assumptions:
        counts[entry.field] += entry.count
    assert counts == {
        "Block.kind": 3,
        "ClassSection.blocks": 1,
        "Room": 2,
        "Room.features": 1,
        "StaffMember.planning_blocks": 2,
        "Offering": len(roster.offerings),
    }


@pytest.fixture(scope="module")
def grand_bend() -> list[Roster]:
    ledger = Ledger("case")
    framework = third_party("case/coherence-map.case-v1p1.json")
    competencies = read_case(open_path(framework, ledger), ledger).competencies
    ledger = Ledger("edfi")
    result = read_edfi(
        open_path(third_party("edfi"), ledger), ledger, zone=ZONE, competencies=competencies
    )
    rosters = [r.model_copy(update={"competencies": competencies}) for r in result.rosters]
    return [filling.fill(roster, ledger) for roster in rosters]


def test_each_grand_bend_school_has_seats_and_adults_for_all_in_every_flexible_block(
    grand_bend: list[Roster],
) -> None:
    for roster in grand_bend:
        flex = [b.id for b in roster.bell_schedules[0].blocks if b.kind == "flex"]
        assert len(flex) == 2
        adults = [a for a in roster.staff if a.available_blocks is None]
        # one adult is absent, one keeps the home place; the others lead in the largest rooms
        rooms = sorted((room.seats for room in roster.rooms), reverse=True)[1:]
        seats = [min(30, room) for room in rooms[: len(adults) - 2]]
        assert sum(seats) >= len(roster.students), roster.school.title
        for section in roster.sections:
            assert not set(section.blocks) & set(flex)
