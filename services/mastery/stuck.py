"""Who needs another approach: many tries at a competency that moved nothing, and what was tried."""

from __future__ import annotations

from typing import get_args

from schemas.mastery import Mastery, StuckCompetency
from schemas.problem import Stuck
from schemas.school import Modality
from services.mastery.settings import MasterySettings

MODALITIES: tuple[Modality, ...] = get_args(Modality)


def stuck(mastery: Mastery, settings: MasterySettings) -> StuckCompetency | None:
    """The competency as one that needs another approach, if its newest tries did not move it.

    Stuck is: by calculation, not mastered, at least `tries` pieces of evidence, and the mean
    estimate of their later half less than `movement` above that of the earlier half.
    """
    estimate, movement = mastery.estimate, mastery.movement
    if mastery.reached or mastery.asserted or estimate is None or movement is None:
        return None
    if movement >= settings.stuck.movement:
        return None
    return StuckCompetency(
        student=mastery.student,
        competency=mastery.competency,
        tries=settings.stuck.tries,
        estimate=estimate,
        movement=movement,
        approaches=mastery.approaches,
    )


def not_again(found: StuckCompetency) -> tuple[Stuck, ...]:
    """What a Problem lists, so that the plan tries another way: each modality and adult tried."""
    return tuple(
        Stuck(
            student=found.student,
            competency=found.competency,
            modality=approach.modality,
            lead=approach.staff,
        )
        for approach in found.approaches
        if approach.modality in MODALITIES
    )
