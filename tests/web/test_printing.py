"""A published day on paper: every session, adult and student, and nothing from elsewhere."""

from __future__ import annotations

import re

import pytest

from services.store import Store
from services.viewer import Viewer
from services.web.printing import printed
from tests.services.school_day import MACHINE, SCHOOL, open_school, published_day


@pytest.fixture
def pages(store: Store) -> dict[str, str]:
    open_school(store)
    row = published_day(store)
    with store.read(MACHINE) as tx:
        return dict(printed(tx, row))


def headings(page: str) -> list[str]:
    """The level-2 headings that begin a sheet."""
    found = re.findall(r'<section class="[a-z-]+" aria-label="([^"]*)"', page)
    return [str(heading) for heading in found]


def test_every_session_has_its_roster_in_order_of_time(pages: dict[str, str]) -> None:
    assert headings(pages["rosters"]) == ["Study", "Study"]
    assert pages["rosters"].count("Ada Lane") == 2
    assert pages["rosters"].index("8:50") < pages["rosters"].index("10:00")


def test_every_adult_and_student_has_a_day_under_their_name(pages: dict[str, str]) -> None:
    assert headings(pages["staff"]) == ["Kim Reed", "Lee Reed", "Moss Reed", "Vega Reed"]
    names = ("Ada", "Ben", "Cy", "Dee", "Eve", "Fay")
    assert headings(pages["students"]) == [f"{name} Lane" for name in names]
    assert "grade 6" in pages["students"]


def test_adults_get_a_page_each_and_students_share_pages(pages: dict[str, str]) -> None:
    assert pages["staff"].count('class="one-page"') == 4
    assert pages["students"].count('class="slip"') == 6


def test_a_fixed_class_stands_on_the_day_of_who_is_in_it(pages: dict[str, str]) -> None:
    ada, cy = (pages["students"].split("<section")[place] for place in (1, 3))
    assert "6a" in ada
    assert "6a" not in cy


def test_a_file_asks_nothing_of_anybody_to_be_printed(pages: dict[str, str]) -> None:
    for page in pages.values():
        assert "<style>" in page
        assert not re.search(r"<script|<link|src=|href=\"(?!#)", page)


def test_names_are_those_the_viewer_may_see(store: Store) -> None:
    open_school(store)
    row = published_day(store)
    with store.read(Viewer.staff(SCHOOL, "teacher", "moss")) as tx:
        pages = dict(printed(tx, row))
    assert headings(pages["students"]) == []
    assert "Lane" not in pages["rosters"]
