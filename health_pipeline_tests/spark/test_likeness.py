"""A model of likeness is trained on a cluster as well, and compares the pairs that DuckDB does."""

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
    assert there["trained"].is_between(0, 1).all()
    assert there.height > 100
    keys = ["left", "right"]
    assert there.select(keys).equals(here.select(keys))
    known = pl.col("left").is_in(pairs["left"].implode()) & pl.col("right").is_in(
        pairs["right"].implode()
    )
    told = dict(there.group_by(known.alias("known")).agg(pl.col("trained").mean()).iter_rows())
    assert told[True] > told.get(False, 0.0) + 0.2
