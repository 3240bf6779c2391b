"""Recorded answers become evidence, at the pace they came at."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.replay import BadRow, Mapping, MappingRefused, Recorded, read_mapping, read_recording
from tests.services.import_samples import third_party

MAPPING = """
[columns]
student = "user"
item = "item"
time = "at"
correct = "right"
competency = "skill"
[time]
unit = "minute"
starts = 2026-09-01T08:00:00-05:00
[students]
by = "rank"
[competencies]
by = "map"
map = { "7" = "ratios", "8" = "percent" }
"""
ANSWERS = "user\titem\tat\tright\tskill\n31\ti1\t100\t1\t7\n31\ti2\t103\t0\t8\n5\ti1\t90\t1\t7\n"


def mapping_of(tmp_path: Path, text: str = MAPPING) -> Mapping:
    path = tmp_path / "mapping.toml"
    path.write_text(text)
    return read_mapping(path)


def read(
    tmp_path: Path, answers: str = ANSWERS, mapping: str = MAPPING, **options: Any
) -> tuple[list[Recorded], list[BadRow]]:
    path = tmp_path / "answers.tsv"
    path.write_text(answers)
    bad: list[BadRow] = []
    ours = {"students": ["ada", "ben"], **options}
    found = list(read_recording(path, mapping_of(tmp_path, mapping), refused=bad.append, **ours))
    return found, bad


def test_each_answer_is_an_event_with_our_ids_and_its_pace(tmp_path: Path) -> None:
    found, bad = read(tmp_path)
    assert bad == []
    told = [(r.event.data.student, r.event.data.competency, r.event.data.correct) for r in found]
    assert told == [("ada", "ratios", True), ("ada", "percent", False), ("ben", "ratios", True)]
    assert [(recorded.offset, recorded.row) for recorded in found] == [(0, 2), (180, 3), (-600, 4)]
    assert found[1].event.time == datetime(2026, 9, 1, 13, 3, tzinfo=UTC)
    assert (found[0].event.data.kind, found[0].event.data.reference) == ("item", "i1")


def test_reading_again_gives_the_same_events(tmp_path: Path) -> None:
    assert read(tmp_path) == read(tmp_path)
    assert len({recorded.event.id for recorded in read(tmp_path)[0]}) == 3


def test_two_answers_alike_are_two_answers(tmp_path: Path) -> None:
    found, _ = read(tmp_path, ANSWERS + "31\ti1\t100\t1\t7\n")
    assert len({recorded.event.id for recorded in found}) == 4


def test_answers_can_be_put_in_order_of_time(tmp_path: Path) -> None:
    found, _ = read(tmp_path, mapping=MAPPING.replace("[students]", 'order = "time"\n[students]'))
    assert [recorded.offset for recorded in found] == [0, 600, 780]
    assert [recorded.event.data.student for recorded in found] == ["ada", "ben", "ben"]


def test_a_recording_can_be_squeezed_into_school_hours(tmp_path: Path) -> None:
    rows = "".join(f"1\ti\t{minute}\t1\t7\n" for minute in range(0, 100_000, 1000))
    calendar = (
        'zone = "America/Chicago"\n'
        '[time.calendar]\nends = 2026-11-06\nopens = "09:00"\ncloses = "11:00"\n'
    )
    found, _ = read(
        tmp_path,
        ANSWERS.splitlines()[0] + "\n" + rows,
        MAPPING.replace("[students]", calendar + "[students]"),
    )
    local = [recorded.event.time for recorded in found]
    assert all(at.weekday() < 5 and 9 <= at.hour < 11 for at in local)
    assert local == sorted(local)
    assert (local[0].date().isoformat(), local[-1].date().isoformat()) == (
        "2026-09-01",
        "2026-11-06",
    )
    offsets = {at.utcoffset() for at in local}
    assert len(offsets) == 2  # the clocks change in November, school hours do not


def test_rows_that_are_wrong_are_reported_and_stop_nothing(tmp_path: Path) -> None:
    rows = "31\ti1\tnoon\t1\t7\n31\ti1\t100\tmaybe\t7\n31\ti1\n31\ti1\t100\t1\t99\n6\ti\t1\t1\t7\n"
    found, bad = read(tmp_path, ANSWERS + rows)
    assert len(found) == 3
    assert [(row.row, row.reason) for row in bad] == [
        (5, "'noon' is not a time"),
        (6, "correct: 'maybe' is neither 0 nor 1"),
        (7, "2 cells under 5 columns"),
        (8, "no competency of ours stands for this one"),
        (9, "no student of ours stands for this one"),
    ]


def test_more_recorded_students_than_ours_can_start_over(tmp_path: Path) -> None:
    wrap = MAPPING.replace('by = "rank"', 'by = "rank"\nbeyond = "wrap"')
    found, _ = read(tmp_path, mapping=wrap, students=["ada"])
    assert [recorded.event.data.student for recorded in found] == ["ada", "ada", "ada"]


def test_points_and_scores_are_read_too(tmp_path: Path) -> None:
    points = MAPPING.replace('correct = "right"', 'points = "right"\nmost_points = "at"')
    found, bad = read(tmp_path, mapping=points)
    assert [recorded.event.data.value for recorded in found] == [0.01, 0, 1 / 90]
    score = MAPPING.replace('correct = "right"', 'score = "at"')
    found, bad = read(tmp_path, mapping=score)
    assert found == []
    assert bad[0].reason.startswith("score: ")


def test_yaml_is_read_as_well(tmp_path: Path) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text(
        "columns: {student: user, time: at, score: s, competency: skill}\n"
        "time: {unit: iso, starts: '2026-09-01T08:00:00-05:00'}\n"
    )
    assert read_mapping(path).time.unit == "iso"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('correct = "right"\n', "", "columns: Value error, name a column for correct"),
        ('student = "user"', 'pupil = "user"', "columns.student: Field required"),
        ('unit = "minute"', 'unit = "fortnight"', "time.unit"),
        ("2026-09-01T08:00:00-05:00", "2026-09-01T08:00:00", "time.starts"),
        ("[time]", '[time]\nzone = "Mars/Base"', "not an IANA time zone"),
        ("[columns]", "[columns", "can't be read"),
        ('correct = "right"', 'points = "right"', "points and most_points go together"),
    ],
)
def test_a_wrong_mapping_says_which_key(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in MAPPING
    with pytest.raises(MappingRefused) as refused:
        mapping_of(tmp_path, MAPPING.replace(old, new))
    assert said in str(refused.value)


def test_a_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(MappingRefused) as refused:
        read(tmp_path, ANSWERS.replace("skill", "topic"))
    assert "no column skill; it has user, item, at, right, topic" in str(refused.value)


def test_a_real_recording_is_read_whole() -> None:
    path = third_party("events/algebra05_test.tsv")
    mapping = Mapping.model_validate(
        {
            "columns": {
                "student": "user_id",
                "item": "item_id",
                "time": "timestamp",
                "correct": "correct",
                "competency": "skill_id",
            },
            "time": {"starts": "2026-09-01T08:00:00-05:00"},
        }
    )
    bad: list[BadRow] = []
    count = sum(1 for _ in read_recording(path, mapping, refused=bad.append))
    assert (count, bad) == (129_998, [])
