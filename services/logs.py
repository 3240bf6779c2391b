"""Logs of a process: one JSON object a line, times in UTC, ids instead of names of people."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import structlog

FRAMES = 8
"""Frames of a fault that are kept, the innermost."""
ROOT = Path(__file__).parent.parent


def configure(process: str, quiet: bool = False) -> None:
    """Sends what this process and its libraries log to standard error: as JSON, or, to a
    terminal, as text. A quiet one tells only of trouble."""
    steps: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper("iso", utc=True),
        without_messages,
    ]
    to_terminal = sys.stderr.isatty()
    line = structlog.dev.ConsoleRenderer() if to_terminal else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[*steps, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=steps,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, line],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("services").setLevel(logging.WARNING if quiet else logging.INFO)
    logging.captureWarnings(True)
    structlog.contextvars.bind_contextvars(process=process)


def without_messages(_logger: Any, _method: str, entry: dict[str, Any]) -> dict[str, Any]:
    """Keeps of a fault its type and where it arose, and leaves out what it says, as that may quote
    somebody's record."""
    fault: Any = entry.pop("exc_info", None)
    if fault is True:
        fault = sys.exc_info()
    if isinstance(fault, Sequence):
        fault = fault[1]
    if isinstance(fault, BaseException):
        entry["fault"] = type(fault).__name__
        entry["at"] = [_place(frame) for frame in traceback.extract_tb(fault.__traceback__)][
            -FRAMES:
        ]
        if fault.__cause__ is not None:
            entry["caused_by"] = type(fault.__cause__).__name__
    return entry


def _place(frame: traceback.FrameSummary) -> str:
    path = Path(frame.filename)
    shown = path.relative_to(ROOT) if path.is_relative_to(ROOT) else Path(*path.parts[-2:])
    return f"{shown}:{frame.lineno} {frame.name}"
