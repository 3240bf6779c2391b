"""A published day on paper: rosters and schedules as files that need nothing else to print."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from typing import NamedTuple

from markupsafe import Markup

from schemas.schedule import Roster, Schedule
from services.schedules import Book, book_before, leavers, roster, staff_schedule, student_schedule
from services.store import PlanRow, Tx
from services.web.pages import templates


class Sheet(NamedTuple):
    """One person's day, under their name."""

    name: str
    about: str
    schedule: Schedule


def printed(tx: Tx, row: PlanRow) -> Iterator[tuple[str, str]]:
    """(name, HTML) of each file of a plan: rosters by session, a day per adult, a day per student.

    The names of students are those the viewer may see. Reasons that only the entitled may know
    stand on the student's own sheet, never on a roster.
    """
    book = Book(tx, row)
    yield "rosters", _page(tx, book, "print_rosters.html", rosters=rosters(tx, book))
    yield "staff", _page(tx, book, "print_days.html", reader="staff", sheets=staff_sheets(tx, book))
    yield (
        "students",
        _page(tx, book, "print_days.html", reader="student", sheets=student_sheets(tx, book)),
    )


def rosters(tx: Tx, book: Book) -> list[Roster]:
    """The roster of every session, in order of time, room and title."""
    before = book_before(tx, book.row)
    coming = {placement.student for placement in book.plan.placements}
    gone = {s for session in book.sessions if before for s in leavers(book, before, session)}
    names = tx.student_names(coming, f"printed rosters {book.row.day}", told_before=gone)
    found = [roster(book, session, names, before) for session in book.sessions]
    return sorted(found, key=lambda one: (one.start, one.room, one.title, one.session))


def staff_sheets(tx: Tx, book: Book) -> list[Sheet]:
    """The day of every adult who is there, by name."""
    at_work = [adult.id for adult in book.problem.staff if set(book.blocks) - set(adult.away)]
    named = ((book.names.staff.get(adult, adult), adult) for adult in at_work)
    return [Sheet(name, "", staff_schedule(book, adult)) for name, adult in sorted(named)]


def student_sheets(tx: Tx, book: Book) -> list[Sheet]:
    """The day of every student who is there, by name."""
    grades = {
        student.id: student.grade
        for student in book.problem.students
        if set(book.blocks) - set(student.away)
    }
    names = tx.student_names(list(grades), f"printed schedules {book.row.day}")
    return [
        Sheet(name, _grade(grades[student]), student_schedule(book, student))
        for name, student in sorted((name, student) for student, name in names.items())
    ]


def _grade(grade: str | None) -> str:
    return f"grade {grade.lstrip('0')}" if grade else ""


def _page(tx: Tx, book: Book, template: str, **shown: object) -> str:
    # the style travels inside, so that a file can be mailed or carried on a stick
    style = Markup(files("services.web").joinpath("static", "flexday.css").read_text("utf-8"))
    around = {"style": style, "school": tx.school(), "row": book.row}
    around["invented"] = bool(tx.settings().get("invented"))
    return templates().get_template(template).render(around | shown)
