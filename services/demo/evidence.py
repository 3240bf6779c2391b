"""Three weeks of invented evidence, and what students and teachers asked for the next day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from schemas.events import (
    AnyEvent,
    ChoiceFacts,
    EvidenceFacts,
    FlagFacts,
    JudgementFacts,
    MinutesFacts,
    RequestFacts,
    new,
)
from schemas.school import Roster, Student
from services.demo import curriculum, places
from services.demo.school import ZONE

WEEKS = 3
SLIPS_A_DAY = 0.4
"""Share of the students who hand in an exit slip on a day."""
SLIPS = "demo/exit-slips"
OFFICE = "demo/office"
GOOD = 0.78
SITTING = 45
"""Minutes of owed support in one block."""


@dataclass
class Learner:
    """A student's hidden course through the strands, from which exit slips are drawn."""

    student: Student
    ability: float
    place: dict[str, int] = field(default_factory=dict)
    tries: dict[str, int] = field(default_factory=dict)
    last: dict[str, float] = field(default_factory=dict)

    def slip(self, strand: str, random: Random) -> tuple[str, float]:
        """The next exit slip in a strand: the competency and the score, 0..1."""
        place = self.place[strand]
        chance = 0.6 + self.ability + 0.07 * self.tries.get(strand, 0)
        score = round(min(1.0, max(0.0, random.gauss(chance, 0.12))), 2)
        goes_on = score >= GOOD and self.last.get(strand, 0) >= GOOD
        self.tries[strand] = 0 if goes_on else self.tries.get(strand, 0) + 1
        self.last[strand] = 0.0 if goes_on else score
        if goes_on:
            self.place[strand] = min(place + 1, len(curriculum.LEVELS) - 1)
        return curriculum.competency_id(strand, place), score


STRANDS = tuple(strand for strands in curriculum.STRANDS.values() for strand, _ in strands)


def _learners(roster: Roster, random: Random) -> list[Learner]:
    found = []
    for student in roster.students:
        ability = random.gauss(0.05, 0.12)
        start = curriculum.LEVELS.index(student.grade or "06")
        behind = 1 if ability < -0.05 else 0
        place = {strand: max(0, start - behind) for strand in STRANDS}
        found.append(Learner(student, ability, place))
    return found


def at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, ZoneInfo(ZONE))


def evidence(roster: Roster, today: date, seed: int) -> Iterator[AnyEvent]:
    """Exit slips of the school days of the three weeks before today."""
    random = Random(seed)
    learners = _learners(roster, random)
    days = [day for day in places.school_days(today) if day < today][-5 * WEEKS :]
    for day in days:
        for learner in learners:
            if random.random() < SLIPS_A_DAY:
                yield _slip(learner, day, random)


def _slip(learner: Learner, day: date, random: Random) -> AnyEvent:
    strand = random.choice(STRANDS)
    competency, score = learner.slip(strand, random)
    student = learner.student.id
    return new(
        "evidence.recorded",
        id=f"{day}-{student}",
        source=SLIPS,
        time=at(day, time(14, 30)),
        data=EvidenceFacts(
            student=student,
            competency=competency,
            score=score,
            modality=random.choice(("instruction", "small_group", "independent")),
        ),
    )


def judgements(roster: Roster, today: date, seed: int) -> Iterator[AnyEvent]:
    """What some teachers said of some students: a level judged, a need flagged as urgent."""
    random = Random(seed)
    teachers = [adult.id for adult in roster.staff if "math" in adult.qualifications]
    for number, student in enumerate(random.sample(roster.students, 30)):
        place = curriculum.LEVELS.index(student.grade or "06")
        competency = curriculum.competency_id(random.choice(STRANDS), place)
        teacher = random.choice(teachers)
        told: JudgementFacts | FlagFacts = FlagFacts(
            student=student.id, competency=competency, staff=teacher
        )
        name = "need.flagged"
        if number % 3 == 0:
            name = "judgement.recorded"
            told = JudgementFacts(
                student=student.id, competency=competency, level="proficient", staff=teacher
            )
        when = at(max(d for d in places.school_days(today) if d < today), time(15, 0))
        yield new(name, id=f"{name}-{number}", source=OFFICE, time=when, data=told)


def support(roster: Roster, today: date, following: date) -> Iterator[AnyEvent]:
    """Owed time given before today in the week of a day to come: two sittings a week for each."""
    monday = following - timedelta(days=following.weekday())
    for number, service in enumerate(roster.services):
        for weekday in sorted((number % 5, (number + 2) % 5)):
            day = monday + timedelta(days=weekday)
            if day < today:
                given = MinutesFacts(
                    service=service.id, student=service.student, day=day, minutes=SITTING
                )
                yield new(
                    "minutes.delivered",
                    id=f"{day}-{service.id}",
                    source=OFFICE,
                    time=at(day, time(14, 45)),
                    data=given,
                )


def wishes(roster: Roster, day: date, today: date, seed: int) -> Iterator[AnyEvent]:
    """Half of the students rank choices for a day, the evening before today; teachers ask for
    twelve students."""
    random = Random(seed)
    choices = [o.id for o in roster.offerings if "enrichment" in o.minute_kinds]
    weights = [3 if choice in ("makers", "sport", "film") else 1 for choice in choices]
    evening = at(today - timedelta(days=1), time(18, 0))
    for student in random.sample(roster.students, len(roster.students) // 2):
        open_to = [c for c in choices if c != "garden" or student.off_campus_consent]
        drawn = random.choices(choices, weights, k=8)
        ranking = tuple(dict.fromkeys(choice for choice in drawn if choice in open_to))[:3]
        told = ChoiceFacts(student=student.id, day=day, blocks=places.FLEX, ranking=ranking)
        yield new(
            "choice.ranked", id=f"choice-{day}-{student.id}", source=OFFICE, time=evening, data=told
        )
    teachers = [adult for adult in roster.staff if "math" in adult.qualifications]
    for number, student in enumerate(random.sample(roster.students, 12)):
        asked = RequestFacts(
            request=f"request-{day}-{number}",
            staff=random.choice(teachers).id,
            student=student.id,
            day=day,
            offerings=("check-in", "group-algebra"),
            blocks=places.FLEX,
            priority=random.randint(2, 5),
        )
        yield new("request.made", id=asked.request, source=OFFICE, time=evening, data=asked)
