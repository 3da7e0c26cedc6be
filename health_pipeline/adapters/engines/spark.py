"""The roll-up on Spark: executes the SQL of `core/activity`, nothing else.

The files must lie where all workers can read them. Functions of `steps.FUNCTIONS` are SQL functions
of the session, so that no Python runs on a worker.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from health_pipeline.adapters.engines import steps
from health_pipeline.adapters.engines.params import SparkConfig
from health_pipeline.adapters.engines.spark_session import SparkError, brief, session
from health_pipeline.core.activity.params import ActivityRules
from health_pipeline.core.schemas.columns import TIMESTAMP

_TYPES: dict[pl.DataType, str] = {
    pl.String(): "string",
    pl.Boolean(): "boolean",
    pl.Int64(): "bigint",
    pl.Float64(): "double",
    pl.Date(): "date",
    TIMESTAMP: "timestamp",
}

ID = "xxhash64(source, event_id) AS id"
"""As `steps.EVENT_COLUMNS` says."""

_FUNCTIONS = {
    "utc_day(moment timestamp) returns date": "cast(moment as date)",  # the session's zone is UTC
    "sha256_of(text string) returns string": "sha2(text, 256)",
}


def roll_up(  # noqa: PLR0913 - those of DuckDB's, and where Spark is
    files: Sequence[Path],
    *,
    user_links: pl.DataFrame,
    account_xref: pl.DataFrame,
    rules: ActivityRules,
    known_from: date,
    known_to: date,
    claimed_days: Sequence[date] | None = None,
    config: SparkConfig,
    root: Path,
) -> steps.RollUp:
    """What DuckDB's `roll_up` gives, row for row, computed by the Spark of `config`.

    `root` is the lake, below which the files lie; its workers see it as `config.lake`.

    Raises:
        RollUpError: a required column is in none of the files.
        SparkError: Spark cannot be used, or refused a step.
    """
    if not files:
        return steps.nothing()
    small = steps.inputs(user_links, account_xref, rules, claimed_days)
    with session(config) as spark:
        return rolled_up(spark, seen(files, root, config), small, rules, known_from, known_to)


def seen(files: Sequence[Path], root: Path, config: SparkConfig) -> list[str]:
    """The files as addresses that a worker can open."""
    lake = config.lake or f"file://{root.absolute()}"
    return [f"{lake.rstrip('/')}/{file.relative_to(root).as_posix()}" for file in files]


def rolled_up(
    spark: Any,
    files: Sequence[Path | str],
    small: dict[str, pl.DataFrame],
    rules: ActivityRules,
    known_from: date,
    known_to: date,
) -> steps.RollUp:
    """The same in an open session; `small` is what `steps.inputs` gives.

    Raises:
        RollUpError: a required column is in none of the files.
        SparkError: Spark refused a step.
    """
    texts = {
        step: steps.sql(step, rules, known_from, known_to)
        for step in (*steps.VIEWS, *steps.TABLES, *steps.RESULTS)
    }
    with _told("the landed events"):
        _define(spark, _FUNCTIONS)
        _events(spark, files).createOrReplaceTempView("raw_events")
        for name, frame in small.items():
            _handed_over(spark, frame).createOrReplaceTempView(name)
    for step in (*steps.VIEWS, *steps.TABLES):
        with _told(step):
            given = spark.sql(texts[step])
            # Cut from its plan: with `persist` a warm roll-up cost five times as much.
            table = given.localCheckpoint() if step in steps.TABLES else given
            table.createOrReplaceTempView(step)
    return steps.rolled_up({step: _read(spark, step, texts[step]) for step in steps.RESULTS})


def _define(spark: Any, functions: dict[str, str]) -> None:
    for head, body in functions.items():
        spark.sql(f"CREATE OR REPLACE TEMPORARY FUNCTION {head} RETURN {body}").collect()


def _events(spark: Any, files: Sequence[Path | str]) -> Any:
    """The landed rows of `files`, in the shape that the steps read.

    Raises:
        RollUpError: as `steps.shaped`.
    """
    landed = spark.read.option("mergeSchema", "true").parquet(*map(str, files))
    return landed.selectExpr(*steps.shaped(landed.columns, files, _TYPES), ID)


def _handed_over(spark: Any, frame: pl.DataFrame) -> Any:
    """A small table, sent as Arrow; the schema is told, so that an empty one has it too."""
    schema = ", ".join(f"{name} {_TYPES[dtype]}" for name, dtype in frame.schema.items())
    return spark.createDataFrame(frame.to_arrow(compat_level=pl.CompatLevel.oldest()), schema)


def _read(spark: Any, step: str, text: str) -> pl.DataFrame:
    with _told(step):
        frame = pl.from_arrow(spark.sql(text).toArrow())
        assert isinstance(frame, pl.DataFrame)  # noqa: S101 - of a table, never of one column
        return frame


@contextmanager
def _told(step: str) -> Iterator[None]:
    """Errors of Spark with the step in which they came up.

    Raises:
        SparkError: for any of them.
    """
    from pyspark.errors import PySparkException

    try:
        yield
    except PySparkException as error:
        raise SparkError(f"{step}: {brief(error)}") from None  # its cause is a stack of the JVM
