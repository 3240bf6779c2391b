"""One transaction: everything that can be asked of the store, part by part."""

from __future__ import annotations

from services.store.access import Access
from services.store.erasing import Erasing
from services.store.inbox import Inbox
from services.store.names import Names
from services.store.people import People
from services.store.plans import Plans
from services.store.roster import SchoolRoster
from services.store.runs import Runs
from services.store.scenarios import Scenarios
from services.store.state import State
from services.store.streams import Streams


class Tx(
    SchoolRoster, Inbox, State, Runs, Plans, Scenarios, People, Names, Streams, Access, Erasing
):
    """A transaction of one viewer, handed out by Store.begin (to change) and Store.read."""
