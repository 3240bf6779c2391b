"""What a school would use instead of flexday, each as its own author would write it."""

from __future__ import annotations

import shutil
from importlib.util import find_spec

PEERS = ("sign-up", "greedy", "cp-sat", "highs", "timefold")
"""By name."""


def lacking(peer: str) -> str:
    """Why a peer can't run here; nothing where it can."""
    if peer != "timefold":
        return ""
    if shutil.which("java") is None:
        return "timefold: there is no `java` on the PATH; it needs a JDK 17"
    if find_spec("timefold") is None:
        return "timefold: the package is not installed; `make bench` does it"
    return ""
