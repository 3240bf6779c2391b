from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from schemas.base import digest
from schemas.plan import Duty, Override, Placement, Plan, Unplaced
from schemas.problem import Ballot, DayService, Need, Policy, Problem, Request
from solver.facts import Facts
from solver.layout import Layout
from solver.score import finish, gap, judge, refuse_overflow, score, stake
from tests.solver.plain_school import ANA, ART, BEN, CLEO, MATHS, Seated, changed, held, school

ROOT = Path(__file__).parents[2]
ALL = ["Ana", "Ben", "Cleo"]
FULL_DAY = (held("maths", students=ALL), held("art", "second", students=ALL))
CROWDED = (held("art", students=ALL), held("art", "second", students=ALL))


def planned(problem: Problem, *seated: Seated, **more: Any) -> Plan:
    return finish(
        Facts(problem),
        [session for session, _ in seated],
        [placement for _, placements in seated for placement in placements],
        more.pop("unplaced", ()),
        **more,
    )


def override(rule: str, **subjects: str) -> Override:
    return Override(id="x", rule=rule, subjects=subjects, reason="Trip today", person="Head")


def test_cost_is_the_sum_of_weight_times_amount_over_soft_findings() -> None:
    only_needs = Policy(weights={"room-fit": 0})
    plan = planned(school(policy=only_needs), *FULL_DAY)
    assert {finding.rule for finding in plan.findings} == {"unmet-need"}
    assert plan.cost == 10 * (40 + 70)


def test_a_schools_own_weight_replaces_the_default() -> None:
    plan = planned(school(policy=Policy(weights={"unmet-need": 3, "room-fit": 0})), *FULL_DAY)
    assert plan.cost == 3 * (40 + 70)


def test_weight_zero_switches_a_soft_rule_off() -> None:
    plan = planned(school(policy=Policy(weights={"unmet-need": 0, "room-fit": 0})), *FULL_DAY)
    assert (plan.findings, plan.cost) == ((), 0)


def test_hard_findings_come_first_and_cost_nothing() -> None:
    problem = school(offerings=(changed(ART, largest=2), MATHS))
    plan = planned(problem, *CROWDED)
    kinds = [finding.kind for finding in plan.findings]
    assert kinds == sorted(kinds)
    assert kinds[:2] == ["hard", "hard"]
    softly = [finding for finding in plan.findings if finding.kind == "soft"]
    assert plan.cost == planned(school(), *CROWDED).cost
    assert softly


def test_an_override_turns_exactly_its_findings_non_blocking() -> None:
    crowded = changed(ART, largest=2)
    problem = school(offerings=(crowded, MATHS), overrides=(override("group-size", block="first"),))
    judged = score(problem, planned(problem, *CROWDED))
    covered = {f.subjects["block"]: f.covered_by for f in judged.findings if f.kind == "hard"}
    assert covered == {"first": "x", "second": None}
    assert [finding.subjects["block"] for finding in judged.blocking] == ["second"]


def test_nobody_can_override_a_clash() -> None:
    clash = (held("art", students=["Ana"]), held("maths", students=["Ana"], room="14"))
    problem = school(overrides=(override("student-clash"), override("staff-clash")))
    judged = score(problem, planned(problem, *clash))
    assert {"student-clash", "staff-clash"} <= {finding.rule for finding in judged.blocking}


def test_nobody_can_override_supervision_though_other_roles_can_be() -> None:
    problem = school(overrides=(override("role-cover"),))
    alone = held("art", students=ALL, lead=None)
    judged = score(problem, planned(problem, alone, FULL_DAY[1]))
    assert [finding.cause for finding in judged.blocking] == ["supervision"]
    assert [f.cause for f in judged.findings if f.covered_by] == ["role"]


def test_a_finished_plan_is_in_canonical_order_and_names_its_problem() -> None:
    problem = school()
    entries = [Unplaced(student=s, block="second", reason="no_seat") for s in ("Cleo", "Ana")]
    session, placements = held("maths", students=["Cleo", "Ana", "Ben"])
    plan = planned(problem, held("art", room="14"), (session, placements), unplaced=entries)
    assert [s.id for s in plan.sessions] == ["art-first-14", "maths-first-12"]
    assert [p.student for p in plan.placements] == ["Ana", "Ben", "Cleo"]
    assert [entry.student for entry in plan.unplaced] == ["Ana", "Cleo"]
    assert plan.problem == digest(problem)
    again = score(problem, plan)
    assert (again.findings, again.cost) == (plan.findings, plan.cost)


def test_the_order_in_which_a_plan_is_written_changes_nothing() -> None:
    backwards = tuple((s, tuple(reversed(placements))) for s, placements in reversed(FULL_DAY))
    assert planned(school(), *backwards) == planned(school(), *FULL_DAY)


