"""Errors as pages and as JSON: what went wrong, where, and how to mend it."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from services.store.errors import (
    NotAllowed,
    NotFound,
    StoreError,
    Unavailable,
    UnknownSchool,
    Unstorable,
)
from services.web import words
from services.web.auth import SignInNeeded
from services.web.pages import show_to_anybody, wants_json
from services.web.security import HEADERS
from services.workflow import Refused

log = structlog.get_logger()
RETRY_SECONDS = "5"
API = "/api/"
WITH_FORMS = ("/days/", "/plans/", "/what-if/", "/teaching/")
"""Pages that their forms' addresses begin with."""


class Trouble(BaseModel):
    """An error as it is shown: RFC 9457 problem details with the way to mend it."""

    status: int
    title: str
    detail: str
    mend: str
    rules: list[str] = []
    """Rules that stand in the way, in words."""


def trouble(status: int, detail: str = "", mend: str = "") -> Trouble:
    """The words for a status, with what is known beyond them."""
    known = words.catalogue()["trouble"]
    said = known.get(str(status)) or known["500" if status >= 500 else "409"]
    return Trouble(
        status=status,
        title=said["title"],
        detail=detail or said["detail"],
        mend=mend or said["mend"],
    )


def answer(request: Request, told: Trouble) -> Response:
    """An error as a page, or as JSON where JSON was asked for."""
    headers = {"Retry-After": RETRY_SECONDS} if told.status == 503 else None
    if wants_json(request) or request.url.path.startswith(API):
        return JSONResponse(
            told.model_dump(), told.status, headers, media_type="application/problem+json"
        )
    page = show_to_anybody(request, "trouble.html", told.status, trouble=told, back=_back(request))
    page.headers.update(headers or {})
    return page


def add_handlers(app: FastAPI) -> None:
    """Every error of ours, of the framework and of the store, answered in one way.

    Nobody's record and a record one may not see give the same answer, so that an address tells
    nothing about who is at the school.
    """

    @app.exception_handler(SignInNeeded)
    def _(request: Request, error: SignInNeeded) -> Response:
        if wants_json(request) or request.url.path.startswith(API):
            return answer(request, trouble(401))
        wanted = f"?next={quote(request.url.path)}" if request.method == "GET" else ""
        return RedirectResponse(f"/sign-in{wanted}", status_code=303)

    @app.exception_handler(HTTPException)
    def _(request: Request, error: HTTPException) -> Response:
        detail = error.detail if error.status_code not in (404, 405) else ""
        told = answer(request, trouble(error.status_code, detail))
        told.headers.update(error.headers or {})
        return told

    @app.exception_handler(RequestValidationError)
    def _(request: Request, error: RequestValidationError) -> Response:
        if any(fault["loc"][:1] == ("path",) for fault in error.errors()):
            return answer(request, trouble(404))
        return answer(request, trouble(422, "; ".join(map(_fault, error.errors()[:5]))))

    @app.exception_handler(StoreError)
    def _(request: Request, error: StoreError) -> Response:
        if isinstance(error, NotFound | NotAllowed | UnknownSchool):
            return answer(request, trouble(404))
        if isinstance(error, Unavailable):
            return answer(request, trouble(503))
        return answer(request, trouble(422 if isinstance(error, Unstorable) else 409, str(error)))

    @app.exception_handler(Refused)
    def _(request: Request, error: Refused) -> Response:
        if error.status == 404:
            return answer(request, trouble(404))
        told = trouble(error.status, _said(error.message), _said(error.mend))
        if error.findings:
            rules = [words.rule(rule) for rule in dict.fromkeys(f.rule for f in error.findings)]
            known = words.catalogue()["trouble"]["rules"]
            told = told.model_copy(
                update={"title": known["title"], "detail": known["detail"], "rules": rules}
            )
        return answer(request, told)

    @app.exception_handler(Exception)
    def _(request: Request, error: Exception) -> Response:
        log.error("request failed", method=request.method, error=type(error).__name__)
        told = answer(request, trouble(500))
        told.headers.update(HEADERS | {"Cache-Control": "no-store"})
        return told


def _back(request: Request) -> str:
    """The page whose form was sent: its address is that of the form without the last part."""
    page = request.url.path.rpartition("/")[0]
    return page if request.method == "POST" and page.startswith(WITH_FORMS) else ""


def _said(text: str) -> str:
    """A clause as a sentence of its own."""
    return f"{text[:1].upper()}{text[1:]}."


def _fault(fault: Any) -> str:
    where = ".".join(str(part) for part in fault["loc"][1:]) or "body"
    return f"{where}: {fault['msg']}"
