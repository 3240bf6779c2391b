"""Who is asking: a browser that is signed in, another system by its key; and CSRF checks.

A school's own sign-in takes the place of `/sign-in` alone; the rest only knows `Signed`.
"""

from __future__ import annotations

import hmac
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool

from schemas.school import AccessRole
from services.access import LONGEST, Senders, SignIns, name_in_role
from services.viewer import Viewer

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
TOKEN_FIELD = "csrf"
TOKEN_HEADER = "x-csrf-token"


class SignInNeeded(Exception):
    """Nobody is signed in, or no longer."""


@dataclass(frozen=True)
class Signed:
    """A signed-in person in one school and role; `csrf` is what their forms must send back."""

    school: str
    access_role: AccessRole
    person: str
    csrf: str

    @property
    def viewer(self) -> Viewer:
        if self.access_role == "student":
            return Viewer.student(self.school, self.person)
        if self.access_role == "guardian":
            return Viewer.guardian(self.school, self.person)
        return Viewer.staff(self.school, self.access_role, self.person)


def start(
    request: Request,
    response: Response,
    school: str,
    role: AccessRole,
    person: str,
    account: str | None = None,
) -> None:
    """Signs a person in; any sign-in before it in this browser ends."""
    sign_ins: SignIns = request.app.state.sign_ins
    sign_ins.end(_token(request))
    response.set_cookie(
        _cookie(request),
        sign_ins.begin(school, role, person, account),
        max_age=int(LONGEST.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        path="/",
    )


def end(request: Request, response: Response) -> None:
    """Signs whoever asks out, here and in the record."""
    sign_ins: SignIns = request.app.state.sign_ins
    sign_ins.end(_token(request))
    response.delete_cookie(_cookie(request), path="/", secure=request.url.scheme == "https")


def _token(request: Request) -> str:
    return request.cookies.get(_cookie(request), "")


def _cookie(request: Request) -> str:
    """The __Host- prefix binds the cookie to this host, but browsers take it over TLS only."""
    return "__Host-flexday" if request.url.scheme == "https" else "flexday"


def signed_of(request: Request) -> Signed:
    """Raises: SignInNeeded."""
    sign_ins: SignIns = request.app.state.sign_ins
    if (signed := sign_ins.read(_token(request))) is None:
        raise SignInNeeded
    return Signed(*signed)


async def viewer_of(request: Request) -> Viewer:
    """Who asks: the person signed in, or the system that a key in `Authorization: Bearer` names.

    Raises:
        SignInNeeded: neither is there, or the person has since lost the role.
    """
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        senders: Senders = request.app.state.senders
        key = key.strip()
        sender = senders.remembered(key) or await run_in_threadpool(senders.of, key)
        if sender is None:
            raise SignInNeeded
        return sender
    return await run_in_threadpool(_person_of, request)


def _person_of(request: Request) -> Viewer:
    viewer = signed_of(request).viewer
    with request.app.state.store.read(Viewer.machine(viewer.school, "who is signed in")) as tx:
        if name_in_role(tx, viewer.access_role, viewer.person) is None:  # type: ignore[arg-type]
            raise SignInNeeded
    return viewer


def signed_as(request: Request, roles: Collection[AccessRole]) -> Signed:
    """Who is signed in, if in one of the roles.

    Raises:
        SignInNeeded: nobody is signed in.
        HTTPException: 403 in any other role.
    """
    signed = signed_of(request)
    if signed.access_role not in roles:
        raise HTTPException(403, "This page is for other roles.")
    return signed


async def own_form(request: Request) -> None:
    """A dependency that lets a change through only where it comes from a page of ours: it carries
    the token of the sign-in, in the field `csrf` or the header X-CSRF-Token.

    Raises:
        HTTPException: 403 otherwise.
    """
    expected = (await run_in_threadpool(signed_of, request)).csrf
    header = request.headers.get(TOKEN_HEADER)
    given = header if header is not None else (await request.form()).get(TOKEN_FIELD)
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), expected.encode()):
        raise HTTPException(403, "This form has expired. Load the page again and resend it.")


async def not_from_elsewhere(request: Request) -> None:
    """A dependency of every address: no change comes from another site's page. Systems with a key
    are no browsers and carry no cookie that could be misused.

    Raises:
        HTTPException: 403 where the browser says that it does.
    """
    if request.method in SAFE_METHODS or "authorization" in request.headers:
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        foreign = site not in ("same-origin", "none")
    else:
        foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("host")
    if foreign:
        raise HTTPException(403, "The form came from another site.")
