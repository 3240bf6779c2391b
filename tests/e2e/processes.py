"""flexday as real processes, and a wire to PostgreSQL that can be cut, for tests that hurt them."""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import make_url

FLEXDAY = "from services.cli import main; main()"
SECRET = "0123456789abcdef" * 2
WITHIN = 60.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(holds: Callable[[], bool], within: float = WITHIN, what: str = "") -> float:
    """Waits until something holds; the seconds it took."""
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > within:
            raise AssertionError(f"not within {within:.0f} s: {what or holds}")
        time.sleep(0.1)
    return time.monotonic() - began


def environment(database: str, **more: str) -> dict[str, str]:
    """What a process of an installation finds in its environment, and nothing of ours."""
    kept = {n: v for n, v in os.environ.items() if not n.startswith("FLEXDAY_")}
    return kept | {"FLEXDAY_DATABASE": database, "FLEXDAY_SECRET": SECRET} | more


def run(*arguments: str, database: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Runs one command of flexday to its end."""
    return subprocess.run(
        [sys.executable, "-c", FLEXDAY, *arguments],
        env=environment(database, **more),
        capture_output=True,
        text=True,
        timeout=WITHIN,
        cwd="/",
    )


@dataclass
class Process:
    """One long-lived process of flexday."""

    arguments: tuple[str, ...]
    database: str
    log: Path
    watch: int = field(default_factory=free_port)
    more: dict[str, str] = field(default_factory=dict)
    popen: subprocess.Popen[bytes] | None = None

    def start(self, wait: bool = True) -> Process:
        self.popen = subprocess.Popen(
            [sys.executable, "-c", FLEXDAY, *self.arguments],
            env=environment(self.database, FLEXDAY_WATCH_PORT=str(self.watch), **self.more),
            stdout=subprocess.DEVNULL,
            stderr=self.log.open("ab"),
            cwd="/",
            start_new_session=True,
        )
        if wait:
            eventually(self.is_ready, what=self.said[-2000:])
        return self

    def is_ready(self) -> bool:
        assert self.popen is not None
        assert self.popen.poll() is None, self.said[-2000:]
        return self.asked("/readyz") == 200

    def asked(self, path: str) -> int:
        """The status of an answer on the watch port; 0 where nobody answers."""
        return status_of(f"http://127.0.0.1:{self.watch}{path}")

    def figures(self) -> dict[str, float]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.watch}/metrics", timeout=5) as answer:
            lines = answer.read().decode().splitlines()
        told = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return {name: float(value) for name, value in told}

    def signal(self, number: int) -> None:
        assert self.popen is not None
        self.popen.send_signal(number)

    def kill(self) -> None:
        assert self.popen is not None
        self.popen.kill()
        self.popen.wait()

    def stop(self, within: float = 30.0) -> int:
        """Asks it to stop, and waits; its exit status."""
        assert self.popen is not None
        self.popen.terminate()
        return self.popen.wait(within)

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    @property
    def entries(self) -> list[dict[str, Any]]:
        """Its log, line by line."""
        return [json.loads(line) for line in self.said.splitlines()]


@contextlib.contextmanager
def ended(*processes: Process) -> Iterator[None]:
    """Leaves none of them behind, however the block ends."""
    try:
        yield
    finally:
        for each in processes:
            if each.popen is not None and each.popen.poll() is None:
                each.kill()


def status_of(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


class Wire:
    """A TCP address that leads to a PostgreSQL server, until it is cut."""

    def __init__(self, database: str) -> None:
        self._url = make_url(database)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()
        self._cut = threading.Event()
        self._ended = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def database(self) -> str:
        host, port = self._listening.getsockname()
        led = self._url.set(host=host, port=port, query={})
        return led.render_as_string(hide_password=False)

    def cut(self) -> None:
        """Ends every connection, and answers none until it is mended."""
        self._cut.set()
        for end in list(self._open):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def mend(self) -> None:
        self._cut.clear()

    def close(self) -> None:
        self._ended.set()
        self.cut()
        self._listening.close()

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            if self._cut.is_set():
                near.close()
                continue
            threading.Thread(target=self._lead, args=(near,), daemon=True).start()

    def _far(self) -> socket.socket:
        host = self._url.query.get("host") or self._url.host or "127.0.0.1"
        port = self._url.port or int(str(self._url.query.get("port", 5432)))
        if str(host).startswith("/"):
            far = socket.socket(socket.AF_UNIX)
            far.connect(f"{host}/.s.PGSQL.{port}")
            return far
        return socket.create_connection((str(host), port))

    def _lead(self, near: socket.socket) -> None:
        far = self._far()
        ends = {near: far, far: near}
        self._open |= ends.keys()
        with contextlib.suppress(OSError):
            while not self._cut.is_set():
                for end in select.select(list(ends), [], [])[0]:
                    data = end.recv(65536)
                    if not data:
                        raise OSError
                    ends[end].sendall(data)
        for end in ends:
            self._open.discard(end)
            end.close()
