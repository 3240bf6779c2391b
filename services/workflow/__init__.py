"""The life of a plan: draft, review, a person's hand, approval, publication, and back again."""

from services.workflow.approval import approve, name_fallback, reject, reopen, roll_back
from services.workflow.edits import (
    add_override,
    change_room,
    lift_lock,
    move,
    run_session,
    set_lock,
    swap_adult,
)
from services.workflow.hands import places_on
from services.workflow.refused import Refused
from services.workflow.repairs import mend_otherwise
from services.workflow.review import review, since
from services.workflow.reviewed import Review
from services.workflow.revision import undo

__all__ = [
    "Refused",
    "Review",
    "add_override",
    "approve",
    "change_room",
    "lift_lock",
    "mend_otherwise",
    "move",
    "name_fallback",
    "places_on",
    "reject",
    "reopen",
    "review",
    "roll_back",
    "run_session",
    "set_lock",
    "since",
    "swap_adult",
    "undo",
]
