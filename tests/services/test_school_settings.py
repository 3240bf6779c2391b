"""A school's own settings come from a file, are checked before they count, and leave a trace."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from services.cli import app
from services.day_settings import DaySettings, SettingsRefused
from services.folding import verify
from services.handlers import handle_batch
from services.school_settings import read_tables, save
from services.store import Store
from tests.services.small_school import EAST, enrol, evidence

HIGHEST = '[mastery.default]\nmethod = "highest"\nmin_evidence = 1\ncut = 0.75\n'


def test_a_new_method_counts_for_what_was_shown_before(store: Store) -> None:
    enrol(store)
    scores = [evidence(f"e{n}", score, minute=n) for n, score in enumerate([0.9, 0.2])]
    handle_batch(store, EAST, scores)
    with store.read(EAST) as tx:
        assert [state.reached for state in tx.mastery()] == [False]
    assert save(store, EAST, read_tables(HIGHEST)) == 1
    with store.read(EAST) as tx:
        assert [state.reached for state in tx.mastery()] == [True]
    assert all(comparison.same for comparison in verify(store, "east"))


def test_saving_one_table_leaves_the_others_as_they_were(store: Store) -> None:
    enrol(store)
    save(store, EAST, read_tables("[day]\ncut_off = 16:30:00\nterm_begins = 2026-08-24\n"))
    save(store, EAST, read_tables(HIGHEST))
    with store.read(EAST) as tx:
        assert DaySettings.of(tx.settings()).cut_off == time(16, 30)
        assert tx.settings()["mastery"]["default"]["method"] == "highest"


def test_the_audit_tells_that_settings_were_saved(store: Store) -> None:
    enrol(store)
    save(store, EAST, read_tables(HIGHEST))
    with store.read(EAST) as tx:
        (row,) = [row for row in tx.audit_rows() if row.action == "settings.saved"]
        assert row.object == "mastery"
        assert row.before != row.after


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[day", "not TOML"),
        ("[dai]\nwork = 1", "write \\[day\\] and \\[mastery\\]"),
        ("day = 1", "day: is no table"),
        ("[day]\nwork = -1", "day.work"),
        ('[mastery.default]\nmethod = "best"', "mastery.default.method"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_saved(text: str, named: str) -> None:
    with pytest.raises(SettingsRefused, match=named):
        read_tables(text)


def test_the_command_saves_for_every_school_and_shows_what_holds(
    migrated_file: Path, tmp_path: Path
) -> None:
    address = f"sqlite:///{tmp_path}/flexday.db"
    (tmp_path / "flexday.db").write_bytes(migrated_file.read_bytes())
    store = Store(address)
    enrol(store)
    enrol(store, "west")
    store.close()
    (tmp_path / "own.toml").write_text(HIGHEST)
    run = CliRunner().invoke
    assert run(app, ["settings", "--db", address]).output.count("{}") == 2
    saved = run(app, ["settings", str(tmp_path / "own.toml"), "--db", address])
    assert saved.output.count("saved mastery") == 2
    assert '"highest"' in run(app, ["settings", "--school", "west", "--db", address]).output
    assert run(app, ["settings", "--school", "north", "--db", address]).exit_code == 2
    (tmp_path / "own.toml").write_text("[day]\nwork = 0")
    refused = run(app, ["settings", str(tmp_path / "own.toml"), "--db", address])
    assert refused.exit_code == 2
    assert "day.work" in refused.output
