"""The API for other systems: events and files in, the log and what waits or was put aside out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, HTTPException, Path, Query, Request, UploadFile
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from schemas.imports import ImportReport
from schemas.mastery import Mastery
from services.adapters.archive import Files, Limits, open_bytes, open_many
from services.adapters.report import ImportRefused, Ledger
from services.cloudevents import Unreadable, read_json
from services.gathering import Gathering
from services.handlers import Outcome, Status, handle_batch, replay_quarantined
from services.importing import Format, Source, Terms, import_files
from services.settings import Settings
from services.store import Store
from services.viewer import Viewer
from services.web.auth import viewer_of
from services.web.errors import Trouble

router = APIRouter(prefix="/api", tags=["api"])

ONE = {"application/cloudevents+json", "application/json"}
BATCH = "application/cloudevents-batch+json"
HTTP_STATUS: Mapping[Status, int] = {
    "accepted": 200,
    "parked": 200,
    "duplicate": 200,
    "conflict": 409,
    "quarantined": 422,
    "refused": 403,
}
MOST_LOGGED = 1000
"""Log entries in one answer."""

Asking = Annotated[Viewer, Depends(viewer_of)]
StudentInPath = Annotated[str, Path(max_length=200, pattern=r"^[^\x00]+$")]
"""PostgreSQL knows no NUL in text, and so no such student."""


class OutcomeTold(BaseModel):
    """What became of one event; `mend` says what to do where it did not count."""

    status: Status
    source: str = ""
    event_id: str = ""
    reason: str = ""
    mend: str = ""

    @classmethod
    def of(cls, outcome: Outcome) -> OutcomeTold:
        return cls(**vars(outcome))


class Outcomes(BaseModel):
    """What became of each event of a batch, in its order."""

    outcomes: list[OutcomeTold]


class Logged(BaseModel):
    """One logged event; `event` is null once the student's records were erased."""

    seq: int
    received_at: datetime
    event: dict[str, Any] | None


class PutAside(BaseModel):
    """An event that waits, or that could not be read: why, and what would mend it."""

    id: str
    reason: str
    mend: str
    since: datetime


class Intake(BaseModel):
    """How the taking in of events stands in a school."""

    position: int
    accepted: int
    parked: list[PutAside]
    quarantined: list[PutAside]


async def store_of(request: Request) -> Store:
    store: Store = request.app.state.store
    return store


Record = Annotated[Store, Depends(store_of)]


async def whole_school(viewer: Asking) -> Viewer:
    """Raises: HTTPException 403 for roles that do not see the whole school."""
    if not viewer.sees_whole_school:
        raise HTTPException(403, "This is for the school's office.")
    return viewer


WholeSchool = Annotated[Viewer, Depends(whole_school)]


async def who_sends(viewer: Asking) -> Viewer:
    """Raises: HTTPException 403 for those who need no list of ids to send events."""
    if not viewer.sees_whole_school and viewer.access_role != "system":
        raise HTTPException(403, "This is for the school's office and for systems that send.")
    return viewer


async def json_body(request: Request) -> Any:
    """The body, by its media type.

    Raises:
        HTTPException: 415 for another media type, 400 for what is no JSON.
    """
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media not in ONE | {BATCH}:
        raise HTTPException(415, f"Send {', '.join(sorted(ONE))} or {BATCH}.")
    settings: Settings = request.app.state.settings
    try:
        value = read_json(await request.body(), settings.deepest_json)
    except Unreadable as fault:
        raise HTTPException(400, str(fault)) from fault
    if media == BATCH and not isinstance(value, list):
        raise HTTPException(400, "A batch is a JSON list of events.")
    if isinstance(value, list) and len(value) > settings.largest_batch:
        raise HTTPException(413, f"Send at most {settings.largest_batch} events at once.")
    return value


EVENT_BODY = {
    "requestBody": {
        "required": True,
        "description": "One CloudEvents 1.0 event in structured mode, or a list of them.",
        "content": {
            **{media: {"schema": {"type": ["object", "array"]}} for media in sorted(ONE)},
            BATCH: {"schema": {"type": "array", "items": {"type": "object"}}},
        },
    }
}
Told = dict[int | str, dict[str, Any]]


def _refusal(description: str, model: type[BaseModel] | None = None) -> dict[str, Any]:
    """How a refusal is described: problem details, or, where a model is named, that as well."""
    problem = {"application/problem+json": {"schema": Trouble.model_json_schema()}}
    named = {"model": model} if model else {}
    return {"description": description, "content": problem, **named}


