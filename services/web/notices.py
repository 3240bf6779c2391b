"""What people are told once: what changed for them, before, after and why; and alerts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

from fastapi import Depends
from fastapi.responses import Response

from schemas.base import Id
from schemas.schedule import Reason
from schemas.school import AccessRole
from services.schedules import bell_blocks
from services.store import NotFound, Tx
from services.store.people import Notice, PersonKind
from services.web import words
from services.web.pages import PLACES, Asker, Pages, View, asking, back_to
from solver.changes import Whereabouts

pages = Pages()
Anyone = Annotated[
    Asker, Depends(asking("scheduler", "admin", "coordinator", "teacher", "student", "guardian"))
]
KINDS: dict[AccessRole, PersonKind] = {"student": "student", "guardian": "guardian"}
"""The kind of person that a role's notices are addressed to; all others are staff."""


class Changed(View):
    """One block that is no longer what it was."""

    block: str
    before: str
    after: str
    why: Reason


class Told(View):
    """A notice that its reader has not put away yet: changes of a day, or an alert."""

    id: Id
    day: date
    about: str
    """The child it is about; empty for one's own."""
    changes: tuple[Changed, ...] = ()
    alert: str = ""
    plan: Id | None = None
    """The plan that an alert is about."""


def told(asker: Asker, tx: Tx) -> tuple[Told, ...]:
    """What the asker was told of today and the days to come and has not put away, newest first."""
    kind = KINDS.get(asker.signed.access_role, "staff")
    waiting = [
        one
        for one in tx.notices(asker.viewer.person, kind)
        if one.seen_at is None and one.day >= asker.today
    ]
    if not waiting:
        return ()
    names = {one: tx.titles(one) for one in ("staff", "rooms", "offerings")}
    about = {one.body["about"]["person"] for one in waiting if kind == "guardian"}
    children = tx.student_names(sorted(about), "notices") if about else {}
    return tuple(_told(tx, one, names, children) for one in waiting)


def _told(
    tx: Tx, notice: Notice, names: Mapping[str, Mapping[str, str]], children: Mapping[str, str]
) -> Told:
    body = notice.body
    if "alert" in body:
        alert = words.alert(body["alert"], notice.day, body.get("rules", ()))
        return Told(id=notice.id, day=notice.day, about="", alert=alert, plan=body["plan"])
    blocks = {block.id: block.title for block in bell_blocks(tx, notice.day)}
    return Told(
        id=notice.id,
        day=notice.day,
        about=children.get(body["about"]["person"], ""),
        changes=tuple(_changed(one, names, blocks) for one in body["changes"]),
    )


def _changed(
    said: Mapping[str, Any], names: Mapping[str, Mapping[str, str]], blocks: Mapping[str, str]
) -> Changed:
    why = Reason.model_validate_json(json.dumps(said["why"]))
    known = {"staff": names["staff"], "owner": names["staff"], "room": names["rooms"]}
    named = {f"{kind}_name": known.get(kind, {}).get(id, id) for kind, id in why.parameters.items()}
    before, after = _whereabouts(said["before"]), _whereabouts(said["after"])
    return Changed(
        block=blocks.get(said["block"], said["block"]),
        before=_place(before, names),
        after=_place(after, names),
        why=why.model_copy(update={"parameters": {**why.parameters, **named}}),
    )


def _whereabouts(kept: Mapping[str, Any] | None) -> Whereabouts | None:
    return None if kept is None else Whereabouts.model_validate_json(json.dumps(kept))


def _place(where: Whereabouts | None, names: Mapping[str, Mapping[str, str]]) -> str:
    if where is None:
        return words.message("what", "nowhere")
    title = names["offerings"].get(where.offering or "") or words.message("what", "home")
    room = names["rooms"].get(where.room, where.room)
    return ", ".join([title, room, *(names["staff"].get(one, one) for one in where.adults)])


@pages.form("/notices/{notice}/seen")
def put_away(asker: Anyone, notice: str) -> Response:
    """Takes a notice of the asker's own off their pages."""
    kind = KINDS.get(asker.signed.access_role, "staff")
    with asker.begin() as tx:
        if notice not in {one.id for one in tx.notices(asker.viewer.person, kind)}:
            raise NotFound("no such notice")
        tx.mark_notice_seen(notice)
    return back_to(PLACES[asker.signed.access_role][0][0])
