"""What a student is ready for, needs next, and where another approach is needed."""

from __future__ import annotations

import json

import pytest

from schemas.mastery import Approach, Mastery
from schemas.school import Competency, Prerequisite, Student
from services.mastery.fold import fold
from services.mastery.graph import Graph
from services.mastery.readiness import Circumstances, Readiness
from services.mastery.settings import MasterySettings
from services.mastery.stuck import not_again, stuck
from tests.services.import_samples import DATA
from tests.services.mastery_events import STUDENT, evidence, on_day, series

COHERENCE_MAP = DATA / "case" / "coherence-map.case-v1p1.json"
DEFAULTS = MasterySettings()


def competency(id, *before, level=None, parent=None, of_group="all"):
    prerequisites = tuple(Prerequisite(competency=one, of_group=of_group) for one in before)
    return Competency(
        id=id, code=f"code-{id}", title="", level=level, parent=parent, prerequisites=prerequisites
    )


def state(id, estimate, reached=None, progress=0):
    return Mastery(
        student=STUDENT,
        competency=id,
        estimate=estimate,
        reached=estimate >= 0.75 if reached is None else reached,
        level="proficient" if estimate >= 0.75 else "attempted",
        evidence_count=2,
        last_evidence_at=on_day(progress),
        last_progress_at=on_day(progress),
    )


def student(grade=None):
    return Student(id=STUDENT, given_name="", family_name="", grade=grade)


def readiness(*competencies, settings=DEFAULTS):
    return Readiness(Graph(competencies), settings)


def needs_of(school, grade, states=(), day=0, **circumstances):
    standpoint = school.standpoint(student(grade), states)
    return school.needs(standpoint, on_day(day), Circumstances(**circumstances))


def urgency_of(needs, id):
    return next(need.need.urgency for need in needs if need.need.competency == id)


def test_a_competency_is_ready_when_all_before_it_is_mastered():
    graph = Graph([competency("a"), competency("b"), competency("c", "a", "b")])
    assert graph.missing({"a"}, "c") == (("b",),)
    assert graph.missing({"a", "b"}, "c") == ()
    assert not graph.is_ready({"a"}, "c")
    assert graph.is_ready({"a", "b"}, "c")


def test_a_prerequisite_on_a_group_asks_for_all_or_any_of_its_parts():
    parts = [competency("g"), competency("h", parent="g")]
    parts += [competency(one, parent="h") for one in ("x", "y")]
    parts.append(competency("z", parent="g"))
    every = Graph([*parts, competency("c", "g")])
    assert set(every.prerequisites("c")) == {("x",), ("y",), ("z",)}
    some = Graph([*parts, competency("c", "g", of_group="any")])
    assert [set(clause) for clause in some.prerequisites("c")] == [{"x", "y", "z"}]
    assert some.is_ready({"y"}, "c")


def test_what_a_group_asks_for_is_asked_of_its_parts_but_never_of_each_other():
    graph = Graph(
        [
            competency("a"),
            competency("g", "a", "x"),
            competency("x", parent="g"),
            competency("y", "g", parent="g"),
        ]
    )
    assert graph.prerequisites("x") == (("a",),)
    assert graph.prerequisites("y") == (("a",), ("x",))
    assert graph.prerequisites("g") == (("a",), ("x",))
    assert graph.cycles() == ()


def test_competencies_that_wait_for_each_other_are_named():
    graph = Graph([competency("a", "c"), competency("b", "a"), competency("c", "b")])
    (cycle,) = graph.cycles()
    assert cycle.of == "prerequisites"
    assert "code-a -> code-b -> code-c -> code-a" in cycle.message
    assert "take one" in cycle.message
    (alone,) = Graph([competency("a", "a")]).cycles()
    assert alone.codes == ("code-a",)


def test_of_several_knots_each_is_named_by_a_cycle_of_its_own():
    graph = Graph(
        [
            competency("c", "a", "d"),
            competency("d", "c"),
            competency("b", "a"),
            competency("a", "b"),
        ]
    )
    assert [cycle.codes for cycle in graph.cycles()] == [
        ("code-a", "code-b"),
        ("code-c", "code-d"),
    ]


