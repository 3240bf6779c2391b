"""Who is asking: a role picker behind a signed cookie, keys for other systems, and CSRF checks.

A school's own sign-in takes the place of `/sign-in` alone; the rest only knows `Signed`.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

from fastapi import HTTPException, Request, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer

from schemas.school import AccessRole
from services.canonical import sha256
from services.viewer import Viewer

SIGNED_IN_SECONDS = 12 * 3600
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


class SignIns:
    """Puts sign-ins into cookies signed with `secret`, and takes them out again."""

    def __init__(self, secret: str) -> None:
        self._serializer = URLSafeTimedSerializer(secret or secrets.token_urlsafe(32), "sign-in")

    def start(
        self, request: Request, response: Response, school: str, role: AccessRole, person: str
    ) -> None:
        """Signs a person in; any sign-in before it in this browser ends."""
        signed = Signed(school, role, person, secrets.token_urlsafe(32))
        secure = request.url.scheme == "https"
        response.set_cookie(
            _cookie(request),
            self._serializer.dumps(asdict(signed)),
            max_age=SIGNED_IN_SECONDS,
            httponly=True,
            samesite="lax",
            secure=secure,
            path="/",
        )

    def end(self, request: Request, response: Response) -> None:
        response.delete_cookie(_cookie(request), path="/", secure=request.url.scheme == "https")

    def read(self, request: Request) -> Signed | None:
        """Who is signed in, or None when the cookie is missing, forged or too old."""
        try:
            fields: Any = self._serializer.loads(
                request.cookies.get(_cookie(request), ""), max_age=SIGNED_IN_SECONDS
            )
            return Signed(**fields)
        except (BadSignature, TypeError):
            return None


def _cookie(request: Request) -> str:
    """The __Host- prefix binds the cookie to this host, but browsers take it over TLS only."""
    return "__Host-flexday" if request.url.scheme == "https" else "flexday"


def signed_of(request: Request) -> Signed:
    """Raises: SignInNeeded."""
    sign_ins: SignIns = request.app.state.sign_ins
    signed = sign_ins.read(request)
    if signed is None:
        raise SignInNeeded
    return signed


def viewer_of(request: Request) -> Viewer:
    """Who asks: the person signed in, or the system that a key in `Authorization: Bearer` names.

    Raises:
        SignInNeeded: neither is there.
    """
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        keys: dict[str, str] = request.app.state.settings.api_keys
        school = keys.get(sha256(key.strip()))
        if school is None:
            raise SignInNeeded
        return Viewer.machine(school, purpose="events from another system")
    return signed_of(request).viewer


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
    expected = signed_of(request).csrf
    header = request.headers.get(TOKEN_HEADER)
    given = header if header is not None else (await request.form()).get(TOKEN_FIELD)
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), expected.encode()):
        raise HTTPException(403, "This form has expired. Load the page again and resend it.")


def not_from_elsewhere(request: Request) -> None:
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
