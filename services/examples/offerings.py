"""Invents the catalogue: what can be run, how it teaches, how many it seats and who may lead it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.problem import DayBlock
from schemas.school import Modality, Offering, RoleNeed
from services.examples.competencies import Graph
from services.examples.drawing import Draw
from services.examples.families import Family, flex_runs

SPECIALTIES = ("reading_support", "number_support", "speech", "language_support")
CRAFTS = ("art", "making", "sport")


@dataclass(frozen=True)
class Style:
    """How one modality looks in the catalogue: sizes are drawn between the two ends."""

    modality: Modality
    share: float
    largest: tuple[int, int]
    smallest: int
    words: tuple[str, ...]
    features: tuple[str, ...] = ()
    aide: float = 0.0
    specialist: float = 0.0


TEACHING = (
    Style("instruction", 0.29, (18, 25), 8, ("workshop", "lesson"), ("screen",), 0.15, 0.12),
    Style("small_group", 0.12, (5, 8), 2, ("clinic", "group"), (), 0.0, 0.1),
    Style("collaboration", 0.10, (18, 28), 6, ("circle", "seminar"), ("movable_desks",), 0.1),
    Style("demonstration", 0.07, (30, 45), 10, ("demonstration", "talk"), ("screen",), 0.1),
    Style("project", 0.06, (16, 26), 6, ("project",), (), 0.15),
)
OPEN: tuple[tuple[str, str | None, tuple[int, int], tuple[str, ...], Modality], ...] = (
    ("Makerspace", "making", (18, 24), ("tools",), "project"),
    ("Open studio", "art", (18, 26), ("studio",), "project"),
    ("Games and movement", "sport", (30, 48), ("gym",), "collaboration"),
    ("Chess and board games", None, (18, 30), (), "collaboration"),
    ("Choir", "art", (24, 40), (), "collaboration"),
    ("Reading lounge", None, (20, 30), (), "independent"),
    ("Robotics", "making", (16, 24), ("tools",), "project"),
    ("Debate", None, (16, 28), (), "collaboration"),
)
STUDY_SIZES = (30, 45, 60, 90)
SPACE_STUDY = (0.2, 0.3, 0.4)
"""In one large space, the share of all students that studies on its own at a time."""


def draw_offerings(
    draw: Draw,
    family: Family,
    students: int,
    blocks: tuple[DayBlock, ...],
    graph: Graph,
    popularity: NDArray[np.float64],
) -> list[Offering]:
    """The catalogue for so many students; `popularity` is how many of them are ready for each
    competency. However small, it has every kind of offering."""
    count = family.offerings.at(students)
    sizes: tuple[int, ...] = STUDY_SIZES
    if family.one_space:
        sizes = tuple(round(share * students) for share in SPACE_STUDY)
    found = [_study(draw, n, sizes[n % len(sizes)]) for n in range(max(2, count // 20))]
    found += [_open(draw, n, family) for n in range(max(2, count // 5))]
    found += [_service(draw, n) for n in range(max(1, count // 15))]
    found += [_work(draw, blocks) for _ in range(max(1, count // 40))]
    if count >= 12:
        found += [_conference(draw) for _ in range(max(1, count // 40))]
    teaching = draw.shuffled(TEACHING)
    weights = [style.share for style in teaching]
    while len(found) < count:
        spare = count - len(found)
        style = TEACHING[spare % 5] if spare <= 5 else draw.one(teaching, weights)
        found.append(_competency_offering(draw, family, style, graph, popularity))
    return found


def _competency_offering(
    draw: Draw, family: Family, style: Style, graph: Graph, popularity: NDArray[np.float64]
) -> Offering:
    key = draw.one(list(graph.column), [float(popularity[i]) ** 0.7 for i in graph.column.values()])
    subject, strand, level = key
    taught = [key]
    if family.one_space or draw.chance(0.45) or style.modality in ("collaboration", "project"):
        taught.append((subject, strand, level + draw.one((-1, 1))))
        taught.append((subject, (strand + 1) % family.strands, level))
    columns = [
        graph.column[k]
        for k in taught[: draw.whole(3 if family.one_space else 1, 3)]
        if k in graph.column
    ]
    largest = draw.whole(*style.largest)
    roles = [RoleNeed(role="lead", qualification=subject)]
    if draw.chance(style.specialist):
        roles.append(RoleNeed(role="specialist", qualification=draw.one(SPECIALTIES)))
    elif draw.chance(style.aide):
        roles.append(RoleNeed(role="aide"))
    spans = family.long and (style.modality == "project" or draw.chance(0.08))
    wants_lab = subject == "science" and draw.chance(0.4) and largest <= 26
    features = ("lab",) if wants_lab else style.features if draw.chance(0.5) else ()
    return Offering(
        id=draw.new_id("o"),
        title=f"{graph.titles[columns[0]]} {draw.one(style.words)}",
        modality=style.modality,
        subject=subject,
        competencies=tuple(graph.items[i].id for i in columns),
        smallest=style.smallest,
        largest=largest,
        ideal=(largest // 2, largest - 1),
        students_per_adult=largest if draw.chance(0.3) else None,
        length=draw.one(family.long) if spans else 1,
        roles=tuple(roles),
        room_kinds=("room", "remote")
        if style.modality == "small_group" and draw.chance(0.3)
        else ("room",),
        features=features,
        grades=_grades(draw, family) if draw.chance(0.15) else None,
        extra_time=draw.chance(0.6),
        minute_kinds=("live_teacher",),
        spread_tolerance=draw.whole(35, 80),
        spare_seats_tolerance=10,
    )


def _grades(draw: Draw, family: Family) -> tuple[str, ...]:
    cut = draw.whole(1, len(family.grades) - 1)
    return family.grades[:cut] if draw.chance(0.5) else family.grades[cut:]


def _open(draw: Draw, n: int, family: Family) -> Offering:
    title, craft, sizes, features, modality = OPEN[n % len(OPEN)]
    largest = draw.whole(*sizes)
    with_aide = draw.chance(0.15)
    return Offering(
        id=draw.new_id("o"),
        title=title if n < len(OPEN) else f"{title} {n // len(OPEN) + 1}",
        modality=modality,
        smallest=6,
        largest=largest,
        ideal=(largest // 2, largest),
        roles=(
            RoleNeed(role="lead", qualification=craft),
            *((RoleNeed(role="aide"),) if with_aide else ()),
        ),
        features=features,
        grades=_grades(draw, family) if n > 1 and draw.chance(0.2) else None,
        extra_time=draw.chance(0.5),
        minute_kinds=("choice", "enrichment"),
        spare_seats_tolerance=15,
    )


def _study(draw: Draw, n: int, size: int) -> Offering:
    largest = max(8, size + draw.whole(-3, 3))
    return Offering(
        id=draw.new_id("o"),
        title=f"Independent study {n + 1}",
        modality="independent",
        smallest=5,
        largest=largest,
        ideal=(largest // 3, largest),
        roles=(RoleNeed(role="supervisor"),),
        features=("study",),
        extra_time=n % 2 == 0,
        minute_kinds=("choice",),
        spare_seats_tolerance=40,
    )


def _service(draw: Draw, n: int) -> Offering:
    largest = draw.whole(3, 5)
    return Offering(
        id=draw.new_id("o"),
        title=f"Guided group {n + 1}",
        modality="service",
        smallest=1,
        largest=largest,
        roles=(RoleNeed(role="specialist", qualification=SPECIALTIES[n % len(SPECIALTIES)]),),
        room_kinds=("room", "remote"),
        groups=(draw.new_id("g"),),
        extra_time=True,
        minute_kinds=("live_teacher",),
    )


def _conference(draw: Draw) -> Offering:
    return Offering(
        id=draw.new_id("o"),
        title="Planning conference",
        modality="conference",
        smallest=1,
        largest=draw.whole(4, 6),
        room_kinds=("room", "remote"),
        extra_time=True,
        minute_kinds=("live_teacher",),
    )


def _work(draw: Draw, blocks: tuple[DayBlock, ...]) -> Offering:
    """A place off campus fills a whole run of flex blocks, so that there is time to travel."""
    flex = [block for block in blocks if block.kind == "flex"]
    run = max(flex_runs(blocks), key=lambda r: (blocks.index(flex[r[0]]) > len(blocks) // 2, r[0]))
    largest = draw.whole(10, 15)
    return Offering(
        id=draw.new_id("o"),
        title=draw.one(("Community placement", "Work placement")),
        modality="work_based",
        smallest=3,
        largest=largest,
        length=len(run),
        starts=(flex[run[0]].id,),
        roles=(RoleNeed(role="supervisor"),),
        room_kinds=("off_campus",),
        needs_consent=True,
        extra_time=True,
        minute_kinds=("enrichment",),
    )
