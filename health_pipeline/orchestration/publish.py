"""From the frames of a stage to the lake and to what Dagster shows of them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import dagster as dg
import polars as pl

from health_pipeline.adapters.store.lake import Write
from health_pipeline.core.activity.observed import OBSERVED
from health_pipeline.core.identity.population import ACCOUNT_COLUMNS
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.orchestration.contracts import contract_failures, sum_failures
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.tables import listed, sample_table
from health_pipeline.orchestration.window import Window, runs_of

CONTRACT_CHECK = "contract"
INTERNAL_DAILY: dict[str, dict[str, pl.DataType]] = {
    "population": {**ACCOUNT_COLUMNS, "date": pl.Date()},
    "usage_windows": OBSERVED,
}
"""Daily tables that are stored but promised to nobody."""

INTERNAL_STATE = ("usage_users", "usage_accounts")
"""What the next day goes on from; it follows from the other tables and can be built anew."""

VOLATILE = {"health_scores": ("scored_at",), "crm_fields": ("health_scored_at",)}


def by_day(table: str, frame: pl.DataFrame, days: Sequence[date]) -> list[Write]:
    """One write a day, days without rows included: an empty day is published too."""
    parts = of_days(frame)
    empty = frame.clear()
    volatile = VOLATILE.get(table, ())
    return [Write(table, day, parts.get(day, empty), volatile) for day in days]


def of_days(frame: pl.DataFrame) -> dict[date, pl.DataFrame]:
    """The rows of each `date` that has any; slices, not copies, where a day's rows stand together.

    Raises:
        TypeError: a row has no date.
    """
    runs = frame.select(pl.col("date").rle().alias("run")).unnest("run")
    if runs["value"].is_duplicated().any():
        return of_days(frame.sort("date", maintain_order=True))
    if runs["value"].null_count():
        raise TypeError("a row of a daily table has no date")
    starts = runs["len"].cum_sum() - runs["len"]
    days = zip(runs["value"], starts, runs["len"], strict=True)
    return {day: frame.slice(start, height) for day, start, height in days}


def published(stores: Stores, window: Window, *names: str) -> dict[str, pl.DataFrame]:
    """Tables as published: daily ones from the window's days, others whole; absent ones empty."""
    found = {}
    for name in names:
        internal = INTERNAL_DAILY.get(name)
        table = RESULT_TABLES.get(name)
        is_daily = internal is not None or (table is not None and table.daily)
        days = (window.first, window.last) if is_daily else (None, None)
        frame = stores.lake.frame(name, *days)
        empty = table.empty() if table else pl.DataFrame(schema=internal)
        found[name] = empty if frame is None else frame
    return found


def published_on(stores: Stores, table: str, days: Sequence[date]) -> pl.DataFrame:
    """Rows of a daily result table on these ascending days; the days between are not read."""
    parts = [published(stores, run, table)[table] for run in runs_of(days)]
    return pl.concat([RESULT_TABLES[table].empty(), *parts])


def version_in(frame: pl.DataFrame) -> str:
    """The model version of the last row of `frame`; empty when it has no rows."""
    return str(frame["model_version"][-1]) if frame.height else ""


def failures_of(shaped: Mapping[str, pl.DataFrame]) -> dict[str, list[str]]:
    """What each result table of a step breaks of its contract, in words."""
    failures = {
        name: contract_failures(RESULT_TABLES[name], frame)
        for name, frame in shaped.items()
        if name in RESULT_TABLES
    }
    if "contributions" in shaped:
        failures["contributions"] += sum_failures(shaped["health_scores"], shaped["contributions"])
    return failures


def publish(
    context: dg.AssetExecutionContext,
    stores: Stores,
    frames: Mapping[str, pl.DataFrame],
    metadata: Mapping[str, Mapping[str, Any]] | None = None,
) -> Iterator[dg.MaterializeResult[Any]]:
    """Check whole tables against their contracts and publish all of them at once.

    A table that breaks its contract is not published, and its blocking check stops what follows.
    Tables of days are published by `chunks.Walk`.
    """
    shaped = {name: RESULT_TABLES[name].conform(frame) for name, frame in frames.items()}
    failures = failures_of(shaped)
    if not any(failures.values()):
        writes = [Write(name, None, frame) for name, frame in shaped.items()]
        stores.lake.publish(writes, run_id=context.run.run_id, at=House.now())
    for name, frame in shaped.items():
        yield dg.MaterializeResult(
            asset_key=name,
            metadata=described(frame, (metadata or {}).get(name, {})),
            check_results=[contract_check(name, failures[name])],
        )


def described(frame: pl.DataFrame, figures: Mapping[str, Any]) -> dict[str, Any]:
    """Rows, figures and a sample, the sample last."""
    return {"dagster/row_count": frame.height, **figures, "sample": sample_table(frame)}


def contract_check(name: str, failures: Sequence[str]) -> dg.AssetCheckResult:
    """The result of the blocking contract check, with the first failures in words."""
    return dg.AssetCheckResult(
        check_name=CONTRACT_CHECK,
        asset_key=name,
        passed=not failures,
        metadata={"failures": listed(failures[:20], "none")},
    )
