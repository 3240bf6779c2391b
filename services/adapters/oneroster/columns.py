"""The files and columns of OneRoster CSV 1.1 and 1.2 that flexday reads.

Source: 1EdTech OneRoster 1.1 CSV tables and 1.2 CSV binding
(https://www.imsglobal.org/spec/oneroster/v1p2).
"""

from __future__ import annotations

from services.adapters.tables import Columns

VERSIONS = ("1.1", "1.2")

_RENAMED = {
    "userId": "userSourcedId",
    "classId": "classSourcedId",
    "schoolId": "schoolSourcedId",
    "courseId": "courseSourcedId",
    "orgId": "orgSourcedId",
    "orgs": "orgSourcedIds",
    "agents": "agentSourcedIds",
    "grade": "grades",
    "subject": "subjects",
    "period": "periods",
    "terms": "termSourcedIds",
    "termSourcedId": "termSourcedIds",
    "firstName": "givenName",
    "lastName": "familyName",
}


def _columns(needed: str, optional: str = "", filled: str | None = None) -> Columns:
    must = ("sourcedId", *needed.split())
    return Columns(
        needed=must,
        optional=("status", "dateLastModified", *optional.split()),
        filled=must if filled is None else ("sourcedId", *filled.split()),
        renamed=_RENAMED,
    )


_PERSON = "userIds middleName identifier email sms phone agentSourcedIds grades password"
_SHARED = {
    "orgs": _columns("name type", "identifier parentSourcedId"),
    "academicSessions": _columns("title type startDate endDate schoolYear", "parentSourcedId"),
    "courses": _columns(
        "title orgSourcedId", "schoolYearSourcedId courseCode grades subjects subjectCodes"
    ),
    "classes": _columns(
        "title courseSourcedId classType schoolSourcedId termSourcedIds",
        "grades classCode location subjects subjectCodes periods",
    ),
    "enrollments": _columns(
        "classSourcedId schoolSourcedId userSourcedId role", "primary beginDate endDate"
    ),
}

FILES: dict[str, dict[str, Columns]] = {
    "1.1": {
        **_SHARED,
        "users": _columns(
            "enabledUser orgSourcedIds role username givenName familyName",
            _PERSON,
            filled="orgSourcedIds role givenName familyName",
        ),
        "lineItems": _columns(
            "title assignDate dueDate classSourcedId categorySourcedId gradingPeriodSourcedId"
            " resultValueMin resultValueMax",
            "description",
        ),
        "results": _columns(
            "lineItemSourcedId studentSourcedId scoreStatus score scoreDate",
            "comment",
            filled="lineItemSourcedId studentSourcedId scoreStatus scoreDate",
        ),
    },
    "1.2": {
        **_SHARED,
        "users": _columns(
            "enabledUser username givenName familyName",
            _PERSON + " userMasterIdentifier preferredGivenName preferredMiddleName"
            " preferredFamilyName primaryOrgSourcedId pronouns",
            filled="givenName familyName",
        ),
        "roles": _columns(
            "userSourcedId roleType role orgSourcedId", "beginDate endDate userProfileSourcedId"
        ),
        "lineItems": _columns(
            "title assignDate dueDate classSourcedId categorySourcedId academicSessionSourcedId"
            " schoolSourcedId",
            "description resultValueMin resultValueMax",
        ),
        "results": _columns(
            "lineItemSourcedId studentSourcedId scoreStatus scoreDate",
            "score comment textScore classSourcedId inProgress incomplete late missing",
        ),
        "resultLearningObjectiveIds": _columns(
            "resultSourcedId source learningObjectiveId", "score textScore"
        ),
    },
}

NEEDED = {
    "1.1": ("orgs", "users", "courses", "classes", "enrollments"),
    "1.2": ("orgs", "users", "roles", "courses", "classes", "enrollments"),
}
"""Without these there is no roster."""
