"""How far the figures can be trusted: what was refused, is silent, unclaimed or not covered."""

from __future__ import annotations

from typing import Any

import polars as pl

from health_pipeline.core.report.read import AT_RISK, Read


def quality(read: Read) -> dict[str, Any]:
    """Rows for people: `quarantine`, `unresolved`, `outages`, `coverage`, `plans`, `unowned`."""
    return {
        "quarantine": _counted(read.quarantine, "table", "rule"),
        "unresolved": _counted(read.unresolved, "table", "why", pl.col("rows").sum()),
        "outages": read.outages.sort("source", "table")
        .with_columns(pl.col("date", "since").cast(pl.String))
        .to_dicts(),
        "coverage": _coverage(read.scores),
        "plans": read.coverage.to_dicts(),
        "unowned": unowned(read),
    }


def _counted(
    frame: pl.DataFrame, table: str, why: str, count: pl.Expr | None = None
) -> list[dict[str, Any]]:
    """Rows and reasons by table: `table`, `rows`, `why` (the most frequent first, with counts)."""
    rows = (pl.len() if count is None else count).alias("rows")
    by_reason = frame.group_by(table, why).agg(rows)
    said = [f"{reason} ({n:,})" for reason, n in by_reason.select(why, "rows").iter_rows()]
    return (
        by_reason.with_columns(pl.Series("said", said, pl.String))
        .sort(table, "rows", why, descending=[False, True, False])
        .group_by(table, maintain_order=True)
        .agg(pl.col("rows").sum(), pl.col("said").str.join(", ").alias("why"))
        .rename({table: "table"})
        .to_dicts()
    )


def _coverage(scores: pl.DataFrame) -> dict[str, Any]:
    """How much of the score's weight was measured: mean; accounts below 80 %, and without score."""
    return {
        "accounts": scores.height,
        "mean": scores["coverage"].mean(),
        "thin": scores.filter(pl.col("score").is_not_null() & (pl.col("coverage") < 0.8)).height,
        "unscored": scores.filter(pl.col("score").is_null()).height,
    }


def unowned(read: Read) -> dict[str, Any]:
    """Accounts at risk that nobody owns, or whose owner left: how many, and their known ARR."""
    left = pl.col("owner_email").is_in(list(read.gone))
    owned = read.accounts.filter(pl.col("owner_email").is_not_null() & ~left)
    alone = read.scores.filter(pl.col("tier").is_in(AT_RISK)).join(owned, "account_id", "anti")
    return {"accounts": alone.height, "arr": alone["arr"].sum() if alone["arr"].count() else None}
