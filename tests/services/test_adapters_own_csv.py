"""Our own small CSVs complete a roster that is there."""

from __future__ import annotations

import pytest

from schemas.imports import SchoolImport
from schemas.school import (
    BellSchedule,
    Block,
    Building,
    Competency,
    Offering,
    Room,
    Roster,
    School,
    StaffMember,
    Student,
)
from services.adapters.own_csv import read_own_csv
from services.adapters.report import ImportRefused
from tests.services.import_samples import ZONE, opened, reasons

ROSTER = Roster(
    school=School(id="k", title="Kite School", zone=ZONE),
    buildings=(Building(id="main", title="Main"),),
    rooms=(
        Room(id="12", title="Old lab", building="main", seats=30),
        Room(id="13", title="13", building="main", seats=30),
    ),
    bell_schedules=(
        BellSchedule(
            id="A", title="A", blocks=(Block(id="1", title="1", kind="class", start=500, end=550),)
        ),
    ),
    students=(
        Student(id="s1", given_name="Ada", family_name="Ash"),
        Student(id="s2", given_name="Ben", family_name="Bay"),
    ),
    staff=(
        StaffMember(id="t1", given_name="Tea", family_name="Cher", qualifications=("Music",)),
        StaffMember(id="t2", given_name="Ai", family_name="De", qualifications=("Art",)),
    ),
    competencies=(Competency(id="guid", code="6.RP.A.1", title="Ratios"),),
)
TABLES = {
    "rooms.csv": "ClassroomIdentificationCode,BuildingName,MaximumNumberOfSeats,Features,Zones\n"
    "12,Main,18,lab;sink,1\nG,Barn,60,,3\n",
    "travel.csv": "FromBuildingName,ToBuildingName,Minutes\nMain,Barn,7\n",
    "bell_schedules.csv": "BellScheduleName,ClassPeriodName,BlockKind,StartTime,EndTime\n"
    "A,2,flex,09:00,10:00\nA,1,class,08:00,08:50\nShort,1,class,08:00:00,08:30:00\n",
    "calendar.csv": "Date,BellScheduleName,CalendarEvent\n2026-09-01,A,\n2026-09-07,,Labor Day\n",
    "qualifications.csv": "StaffUniqueId,Qualification\nt1,Mathematics\nt1,Bilingual\n",
    "availability.csv": "StaffUniqueId,ClassPeriodNames,PlanningBlocks,MostStudents\nt2,2,1,90\n",
    "offerings.csv": "OfferingIdentifier,Title,Modality,Competencies,Smallest,Largest,"
    "IdealSmallest,IdealLargest,Roles,GradeLevels,NeedsConsent\n"
    "o1,Ratio clinic,small_group,6.RP.A.1,2,8,3,6,lead:Mathematics;2 aide,06;7,true\n",
    "services.csv": "ServiceIdentifier,StudentUniqueId,Kind,Minutes,Qualification,BeginDate\n"
    "v1,s1,reading,90,Specialist,2026-09-01\n",
    "accommodations.csv": "AccommodationIdentifier,StudentUniqueId,Kind,GroupSize\n"
    "a1,s1,group_size,6\n",
    "relations.csv": "RelationIdentifier,Kind,StudentUniqueId,OtherUniqueId,Scope\n"
    "r1,apart,s1,t2,room\n",
}


def read(tables: dict[str, str]) -> SchoolImport:
    files, ledger = opened(tables)
    return read_own_csv(files, ledger, ROSTER).schools[0]


def test_rooms_are_changed_and_added_and_the_others_stay() -> None:
    part = read({"rooms.csv": TABLES["rooms.csv"]})
    assert part.kinds == ("buildings", "rooms")
    rooms = {room.id: room for room in part.roster.rooms}
    assert rooms["12"] == Room(
        id="12", title="Old lab", building="main", seats=18, features=("lab", "sink")
    )
    assert rooms["13"] == ROSTER.rooms[1]
    assert (rooms["G"].building, rooms["G"].zones) == ("Barn", 3)


def test_a_bell_schedule_is_put_in_order_of_time() -> None:
    roster = read({"bell_schedules.csv": TABLES["bell_schedules.csv"]}).roster
    assert [[b.id for b in schedule.blocks] for schedule in roster.bell_schedules] == [
        ["1", "2"],
        ["1"],
    ]
    assert roster.bell_schedules[0].blocks[1].kind == "flex"


