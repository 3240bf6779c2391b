"""Small invented files in each outside format, for the tests of the imports."""

from __future__ import annotations

import csv
import io
import json
import os
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from schemas.imports import ImportReport
from services.adapters.archive import Files, open_bytes, open_many
from services.adapters.oneroster.columns import FILES
from services.adapters.report import ImportRefused, Ledger

ZONE = "America/Chicago"
DATA = Path(os.environ.get("FLEXDAY_DATA", Path(__file__).parents[2] / "../shared/data"))


def third_party(name: str) -> Path:
    """A file or folder of the third-party data, or the reason why the test is skipped."""
    path = DATA / name
    if not path.exists():
        pytest.skip(f"third-party data {name} is not under FLEXDAY_DATA ({DATA})")
    return path


def zip_of(contents: Mapping[str, str | bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return stream.getvalue()


def table(columns: Iterable[str], rows: Iterable[Mapping[str, str]]) -> str:
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(columns), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def opened(contents: Mapping[str, str | bytes]) -> tuple[Files, Ledger]:
    """Plain files as an import sees them."""
    ledger = Ledger("test")
    raw = {name: c.encode() if isinstance(c, str) else c for name, c in contents.items()}
    return open_many(raw, ledger), ledger


def opened_zip(content: bytes) -> tuple[Files, Ledger]:
    ledger = Ledger("test")
    return open_bytes("sample.zip", content, ledger), ledger


def reasons(refused: pytest.ExceptionInfo[ImportRefused]) -> str:
    """Everything a refusal says, in one text."""
    report: ImportReport = refused.value.report
    assert report.refused_count >= len(report.refused) > 0
    return "\n".join(
        f"{r.file} {r.row} {r.column} {r.value} {r.reason} {r.mend}" for r in report.refused
    )


_PEOPLE = [
    {"sourcedId": "s1", "givenName": "Ada", "familyName": "Ash", "grades": "06"},
    {"sourcedId": "s2", "givenName": "Ben", "familyName": "Bay", "grades": "7"},
    {"sourcedId": "t1", "givenName": "Tea", "familyName": "Cher"},
    {"sourcedId": "t2", "givenName": "Ai", "familyName": "De"},
    {"sourcedId": "p1", "givenName": "Pa", "familyName": "Ash"},
    {"sourcedId": "h1", "givenName": "He", "familyName": "Ad"},
]
_ROLES = {
    "s1": "student",
    "s2": "student",
    "t1": "teacher",
    "t2": "aide",
    "p1": "parent",
    "h1": "administrator",
}


def oneroster_rows(version: str) -> dict[str, list[dict[str, str]]]:
    """The rows of a school of two students, four adults and one class, by file."""
    people = [dict(row) for row in _PEOPLE]
    for row in people:
        row |= {"enabledUser": "true", "username": row["sourcedId"]}
    people[0]["agentSourcedIds"] = "p1"
    rows = {
        "orgs": [
            {"sourcedId": "d", "name": "District", "type": "district"},
            {"sourcedId": "k", "name": "Kite School", "type": "school", "parentSourcedId": "d"},
        ],
        "academicSessions": [
            {
                "sourcedId": "y",
                "title": "Year",
                "type": "schoolYear",
                "startDate": "2026-08-24",
                "endDate": "2027-06-04",
                "schoolYear": "2027",
            }
        ],
        "courses": [
            {"sourcedId": "c", "title": "Maths 6", "orgSourcedId": "k", "subjects": "Mathematics"}
        ],
        "classes": [
            {
                "sourcedId": "k1",
                "title": "Maths 6a",
                "courseSourcedId": "c",
                "classType": "scheduled",
                "schoolSourcedId": "k",
                "termSourcedIds": "y",
                "location": "12",
                "periods": "1,3",
            }
        ],
        "enrollments": [
            _enrolment("e1", "s1", "student"),
            _enrolment("e2", "s2", "student"),
            _enrolment("e3", "t2", "teacher"),
            _enrolment("e4", "t1", "teacher") | {"primary": "true"},
        ],
        "users": people,
    }
    if version == "1.1":
        for row in people:
            row |= {"orgSourcedIds": "k", "role": _ROLES[row["sourcedId"]]}
    else:
        rows |= _rows_of_1_2()
    return rows


def _enrolment(id: str, user: str, role: str) -> dict[str, str]:
    return {
        "sourcedId": id,
        "classSourcedId": "k1",
        "schoolSourcedId": "k",
        "userSourcedId": user,
        "role": role,
    }


def _rows_of_1_2() -> dict[str, list[dict[str, str]]]:
    names = _ROLES | {"h1": "principal"}
    return {
        "roles": [
            {
                "sourcedId": f"r-{user}",
                "userSourcedId": user,
                "roleType": "primary",
                "role": role,
                "orgSourcedId": "k",
            }
            for user, role in names.items()
        ],
        "lineItems": [
            {
                "sourcedId": "l1",
                "title": "Exit slip",
                "assignDate": "2026-09-01",
                "dueDate": "2026-09-02",
                "classSourcedId": "k1",
                "categorySourcedId": "x",
                "academicSessionSourcedId": "y",
                "schoolSourcedId": "k",
                "resultValueMin": "0",
                "resultValueMax": "4",
            }
        ],
        "results": [
            {
                "sourcedId": "g1",
                "lineItemSourcedId": "l1",
                "studentSourcedId": "s1",
                "scoreStatus": "fully graded",
                "score": "3",
                "scoreDate": "2026-09-02",
            },
            {
                "sourcedId": "g2",
                "lineItemSourcedId": "l1",
                "studentSourcedId": "s2",
                "scoreStatus": "submitted",
                "scoreDate": "2026-09-02",
            },
        ],
        "resultLearningObjectiveIds": [
            {
                "sourcedId": "o1",
                "resultSourcedId": "g1",
                "source": "case",
                "learningObjectiveId": "31667393-f9e8-5114-9796-3f86ebd73ac5",
                "score": "3",
            },
            {
                "sourcedId": "o2",
                "resultSourcedId": "g2",
                "source": "case",
                "learningObjectiveId": "31667393-f9e8-5114-9796-3f86ebd73ac5",
            },
        ],
    }


def oneroster_files(
    version: str = "1.1", rows: Mapping[str, list[dict[str, str]]] | None = None
) -> dict[str, str]:
    """A whole package, by file name."""
    rows = rows if rows is not None else oneroster_rows(version)
    manifest = [("manifest.version", "1.0"), ("oneroster.version", version)]
    manifest += [(f"file.{n}", "bulk" if n in rows else "absent") for n in FILES[version]]
    manifest += [("source.systemCode", "sis")]
    files = {
        f"{name}.csv": table(FILES[version][name].known, named) for name, named in rows.items()
    }
    lines = [{"propertyName": name, "value": value} for name, value in manifest]
    return {"manifest.csv": table(("propertyName", "value"), lines), **files}


def case_package(
    items: Iterable[Mapping[str, Any]], links: Iterable[tuple[str, str, str]] = ()
) -> dict[str, Any]:
    """A CFPackage of items and of (origin, associationType, destination)."""
    return {
        "CFDocument": {"identifier": "doc", "title": "Invented maths"},
        "CFItems": [
            {"fullStatement": f"About {item['identifier']}", "uri": "", **item} for item in items
        ],
        "CFAssociations": [
            {
                "identifier": f"a{number}",
                "associationType": kind,
                "originNodeURI": {"identifier": origin, "title": origin, "uri": origin},
                "destinationNodeURI": {"identifier": end, "title": end, "uri": end},
            }
            for number, (origin, kind, end) in enumerate(links)
        ],
    }


def case_file(*args: Any, **kwargs: Any) -> dict[str, str]:
    return {"framework.json": json.dumps(case_package(*args, **kwargs))}


def interchange(name: str, body: str, namespace: str = "http://ed-fi.org/5.2.0") -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Interchange{name} xmlns="{namespace}">{body}</Interchange{name}>'
    )


def school_reference(school: str = "9") -> str:
    return (
        f"<SchoolReference><SchoolIdentity><SchoolId>{school}</SchoolId></SchoolIdentity>"
        "</SchoolReference>"
    )


def student_reference(student: str) -> str:
    return (
        f"<StudentReference><StudentIdentity><StudentUniqueId>{student}</StudentUniqueId>"
        "</StudentIdentity></StudentReference>"
    )


def _staff_reference(staff: str) -> str:
    return (
        f"<StaffReference><StaffIdentity><StaffUniqueId>{staff}</StaffUniqueId></StaffIdentity>"
        "</StaffReference>"
    )


def _organisation(id: str) -> str:
    return (
        "<EducationOrganizationReference><EducationOrganizationIdentity><EducationOrganizationId>"
        f"{id}</EducationOrganizationId></EducationOrganizationIdentity>"
        "</EducationOrganizationReference>"
    )


def _period(number: int, start: str, end: str) -> str:
    return (
        f'<ClassPeriod id="P{number}">{school_reference()}<ClassPeriodName>{number}'
        f"</ClassPeriodName><MeetingTime><StartTime>{start}</StartTime><EndTime>{end}</EndTime>"
        "</MeetingTime></ClassPeriod>"
    )


_SESSION = (
    "<SessionReference><SessionIdentity><SessionName>Fall</SessionName></SessionIdentity>"
    "</SessionReference>"
)
_OFFERING = (
    "<CourseOfferingReference><CourseOfferingIdentity><LocalCourseCode>M6</LocalCourseCode>"
    f"{school_reference()}{_SESSION}</CourseOfferingIdentity></CourseOfferingReference>"
)


def student(id: str, born: str) -> str:
    return (
        f"<Student><StudentUniqueId>{id}</StudentUniqueId><Name><FirstName>Ada{id}</FirstName>"
        f"<LastSurname>Ash</LastSurname></Name><BirthData><BirthDate>{born}</BirthDate>"
        "</BirthData></Student>"
    )


def membership(kind: str, program: str, who: str) -> str:
    return (
        f"<{kind}>{student_reference(who)}<ProgramReference><ProgramIdentity><ProgramName>x"
        f"</ProgramName><ProgramType>uri://ed-fi.org/ProgramTypeDescriptor#{program}</ProgramType>"
        f"</ProgramIdentity></ProgramReference><BeginDate>2026-08-30</BeginDate></{kind}>"
    )


def edfi_files() -> dict[str, str]:
    """A school of grades 6 and 7 with two students, one teacher, two rooms and three periods."""
    return {
        "EducationOrganization.xml": interchange(
            "EducationOrganization",
            "<School><NameOfInstitution>Kite School</NameOfInstitution><SchoolId>9</SchoolId>"
            "<GradeLevel>uri://ed-fi.org/GradeLevelDescriptor#Sixth grade</GradeLevel>"
            "<GradeLevel>uri://ed-fi.org/GradeLevelDescriptor#Seventh grade</GradeLevel></School>"
            f"<Location>{school_reference()}<ClassroomIdentificationCode>101"
            "</ClassroomIdentificationCode><MaximumNumberOfSeats>20</MaximumNumberOfSeats>"
            f"</Location><Location>{school_reference()}<ClassroomIdentificationCode>GYM"
            "</ClassroomIdentificationCode></Location>"
            + _period(1, "08:30:00", "09:20:00")
            + _period(2, "09:25:00", "10:15:00")
            + _period(3, "11:00:00", "11:50:00")
            + "<Course><CourseCode>M6</CourseCode><CourseTitle>Maths 6</CourseTitle>"
            "<AcademicSubject>uri://ed-fi.org/AcademicSubjectDescriptor#Mathematics"
            f"</AcademicSubject>{_organisation('9')}</Course>",
        ),
        "EducationOrgCalendar.xml": interchange(
            "EducationOrgCalendar",
            "<Session><SessionName>Fall</SessionName><BeginDate>2026-08-24</BeginDate>"
            "<EndDate>2026-09-04</EndDate><TotalInstructionalDays>9</TotalInstructionalDays>"
            f"{school_reference()}</Session>"
            "<CalendarDate><Date>2026-09-01</Date><CalendarEvent>uri://ed-fi.org/"
            "CalendarEventDescriptor#Holiday</CalendarEvent><CalendarReference><CalendarIdentity>"
            f"{school_reference()}</CalendarIdentity></CalendarReference></CalendarDate>",
        ),
        "MasterSchedule.xml": interchange(
            "MasterSchedule",
            "<CourseOffering><LocalCourseCode>M6</LocalCourseCode>"
            f"{school_reference()}<CourseReference><CourseIdentity><CourseCode>M6</CourseCode>"
            "</CourseIdentity></CourseReference></CourseOffering>"
            f"<Section><SectionIdentifier>M6a</SectionIdentifier>{_OFFERING}"
            f"<LocationReference><LocationIdentity>{school_reference()}"
            "<ClassroomIdentificationCode>101</ClassroomIdentificationCode></LocationIdentity>"
            "</LocationReference><ClassPeriodReference><ClassPeriodIdentity><ClassPeriodName>2"
            "</ClassPeriodName></ClassPeriodIdentity></ClassPeriodReference></Section>",
        ),
        "StaffAssociation.xml": interchange(
            "StaffAssociation",
            "<Staff><StaffUniqueId>t1</StaffUniqueId><Name><FirstName>Tea</FirstName>"
            "<LastSurname>Cher</LastSurname></Name><CredentialReference><CredentialIdentity>"
            "<CredentialIdentifier>cr</CredentialIdentifier></CredentialIdentity>"
            "</CredentialReference></Staff>"
            "<Credential><CredentialIdentifier>cr</CredentialIdentifier><CredentialField>"
            "uri://ed-fi.org/CredentialFieldDescriptor#Music</CredentialField></Credential>"
            f"<StaffEducationOrganizationAssignmentAssociation>{_staff_reference('t1')}"
            f"{_organisation('9')}<StaffClassification>uri://ed-fi.org/"
            "StaffClassificationDescriptor#Teacher</StaffClassification>"
            "</StaffEducationOrganizationAssignmentAssociation>"
            f"<StaffSectionAssociation>{_staff_reference('t1')}<SectionReference>"
            f"<SectionIdentity><SectionIdentifier>M6a</SectionIdentifier>{_OFFERING}"
            "</SectionIdentity></SectionReference></StaffSectionAssociation>"
            f"<StaffLeave><BeginDate>2026-08-31</BeginDate>{_staff_reference('t1')}</StaffLeave>",
        ),
        "Student.xml": interchange(
            "Student", student("1", "2014-05-01") + student("2", "2013-05-01")
        ),
        "Contact.xml": interchange(
            "Contact",
            '<Contact id="C1"><ContactUniqueId>p1</ContactUniqueId><Name><FirstName>Pa</FirstName>'
            "<LastSurname>Ash</LastSurname></Name></Contact><StudentContactAssociation>"
            f'{student_reference("1")}<ContactReference ref="C1"/><LegalGuardian>true'
            "</LegalGuardian></StudentContactAssociation>",
        ),
        "StudentSchoolAttendance.xml": interchange(
            "StudentAttendance",
            f"<StudentSchoolAttendanceEvent>{student_reference('1')}{school_reference()}"
            "</StudentSchoolAttendanceEvent>",
        ),
        "StudentProgram.xml": interchange(
            "StudentProgram",
            membership("StudentProgramAssociation", "Gifted and Talented", "1")
            + membership("StudentSpecialEducationProgramAssociation", "Special Education", "2"),
        ),
        "AssessmentMetadata.xml": interchange("AssessmentMetadata", _metadata()),
        "StudentAssessment.xml": interchange("StudentAssessment", _sitting()),
    }


_ASSESSMENT = (
    "<AssessmentReference><AssessmentIdentity><AssessmentIdentifier>Quiz</AssessmentIdentifier>"
    "</AssessmentIdentity></AssessmentReference>"
)


def _metadata() -> str:
    def item(code: str, standard: str) -> str:
        return (
            f"<AssessmentItem><IdentificationCode>{code}</IdentificationCode><MaxRawScore>2"
            "</MaxRawScore><LearningStandardReference><LearningStandardIdentity>"
            f"<LearningStandardId>{standard}</LearningStandardId></LearningStandardIdentity>"
            f"</LearningStandardReference>{_ASSESSMENT}</AssessmentItem>"
        )

    return (
        item("i1", "CC.6.RP.3c")
        + item("i2", "CC.6.G.9")
        + "<ObjectiveAssessment><IdentificationCode>o1</IdentificationCode><MaxRawScore>4"
        "</MaxRawScore><AssessmentItemReference><AssessmentItemIdentity><IdentificationCode>i1"
        "</IdentificationCode></AssessmentItemIdentity></AssessmentItemReference>"
        f"{_ASSESSMENT}</ObjectiveAssessment>"
    )


def _sitting() -> str:
    def answer(code: str, result: str, points: int) -> str:
        return (
            "<StudentAssessmentItem><AssessmentItemResult>uri://ed-fi.org/"
            f"AssessmentItemResultDescriptor#{result}</AssessmentItemResult><RawScoreResult>"
            f"{points}</RawScoreResult><AssessmentItemReference><AssessmentItemIdentity>"
            f"<IdentificationCode>{code}</IdentificationCode>{_ASSESSMENT}"
            "</AssessmentItemIdentity></AssessmentItemReference></StudentAssessmentItem>"
        )

    return (
        "<StudentAssessment><StudentAssessmentIdentifier>q-1</StudentAssessmentIdentifier>"
        "<AdministrationDate>2026-08-25T10:00:00</AdministrationDate><WhenAssessedGradeLevel>"
        "uri://ed-fi.org/GradeLevelDescriptor#Sixth grade</WhenAssessedGradeLevel>"
        f"{student_reference('1')}{_ASSESSMENT}"
        + answer("i1", "Correct", 2)
        + answer("i2", "Incorrect", 0)
        + "<StudentObjectiveAssessment><ScoreResult><Result>2</Result></ScoreResult>"
        "<ObjectiveAssessmentReference><ObjectiveAssessmentIdentity><IdentificationCode>o1"
        f"</IdentificationCode>{_ASSESSMENT}</ObjectiveAssessmentIdentity>"
        "</ObjectiveAssessmentReference></StudentObjectiveAssessment></StudentAssessment>"
    )
