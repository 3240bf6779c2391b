"""The invented school's buildings, rooms, bell schedules and calendar."""

from __future__ import annotations

from datetime import date, timedelta

from schemas.school import BellSchedule, Block, BlockKind, Building, CalendarDay, Room, TravelTime

BUILDINGS = (
    Building(id="main", title="Main building"),
    Building(id="annex", title="Arts annex"),
    Building(id="garden", title="Community garden"),
)
TRAVEL = (
    TravelTime(a="main", b="annex", minutes=3),
    TravelTime(a="main", b="garden", minutes=5),
    TravelTime(a="annex", b="garden", minutes=5),
)
FLEX = ("flex1", "flex2", "flex3", "flex4")
WEEKS_BACK, WEEKS_AHEAD = 4, 4


def rooms() -> tuple[Room, ...]:
    """22 classrooms, some of them labs, small rooms, large shared places and a garden."""
    return (*_classrooms(), *_small_rooms(), *_special_places())


def _classrooms() -> list[Room]:
    found = []
    for number in range(1, 23):
        floor, door = divmod(number - 1, 11)
        id = str(100 * (floor + 1) + door + 1)
        features = ["step_free"] if floor == 0 or number % 2 else []
        if door in (0, 1):
            features.append("science_lab")
        if door % 3 == 2:
            features.append("laptops")
        title = f"Lab {id}" if "science_lab" in features else f"Room {id}"
        seats = 24 + 2 * (number % 4)
        found.append(
            Room(id=id, title=title, building="main", seats=seats, features=tuple(features))
        )
    return found


def _small_rooms() -> list[Room]:
    names = ("Alcove", "Study A", "Study B", "Study C", "Quiet room")
    return [
        Room(
            id=name.lower().replace(" ", "-"),
            title=name,
            building="main",
            seats=8,
            features=("step_free", "quiet"),
        )
        for name in names
    ]


def _special_places() -> list[Room]:
    step_free = ("step_free",)
    return [
        Room(id="library", title="Library", building="main", seats=90, features=step_free, zones=3),
        Room(id="gym", title="Gym", building="main", seats=80, features=(*step_free, "sport")),
        Room(id="commons", title="Commons", building="main", seats=120, features=step_free),
        Room(id="studio", title="Art studio", building="annex", seats=26, features=("art",)),
        Room(id="music", title="Music room", building="annex", seats=34, features=("music",)),
        Room(id="workshop", title="Workshop", building="annex", seats=22, features=("tools",)),
        Room(id="plot", title="Garden plot", building="garden", kind="off_campus", seats=18),
    ]


def _block(id: str, title: str, kind: BlockKind, start: str, end: str) -> Block:
    return Block(id=id, title=title, kind=kind, start=_minute(start), end=_minute(end))


def _minute(clock: str) -> int:
    hours, minutes = clock.split(":")
    return 60 * int(hours) + int(minutes)


def bell_schedules() -> tuple[BellSchedule, ...]:
    """A regular day and an early release."""
    regular = BellSchedule(
        id="regular",
        title="Regular day",
        blocks=(
            _block("advisory", "Advisory", "advisory", "8:30", "8:50"),
            _block("flex1", "Flex 1", "flex", "8:55", "9:40"),
            _block("flex2", "Flex 2", "flex", "9:45", "10:30"),
            _block("class1", "Humanities", "class", "10:35", "11:20"),
            _block("lunch", "Lunch", "lunch", "11:20", "12:00"),
            _block("flex3", "Flex 3", "flex", "12:05", "12:50"),
            _block("class2", "Arts and movement", "class", "12:55", "13:40"),
            _block("flex4", "Flex 4", "flex", "13:45", "14:30"),
        ),
    )
    early = BellSchedule(
        id="early",
        title="Early release",
        blocks=(
            _block("advisory", "Advisory", "advisory", "8:30", "8:45"),
            _block("flex1", "Flex 1", "flex", "8:50", "9:25"),
            _block("flex2", "Flex 2", "flex", "9:30", "10:05"),
            _block("class1", "Humanities", "class", "10:10", "10:45"),
            _block("lunch", "Lunch", "lunch", "10:45", "11:20"),
            _block("class2", "Arts and movement", "class", "11:25", "12:00"),
        ),
    )
    return regular, early


def school_days(around: date) -> list[date]:
    """Mondays to Fridays from four weeks before to four weeks after a date."""
    first = around - timedelta(weeks=WEEKS_BACK)
    days = (first + timedelta(days=n) for n in range(7 * (WEEKS_BACK + WEEKS_AHEAD) + 1))
    return [day for day in days if day.weekday() < 5]


def calendar(around: date, next_day: date) -> tuple[CalendarDay, ...]:
    """School days around a date: every second Friday releases early, never the next day."""
    return tuple(
        CalendarDay(date=day, bell_schedule="early" if _is_early(day, next_day) else "regular")
        for day in school_days(around)
    )


def _is_early(day: date, next_day: date) -> bool:
    return day.weekday() == 4 and day.isocalendar().week % 2 == 0 and day != next_day


def next_school_day(today: date) -> date:
    """The first school day after a date."""
    return next(day for day in school_days(today) if day > today)
