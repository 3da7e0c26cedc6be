"""Rules of the engine in sources.yaml: a Spark has one address, of a form that Spark knows."""

from __future__ import annotations

from collections.abc import Iterator

from health_pipeline.config.draft import Draft
from health_pipeline.config.issue import Issue

_ADDRESSES = ("remote", "remote_env", "master")
_MASTERS = ("spark://", "k8s://", "local", "yarn")


def spark_addresses(draft: Draft) -> Iterator[Issue]:
    """`engine: spark` has exactly one address, and it can be one."""
    spark, allowed = draft.sources.spark, f"one of {', '.join(_ADDRESSES)}"
    given = [key for key in _ADDRESSES if getattr(spark, key) is not None]
    if len(given) > 1:
        yield draft.issue("sources", ("spark",), f"has {' and '.join(given)}", allowed)
    elif not given and draft.sources.engine == "spark":
        yield draft.issue("sources", ("engine",), "spark has no address", allowed)
    if spark.remote is not None and not spark.remote.startswith("sc://"):
        words, right = "not the address of a Spark Connect server", "such as sc://host:15002"
        yield draft.issue("sources", ("spark", "remote"), words, right)
    if spark.remote_env is not None and not spark.remote_env.isidentifier():
        words, right = "not the name of an environment variable", "such as SPARK_REMOTE"
        yield draft.issue("sources", ("spark", "remote_env"), words, right)
    if spark.master is not None and not spark.master.startswith(_MASTERS):
        words, right = "not a master", "such as spark://host:7077, yarn or local[2]"
        yield draft.issue("sources", ("spark", "master"), words, right)
