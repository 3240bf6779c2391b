"""One algorithm of the package `fairpyx` on the course survey, as a process of its own.

    python -m tests.bench.fair ALGORITHM FOLDER --out FILE

FOLDER holds the survey. The file gets {"seconds": of the algorithm alone, "allocation": sections
by student}. `optimum` is no algorithm of the package but the largest total there is, by HiGHS.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import highspy
import numpy as np

from solver.linear import OPEN, Matrix, highs, load
from tests.bench import course_choice
from tests.bench.course_choice import Allocation, Survey

ALGORITHMS = (
    "serial_dictatorship",
    "round_robin",
    "bidirectional_round_robin",
    "iterated_maximum_matching_unadjusted",
    "iterated_maximum_matching_adjusted",
    "almost_egalitarian_without_donation",
    "almost_egalitarian_with_donation",
    "utilitarian_matching",
    "TTC_function",
    "TTC_O_function",
    "SP_function",
    "SP_O_function",
    "OC_function",
)
"""Those of the package that take seats, students' numbers of courses and any number of students.
Some look only at seats and numbers: the table says how often what they give breaks an exclusion."""


def main() -> None:
    """Runs one algorithm."""
    parser = argparse.ArgumentParser("python -m tests.bench.fair", None, __doc__)
    parser.add_argument("algorithm", choices=("optimum", *ALGORITHMS))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    survey = course_choice.load(asked.folder)
    began = time.monotonic()
    best = asked.algorithm == "optimum"
    found = optimum(survey) if best else divided(survey, asked.algorithm)
    seconds = time.monotonic() - began
    asked.out.write_text(json.dumps({"seconds": seconds, "allocation": found}), encoding="utf-8")


def divided(survey: Survey, algorithm: str) -> Allocation:
    """What an algorithm of the package gives whom. Nobody is given what they did not wish for."""
    import fairpyx

    excluded: dict[str, set[str]] = {section.id: set() for section in survey.sections}
    for a, b in survey.exclusions:
        excluded[a].add(b)
        excluded[b].add(a)
    instance = fairpyx.Instance(
        valuations={
            student: {section.id: wished.get(section.id, 0) for section in survey.sections}
            for student, wished in survey.wishes.items()
        },
        agent_capacities=survey.wants,
        item_capacities={section.id: section.seats for section in survey.sections},
        agent_conflicts={
            student: {section.id for section in survey.sections if section.id not in wished}
            for student, wished in survey.wishes.items()
        },
        item_conflicts=excluded,
    )
    given = fairpyx.divide(getattr(fairpyx.algorithms, algorithm), instance)
    return {
        student: tuple(section for section in sections if section in survey.wishes[student])
        for student, sections in given.items()
    }


def optimum(survey: Survey) -> Allocation:
    """The largest total value that students, seats and exclusions allow, in one model."""
    matrix = Matrix()
    columns = {
        (student, section): matrix.column(cost=-value, high=1)
        for student, wished in survey.wishes.items()
        for section, value in wished.items()
    }
    for student, wished in survey.wishes.items():
        mine = [(columns[student, section], 1) for section in wished]
        matrix.row(mine, high=survey.wants[student])
        for a, b in survey.exclusions:
            if a in wished and b in wished:
                matrix.row(((columns[student, a], 1), (columns[student, b], 1)), high=1)
    for section in survey.sections:
        seated = [(columns[s, section.id], 1) for s in survey.wants if (s, section.id) in columns]
        matrix.row(seated, -OPEN, section.seats)
    engine: highspy.Highs = highs(0)
    load(engine, matrix, range(len(matrix.cost)))
    engine.setOptionValue("mip_rel_gap", 0.0)
    engine.run()
    values = np.rint(np.asarray(engine.getSolution().col_value))
    given: dict[str, tuple[str, ...]] = dict.fromkeys(survey.wants, ())
    for (student, wish), column in columns.items():
        if values[column]:
            given[student] += (wish,)
    return given


if __name__ == "__main__":
    main()
