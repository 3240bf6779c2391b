"""The coordinator's page: support owed on a day, where it is planned, and what is short."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import Depends
from fastapi.responses import RedirectResponse, Response

from schemas.base import Id
from schemas.problem import DayService
from services.schedules import Book, neighbours, shown
from services.store import Tx
from services.web.pages import Asker, Pages, View, asking

pages = Pages()
Coordinator = Annotated[Asker, Depends(asking("coordinator", "admin"))]


class OwedLine(View):
    """A service that is due on the day, in minutes."""

    service: Id
    student: str
    due: int
    short: int
    at: tuple[str, ...]
    """When, where and with whom it is planned."""


class Owed(View):
    """The services due on a day, those that are short first; none where no plan is published."""

    day: date
    before: date | None
    after: date | None
    published: bool
    lines: tuple[OwedLine, ...]

    @property
    def short(self) -> int:
        return sum(1 for line in self.lines if line.short)


@pages.router.get("/owed", include_in_schema=False, response_model=None)
def today_page(asker: Coordinator) -> Response:
    """Goes to the day that matters now."""
    with asker.read() as tx:
        day = shown(tx, asker.now)
    return RedirectResponse(f"/owed/{day or asker.today}", status_code=303)


@pages.page("/owed/{day}", "owed.html")
def owed_page(asker: Coordinator, day: date) -> Owed:
    """Support owed on a day, against what is published."""
    with asker.read() as tx:
        before, after = neighbours(tx, day)
        row = tx.published(day)
        lines = _lines(tx, Book(tx, row)) if row else []
    return Owed(
        day=day,
        before=before,
        after=after,
        published=row is not None,
        lines=tuple(sorted(lines, key=lambda line: (-line.short, line.student))),
    )


def _lines(tx: Tx, book: Book) -> list[OwedLine]:
    short = {
        finding.subjects["service"]: finding.amount
        for finding in book.plan.findings
        if finding.rule == "service-short"
    }
    services = book.problem.services
    names = tx.student_names(
        [service.student for service in services], f"owed time of {book.row.day}"
    )
    return [
        OwedLine(
            service=service.id,
            student=names.get(service.student, service.student),
            due=service.minutes_due,
            short=short.get(service.id, 0),
            at=tuple(_planned(book, service)),
        )
        for service in services
    ]


def _planned(book: Book, service: DayService) -> list[str]:
    found = []
    for session in book.layout.sessions_of(service.student):
        if book.facts.delivers(service, session.offering):
            blocks = " and ".join(book.blocks[block].title for block in session.blocks)
            adults = book.adults(duty.staff for duty in session.duties)
            found.append(", ".join([blocks, book.room(session.room), *adults]))
    return found
