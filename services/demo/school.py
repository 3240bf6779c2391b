"""The invented school as one roster and its settings, from a seed and a date."""

from __future__ import annotations

from datetime import date
from random import Random
from typing import Any

from schemas.school import Roster, School
from services.demo import curriculum, people, places

SCHOOL = "larkfield"
ZONE = "America/Chicago"
SEED = 20
PLANNING_WORK = 6.0
"""Work of a run in units of about a second of one core: enough for a school of this size."""


def roster(today: date, seed: int = SEED) -> Roster:
    """Everything the school's records hold; the same for the same date and seed."""
    random = Random(seed)
    students = people.students(random)
    staff = people.staff(random)
    rooms = places.rooms()
    return Roster(
        school=School(id=SCHOOL, title="Larkfield School", zone=ZONE, grades=people.GRADES),
        buildings=places.BUILDINGS,
        travel=places.TRAVEL,
        rooms=rooms,
        bell_schedules=places.bell_schedules(),
        calendar=places.calendar(today, places.next_school_day(today)),
        students=students,
        staff=staff,
        guardians=people.guardians(students, random),
        courses=curriculum.courses(),
        sections=people.sections(staff, students, rooms),
        offerings=curriculum.offerings(),
        services=people.services(students),
        accommodations=people.accommodations(students),
        relations=people.relations(students, random),
        competencies=curriculum.competencies(),
    )


def settings() -> dict[str, Any]:
    """The school's own settings; `invented` labels every page."""
    homes = [
        {"room": "commons", "staff": "brooks", "blocks": ["flex1", "flex2"]},
        {"room": "commons", "staff": "duarte", "blocks": ["flex3", "flex4"]},
    ]
    return {
        "invented": True,
        "day": {
            "cut_off": "17:00:00",
            "deadline": "07:30:00",
            "approvers": {"approver": "okafor", "deputy": "marsh"},
            "work": PLANNING_WORK,
            "homes": homes,
            "floors": {"live_teacher": 45},
            "weights": {"choice-missed": 800, "moved": 40},
        },
    }
