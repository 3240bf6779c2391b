"""Rosters from OneRoster packages, and what is said of packages that are wrong."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from schemas.imports import ImportResult
from schemas.school import Room, Roster, School, StaffMember
from services.adapters.archive import open_path
from services.adapters.oneroster import read_oneroster
from services.adapters.report import ImportRefused, Ledger
from tests.services.import_samples import (
    ZONE,
    oneroster_files,
    oneroster_rows,
    opened_zip,
    reasons,
    third_party,
    zip_of,
)


def read(files: dict[str, str], **options: Any) -> ImportResult:
    opened, ledger = opened_zip(zip_of(files))
    return read_oneroster(opened, ledger, zone=ZONE, **options)


def kite_school(version: str = "1.1", **options: Any) -> Roster:
    return read(oneroster_files(version), **options).school("k").roster


def refusal(files: dict[str, str]) -> str:
    with pytest.raises(ImportRefused) as refused:
        read(files)
    return reasons(refused)


@pytest.mark.parametrize("version", ["1.1", "1.2"])
def test_a_package_becomes_the_roster_of_each_school(version: str) -> None:
    roster = kite_school(version)
    assert roster.school == School(id="k", title="Kite School", zone=ZONE, grades=("06", "07"))
    assert [(s.id, s.given_name, s.grade) for s in roster.students] == [
        ("s1", "Ada", "06"),
        ("s2", "Ben", "07"),
    ]
    assert {adult.id: adult.access_roles for adult in roster.staff} == {
        "t1": ("teacher",),
        "t2": ("teacher",),
        "h1": ("admin",),
    }
    assert [course.credit_area for course in roster.courses] == ["Mathematics"]


def test_a_class_keeps_its_room_periods_and_people_with_the_teacher_of_record_first() -> None:
    (section,) = kite_school().sections
    assert (section.room, section.blocks) == ("12", ("1", "3"))
    assert section.staff == ("t1", "t2")
    assert section.students == ("s1", "s2")


def test_a_parent_named_as_agent_may_see_but_not_decide() -> None:
    roster = kite_school()
    (link,) = roster.guardians
    assert (link.guardian, link.student, link.may_see, link.may_decide) == ("p1", "s1", True, False)
    assert roster.students[0].guardians == ("p1",)


def test_seats_that_nobody_named_are_assumed_and_counted() -> None:
    result = read(oneroster_files())
    assert [room.seats for room in result.school("k").roster.rooms] == [30]
    assumed = {entry.field: entry.count for entry in result.report.assumptions}
    assert assumed["Room.seats"] == 1


def test_an_administrator_holds_no_duties_until_blocks_are_entered() -> None:
    head = next(adult for adult in kite_school().staff if adult.id == "h1")
    assert head.available_blocks == ()
    assert "available_blocks" in head.assumed_fields


def test_importing_again_keeps_what_oneroster_does_not_carry() -> None:
    before = Roster(
        school=School(id="k", title="Old name", zone="America/Denver"),
        rooms=(Room(id="12", title="Lab", building="main", seats=18, features=("lab",)),),
        staff=(
            StaffMember(id="t1", given_name="x", family_name="y", qualifications=("Mathematics",)),
        ),
    )
    roster = kite_school(known={"k": before})
    assert roster.school.title == "Kite School"
    assert roster.school.zone == "America/Denver"
    assert roster.rooms == before.rooms
    teacher = next(adult for adult in roster.staff if adult.id == "t1")
    assert (teacher.given_name, teacher.qualifications) == ("Tea", ("Mathematics",))


def test_a_graded_result_on_a_learning_objective_is_evidence_and_no_other_is() -> None:
    result = read(oneroster_files("1.2"))
    (event,) = result.school("k").events
    assert event.id == "g1:31667393-f9e8-5114-9796-3f86ebd73ac5"
    assert event.source == "oneroster:sis"
    assert event.time.isoformat() == "2026-09-02T12:00:00-05:00"
    assert event.data.model_dump(include={"student", "competency", "points", "most_points"}) == {
        "student": "s1",
        "competency": "31667393-f9e8-5114-9796-3f86ebd73ac5",
        "points": 3.0,
        "most_points": 4.0,
    }
    assert read(oneroster_files("1.2")).school("k").events == (event,)


def test_a_score_above_its_line_items_largest_is_refused() -> None:
    rows = oneroster_rows("1.2")
    rows["resultLearningObjectiveIds"][0]["score"] = "5"
    said = refusal(oneroster_files("1.2", rows))
    assert "resultLearningObjectiveIds.csv 2 score 5 not between 0 and 4" in said


@pytest.mark.parametrize("status", ["tobedeleted", "inactive"])
def test_a_row_that_has_ended_is_left_out_with_a_warning(status: str) -> None:
    rows = oneroster_rows("1.1")
    rows["enrollments"][0]["status"] = status
    result = read(oneroster_files("1.1", rows))
    assert result.school("k").roster.sections[0].students == ("s2",)
    assert any(status in notice.message for notice in result.report.warnings)


def test_a_bulk_file_with_status_filled_is_taken_with_a_warning() -> None:
    rows = oneroster_rows("1.1")
    rows["users"][0]["status"] = "active"
    result = read(oneroster_files("1.1", rows))
    assert len(result.school("k").roster.students) == 2
    assert any("filled in a bulk file" in notice.message for notice in result.report.warnings)


def test_a_day_keeps_only_the_enrolments_and_terms_that_hold_on_it() -> None:
    rows = oneroster_rows("1.1")
    rows["enrollments"][0] |= {"beginDate": "2026-09-01", "endDate": "2026-10-01"}
    files = oneroster_files("1.1", rows)

    def students(day: date) -> tuple[str, ...]:
        return read(files, day=day).school("k").roster.sections[0].students

    assert students(date(2026, 9, 30)) == ("s1", "s2")
    assert students(date(2026, 10, 1)) == ("s2",)  # the end date is exclusive
    assert read(files, day=date(2030, 1, 1)).school("k").roster.sections == ()


def test_a_renamed_column_is_refused_with_the_name_it_should_have() -> None:
    files = oneroster_files()
    files["enrollments.csv"] = files["enrollments.csv"].replace("userSourcedId", "userId", 1)
    said = refusal(files)
    assert "enrollments.csv 1 userId" in said
    assert "name it userSourcedId" in said


def test_a_doubled_column_is_refused() -> None:
    files = oneroster_files()
    files["users.csv"] = files["users.csv"].replace("email", "identifier", 1)
    assert "users.csv 1 identifier identifier this column stands twice" in refusal(files)


def test_extra_columns_called_metadata_are_let_through() -> None:
    files = oneroster_files()
    lines = files["orgs.csv"].splitlines()
    files["orgs.csv"] = "\n".join(
        [lines[0] + ",metadata.city", *(li + ",Here" for li in lines[1:])]
    )
    assert len(read(files).schools) == 1


def test_demographics_are_not_even_opened() -> None:
    files = oneroster_files() | {"demographics.csv": "sourcedId,birthDate,sex\ns1,2014-01-01,x\n"}
    report = read(files).report
    assert "demographics.csv" not in report.files
    assert any(notice.file == "demographics.csv" for notice in report.warnings)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("manifest.csv", None, ""), "manifest.csv None   missing"),
        (
            ("manifest.csv", "oneroster.version,1.1", "oneroster.version,1.0"),
            "manifest.csv None oneroster.version 1.0 this version",
        ),
        (
            ("manifest.csv", "file.users,bulk", "file.users,delta"),
            "users.csv None  delta a delta file",
        ),
        (
            ("manifest.csv", "file.users,bulk", "file.users,absent"),
            "users.csv None   needed for a roster",
        ),
        (("users.csv", None, ""), "users.csv None   announced but missing"),
        (
            ("enrollments.csv", "k1,k,s1", "k9,k,s1"),
            "enrollments.csv 2 classSourcedId k9 no such class",
        ),
        (
            ("enrollments.csv", "k1,k,s1", "k1,k,s9"),
            "enrollments.csv 2 userSourcedId s9 no such user",
        ),
        (
            ("classes.csv", "Maths 6a,c,", "Maths 6a,zz,"),
            "classes.csv 2 courseSourcedId zz no such course",
        ),
        (
            ("users.csv", "true,k,student", "true,zz,student"),
            "users.csv 2 orgSourcedIds zz no such org",
        ),
        (
            ("users.csv", "true,k,student", "true,k,pupil"),
            "users.csv 2 role pupil not a role of OneRoster",
        ),
        (("users.csv", "s2,", "s1,"), "users.csv 3 sourcedId s1 this id stands more than once"),
        (("users.csv", "Ada", ""), "users.csv 2 givenName  empty fill in givenName"),
        (("users.csv", "Ada", '"A"da'), "users.csv 2   not CSV"),
        (("users.csv", "Ada", "A\x00da"), "users.csv 2 givenName A\\x00da a control character"),
        (
            ("orgs.csv", "Kite School,school", "Kite School,local"),
            "orgs.csv None   no org of type school",
        ),
    ],
)
def test_what_is_wrong_is_named_with_file_and_mend(
    change: tuple[str, str | None, str], said: str
) -> None:
    name, old, new = change
    files = oneroster_files()
    if old is None:
        del files[name]
    else:
        assert old in files[name]
        files[name] = files[name].replace(old, new, 1)
    assert said in refusal(files)


def test_many_faults_are_named_at_once() -> None:
    rows = oneroster_rows("1.1")
    for row in rows["enrollments"]:
        row["userSourcedId"] = "nobody"
    assert refusal(oneroster_files("1.1", rows)).count("no such user") == 4


def test_the_demo_district_imports_whole() -> None:
    path = third_party("oneroster/classlink-demo-oneroster-1.1.zip")
    ledger = Ledger("oneroster")
    result = read_oneroster(open_path(path, ledger), ledger, zone="America/New_York")
    rosters = result.rosters
    assert len(rosters) == 3
    assert sum(len(roster.students) for roster in rosters) == 140
    assert sum(len(roster.staff) for roster in rosters) == 40
    assert sum(len(roster.sections) for roster in rosters) == 72
    members = sum(len(s.students) + len(s.staff) for r in rosters for s in r.sections)
    assert members == 305
    assert result.report.refused_count == 0
