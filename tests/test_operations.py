"""What docs/operations.md says of settings is what the code has."""

from __future__ import annotations

import re
from pathlib import Path

from services.settings import Settings

FIELDS = Settings.model_fields
PAGE = (Path(__file__).parent.parent / "docs" / "operations.md").read_text()


def settings_table() -> str:
    """The table of settings, as it belongs on the page."""
    told = {name: " ".join((f.description or "").split()) for name, f in FIELDS.items()}
    rows = [
        f"| `FLEXDAY_{name.upper()}` | `{field.default}` | {told[name]} |"
        for name, field in FIELDS.items()
    ]
    return "\n".join(["| setting | default | meaning |", "|---|---|---|", *rows])


def test_every_setting_is_explained() -> None:
    assert [name for name, field in FIELDS.items() if not field.description] == []


def test_the_table_of_settings_is_what_the_code_says() -> None:
    found = re.search(r"<!-- settings -->\n(.*?)<!-- /settings -->", PAGE, re.DOTALL)
    assert found
    assert found[1].strip() == settings_table()


def test_every_test_file_named_beside_a_guard_is_there() -> None:
    tests = {path.stem for path in Path(__file__).parent.rglob("test_*.py")}
    assert set(re.findall(r"`(test_\w+)`", PAGE)) <= tests
