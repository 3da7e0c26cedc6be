"""From the frames of a stage to the lake and to what Dagster shows of them."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import dagster as dg
import polars as pl

from health_pipeline.adapters.store.lake import Write
from health_pipeline.core.identity.population import ACCOUNT_COLUMNS
from health_pipeline.core.schemas.frames import SIGNAL_VALUES
from health_pipeline.core.schemas.results import RESULT_TABLES
from health_pipeline.orchestration.contracts import contract_failures, sum_failures
from health_pipeline.orchestration.house import House, Stores
from health_pipeline.orchestration.tables import sample_table
from health_pipeline.orchestration.window import Window, run_window

CONTRACT_CHECK = "contract"
INTERNAL_DAILY: dict[str, dict[str, pl.DataType]] = {
    "population": {**ACCOUNT_COLUMNS, "date": pl.Date()},
    "signal_values": SIGNAL_VALUES,
}
"""Daily tables that are stored but promised to nobody."""

VOLATILE = {"health_scores": ("scored_at",), "crm_fields": ("health_scored_at",)}


def by_day(table: str, frame: pl.DataFrame, days: Sequence[date]) -> list[Write]:
    """One write a day, days without rows included: an empty day is published too."""
    parts = {
        key[0]: part
        for key, part in frame.partition_by("date", as_dict=True, maintain_order=True).items()
    }
    empty = frame.clear()
    volatile = VOLATILE.get(table, ())
    return [Write(table, day, parts.get(day, empty), volatile) for day in days]


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


def version_in(frame: pl.DataFrame) -> str:
    """The model version of the last row of `frame`; empty when it has no rows."""
    return str(frame["model_version"][-1]) if frame.height else ""


def publish(
    context: dg.AssetExecutionContext,
    stores: Stores,
    frames: Mapping[str, pl.DataFrame],
    days: Sequence[date],
    metadata: Mapping[str, Mapping[str, Any]] | None = None,
) -> Iterator[dg.MaterializeResult[Any]]:
    """Check every result table against its contract and publish all of them at once.

    A table that breaks its contract is not published, and its blocking check stops what follows.
    """
    shaped = {name: RESULT_TABLES[name].conform(frame) for name, frame in frames.items()}
    failures = {name: contract_failures(RESULT_TABLES[name], f) for name, f in shaped.items()}
    if "contributions" in shaped:
        failures["contributions"] += sum_failures(shaped["health_scores"], shaped["contributions"])
    if not any(failures.values()):
        writes = [
            write
            for name, frame in shaped.items()
            for write in (
                by_day(name, frame, _touched(context, stores, name, frame, days))
                if RESULT_TABLES[name].daily
                else [Write(name, None, frame)]
            )
        ]
        stores.lake.publish(writes, run_id=context.run.run_id, at=House.now())
    for name, frame in shaped.items():
        shown = _last_day(frame, days) if RESULT_TABLES[name].daily else frame
        yield dg.MaterializeResult(
            asset_key=name,
            metadata=_described(shown, (metadata or {}).get(name, {})),
            check_results=[contract_check(name, failures[name])],
        )


def _touched(
    context: dg.AssetExecutionContext,
    stores: Stores,
    name: str,
    frame: pl.DataFrame,
    days: Sequence[date],
) -> list[date]:
    """Of `days` those that were asked for, have rows, or are published already.

    A run for an old day goes on through the last published one; days between that were never
    scored stay so, and are not published as days without accounts.
    """
    known = {*run_window(context).days, *stores.lake.days(name), *frame["date"].unique()}
    return [day for day in days if day in known]


def _last_day(frame: pl.DataFrame, days: Sequence[date]) -> pl.DataFrame:
    """A run over many days describes its last one: Dagster shows it beside every one of them."""
    return frame.filter(pl.col("date") == days[-1])


def _described(frame: pl.DataFrame, figures: Mapping[str, Any]) -> dict[str, Any]:
    return {"dagster/row_count": frame.height, **figures, "sample": sample_table(frame)}


def contract_check(name: str, failures: Sequence[str]) -> dg.AssetCheckResult:
    """The result of the blocking contract check, with the first failures in words."""
    return dg.AssetCheckResult(
        check_name=CONTRACT_CHECK,
        asset_key=name,
        passed=not failures,
        metadata={
            "failures": dg.MetadataValue.md("\n".join(f"- {f}" for f in failures[:20]) or "none")
        },
    )


def publish_internal(
    context: dg.AssetExecutionContext,
    stores: Stores,
    name: str,
    frame: pl.DataFrame,
    days: Sequence[date],
    metadata: Mapping[str, Any],
) -> dg.MaterializeResult[Any]:
    """Publish a daily table that is promised to nobody."""
    shaped = frame.select(pl.col(c).cast(t) for c, t in INTERNAL_DAILY[name].items())
    stores.lake.publish(by_day(name, shaped, days), run_id=context.run.run_id, at=House.now())
    return dg.MaterializeResult(metadata=_described(_last_day(shaped, days), metadata))
