"""The catalogue of rules, hard ones first, in the order in which they are shown."""

from solver.rules.adults import PlanningTime, PrepLimit, RoleCover, StaffClash, UnevenLoad
from solver.rules.base import Rule
from solver.rules.groups import GroupFit, GroupSize, KeepApart, KeepTogether, Remix, Spread
from solver.rules.rooms import Fragments, RoomClash, RoomFit, RoomKit
from solver.rules.stability import Freeze, LockKept, Moved
from solver.rules.students import (
    AccommodationKept,
    InOrder,
    NotEligible,
    NotReady,
    RepeatGuard,
    StudentClash,
)
from solver.rules.time import Travel, WholeSession
from solver.rules.wishes import (
    ChoiceMissed,
    EquityFloor,
    RequestMissed,
    ServiceShort,
    StuckAgain,
    UnmetNeed,
    UnplacedStudent,
)

_SHOWN: tuple[type[Rule], ...] = (
    StudentClash,
    StaffClash,
    RoomClash,
    GroupSize,
    RoleCover,
    RoomKit,
    NotReady,
    NotEligible,
    AccommodationKept,
    KeepApart,
    PlanningTime,
    PrepLimit,
    Travel,
    WholeSession,
    RepeatGuard,
    InOrder,
    Freeze,
    LockKept,
    UnplacedStudent,
    UnmetNeed,
    ServiceShort,
    RequestMissed,
    ChoiceMissed,
    Moved,
    GroupFit,
    Spread,
    KeepTogether,
    StuckAgain,
    UnevenLoad,
    RoomFit,
    Fragments,
    EquityFloor,
    Remix,
)

RULES: dict[str, Rule] = {rule.id: rule() for rule in _SHOWN}
"""The catalogue by id."""

__all__ = ["RULES", "Rule"]
