"""Which signals speak for an account, with which weight, and how fresh they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from health_pipeline.core.schemas.account_days import KEY, SignalRows, looked_up, signal_rows
from health_pipeline.core.schemas.freshness import OBSERVED_FROM, freshness
from health_pipeline.core.schemas.spec import SignalSpec

_SPEC: dict[str, pl.DataType] = {
    "signal": pl.String(),
    "group": pl.String(),
    "w": pl.Float64(),
    "ttl": pl.Float64(),
    "half_life": pl.Float64(),
}


@dataclass(frozen=True, slots=True)
class Observed:
    """What `observe` finds.

    Attributes:
        rows: the signals in order.
        frame: for each of `rows`: `account_id`, `date`, `signal`, `group`, `status`, `subscore`
            and `reference` (null where there is none), `w_observed` (weight if it speaks, else 0),
            `w_fresh` (that weight × f), `w_applicable` (0 if not applicable).
    """

    rows: SignalRows
    frame: pl.DataFrame


def observe(
    signals: pl.DataFrame | SignalRows,
    segments: pl.DataFrame,
    baseline: pl.DataFrame,
    specs: Sequence[SignalSpec],
) -> Observed:
    """Each signal beside its weight, reference and freshness.

    A signal speaks while it is measured and f ≥ .5; a measured one that is older has the status
    `stale`. Rows are sorted by account, date and signal, so that sums do not depend on their order.

    Raises:
        ValueError: a signal has no spec, or the baseline two rows for a segment and signal.
    """
    rows = signal_rows(signals)
    _refuse(rows.names, baseline, specs)
    known = pl.DataFrame(
        [(s.name, s.group, s.weight, s.ttl_days, s.half_life_days) for s in specs],
        schema=_SPEC,
        orient="row",
    )
    normal = baseline.select("segment", "signal", "reference")
    fresh = freshness(pl.col("freshness_hours") / 24.0, pl.col("ttl"), pl.col("half_life"))
    frame = (
        rows.frame.select(*KEY, "signal", "status", "subscore", "freshness_hours")
        .hstack(looked_up(rows, segments, known, normal))
        .with_columns(fresh.alias("f"), (pl.col("status") == "measured").alias("is_measured"))
        .with_columns(
            (pl.col("is_measured") & (pl.col("f") >= OBSERVED_FROM))
            .fill_null(False)  # of unknown age
            .alias("speaks")
        )
        .select(
            *(*KEY, "signal", "group", "reference"),
            _status().alias("status"),
            pl.when("speaks").then("subscore").alias("subscore"),
            pl.when("speaks").then("w").otherwise(0.0).alias("w_observed"),
            pl.when("speaks").then(pl.col("w") * pl.col("f")).otherwise(0.0).alias("w_fresh"),
            pl.when(pl.col("status") == "not_applicable")
            .then(0.0)
            .otherwise("w")
            .alias("w_applicable"),
        )
    )
    return Observed(rows, frame)


def _status() -> pl.Expr:
    aged = pl.col("is_measured") & ~pl.col("speaks")
    return pl.when(aged).then(pl.lit("stale")).otherwise(pl.col("status"))


def _refuse(signals: Sequence[str], baseline: pl.DataFrame, specs: Sequence[SignalSpec]) -> None:
    unknown = set(signals) - {spec.name for spec in specs}
    if unknown:
        raise ValueError(
            f"score: no spec for {', '.join(sorted(unknown))}; score with the model that "
            "computed the signals"
        )
    twice = baseline.filter(baseline.select("segment", "signal").is_duplicated())
    if not twice.is_empty():
        raise ValueError(
            f"score: the baseline has several rows for segment {twice['segment'][0]!r}, signal "
            f"{twice['signal'][0]!r}; pass the rows of one model version"
        )
