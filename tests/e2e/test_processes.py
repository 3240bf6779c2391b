"""Each process of an installation on PostgreSQL: started, watched, asked to stop, refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.logs import without_messages
from services.serving import serve
from services.settings import Settings, unknown_names
from services.store import Store
from tests.conftest import as_served, emptied
from tests.e2e.processes import (
    SECRET,
    Process,
    Wire,
    ended,
    environment,
    eventually,
    free_port,
    run,
    status_of,
)
from tests.services.school_day import KIM, MACHINE, WEDNESDAY, open_school


@pytest.fixture
def address(postgresql: str) -> str:
    """An empty record on PostgreSQL, where several processes can share one."""
    return emptied(postgresql)


@pytest.fixture
def wire(address: str) -> Iterator[Wire]:
    """The way to the database, which tests cut."""
    led = Wire(address)
    yield led
    led.close()


def serving(database: str, folder: Path, *more: str) -> tuple[Process, str]:
    port = free_port()
    arguments = ("serve", "--port", str(port), *more)
    return Process(arguments, database, folder / "serve.log"), f"http://127.0.0.1:{port}"


def queue(store: Store, **limits: float) -> str:
    with store.begin(KIM) as tx:
        return tx.queue_run(WEDNESDAY, "person", "kim", **limits)  # type: ignore[arg-type]


def status(store: Store, run_id: str) -> str:
    with store.read(MACHINE) as tx:
        return tx.run(run_id).status


def test_a_server_is_watched_and_stops_when_asked(
    store: Store, address: str, tmp_path: Path
) -> None:
    open_school(store)
    server, url = serving(address, tmp_path)
    with ended(server):
        server.start()
        eventually(lambda: status_of(f"{url}/readyz") == 200)
        assert [server.asked(path) for path in ("/healthz", "/readyz", "/other")] == [200, 200, 404]
        assert status_of(f"{url}/sign-in") == 200
        told = 'flexday_http_request_seconds_count{method="GET",route="/sign-in",status="200"}'
        eventually(lambda: server.figures().get(told) == 1)  # counted once the answer is out
        assert server.figures()["flexday_database_up"] == 1
        assert status_of(f"{url}/metrics") == 404, "figures are not for the outside"
        assert server.stop() == 0


def test_a_server_that_does_not_listen_yet_is_given_no_work(
    store: Store, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_school(store)
    settings = Settings(_env_file=None, database=address, secret=SECRET, watch_port=free_port())
    seen: dict[str, int] = {}

    def ask_before_it_listens(self: Any) -> None:
        seen["before"] = status_of(f"http://127.0.0.1:{settings.watch_port}/readyz")

    monkeypatch.setattr("services.serving.uvicorn.Server.run", ask_before_it_listens)
    serve(settings, store, "127.0.0.1", free_port(), plans=False)
    assert seen == {"before": 503}


def test_a_server_beside_planners_plans_nothing_itself(
    store: Store, address: str, tmp_path: Path
) -> None:
    open_school(store)
    server, _ = serving(address, tmp_path)
    with ended(server):
        server.start()
        waiting = queue(store)
        planner = Process(("planner",), address, tmp_path / "planner.log")
        assert status(store, waiting) == "queued"
        with ended(planner):
            planner.start()
            eventually(lambda: status(store, waiting) == "done", what=planner.said[-2000:])
            done = 'flexday_runs_total{outcome="done"}'
            eventually(lambda: planner.figures().get(done) == 1)
            assert planner.stop() == 0


def test_a_planner_asked_to_stop_gives_its_run_back_at_once(
    store: Store, address: str, tmp_path: Path
) -> None:
    open_school(store)
    waiting = queue(store, time_limit=120.0)
    planner = Process(("planner",), address, tmp_path / "planner.log")
    with ended(planner):
        planner.start()
        eventually(lambda: status(store, waiting) == "running")
        assert planner.stop(within=20) == 0
    assert status(store, waiting) == "queued"
    assert any(
        entry["event"] == "a run was given back, as this planner stops" for entry in planner.entries
    )


def test_a_process_whose_database_is_away_lives_but_is_not_ready(
    store: Store, wire: Wire, tmp_path: Path
) -> None:
    open_school(store)
    server, url = serving(wire.database, tmp_path)
    with ended(server):
        server.start()
        wire.cut()
        assert (server.asked("/healthz"), server.asked("/readyz")) == (200, 503)
        assert server.figures()["flexday_database_up"] == 0
        assert status_of(f"{url}/sign-in") == 503
        wire.mend()
        assert eventually(lambda: server.asked("/readyz") == 200) < 10


def test_logs_are_json_and_name_nobody(store: Store, address: str, tmp_path: Path) -> None:
    open_school(store)
    server, url = serving(address, tmp_path)
    with ended(server):
        server.start()
        for path in ("/my-day/2026-11-25", "/api/students/ada/mastery", "/cal/ZWFzdA.secret.ics"):
            status_of(url + path)
        server.stop()
    routes = [entry.get("route") for entry in server.entries]
    assert "/api/students/{student}/mastery" in routes
    assert "/cal/{address}.ics" in routes
    for told in ("Lane", "Reed", "ada", "secret"):
        assert told not in server.said, told
    assert all(entry["process"] == "serve" for entry in server.entries)


def test_a_fault_is_logged_by_where_it_arose_not_by_what_it_says() -> None:
    try:
        json.loads("Ada Lane")
    except ValueError as fault:
        entry = without_messages(None, "error", {"event": "x", "exc_info": fault})
    assert entry["fault"] == "JSONDecodeError"
    assert "Lane" not in str(entry)
    assert any("test_processes.py" in place for place in entry["at"])


# --- what is not started ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("secret", "why"),
    [
        ("change-me-to-what-openssl-rand-prints", "is the sample's"),
        ("short", "shorter than 32"),
        ("", "is not set"),
    ],
)
def test_a_default_or_weak_secret_is_found(secret: str, why: str) -> None:
    served = Settings(_env_file=None, database="postgresql+psycopg://a@b/c", secret=secret)
    (fault,) = served.faults()
    assert why in fault


@pytest.mark.parametrize("command", ["serve", "planner"])
def test_no_process_starts_with_the_samples_secret(address: str, command: str) -> None:
    done = run(command, database=address, FLEXDAY_SECRET="change-me-to-what-openssl-prints")
    assert (done.returncode, "is the sample's" in done.stderr) == (2, True)


def test_in_the_demo_and_alone_on_a_file_no_secret_is_needed() -> None:
    assert list(Settings(_env_file=None, role_picker=True).faults()) == []
    assert list(Settings(_env_file=None, database="sqlite:///x.db").faults()) == []


def test_a_database_with_the_samples_password_is_refused(address: str) -> None:
    sample = "postgresql+psycopg://flexday_app:change-me-too@127.0.0.1:1/flexday"
    done = run("planner", database=sample)
    assert (done.returncode, "sample's password" in done.stderr) == (2, True)


def test_a_role_that_no_policy_binds_is_refused(address: str, postgresql: str) -> None:
    done = run("planner", database=postgresql)
    assert done.returncode == 1
    assert "schools are not kept apart" in done.stderr


def test_a_misspelt_setting_is_refused_not_passed_by(address: str) -> None:
    done = run("planner", database=address, FLEXDAY_LEESE="5")
    assert (done.returncode, "FLEXDAY_LEESE" in done.stderr) == (2, True)
    known = environment(address, FLEXDAY_LEASE="5", FLEXDAY_SERVING_ROLE="x")
    assert unknown_names({"FLEXDAY_X": "", **known}) == ["FLEXDAY_X"]


# --- migrate and doctor -------------------------------------------------------------------------


def test_migrating_again_changes_nothing_and_says_who_serves(postgresql: str, address: str) -> None:
    more = {"FLEXDAY_SERVING_ROLE": "flexday_app", "FLEXDAY_SERVING_PASSWORD": "of the tests"}
    done = run("migrate", database=postgresql, **more)
    assert done.returncode == 0, done.stderr
    assert "flexday_app may serve it" in done.stdout
    assert "of the tests" not in done.stdout
    store = Store(as_served(postgresql))
    store.check()
    store.close()


def test_the_doctor_finds_a_sound_installation_sound(store: Store, address: str) -> None:
    open_school(store)
    done = run("doctor", "--deep", "--json", database=address)
    found = {sign["about"]: sign["verdict"] for sign in json.loads(done.stdout)}
    assert found.pop("fsync") == "fail", "the tests' server does not sync"
    assert set(found.values()) == {"ok"}, done.stdout
    assert {"schools apart", "clock", "state of east", "audit of east"} <= set(found)


def test_the_doctor_names_what_is_wrong(postgresql: str, address: str) -> None:
    done = run("doctor", database=postgresql, FLEXDAY_SECRET="change-me", FLEXDAY_LEESE="1")
    assert done.returncode == 1
    for wrong in ("superuser", "sample's", "FLEXDAY_LEESE"):
        assert wrong in done.stdout
    nowhere = "postgresql+psycopg://x@127.0.0.1:1/none"
    assert "cannot be used" in run("doctor", database=nowhere, FLEXDAY_SECRET=SECRET).stdout
