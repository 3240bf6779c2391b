"""Plans laid out for a person's hand, kept ready so that each question after the first is quick."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from services.memory import settle
from services.store import Store
from services.viewer import Viewer
from services.workflow.present import as_machine
from services.workflow.refused import refusing
from services.workflow.rights import may_plan
from solver.facts import Facts
from solver.hand import Hand
from solver.layout import Layout
from solver.places import Places

KEPT = 4
"""Plans that stay laid out: the newest asked about."""


@dataclass
class _Ready:
    """A plan's places, which one asker at a time may try changes on."""

    places: Places
    lock: threading.Lock = field(default_factory=threading.Lock)


_ready: OrderedDict[tuple[str, str, str], _Ready] = OrderedDict()
_guard = threading.Lock()


@contextmanager
def places_on(store: Store, viewer: Viewer, plan: str) -> Iterator[Places]:
    """The places of a plan, for somebody who plans the school's days: to be asked, not changed.

    Raises:
        Refused: 403 without the right, 404 when there is no such plan.
    """
    may_plan(viewer)
    with refusing(), store.read(viewer) as tx, as_machine(tx):
        row = tx.plan(plan)
        key = (viewer.school, row.id, row.digest)
        ready = _known(key)
        if ready is None:
            facts, made = Facts(tx.problem(row.problem_digest)), row.plan
            layout = Layout(facts, made.sessions, made.placements, made.unplaced)
            ready = _keep(key, _Ready(Places(Hand(layout))))
            settle()
    with ready.lock:
        yield ready.places


def _known(key: tuple[str, str, str]) -> _Ready | None:
    with _guard:
        if key in _ready:
            _ready.move_to_end(key)
        return _ready.get(key)


def _keep(key: tuple[str, str, str], ready: _Ready) -> _Ready:
    with _guard:
        kept = _ready.setdefault(key, ready)
        while len(_ready) > KEPT:
            _ready.popitem(last=False)
        return kept
