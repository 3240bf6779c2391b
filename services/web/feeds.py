"""Calendar feeds: each person's published days behind a secret address that can be taken back."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Request, Response

from services.access import from_word, to_word
from services.canonical import sha256
from services.schedules.calendar import calendar_of
from services.store import Store
from services.store.people import PersonKind
from services.viewer import Viewer
from services.web import words
from services.web.pages import Asker, Pages, View, asking, show

pages = Pages()
router = APIRouter(include_in_schema=False)
Anyone = Annotated[Asker, Depends(asking("teacher", "student", "guardian"))]
KINDS: dict[str, PersonKind] = {"teacher": "staff", "student": "student", "guardian": "guardian"}


class FeedPage(View):
    """A person's calendar address: shown in full only when it was just made."""

    active: bool
    address: str | None = None


@pages.page("/my-calendar", "calendar.html")
def calendar_page(asker: Anyone) -> FeedPage:
    """Whether a person has a feed."""
    with asker.read() as tx:
        return FeedPage(active=tx.has_feed(_kind(asker), asker.viewer.person))


@pages.form("/my-calendar")
def make_feed(asker: Anyone) -> Response:
    """Opens a feed under a new secret; the one before it ends. The address is in this answer and
    nowhere else, so that it cannot be read again."""
    with asker.begin() as tx:
        token = tx.feed_token(_kind(asker), asker.viewer.person)
        tx.audit("feed.opened", f"{_kind(asker)} {asker.viewer.person}")
    address = f"{asker.request.base_url}cal/{to_word(asker.viewer.school)}.{token}.ics"
    return show(asker, "calendar.html", FeedPage(active=True, address=address))


@pages.form("/my-calendar/end")
def end_feed(asker: Anyone) -> Response:
    """Ends a feed at once."""
    with asker.begin() as tx:
        tx.revoke_feed(_kind(asker), asker.viewer.person)
        tx.audit("feed.ended", f"{_kind(asker)} {asker.viewer.person}")
    return show(asker, "calendar.html", FeedPage(active=False))


def _kind(asker: Asker) -> PersonKind:
    return KINDS[asker.signed.access_role]


@router.get("/cal/{address}.ics", response_model=None)
def feed(request: Request, address: str) -> Response:
    """A person's published days as iCalendar (RFC 5545, RFC 7986); 304 where nothing changed.

    A wrong address, one taken back and one of a school that is not here answer alike.
    """
    store: Store = request.app.state.store
    word, _, token = address.partition(".")
    school = from_word(word)
    if school is None or school not in store.schools():
        raise HTTPException(404)
    with store.read(Viewer.machine(school, "calendar feed")) as tx:
        whose = tx.feed_person(token)
        if whose is None:
            raise HTTPException(404)
        body = calendar_of(tx, *whose, title=words.message("feed", "name"))
    etag = f'"{sha256(body)}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if request.headers.get("if-none-match") == etag:
        return Response(status_code=304, headers=headers)
    headers["Content-Disposition"] = 'attachment; filename="flexday.ics"'
    return Response(body, media_type="text/calendar; charset=utf-8", headers=headers)
