"""What a student's state says after this and that has happened."""

from __future__ import annotations

from datetime import timedelta, timezone

import pytest

from schemas.school import Competency
from services.mastery.fold import fold, is_stale
from services.mastery.settings import MasterySettings
from tests.services.mastery_events import (
    COMPETENCY,
    STUDENT,
    correction,
    evidence,
    judgement,
    on_day,
    retraction,
    series,
)

DEFAULTS = MasterySettings()


def state_of(*events, settings=DEFAULTS, **options):
    return fold(events, settings, **options)


def settings_with(text):
    return MasterySettings.from_toml(text)


def test_two_good_assessments_reach_mastery_and_one_does_not():
    one = state_of(evidence("a", 0, 0.95))
    two = state_of(evidence("a", 0, 0.95), evidence("b", 1, 0.9))
    assert (one.reached, one.level) == (False, "familiar")
    assert (two.reached, two.level) == (True, "mastered")
    assert two.estimate == pytest.approx(0.65 * 0.9 + 0.35 * 0.95)


def test_scores_exactly_at_the_cut_reach_it():
    averaging = settings_with('[mastery.default]\nmethod = "average"')
    assert state_of(*series([0.7] * 3 + [0.8] * 3), settings=averaging).reached


def test_four_right_of_the_last_five_answers_reach_mastery():
    assert state_of(*series([0, 1, 1, 1, 1], "item")).reached
    assert not state_of(*series([1, 1, 1, 0, 0], "item")).reached
    assert not state_of(*series([1, 1, 1], "item")).reached


def test_where_students_are_tested_once_a_school_can_let_the_latest_score_decide():
    settings = settings_with(
        '[mastery.default]\nmethod = "latest"\nmin_evidence = 1\n'
        '[mastery.kind.item]\nmethod = "k_of_n"\nk = 1\nn = 1\nmin_evidence = 1'
    )
    assert state_of(evidence("a", 0, 0.8), settings=settings).reached
    assert state_of(evidence("a", 0, 1, "item"), settings=settings).reached
    assert not state_of(evidence("a", 0, 0.8)).reached


def test_a_failed_try_is_attempted_and_no_try_is_not_started():
    assert state_of(evidence("a", 0, 0.0)).level == "attempted"
    untouched = state_of(evidence("a", 0, 1.0), retraction("r", 1, "a"))
    assert (untouched.level, untouched.estimate) == ("not_started", None)
    assert untouched.evidence_count == 0


def test_a_lone_practice_answer_does_not_undo_two_assessments():
    state = state_of(*series([0.9, 0.9]), evidence("x", 5, 0, "item"))
    assert state.reached
    assert state.method == "standard_decaying_average"


def test_of_two_kinds_with_enough_evidence_the_newer_one_answers():
    state = state_of(*series([0.9, 0.9]), *series([0, 0, 0, 0], "item", first=5))
    assert not state.reached
    assert state.method == "k_of_n"
    assert state.evidence_count == 6


def test_kinds_that_share_a_method_form_one_series():
    state = state_of(evidence("a", 0, 0.9), evidence("b", 1, 0.9, "observation"))
    assert state.reached


def test_a_correction_replaces_the_score_but_not_its_place_in_time():
    settings = settings_with('[mastery.default]\nmethod = "latest"\nmin_evidence = 1')
    events = [evidence("a", 0, 0.2), evidence("b", 1, 0.5), correction("k", 9, "a", 1.0)]
    state = state_of(*events, settings=settings)
    assert state.estimate == 0.5
    assert state.last_evidence_at == on_day(1)
    averaging = settings_with('[mastery.default]\nmethod = "average"')
    assert state_of(*events, settings=averaging).estimate == 0.75


def test_the_last_correction_of_several_counts_whichever_arrives_last():
    first, second = correction("k1", 5, "a", 0.1), correction("k2", 6, "a", 0.9)
    assert state_of(evidence("a", 0, 0.5), first, second).estimate == 0.9
    assert state_of(second, evidence("a", 0, 0.5), first).estimate == 0.9


def test_a_correction_of_something_unseen_waits():
    alone = state_of(correction("k", 5, "a", 0.9), evidence("b", 0, 0.4))
    assert alone.estimate == 0.4
    later = state_of(correction("k", 5, "a", 0.9), evidence("b", 0, 0.4), evidence("a", 1, 0.1))
    assert later.why[0].value == 0.9
    assert later.why[0].corrected


def test_a_retraction_removes_evidence_even_when_it_arrives_first():
    with_it = state_of(retraction("r", 5, "a"), evidence("a", 0, 0.1), evidence("b", 1, 0.9))
    assert with_it == state_of(evidence("b", 1, 0.9))


def test_a_retracted_correction_leaves_what_was_recorded():
    state = state_of(evidence("a", 0, 0.3), correction("k", 1, "a", 0.9), retraction("r", 2, "k"))
    assert state.estimate == 0.3


def test_a_judgement_wins_and_is_shown_as_one():
    state = state_of(*series([0.1, 0.1]), judgement("j", 9, "mastered"))
    assert (state.reached, state.asserted, state.method) == (True, True, "asserted")
    assert (state.level, state.confidence) == ("mastered", 1.0)
    assert state.why[0].kind == "judgement"


def test_a_judged_mastery_counts_even_above_an_unusually_high_cut():
    settings = settings_with("[mastery.default]\ncut = 0.95")
    assert state_of(judgement("j", 0, "mastered"), settings=settings).reached
    assert not state_of(judgement("j", 0, "proficient"), settings=settings).reached


