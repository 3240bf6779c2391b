"""Competency frameworks from CASE packages and from plain CSV."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schemas.imports import ImportResult
from schemas.school import Competency
from services.adapters.archive import open_path
from services.adapters.case import read_case
from services.adapters.framework_csv import read_framework_csv
from services.adapters.report import ImportRefused, Ledger
from tests.services.import_samples import case_file, case_package, opened, reasons, third_party

COUNT = {"identifier": "g-1", "humanCodingScheme": "K.CC.A.1", "educationLevel": ["KG"]}
ADD = {"identifier": "g-2", "humanCodingScheme": "1.OA.A.1", "educationLevel": ["01"]}
GROUP = {"identifier": "g-3", "humanCodingScheme": "1.OA"}


def read(*args: Any, **kwargs: Any) -> ImportResult:
    return read_case(*opened(case_file(*args, **kwargs)))


def by_code(result: ImportResult) -> dict[str, Competency]:
    return {competency.code: competency for competency in result.competencies}


def test_precedes_makes_the_origin_a_prerequisite() -> None:
    found = by_code(read([COUNT, ADD], [("g-1", "precedes", "g-2")]))
    assert [p.competency for p in found["1.OA.A.1"].prerequisites] == ["g-1"]
    assert found["K.CC.A.1"].prerequisites == ()


def test_is_child_of_gives_the_parent_and_is_related_to_no_prerequisite() -> None:
    links = [
        ("g-2", "isChildOf", "g-3"),
        ("g-3", "isChildOf", "doc"),
        ("g-1", "isRelatedTo", "g-2"),
    ]
    found = by_code(read([COUNT, ADD, GROUP], links))
    assert found["1.OA.A.1"].parent == "g-3"
    assert found["1.OA"].parent is None
    assert found["1.OA.A.1"].related == ("g-1",)
    assert found["K.CC.A.1"].related == ("g-2",)
    assert found["1.OA.A.1"].prerequisites == ()


def test_a_competency_of_several_levels_is_due_by_the_highest() -> None:
    item = {**COUNT, "educationLevel": ["09", "10", "11", "12"]}
    assert read([item]).competencies[0].level == "12"


def test_older_forms_are_understood() -> None:
    old = {
        "identifier": "g-1",
        "fullStatement": "Count.",
        "educationalLevel": "KG,01",
        "CFDocumentURI": "https://example.org/doc",
    }
    links = [
        {
            "associationType": "Is Child Of",
            "originNodeURI": "https://example.org/CFItems/g-1",
            "destinationNodeURI": {"uri": "https://example.org/CFItems/g-3/"},
            "sequenceNumber": "1",
        }
    ]
    group = {"uri": "https://example.org/CFItems/g-3", "fullStatement": "All."}
    package = {"CFPackage": {"CFItems": [old, group], "CFAssociations": links}}
    result = read_case(*opened({"old.json": json.dumps(package)}))
    assert [(c.id, c.level, c.parent) for c in result.competencies] == [
        ("g-1", "01", "g-3"),
        ("g-3", None, None),
    ]


def test_markup_is_cleaned_from_statements_and_signs_are_left() -> None:
    clean = {**COUNT, "fullStatement": "Compare with the symbols >, =, and <."}
    marked = {**ADD, "fullStatement": "<p>Add&nbsp;<b>up</b></p><script>alert(1)</script>"}
    titles = [c.title for c in read([clean, marked]).competencies]
    assert titles == ["Compare with the symbols >, =, and <.", "Add up"]


def test_a_cycle_is_refused_by_the_names_in_it() -> None:
    with pytest.raises(ImportRefused) as refused:
        read([COUNT, ADD], [("g-1", "precedes", "g-2"), ("g-2", "precedes", "g-1")])
    said = reasons(refused)
    assert "a cycle of precedes" in said
    assert "K.CC.A.1" in said
    assert "1.OA.A.1" in said


def test_links_out_of_the_framework_are_left_out_with_a_warning() -> None:
    result = read([COUNT], [("elsewhere", "precedes", "g-1")])
    assert result.competencies[0].prerequisites == ()
    assert [(n.message, n.count) for n in result.report.warnings] == [
        ("precedes links to items outside the framework", 1)
    ]


def test_items_and_links_that_stand_twice_are_merged() -> None:
    link = ("g-1", "precedes", "g-2")
    result = read([COUNT, ADD, dict(ADD)], [link, link])
    assert len(result.competencies) == 2
    assert len(by_code(result)["1.OA.A.1"].prerequisites) == 1


def test_one_identifier_with_two_contents_is_refused() -> None:
    with pytest.raises(ImportRefused) as refused:
        read([COUNT, {**COUNT, "humanCodingScheme": "other"}])
    assert "stands twice with different content (first at 1)" in reasons(refused)


@pytest.mark.parametrize(
    ("items", "links", "said"),
    [
        ([{"identifier": "", "fullStatement": "x"}], [], "a CFItem without identifier"),
        ([{"identifier": "g", "fullStatement": " "}], [], "a CFItem without fullStatement"),
        ([COUNT], [("g-1", "precedes", "")], "without both ends"),
        ([COUNT], [("g-1", "comesBefore", "g-1")], "not a known associationType"),
        ([COUNT], [("g-1", "precedes", "g-1")], "a cycle of precedes"),
        ([{**COUNT, "fullStatement": "\ud800"}], [], "Competency title"),
    ],
)
def test_what_is_wrong_in_a_package_is_named(
    items: list[dict[str, Any]], links: list[tuple[str, str, str]], said: str
) -> None:
    with pytest.raises(ImportRefused) as refused:
        read(items, links)
    assert said in reasons(refused)


@pytest.mark.parametrize("document", ["[]", "3", '{"CFItems": {}}', '{"CFDocument": {}}'])
def test_json_that_is_no_package_is_refused(document: str) -> None:
    with pytest.raises(ImportRefused) as refused:
        read_case(*opened({"a.json": document}))
    assert "not a CFPackage" in reasons(refused)


def test_the_subject_comes_from_the_item_else_from_the_frameworks_title() -> None:
    package = case_package([{**COUNT, "subject": ["Art"]}, ADD])
    result = read_case(*opened({"a.json": json.dumps(package)}))
    assert [c.subject for c in result.competencies] == ["Art", "Mathematics"]


@pytest.mark.parametrize(
    ("name", "items", "precedes"),
    [
        ("case/coherence-map.case-v1p1.json", 622, 757),
        # one of 423 stands twice, three begin outside the framework
        ("case/smarter-balanced-math-content-spec.case-v1p0.json", 585, 419),
    ],
)
def test_real_frameworks_import_whole(name: str, items: int, precedes: int) -> None:
    ledger = Ledger("case")
    result = read_case(open_path(third_party(name), ledger), ledger)
    assert len(result.competencies) == items
    assert sum(len(c.prerequisites) for c in result.competencies) == precedes


def test_the_coherence_map_is_the_same_graph_as_csv() -> None:
    ledger = Ledger("framework")
    path = third_party("coherence-map")
    result = read_framework_csv(open_path(path, ledger), ledger)
    assert len(result.competencies) == 480
    assert sum(len(c.prerequisites) for c in result.competencies) == 757
    assert sum(len(c.related) for c in result.competencies) == 2 * 142


STANDARDS = "code,grade,statement\n6.RP.A.3,6,Ratios\n6.RP.A.3.c,6,Percent\nN-Q.A.1,HS,Units\n"


def test_a_school_without_case_brings_two_small_tables() -> None:
    files = opened({"standards.csv": STANDARDS, "edges.csv": "from,to\n6.RP.A.3,N-Q.A.1\n"})
    found = by_code(read_framework_csv(*files))
    assert found["6.RP.A.3.c"].parent == "6.RP.A.3"
    assert found["N-Q.A.1"].level == "12"
    assert [p.competency for p in found["N-Q.A.1"].prerequisites] == ["6.RP.A.3"]


@pytest.mark.parametrize(
    ("edges", "said"),
    [
        ("from,to\n6.RP.A.3,9.X\n", "edges.csv 2 to 9.X no standard has this code"),
        ("from,to\n6.RP.A.3,\n", "fill in to"),
        ("from,onto\na,b\n", "neither standards nor links"),
        ("from,to\n6.RP.A.3,N-Q.A.1\nN-Q.A.1,6.RP.A.3\n", "a cycle of precedes"),
    ],
)
def test_wrong_edges_are_named(edges: str, said: str) -> None:
    with pytest.raises(ImportRefused) as refused:
        read_framework_csv(*opened({"standards.csv": STANDARDS, "edges.csv": edges}))
    assert said in reasons(refused)
