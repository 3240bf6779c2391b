"""A school's own settings, saved from TOML: how its days are planned, how it computes mastery."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any

from services.canonical import canonical, sha256
from services.day_settings import KEY as DAY
from services.day_settings import DaySettings, SettingsRefused
from services.folding import refold_all
from services.mastery.settings import MasterySettings
from services.mastery.tables import SettingsError
from services.store import Store
from services.viewer import Viewer

Tables = dict[str, Any]

_CHECKS: Mapping[str, Callable[[Tables], object]] = {
    DAY: DaySettings.of,
    "mastery": lambda tables: MasterySettings.from_table(tables["mastery"]),
}


def read_tables(text: str) -> Tables:
    """The tables `day` and `mastery` of a TOML text, each as a whole: what a table leaves out
    has its default. Dates and times of day become text, as the record keeps them.

    Raises:
        SettingsRefused: names the key that is unknown or out of range, and what is allowed.
    """
    try:
        tables: Tables = _plain(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise SettingsRefused(f"this is not TOML: {error}") from error
    for name in tables:
        if name not in _CHECKS or not isinstance(tables[name], dict):
            known = " and ".join(f"[{each}]" for each in _CHECKS)
            raise SettingsRefused(f"{name}: is no table of a school's settings; write {known}")
        try:
            _CHECKS[name](tables)
        except SettingsError as error:
            raise SettingsRefused(str(error)) from error
    return tables


def save(store: Store, viewer: Viewer, tables: Tables) -> int:
    """Puts checked tables in place of those of the same name, and folds mastery again by them,
    in one transaction; how many states changed."""
    with store.begin(viewer) as tx:
        before = tx.settings()
        after = before | tables
        tx.save_settings(after)
        tx.audit(
            "settings.saved",
            ", ".join(sorted(tables)),
            before=sha256(canonical(before)),
            after=sha256(canonical(after)),
        )
        return refold_all(tx)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return value.isoformat() if isinstance(value, date | datetime | time) else value
