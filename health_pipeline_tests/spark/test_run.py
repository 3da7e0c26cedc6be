"""A whole `health run` with `engine: spark` in the model, its driver in the run's own process."""

from __future__ import annotations

import socket
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest
import yaml

from health_pipeline_tests.end_to_end.shell import Place, same_tables
from health_pipeline_tests.spark import cluster
from health_pipeline_tests.spark.conftest import END

pytestmark = [
    pytest.mark.spark,
    pytest.mark.skipif(bool(cluster.missing()), reason=f"NOT TESTED: {cluster.missing()}"),
]


def model_with(folder: Path, spark: dict[str, object]) -> Path:
    """The default model, but for its engine."""
    packaged = files("health_pipeline") / "model" / "sources.yaml"
    engine = yaml.safe_dump({"engine": "spark", "spark": spark})
    own = folder / "model"
    own.mkdir()
    (own / "sources.yaml").write_text(f"{packaged.read_text('utf-8')}\n{engine}", "utf-8")
    return own


def published(place: Place) -> set[tuple[str, str, int, str]]:
    """Table, partition, generation and digest of all that is visible, the lake's own tables too.

    Not of quarantine, which says when a row was refused.
    """
    return {row for row in place.manifest() if row[0] != "quarantine"}


def test_a_run_on_spark_publishes_the_same_tables(tmp_path, world, on_duckdb, running):
    spark = {"master": running.master, "settings": cluster.QUICK, "wait_seconds": 120}
    model = model_with(tmp_path, spark)
    place = Place(tmp_path / "on_spark", world)
    place.told = place.run("--model", model, "--from", date(2025, 6, 28), "--to", END)
    assert place.told.code == 0, place.told.err
    assert same_tables(place, on_duckdb) == []
    assert place.table("health_scores").height > 0
    assert published(place) == published(on_duckdb)


def test_a_run_without_its_cluster_says_so_and_publishes_no_activity(tmp_path, world):
    with socket.create_server((cluster.HOST, 0)) as server:
        nobody = f"{cluster.HOST}:{server.getsockname()[1]}"
    place = Place(tmp_path / "alone", world)
    model = model_with(tmp_path, {"remote": f"sc://{nobody}"})
    told = place.run("--model", model, "--from", END, "--to", END)
    assert told.code == 1
    assert f"sc://{nobody}: nobody answers at {nobody}" in told.err
    assert {row[0] for row in published(place)}.isdisjoint({"activity", "health_scores"})
