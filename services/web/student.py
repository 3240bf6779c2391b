"""Students' and families' pages: the day with its reasons, and choices for a day to come."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Depends, Form, HTTPException
from fastapi.responses import RedirectResponse, Response

from schemas.base import OfferingId, StudentId
from schemas.events import ChoiceFacts
from schemas.schedule import Schedule
from schemas.school import Offering, Student
from services.schedules import Book, flex_blocks, neighbours, shown, student_schedule
from services.store import NotFound, Tx
from services.web.notices import Told, told
from services.web.pages import Asker, Pages, View, asking, back_to
from services.web.recording import record

pages = Pages()
Learner = Annotated[Asker, Depends(asking("student"))]
Guardian = Annotated[Asker, Depends(asking("guardian"))]
MOST_CHOICES = 5


class StudentDay(View):
    """One student's day; nothing where no plan is published."""

    student: StudentId
    name: str
    day: date
    before: date | None
    after: date | None
    schedule: Schedule | None
    told: tuple[Told, ...] = ()


class Option(View):
    """An offering a student may rank."""

    id: OfferingId
    title: str
    where: str


class Choices(View):
    """A student's choices for the next day to be planned, best first, and what else there is."""

    day: date | None
    open: bool
    ranked: tuple[Option, ...]
    others: tuple[Option, ...]
    most: int = MOST_CHOICES


class Family(View):
    """The children whose days a guardian may see."""

    children: tuple[tuple[StudentId, str], ...]
    day: date
    told: tuple[Told, ...] = ()


@pages.router.get("/my-day", include_in_schema=False, response_model=None)
def my_day(asker: Learner) -> Response:
    """Goes to the day that matters now."""
    with asker.read() as tx:
        day = shown(tx, asker.now)
    return RedirectResponse(f"/my-day/{day or asker.today}", status_code=303)


@pages.page("/my-day/{day}", "student_day.html")
def day_page(asker: Learner, day: date) -> StudentDay:
    """A student's own day."""
    with asker.read() as tx:
        seen = _day(tx, asker.viewer.person, day)
        return seen.model_copy(update={"told": told(asker, tx)})


@pages.page("/family", "family.html")
def family_page(asker: Guardian) -> Family:
    """The children of a family."""
    with asker.read() as tx:
        names = tx.student_names(tx.tied_students, "family")
        day = shown(tx, asker.now) or asker.today
        news = told(asker, tx)
    children = tuple(sorted(names.items(), key=lambda one: one[1]))
    return Family(children=children, day=day, told=news)


@pages.page("/family/{day}/{student:path}", "student_day.html")
def child_page(asker: Guardian, day: date, student: str) -> StudentDay:
    """A child's day, for reading only."""
    with asker.read() as tx:
        return _day(tx, student, day)


def _day(tx: Tx, student: StudentId, day: date) -> StudentDay:
    name = tx.student_names([student], f"day {day} of student {student}").get(student)
    if name is None:
        raise NotFound("no such student")
    before, after = neighbours(tx, day)
    row = tx.published(day)
    schedule = student_schedule(Book(tx, row), student) if row else None
    return StudentDay(
        student=student, name=name, day=day, before=before, after=after, schedule=schedule
    )


@pages.page("/my-choices", "student_choices.html")
def choices_page(asker: Learner) -> Choices:
    """What a student ranked, and what else they may."""
    with asker.read() as tx:
        day = _open_day(tx, asker.today)
        options = _options(tx, asker.viewer.person)
        ranking = _ranking(tx, asker.viewer.person, day) if day else ()
    ranked = tuple(options[one] for one in ranking if one in options)
    others = tuple(option for option in options.values() if option not in ranked)
    return Choices(day=day, open=day is not None, ranked=ranked, others=others)


@pages.form("/my-choices")
def rank(
    asker: Learner,
    day: Annotated[date, Form()],
    ranked: Annotated[list[OfferingId], Form()] = [],  # noqa: B006 - FastAPI copies defaults
    move: Annotated[str, Form(max_length=300)] = "",
) -> Response:
    """Saves a ranking after one step: `move` is up:ID, down:ID, add:ID or drop:ID."""
    with asker.read() as tx:
        if day != _open_day(tx, asker.today):
            raise HTTPException(409, "Choices for that day are closed.")
        options = _options(tx, asker.viewer.person)
        blocks = flex_blocks(tx, day)
    ranking = _moved([one for one in dict.fromkeys(ranked) if one in options], move, options)
    said = ChoiceFacts(
        student=asker.viewer.person, day=day, blocks=blocks, ranking=tuple(ranking[:MOST_CHOICES])
    )
    record(asker, "choice.ranked", said)
    return back_to("/my-choices", "choices-saved")


def _moved(
    ranking: list[OfferingId], move: str, options: dict[OfferingId, Option]
) -> list[OfferingId]:
    step, _, chosen = move.partition(":")
    if chosen not in options:
        return ranking
    if step == "drop":
        return [one for one in ranking if one != chosen]
    if step == "add" and chosen not in ranking:
        return [*ranking, chosen]
    if step in ("up", "down") and chosen in ranking:
        at = ranking.index(chosen)
        to = max(0, min(len(ranking) - 1, at + (1 if step == "down" else -1)))
        ranking.insert(to, ranking.pop(at))
    return ranking


def _open_day(tx: Tx, today: date) -> date | None:
    """The next school day, while no plan for it is approved or published; later wishes would
    change nothing."""
    _, following = neighbours(tx, today)
    if following is None or tx.published(following) is not None:
        return None
    return following


def _options(tx: Tx, student: StudentId) -> dict[OfferingId, Option]:
    """The offerings of choice that a student may come to, by id, in order of title."""
    own = next((one for one in tx.roster("students") if one.id == student), None)
    offerings = [one for one in tx.roster("offerings") if own and _may_choose(own, one)]
    return {
        one.id: Option(id=one.id, title=one.title, where="off campus" if _is_away(one) else "")
        for one in sorted(offerings, key=lambda one: one.title)
    }


def _is_away(offering: Offering) -> bool:
    return "off_campus" in offering.room_kinds


def _may_choose(student: Student, offering: Offering) -> bool:
    return (
        "choice" in offering.minute_kinds
        and (offering.grades is None or student.grade in offering.grades)
        and (offering.groups is None or bool(set(offering.groups) & set(student.groups)))
        and student.id not in offering.barred
        and (student.off_campus_consent or not offering.needs_consent)
    )


def _ranking(tx: Tx, student: StudentId, day: date) -> tuple[OfferingId, ...]:
    ballots = [fact["body"] for fact in tx.facts("ballot", day=day, student=student)]
    return tuple(ballots[-1]["ranking"]) if ballots else ()
