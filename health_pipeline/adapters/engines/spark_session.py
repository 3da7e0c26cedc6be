"""One Spark session for one piece of work: opened within a time limit, closed in any case."""

from __future__ import annotations

import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

from health_pipeline.adapters.engines.params import SparkConfig

APP = "health-pipeline"
PORTS = {"sc": 15002, "spark": 7077}
PROBE_SECONDS = 5.0

DIALECT = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.ansi.doubleQuotedIdentifiers": "true",
    "spark.sql.mapKeyDedupPolicy": "EXCEPTION",
}
"""What makes our SQL mean on Spark what it means on DuckDB; no setting of a model undoes it."""


class SparkError(Exception):
    """Spark cannot be used; the message says what was tried and what would help."""


@contextmanager
def session(config: SparkConfig) -> Iterator[Any]:
    """A session whose cluster has answered.

    Raises:
        SparkError: pyspark or Java is not installed, nobody listens at the address, or the cluster
            did not run a first small question within `config.wait_seconds`.
    """
    address = _address(config)
    build = _builder(config, address)
    _reachable(address)
    if address.startswith("sc://"):
        _greeted(address, config.wait_seconds)
    opened: list[Any] = []
    given_up = threading.Event()
    try:
        yield _within(config.wait_seconds, lambda: _answering(build, opened, given_up), address)
    finally:
        given_up.set()
        for spark in opened:
            with suppress(Exception):  # whatever went wrong has been told already
                spark.stop()


def _address(config: SparkConfig) -> str:
    if config.remote_env is not None:
        told = os.environ.get(config.remote_env, "")
        if not told.startswith("sc://"):
            words = "is not set" if not told else "does not begin with sc://"
            raise SparkError(f"the environment variable {config.remote_env} {words}")
        return told
    address = config.remote or config.master
    if address is None:
        raise SparkError("no address: sources.yaml says spark.remote or spark.master")
    return address


def _builder(config: SparkConfig, address: str) -> Callable[[], Any]:
    """What opens the session: everything that can be missing on this machine is looked for here."""
    try:
        if address.startswith("sc://"):
            from pyspark.sql.connect.session import SparkSession as Remote

            # Not through `pyspark.sql`, which would forbid `master` to this process for ever.
            return lambda: Remote.builder.remote(address).config(map=_settings(config)).create()
        from pyspark.sql import SparkSession
    except ImportError as error:
        words = "engine: spark needs pyspark: pip install 'health-pipeline[spark]'"
        raise SparkError(f"{words} ({error})") from None
    home = os.environ.get("JAVA_HOME")
    if not shutil.which("java", path=f"{home}/bin" if home else None):
        looked = f"JAVA_HOME={home}" if home else "PATH"
        raise SparkError(f"spark.master needs Java 17 here, none in {looked}; or use spark.remote")
    return lambda: SparkSession.builder.master(address).config(map=_settings(config)).getOrCreate()


def _settings(config: SparkConfig) -> dict[str, str]:
    plain = {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in config.settings.items()
    }
    if config.master is None:
        return plain | DIALECT
    ours = {"spark.app.name": APP, "spark.ui.showConsoleProgress": "false"}
    return ours | plain | DIALECT


def _reachable(address: str) -> None:
    """Somebody listens; else Spark itself would try for many minutes.

    Raises:
        SparkError: nobody does.
    """
    scheme, _, places = address.partition("://")
    if scheme not in PORTS:
        return  # yarn, Kubernetes and local know their own place
    refused = []
    for place in places.split("/")[0].split(","):
        parts = urlsplit(f"//{place}")
        host, port = parts.hostname or "", parts.port or PORTS[scheme]
        try:
            socket.create_connection((host, port), timeout=PROBE_SECONDS).close()
        except OSError as error:
            refused.append(f"{host}:{port} ({error})")
        else:
            return
    raise SparkError(f"{_shown(address)}: nobody answers at {', '.join(refused)}")


def _greeted(address: str, seconds: float) -> None:
    """The other side speaks gRPC; pyspark itself would ask it again for many minutes.

    Raises:
        SparkError: it does not.
    """
    import grpc
    from pyspark.sql.connect.client import DefaultChannelBuilder

    with DefaultChannelBuilder(address).toChannel() as channel:
        try:
            grpc.channel_ready_future(channel).result(timeout=seconds)
        except grpc.FutureTimeoutError:
            words = "is it a Spark Connect server, and does use_ssl fit?"
            raise SparkError(
                f"{_shown(address)}: no answer within {seconds:g} s: {words}"
            ) from None


def _answering(build: Callable[[], Any], opened: list[Any], given_up: threading.Event) -> Any:
    spark = build()
    opened.append(spark)
    if given_up.is_set():  # too late: nobody else would close it
        spark.stop()
    spark.range(1).count()  # needs a worker, not only a master
    return spark


def _within(seconds: float, work: Callable[[], Any], address: str) -> Any:
    """What `work` gives, if it gives it in time.

    Raises:
        SparkError: it failed, or has not ended yet.
    """
    given: list[Any] = []
    failed: list[Exception] = []

    def run() -> None:
        try:
            given.append(work())
        except Exception as error:  # noqa: BLE001 - told by the caller's thread
            failed.append(error)

    thread = threading.Thread(target=run, name="spark", daemon=True)
    thread.start()
    thread.join(seconds)
    if failed:
        raise SparkError(f"{_shown(address)}: {brief(failed[0])}") from None
    if not given:
        words = "has it a Spark of this version, and a worker that is free?"
        raise SparkError(f"{_shown(address)}: no answer within {seconds:g} s: {words}")
    return given[0]


def _shown(address: str) -> str:
    """An address without the parameters that may hold a token."""
    return address.partition(";")[0].rstrip("/")


def brief(error: Exception) -> str:
    """The first lines of what Spark says, without the stack of its JVM."""
    text = str(error).partition("JVM stacktrace")[0].partition("\n\tat ")[0].strip()
    return f"{type(error).__name__}: {text[:600]}"
