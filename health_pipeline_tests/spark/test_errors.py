"""Where Spark cannot be used, the run ends soon and says what was tried."""

from __future__ import annotations

import socket
import time

import pytest

from health_pipeline.adapters.engines.params import SparkConfig
from health_pipeline.adapters.engines.spark_session import SparkError, session
from health_pipeline_tests.spark import cluster

pytestmark = [
    pytest.mark.spark,
    pytest.mark.skipif(bool(cluster.missing()), reason=f"NOT TESTED: {cluster.missing()}"),
]
LONGEST = 60


@pytest.fixture
def silent():
    """A port on which somebody listens and never says a word."""
    with socket.create_server((cluster.HOST, 0)) as server:
        yield f"{cluster.HOST}:{server.getsockname()[1]}"


@pytest.fixture
def nobody():
    """A port on which nobody listens."""
    with socket.create_server((cluster.HOST, 0)) as server:
        return f"{cluster.HOST}:{server.getsockname()[1]}"


def refused(config: SparkConfig) -> str:
    """What an attempt to use `config` says, which it has to say soon."""
    start = time.monotonic()
    with pytest.raises(SparkError) as raised, session(config):
        pass
    assert time.monotonic() - start < LONGEST
    return str(raised.value)


@pytest.mark.parametrize(
    ("why", "config", "words"),
    [
        ("remote", {"remote": "sc://{}"}, "sc://{0}: nobody answers at {0} ("),
        ("master", {"master": "spark://{}"}, "spark://{0}: nobody answers at {0} ("),
        (
            "two masters",
            {"master": "spark://{0},{0}"},
            "spark://{0},{0}: nobody answers at {0} ([Errno 111] Connection refused), {0} (",
        ),
        ("no such host", {"remote": "sc://spark.invalid:1"}, "nobody answers at spark.invalid:1 ("),
    ],
)
def test_nobody_listens(nobody, why, config, words):
    told = refused(SparkConfig(**{key: text.format(nobody) for key, text in config.items()}))
    assert words.format(nobody) in told, why


def test_somebody_listens_who_is_not_spark(silent):
    told = refused(SparkConfig(remote=f"sc://{silent}", wait_seconds=3))
    assert told.startswith(f"sc://{silent}: no answer within 3 s: ")


def test_a_token_is_never_told(monkeypatch, nobody):
    monkeypatch.setenv("OUR_SPARK", f"sc://{nobody}/;use_ssl=true;token=dapi-abcdef")
    told = refused(SparkConfig(remote_env="OUR_SPARK"))
    assert told.startswith(f"sc://{nobody}: nobody answers")
    assert "dapi" not in told


@pytest.mark.parametrize(
    ("why", "value", "words"),
    [
        ("not set", None, "OUR_SPARK is not set"),
        ("another thing", "spark://host:7077", "OUR_SPARK does not begin with sc://"),
    ],
)
def test_the_variable_holds_no_address(monkeypatch, why, value, words):
    monkeypatch.delenv("OUR_SPARK", raising=False)
    if value is not None:
        monkeypatch.setenv("OUR_SPARK", value)
    assert words in refused(SparkConfig(remote_env="OUR_SPARK")), why


def test_without_pyspark(monkeypatch, nobody):
    monkeypatch.setitem(__import__("sys").modules, "pyspark.sql", None)
    assert "pip install 'health-pipeline[spark]'" in refused(SparkConfig(master="local"))


def test_without_java(monkeypatch, tmp_path):
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert f"needs Java 17 here, none in JAVA_HOME={tmp_path}" in refused(
        SparkConfig(master="local")
    )
    monkeypatch.delenv("JAVA_HOME")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "needs Java 17 here, none in PATH" in refused(SparkConfig(master="local"))


def test_a_cluster_without_workers(tmp_path):
    with cluster.cluster(tmp_path / "cluster", workers=0) as idle:
        told = refused(SparkConfig(master=idle.master, settings=cluster.QUICK, wait_seconds=20))
    assert "no answer within 20 s: has it a Spark of this version, and a worker that is" in told
