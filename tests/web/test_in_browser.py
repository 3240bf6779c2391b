"""Pages in a real browser: readable by everybody, on a phone, by keyboard alone, and on paper."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, Route

from services.planner import Planner
from services.scenarios import read_changes, start
from services.settings import Settings
from services.store import PlanRow, Store
from services.web.app import create_app
from services.web.live import SECONDS_BETWEEN_LOOKS
from services.workflow import approve
from tests.services.school_day import KIM, MACHINE, WEDNESDAY, Clock, plan_day, stand_in, tell
from tests.web.browser import (
    CHROMIUM,
    DESKTOP,
    NARROW,
    PHONE,
    chromium,
    served,
    sign_in,
)
from tests.web.conftest import PEOPLE, enrol

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium here: install Debian's package chromium to run these"
)
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[Store]:
    """The small school: Wednesday published, then changed by an absence, which people are told of;
    a what-if that is answered; and a new draft."""
    path = tmp_path_factory.mktemp("browser") / "flexday.db"
    shutil.copy(migrated_file, path)
    store = Store(f"sqlite:///{path}", clock=Clock())
    enrol(store)
    first = plan_day(store)
    approve(store, KIM, first.id, first.etag)
    tell(store, "staff.absent", "away-1", staff="vega", day=WEDNESDAY, blocks=["b2"])
    second = plan_day(store)
    approve(store, KIM, second.id, second.etag)
    start(store, KIM, WEDNESDAY, read_changes({"rooms_closed": [{"room": "r2"}]}))
    assert Planner(store, solver=stand_in).step()
    tell(store, "room.closed", "shut-1", room="r1", day=WEDNESDAY, blocks=["b2"])
    plan_day(store)
    yield store
    store.close()


@pytest.fixture
def draft(store: Store) -> PlanRow:
    """The draft that waits, whatever tests before this one did to those before it."""
    with store.read(MACHINE) as tx:
        waiting = tx.plans(WEDNESDAY, "draft")
    return waiting[-1] if waiting else plan_day(store)


@pytest.fixture(scope="module")
def address(store: Store) -> Iterator[str]:
    app: FastAPI = create_app(Settings(_env_file=None, role_picker=True, secret="of tests"), store)
    with served(app) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


PLACES = {
    "scheduler": [
        "/days",
        "/days/{day}",
        "/plans/{plan}",
        "/plans/{plan}/decide",
        "/plans/{plan}/session/{session}",
        "/plans/{plan}/findings/unmet-need",
        "/what-if",
        "/what-if/{scenario}",
    ],
    "admin": ["/log", "/imports"],
    "coordinator": ["/owed/{day}"],
    "teacher": ["/teaching/{day}", "/teaching/{day}/session/{session}", "/teaching/{day}/ask"],
    "student": ["/my-day/{day}", "/my-choices", "/my-calendar"],
    "guardian": ["/family", "/family/{day}/ada"],
}


@pytest.fixture
def filled(store: Store, draft: PlanRow) -> dict[str, object]:
    """What stands in the places of an address."""
    with store.read(MACHINE) as tx:
        (scenario,) = tx.scenarios()
    session = draft.plan.sessions[0].id
    return {"day": WEDNESDAY, "plan": draft.id, "session": session, "scenario": scenario.id}


def pages_of(role: str, filled: dict[str, object]) -> list[str]:
    return [place.format(**filled) for place in PLACES[role]]


@pytest.fixture
def signed(browser: Browser, address: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of somebody signed in, at a size: both are the test's parameters."""
    role, (width, height) = request.param
    context = browser.new_context(viewport={"width": width, "height": height}, base_url=address)
    page = context.new_page()
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
    page.on("request", lambda asked: _ours(asked.url, address, troubles))
    sign_in(page, address, role, PEOPLE[role])
    yield page
    context.close()
    assert troubles == []


def _ours(url: str, address: str, troubles: list[str]) -> None:
    if not url.startswith((address, "data:")):
        troubles.append(f"asked {url}")


BOTH_SIZES = [
    pytest.param((role, size), id=f"{role}-{size[0]}")
    for role in PLACES
    for size in (DESKTOP, PHONE)
]


