"""The record: the only place with SQL. `Store` hands out transactions (`Tx`) to a viewer."""

from services.store.errors import (
    NotAllowed,
    NotFound,
    NotReady,
    StoreError,
    Unavailable,
    UnknownSchool,
    Unstorable,
    WrongState,
)
from services.store.inbox import Arrival
from services.store.log import LogRow
from services.store.records import Message
from services.store.rows import AuditRow, PlanRow, RunRow, ScenarioRow
from services.store.state import Checkpoint
from services.store.store import Store, Waiting
from services.store.streams import Counts, Gap, Position, Told
from services.store.tx import Tx

__all__ = [
    "Arrival",
    "AuditRow",
    "Checkpoint",
    "Counts",
    "Gap",
    "LogRow",
    "Message",
    "NotAllowed",
    "NotFound",
    "NotReady",
    "PlanRow",
    "Position",
    "RunRow",
    "ScenarioRow",
    "Store",
    "StoreError",
    "Told",
    "Tx",
    "Unavailable",
    "UnknownSchool",
    "Unstorable",
    "Waiting",
    "WrongState",
]
