"""Which of a school's appointed moments are due: cut-off, deadline, fallback, in its own zone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from services.day_settings import DaySettings

Moment = Literal["cutoff", "deadline", "fallback"]

MINUTES_A_DAY = 24 * 60
DAYS_LOOKED_BACK = 14
"""Older school days are past being marked as missed."""


@dataclass(frozen=True)
class SchoolDay:
    """An open day of the calendar; `ends` in minutes after local midnight."""

    day: date
    ends: int


@dataclass(frozen=True)
class Due:
    """A moment that has come. A missed one came while nothing ran and its day is over."""

    day: date
    kind: Moment
    at: datetime
    missed: bool


def instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """The instant, in UTC, at which a school's clock shows a time on a day.

    Where the clock is put forward over it, the first instant after; where the clock shows it
    twice, the first of the two.
    """
    local = datetime.combine(day, at, zone).replace(fold=0)
    shown = local.astimezone(UTC)
    if shown.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None):
        return shown
    return _end_of_gap(local.replace(fold=1).astimezone(UTC), shown, zone)


def instant_at(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """The same for minutes after local midnight; 1440 is the midnight that ends the day."""
    days, rest = divmod(minute, MINUTES_A_DAY)
    return instant(day + timedelta(days=days), time(rest // 60, rest % 60), zone)


def _end_of_gap(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first second in (before, after] with the offset that holds at `after`."""
    offset = after.astimezone(zone).utcoffset()
    low, high = int(before.timestamp()), int(after.timestamp())
    while high - low > 1:
        middle = (low + high) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == offset:
            high = middle
        else:
            low = middle
    return datetime.fromtimestamp(high, UTC)


def moments(day: date, settings: DaySettings, zone: ZoneInfo) -> dict[Moment, datetime]:
    """When each appointed moment of a school day comes, in UTC."""
    eve = day - timedelta(days=settings.cut_off_days_before)
    deadline = instant(day, settings.deadline, zone)
    return {
        "cutoff": instant(eve, settings.cut_off, zone),
        "deadline": deadline,
        "fallback": deadline + timedelta(minutes=settings.fallback_minutes),
    }


def due(
    days: Iterable[SchoolDay],
    settings: DaySettings,
    zone: ZoneInfo,
    decided: Mapping[date, Iterable[str]],
    now: datetime,
) -> list[Due]:
    """The moments that have come and are not decided yet, in order of time.

    While a day lasts, a late moment is still acted on, once; when it is over, it is missed.
    """
    oldest = now.astimezone(zone).date() - timedelta(days=DAYS_LOOKED_BACK)
    found = [
        Due(day.day, kind, at, missed=now >= instant_at(day.day, day.ends, zone))
        for day in days
        if day.day >= oldest
        for kind, at in moments(day.day, settings, zone).items()
        if at <= now and kind not in decided.get(day.day, ())
    ]
    return sorted(found, key=lambda entry: (entry.at, entry.day, entry.kind))
