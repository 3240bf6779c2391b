"""Owed services, accommodations and relations as they bear on a day."""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from schemas.base import ServiceId, StudentId
from schemas.problem import DayService
from schemas.school import Accommodation, Relation, Service
from services.snapshot.sources import Sources

LONGEST_DAY = 1440


def day_services(day: Sources, present: Sequence[StudentId]) -> tuple[DayService, ...]:
    """The services with minutes due today, for students who are there."""
    delivered = _delivered(day)
    there = frozenset(present)
    services: list[Service] = day.tx.roster("services")
    found = (
        _day_service(day, service, _minutes_due(day, service, delivered[service.id]))
        for service in services
        if service.student in there and _is_owed(service, day.day)
    )
    return tuple(service for service in found if service.minutes_due)


def _is_owed(service: Service, day: date) -> bool:
    begun = service.begins is None or service.begins <= day
    return begun and (service.ends is None or day <= service.ends)


def _day_service(day: Sources, service: Service, minutes: int) -> DayService:
    known = {offering.id for offering in day.offerings}
    return DayService(
        id=service.id,
        student=service.student,
        kind=service.kind,
        minutes_due=minutes,
        qualification=service.qualification,
        setting=service.setting,
        largest_group=service.largest_group,
        not_from_blocks=tuple(one for one in service.not_from_blocks if one in day.blocks),
        not_from_offerings=tuple(one for one in service.not_from_offerings if one in known),
    )


def _delivered(day: Sources) -> defaultdict[ServiceId, dict[date, int]]:
    """Minutes of each service delivered, by day."""
    found: defaultdict[ServiceId, dict[date, int]] = defaultdict(dict)
    for body in day.facts("minutes"):
        when = date.fromisoformat(body["day"])
        so_far = found[body["service"]]
        so_far[when] = so_far.get(when, 0) + body["minutes"]
    return found


def _minutes_due(day: Sources, service: Service, delivered: dict[date, int]) -> int:
    """Minutes owed in the period less those delivered, spread evenly, rounded up, over the school
    days left in it; where missed minutes are not made up, each day's even share less what was
    delivered today."""
    first, last = period(service, day.day)
    days = day.school_days(first, last)
    today = delivered.get(day.day, 0)
    if not service.made_up:
        return min(LONGEST_DAY, max(0, _shared(service.minutes, len(days)) - today))
    before = sum(minutes for when, minutes in delivered.items() if first <= when < day.day)
    left = [when for when in days if when >= day.day]
    return min(LONGEST_DAY, max(0, _shared(service.minutes - before, len(left)) - today))


def _shared(minutes: int, days: int) -> int:
    return -(-minutes // max(1, days))


def period(service: Service, day: date) -> tuple[date, date]:
    """First and last day of the period a service is counted in: day, week from Monday, or month,
    within the service's own dates."""
    first = last = day
    if service.period == "week":
        first = day - timedelta(days=day.weekday())
        last = first + timedelta(days=6)
    elif service.period == "month":
        first = day.replace(day=1)
        last = day.replace(day=calendar.monthrange(day.year, day.month)[1])
    return max(first, service.begins or first), min(last, service.ends or last)


def day_accommodations(day: Sources, present: Sequence[StudentId]) -> tuple[Accommodation, ...]:
    """Accommodations of the students who are there, cut down to the day's blocks."""
    return tuple(_accommodations(day, frozenset(present)))


def _accommodations(day: Sources, there: frozenset[StudentId]) -> Iterator[Accommodation]:
    asked: list[Accommodation] = day.tx.roster("accommodations")
    for accommodation in asked:
        blocks = tuple(one for one in accommodation.blocks if one in day.blocks)
        bears = accommodation.kind != "time" or blocks
        if accommodation.student in there and bears:
            yield accommodation.model_copy(update={"blocks": blocks})


def day_relations(day: Sources, present: Sequence[StudentId]) -> tuple[Relation, ...]:
    """Relations between people who are both on the day's lists."""
    there = {*present, *(adult.id for adult in day.staff)}
    relations: list[Relation] = day.tx.roster("relations")
    return tuple(one for one in relations if one.student in there and one.other in there)
