"""What competencies are called where there is room for a line only."""

from __future__ import annotations

from services.short_names import as_said, shortened


def test_a_long_standard_is_called_by_its_first_sentence() -> None:
    standard = "Understand a fraction a/b as a multiple of 1/b. For example, use a model."
    assert shortened(standard) == "Understand a fraction a/b as a multiple of 1/b"


def test_an_abbreviation_or_a_single_word_ends_no_sentence() -> None:
    assert shortened("Tell lines, e.g. by colour. More.") == "Tell lines, e.g. by colour"
    assert shortened("Expressions: write and read them.") == "Expressions: write and read them"


def test_what_is_still_too_long_is_cut_after_a_whole_word() -> None:
    assert shortened("Fluently divide multi-digit numbers", 20) == "Fluently divide …"
    assert shortened("a" * 30, 20) == "a" * 20 + " …"
    assert shortened("short enough", 20) == "short enough"


def test_codes_are_said_without_the_frameworks_name() -> None:
    codes = {"a": "CCSS.Math.Content.6.RP.A.3", "b": "CCSS.Math.Content.G-CO.A.2"}
    assert as_said(codes) == {"a": "6.RP.A.3", "b": "G-CO.A.2"}


def test_what_tells_competencies_apart_stays_in_their_codes() -> None:
    for codes in ({"a": "6.RP.1", "b": "6.RP.2"}, {"a": "RP"}, {"a": "x.1", "b": "y.1"}, {}):
        assert as_said(codes) == codes
