"""When a school's cut-off, deadline and fallback come: zones, clock changes, downtime."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest

from services.day_settings import DaySettings
from services.timer import SchoolDay, due, instant, moments

NEW_YORK = ZoneInfo("America/New_York")
SETTINGS = DaySettings(cut_off=time(17), deadline=time(7), fallback_minutes=20)
TUESDAY = SchoolDay(date(2026, 11, 24), 15 * 60)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).astimezone(UTC)


def test_a_time_the_clock_leaps_over_means_the_first_instant_after() -> None:
    shown = instant(date(2026, 3, 8), time(2, 30), NEW_YORK).astimezone(NEW_YORK)
    assert shown.replace(tzinfo=None) == datetime(2026, 3, 8, 3, 0)


def test_a_time_the_clock_shows_twice_means_the_first() -> None:
    assert instant(date(2026, 11, 1), time(1, 30), NEW_YORK).isoformat() == (
        "2026-11-01T05:30:00+00:00"
    )


def test_a_day_the_calendar_leaps_over_ends_where_the_next_begins() -> None:
    apia = ZoneInfo("Pacific/Apia")
    shown = instant(date(2011, 12, 30), time(7), apia).astimezone(apia)
    assert shown.replace(tzinfo=None) == datetime(2011, 12, 31, 0, 0)


def test_nothing_is_due_before_the_cut_off_of_the_eve() -> None:
    assert due([TUESDAY], SETTINGS, NEW_YORK, {}, at("2026-11-23T16:59:59")) == []


def test_the_cut_off_is_due_on_the_eve_from_its_hour_on() -> None:
    (only,) = due([TUESDAY], SETTINGS, NEW_YORK, {}, at("2026-11-23T17:00"))
    assert (only.day, only.kind, only.missed) == (TUESDAY.day, "cutoff", False)


def test_what_is_decided_is_never_due_again() -> None:
    decided = {TUESDAY.day: ["cutoff"]}
    assert due([TUESDAY], SETTINGS, NEW_YORK, decided, at("2026-11-23T23:00")) == []


def test_a_clock_put_back_makes_nothing_due_twice() -> None:
    decided = {TUESDAY.day: ["cutoff"]}
    for now in ("2026-11-23T17:30", "2026-11-23T16:30", "2026-11-23T17:10"):
        assert due([TUESDAY], SETTINGS, NEW_YORK, decided, at(now)) == []


def test_deadline_and_fallback_follow_on_the_day() -> None:
    decided = {TUESDAY.day: ["cutoff"]}
    found = due([TUESDAY], SETTINGS, NEW_YORK, decided, at("2026-11-24T07:20"))
    assert [entry.kind for entry in found] == ["deadline", "fallback"]


def test_after_three_days_down_today_is_caught_up_and_the_days_before_are_missed() -> None:
    days = [SchoolDay(date(2026, 11, d), 15 * 60) for d in (18, 19, 20)]
    found = due(days, SETTINGS, NEW_YORK, {}, at("2026-11-20T06:00"))
    assert [(e.day.day, e.kind, e.missed) for e in found if e.kind == "cutoff"] == [
        (18, "cutoff", True),
        (19, "cutoff", True),
        (20, "cutoff", False),
    ]


def test_days_long_past_are_left_alone() -> None:
    assert due([TUESDAY], SETTINGS, NEW_YORK, {}, at("2027-02-01T06:00")) == []


def clock_changes(zone: ZoneInfo, first: int, last: int) -> Iterator[date]:
    """The local dates on which a zone's offset changes."""
    day = datetime(first, 1, 1, 12, tzinfo=UTC)
    before = day.astimezone(zone).utcoffset()
    while day.year <= last:
        day += timedelta(days=1)
        offset = day.astimezone(zone).utcoffset()
        if offset != before:
            yield day.astimezone(zone).date()
            yield (day - timedelta(days=1)).astimezone(zone).date()
        before = offset


def hold_on_clock_changes(zones: list[str], first: int, last: int) -> int:
    """Whatever the hour, each moment comes once and on its own day; returns days looked at."""
    looked_at = 0
    for name in zones:
        zone = ZoneInfo(name)
        for day in clock_changes(zone, first, last):
            looked_at += 1
            for hour in range(24):
                shown = instant(day, time(hour, 30), zone).astimezone(zone)
                assert (shown.date(), shown.hour) >= (day, hour), (name, day, hour)
                assert shown.date() <= day + timedelta(days=1), (name, day, hour)
            comes = moments(day, SETTINGS, zone)
            assert comes["cutoff"] < comes["deadline"] < comes["fallback"], (name, day)
            _acted_on_once(SchoolDay(day, 15 * 60), zone)
    return looked_at


def _acted_on_once(day: SchoolDay, zone: ZoneInfo) -> None:
    """A clock ticking through the day, an hour at a time, acts on each moment exactly once."""
    decided: dict[date, list[str]] = {}
    now = instant(day.day - timedelta(days=1), time(0), zone)
    for _ in range(72):
        for entry in due([day], SETTINGS, zone, decided, now):
            decided.setdefault(entry.day, []).append(entry.kind)
            assert not entry.missed
        now += timedelta(hours=1)
    assert decided == {day.day: ["cutoff", "deadline", "fallback"]}


def test_every_moment_comes_once_when_clocks_change() -> None:
    zones = random.Random(7).sample(sorted(available_timezones()), 25)
    assert hold_on_clock_changes([*zones, "America/New_York"], 2026, 2026) > 2


@pytest.mark.soak
def test_every_moment_comes_once_when_clocks_change_in_every_zone_for_twelve_years() -> None:
    assert hold_on_clock_changes(sorted(available_timezones()), 2024, 2035) > 1000
