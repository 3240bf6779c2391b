"""Events of every version that was ever taken in are read, and as what they always were."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from typer.testing import CliRunner

from schemas import events, versions
from schemas.versions import Fields, brought_up
from services.cli import app
from services.cloudevents import content_hash, read_event

GOLDEN = Path(__file__).parent / "golden"
CORPUS = [
    pytest.param(each, id=f"{path.parent.name}-{each['event']['id']}")
    for path in sorted(GOLDEN.rglob("*.json"))
    for each in json.loads(path.read_text())
]
NAMES = [name.removeprefix(events.PREFIX).removesuffix(".v1") for name in events.TYPES]


def test_every_type_of_event_stands_in_the_corpus_in_each_of_its_versions() -> None:
    held = {case.values[0]["event"]["type"] for case in CORPUS}  # type: ignore[index,call-overload]
    assert held == {*events.TYPES, *versions.STEPS}


@pytest.mark.parametrize("case", CORPUS)
def test_an_event_of_any_version_says_what_it_always_said(case: Any) -> None:
    assert read_event(case["event"]).data.model_dump(mode="json") == case["read"]
    again = read_event(json.dumps(case["event"]).encode())
    assert again.data.model_dump(mode="json") == case["read"]


@pytest.mark.parametrize("case", CORPUS)
def test_an_event_sent_again_after_an_upgrade_is_still_the_same_event(case: Any) -> None:
    """Or every event that is sent again would be refused as one of other content."""
    assert content_hash(read_event(case["event"])) == case["content"]


@pytest.mark.parametrize("case", CORPUS)
def test_the_schema_that_is_handed_out_takes_what_is_taken_in(case: Any) -> None:
    newest = brought_up(case["event"])
    schema = events.json_schema(newest["type"])
    jsonschema_rs.validate(schema, newest)
    with pytest.raises(jsonschema_rs.ValidationError):
        jsonschema_rs.validate(schema, {**newest, "id": ""})


@pytest.mark.parametrize("name", NAMES)
def test_each_type_of_event_has_a_schema_of_its_own(name: str) -> None:
    printed = CliRunner().invoke(app, ["schema", "event", "--type", name])
    assert printed.exit_code == 0
    assert json.loads(printed.output)["properties"]["type"]["const"] == f"org.flexday.{name}.v1"


def test_a_type_that_is_none_is_told_with_those_there_are() -> None:
    printed = CliRunner().invoke(app, ["schema", "event", "--type", "nothing.said"])
    assert printed.exit_code == 2
    assert "evidence.recorded" in printed.output


def halved(fields: Fields) -> Fields:
    """From a version in which scores ran to 2."""
    data = {**fields["data"], "score": fields["data"]["score"] / 2}
    return {**fields, "type": "org.flexday.evidence.recorded.v1", "data": data}


def renamed(fields: Fields) -> Fields:
    data = {**fields["data"], "score": fields["data"]["mark"]}
    return {**fields, "type": "org.flexday.evidence.recorded.v0", "data": data}


OLD = {"org.flexday.evidence.recorded.v0": halved, "org.flexday.evidence.noted.v0": renamed}


def test_an_old_version_is_brought_up_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "STEPS", OLD)
    monkeypatch.setattr(versions, "STEPS", OLD)
    data = {"student": "s1", "competency": "c1", "mark": 1.0}
    sent = {
        "specversion": "1.0", "id": "1", "source": "old", "time": "2026-11-24T08:00:00Z",
        "type": "org.flexday.evidence.noted.v0", "data": data,
    }  # fmt: skip
    for raw in (sent, json.dumps(sent)):
        event = events.decode(raw)
        assert isinstance(event, events.EvidenceRecorded)
        assert event.data.score == 0.5


def test_a_step_that_leads_back_is_a_fault_and_no_endless_loop() -> None:
    with pytest.raises(ValueError, match="leads back"):
        brought_up({"type": "a"}, {"a": lambda fields: fields})
