"""What has to be mastered before what: the prerequisite graph of a school's competencies."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Literal

import networkx as nx

from schemas.base import CompetencyId
from schemas.mastery import Cycle
from schemas.school import Competency, Prerequisite

Clause = tuple[CompetencyId, ...]
"""Met when one of its competencies is mastered."""


class Graph:
    """Prerequisites between single competencies, with groups resolved.

    A group is a competency that others name as parent. As a prerequisite it stands for the single
    competencies below it, all or any of them; its own prerequisites hold for each of those. What a
    competency shares a line of parents with is never its prerequisite: to be a part is no order.
    Prerequisites that name no known competency are left out and listed in `unknown`.
    """

    def __init__(self, competencies: Iterable[Competency]) -> None:
        self.competencies = {competency.id: competency for competency in competencies}
        self._children: dict[CompetencyId, list[CompetencyId]] = {}
        for competency in self.competencies.values():
            if competency.parent in self.competencies:
                self._children.setdefault(competency.parent, []).append(competency.id)
        self.unknown: tuple[tuple[CompetencyId, CompetencyId], ...] = tuple(
            (competency.id, before.competency)
            for competency in self.competencies.values()
            for before in competency.prerequisites
            if before.competency not in self.competencies
        )
        self.singles = tuple(one for one in self.competencies if one not in self._children)
        self._clauses = {single: self._clauses_of(single) for single in self.singles}

    def is_group(self, competency: CompetencyId) -> bool:
        """Whether it stands for the competencies below it."""
        return competency in self._children

    def singles_of(self, competency: CompetencyId) -> tuple[CompetencyId, ...]:
        """The single competencies below a group, or the competency itself."""
        found: list[CompetencyId] = []
        waiting, seen = [competency], {competency}
        while waiting:
            current = waiting.pop()
            children = self._children.get(current, [])
            if not children:
                found.append(current)
            waiting.extend(child for child in reversed(children) if child not in seen)
            seen.update(children)
        return tuple(found)

    def groups_above(self, competency: CompetencyId) -> tuple[CompetencyId, ...]:
        """The groups it is part of, nearest first."""
        above: list[CompetencyId] = []
        parent = self.competencies[competency].parent
        while parent in self.competencies and parent not in above and parent != competency:
            above.append(parent)
            parent = self.competencies[parent].parent
        return tuple(above)

    def prerequisites(self, competency: CompetencyId) -> tuple[Clause, ...]:
        """What must be mastered before: every clause, each by one of its competencies.

        The form of `schemas.problem.DayCompetency.prerequisites`. A group has those of the
        competencies below it.
        """
        clauses = (
            clause for single in self.singles_of(competency) for clause in self._clauses[single]
        )
        return tuple(dict.fromkeys(clauses))

    def missing(
        self, mastered: Collection[CompetencyId], competency: CompetencyId
    ) -> tuple[Clause, ...]:
        """The clauses that a student with these competencies mastered does not meet yet."""
        return tuple(
            clause
            for clause in self.prerequisites(competency)
            if not any(before in mastered for before in clause)
        )

    def is_ready(self, mastered: Collection[CompetencyId], single: CompetencyId) -> bool:
        """Whether nothing is missing before a single competency."""
        for clause in self._clauses[single]:
            for before in clause:
                if before in mastered:
                    break
            else:
                return False
        return True

    def cycles(self) -> tuple[Cycle, ...]:
        """Competencies that wait for each other: one cycle from every knot of them.

        A prerequisite met by any of several counts for each of them, so that a school also sees
        the cycles that a student could get around.
        """
        waits = (
            (before, single)
            for single, clauses in self._clauses.items()
            for clause in clauses
            for before in clause
        )
        parts = ((child, parent) for parent, below in self._children.items() for child in below)
        found = [*self._knots("prerequisites", waits), *self._knots("parents", parts)]
        return tuple(sorted(found, key=lambda cycle: (cycle.of, cycle.codes)))

    def _knots(
        self,
        of: Literal["prerequisites", "parents"],
        edges: Iterable[tuple[CompetencyId, CompetencyId]],
    ) -> Iterator[Cycle]:
        graph: nx.DiGraph[CompetencyId] = nx.DiGraph(edges)
        for knot in nx.strongly_connected_components(graph):
            start = min(knot)
            if len(knot) == 1 and not graph.has_edge(start, start):
                continue
            # A subgraph view walks in the order of a set; a graph of its own keeps ours.
            inside = nx.DiGraph(edge for edge in graph.edges if knot.issuperset(edge))
            around = nx.find_cycle(inside, start)
            ids = tuple(edge[0] for edge in around)
            codes = tuple(self.competencies[one].code or one for one in ids)
            yield Cycle(of=of, competencies=ids, codes=codes)

    def _clauses_of(self, single: CompetencyId) -> tuple[Clause, ...]:
        own_line = (single, *self.groups_above(single))
        clauses: dict[Clause, None] = {}
        for holder in own_line:
            for before in self.competencies[holder].prerequisites:
                # Only a competency that names itself is left in: cycles() reports it.
                if before.competency == holder or before.competency not in own_line:
                    clauses.update(dict.fromkeys(self._clauses_for(before)))
        return tuple(clauses)

    def _clauses_for(self, before: Prerequisite) -> Iterator[Clause]:
        if before.competency not in self.competencies:
            return
        singles = self.singles_of(before.competency)
        if before.of_group == "any":
            yield singles
        else:
            yield from ((single,) for single in singles)
