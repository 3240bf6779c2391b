"""However a file is damaged, an import answers with a result or a refusal, and nothing else."""

from __future__ import annotations

import copy
import csv
import io
import json
from collections.abc import Callable
from datetime import date
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.imports import ImportResult
from schemas.school import Competency
from services.adapters import filling
from services.adapters.archive import open_bytes, open_many
from services.adapters.case import read_case
from services.adapters.edfi import read_edfi
from services.adapters.framework_csv import read_framework_csv
from services.adapters.oneroster import read_oneroster
from services.adapters.own_csv import read_own_csv
from services.adapters.report import ImportRefused, Ledger
from tests.services.import_samples import (
    ZONE,
    case_package,
    edfi_files,
    oneroster_files,
    zip_of,
)
from tests.services.test_adapters_own_csv import ROSTER, TABLES

Contents = dict[str, bytes]
Reader = Callable[[Contents], ImportResult]

ITEMS = [
    {"identifier": "g-1", "humanCodingScheme": "1", "educationLevel": ["KG"], "subject": ["Art"]},
    {"identifier": "g-2", "humanCodingScheme": "2", "educationLevel": "01,02"},
]
CASE = {"a.json": json.dumps(case_package(ITEMS, [("g-1", "precedes", "g-2")]))}
STANDARDS = {
    "standards.csv": "code,grade,statement\n1.A,1,x\n2.A,HS,<b>y</b>\n",
    "edges.csv": "from,to\n1.A,2.A\n",
}
NASTY = [
    b"\x00", b"\xff\xfe", b"\r", b'"', b",,,", b"\n\n", b"<", b"&x;", b"]]>", b"{", b"null", b"-1",
    b"9" * 30, b"NaN", b"\xed\xa0\x80", b"\\ud800", b"../", b"'; --", "\u202e".encode(), b" ",
    b"0000-00-00", b"9999-12-31", b"0001-01-01", b"1e400", b"sourcedId", b"x" * 5000,
]  # fmt: skip


def _oneroster(contents: Contents) -> ImportResult:
    ledger = Ledger("test")
    return read_oneroster(open_many(contents, ledger), ledger, zone=ZONE, day=date(2026, 9, 2))


def _edfi(contents: Contents) -> ImportResult:
    ledger = Ledger("test")
    competencies = (Competency(id="c", code="6.RP.A.3.c", title="x", level="06"),)
    result = read_edfi(open_many(contents, ledger), ledger, zone=ZONE, competencies=competencies)
    for roster in result.rosters:
        filling.fill(roster, ledger)
    return result


def _case(contents: Contents) -> ImportResult:
    ledger = Ledger("test")
    return read_case(open_many(contents, ledger), ledger)


def _framework(contents: Contents) -> ImportResult:
    ledger = Ledger("test")
    return read_framework_csv(open_many(contents, ledger), ledger)


def _own_csv(contents: Contents) -> ImportResult:
    ledger = Ledger("test")
    return read_own_csv(open_many(contents, ledger), ledger, ROSTER)


def _zip(contents: Contents) -> ImportResult:
    ledger = Ledger("test")
    (content,) = contents.values()
    return read_oneroster(open_bytes("a.zip", content, ledger), ledger, zone=ZONE)


def encoded(files: dict[str, str]) -> Contents:
    return {name: content.encode() for name, content in files.items()}


SAMPLES: dict[str, tuple[Contents, Reader]] = {
    "oneroster 1.1": (encoded(oneroster_files("1.1")), _oneroster),
    "oneroster 1.2": (encoded(oneroster_files("1.2")), _oneroster),
    "oneroster zip": ({"a.zip": zip_of(oneroster_files("1.1"))}, _zip),
    "ed-fi": (encoded(edfi_files()), _edfi),
    "case": (encoded(CASE), _case),
    "framework": (encoded(STANDARDS), _framework),
    "own csv": (encoded(TABLES), _own_csv),
}


_MARKS = {"cell": b",", "line": b"\n", "element": b">", "text": b'"', "tag": b"<"}
"""Where content is taken apart to swap a part, or put something nasty in its place."""


@st.composite
def damaged(draw: st.DrawFn, contents: Contents) -> Contents:
    """The files with one to four of them cut, spliced, swapped, doubled or gone."""
    contents = dict(contents)
    for _ in range(draw(st.integers(1, 4))):
        name = draw(st.sampled_from(sorted(contents)))
        contents[name] = draw(_spliced(contents[name]))
        if len(contents) > 1 and draw(st.integers(0, 9)) == 0:
            del contents[name]
    return contents


@st.composite
def _spliced(draw: st.DrawFn, content: bytes) -> bytes:
    start = draw(st.integers(0, len(content)))
    end = min(len(content), start + draw(st.integers(0, 40)))
    how = draw(st.sampled_from(["replace", "cut", "double", "truncate", *_MARKS]))
    if how == "truncate":
        return content[:start]
    if how == "cut":
        return content[:start] + content[end:]
    if how == "double":
        return content[:end] + content[start:end] + content[end:]
    if how in _MARKS:
        mark = _MARKS[how]
        parts = content.split(mark)
        first, second = (draw(st.integers(0, len(parts) - 1)) for _ in range(2))
        nasty = draw(st.sampled_from(NASTY))
        ending = b"</" if how == "element" and b"</" in parts[first] else b""
        kept = parts[first].partition(b"</")[2] if ending else b""
        new = draw(st.sampled_from([nasty + ending + kept, parts[second]]))
        parts[first], parts[second] = new, draw(st.sampled_from([parts[first], parts[second]]))
        return mark.join(parts)
    new = draw(st.one_of(st.sampled_from(NASTY), st.binary(max_size=8)))
    return content[:start] + new + content[end:]