def test_all_tables_together_make_a_school_that_can_be_planned() -> None:
    roster = read(TABLES).roster
    assert roster.travel[0].minutes == 7
    assert [day.bell_schedule for day in roster.calendar] == ["A", None]
    first, second = roster.staff
    assert first.qualifications == ("Mathematics", "Bilingual")
    assert second.qualifications == ("Art",)
    assert (second.available_blocks, second.planning_blocks, second.most_students) == (
        ("2",),
        1,
        90,
    )
    (offering,) = roster.offerings
    assert isinstance(offering, Offering)
    assert offering.competencies == ("guid",)
    assert offering.ideal == (3, 6)
    assert [(r.role, r.qualification, r.count) for r in offering.roles] == [
        ("lead", "Mathematics", 1),
        ("aide", None, 2),
    ]
    assert (offering.grades, offering.needs_consent) == (("06", "07"), True)
    assert (roster.services[0].minutes, roster.services[0].period) == (90, "week")
    assert roster.accommodations[0].group_size == 6
    assert (roster.relations[0].other, roster.relations[0].scope) == ("t2", "room")


def test_importing_the_tables_twice_changes_nothing() -> None:
    once = read(TABLES).roster
    files, ledger = opened(TABLES)
    assert read_own_csv(files, ledger, once).schools[0].roster == once


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("rooms.csv", "18", "-1", "rooms.csv 2 MaximumNumberOfSeats -1"),
        ("rooms.csv", "18", "lots", "rooms.csv 2 MaximumNumberOfSeats lots not a whole number"),
        ("rooms.csv", "BuildingName", "Building", "name it BuildingName"),
        ("rooms.csv", "lab;sink,1", "lab,sink,1", "6 cells under 5 columns"),
        ("travel.csv", "Barn", "Moon", "travel.csv 2 ToBuildingName Moon no such building"),
        ("bell_schedules.csv", "10:00", "08:30", "must be after start"),
        ("bell_schedules.csv", "A,2,flex,09:00", "A,2,flex,08:40", "block 2 starts before 1 ends"),
        ("bell_schedules.csv", "A,2", "A,1", "a period twice in A"),
        ("bell_schedules.csv", "flex", "free", "bell_schedules.csv 2 BlockKind free"),
        ("calendar.csv", "01,A", "01,Z", "calendar.csv 2 BellScheduleName Z no such bell schedule"),
        ("calendar.csv", "09-07", "09-01", "calendar.csv 3 Date 2026-09-01 this date stands twice"),
        ("calendar.csv", "2026-09-01", "1 Sept", "calendar.csv 2 Date 1 Sept not a date"),
        ("qualifications.csv", "t1,M", "t9,M", "qualifications.csv 2 StaffUniqueId t9 no such"),
        ("availability.csv", "t2,2", "t2,9", "availability.csv 2 ClassPeriodNames 9 '9' is not"),
        ("availability.csv", "90", "-9", "availability.csv 2 MostStudents -9"),
        ("offerings.csv", "6.RP.A.1", "6.XX", "offerings.csv 2 Competencies 6.XX '6.XX' is no"),
        ("offerings.csv", "2 aide", "2 wizard", "offerings.csv 2 Roles"),
        ("offerings.csv", "2,8,3,6", "9,8,3,6", "smallest (9) is above largest (8)"),
        ("offerings.csv", "2,8,3,6", "2,8,3,", "half of an ideal range"),
        ("offerings.csv", "06;7", "06;first", "offerings.csv 2 GradeLevels"),
        ("services.csv", "v1,s1", "v1,s9", "services.csv 2 StudentUniqueId s9 's9' is not known"),
        ("accommodations.csv", "group_size,6", "group_size,", "does not say what is needed"),
        ("relations.csv", "s1,t2", "s1,t9", "relations.csv 2 OtherUniqueId t9 't9' is not known"),
    ],
)
def test_a_wrong_cell_is_named_with_its_row_and_column(
    name: str, old: str, new: str, said: str
) -> None:
    assert old in TABLES[name]
    with pytest.raises(ImportRefused) as refused:
        read(TABLES | {name: TABLES[name].replace(old, new, 1)})
    assert said in reasons(refused)


def test_a_record_that_stands_twice_is_refused() -> None:
    doubled = TABLES["services.csv"] + TABLES["services.csv"].splitlines()[1] + "\n"
    with pytest.raises(ImportRefused) as refused:
        read({"services.csv": doubled})
    assert "services: v1 stands 2 times in k" in reasons(refused)


def test_a_table_that_is_none_of_ours_is_refused() -> None:
    with pytest.raises(ImportRefused) as refused:
        read({"pupils.csv": "a,b\n"})
    assert "not one of our tables" in reasons(refused)
