"""The tour in the README can be walked: whom it names is there, what it says to press is there."""

from __future__ import annotations

import re
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

from services.demo import school
from services.web.pages import PLACES
from services.web.words import catalogue

README = (Path(__file__).parents[2] / "README.md").read_text()
TOUR = README.partition("### A five-minute tour")[2].partition("\n## ")[0]
PRESSED = sorted({" ".join(one.split()) for one in re.findall(r"(?<!\*)\*([^*]+)\*(?!\*)", TOUR)})


@pytest.fixture(scope="module")
def said() -> str:
    """All that stands on pages: templates, places and messages."""
    templates = files("services.web").joinpath("templates")
    texts = [one.read_text("utf-8") for one in templates.iterdir()]
    places = [title for several in PLACES.values() for _, title in several]
    return "\n".join([*texts, *places, str(catalogue())])


@pytest.mark.parametrize("words", PRESSED)
def test_what_the_tour_says_to_press_is_on_a_page(words: str, said: str) -> None:
    assert words in said


def test_the_tour_presses_something_at_every_step() -> None:
    assert len(PRESSED) > 8
    assert len(re.findall(r"^\d\. ", TOUR, re.MULTILINE)) == 8


@pytest.mark.parametrize("name", ["Caleb Vargas", "Farah Flores"])
def test_whom_the_tour_names_teaches_at_the_invented_school(name: str) -> None:
    assert name in " ".join(TOUR.split())
    staff = school.roster(date(2026, 11, 24)).staff
    (found,) = [one for one in staff if f"{one.given_name} {one.family_name}" == name]
    assert "teacher" in found.access_roles
    assert found.qualifications