WORDS = [
    "", " ", "0", "-1", "3", "99999999999999999999", "1e400", "NaN", "inf", "\u0661", "²", "true",
    "25:00", "24:59", "12:61", "0000-00-00", "0001-01-01", "9999-12-31", "2026-W01-1", "20260901",
    "2026-09-01T25:00:00", "9999-12-31T23:59:59+14:00", "a" * 300, "x" * 5000, "\u202e", "\u2028",
    "tobedeleted", "student", "lead:", "-5 lead", "K.CC", "s1", "t1", "k", "9", "1", "M6a", "Fall",
    "uri://ed-fi.org/GradeLevelDescriptor#", "#", "/", "g-1", "doc", "<b>x", "&lt;", "((((",
]  # fmt: skip
ODD: list[Any] = [None, True, 0, -1, 2**70, 1e308, [], {}, [[]], {"identifier": 3}, [None], *WORDS]


@st.composite
def strange(draw: st.DrawFn, contents: Contents) -> Contents:
    """The files, well formed as before, with one to three values that nobody would expect."""
    contents = dict(contents)
    for _ in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from(sorted(contents)))
        change = {"csv": _strange_csv, "xml": _strange_xml, "json": _strange_json}
        contents[name] = change[name.rsplit(".")[-1]](draw, contents[name])
    return contents


def _strange_csv(draw: st.DrawFn, content: bytes) -> bytes:
    rows = list(csv.reader(io.StringIO(content.decode())))
    row = rows[draw(st.integers(min(1, len(rows) - 1), len(rows) - 1))]
    row[draw(st.integers(0, len(row) - 1))] = draw(st.sampled_from(WORDS))
    stream = io.StringIO()
    csv.writer(stream).writerows(rows)
    return stream.getvalue().encode()


def _strange_xml(draw: st.DrawFn, content: bytes) -> bytes:
    root = ElementTree.fromstring(content)
    parents = [element for element in root.iter() if len(element)]
    if not parents:
        return content
    parent = draw(st.sampled_from(parents))
    child = parent[draw(st.integers(0, len(parent) - 1))]
    how = draw(st.sampled_from(["text", "text", "text", "remove", "double", "empty"]))
    if how == "text":
        leaves = [element for element in child.iter() if not len(element)]
        draw(st.sampled_from(leaves)).text = draw(st.sampled_from(WORDS))
    elif how == "remove":
        parent.remove(child)
    elif how == "double":
        parent.append(copy.deepcopy(child))
    else:
        child.clear()
    return ElementTree.tostring(root)


def _strange_json(draw: st.DrawFn, content: bytes) -> bytes:
    document = json.loads(content)
    at: Any = document
    while True:
        keys: list[Any] = list(at) if isinstance(at, dict) else list(range(len(at)))
        key = draw(st.sampled_from(keys))
        inner = at[key]
        if not isinstance(inner, dict | list) or not inner or draw(st.integers(0, 4)) == 0:
            at[key] = draw(st.sampled_from(ODD))
            return json.dumps(document).encode()
        at = inner


def answers_or_refuses(contents: Contents, reader: Reader) -> None:
    try:
        result = reader(contents)
    except ImportRefused as refused:
        report = refused.report
        assert report.refused
        assert all(fault.reason and fault.mend for fault in report.refused)
    else:
        report = result.report
        assert report.refused_count == 0
        result.model_dump_json().encode()
    report.model_dump_json().encode()


_QUICK = settings(
    max_examples=150, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
_SOAK = settings(max_examples=2000, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_the_undamaged_sample_is_taken(name: str) -> None:
    contents, reader = SAMPLES[name]
    assert reader(contents).report.refused_count == 0


@pytest.mark.parametrize("name", sorted(SAMPLES))
@_QUICK
@given(data=st.data())
def test_a_damaged_import_is_taken_or_refused(name: str, data: st.DataObject) -> None:
    contents, reader = SAMPLES[name]
    answers_or_refuses(data.draw(damaged(contents)), reader)


@pytest.mark.parametrize("name", sorted(set(SAMPLES) - {"oneroster zip"}))
@_QUICK
@given(data=st.data())
def test_a_strange_value_is_taken_or_refused(name: str, data: st.DataObject) -> None:
    contents, reader = SAMPLES[name]
    answers_or_refuses(data.draw(strange(contents)), reader)


@pytest.mark.soak
@pytest.mark.parametrize("name", sorted(set(SAMPLES) - {"oneroster zip"}))
@_SOAK
@given(data=st.data())
def test_thousands_of_strange_values_are_taken_or_refused(name: str, data: st.DataObject) -> None:
    contents, reader = SAMPLES[name]
    answers_or_refuses(data.draw(strange(contents)), reader)


@pytest.mark.soak
@pytest.mark.parametrize("name", sorted(SAMPLES))
@_SOAK
@given(data=st.data())
def test_thousands_of_damaged_imports_are_taken_or_refused(name: str, data: st.DataObject) -> None:
    contents, reader = SAMPLES[name]
    answers_or_refuses(data.draw(damaged(contents)), reader)
