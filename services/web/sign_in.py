"""Signing in by picking a person and a role, for demos and trials; signing out."""

from __future__ import annotations

from typing import Annotated, get_args

from fastapi import APIRouter, Depends, Form, HTTPException, Request
from fastapi.responses import RedirectResponse, Response

from schemas.school import AccessRole
from services.store import Store
from services.store.tx import Tx
from services.viewer import Viewer
from services.web.auth import SignIns, own_form, signed_of
from services.web.pages import PLACES, back_to, name_in_role, show_to_anybody

router = APIRouter(include_in_schema=False)
PURPOSE = "role picker"


@router.get("/", response_model=None)
def start(request: Request) -> Response:
    """Everybody starts at the first page of their role."""
    return RedirectResponse(PLACES[signed_of(request).access_role][0][0], status_code=303)


@router.get("/sign-in", response_model=None)
def sign_in_page(request: Request, school: str | None = None, next: str = "") -> Response:
    picker: bool = request.app.state.settings.role_picker
    store: Store = request.app.state.store
    schools = _schools(store) if picker else []
    chosen = school if school in dict(schools) else (schools[0][0] if schools else "")
    return show_to_anybody(
        request,
        "sign_in.html",
        picker=picker,
        schools=schools,
        school=chosen,
        roles=_people_by_role(store, chosen) if chosen else [],
        next=next,
    )


@router.post("/sign-in", response_model=None)
def sign_in(
    request: Request,
    school: Annotated[str, Form(max_length=200)],
    role: Annotated[AccessRole, Form()],
    person: Annotated[str, Form(max_length=200)],
    next: Annotated[str, Form(max_length=500)] = "",
) -> Response:
    store: Store = request.app.state.store
    if not request.app.state.settings.role_picker:
        raise HTTPException(403, "The role picker is switched off in this installation.")
    if school not in store.schools():
        raise HTTPException(422, "There is no such school; choose one from the list.")
    with store.begin(Viewer.machine(school, PURPOSE)) as tx:
        if name_in_role(tx, role, person) is None:
            raise HTTPException(422, "Nobody of that name acts in that role; choose from the list.")
        tx.audit("signed.in", f"{role} {person}")
    answer = back_to(next if _is_own_path(next) else PLACES[role][0][0])
    sign_ins: SignIns = request.app.state.sign_ins
    sign_ins.start(request, answer, school, role, person)
    return answer


@router.post("/sign-out", response_model=None, dependencies=[Depends(own_form)])
def sign_out(request: Request) -> Response:
    answer = back_to("/sign-in", "signed-out")
    sign_ins: SignIns = request.app.state.sign_ins
    sign_ins.end(request, answer)
    return answer


def _is_own_path(path: str) -> bool:
    """Whether an address leads to a page of ours: browsers read // and /\\ as another host."""
    return path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()


def _schools(store: Store) -> list[tuple[str, str]]:
    found = []
    for school in store.schools():
        with store.read(Viewer.machine(school, PURPOSE)) as tx:
            found.append((school, tx.school().title))
    return found


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
