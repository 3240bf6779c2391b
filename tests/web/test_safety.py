"""What every answer carries, what no request may exceed, what no page may contain."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from services.store import Store, Unavailable
from services.web.security import HEADERS
from tests.web.conftest import SignIn
from tests.web.people import send

PAGES = Path(str(files("services.web")))
SERVED = [page for page in PAGES.glob("templates/*.html") if not page.name.startswith("print")]
"""Sheets for print are files of their own, which have to carry their style."""


@pytest.mark.parametrize("address", ["/sign-in", "/nothing", "/static/flexday.css", "/healthz"])
def test_every_answer_forbids_what_pages_do_not_need(app: FastAPI, address: str) -> None:
    answer = TestClient(app).get(address)
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


def test_scripts_and_styles_come_from_our_own_files_alone() -> None:
    policy = HEADERS["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("template", sorted(SERVED), ids=lambda p: p.name)
def test_no_page_has_scripts_styles_or_addresses_of_others_in_it(template: Path) -> None:
    text = template.read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", text)
    assert not re.search(r"https?://", text)


def test_personal_pages_are_kept_nowhere(sign_in: SignIn) -> None:
    assert sign_in("student").get("/my-calendar").headers["cache-control"] == "no-store"


def test_an_error_of_ours_shows_no_traceback_and_carries_the_headers(
    sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = sign_in("student")
    monkeypatch.setattr("services.web.feeds.FeedPage", None)
    answer = browser.get("/my-calendar")
    assert answer.status_code == 500
    assert "Traceback" not in answer.text
    assert answer.headers["content-security-policy"] == HEADERS["Content-Security-Policy"]


def test_a_body_that_is_too_long_is_refused(sign_in: SignIn) -> None:
    browser = sign_in("student")
    assert send(browser, "/my-calendar", "/my-calendar", more="x" * 2_000_000).status_code == 413


def test_a_body_that_does_not_tell_its_length_is_refused_as_well(sign_in: SignIn) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(30):
            yield b"x" * 100_000

    headers = {"content-type": "application/x-www-form-urlencoded"}
    browser = sign_in("student")
    assert browser.post("/my-calendar", content=parts(), headers=headers).status_code == 413


def test_a_database_that_is_away_is_said_and_nothing_pretended(
    sign_in: SignIn, school_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise Unavailable("away")

    browser = sign_in("student")
    monkeypatch.setattr(school_store, "read", away)
    answer = browser.get("/my-calendar")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "Nothing was changed" in answer.text
