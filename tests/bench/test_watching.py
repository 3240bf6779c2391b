"""A process is watched from outside: its progress, its end, and the memory of all its children."""

from __future__ import annotations

import sys

from tests.bench.watching import Point, points, watch


def program(text: str) -> list[str]:
    return [sys.executable, "-c", text]


def test_lines_of_progress_are_read_and_others_passed_over() -> None:
    printed = [
        "cost 1,234  bound none  gap unknown  0.5 s",
        "something else",
        "cost 1,200  bound 1,100  gap 2.00%  12.0 s",
    ]
    assert points(printed) == [Point(0.5, 1234, None), Point(12.0, 1200, 1100)]


def test_the_memory_of_children_counts() -> None:
    child = "import time; held = bytearray(100_000_000); time.sleep(0.6)"
    seen = watch(
        program(f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"), 5
    )
    assert seen.status == 0
    assert seen.peak > 100_000_000


def test_a_process_that_does_not_end_is_ended() -> None:
    seen = watch(program("import time; time.sleep(60)"), 0.5, patience=0.5)
    assert seen.status is None
    assert seen.seconds < 20


def test_what_a_process_said_last_is_kept() -> None:
    seen = watch(program("import sys; sys.exit('no plan: the locks contradict one another')"), 5)
    assert seen.status == 1
    assert seen.last_words == "no plan: the locks contradict one another"
