"""Schedules and rosters: one person's view of a published plan, one session's list of students."""

from services.schedules.book import (
    Book,
    Names,
    bell_blocks,
    book_before,
    flex_blocks,
    neighbours,
    shown,
)
from services.schedules.day import staff_schedule, student_schedule
from services.schedules.roster import leavers, roster

__all__ = [
    "Book",
    "Names",
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
