from __future__ import annotations

import re
from pathlib import Path

import pytest

from schemas.plan import Override
from solver.rules import RULES, Rule

SHOWN = [
    "student-clash",
    "staff-clash",
    "room-clash",
    "group-size",
    "role-cover",
    "room-kit",
    "not-ready",
    "not-eligible",
    "accommodation",
    "keep-apart",
    "planning-time",
    "prep-limit",
    "travel",
    "whole-session",
    "repeat-guard",
    "order",
    "freeze",
    "lock",
    "unplaced",
    "unmet-need",
    "service-short",
    "request-missed",
    "choice-missed",
    "moved",
    "group-fit",
    "spread",
    "keep-together",
    "stuck",
    "uneven-load",
    "room-fit",
    "fragments",
    "equity-floor",
    "remix",
]

every_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)


def test_the_catalogue_is_shown_hard_rules_first() -> None:
    assert list(RULES) == SHOWN
    kinds = [rule.kind for rule in RULES.values()]
    assert kinds == sorted(kinds)


@every_rule
def test_a_rule_is_one_sentence_a_school_can_read(rule: Rule) -> None:
    assert rule.sentence.endswith(".")
    assert rule.sentence.count(".") == 1
    assert rule.amount


@every_rule
def test_a_hard_rule_says_who_may_override_it_and_a_soft_one_what_it_costs(rule: Rule) -> None:
    if rule.kind == "hard":
        assert rule.override in ("never", "named")
        assert rule.weight == 0
    else:
        assert rule.override == ""
        assert 0 < rule.weight <= rule.most_weight


NEVER = {
    "student-clash", "staff-clash", "room-clash", "accommodation", "keep-apart", "whole-session",
}  # fmt: skip


@every_rule
def test_what_is_never_overridden_is_not_covered_by_any_override(rule: Rule) -> None:
    anything = Override(id="x", rule=rule.id, subjects={}, reason="", person="Head")
    named = rule.kind == "hard" and rule.id not in NEVER
    assert rule.covers(anything, "other", {"student": "Ana"}) is named
    for cause in rule.never_causes:
        assert not rule.covers(anything, cause, {"student": "Ana"})


def test_an_override_covers_only_findings_about_all_its_subjects() -> None:
    rule = RULES["group-size"]
    narrow = Override(
        id="x", rule=rule.id, subjects={"room": "12", "block": "b"}, reason="", person="Head"
    )
    assert rule.covers(narrow, "seats", {"room": "12", "block": "b", "session": "s"})
    assert not rule.covers(narrow, "seats", {"room": "12", "block": "c"})
    assert not RULES["room-kit"].covers(narrow, "", {"room": "12", "block": "b"})


@every_rule
def test_every_rule_has_an_example_that_a_person_can_read(rule: Rule) -> None:
    examples = [path.read_text() for path in Path(__file__).parent.glob("test_rules_*.py")]
    asked = re.compile(rf'(?:amount|findings|causes)\(\s*"{rule.id}"')
    assert any(asked.search(text) for text in examples)
