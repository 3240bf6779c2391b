"""Words for people: every message id of findings, reasons and notes, put into a sentence.

The sentences stand in one catalogue per language (`messages/en.toml`); nothing else on a page is
computed from rule ids.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, tzinfo
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from schemas.plan import Finding
from schemas.schedule import Reason
from solver.rules import RULES

LANGUAGE = "en"
Reader = Literal["staff", "student", "family"]


@cache
def catalogue(language: str = LANGUAGE) -> Mapping[str, Mapping[str, Any]]:
    """All messages of a language, by section and id."""
    text = files("services.web").joinpath("messages", f"{language}.toml").read_text("utf-8")
    return tomllib.loads(text)


def message(section: str, name: str, /, **parameters: object) -> str:
    """The sentence of a message id.

    Raises:
        KeyError: the catalogue has no such message, or the message needs another parameter.
    """
    sentence: str = catalogue()[section][name]
    return sentence.format(**parameters)


def said(name: str) -> str:
    """What was just done, from the message id an address carries; nothing for an unknown one."""
    return str(catalogue()["said"].get(name, ""))


def reason(reader: Reader, told: Reason) -> str:
    """Why somebody is where they are, in the words of a reader. `told` has names beside its ids.

    A reason that the catalogue words more closely (`need.grade`, `unplaced.no_seat`) is looked up
    under its rests_on or reason parameter first.
    """
    messages = catalogue()["reason"][reader]
    detail = told.parameters.get("rests_on") or told.parameters.get("reason")
    sentence = messages.get(f"{told.id}-{detail}") or messages[told.id]
    return str(sentence).format_map(told.parameters)


def finding(rule: str, cause: str, amount: int, names: Mapping[str, str]) -> str:
    """A deviation in words, for those who plan. `names` are its subjects, ids replaced by names;
    a subject the sentence speaks of and the finding does not name stays out."""
    messages = catalogue()["finding"]
    sentence = messages.get(f"{rule}-{cause}") or messages[rule]
    return str(sentence).format_map(defaultdict(str, names, amount=str(amount)))


def may_override(found: Finding) -> bool:
    """Whether a named person may take a finding on themself."""
    known = RULES[found.rule]
    return known.override == "named" and found.cause not in known.never_causes


def unplaced(why: str, block: str) -> str:
    """Why somebody has no session in a block, for those who plan."""
    messages = catalogue()["reason"]["staff"]
    sentence = messages.get(f"unplaced-{why}") or messages["unplaced"]
    return str(sentence).format(block_name=block)


def lift(id: str, names: Mapping[str, str]) -> str:
    """What would lift a rule that stands in the way."""
    return str(catalogue()["lift"][id]).format_map(defaultdict(str, names))


def way(kind: str, names: Mapping[str, str]) -> str:
    """A way to mend a trouble, for those who plan. `names` are what it puts in place, by name."""
    return str(catalogue()["way"][kind]).format_map(defaultdict(str, names))


def news(name: str, who: str) -> str:
    """An event that came since, such as staff.absent, in words."""
    messages = catalogue()["news"]
    return str(messages.get(name.replace(".", "-"), messages["other"])).format(who=who)


def alert(name: str, on: date, rules: Iterable[str]) -> str:
    """What those who answer for a day are told when it does not go as it should."""
    broken = ", ".join(rule(one).lower() for one in rules)
    return message("alert", name.replace(".", "-"), day=day(on), rules=broken)


def occasion(name: str) -> str:
    """What a plan was asked for by, where that was nobody: an event, or the usual hour."""
    return str(catalogue()["occasion"].get(name.replace(".", "-"), name))


def rule(rule: str) -> str:
    """The heading under which findings of a rule stand."""
    return message("rule", rule)


def count(section: str, name: str, number: int) -> str:
    """A sentence about a number, in the singular where the number is one."""
    forms = catalogue()[section][name]
    return str(forms["one" if number == 1 else "other"]).format(n=grouped(number))


def grouped(number: int) -> str:
    """A number by thousands: 1,783."""
    return f"{number:,}"


def clock(minute: int) -> str:
    """A time of day from minutes after midnight: 8:05."""
    return f"{minute // 60}:{minute % 60:02}"


def day(value: date) -> str:
    """A day in full: Tuesday 24 November 2026."""
    names = catalogue()["calendar"]
    weekday, month = names["weekdays"][value.weekday()], names["months"][value.month - 1]
    return f"{weekday} {value.day} {month} {value.year}"


def short_day(value: date) -> str:
    """A day where space is short: Tue 24 Nov."""
    names = catalogue()["calendar"]
    weekday, month = names["weekdays"][value.weekday()], names["months"][value.month - 1]
    return f"{weekday[:3]} {value.day} {month[:3]}"


def moment(value: datetime, zone: tzinfo) -> str:
    """An instant as the school's clocks show it: 24 November, 6:31."""
    local = value.astimezone(zone)
    month = catalogue()["calendar"]["months"][local.month - 1]
    return f"{local.day} {month}, {local.hour}:{local.minute:02}"
