"""Invents a graph of competencies and what each student has mastered in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schemas.problem import DayCompetency
from schemas.school import Grade
from services.examples.drawing import Draw
from services.examples.families import STRANDS, Family

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Graph:
    """The competencies, by subject, strand and level; `index` gives the column of each id."""

    items: tuple[DayCompetency, ...]
    titles: tuple[str, ...]
    index: dict[str, int]
    column: dict[tuple[str, int, int], int]
    """Subject, strand and level to column."""


def draw_graph(draw: Draw, family: Family) -> Graph:
    """In each strand a level follows the one below; a third also ask for a neighbouring strand,
    half of these leaving a choice between two."""
    keys = [
        (subject, strand, level)
        for subject in family.subjects
        for level in range(family.levels)
        for strand in range(family.strands)
    ]
    ids = {key: draw.new_id("c") for key in keys}
    items = []
    for subject, strand, level in keys:
        before: list[tuple[str, ...]] = []
        if level:
            before.append((ids[subject, strand, level - 1],))
        if level > 1 and draw.chance(0.33):
            others = draw.some([s for s in range(family.strands) if s != strand], draw.whole(1, 2))
            before.append(tuple(ids[subject, other, level - 2] for other in others))
        items.append(
            DayCompetency(
                id=ids[subject, strand, level],
                title=f"{STRANDS[subject][strand]} {level + 1}",
                subject=subject,
                level=str(level + 1),
                prerequisites=tuple(before),
            )
        )
    return Graph(
        tuple(items),
        tuple(STRANDS[subject][strand] for subject, strand, _ in keys),
        {item.id: i for i, item in enumerate(items)},
        {key: i for i, key in enumerate(keys)},
    )


def draw_mastery(draw: Draw, family: Family, graph: Graph, grades: list[Grade]) -> Flags:
    """Students x competencies: mastered. Whoever has mastered one has mastered what it asks for."""
    rng, n = draw.rng, len(grades)
    base = np.array([family.grades.index(grade) for grade in grades]) * 0.9 + 1.2
    pace = base + rng.normal(0, 0.8, n)
    reached = {
        (subject, strand): pace + rng.normal(0, 0.7, n)
        for subject in family.subjects
        for strand in range(family.strands)
    }
    mastered = np.zeros((n, len(graph.items)), dtype=bool)
    for (subject, strand, level), i in graph.column.items():
        mastered[:, i] = (reached[subject, strand] > level) & met(graph, mastered, i)
    return mastered


def met(graph: Graph, mastered: Flags, column: int) -> Flags:
    """Which students have mastered every prerequisite of a competency."""
    result = np.ones(len(mastered), dtype=bool)
    for choices in graph.items[column].prerequisites:
        result &= mastered[:, [graph.index[c] for c in choices]].any(axis=1)
    return result


def ready(graph: Graph, mastered: Flags) -> Flags:
    """Students x competencies: all prerequisites mastered, itself not."""
    columns = [met(graph, mastered, i) & ~mastered[:, i] for i in range(len(graph.items))]
    return np.stack(columns, axis=1)
