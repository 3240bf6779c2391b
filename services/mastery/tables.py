"""The TOML tables that choose a method, checked one by one, with errors that name the key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, get_args

from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails

from schemas.base import Frozen
from schemas.events import EvidenceKind
from services.mastery.methods import METHODS, method_of

KINDS: tuple[EvidenceKind, ...] = get_args(EvidenceKind)

SHARED = ("cut", "min_evidence")
"""What every method has, so that it may stand in a table without a method."""

CANVAS_KEYS = {"calculation_method": "method", "calculation_int": "parameter"}

Table = Mapping[str, Any]


class SettingsError(ValueError):
    """A setting that can't be meant: names the key, what is wrong and what is allowed."""


class Layer(Frozen):
    """What one table sets: for all kinds of evidence, and for single kinds."""

    all_kinds: dict[str, Any] = Field(default_factory=dict)
    by_kind: dict[EvidenceKind, dict[str, Any]] = Field(default_factory=dict)


def take(fields: dict[str, Any], path: str, name: str) -> dict[str, Any]:
    """Take the table `name` out of `fields`; empty where there is none.

    Raises:
        SettingsError: it is not a table.
    """
    table = fields.pop(name, {})
    if not isinstance(table, Mapping):
        raise SettingsError(f"{path}.{name}: {table!r} is not a table; write [{path}.{name}]")
    return dict(table)


def layers(path: str, table: Table) -> dict[str, Layer]:
    """One layer per subject or competency.

    Raises:
        SettingsError: names the key.
    """
    fields = dict(table)
    return {name: layer(f'{path}."{name}"', take(fields, path, name)) for name in table}


def layer(path: str, table: Table) -> Layer:
    """A table with its tables by kind of evidence.

    Raises:
        SettingsError: names the key.
    """
    fields = dict(table)
    return Layer(by_kind=kinds(path, take(fields, path, "kind")), all_kinds=choice(path, fields))


def kinds(path: str, table: Table) -> dict[EvidenceKind, dict[str, Any]]:
    """The tables of one kind of evidence each.

    Raises:
        SettingsError: names the key.
    """
    fields = dict(table)
    refuse_unknown(f"{path}.kind", fields, KINDS)
    named = [kind for kind in KINDS if kind in fields]
    return {
        kind: choice(f"{path}.kind.{kind}", take(fields, f"{path}.kind", kind)) for kind in named
    }


def choice(path: str, table: Table) -> dict[str, Any]:
    """What a table chooses, in our names: a method with its parameters, or only `SHARED`.

    Raises:
        SettingsError: names the key.
    """
    chosen = {CANVAS_KEYS.get(key, key): value for key, value in table.items()}
    if chosen.get("method") == "weighted_average":
        chosen["method"] = "decaying_average"
    if chosen.get("method") == "n_mastery" and "parameter" in chosen:
        chosen["n"] = chosen.pop("parameter")
    if "method" not in chosen:
        hint = " (name the method in the same table to set its parameters)"
        refuse_unknown(path, chosen, SHARED, hint)
    if "steps" in chosen:
        raise SettingsError(f"{path}.steps: these follow from [mastery.levels]; set them there")
    try:
        method_of({"method": "highest", **chosen})
    except ValidationError as error:
        raise SettingsError(_method_faults(path, error)) from error
    return chosen


def refuse_unknown(path: str, fields: Table, known: Iterable[str], hint: str = "") -> None:
    """Raise SettingsError for the first key that is not known."""
    allowed = list(known)
    for key in fields:
        if key not in allowed:
            raise SettingsError(
                f"{path}.{key}: there is no such setting; known are {', '.join(allowed)}{hint}"
            )


def in_words(path: str, error: ValidationError) -> str:
    """Every fault of a table, with the key in front."""
    return "; ".join(
        f"{'.'.join((path, *map(str, fault['loc'])))}: {_sentence(fault)}"
        for fault in error.errors(include_url=False)
    )


def _method_faults(path: str, error: ValidationError) -> str:
    sentences = []
    for fault in error.errors(include_url=False):
        if fault["type"].startswith("union_tag"):
            sentences.append(f"{path}.method: known are {', '.join(METHODS)}")
            continue
        method, *keys = map(str, fault["loc"])
        known = f"; {method} knows {', '.join(METHODS[method])}"
        hint = known if fault["type"] == "extra_forbidden" else ""
        sentences.append(f"{'.'.join((path, *keys))}: {_sentence(fault)}{hint}")
    return "; ".join(sentences)


def _sentence(fault: ErrorDetails) -> str:
    if fault["type"] == "extra_forbidden":
        return "there is no such setting"
    given = "" if isinstance(fault["input"], Mapping) else f" (it is {fault['input']!r})"
    return fault["msg"].removeprefix("Value error, ") + given
