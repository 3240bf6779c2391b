"""A test that cannot run says so, with the reason, wherever the tests are run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_a_test_without_its_data_is_skipped_aloud_with_where_the_data_should_be() -> None:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-k",
        "real_frameworks",
    ]
    done = subprocess.run(
        [*command, "tests/services/test_adapters_case.py"],
        cwd=ROOT,
        env=os.environ | {"FLEXDAY_DATA": "/no/such/folder"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    told = [line for line in done.stdout.splitlines() if line.startswith("SKIPPED")]
    assert told
    assert all("is not under FLEXDAY_DATA (/no/such/folder)" in line for line in told)
