"""What-if pages: changes laid over a day, solved apart, side by side with the live plan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any

from fastapi import Depends, Form, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from starlette.datastructures import FormData

from schemas.base import Id
from schemas.scenario import Changes
from services import scenarios
from services.scenarios import ChangesRefused, Comparison, read_changes, read_yaml
from services.scenarios.compare import Measure
from services.schedules import neighbours
from services.store import ScenarioRow, Tx
from services.web import words
from services.web.naming import Directory, directory_of
from services.web.pages import Asker, Pages, View, asking, back_to
from solver.changes import Change, PersonKind
from solver.rules import RULES

pages = Pages()
Planner = Annotated[Asker, Depends(asking("scheduler", "admin"))]
EXTRA_ADULT, EXTRA_ROOM = "extra-adult", "extra-room"
MOST_EXTRA = 9
MORE_IS_BETTER = frozenset({"needs_served", "first_choices", "choices"})
LESS_IS_BETTER = frozenset({"requests_missed", "services_short", "unplaced", "hard_findings"})
"""Which way each measure is better; others say nothing either way."""
PEOPLE_SHOWN = 100
LONGEST_TITLE = 200
Named = tuple[tuple[Id, str], ...]


class ScenarioLine(View):
    """A what-if in the list."""

    id: Id
    title: str
    day: date
    status: str


class WhatIf(View):
    """The form for a what-if, and those made so far."""

    day: date
    staff: Named
    rooms: Named
    blocks: Named
    offerings: Named
    qualifications: tuple[str, ...]
    weights: tuple[tuple[str, int], ...]
    """Soft rules and what they weigh now."""
    made: tuple[ScenarioLine, ...]


class ScenarioPage(View):
    """A what-if beside the live plan; no comparison until it is answered."""

    scenario: ScenarioLine
    changes: dict[str, Any]
    changed: tuple[str, ...]
    """The changes in words."""
    error: str | None
    comparison: Comparison | None
    names: Directory | None
    shown: int = PEOPLE_SHOWN

    @property
    def moved(self) -> list[tuple[PersonKind, Id, list[Change]]]:
        """Everybody who would be somewhere else, adults first, with their changes."""
        by_person: dict[tuple[PersonKind, Id], list[Change]] = defaultdict(list)
        for change in self.comparison.moves if self.comparison else ():
            by_person[change.person_kind, change.person].append(change)
        found = [(kind, person, theirs) for (kind, person), theirs in by_person.items()]
        return sorted(found, key=lambda one: one[0])

    def verdict(self, measure: Measure) -> str:
        """Whether the what-if does better or worse by a measure; nothing where neither is so."""
        more = measure.scenario - measure.live
        if not more or measure.id not in MORE_IS_BETTER | LESS_IS_BETTER:
            return ""
        return "better" if (more > 0) == (measure.id in MORE_IS_BETTER) else "worse"


@pages.page("/what-if", "whatif.html")
def whatif_page(asker: Planner, day: date | None = None) -> WhatIf:
    """The form, for a day: the next school day where none is named."""
    with asker.read() as tx:
        chosen = day or neighbours(tx, asker.today)[1] or asker.today
        policy = tx.settings().get("day", {}).get("weights", {})
        soft = [rule for rule in RULES.values() if rule.kind == "soft"]
        staff = tx.roster("staff")
        return WhatIf(
            day=chosen,
            staff=_sorted(tx.titles("staff")),
            rooms=_sorted(tx.titles("rooms")),
            blocks=_flex(tx, chosen),
            offerings=_sorted(tx.titles("offerings")),
            qualifications=tuple(sorted({q for adult in staff for q in adult.qualifications})),
            weights=tuple((rule.id, policy.get(rule.id, rule.weight)) for rule in soft),
            made=tuple(_line(row) for row in reversed(tx.scenarios())),
        )


def _sorted(titles: dict[str, str]) -> Named:
    return tuple(sorted(titles.items(), key=lambda one: one[1]))


def _flex(tx: Tx, day: date) -> Named:
    followed = next((e.bell_schedule for e in tx.roster("calendar") if e.date == day), None)
    schedules = [one for one in tx.roster("bell_schedules") if one.id == followed]
    return tuple((b.id, b.title) for one in schedules for b in one.blocks if b.kind == "flex")


def _line(row: ScenarioRow) -> ScenarioLine:
    return ScenarioLine(id=row.id, title=row.title, day=row.day, status=row.status)


@pages.form("/what-if")
async def start(request: Request, asker: Planner, day: Annotated[date, Form()]) -> Response:
    """Starts a what-if from the form's fields, or from YAML where that is given."""
    form = await request.form()
    try:
        changes = await run_in_threadpool(_changes, asker, form)
    except (ChangesRefused, ValueError) as error:
        raise HTTPException(422, str(error)) from error
    started = await run_in_threadpool(scenarios.start, asker.store, asker.viewer, day, changes)
    return back_to(f"/what-if/{started}", "whatif-started")