@pytest.mark.parametrize("signed", BOTH_SIZES, indirect=True)
def test_every_page_is_accessible_and_fits_its_screen(
    signed: Page, filled: dict[str, object], request: pytest.FixtureRequest
) -> None:
    role = request.node.callspec.params["signed"][0]
    for place in pages_of(role, filled):
        answer = signed.goto(place)
        assert answer is not None
        assert answer.status == 200, place
        found = Axe().run(signed, options=WCAG)
        assert found.violations_count == 0, f"{place}\n{found.generate_report()}"
        assert _overflow(signed) <= 0, f"{place} has to be scrolled sideways"


@pytest.mark.parametrize(
    "signed", [pytest.param((role, NARROW), id=role) for role in PLACES], indirect=True
)
def test_every_page_reflows_at_320_pixels(
    signed: Page, filled: dict[str, object], request: pytest.FixtureRequest
) -> None:
    role = request.node.callspec.params["signed"][0]
    for place in pages_of(role, filled):
        signed.goto(place)
        assert _overflow(signed) <= 0, place


def _overflow(page: Page) -> int:
    width = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    return int(page.evaluate(width))


def test_the_sign_in_page_is_accessible(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.goto(f"{address}/sign-in")
    found = Axe().run(page, options=WCAG)
    assert found.violations_count == 0, found.generate_report()
    page.close()


@pytest.mark.parametrize("signed", [("teacher", DESKTOP)], indirect=True)
def test_the_printed_day_gives_each_session_a_sheet_of_its_own(
    signed: Page, tmp_path: Path
) -> None:
    signed.goto(f"/teaching/{WEDNESDAY}")
    signed.emulate_media(media="print")
    sheets = signed.locator(".one-page")
    sessions = signed.locator(".timeline a").count()
    assert sheets.count() == sessions > 0
    assert sheets.first.is_visible()
    assert not signed.locator("header.top").is_visible()
    assert not signed.locator(".timeline").is_visible()
    breaks = sheets.first.evaluate("one => getComputedStyle(one).breakAfter")
    assert breaks == "page"


@pytest.mark.parametrize("signed", [("student", PHONE)], indirect=True)
def test_a_calendar_address_is_made_by_keyboard_alone(signed: Page) -> None:
    signed.goto("/my-calendar")
    _tab_to(signed, "Make an address")
    signed.keyboard.press("Enter")
    signed.wait_for_selector("#address")
    assert "/cal/" in signed.input_value("#address")


@pytest.mark.parametrize("signed", [("scheduler", DESKTOP)], indirect=True)
def test_the_first_stop_of_the_keyboard_skips_to_the_page(signed: Page) -> None:
    signed.goto("/days")
    signed.keyboard.press("Tab")
    assert _focused(signed) == "Skip to the page"
    signed.keyboard.press("Enter")
    assert signed.evaluate("document.activeElement.id") == "main"


@pytest.mark.parametrize("signed", [("scheduler", DESKTOP)], indirect=True)
def test_a_session_is_changed_in_a_dialog_and_focus_comes_back(
    signed: Page, draft: PlanRow
) -> None:
    signed.goto(f"/plans/{draft.id}")
    _tab_to(signed, "Study")
    signed.keyboard.press("Enter")
    signed.wait_for_selector("dialog[open] h1")
    assert signed.url.endswith(draft.id)
    found = Axe().run(signed, options=WCAG)
    assert found.violations_count == 0, found.generate_report()
    signed.keyboard.press("Escape")
    signed.wait_for_selector("dialog[open]", state="detached")
    assert _focused(signed) == "Study"


@pytest.mark.parametrize("signed", [("student", PHONE)], indirect=True)
def test_what_changed_for_a_student_is_put_away_by_keyboard_alone(signed: Page) -> None:
    signed.goto(f"/my-day/{WEDNESDAY}")
    assert signed.get_by_text("Changed for you on").count() == 1
    _tab_to(signed, "I have seen this")
    signed.keyboard.press("Enter")
    signed.get_by_text("Changed for you on").wait_for(state="detached")


@pytest.mark.parametrize("signed", [("teacher", DESKTOP)], indirect=True)
def test_a_printed_session_is_one_list_without_buttons(
    signed: Page, filled: dict[str, object]
) -> None:
    signed.goto("/teaching/{day}/session/{session}".format(**filled))
    signed.emulate_media(media="print")
    assert signed.locator(".print-only table").is_visible()
    assert not signed.get_by_role("button").first.is_visible()


@pytest.mark.parametrize("signed", [("scheduler", DESKTOP)], indirect=True)
def test_a_card_dragged_to_another_room_changes_its_room_until_undone(
    signed: Page, draft: PlanRow
) -> None:
    signed.goto(f"/plans/{draft.id}")
    cell = signed.locator("td[data-block=b2]:not(:has(article))").first
    handle = signed.locator("td[data-block=b2] article .handle").first
    handle.drag_to(cell)
    signed.wait_for_url("**/plans/*?said=room-changed")
    assert signed.locator(".badge.locked").count() == 1
    signed.get_by_role("button", name="Undo last change").click()
    signed.wait_for_url("**/plans/*?said=undone")
    assert signed.locator(".badge.locked").count() == 0


@pytest.mark.parametrize("signed", [("scheduler", DESKTOP)], indirect=True)
def test_a_page_about_a_day_follows_what_happens_to_it(signed: Page, store: Store) -> None:
    signed.goto(f"/days/{WEDNESDAY}")
    with store.begin(KIM) as tx:
        run = tx.queue_run(WEDNESDAY, "person", asked_by="kim")
    signed.get_by_text("Waiting to start").wait_for()
    with store.begin(KIM) as tx:
        tx.cancel_run(run)
    signed.get_by_text("Waiting to start").wait_for(state="detached")


@pytest.mark.parametrize("signed", [("scheduler", DESKTOP)], indirect=True)
def test_what_changed_between_a_page_being_made_and_followed_is_shown(
    signed: Page, store: Store
) -> None:
    planning: list[str] = []

    def late(route: Route) -> None:
        if not planning:
            with store.begin(KIM) as tx:
                planning.append(tx.queue_run(WEDNESDAY, "person", asked_by="kim"))
        route.continue_()

    signed.route("**/live/**", late)
    with signed.expect_request("**/live/**"):
        signed.goto(f"/days/{WEDNESDAY}")
    signed.wait_for_timeout(500)  # in which the route is taken
    _shows_the_run(signed, store, planning[0])


@pytest.mark.parametrize("signed", [("scheduler", DESKTOP)], indirect=True)
def test_what_changes_while_a_page_is_being_brought_up_to_date_is_shown_after(
    signed: Page, store: Store
) -> None:
    with store.begin(KIM) as tx:
        first = tx.queue_run(WEDNESDAY, "person", asked_by="kim")
    signed.add_init_script(ANSWERS_TAKE_SECONDS)
    with signed.expect_response("**/live/**"):
        signed.goto(f"/days/{WEDNESDAY}")
    signed.wait_for_timeout(500)  # in which the first event comes
    with store.begin(KIM) as tx:
        tx.cancel_run(first)
    signed.wait_for_timeout(1200 * SECONDS_BETWEEN_LOOKS)
    with store.begin(KIM) as tx:
        second = tx.queue_run(WEDNESDAY, "person", asked_by="kim")
    _shows_the_run(signed, store, second)


ANSWERS_TAKE_SECONDS = """
const ask = window.fetch;
window.fetch = async (...asked) => {
  const answer = await ask(...asked);
  await new Promise((go) => setTimeout(go, 2500));
  return answer;
};
"""


def _shows_the_run(page: Page, store: Store, run: str) -> None:
    """Waits until the page offers to stop this run, and then stops it in the store."""
    try:
        page.locator(f'form[action="/runs/{run}/cancel"]').wait_for()
    finally:
        with store.begin(KIM) as tx:
            tx.cancel_run(run)


def test_the_accessibility_check_finds_a_planted_fault(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content("<html lang=en><title>t</title><main><h1>t</h1><input></main></html>")
    assert Axe().run(page, options=WCAG).violations_count > 0
    page.close()


@pytest.mark.parametrize("signed", [("scheduler", DESKTOP)], indirect=True)
def test_a_plan_is_approved_by_keyboard_alone(signed: Page, draft: PlanRow, store: Store) -> None:
    signed.goto(f"/plans/{draft.id}")
    _tab_to(signed, "Approve…")
    signed.keyboard.press("Enter")
    signed.wait_for_selector("dialog[open] button.main")
    _tab_to(signed, "Approve exactly this")
    signed.keyboard.press("Enter")
    signed.wait_for_url(f"**/days/{WEDNESDAY}?said=approved")
    assert signed.locator("[role=status]").first.inner_text() == "Approved."
    with store.read(MACHINE) as tx:
        assert tx.plan(draft.id).status == "published"


def _tab_to(page: Page, label: str, most: int = 80) -> None:
    """Presses Tab until something with this text has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if _focused(page) == label:
            return
    raise AssertionError(f"{label!r} is not reached by Tab")


def _focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.innerText")).strip()
