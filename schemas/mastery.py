"""What evidence says about students: mastery, needs, what got stuck, and credit."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from schemas.base import CompetencyId, Frozen, Id, StaffId, StudentId
from schemas.events import EvidenceKind, Level
from schemas.problem import Need

Share = Annotated[float, Field(ge=0, le=1)]


class EvidenceUsed(Frozen):
    """One piece of evidence behind a state; the weights of all pieces of a state sum to 1.

    `value` is how well, in 0..1; for a judgement, what its level is worth. `weight` may be below 0
    where a method extrapolates (power_law): there an early low score speaks for the student.
    """

    source: Id
    id: Id
    at: AwareDatetime
    kind: EvidenceKind | Literal["judgement"]
    value: Share
    weight: float
    corrected: bool = False


class Approach(Frozen):
    """A way of teaching a competency, and how many of the newest tries it stood behind."""

    modality: str | None = None
    staff: StaffId | None = None
    tries: Annotated[int, Field(ge=1)] = 1


class Mastery(Frozen):
    """A student's state in a competency: a pure function of its evidence and the settings.

    It holds nothing that depends on when it is read: whether it is stale is asked apart.
    """

    student: StudentId
    competency: CompetencyId
    estimate: Share | None = None
    """None while there is no evidence."""
    level: Level = "not_started"
    reached: bool = False
    """Whether it counts as mastered."""
    evidence_count: Annotated[int, Field(ge=0)] = 0
    """Pieces of evidence that stand, judgements among them."""
    last_evidence_at: AwareDatetime | None = None
    last_progress_at: AwareDatetime | None = None
    """When the estimate last rose to a new best."""
    movement: float | None = None
    """Mean estimate of the later half of the newest tries minus that of the earlier half;
    None with fewer tries than the school asks for."""
    confidence: Share = 0.0
    method: str = ""
    """The method that answered, `asserted` for a judgement, empty without evidence."""
    parameters: dict[str, int | float] = Field(default_factory=dict)
    asserted: bool = False
    """A teacher's judgement, not a calculation."""
    assumed: bool = False
    """No evidence: taken for granted from the student's grade alone."""
    why: tuple[EvidenceUsed, ...] = ()
    """What it rests on, newest first, as far as it weighs."""
    unlisted: Annotated[int, Field(ge=0)] = 0
    """Pieces of the deciding evidence left out of `why`: too old or too light to matter."""
    approaches: tuple[Approach, ...] = ()
    """How the newest tries were taught, most tried first."""


class StudentNeed(Frozen):
    """A student's need, with the parts its urgency was added up from, by name."""

    student: StudentId
    need: Need
    parts: dict[str, int]


class StuckCompetency(Frozen):
    """Many tries without movement: what was tried, so that something else can be."""

    student: StudentId
    competency: CompetencyId
    tries: Annotated[int, Field(ge=1)]
    estimate: Share
    movement: float
    approaches: tuple[Approach, ...]


class Cycle(Frozen):
    """Competencies that wait for each other, or are each part of the other, so that none of them
    can ever be ready."""

    of: Literal["prerequisites", "parents"]
    competencies: tuple[CompetencyId, ...]
    codes: tuple[str, ...]
    """Their codes in the order of the cycle (ids where there is no code)."""

    @property
    def message(self) -> str:
        """What is wrong and how to mend it."""
        chain = " -> ".join((*self.codes, self.codes[0]))
        return f"{self.of} go in a circle: {chain}; take one of these {self.of} out"


class CreditProposal(Frozen):
    """Credit that a student's mastery speaks for, waiting for the teacher of record."""

    student: StudentId
    competency: CompetencyId
    courses: tuple[Id, ...] = ()
    """Courses it counts towards."""
    teacher: StaffId | None = None
    """The teacher of record; None where no section of the courses has the student."""
    level: Level
    estimate: Share
    asserted: bool = False
    evidence: tuple[tuple[Id, Id], ...]
    """(source, id) of the evidence behind it, newest first."""


class Credit(Frozen):
    """What the teacher of record said; once confirmed it is never taken back."""

    student: StudentId
    competency: CompetencyId
    confirmed: bool
    staff: StaffId
    at: AwareDatetime
