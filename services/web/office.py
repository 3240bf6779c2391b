"""The administrator's pages: how the taking in of events stands, and imports."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from typing import Annotated

from fastapi import Depends, Form, HTTPException, UploadFile
from fastapi.responses import Response

from schemas.imports import ImportReport
from services.adapters.archive import Files, Limits, open_bytes, open_many
from services.adapters.report import ImportRefused, Ledger
from services.handlers import replay_quarantined
from services.importing import FORMATS, Format, Source, Terms, import_files
from services.store import Told
from services.web.pages import Asker, Pages, View, asking, back_to, show

pages = Pages()
Office = Annotated[Asker, Depends(asking("admin"))]
SHOWN = 50
MOST_COUNTED = 1000


class Waiting(View):
    """Events that wait for one record to be imported."""

    for_what: str
    events: int


class Aside(View):
    """An event that could not be read."""

    reason: str
    mend: str
    since: datetime


class Live(View):
    """What the stream has counted, `behind` by so many messages; `mastered` is of `day`."""

    events: int
    behind: int
    day: date
    mastered: int
    stuck: int
    told_at: datetime

    @classmethod
    def of(cls, told: Told) -> Live:
        counts = told.counts
        return cls(
            events=counts.events,
            behind=told.behind,
            day=counts.day,
            mastered=counts.mastered_today,
            stuck=counts.stuck_students,
            told_at=told.told_at,
        )


class LogPage(View):
    """How the taking in of events stands."""

    position: int
    counts: dict[str, int]
    waiting: tuple[Waiting, ...]
    aside: tuple[Aside, ...]
    """The newest of those put aside."""
    unsent: int
    most_counted: int = MOST_COUNTED
    live: Live | None
    """What the stream has counted, where there is one."""


class Imports(View):
    """The form for an import, with the report of the one just made."""

    formats: tuple[str, ...] = FORMATS
    report: ImportReport | None = None
    refused: bool = False


@pages.page("/log", "log.html")
def log_page(asker: Office) -> LogPage:
    """Counts of what came in, what waits and what was put aside."""
    with asker.read() as tx:
        waiting = Counter(row.waiting_for for row in tx.parked())
        aside = tx.quarantined()[-SHOWN:]
        return LogPage(
            position=tx.position(),
            counts=tx.tally(),
            waiting=tuple(Waiting(for_what=w, events=n) for w, n in waiting.most_common(SHOWN)),
            aside=tuple(
                Aside(reason=row.reason, mend=row.mend, since=row.received_at) for row in aside
            ),
            unsent=len(tx.unsent(MOST_COUNTED)),
            live=Live.of(told) if (told := tx.counts()) else None,
        )


@pages.form("/log/replay")
def replay(asker: Office) -> Response:
    """Offers all that was put aside again."""
    replay_quarantined(asker.store, asker.viewer)
    return back_to("/log", "replayed")


@pages.page("/imports", "imports.html")
def imports_page(asker: Office) -> Imports:
    """The form for an import."""
    return Imports()


@pages.form("/imports")
def take_in(asker: Office, files: list[UploadFile], format: Annotated[Format, Form()]) -> Response:
    """Takes files into the asker's school, all or nothing, and shows the report."""
    contents = {upload.filename or "file": upload.file.read() for upload in files}
    if not any(contents.values()):
        raise HTTPException(422, "Choose at least one file with something in it.")
    limits = Limits(total_bytes=asker.request.app.state.settings.largest_upload)

    def open_all(ledger: Ledger) -> Files:
        if len(contents) == 1:
            return open_bytes(*next(iter(contents.items())), ledger, limits)
        return open_many(contents, ledger, limits)

    try:
        terms = Terms(schools=(asker.viewer.school,))
        reports = import_files(asker.store, asker.viewer, [Source(format, open_all)], terms)
    except ImportRefused as refused:
        return show(asker, "imports.html", Imports(report=refused.report, refused=True), 422)
    return show(asker, "imports.html", Imports(report=reports[0] if reports else None))
