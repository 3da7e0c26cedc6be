"""The portfolio by tier, segment and ARR, with its trend."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import polars as pl

from health_pipeline.core.report.read import AT_RISK, MONTH, TIERS, WEEK, Read
from health_pipeline.core.schemas.words import floored

UNKNOWN = "unknown"


def portfolio(read: Read, acv_bands: Sequence[str]) -> dict[str, Any]:
    """`tiers`, `segments`, `bands` (lists of rows) and `trend` (columns by day).

    ARR is null where no account of the row tells any.
    """
    bands = read.scores.join(read.segments.select("account_id", "acv_band"), "account_id", "left")
    return {
        "tiers": tiers(read),
        "segments": _parts(bands, "segment", ()),
        "bands": _parts(bands, "acv_band", acv_bands),
        "trend": trend(read.history),
    }


def tiers(read: Read) -> list[dict[str, Any]]:
    """Each tier with accounts, share, arr, and accounts a week and a month before.

    Null where no such day is scored.
    """
    counted = read.history.group_by("date", "tier").agg(pl.len().alias("accounts"), known_sum())
    found = {(day, tier): (n, arr) for day, tier, n, arr in counted.iter_rows()}
    days = set(counted["date"])
    total = read.scores.height

    def on(day: date | None, tier: str) -> tuple[int, float | None]:
        return found.get((day, tier), (0, 0.0)) if day else (0, None)

    rows = []
    for tier in TIERS:
        accounts, arr = on(read.day, tier)
        row: dict[str, Any] = {"tier": tier, "accounts": accounts, "arr": arr}
        row["share"] = accounts / total if total else 0.0
        for name, back in (("week", WEEK), ("month", MONTH)):
            then = read.day - timedelta(days=back) if read.day else None
            row[f"accounts_{name}_ago"] = on(then, tier)[0] if then in days else None
        rows.append(row)
    return rows


def known_sum() -> pl.Expr:
    """ARR in all; null where none is known: what nobody tells is not nothing."""
    return pl.when(pl.col("arr").count() > 0).then(pl.col("arr").sum()).alias("arr")


def _parts(scores: pl.DataFrame, by: str, order: Sequence[str]) -> list[dict[str, Any]]:
    """One row a value of `by`: accounts of each tier, ARR, ARR at risk, mean score."""
    risky = pl.col("tier").is_in(AT_RISK)
    frame = scores.group_by(pl.col(by).fill_null(UNKNOWN).alias("name")).agg(
        pl.len().alias("accounts"),
        *((pl.col("tier") == tier).sum().alias(tier) for tier in TIERS),
        known_sum(),
        pl.when(pl.col("arr").count() > 0)
        .then(pl.col("arr").filter(pl.col("tier") == "red").sum())
        .alias("arr_red"),
        pl.when(pl.col("arr").count() > 0)
        .then(pl.col("arr").filter(risky).sum())
        .alias("arr_at_risk"),
        floored(pl.col("score").mean()).alias("score"),
    )
    place = {name: n for n, name in enumerate(order)} | {UNKNOWN: len(order) + 1}
    ranked = pl.col("name").replace_strict(place, default=len(order), return_dtype=pl.Int64)
    return frame.sort(ranked, "name").to_dicts()


def trend(history: pl.DataFrame) -> dict[str, list[Any]]:
    """Columns by day, ascending: `date`, accounts of each tier, `arr_` of each tier."""
    arr = pl.col("arr").fill_null(0.0)
    frame = (
        history.group_by("date")
        .agg(
            *((pl.col("tier") == tier).sum().alias(tier) for tier in TIERS),
            *(arr.filter(pl.col("tier") == tier).sum().alias(f"arr_{tier}") for tier in TIERS),
        )
        .sort("date")
        .with_columns(pl.col("date").cast(pl.String))
    )
    return frame.to_dict(as_series=False)
