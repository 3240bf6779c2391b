"""The README says what is true: its tables are what the code says, its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from services.cli import app

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def between(name: str) -> str:
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", README, re.DOTALL)
    assert found, f"the README has no part marked {name}"
    return found[1].strip()


def commands() -> str:
    """The table of commands, as it belongs in the README."""
    listed = get_command(app).commands  # type: ignore[attr-defined]
    rows = [
        f"| `flexday {name}` | {(command.help or '').split('. ')[0].splitlines()[0].rstrip('.')} |"
        for name, command in listed.items()
    ]
    return "\n".join(["| command | does |", "|---|---|", *rows])


def test_the_table_of_rules_is_what_the_code_says() -> None:
    printed = CliRunner().invoke(app, ["rules", "--markdown"])
    assert printed.exit_code == 0
    assert between("rules") == printed.output.strip()


def test_the_table_of_commands_is_what_the_code_says() -> None:
    assert between("commands") == commands()


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_every_link_in_the_readme_leads_to_a_file(link: str) -> None:
    assert (ROOT / link).exists()


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"`((?:services|solver|schemas|tests)/[^`*]+)`", README)))
)
def test_every_path_the_readme_names_is_there(path: str) -> None:
    assert (ROOT / path).exists()


def test_every_make_target_the_readme_names_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in set(re.findall(r"`make (\w+)`", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
