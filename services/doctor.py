"""Looks an installation over: settings, record, clock, how schools are kept apart, what waits."""

from __future__ import annotations

import os
from collections.abc import Iterator

from services.folding import verify
from services.settings import Settings, unknown_names
from services.store import NotReady, Store, Unavailable
from services.store.condition import Sign
from services.viewer import Viewer

LONGEST_WAIT = 3600.0
"""Seconds that a run or a message may wait before it is pointed out."""


def examine(settings: Settings, store: Store, deep: bool = False) -> Iterator[Sign]:
    """Everything that was looked at; `deep` also folds every school's log and checks its audit
    chain, which reads all of them."""
    yield from _settings(settings)
    try:
        yield from store.signs()
        store.check()
        yield Sign("schools apart", "ok", "no school can see another's rows")
        yield from _waiting(store)
        if deep:
            for school in store.schools():
                yield from _record(store, school)
    except NotReady as error:
        yield Sign("record", "fail", str(error))
    except Unavailable as error:
        yield Sign("record", "fail", f"{error}; see that it runs and that the address is right")


def _settings(settings: Settings) -> Iterator[Sign]:
    found = list(settings.faults())
    for fault in found:
        yield Sign("settings", "fail", fault)
    for name in unknown_names(os.environ):
        yield Sign("settings", "fail", f"{name} is no setting; see docs/operations.md")
    if settings.role_picker:
        yield Sign("settings", "warn", "the role picker lets anybody be anybody")
    if not found:
        yield Sign("settings", "ok", "fit for use")


def _waiting(store: Store) -> Iterator[Sign]:
    waits, now = store.waiting(), store.clock()
    for about, count, since in (
        ("runs", waits.runs, waits.oldest_run),
        ("messages", waits.messages, waits.oldest_message),
    ):
        age = 0.0 if since is None else (now - since).total_seconds()
        late = age > LONGEST_WAIT
        told = f"{count} wait, the oldest for {age / 60:.0f} min"
        yield Sign(about, "warn" if late else "ok", told)


def _record(store: Store, school: str) -> Iterator[Sign]:
    different = [each.table for each in verify(store, school) if not each.same]
    told = f"{', '.join(different)} differ from the log; `flexday rebuild` mends that"
    yield Sign(
        f"state of {school}",
        "fail" if different else "ok",
        told if different else "as the log says",
    )
    with store.read(Viewer.machine(school, "doctor")) as tx:
        broken = list(tx.audit_faults())
    yield Sign(
        f"audit of {school}", "fail" if broken else "ok", "; ".join(broken[:3]) or "unbroken"
    )
