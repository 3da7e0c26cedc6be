"""A real Spark standalone cluster on loopback, and what its processes cost."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

HOST = "127.0.0.1"
START_SECONDS = 120
DAEMON_MEMORY = "512m"
"""Heap of the master, of each worker and of a Connect server; Spark takes no less of the latter."""

EXECUTOR_MEMORY = "1g"
SETTINGS = {
    "spark.driver.host": HOST,
    "spark.driver.bindAddress": HOST,
    "spark.executor.memory": EXECUTOR_MEMORY,
    "spark.sql.shuffle.partitions": "2",
    "spark.ui.enabled": "false",
}
"""What a driver of this cluster should be told: `spark.settings` of the model's sources.yaml."""

_QUICK = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
QUICK = SETTINGS | {
    "spark.driver.extraJavaOptions": _QUICK,
    "spark.executor.extraJavaOptions": _QUICK,
}
"""For small data: a third of the CPU, as little is compiled. Not for measurements."""

WITH_US = ("setpriv", "--pdeathsig", "TERM") if shutil.which("setpriv") else ()
"""Ends a process with its parent, however that ends."""

_MASTER = "org.apache.spark.deploy.master.Master"
_WORKER = "org.apache.spark.deploy.worker.Worker"
_CONNECT = "org.apache.spark.sql.connect.service.SparkConnectServer"


def missing() -> str | None:
    """What this machine lacks, None when nothing."""
    try:
        import pyspark  # noqa: F401 - is it there?
    except ImportError:
        return "pyspark is not installed: make test-spark installs it"
    return None if shutil.which("java") else "java is not installed: Java 17 is needed"


@dataclass(frozen=True)
class Cluster:
    """A running cluster: `spark://127.0.0.1:PORT`, and the folder of its logs and scratch files."""

    master: str
    folder: Path

    @contextmanager
    def connect_server(self, settings: dict[str, str] = SETTINGS) -> Iterator[str]:
        """A Spark Connect server that works on this cluster: its `sc://127.0.0.1:PORT`.

        It takes all cores until it ends; a driver beside it would wait for ever.
        """
        told = settings | {
            "spark.connect.grpc.binding.address": HOST,
            "spark.connect.grpc.binding.port": "0",
        }
        told_so = [part for one in told.items() for part in ("--conf", "=".join(one))]
        command = ["spark-submit", "--master", self.master, *told_so, "--class", _CONNECT]
        with _process(self.folder, "connect", *command, "spark-internal") as said:
            yield f"sc://{HOST}:{said(r'Spark Connect server started at: .*:([0-9]+)')}"


@contextmanager
def cluster(folder: Path, workers: int = 2) -> Iterator[Cluster]:
    """A master and `workers` workers of one core each, on free ports, until the block ends."""
    folder.mkdir(parents=True, exist_ok=True)
    listens = ("--host", HOST, "--webui-port", "0")
    size = ("--cores", "1", "--memory", EXECUTOR_MEMORY)
    with ExitStack() as running:
        head = _process(folder, "master", "spark-class", _MASTER, *listens, "--port", "0")
        master = running.enter_context(head)(r"Starting Spark master at (spark://\S+)")
        work = ("--work-dir", str(folder / "work"), master)
        starting = [
            _process(folder, f"worker{n}", "spark-class", _WORKER, *listens, *size, *work)
            for n in range(workers)
        ]
        for said in [running.enter_context(one) for one in starting]:
            said(r"Successfully registered with (master)")
        yield Cluster(master, folder)


def cpu_seconds() -> float:
    """CPU until now of this process and of all below it.

    That is a cluster started here with its executors, the driver (this process and its JVM), and
    what has ended and was waited for. The difference of two calls is what the work between cost.
    """
    ticks, parents = {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            parents[int(path.parent.name)] = int(fields[1])
            ticks[int(path.parent.name)] = sum(map(int, fields[11:15]))
    family = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(ticks.get(pid, 0) for pid in family) / os.sysconf("SC_CLK_TCK")


@contextmanager
def _process(folder: Path, name: str, *command: str) -> Iterator[_Said]:
    """A process of Spark's bin folder as head of a group of its own, which ends with the block."""
    import pyspark

    home, log = Path(pyspark.__file__).parent, folder / f"{name}.log"
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("SPARK_", "PYSPARK_"))}
    ours = {
        "SPARK_HOME": str(home),
        "SPARK_LOCAL_IP": HOST,
        "SPARK_LOCAL_DIRS": str(folder / "scratch"),
        "SPARK_DAEMON_MEMORY": DAEMON_MEMORY,
        "SPARK_DAEMON_JAVA_OPTS": f"-Dspark.master.rest.enabled=false {_QUICK}",
    }
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*WITH_US, str(home / "bin" / command[0]), *command[1:]],
            cwd=folder,
            env=inherited | ours,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
        try:
            yield _Said(process, log)
        finally:
            _end(process)


@dataclass(frozen=True)
class _Said:
    process: subprocess.Popen[bytes]
    log: Path

    def __call__(self, pattern: str) -> str:
        """The first group of `pattern`, as soon as the log shows it."""
        give_up = time.monotonic() + START_SECONDS
        while time.monotonic() < give_up:
            text = self.log.read_text(encoding="utf-8", errors="replace")
            if found := re.search(pattern, text):
                return found[1]
            assert self.process.poll() is None, f"{self.log.name}: ended: {text[-2000:]}"
            time.sleep(0.1)
        raise AssertionError(f"{self.log.name}: no {pattern!r} yet: {text[-2000:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask the whole group to end; whoever is left after ten seconds is ended."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=10)