def test_groups_that_are_part_of_each_other_are_named_and_stop_nothing():
    graph = Graph([competency("g", parent="h"), competency("h", parent="g"), competency("a", "g")])
    (cycle,) = graph.cycles()
    assert cycle.of == "parents"
    assert graph.is_ready(set(), "a")


def test_a_prerequisite_from_another_framework_is_listed_and_asks_for_nothing():
    graph = Graph([competency("a", "elsewhere")])
    assert graph.unknown == (("a", "elsewhere"),)
    assert graph.is_ready(set(), "a")


def test_without_evidence_what_lies_below_the_grade_is_assumed_and_marked():
    school = readiness(competency("five", level="05"), competency("six", "five", level="06"))
    standpoint = school.standpoint(student("06"), [])
    assert standpoint.assumed == standpoint.mastered == {"five"}
    shown = standpoint.state("five")
    assert (shown.assumed, shown.reached, shown.estimate) == (True, True, None)
    assert school.ready(standpoint) == ("six",)
    assert not standpoint.state("six").assumed


@pytest.mark.parametrize("grade", [None, "UG"])
def test_nothing_is_assumed_of_a_student_without_a_grade(grade):
    school = readiness(competency("five", level="05"))
    assert school.standpoint(student(grade), []).assumed == frozenset()


def test_a_school_can_switch_assumption_off():
    settings = MasterySettings.from_toml("[mastery]\nassume_below_grade = false")
    school = readiness(competency("five", level="05"), settings=settings)
    assert school.standpoint(student("06"), []).mastered == frozenset()


def test_evidence_refutes_the_assumption_for_its_competency_alone():
    school = readiness(
        competency("three", level="03"),
        competency("four", "three", level="04"),
        competency("five", "four", level="05"),
    )
    standpoint = school.standpoint(student("06"), [state("three", 0.2)])
    assert standpoint.mastered == {"four", "five"}
    assert school.ready(standpoint) == ("three",)


def test_evidence_on_a_group_speaks_for_parts_without_evidence_of_their_own():
    school = readiness(
        competency("g", level="05"),
        competency("x", level="05", parent="g"),
        competency("y", level="05", parent="g"),
    )
    failed = school.standpoint(student("06"), [state("g", 0.2), state("y", 0.9)])
    assert "x" not in failed.mastered
    assert "y" in failed.mastered
    passed = school.standpoint(student("05"), [state("g", 0.9), state("y", 0.1)])
    assert "x" in passed.mastered
    assert "y" not in passed.mastered


def test_a_need_behind_the_grade_is_more_urgent_than_one_ahead():
    school = readiness(*(competency(level, level=level) for level in ("03", "05", "06", "08")))
    found = needs_of(school, "06", [state("03", 0.1), state("05", 0.1)])
    assert [need.need.competency for need in found] == ["03", "05", "06", "08"]
    assert [need.need.urgency for need in found] == [60, 40, 30, 10]
    assert found[0].parts == {"at_grade": 30, "behind": 30}


def test_waiting_credit_and_a_teachers_flag_add_to_urgency():
    school = readiness(competency("a"), competency("b"))
    states = [state("a", 0.3, progress=0)]
    assert urgency_of(needs_of(school, "06", states, day=6), "a") == 30
    assert urgency_of(needs_of(school, "06", states, day=21), "a") == 36
    assert urgency_of(needs_of(school, "06", states, day=700), "a") == 46
    assert urgency_of(needs_of(school, "06", flagged={"a"}), "a") == 60
    assert urgency_of(needs_of(school, "06", lacking_credit={"b"}), "b") == 40


def test_who_worked_on_no_need_for_days_is_more_urgent_up_to_a_point():
    school = readiness(competency("a"))
    assert urgency_of(needs_of(school, "06", unserved_days=1), "a") == 60
    assert urgency_of(needs_of(school, "06", unserved_days=2), "a") == 90
    assert urgency_of(needs_of(school, "06", unserved_days=9), "a") == 100


def test_urgency_stays_between_1_and_100():
    everything = MasterySettings.from_toml("[mastery.needs]\nat_grade = 90\nper_level_ahead = 60")
    school = readiness(
        competency("a", level="06"), competency("z", level="08"), settings=everything
    )
    found = needs_of(school, "06", flagged={"a"})
    assert [need.need.urgency for need in found] == [100, 1]


