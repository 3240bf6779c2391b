"""The wheel carries all three rooms with their pages, and runs away from the sources."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True)
    (built,) = folder.glob("flexday-*.whl")
    return built


def test_the_wheel_holds_the_three_rooms_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert tops == {"schemas", "services", "solver"}


def test_pages_styles_and_migrations_travel_along(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    kinds = ("templates", "static", "migrations")
    wanted = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "services").rglob("*")
        if path.is_file() and any(kind in path.parts for kind in kinds) and path.suffix != ".pyc"
    }
    assert wanted
    assert wanted - inside == set()


def test_the_rooms_come_from_one_place() -> None:
    import schemas
    import services
    import solver

    parents = {Path(str(room.__file__)).parent.parent for room in (schemas, services, solver)}
    assert len(parents) == 1


def test_the_command_runs_from_the_wheel_away_from_the_sources(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    program = "import sys; sys.path.insert(0, sys.argv.pop(1)); import services.cli as c; c.main()"
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, str(target), "schema", "plan"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert '"placements"' in done.stdout
