"""What every model shares: frozen, strict about unknown fields, one canonical JSON form."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

ID_PATTERN = r"^[^\s\x00-\x1f\x7f]([^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])?$"
Id = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=ID_PATTERN)]
"""No spaces around it and no control characters, which not every database keeps."""
SchoolId = Id
BuildingId = Id
RoomId = Id
BlockId = Id
StudentId = Id
StaffId = Id
CompetencyId = Id
OfferingId = Id
SessionId = Id
ServiceId = Id
LockId = Id
Text = Annotated[str, StringConstraints(max_length=4000)]
Minute = Annotated[int, Field(ge=0, le=24 * 60)]
"""Minutes after local midnight; 1440 is the midnight that ends the day."""


class Frozen(BaseModel):
    """An immutable value that refuses fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Model = TypeVar("Model", bound=BaseModel)


def dumps(value: BaseModel) -> str:
    """The canonical JSON of a value: fields in the order of the model, defaults left out,
    one line per entry of the outermost lists, so that two files can be compared by eye."""
    fields: dict[str, Any] = json.loads(value.model_dump_json(exclude_defaults=True))
    if "format" in type(value).model_fields:
        fields = {"format": value.format, **fields}  # type: ignore[attr-defined]
    lines = [f"{json.dumps(name)}: {_lines(inner)}" for name, inner in fields.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _lines(value: Any) -> str:
    if isinstance(value, list) and value:
        return "[\n " + ",\n ".join(_compact(item) for item in value) + "\n]"
    return _compact(value)


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def loads(model: type[Model], text: str | bytes) -> Model:
    """Read a value back.

    Raises:
        pydantic.ValidationError: names each field that is missing, unknown or out of range.
    """
    return model.model_validate_json(text)


def digest(value: BaseModel) -> str:
    """The sha256 of the canonical JSON, in hexadecimal: the content hash that approvals name."""
    return hashlib.sha256(dumps(value).encode()).hexdigest()
