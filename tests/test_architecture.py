"""The room rules: who may import whom, and who may do what."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("schemas", "solver", "services")

NOT_IN_SOLVER = {
    "os", "time", "logging", "pathlib", "socket", "subprocess", "threading", "multiprocessing",
    "asyncio", "sqlalchemy", "fastapi", "faust", "aiokafka", "httpx", "requests", "services",
}  # fmt: skip
NOT_IN_SCHEMAS = NOT_IN_SOLVER | {"solver", "ortools", "highspy", "numpy"}


def modules(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def imports(path: Path, *, typing_too: bool = True) -> Iterator[tuple[str, bool]]:
    """Each imported module's full name, and whether it is imported when the file loads."""
    tree = ast.parse(path.read_text(), str(path))
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
        if typing_too or not _under_type_checking(tree, node):
            for name in names:
                yield name, node in tree.body


def _under_type_checking(tree: ast.Module, node: ast.AST) -> bool:
    return any(
        isinstance(outer, ast.If)
        and isinstance(outer.test, ast.Name)
        and outer.test.id == "TYPE_CHECKING"
        and node in ast.walk(outer)
        for outer in ast.walk(tree)
    )


def breaches(room: str, banned: set[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in modules(room)
        for name, _ in imports(path)
        if name.split(".")[0] in banned
    ]


def test_schemas_know_nothing_of_the_other_rooms() -> None:
    assert breaches("schemas", NOT_IN_SCHEMAS) == []


def test_the_solver_knows_no_disk_no_network_no_clock_and_no_services() -> None:
    assert breaches("solver", NOT_IN_SOLVER) == []


def test_rules_know_the_model_only_for_typing() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in modules("solver/rules")
        for name, _ in imports(path, typing_too=False)
        if name == "solver.model"
    ]
    assert found == []


@pytest.mark.parametrize(
    ("library", "home"),
    [
        ("sqlalchemy", ("services/store/", "services/migrations/")),
        ("faust", ("services/stream/",)),
        ("aiokafka", ("services/stream/",)),
    ],
)
def test_each_outside_system_is_known_in_one_place(library: str, home: tuple[str, ...]) -> None:
    elsewhere = [
        str(path.relative_to(ROOT))
        for room in ROOMS
        for path in modules(room)
        for name, _ in imports(path)
        if name.split(".")[0] == library and not str(path.relative_to(ROOT)).startswith(home)
    ]
    assert elsewhere == []


def test_faust_is_never_imported_when_a_module_loads() -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in modules("services")
        for name, at_load in imports(path)
        if name.split(".")[0] in {"faust", "aiokafka"} and at_load
    ]
    assert found == []


def test_only_the_store_commits() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in modules("services")
        if not str(path.relative_to(ROOT)).startswith("services/store/")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in {"commit", "rollback"}
    ]
    assert found == []


@pytest.mark.parametrize(
    ("start", "unwanted"),
    [
        ("import solver.score", ("ortools", "highspy", "solver.model")),
        ("import solver.shortage", ("ortools", "highspy", "solver.model")),
        ("import services.web.app", ("ortools", "highspy", "faust", "aiokafka")),
        ("import services.cli", ("ortools", "highspy", "faust", "fastapi", "sqlalchemy")),
    ],
)
def test_what_is_slow_or_optional_is_loaded_only_where_it_is_used(
    start: str, unwanted: tuple[str, ...]
) -> None:
    program = f"{start}; import sys; print([m for m in {unwanted!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_names_say_what_a_thing_is() -> None:
    endings = ("Manager", "Service", "Helper", "Util", "Utils", "Data", "Info")
    allowed = {"Service", "DayService"}
    found = [
        f"{path.relative_to(ROOT)}: {node.name}"
        for room in ROOMS
        for path in modules(room)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef | ast.FunctionDef)
        and node.name.endswith(endings)
        and node.name not in allowed
    ]
    assert found == []


def test_every_module_opens_with_one_sentence_on_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for room in ROOMS
        for path in modules(room)
        if not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []
