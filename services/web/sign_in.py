"""Signing in by name and password, or in demos by picking whom to be; signing out."""

from __future__ import annotations

from typing import Annotated, get_args

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from schemas.school import AccessRole
from services.access import LONGEST_PASSWORD, Refused, enter, name_in_role
from services.store import Store
from services.store.tx import Tx
from services.viewer import Viewer
from services.web.auth import end as end_sign_in
from services.web.auth import own_form, signed_of
from services.web.auth import start as start_sign_in
from services.web.pages import PLACES, back_to, show_to_anybody

router = APIRouter(include_in_schema=False)
picker = APIRouter(include_in_schema=False)
PURPOSE = "role picker"


@router.get("/", response_model=None)
def start(request: Request) -> Response:
    """Everybody starts at the first page of their role."""
    return RedirectResponse(PLACES[signed_of(request).access_role][0][0], status_code=303)


@router.get("/sign-in", response_model=None)
def sign_in_page(request: Request, school: str | None = None, next: str = "") -> Response:
    return _page(request, school, next)


def _page(
    request: Request, school: str | None, next: str, refused: str = "", status: int = 200
) -> Response:
    may_pick: bool = request.app.state.settings.role_picker
    store: Store = request.app.state.store
    schools = store.school_titles()
    chosen = school if school in schools else min(schools, default="")
    return show_to_anybody(
        request,
        "sign_in.html",
        status,
        picker=may_pick,
        schools=list(schools.items()),
        school=chosen,
        roles=_people_by_role(store, chosen) if may_pick and chosen else [],
        next=next,
        refused=refused,
    )


@router.post("/sign-in", response_model=None)
def sign_in(
    request: Request,
    school: Annotated[str, Form(max_length=200)],
    name: Annotated[str, Form(max_length=200)],
    password: Annotated[str, Form(max_length=LONGEST_PASSWORD)],
    next: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Signs in whoever knows an account's password."""
    store: Store = request.app.state.store
    try:
        if school not in store.schools():
            raise Refused("There is no such school; choose one from the list.")
        role, person = enter(store, school, name, password)
    except Refused as refused:
        return _page(request, school, next, str(refused), 403)
    answer = _onwards(role, next)
    start_sign_in(request, answer, school, role, person, name)
    return answer


@picker.post("/sign-in/as", response_model=None)
def pick(
    request: Request,
    school: Annotated[str, Form(max_length=200)],
    role: Annotated[AccessRole, Form()],
    person: Annotated[str, Form(max_length=200)],
    next: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    """Signs anybody in as anybody: there only in demos and trials."""
    store: Store = request.app.state.store
    if school not in store.schools():
        raise HTTPException(422, "There is no such school; choose one from the list.")
    with store.begin(Viewer.machine(school, PURPOSE)) as tx:
        if name_in_role(tx, role, person) is None:
            raise HTTPException(422, "Nobody of that name acts in that role; choose from the list.")
        tx.audit("signed.in", f"{role} {person}", reason=PURPOSE)
    answer = _onwards(role, next)
    start_sign_in(request, answer, school, role, person)
    return answer


def _onwards(role: AccessRole, wanted: str) -> RedirectResponse:
    return back_to(wanted if _is_own_path(wanted) else PLACES[role][0][0])


@router.post("/sign-out", response_model=None, dependencies=[Depends(own_form)])
def sign_out(request: Request) -> Response:
    answer = back_to("/sign-in", "signed-out")
    end_sign_in(request, answer)
    return answer


def _is_own_path(path: str) -> bool:
    """Whether an address leads to a page of ours: browsers read // and /\\ as another host."""
    return path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()


def _people_by_role(store: Store, school: str) -> list[tuple[AccessRole, list[tuple[str, str]]]]:
    """Whom one may pick to be, by role; roles that nobody has are left out."""
    with store.read(Viewer.machine(school, PURPOSE)) as tx:
        people = {role: _people(tx, role) for role in get_args(AccessRole)}
    return [
        (role, sorted(named, key=lambda one: one[1])) for role, named in people.items() if named
    ]


def _people(tx: Tx, role: AccessRole) -> list[tuple[str, str]]:
    if role == "student":
        return [(s.id, f"{s.given_name} {s.family_name}") for s in tx.roster("students")]
    if role == "guardian":
        links = [link for link in tx.guardian_links() if link.may_see and not link.court_restricted]
        return list({g.guardian: f"{g.given_name} {g.family_name}".strip() for g in links}.items())
    adults = [adult for adult in tx.roster("staff") if role in adult.access_roles]
    return [(adult.id, f"{adult.given_name} {adult.family_name}") for adult in adults]
