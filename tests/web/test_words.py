"""Every rule, reason and note has words, and some words are never used."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest

from schemas.events import PREFIX, json_schema
from schemas.plan import PlanStatus, UnplacedReason
from schemas.schedule import Reason, ReasonId
from services.web import words
from services.web.words import Reader
from solver.changes import Badge
from solver.reasons import NEUTRAL
from solver.rules import RULES
from solver.ways import WayKind

READERS = get_args(Reader)
NOT_FOR_PEOPLE = re.compile(
    r"\b(cost|bound|stake|gap|stream|quarantin\w*|stuck|low|IEP|disab\w*)\b", re.IGNORECASE
)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_a_heading_and_a_sentence(rule: str) -> None:
    assert words.rule(rule)
    assert words.finding(rule, "", 3, {}) or words.finding(rule, "supervision", 3, {})


def test_a_refusal_that_may_say_no_more_has_words() -> None:
    assert words.rule(NEUTRAL)
    assert words.finding(NEUTRAL, "", 1, {})


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("reason", get_args(ReasonId))
def test_every_reason_has_words_for_every_reader(reader: Reader, reason: Any) -> None:
    names = ("competency", "staff", "owner", "room", "block")
    parameters = {f"{name}_name": name.title() for name in names} | {"rank": "1", "of": "3"}
    assert words.reason(reader, Reason(id=reason, parameters=parameters)).endswith(".")


def test_every_event_every_status_and_every_badge_has_words() -> None:
    for definition in json_schema()["$defs"].values():
        kind = definition.get("properties", {}).get("type", {}).get("const", "")
        if kind:
            name = kind.removeprefix(PREFIX).rsplit(".", 1)[0].replace(".", "-")
            assert name in words.catalogue()["news"], name
    for status in get_args(PlanStatus):
        assert words.message("status", status)
    for badge in get_args(Badge):
        assert words.message("badge", badge)
    for way in get_args(WayKind):
        assert words.way(way, {}).endswith(".")
    for why in get_args(UnplacedReason):
        assert words.unplaced(why, "Flex 1")


@pytest.mark.parametrize("section", ["reason", "finding", "rule", "said", "news", "students"])
def test_people_never_read_the_words_of_the_machine(section: str) -> None:
    assert not NOT_FOR_PEOPLE.findall(" ".join(_texts(words.catalogue()[section])))


def _texts(messages: Any) -> list[str]:
    if isinstance(messages, str):
        return [messages]
    return [text for inner in messages.values() for text in _texts(inner)]


def test_times_and_days_are_said_as_people_say_them() -> None:
    assert words.clock(485) == "8:05"
    assert words.day(date(2026, 11, 24)) == "Tuesday 24 November 2026"
    at = datetime(2026, 11, 24, 12, 31, tzinfo=UTC)
    assert words.moment(at, ZoneInfo("America/Chicago")) == "24 November, 6:31"
