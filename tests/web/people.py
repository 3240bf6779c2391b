"""Sending forms as somebody signed in."""

from __future__ import annotations

import re
from typing import Any

from fastapi.testclient import TestClient
from httpx import Response


def token(browser: TestClient, page: str) -> str:
    """What the forms on a page carry."""
    found = re.search(r'name="csrf" value="([^"]+)"', browser.get(page).text)
    assert found, f"{page} has no form"
    return found.group(1)


def send(browser: TestClient, page: str, address: str, **fields: Any) -> Response:
    """Sends a form of a page, with the token that the page gave it."""
    return browser.post(address, data={"csrf": token(browser, page), **fields})
