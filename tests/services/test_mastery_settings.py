"""A school says in TOML how mastery is computed, and is told plainly where it misspoke."""

from __future__ import annotations

import pytest

from schemas.school import Competency
from services.mastery.settings import MasterySettings
from services.mastery.tables import SettingsError

DOCUMENTED = """
[mastery.default]
method = "standard_decaying_average"
parameter = 65
cut = 0.75
min_evidence = 2
[mastery.kind.item]
method = "k_of_n"
k = 4
n = 5
[mastery.levels]
attempted = 0.01
familiar = 0.50
proficient = 0.75
mastered = 0.90
[mastery.subject."Math"]
method = "decaying_average"
parameter = 30
[mastery.subject."Math".kind.item]
method = "bkt"
[mastery.competency."CCSS.Math.Content.3.OA.C.7"]
method = "n_in_a_row"
n = 5
"""


def competency(subject="", code="", id="c1"):
    return Competency(id=id, code=code, title="", subject=subject)


def test_without_a_word_the_defaults_hold_by_kind_of_evidence():
    settings = MasterySettings()
    assert settings.method("assessment", "c1").method == "standard_decaying_average"
    item = settings.method("item", "c1")
    assert (item.method, item.needed) == ("k_of_n", 4)
    assert MasterySettings.from_toml("") == settings


def test_the_documented_layout_is_read_and_the_more_special_table_wins():
    settings = MasterySettings.from_toml(DOCUMENTED)
    fluency = competency("Math", "CCSS.Math.Content.3.OA.C.7")
    assert settings.method("item", competency("Art")).method == "k_of_n"
    assert settings.method("assessment", competency("Math")).parameter == 30
    assert settings.method("item", competency("Math")).method == "bkt"
    assert settings.method("item", fluency).method == "n_in_a_row"
    assert settings.method("assessment", fluency).n == 5


def test_a_competency_may_be_named_by_its_id_too():
    settings = MasterySettings.from_toml('[mastery.competency."guid-7"]\nmethod = "latest"')
    assert settings.method("item", competency(id="guid-7", code="X")).method == "latest"
    assert settings.method("item", "guid-7").method == "latest"


def test_cut_and_least_evidence_pass_on_but_not_to_a_method_that_judges_probability():
    settings = MasterySettings.from_toml(
        '[mastery.default]\ncut = 0.8\nmin_evidence = 1\n[mastery.subject."Math"]\nmethod = "bkt"'
    )
    assert settings.method("item", "c1").cut == 0.8
    assert settings.method("assessment", "c1").min_evidence == 1
    assert settings.method("item", competency("Math")).cut == 0.95


def test_settings_copied_from_canvas_are_understood():
    settings = MasterySettings.from_toml(
        '[mastery.default]\ncalculation_method = "weighted_average"\ncalculation_int = 70\n'
        '[mastery.kind.item]\ncalculation_method = "n_mastery"\ncalculation_int = 3'
    )
    assert settings.method("assessment", "c1").method == "decaying_average"
    assert settings.method("assessment", "c1").parameter == 70
    assert settings.method("item", "c1").n == 3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[mastery.kind.item]\nmethod="k_of_n"\nkk=3', ["mastery.kind.item.kk", "cut", "k, n"]),
        ("[mastery.kind.itm]\ncut=0.5", ["mastery.kind.itm", "item, assessment, observation"]),
        ('[mastery.default]\nmethod="hi"', ["mastery.default.method", "highest", "bkt"]),
        ("[mastery.default]\nparameter=3", ["mastery.default.parameter", "name the method"]),
        ('[mastery.default]\nmethod="decaying_average"\nparameter=0', ["parameter", "it is 0"]),
        ('[mastery.kind.item]\nmethod="k_of_n"\nk=7', ["mastery.kind.item", "k (7)", "n (5)"]),
        ("[mastery.levels]\nfamiliar=0.9", ["mastery.levels", "must rise"]),
        ("[mastery.levels]\nfamliar=0.9", ["mastery.levels.famliar", "no such setting"]),
        ("[mastery]\nstale=4", ["mastery.stale:", "stale_days"]),
        ("[mastery]\nkind=3", ["mastery.kind", "not a table"]),
        ("[mastery.subject]\nMath=3", ["mastery.subject.Math", "not a table"]),
        ('[mastery.competency."6.A".kind.item]\ncut=3', ['competency."6.A".kind.item.cut', "3"]),
        ("[mastery.stuck]\ntries=5", ["mastery.stuck.tries", "multiple of 2"]),
        ('[mastery.default]\nmethod="levels"\nsteps=[0]', ["steps", "[mastery.levels]"]),
        ('[mastery.default]\nmethod="bkt"\nguess=0.6\nslip=0.5', ["default", "guess and slip"]),
        ("mastery = 3", ["mastery", "table"]),
        ("[mastery", ["not TOML", "end of document"]),
    ],
)
def test_a_setting_that_cannot_be_meant_is_named_with_what_is_allowed(text, words):
    with pytest.raises(SettingsError) as refused:
        MasterySettings.from_toml(text)
    for word in words:
        assert word in str(refused.value)


def test_the_digest_changes_with_what_states_depend_on_and_with_nothing_else():
    plain = MasterySettings()
    changing = [DOCUMENTED, "[mastery.default]\ncut=0.8", "[mastery.levels]\nmastered=0.95"]
    changing.append("[mastery.stuck]\ntries=10")
    digests = {MasterySettings.from_toml(text).digest for text in changing} | {plain.digest}
    assert len(digests) == len(changing) + 1
    read_only = "[mastery]\nstale_days=10\n[mastery.needs]\nlimit=3\n[mastery.stuck]\nmovement=0.2"
    assert MasterySettings.from_toml(read_only).digest == plain.digest


def test_level_floors_reach_the_levels_method():
    settings = MasterySettings.from_toml(
        '[mastery.default]\nmethod="levels"\n[mastery.levels]\nproficient=0.8'
    )
    assert settings.method("assessment", "c1").steps == (0.01, 0.5, 0.8, 0.9)
