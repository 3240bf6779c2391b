"""The account of an import is complete, short enough to read, and safe to show."""

from __future__ import annotations

import pytest

from schemas.imports import ImportReport
from schemas.school import Building, CalendarDay, GuardianLink, School, TravelTime
from services.adapters.merging import record_key
from services.adapters.report import LISTED, ImportRefused, Ledger, printable


def test_the_first_refusals_are_listed_and_all_are_counted() -> None:
    ledger = Ledger("test")
    for number in range(LISTED + 5):
        ledger.refuse("a.csv", "wrong", "mend it", row=number, column="x", value=number)
    with pytest.raises(ImportRefused) as refused:
        ledger.stop_if_refused()
    report = refused.value.report
    assert (len(report.refused), report.refused_count) == (LISTED, LISTED + 5)
    assert report.refused[0].value == "0"
    assert "a.csv: wrong" in str(refused.value)


def test_a_record_that_its_model_refuses_is_named_by_column() -> None:
    ledger = Ledger("test")
    fields = {"id": "k", "title": "Kite", "zone": "Mars/Base"}
    columns = {"zone": "TimeZone"}
    assert ledger.build(School, fields, file="s.csv", row=4, columns=columns) is None
    (refusal,) = ledger.report().refused
    assert (refusal.file, refusal.row, refusal.column, refusal.value) == (
        "s.csv",
        4,
        "TimeZone",
        "Mars/Base",
    )
    assert "IANA" in refusal.reason


def test_assumptions_and_warnings_of_one_kind_are_added_up() -> None:
    ledger = Ledger("test")
    for _ in range(3):
        ledger.assume("Room.seats", "30")
        ledger.warn("odd", file="a.csv")
    ledger.warn("nothing", count=0)
    ledger.rows("rooms", 2)
    ledger.rows("rooms", 3)
    report = ledger.report()
    assert [(a.field, a.rule, a.count) for a in report.assumptions] == [("Room.seats", "30", 3)]
    assert [(w.file, w.message, w.count) for w in report.warnings] == [("a.csv", "odd", 3)]
    assert report.rows_read == {"rooms": 5}
    assert ImportReport.model_validate_json(report.model_dump_json()) == report


def test_what_a_report_shows_is_short_and_printable() -> None:
    assert printable("a\x00b\u202e\ud800") == "a\\x00b\\u202e\\ud800"
    assert len(printable("x" * 1000)) == 120
    assert printable([["deep"]]) == "a list of 1"


def test_each_record_is_known_by_what_identifies_it() -> None:
    assert record_key(Building(id="b", title="B")) == ("b",)
    assert record_key(GuardianLink(guardian="g", student="s")) == ("g", "s")
    day = CalendarDay.model_validate({"date": "2026-09-01", "bell_schedule": None})
    assert record_key(day) == ("2026-09-01",)
    there, back = TravelTime(a="x", b="y", minutes=3), TravelTime(a="y", b="x", minutes=3)
    assert record_key(there) == record_key(back)