ANYWHERE: Told = {
    401: _refusal("Nobody is signed in and no key was given."),
    403: _refusal("Another role, or a form of another site."),
    404: _refusal("Nothing here that the asker may see."),
    422: _refusal("A parameter is missing or wrong."),
    503: _refusal("The database cannot be used now; nothing was taken in. Try again."),
}
OF_EVENTS: Told = {
    **ANYWHERE,
    400: _refusal("The body is no JSON."),
    403: _refusal("No right to send this event.", OutcomeTold),
    409: _refusal("The same id with other content.", OutcomeTold),
    413: _refusal("Too long, or too many events at once."),
    415: _refusal("Another media type."),
    422: _refusal("No event; put aside with its reason.", OutcomeTold),
}
OF_IMPORTS: Told = {
    **ANYWHERE,
    400: _refusal("The upload is broken."),
    413: _refusal("Too long."),
    422: _refusal("Refused whole; the report says why.", ImportReport),
}


@router.post(
    "/events",
    response_model=OutcomeTold | Outcomes,
    responses=OF_EVENTS,
    openapi_extra=EVENT_BODY,
)
async def post_events(request: Request, viewer: Asking, store: Record) -> JSONResponse:
    """Takes in one event, or each of a batch. "Accepted" means committed: it is on disk, and
    counts once however often it is sent again."""
    value = await json_body(request)
    if isinstance(value, list):
        outcomes = await run_in_threadpool(handle_batch, store, viewer, value) if value else []
        told = Outcomes(outcomes=[OutcomeTold.of(outcome) for outcome in outcomes])
        return JSONResponse(told.model_dump())
    gathering: Gathering = request.app.state.gathering
    outcome = await gathering.handle(viewer, value)
    return JSONResponse(OutcomeTold.of(outcome).model_dump(), HTTP_STATUS[outcome.status])


@router.get("/events", responses=ANYWHERE)
def get_events(
    viewer: WholeSchool,
    store: Record,
    after: Annotated[int, Query(ge=0, le=2**62)] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_LOGGED)] = 100,
) -> list[Logged]:
    """The school's log after a position, in the order in which events came in."""
    with store.read(viewer) as tx:
        tx.disclose("log.read", f"after {after}")
        return [
            Logged(
                seq=row.seq,
                received_at=row.received_at,
                event=json.loads(row.body) if row.body else None,
            )
            for row in tx.events_since(after, limit=limit)
        ]


@router.get("/intake", responses=ANYWHERE)
def get_intake(viewer: WholeSchool, store: Record) -> Intake:
    """What was accepted, what waits for an import, and what was put aside and why."""
    with store.read(viewer) as tx:
        return Intake(
            position=tx.position(),
            accepted=tx.tally()["accepted"],
            parked=[
                PutAside(
                    id=f"{row.source} {row.event_id}",
                    reason=row.reason,
                    mend=f"import {row.waiting_for}",
                    since=row.parked_at,
                )
                for row in tx.parked()
            ],
            quarantined=[
                PutAside(id=row.id, reason=row.reason, mend=row.mend, since=row.received_at)
                for row in tx.quarantined()
            ],
        )


@router.post("/intake/replays", responses=ANYWHERE)
def post_replay(viewer: WholeSchool, store: Record) -> Outcomes:
    """Offers all that was put aside again, with the rights of whoever sent it."""
    outcomes = replay_quarantined(store, viewer)
    return Outcomes(outcomes=[OutcomeTold.of(outcome) for outcome in outcomes])


@router.get(
    "/students/{student}/mastery",
    responses=ANYWHERE,
)
def get_mastery(student: StudentInPath, viewer: Asking, store: Record) -> list[Mastery]:
    """A student's states, each with the evidence it rests on."""
    with store.read(viewer) as tx:
        return list(tx.mastery(student))


@router.get(
    "/roster/{kind}/ids",
    responses=ANYWHERE,
)
def get_ids(
    kind: Literal["students", "competencies"],
    viewer: Annotated[Viewer, Depends(who_sends)],
    store: Record,
) -> list[str]:
    """The ids that evidence can name, in order."""
    with store.read(viewer) as tx:
        return tx.ids(kind)


@router.post("/imports/{format}", response_model=ImportReport, responses=OF_IMPORTS)
def post_import(
    request: Request, format: Format, files: list[UploadFile], viewer: WholeSchool, store: Record
) -> Any:
    """Takes files of a format into the asker's own school, all or nothing."""
    contents = {upload.filename or "file": upload.file.read() for upload in files}
    settings: Settings = request.app.state.settings
    limits = Limits(total_bytes=settings.largest_upload)

    def open_all(ledger: Ledger) -> Files:
        if len(contents) == 1:
            return open_bytes(*next(iter(contents.items())), ledger, limits)
        return open_many(contents, ledger, limits)

    try:
        (report,) = import_files(
            store, viewer, [Source(format, open_all)], Terms(schools=(viewer.school,))
        )
    except ImportRefused as refused:
        return JSONResponse(refused.report.model_dump(mode="json"), 422)
    return report
