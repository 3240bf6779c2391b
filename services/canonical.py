"""One text per value, and its hash: for keys, digests and comparisons."""

from __future__ import annotations

import hashlib
import json
from typing import Any

_ENCODER = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces."""
    return _ENCODER.encode(value)


def composite(*words: object) -> str:
    """A key made of several words that no other words can make."""
    return canonical([str(word) for word in words])


def sha256(value: str | bytes) -> str:
    """The hash in hexadecimal."""
    return hashlib.sha256(value.encode() if isinstance(value, str) else value).hexdigest()
