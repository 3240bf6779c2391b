"""How a page is made: one view object, shown through a template or, by its twin, as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, wraps
from typing import Any, TypeVar, get_type_hints
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import jinja2
from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from markupsafe import Markup
from pydantic import BaseModel, ConfigDict

from schemas.school import AccessRole, School
from services.access import name_in_role
from services.store import Store
from services.store.tx import Tx
from services.viewer import Viewer
from services.web import words
from services.web.auth import TOKEN_FIELD, Signed, SignInNeeded, own_form, signed_as

Handler = TypeVar("Handler", bound=Callable[..., Any])


class View(BaseModel):
    """What a page shows: names already found, words not yet. Its JSON twin is this very object."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class Asker:
    """Somebody signed in who asks for a page, with what every page shows around its own part."""

    request: Request
    signed: Signed
    name: str
    school: School
    invented: bool

    @property
    def viewer(self) -> Viewer:
        return self.signed.viewer

    @property
    def store(self) -> Store:
        store: Store = self.request.app.state.store
        return store

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.school.zone)

    @property
    def now(self) -> datetime:
        """The time on the school's clock."""
        return self.store.clock().astimezone(self.zone)

    @property
    def today(self) -> date:
        """The date at the school."""
        return self.now.date()

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A transaction to read in, for this person."""
        with self.store.read(self.viewer) as tx:
            yield tx

    @contextmanager
    def begin(self) -> Iterator[Tx]:
        """A transaction to change things in, for this person."""
        with self.store.begin(self.viewer) as tx:
            yield tx


def asking(*roles: AccessRole) -> Callable[..., Asker]:
    """A dependency: the asker, if signed in with one of the roles and still of the school.

    Raises:
        SignInNeeded: nobody is signed in, or the person has since lost the role.
    """

    def find(request: Request) -> Asker:
        signed = signed_as(request, roles)
        store: Store = request.app.state.store
        with store.read(Viewer.machine(signed.school, "who is signed in")) as tx:
            name = name_in_role(tx, signed.access_role, signed.person)
            if name is None:
                raise SignInNeeded
            invented = bool(tx.settings().get("invented"))
            return Asker(request, signed, name, tx.school(), invented)

    return find


class Pages:
    """A router whose pages each have a JSON twin at the same address with `.json` behind it."""

    def __init__(self) -> None:
        self.router = APIRouter()

    def page(self, path: str, template: str) -> Callable[[Handler], Handler]:
        """Registers a handler that takes `asker` and returns a View, as page and as JSON."""

        def register(handler: Handler) -> Handler:
            @wraps(handler)
            def page(**asked: Any) -> Response:
                return show(asked["asker"], template, handler(**asked))

            twin = self.router.get(
                f"{path}.json", response_model=get_type_hints(handler)["return"], tags=["pages"]
            )
            twin(handler)
            self.router.get(path, include_in_schema=False, response_model=None)(page)
            return handler

        return register

    def form(self, path: str) -> Callable[[Handler], Handler]:
        """Registers a handler of a posted form; it answers with `back_to`."""
        return self.router.post(
            path, include_in_schema=False, response_model=None, dependencies=[Depends(own_form)]
        )


def show(asker: Asker, template: str, view: View, status: int = 200) -> Response:
    """The view as a page, or as JSON for those who ask for that."""
    if wants_json(asker.request):
        return JSONResponse(view.model_dump(mode="json"), status)
    return HTMLResponse(_fill(template, asker=asker, view=view), status)


def show_to_anybody(request: Request, template: str, status: int = 200, **shown: Any) -> Response:
    """A page for those not signed in: sign-in and errors."""
    return HTMLResponse(_fill(template, asker=None, request=request, **shown), status)


def _fill(template: str, **shown: Any) -> str:
    asker: Asker | None = shown["asker"]
    request: Request = asker.request if asker else shown["request"]
    around = {
        "said": words.said(request.query_params.get("said", "")),
        "places": PLACES[asker.signed.access_role] if asker else (),
        "request": request,
        "token": _token(asker) if asker else "",
    }
    return templates().get_template(template).render(shown | around)


def _token(asker: Asker) -> Markup:
    """The hidden field that every form carries."""
    field = Markup('<input type="hidden" name="{}" value="{}">')
    return field.format(TOKEN_FIELD, asker.signed.csrf)


def wants_json(request: Request) -> bool:
    """Whether JSON was asked for, by the address or by the Accept header."""
    if request.url.path.endswith(".json"):
        return True
    accepted = request.headers.get("accept", "")
    return "json" in accepted and "text/html" not in accepted


def back_to(path: str, said: str = "") -> RedirectResponse:
    """After a change: go to a page, which says what was done (a message id) once."""
    query = f"?{urlencode({'said': said})}" if said else ""
    return RedirectResponse(f"{path}{query}", status_code=303)


PLACES: dict[AccessRole, tuple[tuple[str, str], ...]] = {
    "scheduler": (("/days", "Days"), ("/what-if", "What if")),
    "admin": (
        ("/days", "Days"),
        ("/what-if", "What if"),
        ("/owed", "Owed time"),
        ("/imports", "Imports"),
        ("/log", "Log"),
    ),
    "coordinator": (("/owed", "Owed time"),),
    "teacher": (("/teaching", "My day"), ("/my-calendar", "Calendar")),
    "student": (("/my-day", "My day"), ("/my-choices", "Choices"), ("/my-calendar", "Calendar")),
    "guardian": (("/family", "Family"), ("/my-calendar", "Calendar")),
}
"""Where each role can go from every page; the first is where they start."""


def part(text: str) -> str:
    """An id as one part of an address, whatever characters it has."""
    return quote(text, "")


@cache
def templates() -> jinja2.Environment:
    """The templates, strict about names they do not know."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("services.web"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        clock=words.clock,
        day=words.day,
        short_day=words.short_day,
        moment=words.moment,
        grouped=words.grouped,
        part=part,
    )
    environment.globals.update(words=words)
    return environment
