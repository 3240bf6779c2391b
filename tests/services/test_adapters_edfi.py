"""Whole schools from Ed-Fi XML, and what its silence is filled with."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import pytest

from schemas.imports import ImportResult
from schemas.school import Competency, Roster, School
from services.adapters import filling
from services.adapters.archive import open_path
from services.adapters.case import read_case
from services.adapters.edfi import read_edfi
from services.adapters.edfi.placing import Known, place_students
from services.adapters.grades import grade_of
from services.adapters.report import ImportRefused, Ledger
from services.adapters.standards import StandardsIndex
from tests.services.import_samples import (
    ZONE,
    edfi_files,
    interchange,
    membership,
    opened,
    reasons,
    student,
    third_party,
)

PERCENT = Competency(id="guid-c", code="CCSS.Math.Content.6.RP.A.3.c", title="Percent", level="06")
RATIO = Competency(id="guid-r", code="6.RP.A.3", title="Ratio", level="06")


def read(files: dict[str, str] | None = None, **options: Any) -> ImportResult:
    source, ledger = opened(files or edfi_files())
    return read_edfi(source, ledger, **{"zone": ZONE, "competencies": (PERCENT,), **options})


def kite_school(files: dict[str, str] | None = None, **options: Any) -> Roster:
    return read(files, **options).school("9").roster


def warned(result: ImportResult) -> dict[str, int]:
    return {notice.message: notice.count for notice in result.report.warnings}


def test_places_come_with_seats_and_those_without_are_assumed() -> None:
    result = read()
    roster = result.school("9").roster
    assert [(room.id, room.seats) for room in roster.rooms] == [("101", 20), ("GYM", 30)]
    assert roster.school.grades == ("06", "07")
    assert any(entry.field == "Room.seats" for entry in result.report.assumptions)


def test_class_periods_become_blocks_of_one_bell_schedule() -> None:
    (schedule,) = kite_school().bell_schedules
    assert [(b.id, b.kind, b.start, b.end) for b in schedule.blocks] == [
        ("1", "class", 510, 560),
        ("2", "class", 565, 615),
        ("3", "class", 660, 710),
    ]


def test_a_holiday_is_closed_and_every_other_weekday_of_the_term_is_not() -> None:
    days = {day.date: day.bell_schedule for day in kite_school().calendar}
    assert len(days) == 10
    assert days[date(2026, 9, 1)] is None
    assert days[date(2026, 9, 2)] == "All periods"
    assert date(2026, 8, 29) not in days


def test_a_term_of_ten_thousand_years_does_not_fill_a_calendar() -> None:
    files = edfi_files()
    files["EducationOrgCalendar.xml"] = files["EducationOrgCalendar.xml"].replace(
        "2026-09-04", "9999-12-31"
    )
    assert len(kite_school(files).calendar) < 270


def test_a_teacher_is_qualified_by_credential_and_by_the_course_taught() -> None:
    (adult,) = kite_school().staff
    assert adult.qualifications == ("Music", "Mathematics")
    assert adult.access_roles == ("teacher",)


def test_a_class_has_its_room_block_and_teacher_of_record() -> None:
    (section,) = kite_school().sections
    assert (section.id, section.course, section.title) == ("M6a", "M6", "Maths 6")
    assert (section.room, section.blocks, section.staff) == ("101", ("2",), ("t1",))


def test_a_guardian_found_by_reference_decides_only_when_a_legal_guardian() -> None:
    roster = kite_school()
    (link,) = roster.guardians
    assert (link.guardian, link.student, link.may_decide) == ("p1", "1", True)
    files = edfi_files()
    files["Contact.xml"] = files["Contact.xml"].replace(
        "<LegalGuardian>true</LegalGuardian>",
        "<ContactRestrictions>court order</ContactRestrictions>",
    )
    (link,) = kite_school(files).guardians
    assert (link.court_restricted, link.may_see, link.may_decide) == (True, False, False)


def test_a_leave_is_an_absence_on_its_day_known_since_the_year_began() -> None:
    events = [event for event in read().school("9").events if event.name == "staff.absent"]
    assert [(e.id, e.data.staff, e.data.day) for e in events] == [
        ("leave:t1:2026-08-31", "t1", date(2026, 8, 31))
    ]
    assert events[0].time.isoformat() == "2026-08-24T00:00:00-05:00"


def test_an_answer_is_evidence_and_the_sum_of_answers_is_not_counted_again() -> None:
    result = read()
    events = [event for event in result.school("9").events if event.name == "evidence.recorded"]
    assert [(e.id, e.data.competency, e.data.kind) for e in events] == [
        ("q-1:i1:CC.6.RP.3c", "guid-c", "item")
    ]
    assert (events[0].data.points, events[0].data.most_points, events[0].data.correct) == (
        2,
        2,
        True,
    )
    assert events[0].time.isoformat() == "2026-08-25T10:00:00-05:00"
    said = warned(result)
    assert said["objective results that sum items counted already, left out"] == 1
    assert any(message.startswith("results on CC.6.G.9") for message in said)


def test_reading_twice_gives_the_same_events() -> None:
    assert read().school("9").events == read().school("9").events


def test_programs_make_groups_or_leave_no_trace() -> None:
    result = read()
    first, second = result.school("9").roster.students
    assert first.groups == ("advanced-work",)
    assert second.groups == ()
    whole = result.model_dump_json()
    for word in ("Special Education", "SpecialEducation", "disab"):
        assert word not in whole
    assert warned(result)["memberships of confidential programs, of which nothing is kept"] == 1


def test_a_membership_that_ended_before_the_term_is_left_out() -> None:
    files = edfi_files()
    files["StudentProgram.xml"] = interchange(
        "StudentProgram",
        membership("StudentProgramAssociation", "Bilingual", "1").replace(
            "</BeginDate>", "</BeginDate><EndDate>2026-01-01</EndDate>"
        ),
    )
    assert kite_school(files).students[0].groups == ()


def test_another_namespace_version_is_taken_with_a_warning() -> None:
    files = {n: c.replace("ed-fi.org/5.2.0", "ed-fi.org/4.0.0") for n, c in edfi_files().items()}
    result = read(files)
    assert len(result.school("9").roster.students) == 2
    assert "namespace http://ed-fi.org/4.0.0; read as http://ed-fi.org/5.2.0" in warned(result)


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("Student.xml", "2014-05-01", "May 1st", "Student.xml 1 BirthData/BirthDate May 1st"),
        ("EducationOrganization.xml", ">20<", ">many<", "MaximumNumberOfSeats many"),
        ("EducationOrganization.xml", "08:30:00", "half eight", "StartTime half eight"),
        ("EducationOrganization.xml", "09:20:00", "08:00:00", "must be after start"),
        ("Contact.xml", 'ref="C1"', 'ref="C2"', "no such contact"),
        ("StudentAssessment.xml", ">2<", ">5<", "must not be above it"),
        ("EducationOrgCalendar.xml", "Days>9<", "Days>1e400<", "TotalInstructionalDays 1e400"),
        ("EducationOrgCalendar.xml", "#Holiday", f"#{'x' * 4001}", "CalendarDay title"),
        ("AssessmentMetadata.xml", "MaxRawScore>2<", "MaxRawScore>NaN<", "MaxRawScore NaN"),
        ("Student.xml", "InterchangeStudent", "Pupils", "not an Ed-Fi interchange"),
        ("Student.xml", "http://ed-fi.org/5.2.0", "http://example.org/", "not an Ed-Fi"),
        ("Student.xml", "Id>2<", "Id>1<", "this student stands twice"),
    ],
)
def test_what_is_wrong_is_named(name: str, old: str, new: str, said: str) -> None:
    files = edfi_files()
    assert old in files[name]
    files[name] = files[name].replace(old, new)
    with pytest.raises(ImportRefused) as refused:
        read(files)
    assert said in reasons(refused)


def test_without_a_school_there_is_nothing_to_import() -> None:
    with pytest.raises(ImportRefused) as refused:
        read(
            {"Student.xml": interchange("Student", student("1", "2014-01-01"))},
            day=date(2026, 9, 1),
        )
    assert "no School among the interchanges" in reasons(refused)


MIDDLE = School(id="m", title="Middle", zone=ZONE, grades=("06", "07", "08"))
HIGH = School(id="h", title="High", zone=ZONE, grades=("09", "10", "11", "12"))


def test_what_the_data_says_of_a_student_stays() -> None:
    known = [Known("a", date(2008, 1, 1), school="m", grade="06")]
    placed = place_students(known, [MIDDLE, HIGH], 2021, 0, Ledger("test"))
    assert (placed["a"].school, placed["a"].grade, placed["a"].assumed) == ("m", "06", ())


def test_a_missing_grade_follows_the_birth_years_of_those_who_are_known() -> None:
    known = [Known(f"k{year}", date(year, 6, 1), school="m") for year in (2009, 2010, 2011)]
    known += [Known("x", date(2007, 6, 1))]
    ledger = Ledger("test")
    placed = place_students(known, [MIDDLE, HIGH], 2021, 0, ledger)
    assert (placed["k2009"].grade, placed["k2009"].assumed) == ("08", ("grade",))
    assert (placed["x"].school, placed["x"].grade) == ("h", "10")
    assert placed["x"].assumed == ("grade", "school")
    counts = {entry.field: entry.count for entry in ledger.report().assumptions}
    assert counts == {"Student.grade": 4, "Student.school": 1}


def test_a_guessed_grade_stays_within_the_known_school() -> None:
    known = [Known(f"k{n}", date(2010, 6, 1), school="m") for n in range(3)]
    known += [Known("old", date(2005, 6, 1), school="m")]
    placed = place_students(known, [MIDDLE, HIGH], 2021, 0, Ledger("test"))
    assert placed["old"].grade == "08"


def test_where_nothing_is_known_the_seed_draws_the_same_every_time() -> None:
    known = [Known(f"s{number}", None) for number in range(50)]

    def grades(seed: int) -> list[str]:
        placed = place_students(known, [MIDDLE, HIGH], 2021, seed, Ledger("test"))
        return [placed[student.student].grade for student in known]

    assert grades(1) == grades(1)
    assert grades(1) != grades(2)


@pytest.mark.parametrize(
    ("text", "grade"),
    [
        ("uri://ed-fi.org/GradeLevelDescriptor#Sixth grade", "06"),
        ("uri://ed-fi.org/GradeLevelDescriptor#Kindergarten", "KG"),
        ("12", "12"),
        ("6", "06"),
        ("kg", "KG"),
        ("14", None),
        ("²", None),
        ("", None),
    ],
)
def test_grades_are_ceds_codes_whatever_they_are_called(text: str, grade: str | None) -> None:
    assert grade_of(text) == grade


def test_a_standard_is_found_with_or_without_its_cluster_letter() -> None:
    index = StandardsIndex([PERCENT, RATIO])
    assert index.find("guid-r") == ("guid-r", "same code")
    assert index.find("CC.6.RP.3c") == ("guid-c", "cluster letter inserted")
    assert index.find("CC.6.RP.3b") == ("guid-r", "sub-part folded into its standard")
    assert index.find("CC.7.RP.3") is None
    assert index.find("111.32.NA.A.1.D") is None


def test_importing_again_keeps_the_flexible_blocks_the_school_has_chosen() -> None:
    before = filling.fill(kite_school(), Ledger("test"))
    kinds = [block.kind for block in before.bell_schedules[0].blocks]
    assert kinds == ["class", "flex", "lunch", "flex"]
    again = kite_school(known={"9": before})
    assert again.bell_schedules == before.bell_schedules
    assert again.sections[0].blocks == ()
    assert again.staff == before.staff
    moved = edfi_files()
    moved["EducationOrganization.xml"] = moved["EducationOrganization.xml"].replace(
        "08:30:00", "08:20:00"
    )
    new_times = kite_school(moved, known={"9": before}).bell_schedules[0].blocks
    assert [block.kind for block in new_times] == ["class", "class", "class"]


@pytest.fixture(scope="module")
def grand_bend() -> ImportResult:
    framework = third_party("case/coherence-map.case-v1p1.json")
    ledger = Ledger("case")
    competencies = read_case(open_path(framework, ledger), ledger).competencies
    ledger = Ledger("edfi")
    files = open_path(third_party("edfi"), ledger)
    return read_edfi(files, ledger, zone=ZONE, competencies=competencies)


def test_grand_bend_becomes_three_schools(grand_bend: ImportResult) -> None:
    sizes = {
        r.school.title: (len(r.students), len(r.rooms), len(r.sections)) for r in grand_bend.rosters
    }
    assert sizes == {
        "Grand Bend High School": (320, 15, 78),
        "Grand Bend Middle School": (240, 13, 60),
        "Grand Bend Elementary School": (400, 28, 128),
    }
    assert grand_bend.report.refused_count == 0
    assert sum(len(roster.guardians) for roster in grand_bend.rosters) == 1872


def test_every_grand_bend_answer_is_evidence_on_a_competency(grand_bend: ImportResult) -> None:
    events = Counter(e.name for part in grand_bend.schools for e in part.events)
    assert events == {"evidence.recorded": 2050, "staff.absent": 37}
    middle = grand_bend.school("255901044")
    tested = {e.data.student for e in middle.events if e.name == "evidence.recorded"}
    grades = {s.grade for s in middle.roster.students if s.id in tested}
    assert (len(tested), grades) == (82, {"06"})


def test_grand_bend_says_for_how_many_a_rule_filled_what_is_missing(
    grand_bend: ImportResult,
) -> None:
    students = [s for roster in grand_bend.rosters for s in roster.students]
    for field in ("grade", "school"):
        marked = sum(field in student.assumed_fields for student in students)
        said = sum(a.count for a in grand_bend.report.assumptions if a.field == f"Student.{field}")
        assert marked == said > 0
