"""When a recorded answer is to have been given, in our own time."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.adapters.tables import minute_of
from services.replay.mapping import RecordedTime

_SECONDS = {
    "millisecond": 0.001,
    "second": 1.0,
    "minute": 60.0,
    "hour": 3600.0,
    "day": 86400.0,
}
_FARTHEST = 1e11
"""Seconds; about three thousand years."""


def seconds_of(text: str, times: RecordedTime) -> float:
    """A recorded time in seconds since whenever the recording counts from.

    Raises:
        ValueError: it is not a time in the unit that the mapping names.
    """
    if times.unit == "iso":
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=times.starts.tzinfo)).timestamp()
    seconds = float(text) * _SECONDS[times.unit]
    if not abs(seconds) < _FARTHEST:
        raise ValueError(text)
    return seconds


class Clock:
    """Turns recorded seconds into an offset from the first answer, and a moment of ours.

    `first` and `last` are the recording's first and last seconds; without school hours time runs
    as it did, from `starts` on; with them it is squeezed evenly into the hours of school days.
    """

    def __init__(self, times: RecordedTime, first: float, last: float) -> None:
        self._starts = times.starts.astimezone(ZoneInfo(times.zone)) if times.zone else times.starts
        self._first = first
        self._span = max(last - first, 1e-9)
        self._days: list[date] = []
        if times.calendar:
            self._opens = minute_of(times.calendar.opens)
            self._day_seconds = (minute_of(times.calendar.closes) - self._opens) * 60
            self._days = _weekdays(self._starts.date(), times.calendar.ends)

    def __call__(self, seconds: float) -> tuple[float, datetime]:
        """Offset in seconds, and the moment.

        Raises:
            OverflowError: the moment lies beyond the calendar.
        """
        offset = seconds - self._first
        if not self._days:
            return offset, self._starts + timedelta(seconds=offset)
        at = self._in_school_hours(offset / self._span)
        return (at - self._starts).total_seconds(), at

    def _in_school_hours(self, share: float) -> datetime:
        """The moment at a share (0..1) of all school time."""
        passed = min(share * len(self._days), len(self._days) - 1e-9)
        number = int(passed)
        midnight = datetime.combine(self._days[number], time(), self._starts.tzinfo)
        inside = (passed - number) * self._day_seconds
        return midnight + timedelta(seconds=self._opens * 60 + inside)


def _weekdays(first: date, last: date) -> list[date]:
    days = [first + timedelta(days=offset) for offset in range(max(0, (last - first).days) + 1)]
    return [day for day in days if day.weekday() < 5] or [first]
