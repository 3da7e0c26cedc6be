"""A model of likeness trained on a cluster says what the one trained in DuckDB says."""

from __future__ import annotations

import polars as pl
import pytest

from health_pipeline.adapters.engines.params import SparkConfig
from health_pipeline.adapters.likeness.splink import trained_probabilities
from health_pipeline_tests.core.identity.likeness.companies import companies, values
from health_pipeline_tests.spark import cluster

pytestmark = [
    pytest.mark.spark,
    pytest.mark.skipif(bool(cluster.missing()), reason=f"NOT TESTED: {cluster.missing()}"),
]


@pytest.mark.parametrize("how", ["remote", "master"])
def test_the_same_pairs_as_in_duckdb(how, request):
    pytest.importorskip("splink", reason="NOT TESTED: the splink extra is not installed")
    few = {"spark.sql.shuffle.partitions": 2, "spark.default.parallelism": 2}
    place = request.getfixturevalue("remote") if how == "remote" else "local[2]"
    config = SparkConfig(**{how: place}, settings=few, wait_seconds=300)
    records = companies(400, seed=3)
    twins = (
        records.group_by("truth").agg(pl.col("rec").sort()).filter(pl.col("rec").list.len() == 2)
    )
    pairs = twins.sort("truth").select(left=pl.col("rec").list[0], right=pl.col("rec").list[1])
    here = trained_probabilities(values(records), pairs)
    there = trained_probabilities(values(records), pairs, config)
    assert there.height == here.height > 100
    both = here.join(there, on=("left", "right"), suffix="_spark")
    assert both.height == here.height
    # u comes from random pairs, of which the engines draw different ones.
    assert (both["trained"] - both["trained_spark"]).abs().quantile(0.9) < 0.1
