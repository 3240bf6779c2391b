"""Schedules and rosters: one person's view of a published plan, one session's list of students."""

from services.schedules.book import (
    Arrival,
    Book,
    Names,
    bell_blocks,
    book_before,
    flex_blocks,
    neighbours,
    shown,
)
from services.schedules.day import Entry, Schedule, staff_schedule, student_schedule
from services.schedules.roster import Missing, Roster, RosterLine, leavers, roster

__all__ = [
    "Arrival",
    "Book",
    "Entry",
    "Missing",
    "Names",
    "Roster",
    "RosterLine",
    "Schedule",
    "bell_blocks",
    "book_before",
    "flex_blocks",
    "leavers",
    "neighbours",
    "roster",
    "shown",
    "staff_schedule",
    "student_schedule",
]