def test_a_student_has_the_most_urgent_needs_up_to_the_limit_ties_in_the_schools_order():
    school = readiness(*(competency(f"c{number}") for number in range(12)))
    found = needs_of(school, "06", flagged={"c9"})
    assert [need.need.competency for need in found] == ["c9", *(f"c{n}" for n in range(7))]


def test_a_need_says_whether_it_rests_on_evidence_or_on_the_grade_alone():
    school = readiness(competency("five", level="05"), competency("six", "five", level="06"))
    assert not needs_of(school, "06")[0].need.evidenced
    assert needs_of(school, "06", [state("five", 0.9)])[0].need.evidenced
    assert needs_of(school, "06", [state("six", 0.1)])[0].need.evidenced


def test_readiness_is_the_estimate_or_half_of_how_well_the_prerequisites_went():
    school = readiness(competency("a"), competency("b", "a"))
    assert needs_of(school, "06", [state("a", 0.3)])[0].need.readiness == 30
    assert needs_of(school, "06", [state("a", 0.8)])[0].need.readiness == 40
    assert needs_of(school, "06")[0].need.readiness == 50


def tries(scores, **facts):
    return [evidence(f"e{day}", day, score, **facts) for day, score in enumerate(scores)]


def test_many_tries_without_movement_ask_for_another_approach():
    events = tries([0.3] * 6, modality="instruction", staff="t1")
    events += [evidence(f"f{day}", 10 + day, 0.3, modality="project", staff="t2") for day in (0, 1)]
    found = stuck(fold(events, DEFAULTS), DEFAULTS)
    assert found is not None
    assert found.tries == 8
    assert found.approaches == (
        Approach(modality="instruction", staff="t1", tries=6),
        Approach(modality="project", staff="t2", tries=2),
    )
    assert [(way.modality, way.lead) for way in not_again(found)] == [
        ("instruction", "t1"),
        ("project", "t2"),
    ]


@pytest.mark.parametrize(
    ("scores", "why"),
    [
        ([0.3] * 7, "too few tries"),
        ([0.1, 0.1, 0.2, 0.2, 0.3, 0.4, 0.5, 0.6], "it moves"),
        ([0.9] * 8, "it is mastered"),
    ],
)
def test_nobody_is_called_stuck_who_moves_masters_or_has_hardly_tried(scores, why):
    assert stuck(fold(tries(scores), DEFAULTS), DEFAULTS) is None, why


def test_right_and_wrong_in_turn_is_no_movement():
    events = series([1, 0, 0, 1, 1, 0, 0, 1] * 3, "item")
    assert stuck(fold(events, DEFAULTS), DEFAULTS) is not None


def test_a_way_of_teaching_the_plan_does_not_know_is_shown_but_not_planned_around():
    found = stuck(fold(tries([0.3] * 8, modality="homework"), DEFAULTS), DEFAULTS)
    assert found is not None
    assert found.approaches == (Approach(modality="homework", tries=8),)
    assert not_again(found) == ()


@pytest.mark.skipif(not COHERENCE_MAP.exists(), reason=f"no {COHERENCE_MAP} (see FLEXDAY_DATA)")
def test_the_coherence_map_has_no_cycle_and_a_sixth_grader_is_ready_for_some_of_it():
    graph = Graph(coherence_map())
    assert len(graph.competencies) == 622
    assert graph.cycles() == ()
    assert graph.unknown == ()
    school = Readiness(graph, DEFAULTS)
    ready = school.ready(school.standpoint(student("06"), []))
    levels = {graph.competencies[one].level for one in ready}
    assert "06" in levels
    assert "05" not in levels


def coherence_map():
    package = json.loads(COHERENCE_MAP.read_text())
    links = {"isChildOf": {}, "precedes": {}}
    for link in package["CFAssociations"]:
        ends = [link["originNodeURI"]["identifier"], link["destinationNodeURI"]["identifier"]]
        if link["associationType"] == "isChildOf":
            links["isChildOf"][ends[0]] = ends[1]
        elif link["associationType"] == "precedes":
            links["precedes"].setdefault(ends[1], []).append(ends[0])
    for item in package["CFItems"]:
        id = item["identifier"]
        level = (item.get("educationLevel") or [None])[0]
        yield competency(
            id,
            *links["precedes"].get(id, ()),
            level=level,
            parent=links["isChildOf"].get(id),
        )
