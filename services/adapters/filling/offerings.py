"""Offerings for the competencies and subjects of a school, where no source lists any."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from schemas.school import Competency, Grade, Offering, RoleNeed, Roster
from services.adapters.edfi.programs import ADVANCED_WORK, CAREER, LANGUAGE_SUPPORT
from services.adapters.filling import ages
from services.adapters.filling.places import GYM
from services.adapters.report import Ledger
from services.short_names import shortened

PREFIX = "assumed-"
_PRACTICE_SEATS = 30
_PHYSICAL = "Physical, Health, and Safety Education"
_GROUPS = {
    LANGUAGE_SUPPORT: "Language studio",
    ADVANCED_WORK: "Inquiry seminar",
    CAREER: "Career workshop",
}


def offerings_for(
    roster: Roster, evidenced: frozenset[str], ledger: Ledger
) -> tuple[Offering, ...]:
    """A lesson and a workshop per group of competencies, independent practice and projects per
    subject and band of grades, meetings of program groups, and a study hall for whoever is left.

    Levels are the school's grades, and those of the competencies in `evidenced`, on which there
    is evidence. A lead is qualified in the subject where at least one adult is. Titles name a
    student's own grades, never the level worked at, which is nobody else's business.
    """
    qualified = Counter(q for adult in roster.staff for q in adult.qualifications)
    wanted = _taught(roster, evidenced)
    offerings = [
        *_by_group(wanted, roster, qualified),
        *_practice(wanted, roster),
        *_projects(roster, qualified),
        *_meetings(roster),
        *_services(roster),
        _study_hall(roster),
    ]
    ledger.assume("Offering", "offered as the school's grades and subjects suggest", len(offerings))
    return tuple(offerings)


def _taught(roster: Roster, evidenced: frozenset[str]) -> list[Competency]:
    by_id = {competency.id: competency for competency in roster.competencies}
    grades = set(roster.school.grades)
    levels = {by_id[id].level for id in evidenced if id in by_id}
    # a framework gives several grades of a span their last one, so a high school needs that too
    if "09" in grades:
        grades.add("12")
    return [c for c in roster.competencies if c.level and c.level in grades | levels]


def _by_group(
    wanted: Iterable[Competency], roster: Roster, qualified: Counter[str]
) -> Iterator[Offering]:
    titles = {competency.id: competency.title for competency in roster.competencies}
    groups: dict[tuple[str, str, Grade], list[Competency]] = defaultdict(list)
    by_id = {competency.id: competency for competency in roster.competencies}
    for competency in wanted:
        key = (competency.subject, _group(competency, by_id), competency.level or "")
        groups[key].append(competency)
    for (subject, group, level), members in groups.items():
        about = shortened(titles.get(group) or members[0].title)
        lead = RoleNeed(role="lead", qualification=subject if qualified[subject] else None)
        ids = tuple(member.id for member in members)
        name = f"{PREFIX}{_slug(group)}-{level}"
        yield Offering(
            id=f"{name}-lesson",
            title=f"{about}: lesson",
            modality="instruction",
            subject=subject,
            competencies=ids,
            smallest=4,
            largest=24,
            ideal=(8, 20),
            roles=(lead,),
            minute_kinds=("live_teacher",),
            grades=ages.of_lesson(roster, level),
        )
        yield Offering(
            id=f"{name}-workshop",
            title=f"{about}: workshop",
            modality="small_group",
            subject=subject,
            competencies=ids,
            smallest=1,
            largest=8,
            ideal=(3, 6),
            roles=(lead,),
            minute_kinds=("live_teacher",),
            grades=ages.of_workshop(roster, level),
        )


def _practice(wanted: Iterable[Competency], roster: Roster) -> Iterator[Offering]:
    """Independent work, each student on their own competency, which any adult may supervise."""
    subjects: dict[str, list[Competency]] = defaultdict(list)
    for competency in wanted:
        subjects[competency.subject].append(competency)
    for subject, members in sorted(subjects.items()):
        for band in ages.bands(roster):
            yield Offering(
                id=f"{PREFIX}practice-{_slug(subject)}{band.suffix}",
                title=f"{subject or 'Independent'} practice{band.words}",
                modality="independent",
                subject=subject,
                competencies=tuple(c.id for c in members if band.may_work_at(c.level)),
                smallest=1,
                largest=_PRACTICE_SEATS,
                students_per_adult=_PRACTICE_SEATS,
                grades=band.grades,
            )


def _projects(roster: Roster, qualified: Counter[str]) -> Iterator[Offering]:
    """A project per subject of the school's courses in which an adult is qualified."""
    competency_subjects = {competency.subject for competency in roster.competencies}
    areas = sorted({course.credit_area for course in roster.courses if course.credit_area})
    for area in areas:
        if not qualified[area] or area in competency_subjects:
            continue
        physical = area == _PHYSICAL
        for band in ages.bands(roster):
            yield Offering(
                id=f"{PREFIX}project-{_slug(area)}{band.suffix}",
                title=f"{area}: project{band.words}",
                modality="project",
                subject=area,
                smallest=3,
                largest=40 if physical else 20,
                roles=(RoleNeed(role="lead", qualification=area),),
                features=(GYM,) if physical and _has_gym(roster) else (),
                minute_kinds=("choice", "enrichment", "live_teacher"),
                grades=band.grades,
            )


def _meetings(roster: Roster) -> Iterator[Offering]:
    present = {group for student in roster.students for group in student.groups}
    for group, title in _GROUPS.items():
        if group in present:
            yield Offering(
                id=f"{PREFIX}{group}",
                title=title,
                modality="collaboration",
                smallest=2,
                largest=15,
                groups=(group,),
                minute_kinds=("choice", "live_teacher"),
            )


def _services(roster: Roster) -> Iterator[Offering]:
    """A quiet studio for each qualification that owed services name."""
    for qualification in sorted({service.qualification for service in roster.services}):
        largest = min(s.largest_group for s in roster.services if s.qualification == qualification)
        yield Offering(
            id=f"{PREFIX}service-{_slug(qualification)}",
            title="Learning studio",
            modality="service",
            smallest=1,
            largest=largest,
            roles=(RoleNeed(role="lead", qualification=qualification),),
        )


def _study_hall(roster: Roster) -> Offering:
    return Offering(
        id=f"{PREFIX}study-hall",
        title="Reading and study hall",
        modality="independent",
        smallest=1,
        largest=80,
        students_per_adult=80,
        minute_kinds=("choice",),
    )


def _group(competency: Competency, by_id: dict[str, Competency]) -> str:
    """The group a competency is taught in: the nearest one above that has no level of its own,
    else the standard it is part of, else what its code has before the last dot."""
    seen, above = {competency.id}, by_id.get(competency.parent or "")
    nearest = above
    while above is not None and above.level and above.id not in seen:
        seen.add(above.id)
        above = by_id.get(above.parent or "")
    if above is not None and not above.level:
        return above.id
    if nearest is not None:
        return nearest.id
    return competency.code.rpartition(".")[0] or competency.code or competency.id


def _has_gym(roster: Roster) -> bool:
    return any(GYM in room.features for room in roster.rooms)


def _slug(text: str) -> str:
    kept = "".join(c.lower() if c.isalnum() else "-" for c in text)
    return "-".join(part for part in kept.split("-") if part)[:80] or "any"
