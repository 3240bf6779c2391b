"""The commands on records, as a person at a terminal meets them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from services.cli import app
from services.importing import detect
from services.store import Store
from tests.services.small_school import EAST, enrol

ROOMS = "ClassroomIdentificationCode,BuildingName,MaximumNumberOfSeats\nr2,Main,24\n"
STANDARDS = "code,grade,statement\n7.X.1,07,Count\n7.X.2,07,Add\n"
PRECEDES = "from,to\n7.X.1,7.X.2\n"
RECORDING = (
    "user,skill,at,right\nu1,6.RP.A.1,0,1\nu1,6.RP.A.1,60,0\nu9,6.RP.A.1,70,1\nu1,6.RP.A.1\n"
)
MAPPING = """
students = { by = "map", map = { u1 = "ada" } }
[columns]
student = "user"
competency = "skill"
time = "at"
correct = "right"
[time]
starts = 2026-09-01T08:00:00-05:00
"""


@pytest.fixture
def db(tmp_path: Path) -> str:
    """A database with the school east in it."""
    address = f"sqlite:///{tmp_path}/flexday.db"
    store = Store(address)
    store.migrate()
    enrol(store)
    store.close()
    return address


def flexday(*arguments: object, fails: bool = False) -> str:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert (done.exit_code != 0) == fails, done.output
    return done.output


def write(folder: Path, **files: str) -> Path:
    for name, content in files.items():
        (folder / f"{name}.csv").write_text(content)
    return folder


def test_an_import_says_what_changed_and_twice_changes_nothing(tmp_path: Path, db: str) -> None:
    rooms = write(tmp_path, rooms=ROOMS) / "rooms.csv"
    (first,) = json.loads(flexday("import", rooms, "--db", db, "--json"))
    assert first["changes"]["rooms"] == {"added": 1, "changed": 0, "unchanged": 1, "ended": 0}
    (again,) = json.loads(flexday("import", rooms, "--db", db, "--json"))
    assert again["changes"]["rooms"] == {"added": 0, "changed": 0, "unchanged": 2, "ended": 0}
    assert "rooms" in flexday("import", rooms, "--db", db)


def test_a_framework_reaches_every_school_and_ends_none_of_anothers(
    tmp_path: Path, db: str
) -> None:
    folder = write(tmp_path, standards=STANDARDS, precedes=PRECEDES)
    (report,) = json.loads(flexday("import", folder, "--format", "framework", "--db", db, "--json"))
    assert report["changes"]["competencies"]["added"] == 2
    write(tmp_path, standards=STANDARDS.replace("7.X.2,07,Add\n", ""), precedes="from,to\n")
    (report,) = json.loads(flexday("import", folder, "--format", "framework", "--db", db, "--json"))
    assert report["changes"]["competencies"]["ended"] == 1
    store = Store(db)
    with store.read(EAST) as tx:
        assert tx.ids("competencies") == ["7.X.1", "c1", "c2"]
        assert tx.audit_rows()[-1].action == "roster.imported"
    store.close()


def test_a_refused_import_shows_where_and_how_to_mend_it(tmp_path: Path, db: str) -> None:
    rooms = write(tmp_path, rooms=ROOMS.replace("24", "many")) / "rooms.csv"
    (report,) = json.loads(flexday("import", rooms, "--db", db, "--json", fails=True))
    assert (report["refused"][0]["row"], report["refused"][0]["value"]) == (2, "many")
    assert "mend" in flexday("import", rooms, "--db", db, fails=True)


def test_an_import_for_no_known_school_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path, standards=STANDARDS)
    address = f"sqlite:///{tmp_path}/empty.db"
    told = flexday("import", folder, "--format", "framework", "--db", address, "--json", fails=True)
    assert "no school is known" in json.loads(told)[0]["refused"][0]["reason"]


@pytest.mark.parametrize(
    ("names", "format"),
    [
        ({"a/Student.xml"}, "edfi"),
        ({"map.json"}, "case"),
        ({"orgs.csv", "users.csv"}, "oneroster"),
        ({"standards.csv"}, "framework"),
        ({"rooms.csv"}, "csv"),
        ({"notes.txt"}, None),
    ],
)
def test_the_format_is_told_by_the_files(names: set[str], format: str | None) -> None:
    assert detect(names) == format


def test_a_replay_tells_what_became_of_each_row_and_can_be_repeated(
    tmp_path: Path, db: str
) -> None:
    (tmp_path / "a.csv").write_text(RECORDING)
    (tmp_path / "m.toml").write_text(MAPPING)
    command = ["replay", tmp_path / "a.csv", "--mapping", tmp_path / "m.toml", "--db", db]
    told = flexday(*command)
    assert "2 accepted" in told
    assert "row 4: no student of ours" in told
    assert "row 5: 2 cells under 4 columns" in told
    assert "2 duplicate" in flexday(*command)


def test_verify_says_where_state_and_log_differ(tmp_path: Path, db: str) -> None:
    (tmp_path / "a.csv").write_text(RECORDING)
    (tmp_path / "m.toml").write_text(MAPPING)
    flexday("replay", tmp_path / "a.csv", "--mapping", tmp_path / "m.toml", "--db", db)
    assert "differs" not in flexday("rebuild", "--verify", "--db", db)
    store = Store(db)
    with store.begin(EAST) as tx:
        tx.connection.execute(text("UPDATE mastery SET body = '{}'"))
    store.close()
    assert "differs" in flexday("rebuild", "--verify", "--db", db, fails=True)
    compared: list[dict[str, Any]] = json.loads(flexday("rebuild", "--db", db, "--json"))
    assert [each["same"] for each in compared] == [True, True]


def test_a_database_out_of_reach_is_one_line_and_no_traceback() -> None:
    told = flexday("migrate", "--db", "postgresql+psycopg://nobody@127.0.0.1:1/none", fails=True)
    assert "cannot be used now" in told
    assert "Traceback" not in told


def test_a_folder_without_anything_known_asks_for_the_format(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    assert "--format" in flexday("import", tmp_path, fails=True)