def _changes(asker: Asker, form: FormData) -> Changes:
    """Raises: ChangesRefused, ValueError where a number is none."""
    text = str(form.get("yaml", "")).strip()
    if text:
        return read_yaml(text)
    fields: dict[str, Any] = {
        "adults_absent": [{"staff": one} for one in form.getlist("absent")],
        "rooms_closed": [{"room": one} for one in form.getlist("closed")],
        "blocks_dropped": form.getlist("dropped"),
        "weights": _weights(form),
    }
    if form.get("extra"):
        many = min(MOST_EXTRA, int(str(form.get("extra_many") or 1)))
        fields["adults_added"] = [
            {"id": f"{EXTRA_ADULT}-{n + 1}", "qualifications": [form["extra"]]} for n in range(many)
        ]
    if form.get("largest"):
        fields["sizes"] = [{"offering": form.get("offering"), "largest": int(str(form["largest"]))}]
    with asker.read() as tx:
        if form.get("another_room"):
            fields["rooms_added"] = [_another(tx, str(form["another_room"]))]
        changes = read_changes(fields)
        title = str(form.get("title", "")).strip() or "; ".join(_in_words(tx, changes))
    return changes.model_copy(update={"title": title[:LONGEST_TITLE]})


def _another(tx: Tx, room: str) -> dict[str, Any]:
    """One more room like one the school has."""
    like = next((one for one in tx.roster("rooms") if one.id == room), None)
    if like is None:
        raise ChangesRefused(f"there is no room {room!r} to have another one of")
    title = words.message("changed", "another-room", room=like.title)
    fields: dict[str, Any] = like.model_dump(mode="json")
    return fields | {"id": EXTRA_ROOM, "title": title}


def _in_words(tx: Tx, changes: Changes) -> Iterator[str]:
    """What is changed, one clause each."""
    staff, rooms, offerings = (tx.titles(kind) for kind in ("staff", "rooms", "offerings"))
    for away in changes.adults_absent:
        yield words.message("changed", "away", who=staff.get(away.staff, away.staff))
    for closed in changes.rooms_closed:
        yield words.message("changed", "closed", room=rooms.get(closed.room, closed.room))
    for adult in changes.adults_added:
        what = ", ".join(adult.qualifications).replace("_", " ")
        yield words.message("changed", "added", what=what)
    for room in changes.rooms_added:
        yield words.message("changed", "room", room=room.title, seats=room.seats)
    for size in changes.sizes:
        title = offerings.get(size.offering, size.offering)
        if size.largest is not None:
            yield words.message("changed", "largest", title=title, n=size.largest)
        if size.smallest is not None:
            yield words.message("changed", "smallest", title=title, n=size.smallest)
    schedules = tx.roster("bell_schedules")
    blocks = {block.id: block.title for schedule in schedules for block in schedule.blocks}
    for block in changes.blocks_dropped:
        yield words.message("changed", "dropped", block=blocks.get(block, block))
    for rule, weight in changes.weights.items():
        yield words.message("changed", "weight", rule=words.rule(rule), n=words.grouped(weight))


def _weights(form: FormData) -> dict[str, int]:
    """The weights that differ from what they were when the form was shown."""
    return {
        name.removeprefix("weight:"): int(str(value))
        for name, value in form.items()
        if name.startswith("weight:") and value != form.get(name.replace("weight:", "was:", 1))
    }


@pages.page("/what-if/{scenario}", "whatif_compare.html")
def compare_page(asker: Planner, scenario: str) -> ScenarioPage:
    """Both plans side by side, with the lists behind each difference."""
    compared = scenarios.comparison(asker.store, asker.viewer, scenario)
    with asker.read() as tx:
        row = tx.scenario(scenario)
        answer = tx.plan(row.plan) if row.plan else None
        names = None
        if answer is not None:
            problem = tx.problem(answer.problem_digest)
            names = directory_of(tx, problem, answer, f"scenario {scenario}")
            added = {one["id"] for one in row.changes.get("adults_added", ())}
            names.names["staff"].update(dict.fromkeys(added, words.message("changed", "adult")))
        run = tx.run(row.run) if row.run else None
        return ScenarioPage(
            scenario=_line(row),
            changes=row.changes,
            changed=tuple(_in_words(tx, read_changes(row.changes))),
            error=run.error if run else None,
            comparison=compared,
            names=names,
        )


@pages.form("/what-if/{scenario}/promote")
def promote(asker: Planner, scenario: str) -> Response:
    """Files the what-if's plan as a draft, judged by the day as it is."""
    row = scenarios.promote(asker.store, asker.viewer, scenario)
    return back_to(f"/plans/{row.id}", "promoted")