def test_an_unknown_bound_makes_an_unknown_gap() -> None:
    assert planned(school(), *FULL_DAY).gap is None
    assert gap(90, 60, 100) == 0.3
    assert gap(90, 60, 0) is None
    assert gap(90, 0, 100) == 0.9


def test_the_stake_counts_the_dearest_servable_needs_one_per_free_block() -> None:
    assert stake(Facts(school())) == 10 * (40 + 70)
    three = tuple(Need(competency=c, urgency=u) for c, u in (("a", 5), ("b", 50), ("c", 20)))
    more = (*school().competencies, *(changed(school().competencies[0], id=c) for c in "abc"))
    busy = school(
        competencies=more,
        offerings=(changed(MATHS, competencies=("a", "b", "c")),),
        students=(changed(ANA, needs=three),),
    )
    assert stake(Facts(busy)) == 10 * (50 + 20)


def test_what_cannot_be_served_is_not_at_stake() -> None:
    unready = changed(CLEO, needs=(Need(competency="fractions", urgency=90),))
    assert stake(Facts(school(students=(unready,)))) == 0
    away = changed(ANA, away=("first", "second"))
    assert stake(Facts(school(students=(away,)))) == 0


def test_choices_requests_and_services_are_at_stake() -> None:
    problem = school(
        students=(CLEO,),
        ballots=(
            Ballot(id="v", student="Cleo", blocks=("first",), ranking=("art", "maths"), credit=2),
        ),
        requests=(
            Request(
                id="q", staff="Vega", student="Cleo", offerings=("art",), blocks=("first",),
                priority=3,
            ),
        ),
        services=(
            DayService(
                id="e", student="Cleo", kind="speech", minutes_due=30, qualification="speech",
                setting="pull_out", largest_group=2,
            ),
        ),
    )  # fmt: skip
    assert stake(Facts(problem)) == 20 * 2 * 2 + 100 * 3 + 50 * 30


def test_weights_that_could_outgrow_exact_numbers_are_refused() -> None:
    refuse_overflow(Facts(school()))
    crowd = tuple(changed(CLEO, id=f"u{i}") for i in range(3000))
    heavy = Policy(weights=dict.fromkeys(("unplaced", "moved", "remix", "stuck"), 1000000))
    ballots = tuple(
        Ballot(id=f"v{i}", student="u0", blocks=("first",), ranking=("art",) * 40_000)
        for i in range(1)
    )
    with pytest.raises(ValueError, match="lower the largest weights"):
        refuse_overflow(Facts(school(students=crowd, policy=heavy, ballots=ballots)))


def test_judging_a_plan_loads_no_engine() -> None:
    code = (
        "import sys, solver.score; "
        "sys.exit(any(name in sys.modules for name in ('ortools', 'highspy', 'numpy')))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize(
    ("seated", "told"),
    [
        ([held("chess")], "no offering 'chess'"),
        ([held("art", room="99")], "no room '99'"),
        ([held("art", "dusk")], "no block 'dusk'"),
        ([held("art", ("first", "first"))], "each of its blocks once"),
        ([held("art", lead="Nobody")], "no staff member 'Nobody'"),
        ([held("art", more=[("Vega", "lead")])], "each of its duties once"),
        ([held("art", students=["Zoe"])], "no student 'Zoe'"),
        ([held("art", students=["Ana", "Ana"])], "placed twice"),
        ([held("art", students=["Ana"], serves="fractions")], "does not teach its competency"),
        ([held("art"), held("art")], "stands twice"),
    ],
)
def test_a_plan_that_names_what_is_not_there_is_refused(seated: list[Seated], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        planned(school(), *seated)


def test_a_student_unplaced_twice_in_a_block_is_refused() -> None:
    entry = Unplaced(student="Ana", block="first", reason="no_seat")
    with pytest.raises(ValueError, match="unplaced twice"):
        planned(school(), unplaced=[entry, entry])


def test_a_placement_in_a_session_that_is_not_there_is_refused() -> None:
    stray = Placement(student="Ana", session="nowhere")
    with pytest.raises(ValueError, match="no session 'nowhere'"):
        Layout(Facts(school()), [], [stray])


def test_a_layout_answers_who_is_where() -> None:
    day = Layout(
        Facts(school(students=(ANA, BEN))),
        [session for session, _ in FULL_DAY],
        [p for _, ps in FULL_DAY for p in ps if p.student != "Cleo"],
    )
    maths = day.sessions["maths-first-12"]
    assert day.at("Ana", "first") == [maths]
    assert day.students_in(maths.id) == ["Ana", "Ben"]
    assert day.working("Vega", "first") == day.in_room("12", "first") == [maths]
    assert day.counting(maths) == [Duty(staff="Vega", role="lead")]
    assert judge(day).blocking == ()