def test_newer_evidence_takes_over_from_a_judgement():
    state = state_of(judgement("j", 0, "mastered"), evidence("a", 1, 0.1))
    assert not state.asserted
    assert not state.reached


@pytest.mark.parametrize("kind", ["item", "assessment", "observation"])
def test_a_good_answer_after_a_judged_mastery_does_not_undo_it(kind):
    state = state_of(judgement("j", 0, "mastered"), evidence("a", 1, 1.0, kind))
    assert state.reached
    assert not state.asserted
    assert [used.kind for used in state.why] == [kind, "judgement"]


def test_evidence_from_before_a_judgement_no_longer_counts():
    before = series([0.0] * 6)
    after = evidence("z", 20, 0.9)
    with_past = state_of(*before, judgement("j", 10, "proficient"), after)
    assert with_past.estimate == state_of(judgement("j", 10, "proficient"), after).estimate


def test_a_judged_level_holds_under_khan_levels_too():
    settings = settings_with('[mastery.default]\nmethod = "levels"')
    practised = [judgement("j", 0, "mastered"), evidence("a", 1, 0.8, "observation")]
    assert state_of(*practised, settings=settings).level == "mastered"
    lowered = state_of(judgement("j", 0, "mastered"), evidence("a", 1, 0.0), settings=settings)
    assert (lowered.level, lowered.estimate) == ("proficient", 0.75)


def test_a_retracted_judgement_gives_way_to_the_evidence():
    state = state_of(*series([0.2, 0.2]), judgement("j", 9, "mastered"), retraction("r", 10, "j"))
    assert not state.reached
    assert not state.asserted


def test_the_reasons_list_the_evidence_newest_first_with_weights():
    state = state_of(*series([0.2, 0.4, 0.9]))
    assert [used.value for used in state.why] == [0.9, 0.4, 0.2]
    assert [used.weight for used in state.why] == pytest.approx([0.65, 0.2275, 0.1225])
    assert state.method == "standard_decaying_average"
    assert state.parameters == {"parameter": 65, "cut": 0.75, "min_evidence": 2}


def test_reasons_too_old_to_matter_are_counted_not_listed():
    state = state_of(*series([0.5] * 50))
    assert len(state.why) + state.unlisted == state.evidence_count == 50
    assert state.unlisted > 30


def test_more_evidence_makes_more_confidence():
    settings = settings_with('[mastery.default]\nmethod = "average"')
    confidences = [
        state_of(*series([0.8] * count), settings=settings).confidence for count in (1, 3, 10, 30)
    ]
    assert confidences == sorted(set(confidences))
    assert 0 < confidences[0] < confidences[-1] < 1


def test_confidence_is_measured_against_knowing_nothing():
    # One right answer: Beta(2, 1), whose standard deviation is sqrt(1/18).
    settings = settings_with('[mastery.default]\nmethod = "latest"')
    one = state_of(evidence("a", 0, 1.0), settings=settings).confidence
    assert one == pytest.approx(1 - (1 / 18) ** 0.5 / (1 / 12) ** 0.5, abs=0.001)


def test_old_evidence_is_stale_but_never_demotes():
    state = state_of(*series([0.9, 0.9]))
    assert not is_stale(state, on_day(43), DEFAULTS)
    assert is_stale(state, on_day(43.1), DEFAULTS)
    assert state.reached
    assert not is_stale(state_of(retraction("r", 0, "a")), on_day(999), DEFAULTS)


def test_a_state_can_be_asked_for_as_of_an_earlier_day():
    events = [*series([0.9, 0.9, 0.0]), judgement("j", 9, "mastered"), retraction("r", 12, "j")]
    assert state_of(*events, as_of=on_day(1)).reached
    assert not state_of(*events, as_of=on_day(2)).reached
    assert state_of(*events, as_of=on_day(10)).asserted
    assert not state_of(*events, as_of=on_day(12)).asserted


def test_progress_is_dated_by_the_last_new_best():
    state = state_of(*series([0.2, 0.5, 0.9, 0.3, 0.3]))
    assert state.last_progress_at == on_day(2)
    assert state.last_evidence_at == on_day(4)


def test_the_same_moment_in_two_time_zones_gives_the_same_state():
    here = evidence("a", 0, 0.9)
    there = here.model_copy(update={"time": here.time.astimezone(timezone(timedelta(hours=5)))})
    assert state_of(here, there).model_dump_json() == state_of(there).model_dump_json()
    assert state_of(there, here).model_dump_json() == state_of(here).model_dump_json()


def test_settings_of_a_subject_are_found_when_the_competency_is_given():
    settings = settings_with('[mastery.subject."Math"]\nmethod = "highest"\nmin_evidence = 1')
    math = Competency(id=COMPETENCY, title="", subject="Math")
    assert state_of(evidence("a", 0, 0.8), settings=settings, competency=math).reached
    assert not state_of(evidence("a", 0, 0.8), settings=settings).reached


def test_events_of_two_students_are_refused_by_name():
    with pytest.raises(ValueError, match="s1/c1, s2/c1"):
        state_of(evidence("a", 0, 0.8), evidence("b", 0, 0.8, student="s2"))
    with pytest.raises(ValueError, match="not of none"):
        state_of()


def test_the_state_names_its_student_and_competency_even_when_nothing_is_left():
    state = state_of(retraction("r", 0, "a"))
    assert (state.student, state.competency) == (STUDENT, COMPETENCY)
